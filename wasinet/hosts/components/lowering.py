"""Writing the values that a component is given, compiled once for each type (see ``lifting``)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

from wasinet.engine.faults import Trap
from wasinet.hosts.components.layout import (
    AT,
    ENTRY_SIZE,
    ENTRY_VALUE,
    NAME,
    NAME_LAYOUT,
    POINTER,
    RESULT_LAYOUT,
    SCALARS,
    SIZE,
    SIZED,
    SLOT,
    VARIANT_LAYOUT,
    VECTOR,
    Handles,
    Kind,
    at_address,
    behind,
    c,
    error_delete,
    function,
    is_empty,
    laid_out,
    slot,
    vector,
)
from wasinet.wit.types import (
    CHAR,
    STRING,
    U8,
    Borrow,
    Enum,
    Flags,
    List,
    Option,
    Own,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
)
from wasinet.wit.values import Ok, Value

__all__ = ["Lower", "Lowering"]

Lower = Callable[[Value, Any, int], None]
"""Writes a value as the struct at an offset of a buffer."""

_size_t, _void_p, _u32 = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_uint32
_bytes_new = function("wasm_byte_vec_new", None, _void_p, _size_t, ctypes.c_char_p)
_list_new = function("wasmtime_component_vallist_new_uninit", None, _void_p, _size_t)
_list_of = function("wasmtime_component_vallist_new", None, _void_p, _size_t, _void_p)
_tuple_new = function("wasmtime_component_valtuple_new_uninit", None, _void_p, _size_t)
_flags_new = function("wasmtime_component_valflags_new_uninit", None, _void_p, _size_t)
_record_new = function("wasmtime_component_valrecord_new_uninit", None, _void_p, _size_t)
_record_copy = function("wasmtime_component_valrecord_copy", None, _void_p, _void_p)
_box = function("wasmtime_component_val_new", _size_t, _void_p)
_to_any = function("wasmtime_component_resource_host_to_any", _size_t, _void_p, _void_p, _void_p)
_host_new = function("wasmtime_component_resource_host_new", _size_t, ctypes.c_bool, _u32, _u32)
_host_delete = function("wasmtime_component_resource_host_delete", None, _void_p)

# Values inside values are written here and then moved into memory of the library's own. One is
# enough: each writer is done with what is inside its value before it writes the value itself.
_scratch = (ctypes.c_char * SIZE)()
_SCRATCH = ctypes.addressof(_scratch)

_U8 = SCALARS["u8"][0]


# Value structs of kind ``u8``, to be filled with bytes and moved: as many as one read gives at the most.
_PIECE = 64 * 1024
_template = bytearray(bytes([_U8]).ljust(SIZE, b"\0")) * _PIECE
_exported = (ctypes.c_char * len(_template)).from_buffer(_template)
_TEMPLATE = ctypes.addressof(_exported)

_MOST_BYTES = 8 * 1024 * 1024
"""A byte takes 72 of them on its way, here and in the library."""


def _write_bytes(data: bytes) -> tuple[int, int]:
    """A copy of the bytes in the library's memory: size and address."""
    _bytes_new(VECTOR, len(data), data)
    return vector[0], vector[1]


class Lowering:
    """What writes values of each type.

    Args:
        handles: of the store.
    """

    def __init__(self, handles: Handles) -> None:
        self._handles = handles
        self._lowerers: dict[Type, Lower] = {}

    def lowerer(self, type_: Type) -> Lower:
        """What writes values of a type."""
        type_ = behind(type_)
        found = self._lowerers.get(type_)
        if found is None:
            found = self._lowerers[type_] = self._make_lowerer(type_)
        return found

    def _lower_optional(self, type_: Type | None) -> Lower | None:
        return None if type_ is None or is_empty(type_) else self.lowerer(type_)

    def _make_lowerer(self, type_: Type) -> Lower:
        match type_:
            case Primitive() if type_ == STRING:
                return _lower_string
            case Primitive():
                return _scalar_lowerer(type_)
            case List() if behind(type_.element) == U8:
                return _lower_bytes
            case List():
                return _list_lowerer(self.lowerer(type_.element))
            case Tuple():
                return _tuple_lowerer([self.lowerer(item) for item in type_.items])
            case Record():
                return _record_lowerer([(name, self.lowerer(field)) for name, field in type_.fields])
            case Variant():
                cases = {name: (name.encode(), self._lower_optional(payload)) for name, payload in type_.cases}
                return _variant_lowerer(cases)
            case Enum():
                return _enum_lowerer(type_)
            case Option():
                return _option_lowerer(self.lowerer(type_.payload))
            case Result():
                return _result_lowerer(self._lower_optional(type_.ok), self._lower_optional(type_.err))
            case Flags():
                return _flags_lowerer(type_)
            case Own() | Borrow():
                return self._handle_lowerer(type_)
            case _:
                raise TypeError(f"{type_} is not the type of a value")

    def _handle_lowerer(self, type_: Own | Borrow) -> Lower:
        write = POINTER.pack_into
        handles = self._handles
        number = handles.type_number(type_.resource)
        owned = isinstance(type_, Own)

        def lower(value: Value, buffer: Any, at: int) -> None:
            host = _host_new(owned, value, number)
            error = _to_any(handles.context, host, SLOT)
            _host_delete(host)
            if error:
                error_delete(error)
                raise Trap(f"#{value} could not be given to the component")
            write(buffer, at, Kind.RESOURCE, slot.value)

        return lower


def _scalar_lowerer(type_: Primitive) -> Lower:
    kind, code = SCALARS[type_.name]
    write = laid_out(code).pack_into
    if type_ == CHAR:
        return lambda value, buffer, at: write(buffer, at, kind, ord(value))
    return lambda value, buffer, at: write(buffer, at, kind, value)


def _lower_string(value: Value, buffer: Any, at: int) -> None:
    # A lone surrogate, from a file's name for instance, is no character of a WIT string.
    SIZED.pack_into(buffer, at, Kind.STRING, *_write_bytes(value.encode(errors="replace")))


def _lower_bytes(value: Value, buffer: Any, at: int) -> None:
    count = len(value)
    if count > _PIECE:
        _lower_many_bytes(memoryview(value), buffer, at)
        return
    if count:
        _template[AT : AT + count * SIZE : SIZE] = value
    # Its elements are moved as they are, in one pass: a list made empty first would be written twice.
    _list_of(VECTOR, count, _TEMPLATE)
    SIZED.pack_into(buffer, at, Kind.LIST, count, vector[1])


def _lower_many_bytes(value: memoryview, buffer: Any, at: int) -> None:
    count = len(value)
    if count > _MOST_BYTES:
        raise Trap(f"{count} bytes in one value are more than the {_MOST_BYTES} that a guest can be given")
    _list_new(VECTOR, count)
    address = vector[1]
    for start in range(0, count, _PIECE):
        piece = value[start : start + _PIECE]
        _template[AT : AT + len(piece) * SIZE : SIZE] = piece
        ctypes.memmove(address + start * SIZE, _TEMPLATE, len(piece) * SIZE)
    SIZED.pack_into(buffer, at, Kind.LIST, count, address)


def _list_lowerer(element: Lower) -> Lower:
    def lower(value: Value, buffer: Any, at: int) -> None:
        count = len(value)
        _list_new(VECTOR, count)
        address = vector[1]
        if count:
            memory = at_address(address)
            place = 0
            for item in value:
                element(item, memory, place)
                place += SIZE
        SIZED.pack_into(buffer, at, Kind.LIST, count, address)

    return lower


def _tuple_lowerer(items: list[Lower]) -> Lower:
    places = [(item, place * SIZE) for place, item in enumerate(items)]

    def lower(value: Value, buffer: Any, at: int) -> None:
        _tuple_new(VECTOR, len(places))
        address = vector[1]
        memory = at_address(address)
        for part, (item, place) in zip(value, places, strict=True):
            item(part, memory, place)
        SIZED.pack_into(buffer, at, Kind.TUPLE, len(places), address)

    return lower


def _record_lowerer(fields: list[tuple[str, Lower]]) -> Lower:
    places = [(name, field, place * ENTRY_SIZE + ENTRY_VALUE) for place, (name, field) in enumerate(fields)]
    # A record with the names, and false for every value: copying it costs one call, each name would cost another.
    empty = c.wasmtime_component_valrecord_t()
    source = ctypes.addressof(empty)
    _record_new(source, len(fields))
    blank: Any = at_address(NAME_LAYOUT.unpack_from(empty)[1]) if fields else None
    for index, (name, _) in enumerate(fields):
        NAME_LAYOUT.pack_into(blank, index * ENTRY_SIZE, *_write_bytes(name.encode()))
        laid_out("?").pack_into(blank, index * ENTRY_SIZE + ENTRY_VALUE, 0, False)

    def lower(value: Value, buffer: Any, at: int) -> None:
        _record_copy(VECTOR, source)
        address = vector[1]
        memory = at_address(address)
        for name, field, place in places:
            field(value[name], memory, place)
        SIZED.pack_into(buffer, at, Kind.RECORD, len(places), address)

    # The copies are made from it for as long as there are any.
    lower.template = empty  # type: ignore[attr-defined]
    return lower


def _outside(payload: Lower | None, value: Value) -> int:
    """The address of a payload of its own; 0 for none."""
    if payload is None:
        return 0
    payload(value, _scratch, 0)
    address: int = _box(_SCRATCH)
    return address


def _variant_lowerer(cases: Mapping[str, tuple[bytes, Lower | None]]) -> Lower:
    write = VARIANT_LAYOUT.pack_into

    def lower(value: Value, buffer: Any, at: int) -> None:
        name, payload = cases[value.name]
        inside = _outside(payload, value.payload)
        write(buffer, at, Kind.VARIANT, *_write_bytes(name), inside)

    return lower


def _enum_lowerer(type_: Enum) -> Lower:
    names = {name: name.encode() for name in type_.cases}
    write = SIZED.pack_into
    return lambda value, buffer, at: write(buffer, at, Kind.ENUM, *_write_bytes(names[value]))


def _option_lowerer(payload: Lower) -> Lower:
    write = POINTER.pack_into

    def lower(value: Value, buffer: Any, at: int) -> None:
        write(buffer, at, Kind.OPTION, 0 if value is None else _outside(payload, value.value))

    return lower


def _result_lowerer(ok: Lower | None, err: Lower | None) -> Lower:
    write = RESULT_LAYOUT.pack_into

    def lower(value: Value, buffer: Any, at: int) -> None:
        is_ok = value.__class__ is Ok
        write(buffer, at, Kind.RESULT, is_ok, _outside(ok if is_ok else err, value.value))

    return lower


def _flags_lowerer(type_: Flags) -> Lower:
    names = [(name, name.encode()) for name in type_.flags]

    def lower(value: Value, buffer: Any, at: int) -> None:
        _flags_new(VECTOR, len(value))
        address = vector[1]
        memory: Any = at_address(address) if value else None
        place = 0
        for name, encoded in names:
            if name in value:
                NAME_LAYOUT.pack_into(memory, place, *_write_bytes(encoded))
                place += NAME
        SIZED.pack_into(buffer, at, Kind.FLAGS, len(value), address)

    return lower
