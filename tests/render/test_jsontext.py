"""Records as text made once for each function: the same as the long way, for any value of any type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.wave.wave_strategies import typed_values
from wasinet import wit
from wasinet.engine.records import CallRecord, Trapped
from wasinet.render.jsontext import record_json, record_text
from wasinet.render.jsonvalue import dump_line
from wasinet.wit.declare import Function
from wasinet.wit.types import F64, STRING, U8, U32, Borrow, List, Option, Own, Resource, Result, Tuple, Type
from wasinet.wit.values import Case, Err, Ok, Some, Value

_THING = Resource("thing")


def record(function: Function, arguments: tuple[Value, ...], outcome: Any, handle: int | None = None) -> CallRecord:
    return CallRecord(1.25, 0.000012345, "native", function, arguments, outcome, handle, "bound", "closed")


def same(made: CallRecord) -> None:
    assert record_text(made) == dump_line(record_json(made))


@given(typed_values())
def test_any_value(typed: tuple[Type, Value]) -> None:
    type_, value = typed
    same(record(Function("any", "take", (("value", type_),), None, ""), (value,), None))
    if not isinstance(value, Ok | Err) or isinstance(type_, Result):
        same(record(Function("any", "give", (), type_, ""), (), value))
    same(record(Function("any", "try", (), Result(type_, type_), ""), (), Ok(value)))
    same(record(Function("any", "try", (), Result(type_, type_), ""), (), Err(value, "why \udc80 ü")))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (U8, "no number"),
        (U8, True),
        (U32, 1.5),
        (F64, float("nan")),
        (STRING, '\ud800 " \\ \n ü'),
        (STRING, b"bytes"),
        (List(U8), bytearray(b"ab")),
        (List(U8), "text"),
        (List(U32), (1, 2)),
        (Tuple((U8, U8)), (1,)),
        (Option(U8), 5),
        (Option(U8), Some("x")),
        (Result(U8), 5),
        (Own(_THING), 7),
        (Borrow(_THING), "seven"),
        (wit.load("0.2").interfaces[4].types["error-code"], "no-such-code"),
        (wit.load("0.2").interfaces[4].types["ip-socket-address"], Case("ipv4", {"port": 1, "address": (1, 2, 3, 4)})),
    ],
)
def test_what_is_not_of_its_type(type_: Type, value: Value) -> None:
    same(record(Function("odd", "take", (("value", type_),), None, ""), (value,), None))


def test_receivers_traps_and_more_arguments_than_parameters() -> None:
    function = Function("things", "thing.look", (("at", U8),), Result(U8), "", resource=_THING)
    same(record(function, (7, 1), Ok(2), 7))
    same(record(function, (7, 1, 2, 3), Trapped('no "rule"', "clause"), 7))
    same(record(function, (7,), Ok(2), 7))
    other = Function("things", "thing.look", (), None, "", resource=_THING)
    same(record(other, (7,), None, 7))
    for host in ("native", "wasmtime", "native"):
        made = record(other, (7,), None, 7)
        made.host = host
        same(made)
