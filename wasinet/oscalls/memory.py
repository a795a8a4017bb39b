"""Memory of this process: address space reserved at once and used piece by piece, and its growth."""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import Any, Self

__all__ = ["GrowthWatch", "Reservation"]

_FAILED = ctypes.c_void_p(-1).value
_NONE = 0
# Reserving 4 GiB for a memory of 1 MiB is no promise to use them.
_FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)


@cache
def _library() -> Any:
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = (
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int),
        ctypes.c_long,
    )
    library.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    library.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    return library


class Reservation:
    """A range of addresses, of which the beginning can be used (mmap(2), mprotect(2)).

    Args:
        size: bytes, a multiple of the page size.

    Attributes:
        address: where it begins.

    Raises:
        OSError: there is no such range.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        address = _library().mmap(None, size, _NONE, _FLAGS, -1, 0)
        if address == _FAILED:
            raise _error()
        self.address: int = address

    def use(self, size: int) -> None:
        """Make the first bytes readable and writable, rounded up to a page. Raises OSError."""
        pages = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        if pages and _library().mprotect(self.address, pages, mmap.PROT_READ | mmap.PROT_WRITE):
            raise _error()

    def release(self) -> None:
        """Give the range back; nothing may use it any more."""
        _library().munmap(self.address, self.size)


class GrowthWatch:
    """While entered, calls ``notify`` once from another thread when this process has grown by too much.

    Args:
        expected: how many bytes of growth are accounted for now; the largest answer so far counts.
        more: how many bytes beyond that are allowed.
        notify: called at most once.

    Attributes:
        exceeded: whether it was called. Never where the platform does not tell a process's size.
    """

    def __init__(self, expected: Callable[[], int], more: int, notify: Callable[[], None]) -> None:
        self._expected = expected
        self._more = more
        self._notify = notify
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="growth watch", daemon=True)
        self.exceeded = False

    def __enter__(self) -> Self:
        self._before = _resident()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        expected = 0
        while not self._done.wait(_INTERVAL):
            expected = max(expected, self._expected())
            if _resident() - self._before > expected + self._more:
                self.exceeded = True
                self._notify()
                return


_INTERVAL = 0.1


def _resident() -> int:
    """Bytes of this process that are in memory (proc(5), statm); 0 where the platform does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * mmap.PAGESIZE
    except OSError:
        return 0


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
