"""Options and addresses of sockets: validation, clamping, read-back, and what accepted sockets inherit."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import (
    FaultyOs,
    accept,
    address_of,
    bound,
    code,
    connect,
    ipv4,
    ipv6,
    listening,
    loopback,
    need,
    port_of,
    wait_ready,
)
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import OK, Case, Err, Ok

SECOND = 10**9

# Property, value set, value read back.
TCP_OPTIONS = [
    ("keep-alive-idle-time", 1, SECOND),
    ("keep-alive-idle-time", SECOND, SECOND),
    ("keep-alive-idle-time", SECOND + 1, 2 * SECOND),
    ("keep-alive-idle-time", 2**64 - 1, 32_767 * SECOND),
    ("keep-alive-interval", 1, SECOND),
    ("keep-alive-interval", 75 * SECOND, 75 * SECOND),
    ("keep-alive-interval", 2**64 - 1, 32_767 * SECOND),
    ("keep-alive-count", 1, 1),
    ("keep-alive-count", 127, 127),
    ("keep-alive-count", 2**32 - 1, 127),
    ("hop-limit", 1, 1),
    ("hop-limit", 255, 255),
    ("receive-buffer-size", 65_536, 65_536),
    ("receive-buffer-size", 5001, 5001),
    ("send-buffer-size", 65_536, 65_536),
    ("send-buffer-size", 5001, 5001),
]
UDP_OPTIONS = [
    (name.replace("hop-limit", "unicast-hop-limit"), value, back)
    for name, value, back in TCP_OPTIONS
    if not name.startswith("keep")
]
BOTH = [("tcp", *case) for case in TCP_OPTIONS] + [("udp", *case) for case in UDP_OPTIONS]


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize(("kind", "name", "value", "back"), BOTH)
def test_what_is_set_reads_back(host: NativeHost, family: str, kind: str, name: str, value: int, back: int) -> None:
    sock = need(host.call(f"create-{kind}-socket", family))
    assert host.call(f"{kind}-socket.set-{name}", sock, value) == OK
    assert host.call(f"{kind}-socket.{name}", sock) == Ok(back)


@pytest.mark.parametrize(("kind", "name"), sorted({(case[0], case[1]) for case in BOTH}))
def test_0_is_refused_and_changes_nothing(host: NativeHost, kind: str, name: str) -> None:
    sock = need(host.call(f"create-{kind}-socket", "ipv4"))
    before = host.call(f"{kind}-socket.{name}", sock)
    assert host.call(f"{kind}-socket.set-{name}", sock, 0) == Err("invalid-argument")
    assert host.call(f"{kind}-socket.{name}", sock) == before


@pytest.mark.parametrize("kind", ["tcp", "udp"])
@pytest.mark.parametrize("side", ["receive", "send"])
@pytest.mark.parametrize("value", [1, 2**31 - 1, 2**31, 2**32, 2**64 - 1])
def test_buffer_sizes_are_clamped_to_what_the_kernel_takes(host: NativeHost, kind: str, side: str, value: int) -> None:
    sock = need(host.call(f"create-{kind}-socket", "ipv4"))
    assert host.call(f"{kind}-socket.set-{side}-buffer-size", sock, value) == OK
    back = need(host.call(f"{kind}-socket.{side}-buffer-size", sock))
    assert back >= 1
    # What was read can be set, and stays.
    assert host.call(f"{kind}-socket.set-{side}-buffer-size", sock, back) == OK
    assert host.call(f"{kind}-socket.{side}-buffer-size", sock) == Ok(back)


def test_keep_alive_is_off_and_can_be_turned_on(host: NativeHost) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    assert host.call("tcp-socket.keep-alive-enabled", sock) == Ok(False)
    for value in (True, False, True):
        assert host.call("tcp-socket.set-keep-alive-enabled", sock, value) == OK
        assert host.call("tcp-socket.keep-alive-enabled", sock) == Ok(value)


def test_accepted_sockets_inherit_the_eight_properties(host: NativeHost) -> None:
    listener = listening(host)
    wanted: dict[str, Any] = {
        "keep-alive-enabled": True,
        "keep-alive-idle-time": 77 * SECOND,
        "keep-alive-interval": 7 * SECOND,
        "keep-alive-count": 5,
        "hop-limit": 42,
        "receive-buffer-size": 40_000,
        "send-buffer-size": 50_000,
    }
    for name, value in wanted.items():
        need(host.call(f"tcp-socket.set-{name}", listener, value))
    connect(host, address_of(host, listener))
    accepted = accept(host, listener)
    for name, value in wanted.items():
        assert host.call(f"tcp-socket.{name}", accepted.socket) == Ok(value), name
    assert host.call("tcp-socket.address-family", accepted.socket) == "ipv4"


def test_properties_that_the_kernel_does_not_pass_on_are_set_again(make_host: Callable[..., NativeHost]) -> None:
    class Forgetful(FaultyOs):
        inherited = ("hop-limit", "keep-alive-count")

        def accept(self, sock: Any) -> Any:
            accepted, peer = super().accept(sock)
            accepted.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 99)
            return accepted, peer

    host = make_host(os=Forgetful())
    listener = listening(host)
    need(host.call("tcp-socket.set-hop-limit", listener, 42))
    connect(host, address_of(host, listener))
    accepted = accept(host, listener)
    assert host.call("tcp-socket.hop-limit", accepted.socket) == Ok(42)


def test_a_connection_whose_properties_cannot_be_set_leaves_nothing(make_host: Callable[..., NativeHost]) -> None:
    class Refusing(FaultyOs):
        inherited = ("hop-limit",)

        def set(self, sock: Any, opt: Any, value: int) -> None:
            self._fail("set")
            super().set(sock, opt, value)

    faulty = Refusing()
    host = make_host(os=faulty)
    listener = listening(host)
    connect(host, address_of(host, listener))
    wait_ready(host, listener, "tcp-socket")
    before = set(host.engine.table)
    faulty.faults["set"] = errno.EINVAL
    assert code(host.call("tcp-socket.accept", listener)) == "unknown"
    assert set(host.engine.table) == before
    assert host.state(listener) == "listening"


# The backlog


def test_the_backlog(host: NativeHost) -> None:
    sock = bound(host)
    assert host.call("tcp-socket.set-listen-backlog-size", sock, 0) == Err("invalid-argument")
    for value in (1, 2**64 - 1):
        assert host.call("tcp-socket.set-listen-backlog-size", sock, value) == OK
    need(host.call("tcp-socket.start-listen", sock))
    need(host.call("tcp-socket.set-listen-backlog-size", sock, 7))
    need(host.call("tcp-socket.finish-listen", sock))
    assert backlog_of(host, sock) == 7
    need(host.call("tcp-socket.set-listen-backlog-size", sock, 9))
    assert backlog_of(host, sock) == 9
    assert host.call("tcp-socket.is-listening", sock) is True


def backlog_of(host: NativeHost, sock: int) -> int:
    """What the kernel took, from its tcp_info (``tcpi_sacked`` of a listening socket)."""
    raw = host.engine.table[sock].sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)  # type: ignore[attr-defined]
    return int(struct.unpack_from("7I", raw, 8)[5])


# Addresses


@pytest.mark.parametrize("kind", ["tcp", "udp"])
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_the_system_chooses_the_port(host: NativeHost, kind: str, family: str) -> None:
    sock = bound(host, kind, family)
    address = address_of(host, sock, kind)
    assert port_of(address) > 0
    assert address.payload["address"] == loopback(0, family).payload["address"]
    assert host.call(f"{kind}-socket.address-family", sock) == family


@pytest.mark.parametrize(
    ("kind", "family", "address"),
    [
        ("tcp", "ipv4", ipv6("::1")),
        ("tcp", "ipv6", ipv4("127.0.0.1")),
        ("udp", "ipv4", ipv6("::1")),
        ("udp", "ipv6", ipv4("127.0.0.1")),
        ("tcp", "ipv6", ipv6("::ffff:127.0.0.1")),
        ("udp", "ipv6", ipv6("::ffff:127.0.0.1")),
        ("tcp", "ipv4", ipv4("224.0.0.1")),
        ("tcp", "ipv4", ipv4("239.255.255.255")),
        ("tcp", "ipv4", ipv4("255.255.255.255")),
        ("tcp", "ipv6", ipv6("ff02::1")),
    ],
)
def test_addresses_that_cannot_be_bound(host: NativeHost, kind: str, family: str, address: Case) -> None:
    sock = need(host.call(f"create-{kind}-socket", family))
    outcome = host.call(f"{kind}-socket.start-bind", sock, host.call("instance-network"), address)
    assert outcome == Err("invalid-argument")
    assert outcome.reason
    assert host.state(sock) == "unbound"


@pytest.mark.parametrize(
    ("family", "address"),
    [
        ("ipv4", ipv6("::1", 9)),
        ("ipv6", ipv4("127.0.0.1", 9)),
        ("ipv6", ipv6("::ffff:127.0.0.1", 9)),
        ("ipv4", ipv4("0.0.0.0", 9)),
        ("ipv6", ipv6("::", 9)),
        ("ipv4", ipv4("127.0.0.1", 0)),
        ("ipv4", ipv4("224.0.0.1", 9)),
        ("ipv4", ipv4("255.255.255.255", 9)),
        ("ipv6", ipv6("ff02::1", 9)),
    ],
)
def test_addresses_that_cannot_be_connected_to(host: NativeHost, family: str, address: Case) -> None:
    sock = need(host.call("create-tcp-socket", family))
    outcome = host.call("tcp-socket.start-connect", sock, host.call("instance-network"), address)
    assert outcome == Err("invalid-argument")
    assert host.state(sock) == "closed"


@pytest.mark.parametrize(
    ("kind", "address", "expected"),
    [("tcp", ipv4("192.0.2.1"), "address-not-bindable"), ("udp", ipv4("192.0.2.1"), "address-not-bindable")],
)
def test_what_bind_says_comes_from_finish(host: NativeHost, kind: str, address: Case, expected: str) -> None:
    sock = need(host.call(f"create-{kind}-socket", "ipv4"))
    net = host.call("instance-network")
    for again in (address, address):
        need(host.call(f"{kind}-socket.start-bind", sock, net, again))
        assert host.call(f"{kind}-socket.finish-bind", sock) == Err(expected)
    need(host.call(f"{kind}-socket.start-bind", sock, net, loopback()))
    need(host.call(f"{kind}-socket.finish-bind", sock))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ECONNREFUSED", "connection-refused"),
        ("ECONNRESET", "connection-reset"),
        ("ETIMEDOUT", "timeout"),
        ("EHOSTUNREACH", "remote-unreachable"),
        ("ENETUNREACH", "remote-unreachable"),
        ("EADDRNOTAVAIL", "address-in-use"),
        ("EAGAIN", "address-in-use"),
        ("EACCES", "access-denied"),
    ],
)
@pytest.mark.parametrize("when", ["at once", "later"])
def test_what_connect_says_comes_from_finish(
    make_host: Callable[..., NativeHost], name: str, expected: str, when: str
) -> None:
    faulty = FaultyOs()
    host = make_host(os=faulty)
    sock = need(host.call("create-tcp-socket", "ipv4"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        faulty.faults["connect" if when == "at once" else "connect_result"] = getattr(errno, name)
        address = loopback(server.getsockname()[1])
        need(host.call("tcp-socket.start-connect", sock, host.call("instance-network"), address))
        wait_ready(host, sock, "tcp-socket")
        assert host.call("tcp-socket.finish-connect", sock) == Err(expected)
        assert host.state(sock) == "closed"


def test_eagain_is_no_connect_in_progress() -> None:
    class Sock:
        def connect_ex(self, address: object) -> int:
            return errno.EAGAIN

    with pytest.raises(BlockingIOError):
        FaultyOs().connect(Sock(), ("127.0.0.1", 9))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["EMFILE", "ENFILE"])
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_no_more_sockets(make_host: Callable[..., NativeHost], kind: str, name: str) -> None:
    faulty = FaultyOs()
    host = make_host(os=faulty)
    faulty.faults[f"{kind}_socket"] = getattr(errno, name)
    assert host.call(f"create-{kind}-socket", "ipv4") == Err("new-socket-limit")
    assert list(host.handles()) == []


def test_no_such_family(make_host: Callable[..., NativeHost]) -> None:
    faulty = FaultyOs()
    faulty.faults["tcp_socket"] = errno.EAFNOSUPPORT
    assert make_host(os=faulty).call("create-tcp-socket", "ipv6") == Err("not-supported")


def test_an_ipv6_socket_speaks_ipv6_only(host: NativeHost) -> None:
    sock = bound(host, family="ipv6", address=ipv6("::"))
    other = bound(host, address=ipv4("0.0.0.0", port_of(address_of(host, sock))))
    for listener in (sock, other):
        need(host.call("tcp-socket.start-listen", listener))
        need(host.call("tcp-socket.finish-listen", listener))
