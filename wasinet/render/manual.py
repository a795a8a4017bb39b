"""Manual pages for a terminal or a pipe, where neither man nor mandoc is needed.

Reads the part of mdoc that this project's pages use (``python -m tools.generate`` makes them), and nothing else: the
source of a page is the only form of it that is shipped, and this fits it to any width.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from wasinet.render.printable import Printable, cells

__all__ = ["ESCAPES", "Paint", "manual_text"]

Paint = Callable[[str, str], str]
"""Colours a text by its role, as ``render.theme.Painter`` does."""

ESCAPES: Mapping[str, str] = {
    "\\": r"\e",
    "→": r"\(->",
    "×": r"\(mu",
    "–": r"\(en",
    "—": r"\(em",
    "≤": r"\(<=",
    "≥": r"\(>=",
    "≠": r"\(!=",
    "“": r"\(lq",
    "”": r"\(rq",
    "’": r"\(cq",
    '"': r"\(dq",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
}
"""A character and how mdoc's source has it; ``\\&`` beside them stands for nothing."""

_CHARACTERS = {escape: character for character, escape in ESCAPES.items()} | {r"\&": ""}
_ESCAPE = re.compile(r"\\(?:\(..|.)")
_ARGUMENT = re.compile(r'"([^"]*)"|(\S+)')
_CLOSING = frozenset(".,:;)]?!|")
_ROLES = {"Ar": "state", "Cm": "function", "Ev": "function", "Fl": "function", "Pa": "function", "Xr": "function"}
_IN_TEXT = frozenset({*_ROLES, "Nm", "No", "Ns", "Op", "Pf", "Ql"})
_INDENT = 5
_FURTHER = 3
_WIDEST = 100

_Word = list[tuple[str, str]]
"""What is printed without a blank in between: pieces of text with their roles, empty for none."""


def manual_text(source: str, paint: Paint, width: int = 80) -> Printable:
    """The page as text, without a line end at its end; lines that can be filled are at most 100 columns wide.

    Raises:
        ValueError: the source has a macro that the project's pages do not use.
    """
    page = _Page(paint, min(width, _WIDEST))
    for line in source.splitlines():
        page.take(line)
    page.fill()
    return Printable("\n".join(page.lines))


class _Page:
    """The lines made so far, and the words that wait for theirs."""

    def __init__(self, paint: Paint, width: int) -> None:
        self.lines: list[str] = []
        self._paint = paint
        self._width = width
        self._words: list[_Word] = []
        self._indent = _INDENT
        # No blank line comes after a heading.
        self._headed = True
        self._compact = False
        self._literal = False
        self._synopsis = False

    def take(self, line: str) -> None:
        """Read one line of the source."""
        name, _, rest = line[1:].partition(" ") if line.startswith(".") else ("", "", "")
        if self._literal and name != "Ed":
            self._add(f"{' ' * (self._indent + _FURTHER)}{_unescaped(line)}".rstrip())
        elif name in ("", "Nd"):
            text = f"- {rest}" if name else line
            self._words += ([("", _unescaped(word))] for word in text.split())
        elif name in _IN_TEXT:
            if name == "Nm" and self._synopsis:
                self.fill()
            self._words += _words(line[1:])
        elif name in _BLOCKS:
            self.fill()
            _BLOCKS[name](self, rest)
        elif name != r"\"":
            raise ValueError(f"unknown macro {name!r} in {line!r}")

    def fill(self) -> None:
        """Make lines of the words that wait."""
        line, used = "", 0
        for word in self._words:
            size = sum(cells(text) for _, text in word)
            if line and used + 1 + size > self._width:
                self._add(line)
                line = ""
            if line:
                line, used = f"{line} ", used + 1
            else:
                line, used = " " * self._indent, self._indent
            line += "".join(self._paint(role, text) if role else text for role, text in word)
            used += size
        if line:
            self._add(line)
        self._words.clear()

    def _add(self, line: str) -> None:
        self.lines.append(line)
        self._headed = False

    def _blank(self, rest: str = "") -> None:
        if not self._headed:
            self._add("")
            self._headed = True

    def _nothing(self, rest: str) -> None:
        """The date and the system are for pages on paper."""

    def _title(self, rest: str) -> None:
        name, number = rest.split()
        self._add(f"{name}({number})")

    def _section(self, rest: str) -> None:
        self._blank()
        self._add(self._paint("heading", rest))
        self._headed = True
        # There each call of the program is a line.
        self._synopsis = rest == "SYNOPSIS"

    def _subsection(self, rest: str) -> None:
        self._blank()
        self._add(f"  {self._paint('heading', _unescaped(rest))}")
        self._headed = True

    def _begin_literal(self, rest: str) -> None:
        self._literal = True

    def _end_literal(self, rest: str) -> None:
        self._literal = False

    def _begin_list(self, rest: str) -> None:
        self._compact = "-compact" in rest

    def _item(self, rest: str) -> None:
        self._indent = _INDENT
        if not self._compact:
            self._blank()
        self._words = _words(rest)
        self.fill()
        self._indent = _INDENT + _FURTHER

    def _end_list(self, rest: str) -> None:
        self._indent = _INDENT


_BLOCKS: Mapping[str, Callable[[_Page, str], None]] = {
    "Bd": _Page._begin_literal,
    "Bl": _Page._begin_list,
    "Dd": _Page._nothing,
    "Dt": _Page._title,
    "Ed": _Page._end_literal,
    "El": _Page._end_list,
    "It": _Page._item,
    "Os": _Page._nothing,
    "Pp": _Page._blank,
    "Sh": _Page._section,
    "Ss": _Page._subsection,
}


def _words(line: str) -> list[_Word]:
    """The words of a line that begins with a macro."""
    words: list[_Word] = []
    macro, glued, optional = "", False, False
    arguments = iter(_ARGUMENT.findall(line))
    for quoted, bare in arguments:
        if bare == "Ns":
            glued = True
            continue
        if bare in _IN_TEXT:
            macro = bare
            optional = optional or bare == "Op"
            continue
        text = _unescaped(bare or quoted)
        if bare in _CLOSING:
            piece = ("", bare)
        elif macro == "Fl":
            piece = (_ROLES[macro], f"-{text}")
        elif macro == "Xr":
            piece = (_ROLES[macro], f"{text}({next(arguments)[1]})")
        else:
            piece = (_ROLES.get(macro, ""), text)
        if words and (glued or bare in _CLOSING):
            words[-1].append(piece)
        else:
            words.append([piece])
        # What comes after the text of Pf has no blank before it.
        glued = macro == "Pf"
    if optional:
        words[0].insert(0, ("", "["))
        words[-1].append(("", "]"))
    return words


def _unescaped(text: str) -> str:
    def character(found: re.Match[str]) -> str:
        if found[0] not in _CHARACTERS:
            raise ValueError(f"unknown escape {found[0]!r} in {text!r}")
        return _CHARACTERS[found[0]]

    return _ESCAPE.sub(character, text)
