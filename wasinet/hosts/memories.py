"""A guest's linear memories, allocated here so that one limit holds for all of them together.

Wasmtime's own limit is per memory, and it tells nobody that a ``memory.grow`` has failed.
"""

from __future__ import annotations

import ctypes
import sys
from itertools import count
from typing import Any

from wasmtime import _bindings

from wasinet.oscalls.memory import Reservation

c: Any = _bindings

__all__ = ["REFUSED", "Memories"]

REFUSED = "all memories together"
"""How the error begins that Wasmtime passes on where an instance may not have its memory."""

_address = ctypes.c_size_t
# As the library declares them (wasmtime/config.h), with addresses as plain numbers.
_NEW = ctypes.CFUNCTYPE(_address, _address, _address, _address, _address, _address, _address, _address)
_GET = ctypes.CFUNCTYPE(_address, _address, _address, _address)
_GROW = ctypes.CFUNCTYPE(_address, _address, _address)


class _Creator(ctypes.Structure):
    """``wasmtime_memory_creator_t``."""

    _fields_ = (("env", _address), ("new_memory", _NEW), ("finalizer", _address))


class _Memory(ctypes.Structure):
    """``wasmtime_linear_memory_t``."""

    _fields_ = (("env", _address), ("get_memory", _GET), ("grow_memory", _GROW), ("finalizer", _address))


class Memories:
    """The memories of one engine's instances.

    Attributes:
        most: bytes that all of them may have together; any number at first.
        total: bytes that they have.
        refused: whether one was to have more.
    """

    def __init__(self) -> None:
        self.most = sys.maxsize
        self.total = 0
        self.refused = False
        self._numbers = count(1)
        self._live: dict[int, _Live] = {}
        # The library copies the addresses, so the callbacks live as long as this does.
        self._creator = _Creator(0, _NEW(self._new), 0)
        self._callbacks = _GET(self._get), _GROW(self._grow)

    def serve(self, config: Any) -> None:
        """Have the engines of this configuration allocate here."""
        # An image that is mapped copy-on-write needs memory of Wasmtime's own.
        config.memory_init_cow = False
        creator = ctypes.cast(ctypes.byref(self._creator), ctypes.POINTER(c.wasmtime_memory_creator_t))
        c.wasmtime_config_host_memory_creator_set(config.ptr(), creator)

    def begin(self, most: int) -> None:
        """Bound the memories of the store that comes now; an earlier one must be closed and released."""
        assert not self._live, "the component is running already"
        self.most, self.refused = most, False

    def release(self) -> None:
        """Give all of them back; the stores that had them must be closed."""
        while self._live:
            _, memory = self._live.popitem()
            memory.reservation.release()
        self.total = 0

    # What Wasmtime calls; no exception may cross

    def _new(self, env: int, type_: int, least: int, most: int, reserved: int, guard: int, result: int) -> int:
        try:
            memory = _Live(max(reserved, least), guard)
        except OSError as error:
            return _failed(str(error))
        refused = self._resize(memory, least)
        if refused:
            memory.reservation.release()
            return refused
        number = next(self._numbers)
        self._live[number] = memory
        made = _Memory.from_address(result)
        made.env = number
        made.get_memory, made.grow_memory = self._callbacks
        # Called when the store is gone, which may be after this object and all of Python.
        made.finalizer = 0
        return 0

    def _get(self, number: int, size_at: int, capacity_at: int) -> int:
        memory = self._live[number]
        _address.from_address(size_at).value = memory.size
        _address.from_address(capacity_at).value = memory.capacity
        return memory.reservation.address

    def _grow(self, number: int, size: int) -> int:
        return self._resize(self._live[number], size)

    def _resize(self, memory: _Live, size: int) -> int:
        """Give a memory this size; the address of an error where it may not have it, or 0."""
        more = size - memory.size
        if self.total + more > self.most:
            self.refused = True
            return _failed(f"{REFUSED} have {self.most} bytes at the most")
        if size > memory.capacity:
            return _failed(f"one memory has {memory.capacity} bytes at the most")
        try:
            memory.reservation.use(size)
        except OSError as error:
            return _failed(str(error))
        memory.size = size
        self.total += more
        return 0


class _Live:
    """One memory.

    Args:
        capacity: bytes that it can grow to where it is.
        guard: bytes behind them that can never be used.

    Raises:
        OSError: there is no room for it.
    """

    def __init__(self, capacity: int, guard: int) -> None:
        self.reservation = Reservation(capacity + guard)
        self.capacity = capacity
        self.size = 0


def _failed(text: str) -> int:
    """The address of a new error of the library."""
    return ctypes.cast(c.wasmtime_error_new(text.encode()), ctypes.c_void_p).value or 0
