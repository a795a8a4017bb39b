"""The one exception of the package."""

from __future__ import annotations

from wasinet.wave.text import cells, cut

__all__ = ["WaveError"]

_BREAK = "\n"
_CUT = "…"


class WaveError(ValueError):
    """A text that is not a value of its type, or a value that does not fit its type.

    Attributes:
        message: what is wrong, in one line, without the place.
        text: the whole text that was read; empty for an error of printing.
        position: the offset of the offending place in ``text``.
        expected: what could have stood there, as a phrase; empty when nothing could.
        incomplete: whether the text just ends too early, so that more lines could complete it.
        path: for an error of printing, the way to the part that does not fit: ``address[2]``.
    """

    def __init__(
        self, message: str, text: str = "", position: int = 0, expected: str = "", incomplete: bool = False
    ) -> None:
        super().__init__(message, text, position, expected, incomplete)
        self.message = message
        self.text = text
        self.position = position
        self.expected = expected
        self.incomplete = incomplete
        self.path = ""

    @property
    def line(self) -> int:
        """The line of the place, from 1."""
        return self.text.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int:
        """The column of the place, in characters, from 1."""
        return self.position - (self.text.rfind("\n", 0, self.position) + 1) + 1

    def __str__(self) -> str:
        if self.text:
            return f"line {self.line}, column {self.column}: {self.message}"
        return f"{self.path}: {self.message}" if self.path else self.message

    def inside(self, step: str) -> WaveError:
        """Note that this error of printing lies inside ``.field`` or ``[index]``; gives the error itself."""
        self.path = step.removeprefix(".") + ("." if self.path and self.path[0] != "[" else "") + self.path
        return self

    def render(self, width: int = 100) -> str:
        """The line of the text, a caret under the place, and the message; only the message without a text."""
        if not self.text:
            return str(self)
        end = min(self.position, len(self.text.rstrip()))
        where = f" (line {self.text.count(_BREAK, 0, end) + 1})" if "\n" in self.text.strip() else ""
        return "\n".join((*self.place(width), f"{self.message}{where}"))

    def place(self, width: int = 100) -> tuple[str, ...]:
        """The line of the text and a caret under the place; nothing without a text.

        A line wider than ``width`` columns is cut to the part around the place. Characters that
        could disturb a terminal are replaced, and tabs by a blank.
        """
        if not self.text:
            return ()
        # What is missing at the end is shown behind the last thing that is there.
        position = min(self.position, len(self.text.rstrip()))
        start = self.text.rfind("\n", 0, position) + 1
        end = self.text.find("\n", position)
        line = self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")
        place = min(position - start, len(line))
        # One character for one, so that the place stays.
        line = "".join(char if char.isprintable() else " " if char == "\t" else "\ufffd" for char in line)
        if cells(line) > width:
            # The place stays in the middle, unless the line ends before. Without a limit of characters, a crowd
            # of combining ones would all be shown.
            first, most = place, 4 * width
            while first and place - first < most and cells(line[first - 1 : place]) <= width // 2:
                first -= 1
            while first and cells(line[first - 1 : first + most]) <= width:
                first -= 1
            part = cut(line[first : first + most], width)
            line = (_CUT if first else "") + part + (_CUT if first + len(part) < len(line) else "")
            place += (1 if first else 0) - first
        return line, " " * cells(line[:place]) + "^"
