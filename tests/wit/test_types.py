from __future__ import annotations

import pytest

from wasinet.wit.types import (
    S8,
    STRING,
    U8,
    U32,
    U64,
    Alias,
    Borrow,
    Enum,
    List,
    Option,
    Own,
    Resource,
    Result,
    Tuple,
    Type,
    handle_of,
    resolve,
)

SOCKET = Resource("tcp-socket")
CODE = Enum("error-code", ("unknown",))


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (U8, "u8"),
        (List(U8), "list<u8>"),
        (Option(STRING), "option<string>"),
        (Tuple((U8, U32)), "tuple<u8, u32>"),
        (Result(), "result"),
        (Result(U8), "result<u8>"),
        (Result(None, CODE), "result<_, error-code>"),
        (Result(Tuple((Own(SOCKET), U8)), CODE), "result<tuple<tcp-socket, u8>, error-code>"),
        (List(Borrow(SOCKET)), "list<borrow<tcp-socket>>"),
        (Alias("duration", U64), "duration"),
    ],
)
def test_types_read_as_wit_writes_them(type_: Type, text: str) -> None:
    assert str(type_) == text


def test_integers_know_their_range() -> None:
    assert (S8.minimum, S8.maximum) == (-128, 127)
    assert (U64.minimum, U64.maximum) == (0, 2**64 - 1)
    assert not STRING.is_integer


def test_resolve_follows_aliases_and_stops_at_handles() -> None:
    assert resolve(Alias("a", Alias("b", U64))) is U64
    assert resolve(Alias("tcp-socket", U32, handle=SOCKET)) == Own(SOCKET)


def test_handle_of() -> None:
    assert handle_of(Borrow(SOCKET)) is SOCKET
    assert handle_of(Alias("tcp-socket", U32, handle=SOCKET)) is SOCKET
    assert handle_of(U32) is None
