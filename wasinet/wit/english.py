"""Numbers in sentences."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, noun: str) -> str:
    """``1 datagram``, ``2 datagrams``, ``0 bytes``: a number and what it counts, a regular noun in the singular."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
