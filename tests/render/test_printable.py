"""Text for the terminal: what is escaped, and how wide it is."""

from __future__ import annotations

import sys

import pytest
from rich.cells import cell_len

from wasinet.programs.events import Event
from wasinet.render.events import event_line
from wasinet.render.page import Page
from wasinet.render.printable import Printable, cells, clipped, lines, padded, printed, wrapped
from wasinet.render.table import Cell, Column, Table, table_text
from wasinet.render.theme import Painter
from wasinet.render.timeline import timeline_text
from wasinet.render.trace import joined
from wasinet.render.tracefile import Call, handles_of
from wasinet.wave.errors import WaveError
from wasinet.wave.text import printable

WIDE = "日本語のとても長い名前"
ACCENTED = "e\u0301" * 9
NAMES = (WIDE, ACCENTED, "한국어", "plain", "\u1112\u1161\u11ab", "👍🏽 x", "क्षि")


def test_a_plain_text_is_escaped_and_a_printable_one_is_not() -> None:
    ours = Printable("\x1b[1mours\x1b[0m")
    assert printed(ours) is ours
    assert ours + "\x1b\n" == "\x1b[1mours\x1b[0m\\x1b\\n"
    assert "\x1b\n" + ours == "\\x1b\\n\x1b[1mours\x1b[0m"
    assert Printable("{0} {name:>4} {2}").format("\r", ours, 5, name="\n") == "\\r   \\n 5"
    assert lines(("a\nb", ours)) == "a\\nb\n\x1b[1mours\x1b[0m"
    assert isinstance(Printable("x").join(["\x1b"]), Printable)
    # Whatever else a text can do gives a plain one, which is escaped as a whole.
    assert printed(ours.upper() + "") == "\\x1b[1MOURS\\x1b[0M"


@pytest.mark.parametrize(
    "char", ["\x1b", "\x9b", "\x7f", "\u202e", "\u2066", "\u200b", "\u2028", "\ud800", "\ufeff", "\ue000"]
)
def test_what_is_escaped(char: str) -> None:
    assert printable(f"a{char}b") == f"a{char.encode('unicode_escape').decode()}b"


def test_widths_are_those_of_rich() -> None:
    different = [
        chr(code)
        for code in range(0x20, sys.maxunicode + 1)
        if chr(code).isprintable() and cells(chr(code)) != cell_len(chr(code))
    ]
    # Each release of Unicode makes some signs wide; Python's tables and rich's need not be of the same one.
    assert len(different) < 500, different[:20]
    assert cells("\x1b[1m日本\x1b[0me\u0301") == 5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("columns", [1, 2, 5, 20, 80])
def test_fitted_texts_have_the_width(name: str, columns: int) -> None:
    assert cells(clipped(name, columns)) <= columns
    assert cells(padded(name, 40)) == cells(padded(name, 40, right=True)) == 40
    coloured = Painter(True)("error", f"{name} {name}{name} \x1b {name}")
    for line in wrapped(coloured, columns, hang="" if columns < 5 else "  "):
        assert cells(line) <= max(columns, 2)
    assert "".join(wrapped(coloured, columns)).replace(" ", "") == coloured.replace(" ", "")


def _plain_columns(text: str) -> list[set[int]]:
    """Where the columns of a table begin, in cells, line by line."""
    return [
        {cells(line[:at]) for at in range(1, len(line)) if line[at] != " " and line[at - 2 : at] == "  "}
        for line in text.split("\n")
    ]


def test_plain_tables_are_aligned() -> None:
    table = Table(
        [Column("name"), Column("address"), Column("x", right=True)], [[name, "::1", Cell("2")] for name in NAMES]
    )
    text = table_text(table, drawn=False, color=False, width=80)
    assert len({cells(line) for line in text.split("\n")}) == 1
    assert len({frozenset(found) for found in _plain_columns(text)}) == 1


@pytest.mark.parametrize("color", [False, True])
def test_nothing_is_wider_than_the_page(color: bool) -> None:
    paint = Painter(color)
    page = Page(paint, 40)
    page.flow(*(Cell(name, "state") for name in NAMES), *NAMES, indent=2, hang=2)
    page.pairs([(Cell(name, "heading"), [name, "and", name]) for name in NAMES[:5]])
    call = Call(0.0, 1.0, "native", "tcp", f"{WIDE}.f", {}, None, 3, "unbound", WIDE, "")
    shown = [
        page.text(),
        table_text(
            Table([Column("name", wrap=True), Column("x")], [[WIDE * 5, WIDE]]), drawn=True, color=color, width=40
        ),
        joined(Printable("0.1  "), [paint("ok", f"ok({WIDE * 4})"), WIDE * 3, paint("error", WIDE)], 40),
        timeline_text([call], handles_of([call]), paint, 60),
        lines(WaveError("wrong", f"f({WIDE * 9})", 50).place(38)),
    ]
    for text in shown:
        assert max(map(cells, text.split("\n"))) <= 60, text
    for text in (*shown[:3], shown[4]):
        assert max(map(cells, text.split("\n"))) <= 40, text


def test_pages_beside_each_other_are_aligned() -> None:
    page = Page(Painter(True), 100)
    parts = page.parts(2)
    for name in NAMES:
        parts[0].flow(Cell(name, "state"))
        parts[1].flow("|")
    page.beside(parts)
    assert len({cells(line) for line in page.text().split("\n")}) == 1


def test_the_caret_stands_under_a_wide_place() -> None:
    text = f"f({WIDE * 9})"
    shown, caret = WaveError("wrong", text, 50).place(38)
    under = next(at for at in range(len(shown)) if cells(shown[:at]) == cells(caret) - 1)
    assert shown[under] == text[50]


def test_events_escape_their_fields() -> None:
    event = Event("probe", target="a\x1b[2J\r\nb", seconds=0.1, address=WIDE)
    assert event_line(event, Painter(False)) == f"a\\x1b[2J\\r\\nb answered in 100 ms, {WIDE}"
