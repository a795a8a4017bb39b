"""The two error codes of the draft, in the order of the enum."""

from __future__ import annotations

from wasinet.wit.declare import ErrorCode

__all__ = ["CODES"]

CODES = (
    ErrorCode(
        "unknown",
        "The call failed; the draft tells no more.",
        "Read the precise reason that wasinet shows beside the code.",
    ),
    ErrorCode(
        "again",
        "The call would have to wait, and its socket or stream is in non-blocking mode.",
        "Subscribe, wait for the pollable with poll-oneoff, then make the same call again.",
    ),
)
