"""Errors of our own: one line for everybody, and Python's traceback for who asked for it."""

from __future__ import annotations

__all__ = ["internal_error", "traceback_lines"]

_LONGEST = 300


def internal_error(error: BaseException) -> str:
    """The line that says what happened, and how to learn more."""
    said = " ".join(str(error).split())[:_LONGEST]
    return f"internal error: {type(error).__name__}: {said}; run with --debug to see where"


def traceback_lines(error: BaseException) -> tuple[str, ...]:
    """The traceback, in which a message is one line and notes are indented: neither can pass for a line of ours."""
    from traceback import TracebackException

    told = TracebackException.from_exception(error)
    told.__notes__ = None
    lines: list[str] = []
    for part in told.format():
        # A frame takes a line for its place and further ones for its code; all other parts are messages.
        lines += part.rstrip("\n").split("\n") if part.startswith("  File ") else (part.strip("\n"),)
    for note in getattr(error, "__notes__", ()):
        lines += (f"    {line}" for line in note.split("\n"))
    return tuple(lines)
