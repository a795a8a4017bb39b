"""The standard streams at the start and the end of the process, where closed or broken ones surprise."""

from __future__ import annotations

import errno
import os
import sys

__all__ = ["failed", "finish", "guard"]


def guard() -> None:
    """Fill the places of standard streams that were closed when the process began.

    Otherwise the first socket would become standard output. What stands in fails as the closed
    stream would: the opening mode is the wrong one for its use.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    for fd, stream, mode in ((0, sys.stdin, os.O_WRONLY), (1, sys.stdout, os.O_RDONLY), (2, sys.stderr, os.O_WRONLY)):
        if stream is None and not _is_open(fd):
            opened = os.open(os.devnull, mode)
            if opened != fd:
                os.dup2(opened, fd)
                os.close(opened)
    # None would make print choose the other stream.
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def finish(code: int) -> int:
    """Flush what was printed; gives the exit code, another one if that could not be delivered."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError) as error:
            _silence(stream)
            if stream is sys.stdout:
                code = code or failed(error)
    return code


def failed(error: Exception) -> int:
    """The exit code of a standard output that takes nothing, said on standard error."""
    number = getattr(error, "errno", None)
    if number == errno.EPIPE:
        return 141
    try:
        print(f"wasinet: write standard output: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
    except (OSError, ValueError):
        # Nobody listens; the exit code still tells.
        pass
    return 1


def _silence(stream: object) -> None:
    """Let the interpreter's own last flush go nowhere, so that it has nothing to complain about."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1 if stream is sys.stdout else 2)
        os.close(null)
    except OSError:
        pass
