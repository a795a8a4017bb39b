"""Tables on terminals and in pipes."""

from __future__ import annotations

import pytest

from tests.render.golden import check
from wasinet.render.table import Cell, Column, Table, table_text

_TABLE = Table(
    (Column("name", "function"), Column("count", right=True), Column("what it says", wrap=True)),
    [
        ["start-bind", "3", Cell("wrong", "error")],
        [Cell("a much longer name than that", "state"), "12345", "words " * 24 + "end"],
        ["", "", ""],
    ],
)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("drawn", [True, False], ids=["drawn", "plain"])
@pytest.mark.parametrize("color", [True, False], ids=["color", "mono"])
def test_table(width: int, drawn: bool, color: bool) -> None:
    text = table_text(_TABLE, drawn=drawn, color=color, width=width)
    assert ("\x1b[" in text) is color
    check(f"table-{'drawn' if drawn else 'plain'}-{'color' if color else 'mono'}-{width}", text)


def test_plain_rows_are_lines() -> None:
    assert len(table_text(_TABLE, drawn=False, color=False, width=20).split("\n")) == 4


def test_no_rows() -> None:
    empty = Table(_TABLE.columns, [])
    assert table_text(empty, drawn=False, color=False, width=80) == "name  count  what it says"
