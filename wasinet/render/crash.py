"""Errors of our own: one line for everybody, and Python's traceback for who asked for it."""

from __future__ import annotations

__all__ = ["internal_error", "traceback_lines"]

_LONGEST = 300


def internal_error(error: BaseException) -> str:
    """The line that says what happened, and how to learn more."""
    said = " ".join(str(error).split())[:_LONGEST]
    return f"internal error: {type(error).__name__}: {said}; run with --debug to see where"


def traceback_lines(error: BaseException) -> tuple[str, ...]:
    """The traceback. A message of several lines is one here: nothing that it says can pass for a line of ours."""
    import traceback

    lines: list[str] = []
    for part in traceback.format_exception(error):
        # A frame takes a line for its place and further ones for its code; all other parts are messages.
        lines += part.rstrip("\n").split("\n") if part.startswith("  File ") else (part.strip("\n"),)
    return tuple(lines)
