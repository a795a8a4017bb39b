"""Values as JSON, by type."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wasinet.programs.events import HandleRef
from wasinet.render.jsonvalue import dump_line, event_json, outcome_json, plain_json, to_json
from wasinet.wit import load
from wasinet.wit.types import (
    BOOL,
    CHAR,
    F64,
    STRING,
    U8,
    U64,
    Alias,
    Borrow,
    Enum,
    Flags,
    List,
    Option,
    Own,
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
)
from wasinet.wit.values import OK, Case, Err, Ok, Some

SOCKET = Resource("tcp-socket")
CODE = Enum("error-code", ("would-block", "timeout"))
_TYPES = {name: type_ for interface in load().interfaces for name, type_ in interface.types.items()}
ADDRESS = _TYPES["ip-socket-address"]


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (True, BOOL, True),
        (2**64 - 1, U64, 2**64 - 1),
        (1.5, F64, 1.5),
        (float("nan"), F64, "nan"),
        (float("-inf"), F64, "-inf"),
        ("x", CHAR, "x"),
        ("grün", STRING, "grün"),
        (b"\x00\xff", List(U8), {"base64": "AP8="}),
        (memoryview(b"ab"), List(U8), {"base64": "YWI="}),
        (b"", List(Alias("byte", U8)), {"base64": ""}),
        ([1, 2], List(U64), [1, 2]),
        ((1, "a"), Tuple((U64, STRING)), [1, "a"]),
        ({"a": 1, "b": None}, Record("r", (("a", U64), ("b", Option(U64)))), {"a": 1, "b": None}),
        ("timeout", CODE, "timeout"),
        (Case("closed"), Variant("v", (("closed", None), ("failed", U64))), "closed"),
        (Case("failed", 3), Variant("v", (("closed", None), ("failed", U64))), {"failed": 3}),
        (None, Option(U64), None),
        (Some(5), Option(U64), {"some": 5}),
        (Some(None), Option(Option(U64)), {"some": None}),
        (OK, Result(None, CODE), {"ok": None}),
        (Ok(5), Result(U64, CODE), {"ok": 5}),
        (Err("timeout", "slow"), Result(U64, CODE), {"err": "timeout"}),
        (Err(), Result(), {"err": None}),
        (frozenset({"b", "a"}), Flags("f", ("a", "b", "c")), ["a", "b"]),
        (3, Own(SOCKET), {"handle": 3, "type": "tcp-socket"}),
        (3, Borrow(SOCKET), {"handle": 3, "type": "tcp-socket"}),
        (3, Alias("tcp-socket", U64, SOCKET), {"handle": 3, "type": "tcp-socket"}),
        (Case("ipv4", {"port": 80, "address": (127, 0, 0, 1)}), ADDRESS, "127.0.0.1:80"),
        (
            Case("ipv6", {"port": 1, "flow-info": 0, "address": (0xFE80, 0, 0, 0, 0, 0, 0, 1), "scope-id": 2}),
            ADDRESS,
            "[fe80::1%2]:1",
        ),
    ],
)
def test_values(value: Any, type_: Type, expected: object) -> None:
    assert to_json(value, type_) == expected
    json.dumps(to_json(value, type_), allow_nan=False)


def test_outcomes() -> None:
    assert outcome_json(Ok(5), Result(U64)) == {"ok": 5}
    assert outcome_json([0, 2], List(U64)) == {"value": [0, 2]}
    assert outcome_json(None, None) == {"value": None}


def test_events() -> None:
    line = event_json(
        "data", 0.12345678, {"handle": HandleRef(3, "tcp-socket"), "data": b"ab", "more": [b"", {"x": (1, None)}]}
    )
    assert json.loads(line) == {
        "event": "data",
        "time": 0.123457,
        "handle": {"handle": 3, "type": "tcp-socket"},
        "data": {"base64": "YWI="},
        "more": [{"base64": ""}, {"x": [1, None]}],
    }
    assert list(json.loads(line))[:2] == ["event", "time"]


def test_lines_are_valid_whatever_is_in_them() -> None:
    line = dump_line({"name": "grün \udc80 \n"})
    assert "\n" not in line
    assert "grün" in line
    # What came as a lone surrogate is no text: strict readers refuse its escape, too.
    assert json.loads(line.encode("utf-8")) == {"name": "grün \ufffd \n"}
    assert plain_json(float("inf")) == "inf"
