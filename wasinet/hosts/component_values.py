"""WIT values across Wasmtime's C API, with conversions compiled once for each type.

The library's own conversions look at the type anew for every value and copy lists element by
element, which costs ten times as much for a getter and moves 2 MiB/s of ``list<u8>``. Here a type
becomes one closure that reads (lifts) and one that writes (lowers) the value structs in place.

The structs' sizes and offsets come from the library's own ctypes declarations. Every lifted value's
kind is checked, because nothing else compares a component's types with ours, and a wrong guess
would follow a pointer that is none.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any

from wasmtime import _bindings as c

from wasinet.engine.faults import Trap
from wasinet.wit.types import (
    BOOL,
    CHAR,
    F32,
    F64,
    STRING,
    U8,
    Alias,
    Borrow,
    Enum,
    Flags,
    List,
    Option,
    Own,
    Primitive,
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
)
from wasinet.wit.values import Case, Err, Ok, Some, Value

__all__ = ["SIZE", "Lift", "Lower", "Values", "function"]

Lift = Callable[[Any, int], Value]
"""Reads the value struct at an offset of a buffer."""

Lower = Callable[[Value, Any, int], None]
"""Writes a value as the struct at an offset of a buffer."""

_VAL = c.wasmtime_component_val_t
_ENTRY = c.wasmtime_component_valrecord_entry_t
SIZE = ctypes.sizeof(_VAL)
"""Bytes of one value struct."""
_AT = _VAL.of.offset
_ENTRY_SIZE = ctypes.sizeof(_ENTRY)
_ENTRY_VALUE = _ENTRY.val.offset
_NAME = ctypes.sizeof(c.wasm_name_t)

_STRING, _LIST, _RECORD, _TUPLE, _VARIANT, _ENUM, _OPTION, _RESULT, _FLAGS, _RESOURCE = range(12, 22)
_SCALARS: Mapping[str, tuple[int, str]] = {
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


def _laid_out(code: str) -> Struct:
    """A value struct: its kind, and what its union holds."""
    return Struct(f"=B{_AT - 1}x{code}")


_POINTER = _laid_out("Q")
_SIZED = _laid_out("QQ")
_VARIANT_LAYOUT = _laid_out("QQQ")
_RESULT_LAYOUT = _laid_out("?7xQ")
_NAME_LAYOUT = Struct("=QQ")


def _check_layout() -> None:
    union = c.wasmtime_component_valunion_t
    expected = (
        (ctypes.sizeof(ctypes.c_void_p), 8),
        (_NAME, 16),
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


_void_p, _size_t, _u32 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32
_bytes_new = function("wasm_byte_vec_new", None, _void_p, _size_t, ctypes.c_char_p)
_list_new = function("wasmtime_component_vallist_new_uninit", None, _void_p, _size_t)
_list_of = function("wasmtime_component_vallist_new", None, _void_p, _size_t, _void_p)
_tuple_new = function("wasmtime_component_valtuple_new_uninit", None, _void_p, _size_t)
_flags_new = function("wasmtime_component_valflags_new_uninit", None, _void_p, _size_t)
_record_new = function("wasmtime_component_valrecord_new_uninit", None, _void_p, _size_t)
_record_copy = function("wasmtime_component_valrecord_copy", None, _void_p, _void_p)
_box = function("wasmtime_component_val_new", _size_t, _void_p)
_to_host = function("wasmtime_component_resource_any_to_host", _size_t, _void_p, _void_p, _void_p)
_to_any = function("wasmtime_component_resource_host_to_any", _size_t, _void_p, _void_p, _void_p)
_host_new = function("wasmtime_component_resource_host_new", _size_t, ctypes.c_bool, _u32, _u32)
_host_rep = function("wasmtime_component_resource_host_rep", _u32, _void_p)
_host_delete = function("wasmtime_component_resource_host_delete", None, _void_p)
_error_delete = function("wasmtime_error_delete", None, _void_p)

# All memory there is, seen as an array: only this type's slices take a step and give bytes at once.
_Memory = ctypes.c_char * (1 << 46)
_at = _Memory.from_address
_One = ctypes.c_char * SIZE

# Values inside values are written here and then moved into memory of the library's own. One is
# enough: each writer is done with what is inside its value before it writes the value itself.
_scratch = _One()
_SCRATCH = ctypes.addressof(_scratch)
_vector = (ctypes.c_uint64 * 2)()
_VECTOR = ctypes.addressof(_vector)
_slot = ctypes.c_size_t()
_SLOT = ctypes.addressof(_slot)

_U8 = _SCALARS["u8"][0]
class _Template:
    """Value structs of kind ``u8``, to be filled with bytes and copied: at least ``count``, at ``address``."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.structs = bytearray(bytes([_U8]).ljust(SIZE, b"\0")) * count
        self._exported = (ctypes.c_char * len(self.structs)).from_buffer(self.structs)
        self.address = ctypes.addressof(self._exported)


_template = _Template(1)


def _mismatch(what: Type) -> Trap:
    return Trap(f"the component's own type for this function has something else where {what} belongs")


def _behind(type_: Type) -> Type:
    """The type behind aliases. An alias that stands for a handle is the number that crosses."""
    while isinstance(type_, Alias):
        type_ = type_.target
    return type_


def _bytes_at(size: int, address: int) -> bytes:
    found: bytes = _at(address)[:size] if size else b""
    return found


def _write_bytes(data: bytes) -> tuple[int, int]:
    """A copy of the bytes in the library's memory: size and address."""
    _bytes_new(_VECTOR, len(data), data)
    return _vector[0], _vector[1]


class Values:
    """The conversions of one store.

    Attributes:
        context: the address of the store's context; to be set before a handle crosses.
        types: the number of each resource type by name, as ``wasmtime_component_resource_type_new_host`` got it.
    """

    def __init__(self) -> None:
        self.context = 0
        self.types: dict[str, int] = {}
        self._lifters: dict[Type, Lift] = {}
        self._lowerers: dict[Type, Lower] = {}

    def type_number(self, resource: Resource) -> int:
        """The number under which the resource type is known to the library."""
        return self.types.setdefault(resource.name, len(self.types) + 1)

    def lifter(self, type_: Type) -> Lift:
        """What reads values of a type; it raises Trap for a value of another kind."""
        type_ = _behind(type_)
        found = self._lifters.get(type_)
        if found is None:
            found = self._lifters[type_] = self._make_lifter(type_)
        return found

    def lowerer(self, type_: Type) -> Lower:
        """What writes values of a type."""
        type_ = _behind(type_)
        found = self._lowerers.get(type_)
        if found is None:
            found = self._lowerers[type_] = self._make_lowerer(type_)
        return found

    def _lift_optional(self, type_: Type | None) -> Lift | None:
        return None if type_ is None else self.lifter(type_)

    def _lower_optional(self, type_: Type | None) -> Lower | None:
        return None if type_ is None else self.lowerer(type_)

    # From the component

    def _make_lifter(self, type_: Type) -> Lift:
        match type_:
            case Primitive() if type_ == STRING:
                return _lift_string
            case Primitive():
                return _scalar_lifter(type_)
            case List() if _behind(type_.element) == U8:
                return _lift_bytes
            case List():
                return _list_lifter(type_, self.lifter(type_.element))
            case Tuple():
                return _tuple_lifter(type_, [self.lifter(item) for item in type_.items])
            case Record():
                return _record_lifter(type_, [(name, self.lifter(field)) for name, field in type_.fields])
            case Variant():
                cases = {name.encode(): (name, self._lift_optional(payload)) for name, payload in type_.cases}
                return _variant_lifter(type_, cases)
            case Enum():
                return _enum_lifter(type_)
            case Option():
                return _option_lifter(type_, self.lifter(type_.payload))
            case Result():
                return _result_lifter(type_, self._lift_optional(type_.ok), self._lift_optional(type_.err))
            case Flags():
                return _flags_lifter(type_)
            case Own() | Borrow():
                return self._handle_lifter(type_)
            case _:
                raise TypeError(f"{type_} is not the type of a value")

    def _handle_lifter(self, type_: Own | Borrow) -> Lift:
        read = _POINTER.unpack_from

        def lift(buffer: Any, at: int) -> int:
            kind, handle = read(buffer, at)
            if kind != _RESOURCE:
                raise _mismatch(type_)
            error = _to_host(self.context, handle, _SLOT)
            if error:
                # The component has a resource of its own here.
                _error_delete(error)
                raise _mismatch(type_)
            host = _slot.value
            number: int = _host_rep(host)
            _host_delete(host)
            return number

        return lift

    # To the component

    def _make_lowerer(self, type_: Type) -> Lower:
        match type_:
            case Primitive() if type_ == STRING:
                return _lower_string
            case Primitive():
                return _scalar_lowerer(type_)
            case List() if _behind(type_.element) == U8:
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
        write = _POINTER.pack_into
        number = self.type_number(type_.resource)
        owned = isinstance(type_, Own)

        def lower(value: Value, buffer: Any, at: int) -> None:
            host = _host_new(owned, value, number)
            error = _to_any(self.context, host, _SLOT)
            _host_delete(host)
            if error:
                _error_delete(error)
                raise Trap(f"#{value} could not be given to the component")
            write(buffer, at, _RESOURCE, _slot.value)

        return lower


# Lifting


def _scalar_lifter(type_: Primitive) -> Lift:
    kind, code = _SCALARS[type_.name]
    read = _laid_out(code).unpack_from
    character = type_ == CHAR

    def lift(buffer: Any, at: int) -> Value:
        found, value = read(buffer, at)
        if found != kind:
            raise _mismatch(type_)
        return chr(value) if character else value

    return lift


def _sized(buffer: Any, at: int, kind: int, type_: Type) -> tuple[int, int]:
    found, size, address = _SIZED.unpack_from(buffer, at)
    if found != kind:
        raise _mismatch(type_)
    return size, address


def _lift_string(buffer: Any, at: int) -> str:
    return _bytes_at(*_sized(buffer, at, _STRING, STRING)).decode()


def _lift_bytes(buffer: Any, at: int) -> bytes:
    size, address = _sized(buffer, at, _LIST, _BYTES)
    if not size:
        return b""
    memory = _at(address)
    # The elements of a list are all of one kind.
    if memory[0] != bytes([_U8]):
        raise _mismatch(_BYTES)
    found: bytes = memory[_AT : _AT + size * SIZE : SIZE]
    return found


_BYTES = List(U8)


def _list_lifter(type_: Type, element: Lift) -> Lift:
    def lift(buffer: Any, at: int) -> list[Value]:
        size, address = _sized(buffer, at, _LIST, type_)
        if not size:
            return []
        memory = _at(address)
        return [element(memory, place) for place in range(0, size * SIZE, SIZE)]

    return lift


def _tuple_lifter(type_: Type, items: list[Lift]) -> Lift:
    places = [(item, place * SIZE) for place, item in enumerate(items)]

    def lift(buffer: Any, at: int) -> tuple[Value, ...]:
        size, address = _sized(buffer, at, _TUPLE, type_)
        if size != len(places):
            raise _mismatch(type_)
        memory = _at(address)
        return tuple([item(memory, place) for item, place in places])

    return lift


def _record_lifter(type_: Type, fields: list[tuple[str, Lift]]) -> Lift:
    places = [(name, field, place * _ENTRY_SIZE + _ENTRY_VALUE) for place, (name, field) in enumerate(fields)]

    def lift(buffer: Any, at: int) -> dict[str, Value]:
        size, address = _sized(buffer, at, _RECORD, type_)
        if size != len(places):
            raise _mismatch(type_)
        memory = _at(address)
        return {name: field(memory, place) for name, field, place in places}

    return lift


def _inside(payload: Lift | None, address: int, type_: Type) -> Value:
    if payload is None or not address:
        if payload is not None or address:
            raise _mismatch(type_)
        return None
    return payload(_at(address), 0)


def _variant_lifter(type_: Type, cases: Mapping[bytes, tuple[str, Lift | None]]) -> Lift:
    read = _VARIANT_LAYOUT.unpack_from

    def lift(buffer: Any, at: int) -> Case:
        kind, size, address, inside = read(buffer, at)
        case = cases.get(_bytes_at(size, address)) if kind == _VARIANT else None
        if case is None:
            raise _mismatch(type_)
        return Case(case[0], _inside(case[1], inside, type_))

    return lift


def _enum_lifter(type_: Enum) -> Lift:
    cases = {name.encode(): name for name in type_.cases}

    def lift(buffer: Any, at: int) -> str:
        name = cases.get(_bytes_at(*_sized(buffer, at, _ENUM, type_)))
        if name is None:
            raise _mismatch(type_)
        return name

    return lift


def _option_lifter(type_: Type, payload: Lift) -> Lift:
    read = _POINTER.unpack_from

    def lift(buffer: Any, at: int) -> Some | None:
        kind, inside = read(buffer, at)
        if kind != _OPTION:
            raise _mismatch(type_)
        return Some(payload(_at(inside), 0)) if inside else None

    return lift


def _result_lifter(type_: Type, ok: Lift | None, err: Lift | None) -> Lift:
    read = _RESULT_LAYOUT.unpack_from

    def lift(buffer: Any, at: int) -> Ok | Err:
        kind, is_ok, inside = read(buffer, at)
        if kind != _RESULT:
            raise _mismatch(type_)
        return Ok(_inside(ok, inside, type_)) if is_ok else Err(_inside(err, inside, type_))

    return lift


def _flags_lifter(type_: Flags) -> Lift:
    names = {name.encode(): name for name in type_.flags}
    read = _NAME_LAYOUT.unpack_from

    def lift(buffer: Any, at: int) -> frozenset[str]:
        size, address = _sized(buffer, at, _FLAGS, type_)
        if not size:
            return frozenset()
        memory = _at(address)
        found = [names.get(_bytes_at(*read(memory, place))) for place in range(0, size * _NAME, _NAME)]
        if None in found:
            raise _mismatch(type_)
        return frozenset(name for name in found if name is not None)

    return lift


# Lowering


def _scalar_lowerer(type_: Primitive) -> Lower:
    kind, code = _SCALARS[type_.name]
    write = _laid_out(code).pack_into
    if type_ == CHAR:
        return lambda value, buffer, at: write(buffer, at, kind, ord(value))
    return lambda value, buffer, at: write(buffer, at, kind, value)


def _lower_string(value: Value, buffer: Any, at: int) -> None:
    # A lone surrogate, from a file's name for instance, is no character of a WIT string.
    _SIZED.pack_into(buffer, at, _STRING, *_write_bytes(value.encode(errors="replace")))


def _lower_bytes(value: Value, buffer: Any, at: int) -> None:
    global _template
    count = len(value)
    if count > _template.count:
        _template = _Template(count)
    if count:
        _template.structs[_AT : _AT + count * SIZE : SIZE] = value
    # Its elements are moved as they are, in one pass: a list made empty first would be written twice.
    _list_of(_VECTOR, count, _template.address)
    _SIZED.pack_into(buffer, at, _LIST, count, _vector[1])


def _list_lowerer(element: Lower) -> Lower:
    def lower(value: Value, buffer: Any, at: int) -> None:
        count = len(value)
        _list_new(_VECTOR, count)
        address = _vector[1]
        if count:
            memory = _at(address)
            place = 0
            for item in value:
                element(item, memory, place)
                place += SIZE
        _SIZED.pack_into(buffer, at, _LIST, count, address)

    return lower


def _tuple_lowerer(items: list[Lower]) -> Lower:
    places = [(item, place * SIZE) for place, item in enumerate(items)]

    def lower(value: Value, buffer: Any, at: int) -> None:
        _tuple_new(_VECTOR, len(places))
        address = _vector[1]
        memory = _at(address)
        for part, (item, place) in zip(value, places, strict=True):
            item(part, memory, place)
        _SIZED.pack_into(buffer, at, _TUPLE, len(places), address)

    return lower


def _record_lowerer(fields: list[tuple[str, Lower]]) -> Lower:
    places = [(name, field, place * _ENTRY_SIZE + _ENTRY_VALUE) for place, (name, field) in enumerate(fields)]
    # A record with the names, and false for every value: copying it costs one call, each name would cost another.
    empty = c.wasmtime_component_valrecord_t()
    source = ctypes.addressof(empty)
    _record_new(source, len(fields))
    blank = _at(_NAME_LAYOUT.unpack_from(empty)[1]) if fields else None
    for index, (name, _) in enumerate(fields):
        _NAME_LAYOUT.pack_into(blank, index * _ENTRY_SIZE, *_write_bytes(name.encode()))
        _laid_out("?").pack_into(blank, index * _ENTRY_SIZE + _ENTRY_VALUE, 0, False)

    def lower(value: Value, buffer: Any, at: int) -> None:
        _record_copy(_VECTOR, source)
        address = _vector[1]
        memory = _at(address)
        for name, field, place in places:
            field(value[name], memory, place)
        _SIZED.pack_into(buffer, at, _RECORD, len(empty_names), address)

    empty_names = [name for name, _ in fields]
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
    write = _VARIANT_LAYOUT.pack_into

    def lower(value: Value, buffer: Any, at: int) -> None:
        name, payload = cases[value.name]
        inside = _outside(payload, value.payload)
        write(buffer, at, _VARIANT, *_write_bytes(name), inside)

    return lower


def _enum_lowerer(type_: Enum) -> Lower:
    names = {name: name.encode() for name in type_.cases}
    write = _SIZED.pack_into
    return lambda value, buffer, at: write(buffer, at, _ENUM, *_write_bytes(names[value]))


def _option_lowerer(payload: Lower) -> Lower:
    write = _POINTER.pack_into

    def lower(value: Value, buffer: Any, at: int) -> None:
        write(buffer, at, _OPTION, 0 if value is None else _outside(payload, value.value))

    return lower


def _result_lowerer(ok: Lower | None, err: Lower | None) -> Lower:
    write = _RESULT_LAYOUT.pack_into

    def lower(value: Value, buffer: Any, at: int) -> None:
        is_ok = value.__class__ is Ok
        write(buffer, at, _RESULT, is_ok, _outside(ok if is_ok else err, value.value))

    return lower


def _flags_lowerer(type_: Flags) -> Lower:
    names = [(name, name.encode()) for name in type_.flags]

    def lower(value: Value, buffer: Any, at: int) -> None:
        _flags_new(_VECTOR, len(value))
        address = _vector[1]
        memory = _at(address) if value else None
        place = 0
        for name, encoded in names:
            if name in value:
                _NAME_LAYOUT.pack_into(memory, place, *_write_bytes(encoded))
                place += _NAME
        _SIZED.pack_into(buffer, at, _FLAGS, len(value), address)

    return lower
