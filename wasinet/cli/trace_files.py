"""Reading the trace file that a command was given."""

from __future__ import annotations

import sys

from wasinet.cli.values import BadValue
from wasinet.render.tracefile import Call, TraceError, read_trace

__all__ = ["read_calls"]


def read_calls(name: str) -> list[Call]:
    """The calls in a file; ``-`` is standard input.

    Raises:
        BadValue: it cannot be read, or a line of it is no record.
    """
    shown = "standard input" if name == "-" else name
    try:
        if name != "-":
            with open(name, encoding="utf-8") as file:
                return list(read_trace(file))
        if sys.stdin is None:
            raise BadValue("standard input is closed")
        return list(read_trace(line.decode() for line in sys.stdin.buffer))
    except TraceError as error:
        raise BadValue(f"{shown}:{error.line}: {error}") from None
    except UnicodeDecodeError as error:
        raise BadValue(f"{shown}: not UTF-8: {error.reason}") from None
    except (OSError, ValueError) as error:
        raise BadValue(f"{shown}: {getattr(error, 'strerror', None) or error}") from None
