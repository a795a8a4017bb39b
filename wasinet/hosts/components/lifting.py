"""Reading the values that a component passes, compiled once for each type.

The library's own conversions look at the type anew for every value and copy lists element by
element, which costs ten times as much for a getter and moves 2 MiB/s of ``list<u8>``. Here a type
becomes one closure that reads the value structs where they are.

Every value's kind is checked, because nothing else compares a component's types with ours, and a
wrong guess would follow a pointer that is none.
"""

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
    Handles,
    Kind,
    at_address,
    behind,
    error_delete,
    function,
    is_empty,
    laid_out,
    slot,
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
from wasinet.wit.values import Case, Err, Ok, Some, Value

__all__ = ["Lift", "Lifting"]

Lift = Callable[[Any, int], Value]
"""Reads the value struct at an offset of a buffer."""

_size_t, _void_p, _u32 = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_uint32
_to_host = function("wasmtime_component_resource_any_to_host", _size_t, _void_p, _void_p, _void_p)
_host_rep = function("wasmtime_component_resource_host_rep", _u32, _void_p)
_host_delete = function("wasmtime_component_resource_host_delete", None, _void_p)

_U8 = SCALARS["u8"][0]


def _mismatch(what: Type) -> Trap:
    return Trap(f"the component's own type for this function has something else where {what} belongs")


def _bytes_at(size: int, address: int) -> bytes:
    found: bytes = at_address(address)[:size] if size else b""
    return found


class Lifting:
    """What reads values of each type.

    Args:
        handles: of the store.
    """

    def __init__(self, handles: Handles) -> None:
        self._handles = handles
        self._lifters: dict[Type, Lift] = {}

    def lifter(self, type_: Type) -> Lift:
        """What reads values of a type; it raises Trap for a value of another kind."""
        type_ = behind(type_)
        found = self._lifters.get(type_)
        if found is None:
            found = self._lifters[type_] = self._make_lifter(type_)
        return found

    def _lift_optional(self, type_: Type | None) -> Lift | None:
        return None if type_ is None or is_empty(type_) else self.lifter(type_)

    def _make_lifter(self, type_: Type) -> Lift:
        match type_:
            case Primitive() if type_ == STRING:
                return _lift_string
            case Primitive():
                return _scalar_lifter(type_)
            case List() if behind(type_.element) == U8:
                return _lift_bytes
            case List() if isinstance(behind(type_.element), Own | Borrow):
                return self._handles_lifter(type_)
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
        read, resource = POINTER.unpack_from, Kind.RESOURCE
        to_host, rep, delete = _to_host, _host_rep, _host_delete
        handles = self._handles

        def lift(buffer: Any, at: int) -> int:
            kind, handle = read(buffer, at)
            if kind != resource:
                raise _mismatch(type_)
            error = to_host(handles.context, handle, SLOT)
            if error:
                # The component has a resource of its own here.
                error_delete(error)
                raise _mismatch(type_)
            host = slot.value
            number: int = rep(host)
            delete(host)
            return number

        return lift

    def _handles_lifter(self, type_: List) -> Lift:
        """As a list of what ``_handle_lifter`` reads: a poll of a thousand is to take less than a millisecond."""
        read, resource = POINTER.unpack_from, Kind.RESOURCE
        to_host, rep, delete = _to_host, _host_rep, _host_delete
        handles = self._handles

        def lift(buffer: Any, at: int) -> list[int]:
            size, address = _sized(buffer, at, Kind.LIST, type_)
            if not size:
                return []
            memory = at_address(address)
            context = handles.context
            numbers: list[int] = []
            add = numbers.append
            for place in range(0, size * SIZE, SIZE):
                kind, handle = read(memory, place)
                if kind != resource:
                    raise _mismatch(type_)
                error = to_host(context, handle, SLOT)
                if error:
                    error_delete(error)
                    raise _mismatch(type_)
                host = slot.value
                add(rep(host))
                delete(host)
            return numbers

        return lift


def _scalar_lifter(type_: Primitive) -> Lift:
    kind, code = SCALARS[type_.name]
    read = laid_out(code).unpack_from
    character = type_ == CHAR

    def lift(buffer: Any, at: int) -> Value:
        found, value = read(buffer, at)
        if found != kind:
            raise _mismatch(type_)
        return chr(value) if character else value

    return lift


def _sized(buffer: Any, at: int, kind: int, type_: Type) -> tuple[int, int]:
    found, size, address = SIZED.unpack_from(buffer, at)
    if found != kind:
        raise _mismatch(type_)
    return size, address


def _lift_string(buffer: Any, at: int) -> str:
    return _bytes_at(*_sized(buffer, at, Kind.STRING, STRING)).decode()


def _lift_bytes(buffer: Any, at: int) -> bytes:
    size, address = _sized(buffer, at, Kind.LIST, _BYTES)
    if not size:
        return b""
    memory = at_address(address)
    # The elements of a list are all of one kind.
    if memory[0] != bytes([_U8]):
        raise _mismatch(_BYTES)
    found: bytes = memory[AT : AT + size * SIZE : SIZE]
    return found


_BYTES = List(U8)


def _list_lifter(type_: Type, element: Lift) -> Lift:
    def lift(buffer: Any, at: int) -> list[Value]:
        size, address = _sized(buffer, at, Kind.LIST, type_)
        if not size:
            return []
        memory = at_address(address)
        return [element(memory, place) for place in range(0, size * SIZE, SIZE)]

    return lift


def _tuple_lifter(type_: Type, items: list[Lift]) -> Lift:
    places = [(item, place * SIZE) for place, item in enumerate(items)]

    def lift(buffer: Any, at: int) -> tuple[Value, ...]:
        size, address = _sized(buffer, at, Kind.TUPLE, type_)
        if size != len(places):
            raise _mismatch(type_)
        memory = at_address(address)
        return tuple([item(memory, place) for item, place in places])

    return lift


def _record_lifter(type_: Type, fields: list[tuple[str, Lift]]) -> Lift:
    places = [(name, field, place * ENTRY_SIZE + ENTRY_VALUE) for place, (name, field) in enumerate(fields)]

    def lift(buffer: Any, at: int) -> dict[str, Value]:
        size, address = _sized(buffer, at, Kind.RECORD, type_)
        if size != len(places):
            raise _mismatch(type_)
        memory = at_address(address)
        return {name: field(memory, place) for name, field, place in places}

    return lift


def _inside(payload: Lift | None, address: int, type_: Type) -> Value:
    if payload is None or not address:
        if payload is not None or address:
            raise _mismatch(type_)
        return None
    return payload(at_address(address), 0)


def _variant_lifter(type_: Type, cases: Mapping[bytes, tuple[str, Lift | None]]) -> Lift:
    read = VARIANT_LAYOUT.unpack_from

    def lift(buffer: Any, at: int) -> Case:
        kind, size, address, inside = read(buffer, at)
        case = cases.get(_bytes_at(size, address)) if kind == Kind.VARIANT else None
        if case is None:
            raise _mismatch(type_)
        return Case(case[0], _inside(case[1], inside, type_))

    return lift


def _enum_lifter(type_: Enum) -> Lift:
    cases = {name.encode(): name for name in type_.cases}

    def lift(buffer: Any, at: int) -> str:
        name = cases.get(_bytes_at(*_sized(buffer, at, Kind.ENUM, type_)))
        if name is None:
            raise _mismatch(type_)
        return name

    return lift


def _option_lifter(type_: Type, payload: Lift) -> Lift:
    read = POINTER.unpack_from

    def lift(buffer: Any, at: int) -> Some | None:
        kind, inside = read(buffer, at)
        if kind != Kind.OPTION:
            raise _mismatch(type_)
        return Some(payload(at_address(inside), 0)) if inside else None

    return lift


def _result_lifter(type_: Type, ok: Lift | None, err: Lift | None) -> Lift:
    read = RESULT_LAYOUT.unpack_from

    def lift(buffer: Any, at: int) -> Ok | Err:
        kind, is_ok, inside = read(buffer, at)
        if kind != Kind.RESULT:
            raise _mismatch(type_)
        return Ok(_inside(ok, inside, type_)) if is_ok else Err(_inside(err, inside, type_))

    return lift


def _flags_lifter(type_: Flags) -> Lift:
    names = {name.encode(): name for name in type_.flags}
    read = NAME_LAYOUT.unpack_from

    def lift(buffer: Any, at: int) -> frozenset[str]:
        size, address = _sized(buffer, at, Kind.FLAGS, type_)
        if not size:
            return frozenset()
        memory = at_address(address)
        found = [names.get(_bytes_at(*read(memory, place))) for place in range(0, size * NAME, NAME)]
        if None in found:
            raise _mismatch(type_)
        return frozenset(name for name in found if name is not None)

    return lift
