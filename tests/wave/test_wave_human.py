"""The printer for people: bytes and addresses."""

from __future__ import annotations

from ipaddress import IPv6Address
from random import Random

import pytest

from wasinet import wave
from wasinet.wave.human import HumanPrinter
from wasinet.wit.types import (
    STRING,
    U8,
    U16,
    U32,
    Alias,
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
from wasinet.wit.values import Case, Ok, Some, Value

IPV4 = Alias("ipv4-address", Tuple((U8,) * 4))
IPV6 = Alias("ipv6-address", Tuple((U16,) * 8))
ADDRESS = Variant("ip-address", (("ipv4", IPV4), ("ipv6", IPV6)))
ENDPOINT4 = Record("ipv4-socket-address", (("port", U16), ("address", IPV4)))
ENDPOINT6 = Record("ipv6-socket-address", (("port", U16), ("flow-info", U32), ("address", IPV6), ("scope-id", U32)))
ENDPOINT = Variant("ip-socket-address", (("ipv4", ENDPOINT4), ("ipv6", ENDPOINT6)))
DATA = List(U8)
LOOPBACK = (0, 0, 0, 0, 0, 0, 0, 1)


def v4(port: int, *address: int) -> Case:
    return Case("ipv4", {"port": port, "address": address})


def v6(port: Value, address: tuple[Value, ...], scope: Value = 0, flow: Value = 0) -> Case:
    return Case("ipv6", {"port": port, "flow-info": flow, "address": address, "scope-id": scope})


PRINTED: list[tuple[Type, Value, str]] = [
    (DATA, b"", '""'),
    (DATA, b"GET / HTTP/1.1\r\n\r\n", r'"GET / HTTP/1.1\r\n\r\n"'),
    (DATA, 'tab\t"\\☃'.encode(), r'"tab\t\"\\☃"'),
    (DATA, bytearray(b"abc"), '"abc"'),
    (DATA, memoryview(b"abc"), '"abc"'),
    (DATA, b"\0", 'b64"AA=="'),
    (DATA, b"a\x1b[31m", 'b64"YRtbMzFt"'),
    (DATA, b"\xff\xfe", 'b64"//4="'),
    (DATA, "\u202e".encode(), 'b64"4oCu"'),
    (Result(DATA), Ok(b"hi"), 'ok("hi")'),
    (List(DATA), [b"a", b"\0"], '["a", b64"AA=="]'),
    (Tuple((STRING, Own(Resource("pollable")))), ("a", 3), '("a", #3)'),
    (ADDRESS, Case("ipv4", (10, 0, 0, 1)), "10.0.0.1"),
    (ADDRESS, Case("ipv6", LOOPBACK), "::1"),
    (ADDRESS, Case("ipv6", (0,) * 8), "::"),
    (ADDRESS, Case("ipv6", (0x2001, 0xDB8, 0, 0, 1, 0, 0, 1)), "2001:db8::1:0:0:1"),
    (ADDRESS, Case("ipv6", (0x2001, 0xDB8, 0, 0, 0, 0, 0, 0)), "2001:db8::"),
    (ADDRESS, Case("ipv6", (0x2001, 0xDB8, 0, 1, 1, 1, 1, 1)), "2001:db8:0:1:1:1:1:1"),
    (ADDRESS, Case("ipv6", (0x2001, 0, 0, 1, 0, 0, 0, 1)), "2001:0:0:1::1"),
    (ADDRESS, Case("ipv6", (1, 2, 3, 4, 5, 6, 7, 0xABCD)), "1:2:3:4:5:6:7:abcd"),
    (ADDRESS, Case("ipv6", (0, 0, 0, 0, 0, 0xFFFF, 0x7F00, 1)), "::ffff:127.0.0.1"),
    (ENDPOINT, v4(80, 127, 0, 0, 1), "127.0.0.1:80"),
    (ENDPOINT, v6(80, LOOPBACK), "[::1]:80"),
    (ENDPOINT, v6(65535, (0xFE80, 0, 0, 0, 0, 0, 0, 1), 2), "[fe80::1%2]:65535"),
    (ENDPOINT, v6(80, LOOPBACK, 0, 9),
     "ipv6({port: 80, flow-info: 9, address: (0, 0, 0, 0, 0, 0, 0, 1), scope-id: 0})"),
    (Option(Alias("remote", ENDPOINT)), Some(v4(0, 0, 0, 0, 0)), "some(0.0.0.0:0)"),
    (ENDPOINT4, {"port": 1, "address": (1, 2, 3, 4)}, "{port: 1, address: (1, 2, 3, 4)}"),
    (Variant("ip-address", (("ipv4", U8), ("ipv6", IPV6))), Case("ipv4", 1), "ipv4(1)"),
    (Variant("ip-address", (("ipv4", IPV4),)), Case("ipv4", (1, 2, 3, 4)), "ipv4((1, 2, 3, 4))"),
    (Variant("other", ADDRESS.cases), Case("ipv4", (1, 2, 3, 4)), "ipv4((1, 2, 3, 4))"),
    (Variant("ip-socket-address", ADDRESS.cases), Case("ipv4", (1, 2, 3, 4)), "ipv4((1, 2, 3, 4))"),
    (Variant("ip-socket-address", (("ipv4", ENDPOINT4), ("ipv6", ENDPOINT4))), v4(1, 1, 2, 3, 4),
     "ipv4({port: 1, address: (1, 2, 3, 4)})"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("type_", "value", "text"), PRINTED, ids=lambda part: repr(part)[:40] if isinstance(part, str) else None
)
def test_printed(type_: Type, value: Value, text: str) -> None:
    assert HumanPrinter().dumps(value, type_) == text


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (ENDPOINT, v4(65536, 127, 0, 0, 1)),
        (ENDPOINT, v4(80, 127, 0, 0)),
        (ENDPOINT, v4(80, 127, 0, 0, 256)),
        (ENDPOINT, v4(True, 127, 0, 0, 1)),
        (ENDPOINT, Case("ipv4", {"port": 80, "address": "1.2.3.4"})),
        (ENDPOINT, Case("ipv4", {"port": 80})),
        (ENDPOINT, Case("ipv4", {"port": 80, "address": (1, 2, 3, 4), "more": 1})),
        (ENDPOINT, Case("ipv4", None)),
        (ENDPOINT, Case("ipv5", {"port": 80, "address": (1, 2, 3, 4)})),
        (ENDPOINT, "127.0.0.1:80"),
        (ENDPOINT, v6("80", LOOPBACK)),
        (ENDPOINT, v6(80, LOOPBACK[:7])),
        (ENDPOINT, v6(80, (0, 0, 0, 0, 0, 0, 0, 65536))),
        (ENDPOINT, v6(80, (0, 0, 0, 0, 0, 0, 0, None))),
        (ENDPOINT, v6(80, LOOPBACK, 2**32)),
        (ENDPOINT, v6(80, LOOPBACK, None)),
        (ADDRESS, Case("ipv4", (1, 2, 3))),
        (ADDRESS, Case("ipv4", ("1", 2, 3, 4))),
        (ADDRESS, Case("ipv6", (1, 2, 3, 4))),
        (ADDRESS, Case("other", (1, 2, 3, 4, 5, 6, 7, 8))),
        (DATA, "text"),
        (DATA, [1, 2]),
        (DATA, None),
    ],
)
def test_misfits_are_the_errors_of_the_pure_printer(type_: Type, value: Value) -> None:
    with pytest.raises(wave.WaveError) as human:
        HumanPrinter(data_limit=10).dumps(value, type_)
    with pytest.raises(wave.WaveError) as pure:
        wave.dumps(value, type_)
    assert str(human.value) == str(pure.value)


@pytest.mark.parametrize(
    ("data", "limit", "text"),
    [
        (b"abcdef", 6, '"abcdef"'),
        (b"abcdefg", 6, '"abcdef"... (7 bytes)'),
        (b"x" * 1234, 3, '"xxx"... (1234 bytes)'),
        (b"x" * 10, 0, '""... (10 bytes)'),
        (b"\0" * 9, 3, 'b64"AAAA"... (9 bytes)'),
        ("aé☃🌊b".encode(), 2, '"a"... (11 bytes)'),
        ("aé☃🌊b".encode(), 3, '"aé"... (11 bytes)'),
        ("aé☃🌊b".encode(), 4, '"aé"... (11 bytes)'),
        ("aé☃🌊b".encode(), 5, '"aé"... (11 bytes)'),
        ("aé☃🌊b".encode(), 6, '"aé☃"... (11 bytes)'),
        ("aé☃🌊b".encode(), 9, '"aé☃"... (11 bytes)'),
        ("aé☃🌊b".encode(), 10, '"aé☃🌊"... (11 bytes)'),
        ("🌊🌊".encode(), 2, '""... (8 bytes)'),
        (b"ab\x80\x80\x80\x80", 4, 'b64"YWKAgA=="... (6 bytes)'),
        (b"ab\0cd", 4, 'b64"YWIAYw=="... (5 bytes)'),
        (memoryview(b"abcdef"), 2, '"ab"... (6 bytes)'),
    ],
)
def test_long_data_is_cut_between_characters(data: bytes, limit: int, text: str) -> None:
    assert HumanPrinter(data_limit=limit).dumps(data, DATA) == text


def test_strings_are_never_cut() -> None:
    assert HumanPrinter(data_limit=1).dumps("abc", STRING) == '"abc"'


def test_addresses_read_as_other_programs_read_them() -> None:
    random = Random(1)
    printer = HumanPrinter()
    for _ in range(2000):
        groups = tuple(random.choice((0, 0, 0, 1, 0xFFFF, random.randrange(65536))) for _ in range(8))
        text = printer.dumps(Case("ipv6", groups), ADDRESS)
        packed = b"".join(group.to_bytes(2, "big") for group in groups)
        assert IPv6Address(text).packed == packed
        if "." not in text:
            assert text == IPv6Address(packed).compressed
