"""Where a reader stands in a text, and the smallest parts it reads there: blanks, words, numbers, quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from wasinet.wave.errors import WaveError
from wasinet.wave.text import display

__all__ = ["Lexer"]

_WORD = re.compile(
    r"%?(?:[a-z][a-z0-9]*+|[A-Z][A-Z0-9]*+)"
    r"(?:-(?=[0-9A-Za-z])[0-9]*+(?:[a-z][a-z0-9]*+|[A-Z][A-Z0-9]*+)?)*(?![A-Za-z0-9_-])"
)
_NUMBER = re.compile(r"-?(?:(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?|inf|nan)(?![A-Za-z0-9_.])")
_FOUND = re.compile(r"[^\s,()\[\]{}\"']{1,61}")
_PLAIN = re.compile(r'[^"\\\n\ud800-\udfff]++')
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNICODE = re.compile(r"u\{([0-9a-fA-F]{1,6})\}")
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\", "'": "'", '"': '"'}


class Lexer:
    """A position in a text, with what every kind of value is made of.

    What reads something skips the blanks before it, leaves ``position`` right behind it, and raises
    ``WaveError`` where it cannot; ``position`` is then anywhere, so whoever tries a second way must
    put it back. A subclass may replace ``BLANKS`` to add other comments, and ``escape`` to add escapes.

    Attributes:
        text: the whole text.
        position: the offset where the next part is read.
    """

    BLANKS = re.compile(r"(?:[ \t\n\r]++|//[^\n]*+)*")
    """What may stand between two tokens; always matches, if only the empty text."""

    def __init__(self, text: str, position: int = 0) -> None:
        self.text = text
        self.position = position

    def skip(self) -> int:
        """Go over blanks and comments; gives the position behind them."""
        found = self.BLANKS.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return self.position

    def finish(self) -> None:
        """Require that only blanks and comments are left."""
        if self.skip() < len(self.text):
            raise self.unexpected("the end of the text")

    def accept(self, token: str) -> bool:
        """Read this token if it comes next; else stay where we are."""
        start = self.position
        if self.text.startswith(token, self.skip()):
            self.position += len(token)
            return True
        self.position = start
        return False

    def require(self, token: str, expected: str = "") -> None:
        """Read this token; ``expected`` replaces its name in the error."""
        if not self.accept(token):
            raise self.unexpected(expected or f"'{token}'")

    def sequence(self, opening: str, closing: str) -> Iterator[int]:
        """Walk over comma-separated items between two brackets: gives the index of each, for the caller to read it."""
        self.require(opening)
        index = 0
        while not self.accept(closing):
            if index:
                self.require(",", f"',' or '{closing}'")
                if self.accept(closing):
                    return
            yield index
            index += 1

    def peek_word(self) -> str:
        """The label or keyword that comes next, with its ``%``; empty when something else comes. Reads nothing."""
        found = _WORD.match(self.text, self.skip())
        return found[0] if found is not None else ""

    def accept_word(self, word: str) -> bool:
        """Read exactly this word if it comes next."""
        if self.peek_word() != word:
            return False
        self.position += len(word)
        return True

    def label(self, expected: str) -> str:
        """Read a label, keyword or not; gives it without its ``%``. ``expected`` is for the error."""
        word = self.peek_word()
        if not word:
            raise self.unexpected(expected)
        self.position += len(word)
        return word.removeprefix("%")

    def number(self, expected: str) -> str:
        """Read a number, which may be ``nan``, ``inf`` or ``-inf``; gives its text. ``expected`` is for the error."""
        found = _NUMBER.match(self.text, self.skip())
        if found is None or found[0] == "-nan":
            raise self.unexpected(expected)
        self.position = found.end()
        return found[0]

    def char(self, expected: str) -> str:
        """Read a character in single quotes. ``expected`` is for the error."""
        start = self.skip()
        if not self.text.startswith("'", start):
            raise self.unexpected(expected)
        self.position += 1
        char = self.text[self.position : self.position + 1]
        if char == "\\":
            char = self.escape()
        elif not char or char in "'\n" or "\ud800" <= char <= "\udfff":
            raise self.error("expected a character behind the quote; ' and line ends are written \\' and \\n")
        else:
            self.position += 1
        if not self.text.startswith("'", self.position):
            raise self.error("expected ' behind the one character of a char", expected="'")
        self.position += 1
        return char

    def string(self, expected: str, escape: Callable[[], str] | None = None) -> str:
        """Read a string in double quotes, or a multi-line string in triple ones. ``expected`` is for the error.

        ``escape`` replaces ``self.escape`` for this string: it is called with ``position`` at the backslash.
        """
        start = self.skip()
        if self.text.startswith('"""', start):
            return self._lines(escape or self.escape)
        if not self.text.startswith('"', start):
            raise self.unexpected(expected)
        escape = escape or self.escape
        parts = []
        self.position += 1
        while True:
            found = _PLAIN.match(self.text, self.position)
            if found is not None:
                parts.append(found[0])
                self.position = found.end()
            following = self.text[self.position : self.position + 1]
            if following == '"':
                self.position += 1
                return "".join(parts)
            if following == "\\":
                parts.append(escape())
            elif following in ("", "\n"):
                raise self.error("this string has no closing quote on its line", start, expected='"')
            else:
                raise self.error("a string cannot hold a lone surrogate")

    def escape(self) -> str:
        """Read an escape at its backslash; gives the character."""
        following = self.text[self.position + 1 : self.position + 2]
        char = _ESCAPES.get(following)
        if char is not None:
            self.position += 2
            return char
        found = _UNICODE.match(self.text, self.position + 1)
        if found is not None:
            code = int(found[1], 16)
            if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
                self.position = found.end()
                return chr(code)
            raise self.error(f"\\{found[0]} is not a Unicode scalar value")
        expected = "\\t \\n \\r \\\\ \\' \\\" or \\u{...}"
        raise self.error(f"this is not an escape; expected {expected}", expected=expected)

    def _lines(self, escape: Callable[[], str]) -> str:
        text, start = self.text, self.position
        end = text.find('"""', start + 3)
        if end < 0:
            raise self.error('this multi-line string is not closed by """', start, expected='"""', incomplete=True)
        first = text.find("\n", start, end)
        if first < 0 or text[start + 3 : first] not in ("", "\r"):
            raise self.error('the text of a multi-line string begins on the line after """', start + 3)
        last = text.rfind("\n", start, end)
        indent = text[last + 1 : end]
        if indent.strip(" "):
            raise self.error('only spaces may stand before the closing """ of a multi-line string', end)
        lines = []
        at = first + 1
        while at <= last:
            stop = text.find("\n", at, end)
            if not text.startswith(indent, at):
                raise self.error('this line must be indented at least as far as the closing """', at)
            lines.append(self._line(at + len(indent), stop - 1 if text[stop - 1] == "\r" else stop, escape))
            at = stop + 1
        self.position = end + 3
        return "\n".join(lines)

    def _line(self, start: int, stop: int, escape: Callable[[], str]) -> str:
        text = self.text
        lone = _SURROGATE.search(text, start, stop) if start < stop else None
        if lone is not None:
            raise self.error("a string cannot hold a lone surrogate", lone.start())
        parts = []
        while True:
            backslash = text.find("\\", start, stop)
            if backslash < 0:
                parts.append(text[start:stop])
                return "".join(parts)
            parts.append(text[start:backslash])
            self.position = backslash
            parts.append(escape())
            start = self.position

    def error(
        self, message: str, position: int | None = None, *, expected: str = "", incomplete: bool = False
    ) -> WaveError:
        """An error at a position, by default here, for the caller to raise."""
        return WaveError(message, self.text, self.position if position is None else position, expected, incomplete)

    def unexpected(self, expected: str, position: int | None = None) -> WaveError:
        """The error ``expected this, found that`` at a position, by default at the next token."""
        if position is None:
            position = self.skip()
        if position >= len(self.text):
            return self.error(f"expected {expected}, found the end", position, expected=expected, incomplete=True)
        found = _FOUND.match(self.text, position)
        what = display((found[0].rstrip(":;") if found is not None else "") or self.text[position])
        return self.error(f"expected {expected}, found {what}", position, expected=expected)
