"""Pages of running text: paragraphs of coloured words, wrapped to a width."""

from __future__ import annotations

from collections.abc import Sequence

from wasinet.render.printable import Printable, cells, lines, padded, printed
from wasinet.render.table import Cell
from wasinet.render.theme import Painter

__all__ = ["Page"]

_WIDEST = 100
"""Longer lines are hard to read."""

_GAP = 3
_NARROWEST = 32


class Page:
    """Lines of text under construction.

    Args:
        paint: the colours.
        width: the page's columns; lines of text stay below 100 of them.
    """

    def __init__(self, paint: Painter, width: int) -> None:
        self._paint = paint
        self.width = max(min(width, _WIDEST), 20)
        self._lines: list[Printable] = []

    def text(self) -> Printable:
        """The page without a last line end."""
        return Printable(lines(self._lines).strip("\n"))

    def heading(self, text: str) -> None:
        """A heading, with an empty line before it."""
        self.space()
        self._lines.append(self._paint("heading", text))

    def space(self) -> None:
        """An empty line, unless there is one already."""
        if self._lines and self._lines[-1]:
            self._lines.append(Printable())

    def flow(self, *spans: str | Cell, indent: int = 2, hang: int = 0) -> None:
        """A paragraph: its words wrapped, lines after the first indented by ``hang`` more.

        A span whose text ends with an opening bracket has no blank after it.
        """
        line: list[Cell] = []
        used = indent
        margin = indent
        for word in _words(spans):
            length = cells(word.text)
            if line and used + 1 + length > self.width:
                self._put(line, margin)
                line, margin = [], indent + hang
                used = margin
            used += length + (1 if line else 0)
            line.append(word)
        self._put(line, margin)

    def pairs(self, rows: Sequence[tuple[Cell, Sequence[str | Cell]]], indent: int = 2) -> None:
        """Names with texts beside them, aligned; where that leaves too little room, below them."""
        widest = max((cells(printed(name.text)) for name, _ in rows), default=0)
        column = indent + widest + 2
        for name, spans in rows:
            if column > self.width // 2:
                self.flow(name, indent=indent)
                self.flow(*spans, indent=indent + 2)
                continue
            start = len(self._lines)
            self.flow(*spans, indent=column)
            # Blanks stand where the name goes.
            first = Printable(self._lines[start][column:])
            head = " " * indent + padded(self._paint(name.role or "value", name.text), widest + 2)
            self._lines[start] = (head + first).rstrip()

    def parts(self, count: int) -> list[Page]:
        """So many pages that fit beside each other on this one; or below each other, where it is narrow."""
        width = (self.width - _GAP * (count - 1)) // count
        return [Page(self._paint, width if width >= _NARROWEST else self.width) for _ in range(count)]

    def beside(self, parts: Sequence[Page]) -> None:
        """Take pages that ``parts`` made."""
        if any(part.width == self.width for part in parts):
            for part in parts:
                self.space()
                self._lines += part._lines
            return
        for row in range(max(len(part._lines) for part in parts)):
            line = Printable()
            for part in parts:
                cell = part._lines[row] if row < len(part._lines) else ""
                line += padded(cell, part.width + _GAP)
            self._lines.append(line.rstrip())

    def _put(self, line: Sequence[Cell], margin: int) -> None:
        pieces: list[str] = [" " * margin]
        index = 0
        while index < len(line):
            end = index + 1
            while end < len(line) and line[end].role == line[index].role:
                end += 1
            pieces.append(self._paint(line[index].role or "value", " ".join(cell.text for cell in line[index:end])))
            pieces.append("" if line[end - 1].text.endswith("(") else " ")
            index = end
        self._lines.append(Printable().join(pieces).rstrip())


def _words(spans: Sequence[str | Cell]) -> list[Cell]:
    words: list[Cell] = []
    for span in spans:
        cell = Cell(span) if isinstance(span, str) else span
        words += (Cell(printed(word), cell.role) for word in cell.text.split())
    return words
