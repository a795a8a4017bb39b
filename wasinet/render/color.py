"""Where colour is wanted, and how wide the page is: decided here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

__all__ = ["DEFAULT_WIDTH", "is_terminal", "wants_color", "width_of"]

DEFAULT_WIDTH = 80


def is_terminal(stream: Any) -> bool:
    """Whether the stream is a terminal; closed streams are none."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError, OSError):
        return False


def wants_color(choice: str, stream: Any, environ: Mapping[str, str] | None = None) -> bool:
    """Whether to colour what goes to this stream.

    ``always`` and ``never`` decide alone. For ``auto``, FORCE_COLOR goes before NO_COLOR (both
    count when not empty), then ``TERM=dumb``, then whether the stream is a terminal.
    """
    if choice != "auto":
        return choice == "always"
    environ = os.environ if environ is None else environ
    if environ.get("FORCE_COLOR"):
        return True
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def width_of(stream: Any, environ: Mapping[str, str] | None = None) -> int:
    """The columns of the terminal behind the stream; COLUMNS goes before, 80 where nothing is known."""
    environ = os.environ if environ is None else environ
    columns = environ.get("COLUMNS", "")
    if columns.isdecimal() and len(columns) < 5 and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    except (AttributeError, ValueError, OSError):
        return DEFAULT_WIDTH
