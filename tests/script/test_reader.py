"""Values in calls: what each type accepts beside WAVE, and where mistakes are shown."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wasinet import wit
from wasinet.script.reader import Ref, ValueReader, fits
from wasinet.wave.errors import WaveError
from wasinet.wit.types import (
    BOOL,
    STRING,
    U8,
    U16,
    U32,
    U64,
    Alias,
    Borrow,
    Enum,
    List,
    Option,
    Own,
    Resource,
    Tuple,
    Type,
    resolve,
)
from wasinet.wit.values import Case, Some, Value

WORLD = wit.load()
DURATION = Alias("duration", U64)
SOCKET = Resource("tcp-socket")
BYTES = List(U8)
FAMILY = Enum("ip-address-family", ("ipv4", "ipv6"))
OLD_SOCKET = Alias("old-socket", U32, Resource("old-socket"))


def declared(name: str) -> Type:
    """A type of the world by name."""
    return next(i.types[name] for i in WORLD.interfaces if name in i.types)


SOCKET_ADDRESS = declared("ip-socket-address")
ADDRESS = declared("ip-address")
DATAGRAM = declared("outgoing-datagram")


class Variables:
    """A scope of fixed variables."""

    types: dict[str, Type] = {  # noqa: RUF012
        "s": Own(SOCKET),
        "p": Own(Resource("pollable")),
        "a": SOCKET_ADDRESS,
        "n": U64,
        "ipv4": Own(SOCKET),
        "data": BYTES,
        "fe80": U64,
        "b64": BYTES,
    }

    def type_of(self, name: str) -> Type | None:
        return self.types.get(name)

    def variable_names(self) -> list[str]:
        return list(self.types)

    def why_not(self, name: str) -> str:
        return "x() gave err(unknown)" if name == "lost" else ""


def read(text: str, type_: Type) -> Value:
    reader = ValueReader(text, 0, Variables())
    value = reader.read(type_)
    reader.finish()
    return value


def v4(port: int, *address: int) -> Case:
    return Case("ipv4", {"port": port, "address": address})


def v6(port: int, *words: int, scope: int = 0) -> Case:
    return Case("ipv6", {"port": port, "flow-info": 0, "address": words, "scope-id": scope})


EXAMPLE = "ip-socket-address, e.g. 127.0.0.1:80"
INTERFACES = f"the interfaces are {', '.join(name for _, name in socket.if_nameindex())}"
LOCALHOST = (0, 0, 0, 0, 0, 0, 0, 1)


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("127.0.0.1:80", SOCKET_ADDRESS, v4(80, 127, 0, 0, 1)),
        ("0.0.0.0:0", SOCKET_ADDRESS, v4(0, 0, 0, 0, 0)),
        ("[::1]:80", SOCKET_ADDRESS, v6(80, *LOCALHOST)),
        ("[fe80::1%2]:80", SOCKET_ADDRESS, v6(80, 0xFE80, 0, 0, 0, 0, 0, 0, 1, scope=2)),
        ("[fe80::1%lo]:80", SOCKET_ADDRESS, v6(80, 0xFE80, 0, 0, 0, 0, 0, 0, 1, scope=socket.if_nametoindex("lo"))),
        ("[fe80::1]:80", SOCKET_ADDRESS, v6(80, 0xFE80, 0, 0, 0, 0, 0, 0, 1)),
        ("[::ffff:10.0.0.1]:1", SOCKET_ADDRESS, v6(1, 0, 0, 0, 0, 0, 0xFFFF, 0x0A00, 1)),
        ("ipv4({port: 80, address: (127, 0, 0, 1)})", SOCKET_ADDRESS, v4(80, 127, 0, 0, 1)),
        ("127.0.0.1:80", Option(SOCKET_ADDRESS), Some(v4(80, 127, 0, 0, 1))),
        ("some(127.0.0.1:80)", Option(SOCKET_ADDRESS), Some(v4(80, 127, 0, 0, 1))),
        ("none", Option(SOCKET_ADDRESS), None),
        ("10.0.0.1", ADDRESS, Case("ipv4", (10, 0, 0, 1))),
        ("::1", ADDRESS, Case("ipv6", LOCALHOST)),
        ("fe80::1", ADDRESS, Case("ipv6", (0xFE80, 0, 0, 0, 0, 0, 0, 1))),
        ("ipv4((10, 0, 0, 1))", ADDRESS, Case("ipv4", (10, 0, 0, 1))),
        ("5s", DURATION, 5_000_000_000),
        ("250ms", DURATION, 250_000_000),
        ("1us", DURATION, 1_000),
        ("1\u00b5s", DURATION, 1_000),
        ("1.5s", DURATION, 1_500_000_000),
        ("2m", DURATION, 120_000_000_000),
        ("1h", DURATION, 3_600_000_000_000),
        ("7", DURATION, 7),
        ("64KiB", U64, 65536),
        ("1MiB", U64, 1 << 20),
        ("10kB", U64, 10_000),
        ("0.5KiB", U64, 512),
        ("42", U64, 42),
        ("64KiB", Option(U64), Some(65536)),
        ('"h\u00e9\\xff\\x41\\n"', BYTES, b"h\xc3\xa9\xffA\n"),
        ('""', BYTES, b""),
        ('b64"AAE="', BYTES, b"\0\1"),
        ('b64""', BYTES, b""),
        ("[1, 2]", BYTES, b"\1\2"),
        ('"""\n  a\\x00\n  b\n  """', BYTES, b"a\0\nb"),
        ("#3", Borrow(SOCKET), 3),
        ("#3", OLD_SOCKET, 3),
        ("3", OLD_SOCKET, 3),
        ("[#1, #2]", List(Borrow(SOCKET)), [1, 2]),
        ("ipv4", FAMILY, "ipv4"),
        ("[1, // one\n 2, # two\n 3]", BYTES, b"\1\2\3"),
        ('{data: "x"}', DATAGRAM, {"data": b"x", "remote-address": None}),
        ('"\\u{e9}"', STRING, "\u00e9"),
    ],
)
def test_accepted(text: str, type_: Type, value: Value) -> None:
    assert read(text, type_) == value


@pytest.mark.parametrize(
    ("text", "type_", "position", "message"),
    [
        ("127.0.0.1", SOCKET_ADDRESS, 0, "expected ip-socket-address, e.g. 127.0.0.1:80, found '127.0.0.1'"),
        ("127.0.0.256:80", SOCKET_ADDRESS, 0, "expected ip-socket-address, e.g. 127.0.0.1:80, found '127.0.0.256:80'"),
        ("127.0.0.1:65536", SOCKET_ADDRESS, 10, "expected a port (0 to 65535), found '65536'"),
        ("127.0.0.1:_", SOCKET_ADDRESS, 10, "expected a port (0 to 65535), found '_'"),
        ("[::1]", SOCKET_ADDRESS, 0, "expected ip-socket-address, e.g. 127.0.0.1:80, found '['"),
        ("[::1%9999999999]:80", SOCKET_ADDRESS, 5, f"there is no interface '9999999999'; {INTERFACES}"),
        ("[fe80::1%eth 0]:80", SOCKET_ADDRESS, 0, "expected ip-socket-address, e.g. 127.0.0.1:80, found '['"),
        ("[fe80::1%no.such_one-0]:80", SOCKET_ADDRESS, 9, f"there is no interface 'no.such_one-0'; {INTERFACES}"),
        ("localhost:80", SOCKET_ADDRESS, 0, "expected ip-socket-address, e.g. 127.0.0.1:80, found 'localhost'"),
        ("ipv7(1)", SOCKET_ADDRESS, 0, f"expected {EXAMPLE}, found 'ipv7'; did you mean ipv6?"),
        ("s", SOCKET_ADDRESS, 0, "expected ip-socket-address, e.g. 127.0.0.1:80; s is a tcp-socket"),
        ("10.0.0", ADDRESS, 0, "expected ip-address, e.g. 10.0.0.1 or ::1, found '10.0.0'"),
        (":::", ADDRESS, 0, "expected ip-address, e.g. 10.0.0.1 or ::1, found ':'"),
        ("5x", DURATION, 0, "expected duration, e.g. 5s or 250ms, found '5x'"),
        ("5KiB", DURATION, 0, "expected duration, e.g. 5s or 250ms, found '5KiB'"),
        ("0.1ns", DURATION, 0, "expected duration, e.g. 5s or 250ms, found '0.1ns'"),
        ("6000000h", DURATION, 0, "expected duration, e.g. 5s or 250ms, found '6000000h'"),
        ("5s", U64, 0, "expected u64, e.g. 10 or 64KiB, found '5s'"),
        ("-1", U64, 0, "expected u64, e.g. 10 or 64KiB, found '-1'"),
        ("64KiB", U32, 0, "expected u32 (0 to 4294967295), found '64KiB'"),
        ('b64"A"', BYTES, 4, 'expected base64 between the quotes, e.g. b64"AAE="'),
        ("x", BYTES, 0, 'expected list<u8>, e.g. "text" or b64"AAE=", found \'x\''),
        ("[256]", BYTES, 1, "expected u8 (0 to 255), found '256'"),
        ('"\\x41"', STRING, 1, "\\xNN is for list<u8>; a string has \\u{...}"),
        ("3", Borrow(SOCKET), 0, "expected tcp-socket, a variable or a handle like #3, found '3'"),
        ("p", Borrow(SOCKET), 0, "expected tcp-socket, a variable or a handle like #3; p is a pollable"),
        ("t", Borrow(SOCKET), 0, "expected tcp-socket, a variable or a handle like #3, found 't'"),
        ("lost", Borrow(SOCKET), 0, "lost is not set: x() gave err(unknown)"),
        ("ipv5", FAMILY, 0, "expected ip-address-family (ipv4 or ipv6), found 'ipv5'; did you mean ipv6?"),
        ("n", BOOL, 0, "expected bool (true or false); n is a u64"),
        ("#3", SOCKET_ADDRESS, 0, "expected ip-socket-address, e.g. 127.0.0.1:80, found '#3'"),
        ("[p, s]", List(Borrow(SOCKET)), 1, "expected tcp-socket, a variable or a handle like #3; p is a pollable"),
        ("", Option(U64), 0, "expected u64, e.g. 10 or 64KiB, found the end"),
    ],
)  # fmt: skip
def test_rejected(text: str, type_: Type, position: int, message: str) -> None:
    with pytest.raises(WaveError) as raised:
        read(text, type_)
    assert (raised.value.position, raised.value.message) == (position, message)


def test_variables_leave_their_place() -> None:
    reader = ValueReader("[p, #4, p]", 0, Variables())
    value = reader.read(List(Borrow(Resource("pollable"))))
    assert [item.name if isinstance(item, Ref) else item for item in value] == ["p", 4, "p"]
    assert [ref.position for ref in reader.refs] == [1, 8]
    assert reader.handles == [(4, 6, 4)]


def test_a_case_of_the_type_goes_before_a_variable() -> None:
    assert read("ipv4", FAMILY) == "ipv4"
    assert isinstance(read("ipv4", Borrow(SOCKET)), Ref)
    assert read("fe80::1", ADDRESS) == Case("ipv6", (0xFE80, 0, 0, 0, 0, 0, 0, 1))
    assert isinstance(read("fe80", U64), Ref)
    assert read('b64"AA=="', BYTES) == b"\0"
    assert isinstance(read("b64", BYTES), Ref)


def test_ports_are_noted() -> None:
    reader = ValueReader("[127.0.0.1:80, ipv4({port: 81, address: (1, 2, 3, 4)})]")
    reader.read(List(SOCKET_ADDRESS))
    assert reader.ports == [80, 81]


@pytest.mark.parametrize(
    ("have", "want", "wraps"),
    [
        (U64, U64, 0),
        (U64, Alias("size", U64), 0),
        (U64, U16, 0),
        (U64, Option(U64), 1),
        (Option(U64), Option(U64), 0),
        (U64, Option(Option(U64)), 2),
        (Own(SOCKET), Borrow(SOCKET), 0),
        (Own(SOCKET), Option(Borrow(SOCKET)), 1),
        (Own(SOCKET), Borrow(Resource("pollable")), None),
        (U64, STRING, None),
        (U64, Own(SOCKET), None),
        (None, U64, None),
    ],
)
def test_what_fits(have: Type | None, want: Type, wraps: int | None) -> None:
    assert fits(have, want) == wraps


def _types() -> Iterator[Type]:
    for function in WORLD.functions.values():
        for _, type_ in function.arguments:
            yield type_
            yield resolve(type_)
        if function.result is not None:
            yield function.result


EVERY_TYPE = [*dict.fromkeys(_types()), DURATION, OLD_SOCKET, Tuple((U8, BYTES))]


@given(
    st.text(alphabet="aefipv46nos#_3219.,:;()[]{}=\"'\\/ \n%xnkKMiBb-\u00e9\U0001f600\0", max_size=40),
    st.sampled_from(EVERY_TYPE),
)
@example('b64"', BYTES)
@example("[1.1:1", SOCKET_ADDRESS)
@example("9" * 30 + "s", DURATION)
def test_no_text_raises_anything_but_the_readers_own_error(text: str, type_: Type) -> None:
    error = None
    try:
        read(text, type_)
    except WaveError as raised:
        error = raised
    assert error is None or (0 <= error.position <= len(text) and error.render())
