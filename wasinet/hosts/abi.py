"""The canonical ABI of the component model: WIT values as a guest's memory holds them.

What a call takes and gives crosses to a component as one block of bytes, so that no value costs a
round trip through the runtime's own value types. Sizes, alignments and flattening follow the
component model's CanonicalABI.md. Handles are the indexes of the component instance; whose they are
is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import zip_longest
from struct import Struct
from typing import Any

from wasinet.wit.types import (
    STRING,
    U8,
    Borrow,
    Enum,
    List,
    Option,
    Own,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
    resolve,
)
from wasinet.wit.values import OK, Case, Err, Ok, Some, Value

__all__ = ["Arguments", "Enter", "Heap", "Load", "aligned", "flatten", "loader", "size_of"]

Enter = Callable[[str, int], int]
"""Takes a new handle, the resource's name and the instance's index, and gives the number that it has outside."""

Load = Callable[[bytes, int, int, Enter], Value]
"""Reads a value: the block, where the value begins in it, the block's address in the guest, and ``Enter``."""

_Store = Callable[[Value, "Heap", int], None]
_Flatten = Callable[[Value, "Heap", "list[int]"], None]

_POINTER = Struct("<II")
_INTEGERS = {8: "B", 16: "H", 32: "I", 64: "Q"}


def aligned(at: int, alignment: int) -> int:
    """The next multiple of a power of two."""
    return (at + alignment - 1) & -alignment


def _cases(type_: Variant | Option | Result) -> tuple[Type | None, ...]:
    if isinstance(type_, Option):
        return (None, type_.payload)
    if isinstance(type_, Result):
        return (type_.ok, type_.err)
    return tuple(payload for _, payload in type_.cases)


def _parts(type_: Record | Tuple) -> tuple[Type, ...]:
    return type_.items if isinstance(type_, Tuple) else tuple(of for _, of in type_.fields)


@cache
def _layout(type_: Type) -> tuple[int, int]:
    """Size and alignment in memory."""
    type_ = resolve(type_)
    match type_:
        case Primitive(name="bool") | Enum():
            return 1, 1
        case Primitive(name="string") | List():
            return 8, 4
        case Primitive(bits=bits) if bits:
            return bits // 8, bits // 8
        case Own() | Borrow():
            return 4, 4
        case Record() | Tuple():
            at, widest = 0, 1
            for part in _parts(type_):
                size, alignment = _layout(part)
                at, widest = aligned(at, alignment) + size, max(widest, alignment)
            return aligned(at, widest), widest
        case Variant() | Option() | Result():
            sizes = [_layout(case) for case in _cases(type_) if case is not None]
            widest = max((alignment for _, alignment in sizes), default=1)
            return aligned(aligned(1, widest) + max((size for size, _ in sizes), default=0), widest), widest
        case _:
            raise TypeError(f"{type_} crosses no boundary here")


def size_of(type_: Type) -> int:
    """How many bytes a value takes in memory."""
    return _layout(type_)[0]


def _payload_at(type_: Variant | Option | Result) -> int:
    """Where the payload begins: one byte says which case, for up to 256 cases."""
    return aligned(1, max((_layout(case)[1] for case in _cases(type_) if case is not None), default=1))


@cache
def flatten(type_: Type) -> tuple[str, ...]:
    """The core values, ``i32`` and ``i64``, that a value is passed as."""
    type_ = resolve(type_)
    match type_:
        case Primitive(name="string") | List():
            return ("i32", "i32")
        case Primitive(bits=64):
            return ("i64",)
        case Primitive() | Enum() | Own() | Borrow():
            return ("i32",)
        case Record() | Tuple():
            return tuple(core for part in _parts(type_) for core in flatten(part))
        case Variant() | Option() | Result():
            shapes = [flatten(case) for case in _cases(type_) if case is not None]
            joined = tuple("i64" if "i64" in column else "i32" for column in zip_longest(*shapes))
            return ("i32", *joined)
        case _:
            raise TypeError(f"{type_} crosses no boundary here")


class Heap:
    """The block of one call's arguments while it is made.

    Args:
        base: the block's address in the guest.
        size: of what comes first in it.
    """

    __slots__ = ("base", "data")

    def __init__(self, base: int, size: int) -> None:
        self.base = base
        self.data = bytearray(size)

    def room(self, size: int, alignment: int) -> int:
        """Where in the block so many bytes, zero for now, were added."""
        at = aligned(len(self.data), alignment)
        self.data.extend(bytes(at + size - len(self.data)))
        return at

    def add(self, data: Any) -> int:
        """The address of bytes that were added."""
        at = len(self.data)
        self.data += data
        return self.base + at


class Arguments:
    """Packs the arguments of a function.

    The core values come first, in order and without gaps, then what they point to.

    Args:
        types: of the parameters.
        base: the address in the guest at which the block will lie.
    """

    def __init__(self, types: Sequence[Type], base: int) -> None:
        self.cores = tuple(core for type_ in types for core in flatten(type_))
        self._struct = Struct("<" + "".join("Q" if core == "i64" else "I" for core in self.cores))
        self._flatteners = [_flattener(resolve(type_)) for type_ in types]
        self._base = base
        # Scalars need no heap, and most calls have nothing else.
        self.plain = all(isinstance(resolve(t), Primitive | Own | Borrow) and resolve(t) != STRING for t in types)
        self.pack_plain: Callable[..., bytes] = self._struct.pack

    def offsets(self) -> list[tuple[str, int]]:
        """Each core value and where it lies in the block."""
        found = []
        at = 0
        for core in self.cores:
            found.append((core, at))
            at += 8 if core == "i64" else 4
        return found

    def pack(self, *values: Value) -> bytes:
        """The block of these arguments."""
        if self.plain:
            return self.pack_plain(*values)
        heap = Heap(self._base, self._struct.size)
        flat: list[int] = []
        for flattener, value in zip(self._flatteners, values, strict=True):
            flattener(value, heap, flat)
        self._struct.pack_into(heap.data, 0, *flat)
        return bytes(heap.data)


def _flattener(type_: Type) -> _Flatten:
    match type_:
        case Primitive(name="string"):
            return lambda value, heap, flat: _flat_bytes(value.encode(), heap, flat)
        case Primitive() | Own() | Borrow():
            return lambda value, heap, flat: flat.append(value)
        case Enum(cases=cases):
            numbers = {case: number for number, case in enumerate(cases)}
            return lambda value, heap, flat: flat.append(numbers[value])
        case List(element=element) if resolve(element) == U8:
            return _flat_bytes
        case List(element=element):
            return lambda value, heap, flat: flat.extend(_store_list(resolve(element), value, heap))
        case Record() | Tuple():
            parts = [_flattener(resolve(part)) for part in _parts(type_)]
            items = _itemizer(type_)

            def parted(value: Value, heap: Heap, flat: list[int]) -> None:
                for flattener, part in zip(parts, items(value), strict=True):
                    flattener(part, heap, flat)

            return parted
        case Variant() | Option() | Result():
            payloads = [None if case is None else _flattener(resolve(case)) for case in _cases(type_)]
            length = len(flatten(type_))
            split = _splitter(type_)

            def cased(value: Value, heap: Heap, flat: list[int]) -> None:
                end = len(flat) + length
                number, payload = split(value)
                flat.append(number)
                flattener = payloads[number]
                if flattener is not None:
                    flattener(payload, heap, flat)
                flat.extend([0] * (end - len(flat)))

            return cased
        case _:
            raise TypeError(f"{type_} crosses no boundary here")


def _flat_bytes(value: Any, heap: Heap, flat: list[int]) -> None:
    data = memoryview(value)
    flat += (heap.add(data), data.nbytes)


def _store_list(element: Type, values: Sequence[Value], heap: Heap) -> tuple[int, int]:
    """Add a list's elements to the heap: address and length."""
    size, alignment = _layout(element)
    at = heap.room(size * len(values), alignment)
    if size == 4 and isinstance(element, Own | Borrow | Primitive):
        Struct(f"<{len(values)}I").pack_into(heap.data, at, *values)
    else:
        store = _storer(element)
        for number, value in enumerate(values):
            store(value, heap, at + number * size)
    return heap.base + at, len(values)


@cache
def _storer(type_: Type) -> _Store:
    """Writes a value where memory holds it, for what lists point to."""
    type_ = resolve(type_)
    match type_:
        case Primitive(name="string"):

            def text(value: Value, heap: Heap, at: int) -> None:
                data = value.encode()
                address = heap.add(data)
                _POINTER.pack_into(heap.data, at, address, len(data))

            return text
        case Primitive(name="bool"):
            return lambda value, heap, at: heap.data.__setitem__(at, value)
        case Primitive(bits=bits) if bits:
            return _packer(Struct("<" + _INTEGERS[bits]))
        case Own() | Borrow():
            return _packer(Struct("<I"))
        case Enum(cases=cases):
            numbers = {case: number for number, case in enumerate(cases)}
            return lambda value, heap, at: heap.data.__setitem__(at, numbers[value])
        case List(element=element) if resolve(element) == U8:

            def octets(value: Value, heap: Heap, at: int) -> None:
                data = memoryview(value)
                address = heap.add(data)
                _POINTER.pack_into(heap.data, at, address, data.nbytes)

            return octets
        case List(element=element):

            def elements(value: Value, heap: Heap, at: int) -> None:
                pointer = _store_list(resolve(element), value, heap)
                _POINTER.pack_into(heap.data, at, *pointer)

            return elements
        case Record() | Tuple():
            placed = [(offset, _storer(part)) for offset, part in _places(type_)]
            items = _itemizer(type_)

            def parted(value: Value, heap: Heap, at: int) -> None:
                for (offset, store), part in zip(placed, items(value), strict=True):
                    store(part, heap, at + offset)

            return parted
        case Variant() | Option() | Result():
            payloads = [None if case is None else _storer(case) for case in _cases(type_)]
            payload_at = _payload_at(type_)
            split = _splitter(type_)

            def cased(value: Value, heap: Heap, at: int) -> None:
                number, payload = split(value)
                heap.data[at] = number
                store = payloads[number]
                if store is not None:
                    store(payload, heap, at + payload_at)

            return cased
        case _:
            raise TypeError(f"{type_} crosses no boundary here")


def _packer(struct: Struct) -> _Store:
    return lambda value, heap, at: struct.pack_into(heap.data, at, value)


def _places(type_: Record | Tuple) -> list[tuple[int, Type]]:
    """The parts with their offsets."""
    found = []
    at = 0
    for part in _parts(type_):
        size, alignment = _layout(part)
        at = aligned(at, alignment)
        found.append((at, part))
        at += size
    return found


def _itemizer(type_: Record | Tuple) -> Callable[[Value], Sequence[Value]]:
    """Gives the parts of a value in order."""
    if isinstance(type_, Tuple):
        return lambda value: value
    names = [name for name, _ in type_.fields]
    return lambda value: [value[name] for name in names]


def _splitter(type_: Variant | Option | Result) -> Callable[[Value], tuple[int, Value]]:
    """Gives the number of a value's case and its payload."""
    if isinstance(type_, Option):
        return lambda value: (0, None) if value is None else (1, value.value)
    if isinstance(type_, Result):
        return lambda value: (int(isinstance(value, Err)), value.value)
    numbers = {name: number for number, (name, _) in enumerate(type_.cases)}
    return lambda value: (numbers[value.name], value.payload)


@cache
def loader(type_: Type) -> Load:
    """Reads values of a type."""
    type_ = resolve(type_)
    match type_:
        case Primitive(name="string"):
            octets = _load_bytes
            return lambda data, at, base, enter: octets(data, at, base, enter).decode()
        case Primitive(name="bool"):
            return lambda data, at, base, enter: data[at] != 0
        case Primitive(bits=8):
            return lambda data, at, base, enter: data[at]
        case Primitive(bits=bits) if bits:
            unpack = Struct("<" + _INTEGERS[bits]).unpack_from
            return lambda data, at, base, enter: unpack(data, at)[0]
        case Own(resource=resource):
            index, kind = Struct("<I").unpack_from, resource.name
            return lambda data, at, base, enter: enter(kind, index(data, at)[0])
        case Enum(cases=cases):
            return lambda data, at, base, enter: cases[data[at]]
        case List(element=element) if resolve(element) == U8:
            return _load_bytes
        case List(element=element):
            return _list_loader(element)
        case Tuple() | Record():
            return _parts_loader(type_)
        case Option(payload=payload):
            load, payload_at = loader(payload), _payload_at(type_)
            return lambda data, at, base, enter: Some(load(data, at + payload_at, base, enter)) if data[at] else None
        case Result():
            return _result_loader(type_)
        case Variant(cases=variants):
            names = [name for name, _ in variants]
            payloads = [None if payload is None else loader(payload) for _, payload in variants]
            payload_at = _payload_at(type_)

            def cased(data: bytes, at: int, base: int, enter: Enter) -> Value:
                number = data[at]
                payload = payloads[number]
                return Case(names[number], None if payload is None else payload(data, at + payload_at, base, enter))

            return cased
        case _:
            raise TypeError(f"{type_} crosses no boundary here")


def _load_bytes(data: bytes, at: int, base: int, enter: Enter) -> bytes:
    address, length = _POINTER.unpack_from(data, at)
    begin = address - base
    # An empty list may point anywhere.
    return data[begin : begin + length] if length else b""


def _list_loader(element: Type) -> Load:
    load, size = loader(element), size_of(element)

    def elements(data: bytes, at: int, base: int, enter: Enter) -> Value:
        address, length = _POINTER.unpack_from(data, at)
        begin = address - base
        return [load(data, begin + number * size, base, enter) for number in range(length)]

    return elements


def _parts_loader(type_: Tuple | Record) -> Load:
    placed = [(offset, loader(part)) for offset, part in _places(type_)]
    if isinstance(type_, Tuple):
        return lambda data, at, base, enter: tuple(load(data, at + offset, base, enter) for offset, load in placed)
    named = [(name, offset, load) for (name, _), (offset, load) in zip(type_.fields, placed, strict=True)]
    return lambda data, at, base, enter: {name: load(data, at + offset, base, enter) for name, offset, load in named}


def _result_loader(type_: Result) -> Load:
    ok, err = (None if case is None else loader(case) for case in _cases(type_))
    payload_at = _payload_at(type_)

    def result(data: bytes, at: int, base: int, enter: Enter) -> Value:
        if data[at]:
            return Err(None if err is None else err(data, at + payload_at, base, enter))
        return OK if ok is None else Ok(ok(data, at + payload_at, base, enter))

    return result
