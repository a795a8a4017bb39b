"""Reading the trace file that a command was given."""

from __future__ import annotations

import sys

from wasinet.cli.values import BadValue
from wasinet.oscalls.documents import lines_of
from wasinet.render.tracefile import Call, TraceError, read_trace

__all__ = ["read_calls"]

# A line holds what one call moved, a MiB or so of data.
_LONGEST = 64 << 20
_MOST = 4 << 30


def read_calls(name: str) -> list[Call]:
    """The calls in a file; ``-`` is standard input.

    Raises:
        BadValue: it cannot be read, or a line of it is no record.
    """
    shown = "standard input" if name == "-" else name
    try:
        if name != "-":
            with open(name, "rb") as file:
                return list(read_trace(lines_of(file, _LONGEST, _MOST)))
        if sys.stdin is None:
            raise BadValue("standard input is closed")
        return list(read_trace(lines_of(sys.stdin.buffer, _LONGEST, _MOST)))
    except TraceError as error:
        raise BadValue(f"{shown}:{error.line}: {error}") from None
    except OSError as error:
        raise BadValue(f"{shown}: {error.strerror or error}") from None
    except MemoryError:
        raise BadValue(f"{shown}: too large for the memory that there is") from None
