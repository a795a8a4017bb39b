"""Writing results and messages: the one way out for everything but received data, and failing streams end the command.

What is written for people is escaped here unless it is ``Printable``; see ``wasinet.render.printable``.
"""

from __future__ import annotations

import sys
from typing import Any

from wasinet.cli.settings import Settings
from wasinet.oscalls.interruption import interruptible
from wasinet.programs.events import LocalFailed
from wasinet.render.printable import printed

__all__ = ["results", "write_file", "write_json", "write_line"]


def results(settings: Settings) -> Any:
    """The stream for results: standard output, or standard error where the trace has taken the other."""
    return sys.stderr if settings.stdout_taken else sys.stdout


def write_line(stream: Any, text: str) -> None:
    """Write a line for people at once, whatever the locale can show of it; lines, where it is ``Printable``.

    Raises:
        LocalFailed: the stream does not take it.
    """
    _write(stream, printed(text), getattr(stream, "encoding", None) or "utf-8", "replace")


def write_json(stream: Any, text: str) -> None:
    """Write a line of JSON at once, in UTF-8 whatever the locale says.

    Raises:
        LocalFailed: the stream does not take it.
    """
    _write(stream, text, "utf-8", "backslashreplace")


def write_file(settings: Settings, path: str, text: str) -> None:
    """Write a file at once, in UTF-8; ``-`` is the stream for results.

    Raises:
        LocalFailed: it cannot be written.
    """
    if path == "-":
        _write(results(settings), text.removesuffix("\n"), "utf-8", "backslashreplace")
        return
    try:
        # A FIFO that nobody reads keeps open(2) waiting, and then write(2).
        with interruptible(), open(path, "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LocalFailed(f"write {path}", reason, getattr(error, "errno", None)) from error


def _write(stream: Any, text: str, encoding: str, errors: str) -> None:
    if stream is None:
        return
    try:
        raw = getattr(stream, "buffer", None)
        # A pipe that nobody reads takes no more.
        with interruptible():
            if raw is None:
                stream.write(f"{text}\n")
            else:
                stream.flush()
                raw.write(text.encode(encoding, errors) + b"\n")
            stream.flush()
    except OSError as error:
        name = "standard error" if stream is sys.stderr else "standard output"
        raise LocalFailed(f"write {name}", error.strerror or str(error), error.errno) from error
