"""Manual pages as data: what they say, without how mdoc or a terminal wants it."""

from __future__ import annotations

import re
from collections.abc import Collection

from wasinet.wit.data import Data

__all__ = [
    "ARG",
    "CODE",
    "FLAG",
    "PAGE",
    "PATH",
    "TEXT",
    "VARIABLE",
    "WORD",
    "Block",
    "Item",
    "Items",
    "Literal",
    "Page",
    "Paragraph",
    "Section",
    "Span",
    "Subsection",
    "Synopsis",
    "spans",
]

TEXT = "text"
FLAG = "flag"
ARG = "arg"
CODE = "code"
PAGE = "page"
WORD = "word"
VARIABLE = "variable"
PATH = "path"

Span = tuple[str, str]
"""A role, one of the constants above, and the text."""

_SPAN = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|(?<![\w-])(?P<flag>--?[A-Za-z0-9][a-z0-9-]*)(?![\w-])"
    r"|(?<![\w-])(?P<page>wasinet[a-z0-9-]*\([157]\))"
)


class Paragraph(Data):
    """Text, with literal words in backticks; options and other pages are recognised."""

    text: str


class Literal(Data):
    """Lines as they are."""

    text: str


class Item(Data):
    """What is explained, and the explanation."""

    term: tuple[Span, ...]
    text: str


class Items(Data):
    """A list of terms, ``compact`` without blank lines between them."""

    items: tuple[Item, ...]
    compact: bool = False


class Subsection(Data):
    """A heading inside a section."""

    title: str


class Synopsis(Data):
    """How a command is called: the words, then options and arguments as spans; optional ones in brackets."""

    words: tuple[str, ...]
    pieces: tuple[tuple[Span, bool], ...]


Block = Paragraph | Literal | Items | Subsection | Synopsis


class Section(Data):
    """A heading and what stands under it. ``args`` are the placeholders that are recognised in its texts."""

    title: str
    blocks: tuple[Block, ...]


class Page(Data):
    """A manual page.

    Args:
        name: ``wasinet-states``.
        number: of the manual's section: 1, 5 or 7.
        summary: one line, without a full stop.
        sections: those after NAME.
        see: names of other pages, ``wasinet(1)``.
        args: placeholders, ``ADDRESS``, that texts speak of.
    """

    name: str
    number: int
    summary: str
    sections: tuple[Section, ...]
    see: tuple[str, ...]
    args: frozenset[str] = frozenset()

    @property
    def file(self) -> str:
        """``wasinet-states.7``."""
        return f"{self.name}.{self.number}"


def spans(text: str, args: Collection[str] = ()) -> list[Span]:
    """A text's plain and marked pieces."""
    found: list[Span] = []
    at = 0
    for match in _SPAN.finditer(text):
        found += _placeholders(text[at : match.start()], args)
        role = str(match.lastgroup)
        found.append((role, match[role]))
        at = match.end()
    return found + _placeholders(text[at:], args)


def _placeholders(text: str, args: Collection[str]) -> list[Span]:
    if not args or not text:
        return [(TEXT, text)] if text else []
    pattern = "|".join(re.escape(arg) for arg in sorted(args, key=len, reverse=True))
    pieces = re.split(rf"(?<![\w:\[])({pattern})(?![\w:\]])", text)
    return [(ARG if index % 2 else TEXT, piece) for index, piece in enumerate(pieces) if piece]
