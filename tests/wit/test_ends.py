"""The ends of types: what they are, and that every one is a value of its type."""

from __future__ import annotations

import pytest

from wasinet import wit
from wasinet.wave import dumps
from wasinet.wit.ends import ends
from wasinet.wit.types import BOOL, S8, STRING, U8, U32, Enum, Flags, List, Option, Own, Record, Resource, Tuple, Type
from wasinet.wit.values import Some, Value

_PAIR = Record("pair", (("a", BOOL), ("b", Option(U8))))


@pytest.mark.parametrize(
    ("type_", "found"),
    [
        (BOOL, [False, True]),
        (U8, [0, 1, 254, 255]),
        (S8, [-128, -127, 126, 127]),
        (U32, [0, 1, 2**32 - 2, 2**32 - 1]),
        (Enum("e", ("x", "y")), ["x", "y"]),
        (Flags("f", ("x", "y")), [frozenset(), {"x"}, {"y"}, {"x", "y"}]),
        (Tuple((BOOL, Enum("e", ("x", "y")))), [(False, "x"), (True, "x"), (False, "y"), (True, "y")]),
        (
            _PAIR,
            [
                {"a": a, "b": b}
                for a, b in (
                    (False, None),
                    (True, None),
                    *((False, Some(number)) for number in (0, 1, 254, 255)),
                    (True, Some(255)),
                )
            ],
        ),
        (Own(Resource("r")), []),
        (Tuple(()), [()]),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value),
)
def test_what_they_are(type_: Type, found: list[Value]) -> None:
    assert ends(type_)[: len(found)] == found


def test_what_is_given_stands_for_a_type_wherever_it_is() -> None:
    assert ends(List(Own(Resource("r"))), lambda type_: [7] if isinstance(type_, Own) else ())[:2] == [[], [7]]


@pytest.mark.parametrize("name", ["0.2", "0.2-command", "draft"])
def test_every_one_fits_its_type(name: str) -> None:
    for function in wit.load(name).functions.values():
        for _, type_ in function.inputs:
            for value in ends(type_):
                assert dumps(value, type_)
    assert max(map(len, ends(STRING))) > 65535
