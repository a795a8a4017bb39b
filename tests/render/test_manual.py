"""Manual pages as text: the project's part of mdoc, fitted to a width."""

from __future__ import annotations

import re

import pytest

from wasinet.cli.man import shipped_pages
from wasinet.render.manual import manual_text

_HEAD = '.\\" A comment.\n.Dd November 21, 2026\n.Dt P 1\n.Os\n.Sh NAME\n.Nm p\n.Nd a page\n.Sh S\n'


def paint(role: str, text: str) -> str:
    return f"<{role}:{text}>"


def body(source: str, width: int = 80) -> list[str]:
    """The lines of a section with this source."""
    lines = manual_text(_HEAD + source, paint, width).splitlines()
    assert lines[:6] == ["P(1)", "", "<heading:NAME>", "     p - a page", "", "<heading:S>"]
    return lines[6:]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("One.\nTwo.", ["     One. Two."]),
        (".Pf \\&( Fl \\-echo ,\n.Fl \\-send ) .", ["     (<function:--echo>, <function:--send>)."]),
        ('.Ql "a \\- b" Ns No / Ns Ql b .', ["     a - b/b."]),
        (".Ql \\&Op\nand\n.Ql \\(dq", ['     Op and "']),
        ("a\\eb \\(-> c", ["     a\\b → c"]),
        (".Xr wasinet\\-wave 7 ,\n.Xr p 1", ["     <function:wasinet-wave(7)>, <function:p(1)>"]),
        ("\\&.x begins", ["     .x begins"]),
        (
            '.Nm p\n.Cm a b\n.Op Ar "option ..."\n.Ar FILE',
            ["     p <function:a> <function:b> [<state:option ...>] <state:FILE>"],
        ),
        ("a\n.Pp\nb", ["     a", "", "     b"]),
        (".Ss T\na\n.Ss U\nb", ["  <heading:T>", "     a", "", "  <heading:U>", "     b"]),
        (
            "a\n.Pp\n.Bd -literal -offset indent -compact\n  x \\(aqy\\(aq\n\n\\&.z\n.Ed\n.Pp\nb",
            ["     a", "", "          x 'y'", "", "        .z", "", "     b"],
        ),
        (
            ".Bl -tag -width Ds\n.It Fl k , Fl \\-keep Ar N\nKeep.\n.It Cm x\nTwo.\n.El\n.Pp\nb",
            [
                "     <function:-k>, <function:--keep> <state:N>",
                "        Keep.",
                "",
                "     <function:x>",
                "        Two.",
                "",
                "     b",
            ],
        ),
        (
            "a\n.Pp\n.Bl -tag -width Ds -compact\n.It Ev A\none\n.It Pa ~/b\ntwo\n.El",
            ["     a", "", "     <function:A>", "        one", "     <function:~/b>", "        two"],
        ),
    ],
)
def test_each_macro(source: str, lines: list[str]) -> None:
    assert body(source) == lines


def test_lines_are_filled_by_what_is_seen() -> None:
    assert body('a bbbbbb\n.Fl \\-ccc\n.Ql "d e f"\ng', width=16) == [
        "     a bbbbbb",
        "     <function:--ccc> d e f",
        "     g",
    ]


@pytest.mark.parametrize("source", [".Xx a", "a \\q b"])
def test_what_the_pages_do_not_use_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="unknown"):
        body(source)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_shipped_pages_fit(width: int) -> None:
    pages = shipped_pages()
    assert len(pages) > 20
    for page in pages:
        source = page.read_text("utf-8")
        text = manual_text(source, lambda role, text: text, width)
        assert text.splitlines()[0] == re.sub(r"(.*)\.(\d)", r"\1(\2)", page.name).upper()
        assert "\\(" not in text
        # No word of running text is lost.
        shown = set(text.split())
        for line in source.splitlines():
            if not line.startswith(".") and "\\" not in line:
                assert set(line.split()) <= shown
        filled = [line for line in text.splitlines() if " " in line[5:].strip() and not line.startswith(" " * 8)]
        longest = max(filled, key=len)
        assert len(longest) <= min(width, 100), (page.name, longest)
