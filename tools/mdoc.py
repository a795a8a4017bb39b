"""Manual pages as data, and their source in mdoc, the language that mandoc and groff read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from textwrap import wrap

from wasinet.render.manual import ESCAPES
from wasinet.wit.data import Data

__all__ = [
    "ARG",
    "CODE",
    "DATE",
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
    "mdoc",
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

DATE = "November 21, 2026"
"""Of the pages: when their text last changed in earnest. A clock would make them stale every day."""

_LONGEST = 78
"""Bytes of a line of text, as mandoc advises; the sources are read, too."""

# Typesetters replace them by prettier characters, which is right in sentences; nobody can copy those into a shell.
_SENTENCE_MARKS = "-'`^~\""
_LOST = {"…": "...", "«": "<", "»": ">", "µ": "u"}
"""Characters that groff has no form of for every terminal."""

_MACROS = {ARG: "Ar", CODE: "Ql", WORD: "Cm", VARIABLE: "Ev", PATH: "Pa", TEXT: "No"}
_MACRO = re.compile(r"[A-Z%][A-Za-z]{1,2}\Z|[.,:;()\[\]?!|]\Z")
_CLOSING = re.compile(r"[.,:;)\]?!]+")
_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z`])")


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


def mdoc(page: Page) -> str:
    """The page's source.

    Raises:
        ValueError: a character that has no escape.
    """
    lines = [
        '.\\" Made of the definitions by "python -m tools.generate"; changes here are lost.',
        f".Dd {DATE}",
        f".Dt {page.name.upper()} {page.number}",
        ".Os",
        ".Sh NAME",
        f".Nm {page.name}",
        f".Nd {_escaped(page.summary)}",
    ]
    for section in page.sections:
        lines.append(f".Sh {section.title}")
        first = True
        for block in section.blocks:
            lines += _block(block, page.args, first)
            first = isinstance(block, Subsection)
    if page.see:
        lines.append(".Sh SEE ALSO")
        see = sorted(page.see, key=lambda one: (one[-2], one))
        for index, one in enumerate(see):
            name, number = one[:-1].split("(")
            lines.append(f".Xr {name} {number}{' ,' if index < len(see) - 1 else ''}")
    text = "\n".join(lines) + "\n"
    if not text.isascii():
        strange = sorted({character for character in text if not character.isascii()})
        raise ValueError(f"{page.file} has characters without an escape: {strange}")
    return text


def _block(block: Block, args: Collection[str], first: bool) -> list[str]:
    if isinstance(block, Paragraph):
        return [*([] if first else [".Pp"]), *_text(block.text, args)]
    if isinstance(block, Literal):
        body = [_line(_escaped(line, '"')) for line in block.text.split("\n")]
        return [*([] if first else [".Pp"]), ".Bd -literal -offset indent -compact", *body, ".Ed"]
    if isinstance(block, Items):
        lines = [f".Bl -tag -width Ds{' -compact' if block.compact else ''}"]
        if block.compact and not first:
            lines.insert(0, ".Pp")
        for item in block.items:
            lines += [f".It {' '.join(map(_macro, item.term))}", *_text(item.text, args)]
        return [*lines, ".El"]
    if isinstance(block, Subsection):
        return [f".Ss {_escaped(block.title)}"]
    program, *words = block.words
    lines = [f".Nm {program}", *([f".Cm {' '.join(words)}"] if words else [])]
    for span, optional in block.pieces:
        macro = _macro(span)
        lines.append(f".Op {macro}" if optional else f".{macro}")
    return lines


def _text(text: str, args: Collection[str]) -> list[str]:
    """Each sentence on lines of its own, as mdoc wants them."""
    lines: list[str] = []
    for sentence in _SENTENCE.split(text):
        lines += _sentence(spans(sentence, args))
    return lines


def _sentence(pieces: Iterable[Span]) -> list[str]:
    lines: list[str] = []
    plain: list[str] = []
    for chunk in _chunks(pieces):
        if all(role == TEXT for role, _ in chunk):
            plain.append(_escaped("".join(text for _, text in chunk)))
            continue
        lines += _filled(plain)
        plain = []
        lines.append(f".{_chunk(chunk)}")
    return lines + _filled(plain)


def _filled(words: list[str]) -> list[str]:
    text = " ".join(words)
    return [_line(line) for line in wrap(text, _LONGEST, break_long_words=False, break_on_hyphens=False)]


def _chunks(pieces: Iterable[Span]) -> list[list[Span]]:
    """What stands between two blanks of the text; marked pieces keep theirs."""
    chunks: list[list[Span]] = [[]]
    for role, text in pieces:
        if role != TEXT:
            chunks[-1].append((role, text))
            continue
        for index, word in enumerate(re.split(r"\s+", text)):
            if index:
                chunks.append([])
            if word:
                chunks[-1].append((TEXT, word))
    return [chunk for chunk in chunks if chunk]


def _chunk(chunk: list[Span]) -> str:
    """Pieces without blanks between them as one line of macros."""
    closing = ""
    if chunk[-1][0] == TEXT and _CLOSING.fullmatch(chunk[-1][1]):
        # mdoc sets punctuation without a blank where it comes as an argument of its own.
        closing = "".join(f" {mark}" for mark in chunk[-1][1])
        chunk = chunk[:-1]
    if len(chunk) > 1 and chunk[0][0] == TEXT:
        return f"Pf {_quoted(chunk[0][1])} {' Ns '.join(map(_macro, chunk[1:]))}{closing}"
    return " Ns ".join(map(_macro, chunk)) + closing


def _macro(span: Span) -> str:
    role, text = span
    if role == FLAG:
        return f"Fl {_quoted(text[1:])}"
    if role == PAGE:
        name, number = text[:-1].split("(")
        return f"Xr {name} {number}"
    if role == TEXT and text == ",":
        return text
    return f"{_MACROS[role]} {_quoted(text)}"


def _quoted(text: str) -> str:
    """One argument of a macro."""
    escaped = _escaped(text, "")
    if _MACRO.match(escaped):
        return rf"\&{escaped}"
    return f'"{escaped}"' if " " in escaped else escaped


def _escaped(text: str, unchanged: str = _SENTENCE_MARKS) -> str:
    return "".join(one if one in unchanged else ESCAPES.get(one, _LOST.get(one, one)) for one in text)


def _line(text: str) -> str:
    """A line of text that is no request."""
    return rf"\&{text}" if text[:1] in (".", "'") else text
