"""Manual pages as text for a terminal or a pipe, where there is neither man nor mandoc."""

from __future__ import annotations

from collections.abc import Callable, Collection
from textwrap import wrap

from wasinet.reference.document import ARG, FLAG, TEXT, Block, Items, Literal, Page, Paragraph, Subsection, Synopsis
from wasinet.reference.document import spans as pieces_of

__all__ = ["Paint", "plain"]

Paint = Callable[[str, str], str]
"""Colours a text by its role, as ``render.theme.Painter`` does."""

_INDENT = "     "
_WIDEST = 100
_ROLES = {FLAG: "function", ARG: "state"}
# A blank that does not break; a literal of several words stays on one line.
_TIED = "\u00a0"


def plain(page: Page, paint: Paint, width: int = 80) -> str:
    """The page, without a line end at its end; lines are at most 100 columns wide."""
    width = min(width, _WIDEST)
    head = f"{page.name.upper()}({page.number})"
    lines = [head, "", paint("heading", "NAME"), f"{_INDENT}{page.name} - {page.summary}"]
    for section in page.sections:
        lines += ["", paint("heading", section.title)]
        first = True
        for block in section.blocks:
            if not first and not (isinstance(block, Items) and block.compact):
                lines.append("")
            lines += _block(block, page.args, paint, width)
            first = isinstance(block, Subsection)
    if page.see:
        lines += ["", paint("heading", "SEE ALSO"), *_wrapped(", ".join(page.see), _INDENT, width)]
    return "\n".join(lines)


def _block(block: Block, args: Collection[str], paint: Paint, width: int) -> list[str]:
    if isinstance(block, Paragraph):
        return _marked(block.text, args, paint, _INDENT, width)
    if isinstance(block, Literal):
        return [f"{_INDENT}   {line}".rstrip() for line in block.text.split("\n")]
    if isinstance(block, Subsection):
        return [f"  {paint('heading', block.title)}"]
    if isinstance(block, Synopsis):
        words = [f"[{text}]" if optional else text for (_, text), optional in block.pieces]
        return _wrapped(" ".join((*block.words, *words)), _INDENT, width)
    assert isinstance(block, Items)
    lines: list[str] = []
    for item in block.items:
        if lines and not block.compact:
            lines.append("")
        terms = [text if text == "," else paint(_ROLES.get(role, "function"), text) for role, text in item.term]
        lines += [
            f"{_INDENT}{' '.join(terms).replace(' ,', ',')}",
            *_marked(item.text, args, paint, _INDENT + "   ", width),
        ]
    return lines


def _marked(text: str, args: Collection[str], paint: Paint, indent: str, width: int) -> list[str]:
    """Wrapped first, painted after: escapes take no columns."""
    roles: dict[str, str] = {}
    whole = ""
    for role, piece in pieces_of(text, args):
        tied = piece if role == TEXT else piece.replace(" ", _TIED)
        if role in _ROLES:
            roles[tied] = _ROLES[role]
        whole += tied
    lines = _wrapped(whole, indent, width)
    for word in sorted(roles, key=len, reverse=True):
        lines = [_painted(line, word, roles[word], paint) for line in lines]
    return [line.replace(_TIED, " ") for line in lines]


def _painted(line: str, word: str, role: str, paint: Paint) -> str:
    import re

    return re.sub(
        rf"(?<![\w\x1b-]){re.escape(word)}(?![\w-])", lambda match: paint(role, match[0].replace(_TIED, " ")), line
    )


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
