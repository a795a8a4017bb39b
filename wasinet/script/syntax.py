"""The shape of calls: text to statements with positions. Values stay text here; the declared types read them.

    script = target = callee(arguments) ; ...
    target = NAME | (NAME, NAME)
    callee = NAME | NAME.NAME | #3.NAME

Any text can be parsed: a statement with a mistake carries the error and what was understood of it, so
that a prompt can complete and explain what is still being typed.
"""

from __future__ import annotations

import re

from wasinet.wave.errors import WaveError
from wasinet.wave.lexer import Lexer
from wasinet.wave.text import cut
from wasinet.wit.data import Data

__all__ = ["BLANKS", "Name", "Place", "Script", "Statement", "is_name", "one_line", "parse", "place", "split_pipe"]

BLANKS = re.compile(r"(?:[ \t\n\r]++|//[^\n]*+|#(?=[ \t\n\r]|\Z)[^\n]*+)*")
"""What may stand between two tokens of the call language."""

_INLINE = re.compile(r"(?:[ \t\r]++|//[^\n]*+|#(?=[ \t\n\r]|\Z)[^\n]*+)*")
_SEPARATORS = re.compile(r"(?:[ \t\n\r;]++|//[^\n]*+|#(?=[ \t\n\r]|\Z)[^\n]*+)*")
_WORD = re.compile(r"[A-Za-z_%][A-Za-z0-9_%-]*")
_HANDLE = re.compile(r"#[0-9]{1,15}(?![A-Za-z0-9_-])")
_TYPED = re.compile(r"(?:#[0-9]*|[A-Za-z0-9_%-]*)\Z")
# Texts and comments, in which no bracket counts, and the characters that do.
_PIECE = re.compile(
    r'"""(?:[^"]++|"(?!""))*(?:"""|\Z)'
    r'|"(?:[^"\\\n]++|\\[^\n])*(?:"|(?=\n)|\\?\Z|\\(?=\n))'
    r"|'(?:\\u\{[^}\n]*+\}|\\[^\n]|[^'\\\n])'"
    r"|//[^\n]*+|#(?=[ \t\n\r]|\Z)[^\n]*+"
    r"|[()\[\]{},;|\n]"
)
# Columns of a path that a message shows.
_LONGEST = 60
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class Name(Data):
    """A word with its place; ``#3`` is one too."""

    text: str
    start: int
    end: int


class Statement(Data):
    """One call, as far as it was understood.

    Args:
        start: its first character.
        end: behind its last one.
        targets: the variables that it assigns.
        grouped: whether they stand in parentheses, for a tuple.
        path: the callee's parts: ``create-tcp-socket``, or ``s`` and ``start-bind``.
        open: the opening parenthesis, None where the text does not come so far.
        commas: those between its arguments.
        close: the closing parenthesis, None where it is missing.
        error: the first mistake, or None.
    """

    start: int
    end: int
    targets: tuple[Name, ...] = ()
    grouped: bool = False
    path: tuple[Name, ...] = ()
    open: int | None = None
    commas: tuple[int, ...] = ()
    close: int | None = None
    error: WaveError | None = None

    @property
    def callee(self) -> str:
        return ".".join(name.text for name in self.path)

    @property
    def calls(self) -> int:
        """Where the callee begins, behind the assignment."""
        return self.path[0].start if self.path else self.start


class Script(Data):
    """A text and its statements in order."""

    text: str
    statements: tuple[Statement, ...]

    @property
    def error(self) -> WaveError | None:
        """The first mistake, or None."""
        return next((s.error for s in self.statements if s.error is not None), None)

    @property
    def incomplete(self) -> bool:
        """Whether the text just ends within brackets, so that another line could complete it."""
        last = self.statements[-1] if self.statements else None
        return last is not None and last.open is not None and last.error is not None and last.error.incomplete


class _Parser(Lexer):
    BLANKS = BLANKS

    def inline(self) -> str:
        """Skip blanks on this line; gives the next character."""
        found = _INLINE.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return self.text[self.position : self.position + 1]

    def statements(self) -> tuple[Statement, ...]:
        found: list[Statement] = []
        while True:
            separators = _SEPARATORS.match(self.text, self.position)
            if separators is not None:
                self.position = separators.end()
            if self.position >= len(self.text):
                return tuple(found)
            found.append(self._statement())

    def _statement(self) -> Statement:
        start = self.position
        parts: dict[str, object] = {}
        try:
            self._parts(parts)
        except WaveError as error:
            parts["error"] = error
            self._recover()
        end = start + len(self.text[start : self.position].rstrip())
        return Statement(start, end, **parts)  # type: ignore[arg-type]

    def _parts(self, parts: dict[str, object]) -> None:
        first: Name | None = None
        if self.inline() == "(":
            parts["grouped"] = True
            names: list[Name] = []
            try:
                for _ in self.sequence("(", ")"):
                    self.skip()
                    names.append(self._name("the name of a variable"))
            finally:
                if names:
                    parts["targets"] = tuple(names)
            if not names:
                raise self.error("expected the names of variables between the parentheses", self.position - 1)
            if self.inline() != "=":
                raise self.unexpected("'=' and a call after the variables", self.position)
        else:
            first = self._name("a call, e.g. create-tcp-socket(ipv4)", handle=True)
            if self.inline() == "=":
                parts["targets"] = (first,)
        if self.text.startswith("=", self.position):
            if first is not None and first.text.startswith("#"):
                raise self.error("a handle cannot be assigned; give it a name", first.start)
            self.position += 1
            self.inline()
            first = self._name("a call, e.g. create-tcp-socket(ipv4)", handle=True)
        assert first is not None
        path = [first]
        try:
            while self.text.startswith(".", self.position):
                self.position += 1
                # The name may be still missing at a prompt, which then completes the member.
                path.append(self._name("the name of a function after the dot"))
        finally:
            parts["path"] = tuple(path)
        if self.inline() != "(":
            if first.text.startswith("#") and len(path) == 1:
                raise self.unexpected(f"'.' and a function after {first.text}", self.position)
            raise self.unexpected(f"'(' after {cut(parts_text(path), _LONGEST)}", self.position)
        self._arguments(parts)
        if self.inline() not in ("", ";", "\n"):
            raise self.unexpected("';' or a new line after a call", self.position)

    def _name(self, expected: str, *, handle: bool = False) -> Name:
        start = self.position
        found = (_HANDLE.match(self.text, start) if handle else None) or _WORD.match(self.text, start)
        if found is None:
            raise self.unexpected(expected, start)
        self.position = found.end()
        name = found[0]
        if not name.startswith("#") and not is_name(name):
            raise self.error(
                f"{name} is no name: words of letters and digits with hyphens between, e.g. my-socket", start
            )
        return Name(name, start, self.position)

    def _arguments(self, parts: dict[str, object]) -> None:
        opened = parts["open"] = self.position
        closing = [")"]
        commas: list[int] = []
        for piece in _PIECE.finditer(self.text, opened + 1):
            char = piece[0][0]
            if char == '"':
                if piece[0].count('"') == 1 or (piece[0][-1] != '"' and not piece[0].startswith('"""')):
                    self.position = piece.start()
                    raise self.error("this string has no closing quote on its line", expected='"')
            elif char in "([{":
                closing.append(_CLOSING[char])
            elif char in ")]}":
                self.position = piece.start()
                if char != closing[-1]:
                    raise self.unexpected(f"'{closing[-1]}'", piece.start())
                closing.pop()
                if not closing:
                    parts["close"] = piece.start()
                    self.position = piece.end()
                    return
            elif char == "," and len(closing) == 1:
                commas.append(piece.start())
                parts["commas"] = tuple(commas)
        self.position = len(self.text)
        raise self.unexpected(f"'{closing[-1]}'", len(self.text))

    def _recover(self) -> None:
        """Go to the end of the statement with the mistake."""
        depth = 0
        for piece in _PIECE.finditer(self.text, self.position):
            char = piece[0][0]
            depth += (char in "([{") - (char in ")]}")
            if char in ";\n" and depth <= 0:
                self.position = piece.start()
                return
        self.position = len(self.text)


def is_name(text: str) -> bool:
    """Whether a text can be a variable's name, but for those that are taken."""
    return Lexer(text).peek_word() == text != ""


def parts_text(path: list[Name]) -> str:
    return ".".join(name.text for name in path)


def parse(text: str) -> Script:
    """The statements of a text. Never raises: mistakes are in ``Script.error``."""
    return Script(text, _Parser(text).statements())


class Place(Data):
    """What stands at a cursor.

    Args:
        kind: ``start`` (a target or callee may begin here), ``member`` (a function after a dot),
            ``argument``, ``end`` (behind a call), or ``text`` (inside a string or comment).
        word: what has been typed of the word under the cursor.
        start: where that word begins.
        statement: the one that the cursor is in, or None between two.
        argument: the index of the argument, for that kind.
    """

    kind: str
    word: str
    start: int
    statement: Statement | None = None
    argument: int = 0


def place(script: Script, cursor: int) -> Place:
    """What stands at a cursor, 0 to the text's length."""
    text = script.text
    typed = _TYPED.search(text, 0, cursor)
    word = typed[0] if typed is not None else ""
    start = cursor - len(word)
    here = next((s for s in reversed(script.statements) if s.start <= cursor), None)
    for piece in _PIECE.finditer(text, here.start if here is not None else 0):
        if piece.start() >= cursor:
            break
        quoted = piece[0][0] in "\"'/#"
        if quoted and (cursor < piece.end() or (cursor == piece.end() and _runs_on(piece[0]))):
            return Place("text", word, start, here)
    if here is None:
        return Place("start", word, start)
    if here.close is not None and cursor > here.close:
        ended = any(char in text[here.end : cursor] for char in ";\n") and cursor > here.end
        return Place("start", word, start) if ended else Place("end", word, start, here)
    if here.open is not None and cursor > here.open:
        return Place("argument", word, start, here, sum(comma < cursor for comma in here.commas))
    if cursor > here.end and any(char in text[here.end : cursor] for char in ";\n"):
        return Place("start", word, start)
    return Place("member" if text[start - 1 : start] == "." else "start", word, start, here)


def _runs_on(piece: str) -> bool:
    """Whether what is typed behind this piece still belongs to it."""
    if piece[0] in "/#":
        return True
    quotes = '"""' if piece.startswith('"""') else piece[0]
    return len(piece) < 2 * len(quotes) or not piece.endswith(quotes)


def split_pipe(text: str) -> tuple[str, str | None]:
    """A text at its first ``|`` outside of strings, comments and brackets: what is before it, and behind it."""
    depth = 0
    for piece in _PIECE.finditer(text):
        char = piece[0][0]
        depth += (char in "([{") - (char in ")]}")
        if char == "|" and depth <= 0:
            return text[: piece.start()], text[piece.end() :]
    return text, None


def one_line(text: str) -> str:
    """A statement without comments and line ends, which says the same."""
    line = ""
    done = 0
    joint = False

    def add(part: str) -> None:
        nonlocal line, joint
        if joint:
            line, part = line.rstrip(), part.lstrip()
            if part:
                line += "" if not line or line[-1] in "([{" or part[0] in ")]}" else " "
                joint = False
        line += part

    for piece in _PIECE.finditer(text):
        found = piece[0]
        if found.startswith(("//", "#", "\n")):
            add(text[done : piece.start()])
            joint = True
        elif found.startswith('"""'):
            add(text[done : piece.start()])
            add(_Flat(text, piece.start()).flat())
        else:
            continue
        done = piece.end()
    add(text[done:])
    return line.strip()


class _Flat(Lexer):
    """Writes a multi-line string on one line, with the escapes that it has: the type decides what they mean."""

    # Takes the place of an escape: no string can hold one.
    _MARK = "\ud800"

    def flat(self) -> str:
        from wasinet.wave.text import string_text

        self._escapes: list[str] = []
        parts = self.string("a string").split(self._MARK)
        texts = [string_text(part)[1:-1] for part in parts]
        return '"' + "".join(text + escape for text, escape in zip(texts, [*self._escapes, ""], strict=True)) + '"'

    def escape(self) -> str:
        start = self.position
        if self.text.startswith("\\x", start):
            self.position += 2
        else:
            super().escape()
        self._escapes.append(self.text[start : self.position])
        return self._MARK
