"""Transcripts: calls in a file with what is expected of them, read and checked before anything runs.

# A comment.
%world 0.2
%timeout 5s
%network fenced tcp-bind:127.0.0.1 deny:tcp-connect
> s = create-tcp-socket(ipv4)
< ok(_)
> !retry (rx, tx) = s.finish-connect()
< ok(_) | err(connection-refused)
"""

from __future__ import annotations

from pathlib import Path

from wasinet import wit
from wasinet.engine.policy import PolicyError
from wasinet.hosts import DEFAULT_HOST, HOST_NAMES, network_policy
from wasinet.oscalls.documents import read_whole
from wasinet.script.binding import Bound, Types, bind
from wasinet.script.names import Names, names_of, near
from wasinet.script.pattern import Expectation, read_expectation
from wasinet.script.reader import ValueReader
from wasinet.script.syntax import is_name, parse
from wasinet.wave.errors import WaveError
from wasinet.wave.text import printable
from wasinet.wit.data import Data
from wasinet.wit.types import U64, Alias

__all__ = ["MOST", "SUFFIX", "CallLine", "NetworkLine", "Transcript", "TranscriptError", "read_file", "read_text"]

SUFFIX = ".wasinet"

MOST = 16 << 20
"""The most bytes of calls that are read from one file."""

_TIMEOUT = 5.0
_DURATION = Alias("duration", U64)
_RETRY = "!retry"
_DIRECTIVES = ("world", "host", "timeout", "network")


class TranscriptError(ValueError):
    """A file that is no transcript.

    Attributes:
        path: as it was given.
        error: what is wrong and where.
    """

    def __init__(self, path: str, error: WaveError) -> None:
        super().__init__(path, error)
        self.path = path
        self.error = error

    @property
    def lines(self) -> tuple[str, ...]:
        """``FILE:3:14: what is wrong``, then the line and a caret under the place."""
        error = self.error
        if not error.text:
            return (f"{self.path}: {error.message}",)
        line = error.text.split("\n")[error.line - 1]
        place = WaveError(error.message, line, min(error.column - 1, len(line))).place()
        return f"{self.path}:{error.line}:{error.column}: {error.message}", *place

    def __str__(self) -> str:
        return "\n".join(map(printable, self.lines))


class CallLine(Data):
    """A ``>`` line, with the ``<`` line under it.

    Args:
        line: its number, from 1.
        source: the call, as written.
        bound: the call, read.
        retry: whether to repeat it while the outcome says that it is too early.
        timeout: how many seconds at the most.
        expected: what is expected, or None.
        expected_line: the number of that line, 0 for none.
        expected_at: where in the file's text the line's expectation begins.
        expected_source: the expectation as written.
    """

    line: int
    source: str
    bound: Bound
    retry: bool
    timeout: float
    expected: Expectation | None = None
    expected_line: int = 0
    expected_at: int = 0
    expected_source: str = ""


class NetworkLine(Data):
    """A ``%network`` line: the variable to make, and its rules."""

    line: int
    name: str
    rules: tuple[str, ...]


class Transcript(Data):
    """A transcript that can run.

    Args:
        path: where it was read from, for messages.
        text: all of it.
        world: the name of the world that it is for.
        host: and of the host; empty where the file leaves that to who runs it.
        lines: the calls and networks in order.
    """

    path: str
    text: str
    world: str
    host: str
    lines: tuple[CallLine | NetworkLine, ...]

    @classmethod
    def parse(cls, text: str, path: str = "transcript", world: str = "", host: str = "") -> Transcript:
        """Read a transcript.

        Args:
            text: the file's content.
            path: its name, for messages.
            world: for a file that names none.
            host: likewise.

        Raises:
            TranscriptError: with the first mistake.
        """
        try:
            return _Parser(text, path, world or wit.DEFAULT_WORLD, host).transcript()
        except WaveError as error:
            raise TranscriptError(path, error) from None


def read_text(path: str | Path) -> str:
    """The text of a file of calls.

    Raises:
        TranscriptError: it cannot be read.
    """
    try:
        return read_whole(path, MOST).decode()
    except OSError as error:
        raise TranscriptError(str(path), WaveError(f"cannot be read: {error.strerror or error}")) from None
    except UnicodeDecodeError as error:
        raise TranscriptError(str(path), WaveError(f"is not UTF-8: {error.reason} at byte {error.start}")) from None


def read_file(path: str | Path, world: str = "", host: str = "") -> Transcript:
    """Read a transcript from a file.

    Raises:
        TranscriptError: the file cannot be read, or is no transcript.
    """
    return Transcript.parse(read_text(path), str(path), world, host)


class _Parser:
    def __init__(self, text: str, path: str, world: str, host: str) -> None:
        self.text = text
        self.path = path
        self.world = world
        self.host = host
        self.timeout = _TIMEOUT
        self.lines: list[CallLine | NetworkLine] = []
        self.types: Types | None = None
        self.names: Names | None = None

    def transcript(self) -> Transcript:
        # A byte order mark is no part of the first line.
        at = 1 if self.text.startswith("\ufeff") else 0
        for number, raw in enumerate(self.text[at:].split("\n"), 1):
            line = raw.rstrip("\r")
            mark = line[:1]
            if mark not in ("", "#") and line.strip():
                self._line(number, line, mark, at)
            at += len(raw) + 1
        return Transcript(self.path, self.text, self.world, self.host, tuple(self.lines))

    def _line(self, number: int, line: str, mark: str, at: int) -> None:
        read = {">": self._call, "<": self._expect, "%": self._directive}.get(mark)
        if read is None:
            raise WaveError("expected '> call', '< outcome', '%directive' or '# comment'", self.text, at)
        inside = 1 if mark == "%" else len(line) - len(line[1:].lstrip())
        try:
            read(number, line[inside:], at + inside)
        except WaveError as error:
            place = at + inside + min(error.position, len(line) - inside)
            raise WaveError(error.message, self.text, place, error.expected) from None

    def _scope(self) -> tuple[Names, Types]:
        if self.names is None or self.types is None:
            self.names = names_of(wit.load(self.world))
            self.types = Types(self.names)
        return self.names, self.types

    def _call(self, number: int, source: str, at: int) -> None:
        names, types = self._scope()
        retry = source.startswith(_RETRY) and source[len(_RETRY) : len(_RETRY) + 1] in ("", " ", "\t")
        # Blanked and not cut off, so that positions stay.
        text = " " * len(_RETRY) + source[len(_RETRY) :] if retry else source
        if source.startswith("!") and not retry:
            raise WaveError(f"expected {_RETRY} or a call", source, 0, _RETRY)
        script = parse(text)
        if not script.statements:
            raise WaveError("expected a call", source, len(source.rstrip()))
        if len(script.statements) > 1:
            raise WaveError("one call a line", source, script.statements[1].start)
        bound = bind(text, script.statements[0], names, types)
        if retry and "subscribe" not in names.methods.get(bound.receiver or "", {}):
            what = bound.receiver or "no receiver"
            raise WaveError(f"{_RETRY} waits for the receiver's pollable, and {what} has none", source, 0)
        self.lines.append(CallLine(number, source.rstrip(), bound, retry, self.timeout))

    def _expect(self, number: int, source: str, at: int) -> None:
        last = self.lines[-1] if self.lines else None
        if not isinstance(last, CallLine):
            raise WaveError("an expectation stands under its call", source, 0)
        if last.expected is not None:
            raise WaveError("a call has one expectation; alternatives are separated by |", source, 0)
        _, types = self._scope()
        expected = read_expectation(source, last.bound.function.result, types)
        written = source[expected.start : expected.end]
        self.lines[-1] = CallLine(
            last.line, last.source, last.bound, last.retry, last.timeout, expected, number, at + expected.start, written
        )

    def _directive(self, number: int, source: str, at: int) -> None:
        name, _, rest = source.partition(" ")
        value_at = len(name) + 1 + len(rest) - len(rest.lstrip())
        value = rest.strip()
        match name:
            case "world" | "host" if self.lines:
                raise WaveError(f"%{name} stands before the first call", source, 0)
            case "world":
                if value not in wit.WORLD_NAMES:
                    raise WaveError(f"expected a world: {', '.join(wit.WORLD_NAMES)}", source, value_at)
                self.world, self.names, self.types = value, None, None
            case "host":
                if value not in HOST_NAMES:
                    raise WaveError(f"expected a host: {', '.join(HOST_NAMES)}", source, value_at)
                self.host = value or DEFAULT_HOST
            case "timeout":
                reader = ValueReader(source, value_at)
                self.timeout = reader.read(_DURATION) / 1e9
                reader.finish()
            case "network":
                self._network(number, source, value_at, value.split())
            case _:
                offer = near(name, _DIRECTIVES) or f"; there is {', '.join(f'%{d}' for d in _DIRECTIVES)}"
                raise WaveError(f"no directive is named %{name}{offer}", source, 0)

    def _network(self, number: int, source: str, at: int, words: list[str]) -> None:
        names, types = self._scope()
        if not words:
            raise WaveError("expected a name for the network, and its rules", source, at)
        if not is_name(words[0]) or words[0].startswith("%") or names.network is None:
            raise WaveError(f"{words[0]} is no name for a network", source, at)
        if words[0] in names.reserved:
            raise WaveError(f"{words[0]} is {names.reserved[words[0]]} and cannot be assigned", source, at)
        for rule in words[1:]:
            try:
                network_policy([rule])
            except PolicyError as error:
                raise WaveError(str(error), source, source.index(rule, at)) from None
        types.types[words[0]] = names.network
        self.lines.append(NetworkLine(number, words[0], tuple(words[1:])))
