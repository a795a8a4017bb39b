"""Moving bytes between two descriptors inside the kernel."""

from __future__ import annotations

import os
import sys

__all__ = ["Relay", "can_relay"]

# A pipe holds this much once it is asked to; more gains nothing and is denied to ordinary users.
_PIPE_SIZE = 1 << 20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, fcntl(2); the fcntl module has the name only since Python 3.10


def can_relay() -> bool:
    """Whether this platform has splice(2)."""
    return sys.platform == "linux" and hasattr(os, "splice")


class Relay:
    """A pipe between two descriptors: splice(2) needs one in the middle to move bytes without a copy.

    ``held`` is how many bytes are in it. Not closing it leaks two descriptors.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self.held = 0
        try:
            import fcntl

            fcntl.fcntl(self._writer, _SET_PIPE_SIZE, _PIPE_SIZE)
        except OSError:
            # The default size is slower, and that is all.
            pass

    def fill(self, source: int, count: int = _PIPE_SIZE) -> int:
        """Take bytes from a descriptor; how many, 0 at its end. Raises BlockingIOError."""
        moved = os.splice(source, self._writer, count, flags=os.SPLICE_F_NONBLOCK | os.SPLICE_F_MOVE)
        self.held += moved
        return moved

    def empty(self, sink: int) -> int:
        """Give what is held to a descriptor; how many bytes went. Raises BlockingIOError."""
        moved = os.splice(self._reader, sink, self.held, flags=os.SPLICE_F_NONBLOCK | os.SPLICE_F_MOVE)
        self.held -= moved
        return moved

    def rest(self) -> bytes:
        """Take out what is held, for a caller that cannot go on."""
        # Not as many as are counted: Ctrl-C may have come between a splice and its count.
        os.set_blocking(self._reader, False)
        self.held = 0
        pieces = []
        try:
            while piece := os.read(self._reader, _PIPE_SIZE):
                pieces.append(piece)
        except BlockingIOError:
            pass
        return b"".join(pieces)

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)
