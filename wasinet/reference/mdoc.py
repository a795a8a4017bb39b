"""Manual pages in mdoc, the language that mandoc and groff read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from textwrap import wrap

from wasinet.reference.document import (
    ARG,
    CODE,
    FLAG,
    PAGE,
    PATH,
    TEXT,
    VARIABLE,
    WORD,
    Block,
    Items,
    Literal,
    Page,
    Paragraph,
    Span,
    Subsection,
    spans,
)

__all__ = ["DATE", "mdoc"]

DATE = "November 21, 2026"
"""Of the pages: when their text last changed in earnest. A clock would make them stale every day."""

_LONGEST = 78
"""Bytes of a line of text, as mandoc advises; the sources are read, too."""

_ESCAPES = {
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
    "…": "...",
    # groff knows no other form of these for terminals without them.
    "«": "<",
    "»": ">",
    "µ": "u",
}
_MACROS = {ARG: "Ar", CODE: "Ql", WORD: "Cm", VARIABLE: "Ev", PATH: "Pa", TEXT: "No"}
# What typesetters replace by prettier characters, which nobody can copy into a shell.
_LITERAL = {"-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}
_QUOTE = {'"': r"\(dq"}
_MACRO = re.compile(r"[A-Z%][A-Za-z]{1,2}\Z|[.,:;()\[\]?!|]\Z")
_CLOSING = re.compile(r"[.,:;)\]?!]+")
_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z`])")


def mdoc(page: Page) -> str:
    """The page's source.

    Raises:
        ValueError: a character that the escapes of this module do not cover.
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
        body = [_line(_escaped(line, _LITERAL)) for line in block.text.split("\n")]
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
    escaped = _escaped(text, _LITERAL | _QUOTE)
    if _MACRO.match(escaped):
        return rf"\&{escaped}"
    return f'"{escaped}"' if " " in escaped else escaped


def _escaped(text: str, more: dict[str, str] | None = None) -> str:
    table = _ESCAPES | (more or {})
    return "".join(table.get(character, character) for character in text)


def _line(text: str) -> str:
    """A line of text that is no request."""
    return rf"\&{text}" if text[:1] in (".", "'") else text
