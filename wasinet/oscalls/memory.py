"""Address space that is reserved at once and made usable piece by piece (mmap(2), mprotect(2))."""

from __future__ import annotations

import ctypes
import mmap
import os
from functools import cache
from typing import Any

__all__ = ["Reservation"]

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
    """A range of addresses, of which the beginning can be used.

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


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
