"""The one exception of the package."""

from __future__ import annotations

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
        """The line of the text, a caret under the place, and the message; only the message without a text.

        A line longer than ``width`` characters is cut to the part around the place. Characters that
        could disturb a terminal are replaced.
        """
        if not self.text:
            return str(self)
        # What is missing at the end is shown behind the last thing that is there.
        position = min(self.position, len(self.text.rstrip()))
        start = self.text.rfind("\n", 0, position) + 1
        end = self.text.find("\n", position)
        line = self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")
        place = min(position - start, len(line))
        if len(line) > width:
            first = max(0, min(place - width // 2, len(line) - width))
            cut = line[first : first + width]
            cut = (_CUT if first else "") + cut + (_CUT if first + width < len(line) else "")
            place += (1 if first else 0) - first
            line = cut
        line = "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in line)
        where = f" (line {self.text.count(_BREAK, 0, position) + 1})" if "\n" in self.text.strip() else ""
        return f"{line}\n{_under(line[:place])}^\n{self.message}{where}"


def _under(text: str) -> str:
    """Blanks as wide as the text is on a terminal."""
    if text.isascii():
        return "".join("\t" if char == "\t" else " " for char in text)
    from unicodedata import combining, east_asian_width

    blanks = []
    for char in text:
        if char == "\t":
            blanks.append("\t")
        elif not combining(char):
            blanks.append("  " if east_asian_width(char) in "WF" else " ")
    return "".join(blanks)
