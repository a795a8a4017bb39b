"""Which values are shown as tables, and how."""

from __future__ import annotations

from typing import Any

import pytest

from wasinet.render.table import table_text
from wasinet.render.values import value_table
from wasinet.wave.human import HumanPrinter
from wasinet.wit.types import U8, U16, Alias, Enum, List, Option, Record, Result, Tuple, Type
from wasinet.wit.values import Err, Ok, Some

_CODE = Enum("code", ("bad",))
_PAIR = Record("pair", (("data", List(U8)), ("port", Option(U16))))
_ONE = {"data": b"abc", "port": Some(5)}
_TWO = {"data": b"\xff", "port": None}


@pytest.mark.parametrize(
    ("value", "type_", "rows"),
    [
        (_ONE, _PAIR, ["field  value", 'data   "abc"', "port   some(5)"]),
        (Ok(_ONE), Result(_PAIR, _CODE), ["field  value", 'data   "abc"', "port   some(5)"]),
        (_ONE, Alias("other", _PAIR), ["field  value", 'data   "abc"', "port   some(5)"]),
        (
            Ok([_ONE, _TWO]),
            Result(List(_PAIR), _CODE),
            ["   data       port", '0  "abc"      some(5)', '1  b64"/w=="  none'],
        ),
        ([(1, 2), (3, 4)], List(Tuple((U8, U16))), ["   u8  u16", "0  1   2", "1  3   4"]),
        (Err("bad"), Result(_PAIR, _CODE), None),
        (Ok(), Result(None, _CODE), None),
        (None, None, None),
        ([], List(_PAIR), None),
        (b"abc", List(U8), None),
        ([1, 2], List(U16), None),
        ((1, 2), Tuple((U8, U16)), None),
        (5, U16, None),
    ],
)
def test_value_table(value: Any, type_: Type | None, rows: list[str] | None) -> None:
    table = value_table(value, type_, HumanPrinter())
    if rows is None:
        assert table is None
    else:
        assert table is not None
        text = table_text(table, drawn=False, color=False, width=80)
        assert text.splitlines() == rows
