"""What one run of a program is given, and how it ends itself."""

from __future__ import annotations

from wasinet.wit.data import Data

__all__ = ["Exit", "Preopen", "Program"]


class Preopen(Data):
    """A folder that the program has from the start.

    Args:
        host: its path on this machine.
        guest: the path by which the program knows it.
        read_only: nothing in it may be changed.
    """

    host: str
    guest: str
    read_only: bool


class Program(Data):
    """What one run of a program is given.

    Args:
        arguments: its own name first.
        environment: names and values.
        cwd: the path, one of the program's own, that it starts in; None for no such path.
        stdin: the descriptor of this process, or None for an input that is at its end.
        stdout: the descriptor, or None for an output that forgets what is written.
        stderr: the same.
        preopens: all of the filesystem that it has.
    """

    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    cwd: str | None = None
    stdin: int | None = None
    stdout: int | None = 1
    stderr: int | None = 2
    preopens: tuple[Preopen, ...] = ()


class Exit(BaseException):
    """The program has ended itself.

    It is no ``Exception``: nothing between the call and whoever runs the program may take it for an error.

    Args:
        code: its exit code, 0 to 255.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
