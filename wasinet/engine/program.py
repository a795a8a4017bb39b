"""What a program has of its surroundings: arguments, variables, standard streams, random bytes, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasinet.engine.resource import Resource
from wasinet.engine.streams import FileOwner, InputStream, OutputStream, Owner, Reader, Writer
from wasinet.wit.data import Data
from wasinet.wit.values import Err, Ok, Some, Value

if TYPE_CHECKING:
    from wasinet.engine.engine import Engine

__all__ = ["Exited", "Folder", "Program", "TerminalInput", "TerminalOutput", "random_bytes", "random_u64", "seed"]


class Exited(SystemExit):
    """The program has ended itself; ``code`` is its exit code."""


class Folder(Data):
    """A folder that the program is given.

    Args:
        host: its path on this machine.
        guest: the path by which the program knows it.
        writable: whether the program may change what is in it.
    """

    host: str
    guest: str
    writable: bool = True


class Program(Data):
    """What the program is given.

    Args:
        arguments: its own name first.
        environment: names and values.
        folders: all of the filesystem that it has.
        stdin: the descriptor, or None for an input that has ended before it began.
        stdout: the descriptor.
        stderr: the descriptor.
    """

    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    folders: tuple[Folder, ...] = ()
    stdin: int | None = 0
    stdout: int = 1
    stderr: int = 2

    # The functions of wasi:cli, called with the engine

    @staticmethod
    def get_environment(engine: Engine) -> list[Value]:
        return list(engine.program.environment)

    @staticmethod
    def get_arguments(engine: Engine) -> list[Value]:
        return list(engine.program.arguments)

    @staticmethod
    def initial_cwd(engine: Engine) -> Some | None:
        """Where relative paths start: nowhere, as the folders have names of their own."""
        return None

    @staticmethod
    def exit(engine: Engine, status: Ok | Err) -> None:
        """End the program. Raises Exited."""
        raise Exited(0 if status.__class__ is Ok else 1)

    @staticmethod
    def exit_with_code(engine: Engine, code: int) -> None:
        """End the program. Raises Exited."""
        raise Exited(code)

    @staticmethod
    def get_stdin(engine: Engine) -> int:
        fd = engine.program.stdin
        if fd is None:
            reader = Reader(engine, None, Owner())
            reader.ended = True
        else:
            reader = open_reader(engine, fd)
        return InputStream(engine, reader).handle

    @staticmethod
    def get_stdout(engine: Engine) -> int:
        return OutputStream(engine, open_writer(engine, engine.program.stdout)).handle

    @staticmethod
    def get_stderr(engine: Engine) -> int:
        return OutputStream(engine, open_writer(engine, engine.program.stderr)).handle

    @staticmethod
    def get_terminal_stdin(engine: Engine) -> Some | None:
        fd = engine.program.stdin
        return Some(TerminalInput(engine).handle) if fd is not None and engine.os.is_terminal(fd) else None

    @staticmethod
    def get_terminal_stdout(engine: Engine) -> Some | None:
        return Some(TerminalOutput(engine).handle) if engine.os.is_terminal(engine.program.stdout) else None

    @staticmethod
    def get_terminal_stderr(engine: Engine) -> Some | None:
        return Some(TerminalOutput(engine).handle) if engine.os.is_terminal(engine.program.stderr) else None


class TerminalInput(Resource):
    """A ``terminal-input``: that standard input is a terminal."""

    kind = "terminal-input"


class TerminalOutput(Resource):
    """A ``terminal-output``: that an output is a terminal."""

    kind = "terminal-output"


def open_reader(engine: Engine, fd: int) -> Reader:
    """The receiving direction of a standard stream."""
    file = engine.os.open_stream(fd, writable=False)
    return Reader(engine, file, FileOwner(file))


def open_writer(engine: Engine, fd: int) -> Writer:
    """The sending direction of a standard stream."""
    file = engine.os.open_stream(fd, writable=True)
    return Writer(engine, file, FileOwner(file))


def random_bytes(engine: Engine, count: int) -> bytes:
    """``count`` bytes that nobody can predict.

    Raises:
        Trap: more than any program can want at once.
    """
    return engine.os.random_bytes(count)


def random_u64(engine: Engine) -> int:
    """A number that nobody can predict."""
    return int.from_bytes(random_bytes(engine, 8), "big")


def seed(engine: Engine) -> tuple[int, int]:
    """128 bits for a hash map."""
    return random_u64(engine), random_u64(engine)
