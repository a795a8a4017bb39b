"""Durations, sizes, addresses and data as people type them."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinet.cli.address import parse_address
from wasinet.cli.values import (
    BadValue,
    Endpoint,
    parse_bytes,
    parse_count,
    parse_duration,
    parse_endpoint,
    parse_local,
    parse_port,
    parse_seconds,
    parse_size,
    show_duration,
    to_socket_address,
)
from wasinet.oscalls.interruption import start_timeout, stop_timeout
from wasinet.wit.values import Case


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("5s", 5_000_000_000),
        ("5", 5_000_000_000),
        ("1.5s", 1_500_000_000),
        (".5", 500_000_000),
        ("250ms", 250_000_000),
        ("1us", 1_000),
        ("1 µs", 1_000),
        ("7ns", 7),
        ("2m", 120_000_000_000),
        ("1h", 3_600_000_000_000),
        ("0", 0),
        ("0" * 99 + "1s", 1_000_000_000),
    ],
)
def test_duration(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds
    assert parse_seconds(text) == pytest.approx(nanoseconds / 1e9)


@pytest.mark.parametrize("text", ["", "5x", "s", ".", "-5s", "1e5", "1.2.3", "٣s", "5 5s", "nan", "1_0"])
def test_no_duration(text: str) -> None:
    with pytest.raises(BadValue, match=r"is no duration; e\.g\. 5s, 250ms"):
        parse_duration(text)


def test_duration_says_what_was_wrong() -> None:
    with pytest.raises(BadValue, match=r"^'5x' is no duration; e\.g\. 5s, 250ms$"):
        parse_duration("5x")


@pytest.mark.parametrize("text", ["9" * 20, "1" + "0" * 5000, "18446744073709551616ns"])
def test_too_long_a_duration(text: str) -> None:
    with pytest.raises(BadValue, match="is too long a duration"):
        parse_duration(text)


def test_parts_of_a_nanosecond() -> None:
    with pytest.raises(BadValue, match="no whole number of nanoseconds"):
        parse_duration("1.5ns")


@given(st.integers(0, (1 << 64) - 1))
def test_durations_read_back(nanoseconds: int) -> None:
    assert parse_duration(show_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("512", 512), ("64KiB", 65536), ("1.5MiB", 1572864), ("10MB", 10_000_000), ("1kB", 1000), ("2GiB", 1 << 31)],
)
def test_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "10mb", "KiB", "-1", "1.5", "64kib", "99999999999999999999TiB"])
def test_no_size(text: str) -> None:
    with pytest.raises(BadValue, match=r"is no size|no whole number of bytes|too large a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("localhost:80", Endpoint("localhost", 80)),
        ("127.0.0.1:80", Endpoint("127.0.0.1", 80, 4)),
        ("[::1]:80", Endpoint("::1", 80, 6)),
        ("[fe80::1%2]:65535", Endpoint("fe80::1", 65535, 6, 2)),
        (":8080", Endpoint(None, 8080)),
        ("bücher.example:0", Endpoint("bücher.example", 0)),
        ("a_b.example.:1", Endpoint("a_b.example.", 1)),
    ],
)
def test_endpoint(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint
    assert str(endpoint) == text


@pytest.mark.parametrize("text", ["18446744073709551615ns", "18446744073.7s", "18446744073709551us"])
def test_the_longest_duration_stays_one(text: str) -> None:
    assert parse_duration(text) < 1 << 64
    assert round(parse_seconds(text) * 1e9) < 1 << 64


def test_the_longest_timeout_is_a_timer() -> None:
    before = signal.getsignal(signal.SIGALRM)
    try:
        start_timeout(parse_duration("18446744073709551615ns"))
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 1e8
    finally:
        stop_timeout()
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("text", ["fe80::1%lo", "[fe80::1%lo]", "[fe80::1%lo]:53"])
def test_interface_names_are_zones(text: str) -> None:
    number = socket.if_nametoindex("lo")
    assert parse_endpoint("[fe80::1%lo]:53") == Endpoint("fe80::1", 53, 6, number)
    assert parse_address(text, 53, "address") == Endpoint("fe80::1", 53, 6, number)


@pytest.mark.parametrize(
    ("text", "message"),
    [("fe80::1", "needs a zone"), ("[fe80::1]:53", "needs a zone"), ("fe80::1%x", "no interface 'x'")],
)
def test_a_server_whose_zone_is_wrong(text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        parse_address(text, 53, "address")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("localhost", "'localhost' has no port; e.g. localhost:80"),
        ("", "'' has no port; e.g. localhost:80"),
        ("80", "'80' has no host; e.g. localhost:80"),
        ("65536", "port 65536 is too large"),
        ("localhost:", "'localhost:' has no port; e.g. localhost:80"),
        (":", "':' has no port; e.g. localhost:80"),
        ("::1", "needs brackets around the IPv6 address, and a port: [::1]:80"),
        ("::", "needs brackets around the IPv6 address, and a port: [::]:80"),
        ("::1:80", "needs brackets around the IPv6 address: [::1]:80"),
        ("fe80::1%2", "needs brackets"),
        ("a:b:c", "'a:b:c' has too many colons"),
        ("[::1]", "'[::1]' has no port after the bracket; e.g. [::1]:80"),
        ("[::1", "no closing bracket"),
        ("[zz]:80", "'zz' in '[zz]:80' is no IPv6 address"),
        ("[fe80::1%x]:80", "there is no interface 'x'; the interfaces are lo"),
        ("[fe80::1%]:80", "there is no interface ''; the interfaces are lo"),
        ("[fe80::1%4294967296]:80", "there is no interface '4294967296'"),
        ("[fe80::1]:80", "fe80::1 is a link-local address and needs a zone, as in fe80::1%"),
        ("[febf::1]:80", "; the interfaces are lo"),
        ("host:65536", "port 65536 is too large; ports go up to 65535"),
        ("host:" + "9" * 5000, "is too large; ports go up to 65535"),
        ("host:http", "'http' is no port; ports are numbers from 0 to 65535"),
        ("host:-1", "'-1' is no port"),
        ("host:²", "is no port"),
        ("256.1.1.1:80", "'256.1.1.1' is no IPv4 address"),
        ("127.1:80", "'127.1' is no IPv4 address"),
        ("1.2.3.0x4:80", "is no IPv4 address"),
        ("http://host:80", "is a URL"),
        ("a b:80", "'a b' is neither an address nor a name"),
        ("a\0b:80", "is neither an address nor a name"),
    ],
)
def test_no_endpoint(text: str, message: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_endpoint(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("80", "'80' has no host; e.g. 127.0.0.1:80, or :80 for all addresses of this machine"),
        ("65536", "port 65536 is too large; ports go up to 65535"),
        ("localhost", "'localhost' has no port; e.g. localhost:80"),
    ],
)
def test_no_local_endpoint(text: str, message: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_local(text)
    assert str(caught.value) == message


@given(st.text())
def test_any_text_is_an_endpoint_or_says_why_not(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except BadValue:
        return
    assert 0 <= endpoint.port <= 65535
    assert parse_endpoint(str(endpoint)) == endpoint


def test_socket_addresses() -> None:
    assert to_socket_address(parse_endpoint("127.0.0.1:80")) == Case("ipv4", {"port": 80, "address": (127, 0, 0, 1)})
    assert to_socket_address(parse_endpoint("[fe80::1%2]:1")) == Case(
        "ipv6", {"port": 1, "flow-info": 0, "address": (0xFE80, 0, 0, 0, 0, 0, 0, 1), "scope-id": 2}
    )
    with pytest.raises(BadValue, match=r"'localhost:80' has no address; e\.g\. 127\.0\.0\.1:80"):
        to_socket_address(parse_endpoint("localhost:80"))


def test_ports_and_counts() -> None:
    assert parse_port("0") == 0
    assert parse_count("10") == 10
    with pytest.raises(BadValue, match="'x' is no number"):
        parse_count("x")


def test_bytes(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(b"\x00\xff")
    assert parse_bytes("grün") == "grün".encode()
    assert parse_bytes("\udcff") == b"\xff"
    assert parse_bytes(f"@{file}") == b"\x00\xff"
    assert parse_bytes("@@home") == b"@home"
    with pytest.raises(BadValue, match="cannot be read: No such file"):
        parse_bytes(f"@{file}.not")
    with pytest.raises(BadValue, match="cannot be read: Is a directory"):
        parse_bytes(f"@{tmp_path}")
    with pytest.raises(BadValue, match="cannot be read"):
        parse_bytes("@a\0b")
