"""What a program has of its surroundings: standard streams, terminals, random bytes, clocks, and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from wasinet.engine.faults import Trap
from wasinet.engine.program import Exit, Program
from wasinet.engine.resource import Resource
from wasinet.engine.streams import FileOwner, InputStream, OutputStream, Reader, Writer
from wasinet.oscalls.files import Nowhere
from wasinet.wit.values import Ok, Some, Value

if TYPE_CHECKING:
    from wasinet.engine.context import Context

__all__ = [
    "MOST_RANDOM_BYTES",
    "StandardStreams",
    "TerminalInput",
    "TerminalOutput",
    "end",
    "end_with_code",
    "random_bytes",
    "random_u64",
    "seed",
    "time_of_day",
    "timezone",
]

MOST_RANDOM_BYTES = 64 * 1024 * 1024
"""The most that one call gives."""


class TerminalInput(Resource):
    """A ``terminal-input``: an input that is a terminal."""

    kind = "terminal-input"
    engine: Context


class TerminalOutput(Resource):
    """A ``terminal-output``: an output that is a terminal."""

    kind = "terminal-output"
    engine: Context


class _SharedReader(Reader):
    """A direction that any number of streams read."""

    def __init__(self, engine: Context, file: Any, owner: FileOwner) -> None:
        Reader.__init__(self, engine, file, owner)
        self.streams: WeakSet[Resource] = WeakSet()

    def touch(self) -> None:
        for stream in self.streams:
            stream.touch()


class _SharedWriter(Writer):
    """A direction that any number of streams write."""

    def __init__(self, engine: Context, file: Any, owner: FileOwner) -> None:
        Writer.__init__(self, engine, file, owner)
        self.streams: WeakSet[Resource] = WeakSet()

    def touch(self) -> None:
        for stream in self.streams:
            stream.touch()


class StandardStreams:
    """Standard input, output and error, each opened when the program first asks for it.

    The handles of one of them share its state: its end, its failure, and what waits to be written.
    """

    def __init__(self, engine: Context, program: Program) -> None:
        self._engine = engine
        self._program = program
        self._reader: _SharedReader | None = None
        self._writers: dict[str, _SharedWriter] = {}

    def _open(self, fd: int | None, *, writable: bool) -> tuple[Any, FileOwner]:
        file = Nowhere() if fd is None else self._engine.os.open_stream(fd, writable=writable)
        owner = FileOwner(file)
        # The program's own hold, so that dropping every handle loses neither the state nor the file.
        self._engine.held.append(owner.release)
        return file, owner

    def stdin(self) -> int:
        """A new handle of standard input. Raises OSError where its descriptor is closed."""
        reader = self._reader
        if reader is None:
            reader = self._reader = _SharedReader(self._engine, *self._open(self._program.stdin, writable=False))
        reader.owner.hold()
        stream = InputStream(self._engine, reader)
        reader.streams.add(stream)
        return stream.handle

    def output(self, name: str) -> int:
        """A new handle of ``stdout`` or ``stderr``. Raises OSError where its descriptor is closed."""
        writer = self._writers.get(name)
        if writer is None:
            opened = self._open(getattr(self._program, name), writable=True)
            writer = self._writers[name] = _SharedWriter(self._engine, *opened)
        writer.owner.hold()
        stream = OutputStream(self._engine, writer)
        writer.streams.add(stream)
        return stream.handle

    def terminal(self, name: str) -> Some | None:
        """A handle that says that ``stdin``, ``stdout`` or ``stderr`` is a terminal; None if it is none."""
        fd = getattr(self._program, name)
        if fd is None or not self._engine.os.is_terminal(fd):
            return None
        make = TerminalInput if name == "stdin" else TerminalOutput
        return Some(make(self._engine).handle)

    def effects(self) -> dict[str, Callable[[Context], Value]]:
        """What the functions about the streams do, by qualified name."""
        return {
            "stdin.get-stdin": lambda engine: self.stdin(),
            "stdout.get-stdout": lambda engine: self.output("stdout"),
            "stderr.get-stderr": lambda engine: self.output("stderr"),
            "terminal-stdin.get-terminal-stdin": lambda engine: self.terminal("stdin"),
            "terminal-stdout.get-terminal-stdout": lambda engine: self.terminal("stdout"),
            "terminal-stderr.get-terminal-stderr": lambda engine: self.terminal("stderr"),
        }


# The end


def end(engine: Context, status: Value) -> None:
    """End the program, well for ``ok``. Raises Exit."""
    raise Exit(0 if status.__class__ is Ok else 1)


def end_with_code(engine: Context, code: int) -> None:
    """End the program with this exit code. Raises Exit."""
    raise Exit(code)


# Random numbers


def random_bytes(engine: Context, count: int) -> bytes:
    """``count`` bytes that nobody can predict. Raises Trap for more than ``MOST_RANDOM_BYTES``."""
    if count > MOST_RANDOM_BYTES:
        raise Trap(
            f"{count} random bytes asked for, and one call gives {MOST_RANDOM_BYTES} at the most",
            "random.get-random-bytes",
        )
    return engine.os.random_bytes(count)


def random_u64(engine: Context) -> int:
    """A number that nobody can predict."""
    return int.from_bytes(engine.os.random_bytes(8), "big")


def seed(engine: Context) -> tuple[int, int]:
    """128 bits for a hash map."""
    return random_u64(engine), random_u64(engine)


# The time of day


def time_of_day(engine: Context) -> dict[str, int]:
    """A ``datetime``: the time since 1970 began."""
    seconds, nanoseconds = divmod(max(engine.os.wall_ns(), 0), 10**9)
    return {"seconds": seconds, "nanoseconds": nanoseconds}


def timezone(engine: Context, when: dict[str, int]) -> dict[str, Value]:
    """A ``timezone-display`` of a moment; UTC where the calendar does not reach."""
    try:
        local = engine.os.local_time(when["seconds"])
    except (OverflowError, OSError, ValueError):
        return {"utc-offset": 0, "name": "UTC", "in-daylight-saving-time": False}
    return {"utc-offset": local.tm_gmtoff, "name": local.tm_zone, "in-daylight-saving-time": local.tm_isdst > 0}
