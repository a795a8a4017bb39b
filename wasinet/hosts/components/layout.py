"""How Wasmtime's C API lays out the values of the component model.

Sizes and offsets come from the library's own ctypes declarations; ``_check_layout`` looks at import
whether they are what the code here and beside it takes for granted.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any

from wasmtime import _bindings

from wasinet.wit.types import Alias, Record, Resource, Type

__all__ = [
    "AT",
    "ENTRY_SIZE",
    "ENTRY_VALUE",
    "NAME",
    "NAME_LAYOUT",
    "POINTER",
    "RESULT_LAYOUT",
    "SCALARS",
    "SIZE",
    "SIZED",
    "SLOT",
    "VARIANT_LAYOUT",
    "VECTOR",
    "Handles",
    "Kind",
    "at_address",
    "behind",
    "error_delete",
    "function",
    "is_empty",
    "laid_out",
    "slot",
    "vector",
]

c: Any = _bindings

_VAL = c.wasmtime_component_val_t
_ENTRY = c.wasmtime_component_valrecord_entry_t
SIZE = ctypes.sizeof(_VAL)
"""Bytes of one value struct."""
AT = _VAL.of.offset
ENTRY_SIZE = ctypes.sizeof(_ENTRY)
ENTRY_VALUE = _ENTRY.val.offset
NAME = ctypes.sizeof(c.wasm_name_t)


class Kind:
    """The kinds of values that are no scalars."""

    STRING, LIST, RECORD, TUPLE, VARIANT, ENUM, OPTION, RESULT, FLAGS, RESOURCE = range(12, 22)


SCALARS: Mapping[str, tuple[int, str]] = {
    "bool": (0, "?"),
    "s8": (1, "b"),
    "u8": (2, "B"),
    "s16": (3, "h"),
    "u16": (4, "H"),
    "s32": (5, "i"),
    "u32": (6, "I"),
    "s64": (7, "q"),
    "u64": (8, "Q"),
    "f32": (9, "f"),
    "f64": (10, "d"),
    "char": (11, "I"),
}
"""The kind of each primitive and its code in a struct."""


def laid_out(code: str) -> Struct:
    """A value struct: its kind, and what its union holds."""
    return Struct(f"=B{AT - 1}x{code}")


POINTER = laid_out("Q")
SIZED = laid_out("QQ")
VARIANT_LAYOUT = laid_out("QQQ")
RESULT_LAYOUT = laid_out("?7xQ")
NAME_LAYOUT = Struct("=QQ")


def _check_layout() -> None:
    union = c.wasmtime_component_valunion_t
    expected = (
        (ctypes.sizeof(ctypes.c_void_p), 8),
        (NAME, 16),
        (c.wasm_name_t.size.offset, 0),
        (c.wasmtime_component_vallist_t.data.offset, 8),
        (c.wasmtime_component_valrecord_t.data.offset, 8),
        (c.wasmtime_component_valtuple_t.data.offset, 8),
        (c.wasmtime_component_valflags_t.data.offset, 8),
        (c.wasmtime_component_valvariant_t.val.offset, 16),
        (c.wasmtime_component_valresult_t.val.offset, 8),
        *((getattr(union, name).offset, 0) for name, *_ in union._fields_),
    )
    if any(found != wanted for found, wanted in expected):
        raise RuntimeError("this version of wasmtime lays values out in a way that wasinet does not know")


_check_layout()


def function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """A function of the library that takes addresses as numbers and keeps the interpreter's lock.

    The declared ones make a pointer object of every address and let other threads in, which for
    calls of a few nanoseconds is nearly all of their cost.
    """
    found: Callable[..., Any] = ctypes.PYFUNCTYPE(result, *arguments)((name, c.dll))
    return found


# All memory there is, seen as an array: only this type's slices take a step and give bytes at once.
at_address: Callable[[int], Any] = (ctypes.c_char * (1 << 46)).from_address
"""The memory at an address, as an array of ``c_char``."""

# Where the library puts what it gives: a size and an address, and one number.
vector = (ctypes.c_uint64 * 2)()
VECTOR = ctypes.addressof(vector)
slot = ctypes.c_size_t()
SLOT = ctypes.addressof(slot)

error_delete = function("wasmtime_error_delete", None, ctypes.c_void_p)


class Handles:
    """What handles need to cross.

    Attributes:
        context: the address of the store's context; to be set before a handle crosses.
    """

    def __init__(self) -> None:
        self.context = 0
        self._types: dict[str, int] = {}

    def type_number(self, resource: Resource) -> int:
        """The number under which the resource type is known to the library."""
        return self._types.setdefault(resource.name, len(self._types) + 1)


def behind(type_: Type) -> Type:
    """The type behind aliases. An alias that stands for a handle is the number that crosses."""
    while isinstance(type_, Alias):
        type_ = type_.target
    return type_


def is_empty(type_: Type) -> bool:
    """A record without fields. Components may not have one, so as a payload it is none."""
    type_ = behind(type_)
    return isinstance(type_, Record) and not type_.fields
