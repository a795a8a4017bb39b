"""Running text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wasinet.render.page import Page
from wasinet.render.table import Cell
from wasinet.render.theme import Painter


def test_flow_and_hang() -> None:
    page = Page(Painter(False), 24)
    page.flow("-", "one two three four five six", indent=2, hang=2)
    assert page.text() == "  - one two three four\n    five six"


def test_colors_do_not_count() -> None:
    plain, colored = Page(Painter(False), 24), Page(Painter(True), 24)
    for page in (plain, colored):
        page.flow(Cell("one two", "error"), "three", Cell("four five six", "state"))
    counts = [[line.count("o") for line in page.text().splitlines()] for page in (plain, colored)]
    assert counts[0] == counts[1]
    assert "\x1b[31mone two\x1b[0m three" in colored.text()


def test_brackets_stick() -> None:
    page = Page(Painter(False), 80)
    page.flow(Cell("f(", "function"), "x)", indent=0)
    assert page.text() == "f(x)"


def test_pairs() -> None:
    page = Page(Painter(False), 40)
    page.pairs([(Cell("a"), ["one two three four five six seven eight"]), (Cell("bcd"), ["x"])])
    assert page.text() == "  a    one two three four five six seven\n       eight\n  bcd  x"
    page = Page(Painter(False), 20)
    page.pairs([(Cell("a very long name"), ["x"])])
    assert page.text() == "  a very long name\n    x"


@given(st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=15), min_size=1), st.integers(20, 120))
def test_nothing_is_lost_or_too_wide(words: list[str], width: int) -> None:
    page = Page(Painter(False), width)
    page.flow(" ".join(words))
    assert page.text().split() == words
    assert all(len(line) <= min(width, 100) for line in page.text().splitlines())
