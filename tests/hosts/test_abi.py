"""The canonical ABI: layouts by hand, and values that come back as they went."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinet import wit
from wasinet.hosts.abi import Arguments, Heap, aligned, flatten, loader, size_of
from wasinet.wit.types import (
    BOOL,
    CHAR,
    F64,
    STRING,
    U8,
    U16,
    U32,
    U64,
    Borrow,
    Enum,
    List,
    Option,
    Own,
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
)
from wasinet.wit.v0_2.network import ERROR_CODE, IP_ADDRESS, IP_SOCKET_ADDRESS
from wasinet.wit.v0_2.udp import INCOMING_DATAGRAM, OUTGOING_DATAGRAM
from wasinet.wit.values import Case, Err, Ok, Some

THING = Resource("thing")
BASE = 4096


def never(kind: str, index: int) -> int:
    raise AssertionError("no handle is here")


@pytest.mark.parametrize(
    ("type_", "size", "cores"),
    [
        (BOOL, 1, ("i32",)),
        (U16, 2, ("i32",)),
        (U64, 8, ("i64",)),
        (STRING, 8, ("i32", "i32")),
        (List(U8), 8, ("i32", "i32")),
        (Own(THING), 4, ("i32",)),
        (Enum("e", ("a", "b")), 1, ("i32",)),
        (Tuple((U8, U32, U8)), 12, ("i32", "i32", "i32")),
        (Record("r", (("a", U8), ("b", U64))), 16, ("i32", "i64")),
        (Option(U8), 2, ("i32", "i32")),
        (Option(U64), 16, ("i32", "i64")),
        (Result(None, None), 1, ("i32",)),
        (Result(U64, ERROR_CODE), 16, ("i32", "i64")),
        (Result(Own(THING), ERROR_CODE), 8, ("i32", "i32")),
        (Result(Tuple((Own(THING),) * 3), ERROR_CODE), 16, ("i32",) * 4),
        (Variant("v", (("a", None), ("b", U32), ("c", U64))), 16, ("i32", "i64")),
        (IP_ADDRESS, 18, ("i32",) * 9),
        (IP_SOCKET_ADDRESS, 32, ("i32",) * 12),
        (INCOMING_DATAGRAM, 40, ("i32",) * 14),
        (OUTGOING_DATAGRAM, 44, ("i32",) * 15),
    ],
    ids=str,
)
def test_layouts(type_: Type, size: int, cores: tuple[str, ...]) -> None:
    assert (size_of(type_), flatten(type_)) == (size, cores)


@pytest.mark.parametrize("type_", [THING])
def test_what_is_no_value_has_no_layout(type_: Type) -> None:
    for ask in (size_of, flatten, loader, lambda of: Arguments([of], BASE)):
        with pytest.raises(TypeError, match=str(type_)):
            ask(type_)


@pytest.mark.parametrize(("at", "alignment", "expected"), [(0, 8, 0), (1, 8, 8), (8, 8, 8), (5, 1, 5), (13, 4, 16)])
def test_alignment(at: int, alignment: int, expected: int) -> None:
    assert aligned(at, alignment) == expected


def test_scalars_are_packed_without_gaps() -> None:
    arguments = Arguments([Borrow(THING), U64, BOOL], BASE)
    assert arguments.plain
    assert arguments.offsets() == [("i32", 0), ("i64", 4), ("i32", 12)]
    assert arguments.pack(7, 9, True) == struct.pack("<IQI", 7, 9, 1)


def test_pointers_are_the_guests() -> None:
    arguments = Arguments([U32, List(U8), STRING], BASE)
    block = arguments.pack(5, b"\x00\xff", "ü")
    assert struct.unpack_from("<IIIII", block) == (5, BASE + 20, 2, BASE + 22, 2)
    assert block[20:] == b"\x00\xff\xc3\xbc"


def test_lists_are_aligned() -> None:
    arguments = Arguments([List(U8), List(U64), List(Borrow(THING))], BASE)
    block = arguments.pack(b"x", [1, 2], [3])
    _, _, longs, count, handles, one = struct.unpack_from("<IIIIII", block)
    assert (longs % 8, count, handles % 4, one) == (0, 2, 0, 1)
    assert struct.unpack_from("<QQI", block, longs - BASE) == (1, 2, 3)


def test_cases_take_the_room_of_the_largest() -> None:
    block = Arguments([IP_SOCKET_ADDRESS, U32], BASE).pack(
        Case("ipv4", {"port": 80, "address": (127, 0, 0, 1)}), 0xFFFF
    )
    assert struct.unpack("<13I", block) == (0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xFFFF)


def test_buffers_are_bytes_too() -> None:
    block = Arguments([List(U8)], BASE).pack(memoryview(bytearray(b"abc")))
    assert block == struct.pack("<II", BASE + 8, 3) + b"abc"


OCTET = st.integers(0, 255)
WORD = st.integers(0, 65535)
ADDRESSES = st.one_of(
    st.builds(lambda port, address: Case("ipv4", {"port": port, "address": address}), WORD, st.tuples(*[OCTET] * 4)),
    st.builds(
        lambda port, flow, address, scope: Case(
            "ipv6", {"port": port, "flow-info": flow, "address": address, "scope-id": scope}
        ),
        WORD,
        st.integers(0, 2**32 - 1),
        st.tuples(*[WORD] * 8),
        st.integers(0, 2**32 - 1),
    ),
)
VALUES: list[tuple[Type, st.SearchStrategy[Any]]] = [
    (BOOL, st.booleans()),
    (U8, OCTET),
    (U16, WORD),
    (U64, st.integers(0, 2**64 - 1)),
    (STRING, st.text()),
    (List(U8), st.binary()),
    (List(U32), st.lists(st.integers(0, 2**32 - 1))),
    (List(STRING), st.lists(st.text())),
    (List(List(U16)), st.lists(st.lists(WORD))),
    (ERROR_CODE, st.sampled_from(ERROR_CODE.cases)),
    (IP_SOCKET_ADDRESS, ADDRESSES),
    (Option(IP_SOCKET_ADDRESS), st.one_of(st.none(), ADDRESSES.map(Some))),
    (Result(U64, ERROR_CODE), st.one_of(st.integers(0, 9).map(Ok), st.sampled_from(ERROR_CODE.cases).map(Err))),
    (Result(None, STRING), st.one_of(st.just(Ok()), st.text().map(Err))),
    (
        List(OUTGOING_DATAGRAM),
        st.lists(
            st.fixed_dictionaries({"data": st.binary(), "remote-address": st.one_of(st.none(), ADDRESSES.map(Some))})
        ),
    ),
]


@given(st.data())
@pytest.mark.parametrize(("type_", "values"), VALUES, ids=[str(type_) for type_, _ in VALUES])
def test_what_is_stored_is_loaded(type_: Type, values: st.SearchStrategy[Any], data: st.DataObject) -> None:
    value = data.draw(values)
    # A list of one: what a parameter's pointer leads to is laid out as a result is.
    block = Arguments([List(type_)] if type_ != U8 else [List(Tuple((U8,)))], BASE).pack(
        [value] if type_ != U8 else [(value,)]
    )
    address, length = struct.unpack_from("<II", block)
    assert length == 1
    assert loader(type_)(block, address - BASE, BASE, never) == value


def test_handles_are_entered() -> None:
    entered: list[tuple[str, int]] = []

    def enter(kind: str, index: int) -> int:
        entered.append((kind, index))
        return 100 + index

    accept = wit.load("0.2").functions["tcp-socket.accept"].result
    assert accept is not None
    block = struct.pack("<B3xIII", 0, 7, 8, 9)
    assert loader(accept)(block, 0, 0, enter) == Ok((107, 108, 109))
    assert entered == [("tcp-socket", 7), ("input-stream", 8), ("output-stream", 9)]


def test_an_empty_list_may_point_anywhere() -> None:
    assert loader(List(U8))(struct.pack("<II", 1, 0), 0, BASE, never) == b""
    assert loader(List(U32))(struct.pack("<II", 4, 0), 0, BASE, never) == []


def test_the_heap_keeps_what_it_has() -> None:
    heap = Heap(BASE, 4)
    assert heap.add(b"abc") == BASE + 4
    assert heap.room(8, 8) == 8
    assert bytes(heap.data) == bytes(4) + b"abc" + bytes(9)


@pytest.mark.parametrize("type_", [CHAR, F64])
def test_other_scalars_are_refused(type_: Type) -> None:
    # No function of 0.2 has them, and a wrong layout would be worse than none.
    with pytest.raises(TypeError, match=str(type_)):
        loader(type_)
