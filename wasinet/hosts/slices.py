"""Waiting in Wasmtime, in slices.

A wait in Wasmtime returns for no signal, and Python handles signals only between its own steps: a
timer of ours among the pollables brings each wait back after a moment. It serves many waits: a
program that is busy pays for a new one only every ``SLICE`` seconds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from time import monotonic

from wasinet.hosts.forwarder import BASE, result_base
from wasinet.hosts.runtime import Instance
from wasinet.oscalls.interruption import checkpoint

__all__ = ["SLICE", "Slices"]

SLICE = 0.05
"""How many seconds a Ctrl-C may have to wait."""

_INDEX = struct.Struct("<I")
_NANOSECONDS = struct.Struct("<Q")
_LIST = struct.Struct("<II")


class Slices:
    """Waits on the pollables of an instance, which are given by their indexes in it."""

    def __init__(self, instance: Instance) -> None:
        self._forward = instance.function("poll-poll")
        self._subscribe = instance.function("monotonic-clock-subscribe-duration")
        self._drop = instance.function("drop-pollable")
        self._timer: int | None = None

    def wait(self, pollables: Sequence[int], deadline: float | None = None) -> list[int]:
        """Wait until one is ready.

        Args:
            pollables: indexes in the instance.
            deadline: of ``time.monotonic``; None for however long it takes.

        Returns:
            Which are ready, by position; empty only when the deadline came first.
        """
        own = len(pollables)
        while True:
            checkpoint()
            left = SLICE if deadline is None else max(deadline - monotonic(), 0.0)
            if left < SLICE:
                timer = self._after(left)
                try:
                    ready = self._look([*pollables, timer])
                finally:
                    self._drop(_INDEX.pack(timer))
            else:
                if self._timer is None:
                    self._timer = self._after(SLICE)
                ready = self._look([*pollables, self._timer])
                if own in ready:
                    timer, self._timer = self._timer, None
                    self._drop(_INDEX.pack(timer))
            if own in ready:
                ready.remove(own)
            if ready or left == 0:
                return ready

    def _after(self, seconds: float) -> int:
        index: int = _INDEX.unpack_from(self._subscribe(_NANOSECONDS.pack(round(seconds * 1e9))))[0]
        return index

    def _look(self, indexes: list[int]) -> list[int]:
        return poll(self._forward, indexes)


def poll(forward: Callable[[bytes], bytes], indexes: Sequence[int]) -> list[int]:
    """The function ``poll`` itself, by the indexes of the instance."""
    count = len(indexes)
    block = struct.pack(f"<II{count}I", BASE + _LIST.size, count, *indexes)
    result = forward(block)
    address, found = _LIST.unpack_from(result)
    return list(struct.unpack_from(f"<{found}I", result, address - result_base(len(block))))
