"""Text that may go to a terminal: escaped where it came from outside, coloured and broken into lines by us.

A plain ``str`` is text from outside to everything that prints for people: it is escaped as a whole, line
ends and colours included. What is ``Printable`` goes out as it is. Whoever forgets one of the two shows an
escape where a colour was meant, and never lets a name or a message act on the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from wasinet.wave.text import cells as _cells
from wasinet.wave.text import cut, printable

__all__ = ["Printable", "cells", "clipped", "lines", "padded", "printed", "wrapped"]

# Split by it, a text has its colours in every second place.
_COLORS = re.compile(r"(\x1b\[[0-9;]*m)")
_MARK = "…"


class Printable(str):
    """A text that may be printed as it is: our own words, or made of escaped pieces.

    ``+``, ``join`` and ``format`` escape the pieces that are plain texts. Everything else
    that ``str`` can do gives a plain text again.
    """

    __slots__ = ()

    def __add__(self, other: str) -> Printable:
        return Printable(str.__add__(self, other if other.__class__ is Printable else printable(other)))

    def __radd__(self, other: str) -> Printable:
        return Printable(str.__add__(printed(other), self))

    def join(self, pieces: Iterable[str], /) -> Printable:
        return Printable(str.join(self, map(printed, pieces)))

    def format(self, /, *values: Any, **named: Any) -> Printable:
        return Printable(str.format(self, *map(_field, values), **{name: _field(one) for name, one in named.items()}))

    def rstrip(self, characters: str | None = None, /) -> Printable:
        return Printable(str.rstrip(self, characters))


def printed(text: str) -> Printable:
    """The text itself where it is ``Printable``, else escaped, in one line."""
    return text if text.__class__ is Printable else Printable(printable(text))


def _field(value: Any) -> Any:
    return printed(value) if isinstance(value, str) else value


def lines(texts: Iterable[str]) -> Printable:
    """Each text on a line of its own, without a last line end."""
    return Printable("\n").join(texts)


def cells(text: str) -> int:
    """The columns that a text takes, which may be coloured."""
    return _cells(text if text.isascii() and "\x1b" not in text else _COLORS.sub("", text))


def padded(text: str, columns: int, *, right: bool = False) -> Printable:
    """The text with blanks to so many columns; ``right`` puts them before it."""
    text = printed(text)
    blanks = Printable(" " * (columns - cells(text)))
    return blanks + text if right else text + blanks


def clipped(text: str, columns: int) -> str:
    """A text without colours, cut to so many columns, with a mark where something is missing."""
    text = printable(text)
    return text if _cells(text) <= columns else cut(text, columns - 1) + _MARK * (columns > 0)


def wrapped(text: str, columns: int, *, indent: str = "", hang: str = "") -> Iterator[Printable]:
    """A text in lines of so many columns, broken at blanks, and in words that are wider than a line.

    Args:
        text: in one line; it may be coloured.
        columns: the width.
        indent: before the first line.
        hang: before the others.
    """
    line, empty, none = indent, True, True
    for word in printed(text).split(" "):
        if not empty and cells(line) + 1 + cells(word) > columns:
            yield Printable(line.rstrip())
            line, empty, none = hang, True, False
        elif not empty:
            line += " "
        while word and cells(line) + cells(word) > columns:
            part = _beginning(word, columns - cells(line))
            yield Printable(line + part)
            word, line, none = word[len(part) :], hang, False
        line, empty = line + word, False
    if none or line.strip():
        yield Printable(line.rstrip())


def _beginning(word: str, columns: int) -> str:
    """What of a coloured word fits, and a character at least."""
    part = ""
    for index, piece in enumerate(_COLORS.split(word)):
        fits = piece if index % 2 else cut(piece, columns)
        if piece and not fits and not cells(part):
            fits = piece[0]
        part += fits
        if fits != piece:
            break
        columns -= cells(piece)
    return part
