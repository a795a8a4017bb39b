"""UDP sockets and their datagram streams."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support import (
    SECONDS,
    FaultyOs,
    address_of,
    bound,
    code,
    ipv4,
    ipv6,
    loopback,
    need,
    port_of,
    refused_port,
    wait_ready,
)
from wasinet.engine.faults import Trap
from wasinet.engine.policy import Policy
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Case, Err, Ok, Some, Value


def streams(host: NativeHost, sock: int, remote: Case | None = None) -> tuple[int, int]:
    value: tuple[int, int] = need(host.call("udp-socket.stream", sock, None if remote is None else Some(remote)))
    return value


def datagram(data: bytes, remote: Case | None = None) -> dict[str, Value]:
    return {"data": data, "remote-address": None if remote is None else Some(remote)}


def send(host: NativeHost, tx: int, *datagrams: dict[str, Value]) -> Value:
    assert need(host.call("outgoing-datagram-stream.check-send", tx)) >= len(datagrams)
    return host.call("outgoing-datagram-stream.send", tx, list(datagrams))


def receive(host: NativeHost, rx: int, count: int) -> list[dict[str, Any]]:
    """``count`` datagrams, waited for."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        wait_ready(host, rx, "incoming-datagram-stream")
        found += need(host.call("incoming-datagram-stream.receive", rx, count - len(found)))
    return found


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(SECONDS)
        yield sock


def address(sock: socket.socket) -> Case:
    host, port = sock.getsockname()
    return ipv4(host, port)


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_there_and_back(host: NativeHost, family: str) -> None:
    one, other = bound(host, "udp", family), bound(host, "udp", family)
    rx1, tx1 = streams(host, one)
    rx2, tx2 = streams(host, other, address_of(host, one, "udp"))
    assert send(host, tx2, datagram(b"a"), datagram(b""), datagram(b"c")) == Ok(3)
    found = receive(host, rx1, 3)
    assert [entry["data"] for entry in found] == [b"a", b"", b"c"]
    assert {port_of(entry["remote-address"]) for entry in found} == {port_of(address_of(host, other, "udp"))}
    assert send(host, tx1, datagram(b"back", found[0]["remote-address"])) == Ok(1)
    assert receive(host, rx2, 1) == [{"data": b"back", "remote-address": address_of(host, one, "udp")}]


def test_receive_takes_no_more_than_asked(host: NativeHost, peer: socket.socket) -> None:
    sock = bound(host, "udp")
    rx, _ = streams(host, sock)
    for index in range(100):
        peer.sendto(b"%d" % index, ("127.0.0.1", port_of(address_of(host, sock, "udp"))))
    wait_ready(host, rx, "incoming-datagram-stream")
    assert host.call("incoming-datagram-stream.receive", rx, 0) == Ok([])
    assert [entry["data"] for entry in receive(host, rx, 2)] == [b"0", b"1"]
    assert len(receive(host, rx, 98)) == 98
    assert host.call("incoming-datagram-stream.receive", rx, 2**64 - 1) == Ok([])


# Permits


def test_sending_without_a_permit_traps(host: NativeHost, peer: socket.socket) -> None:
    _, tx = streams(host, bound(host, "udp"), address(peer))
    with pytest.raises(Trap, match="permitted 0") as caught:
        host.call("outgoing-datagram-stream.send", tx, [datagram(b"x")])
    assert caught.value.clause == "udp.outgoing-datagram-stream.send"


def test_sending_beyond_the_permit_traps(host: NativeHost, peer: socket.socket) -> None:
    _, tx = streams(host, bound(host, "udp"), address(peer))
    permit = need(host.call("outgoing-datagram-stream.check-send", tx))
    with pytest.raises(Trap, match=f"permitted {permit}"):
        host.call("outgoing-datagram-stream.send", tx, [datagram(b"x")] * (permit + 1))


def test_a_permit_serves_one_call(host: NativeHost, peer: socket.socket) -> None:
    _, tx = streams(host, bound(host, "udp"), address(peer))
    assert send(host, tx, datagram(b"x")) == Ok(1)
    with pytest.raises(Trap, match="permitted 0"):
        host.call("outgoing-datagram-stream.send", tx, [datagram(b"x")])


def test_an_empty_list_needs_no_permit_and_spends_none(host: NativeHost, peer: socket.socket) -> None:
    _, tx = streams(host, bound(host, "udp"), address(peer))
    assert host.call("outgoing-datagram-stream.send", tx, []) == Ok(0)
    permit = need(host.call("outgoing-datagram-stream.check-send", tx))
    assert host.call("outgoing-datagram-stream.send", tx, []) == Ok(0)
    assert host.call("outgoing-datagram-stream.send", tx, [datagram(b"x")] * permit) == Ok(permit)


def test_a_full_buffer_permits_nothing(make_host: Callable[..., NativeHost], peer: socket.socket) -> None:
    faulty = FaultyOs()
    host = make_host(os=faulty)
    _, tx = streams(host, bound(host, "udp"), address(peer))
    faulty.faults["send"] = errno.EAGAIN
    assert send(host, tx, datagram(b"x")) == Ok(0)
    del faulty.faults["send"]
    assert send(host, tx, datagram(b"x")) == Ok(1)


# Validation


@pytest.mark.parametrize(
    ("remote", "reason"),
    [
        (ipv6("::1", 9), "ipv4 socket"),
        (ipv4("0.0.0.0", 9), "unspecified"),
        (ipv4("127.0.0.1", 0), "port 0"),
    ],
)
@pytest.mark.parametrize("how", ["stream", "send"])
def test_addresses_that_are_no_peer(host: NativeHost, remote: Case, reason: str, how: str) -> None:
    sock = bound(host, "udp")
    if how == "stream":
        outcome = host.call("udp-socket.stream", sock, Some(remote))
    else:
        _, tx = streams(host, sock)
        outcome = send(host, tx, datagram(b"x", remote))
    assert outcome == Err("invalid-argument")
    assert reason in outcome.reason
    assert host.state(sock) == "bound"


def test_mapped_addresses_are_no_peers(host: NativeHost) -> None:
    sock = bound(host, "udp", "ipv6")
    outcome = host.call("udp-socket.stream", sock, Some(ipv6("::ffff:127.0.0.1", 9)))
    assert outcome == Err("invalid-argument")
    assert "IPv4-mapped" in outcome.reason


def test_a_datagram_without_any_address(host: NativeHost) -> None:
    _, tx = streams(host, bound(host, "udp"))
    assert send(host, tx, datagram(b"x")) == Err("invalid-argument")


def test_the_peer_may_be_named_and_no_other(host: NativeHost, peer: socket.socket) -> None:
    _, tx = streams(host, bound(host, "udp"), address(peer))
    assert send(host, tx, datagram(b"x", address(peer))) == Ok(1)
    assert send(host, tx, datagram(b"x", loopback(9))) == Err("invalid-argument")


@pytest.mark.parametrize("limited", [True, False])
def test_sending_stops_at_the_first_that_fails(host: NativeHost, peer: socket.socket, limited: bool) -> None:
    _, tx = streams(host, bound(host, "udp"), address(peer) if limited else None)
    good = datagram(b"x", address(peer))
    bad = datagram(b"x", ipv6("::1", 9))
    assert send(host, tx, good, good, bad, good) == Ok(2)
    assert send(host, tx, bad, good) == Err("invalid-argument")


@pytest.mark.parametrize("limited", [True, False])
def test_a_datagram_that_is_too_large(host: NativeHost, peer: socket.socket, limited: bool) -> None:
    sock = bound(host, "udp")
    _, tx = streams(host, sock, address(peer) if limited else None)
    assert send(host, tx, datagram(bytes(65_508), address(peer))) == Err("datagram-too-large")
    assert send(host, tx, datagram(bytes(65_507), address(peer))) == Ok(1)
    assert len(peer.recv(1 << 16)) == 65_507


# One peer


@pytest.mark.parametrize("earlier", [0, 1, 3])
def test_datagrams_of_others_are_thrown_away(host: NativeHost, peer: socket.socket, earlier: int) -> None:
    sock = bound(host, "udp")
    here = ("127.0.0.1", port_of(address_of(host, sock, "udp")))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        for _ in range(earlier):
            other.sendto(b"foreign", here)
        rx, _ = streams(host, sock, address(peer))
        other.sendto(b"late", here)
        pollable = host.call("incoming-datagram-stream.subscribe", rx)
        # What will be thrown away makes nobody ready.
        assert host.call("pollable.ready", pollable) is False
        assert host.call("incoming-datagram-stream.receive", rx, 10) == Ok([])
        other.sendto(b"foreign", here)
        peer.sendto(b"own", here)
        assert [entry["data"] for entry in receive(host, rx, 1)] == [b"own"]


def test_readiness_takes_nothing_away(host: NativeHost, peer: socket.socket) -> None:
    sock = bound(host, "udp")
    here = ("127.0.0.1", port_of(address_of(host, sock, "udp")))
    rx, tx = streams(host, sock, address(peer))
    for data in (b"1", b"2", b"3"):
        peer.sendto(data, here)
    pollable = host.call("incoming-datagram-stream.subscribe", rx)
    far = host.call("subscribe-duration", SECONDS * 10**9)
    for _ in range(4):
        assert host.call("poll", [pollable, far]) == [0]
    assert [entry["data"] for entry in need(host.call("incoming-datagram-stream.receive", rx, 1))] == [b"1"]
    for _ in range(3):
        assert host.call("poll", [pollable, far]) == [0]
    assert len(need(host.call("incoming-datagram-stream.receive", rx, 10))) == 2
    assert host.engine.poller.poll([pollable, far], host.engine.os.monotonic()) == []
    # What was looked at survives new streams, if it is from the peer that they are for.
    peer.sendto(b"4", here)
    assert host.call("poll", [pollable, far]) == [0]
    for handle in (pollable, rx, tx):
        host.drop(handle)
    rx, _ = streams(host, sock)
    assert [entry["data"] for entry in receive(host, rx, 1)] == [b"4"]


@pytest.mark.parametrize("local", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_leaving_the_peer_keeps_the_local_address(host: NativeHost, local: str, family: str) -> None:
    own: Case = ipv4(local) if family == "ipv4" else ipv6("::1" if local == "127.0.0.1" else "::")
    sock = bound(host, "udp", family, own)
    before = address_of(host, sock, "udp")
    for handle in streams(host, sock, loopback(9, family)):
        host.drop(handle)
    assert port_of(address_of(host, sock, "udp")) == port_of(before)
    assert host.call("udp-socket.remote-address", sock) == Ok(loopback(9, family))
    for handle in streams(host, sock, loopback(10, family)):
        host.drop(handle)
    rx, _ = streams(host, sock)
    assert host.state(sock) == "bound"
    assert address_of(host, sock, "udp") == before
    assert host.call("udp-socket.remote-address", sock) == Err("invalid-state")
    with socket.socket(socket.AF_INET if family == "ipv4" else socket.AF_INET6, socket.SOCK_DGRAM) as other:
        other.sendto(b"x", ("127.0.0.1" if family == "ipv4" else "::1", port_of(before)))
        assert [entry["data"] for entry in receive(host, rx, 1)] == [b"x"]


def test_what_the_old_peer_refused_is_not_told_after_it_was_left(host: NativeHost) -> None:
    sock = bound(host, "udp")
    rx, tx = streams(host, sock, loopback(refused_port()))
    # Over loopback the refusal is there when the call returns.
    assert send(host, tx, datagram(b"x")) == Ok(1)
    for handle in (rx, tx):
        host.drop(handle)
    rx, tx = streams(host, sock)
    assert host.call("incoming-datagram-stream.receive", rx, 1) == Ok([])


def test_an_argument_that_is_refused_keeps_the_peer(host: NativeHost, peer: socket.socket) -> None:
    sock = bound(host, "udp")
    for handle in streams(host, sock, address(peer)):
        host.drop(handle)
    for remote in (ipv6("::1", 9), ipv4("0.0.0.0", 9), loopback(0)):
        assert host.call("udp-socket.stream", sock, Some(remote)) == Err("invalid-argument")
        assert host.state(sock) == "connected"
        assert host.call("udp-socket.remote-address", sock) == Ok(address(peer))


def test_what_the_system_refuses_has_left_the_peer(host: NativeHost, peer: socket.socket) -> None:
    sock = bound(host, "udp")
    before = address_of(host, sock, "udp")
    for handle in streams(host, sock, address(peer)):
        host.drop(handle)
    assert host.call("udp-socket.stream", sock, Some(ipv4("127.255.255.255", 9))) == Err("access-denied")
    assert host.state(sock) == "bound"
    assert address_of(host, sock, "udp") == before
    _, tx = streams(host, sock)
    assert send(host, tx, datagram(b"x", address(peer))) == Ok(1)
    assert peer.recv(10) == b"x"


@pytest.mark.parametrize("which", [0, 1])
def test_live_streams_trap_before_anything_else(host: NativeHost, which: int) -> None:
    sock = bound(host, "udp")
    pair = streams(host, sock)
    host.drop(pair[which])
    with pytest.raises(Trap, match="streams of an earlier call") as caught:
        host.call("udp-socket.stream", sock, Some(ipv6("::1", 9)))
    assert caught.value.clause == "udp.udp-socket.stream"
    host.drop(pair[1 - which])
    streams(host, sock)


# Errors


@pytest.mark.parametrize("seen_by", ["receive", "send"])
def test_the_peer_refuses(host: NativeHost, seen_by: str) -> None:
    rx, tx = streams(host, bound(host, "udp"), loopback(refused_port()))
    assert send(host, tx, datagram(b"x")) == Ok(1)
    wait_ready(host, rx, "incoming-datagram-stream")
    if seen_by == "send":
        host.engine.table[rx].socket.kept = None  # type: ignore[attr-defined]
        outcome = send(host, tx, datagram(b"x"))
        assert outcome in (Ok(1), Err("connection-refused"))
    else:
        assert host.call("incoming-datagram-stream.receive", rx, 10) == Err("connection-refused")
        assert host.call("incoming-datagram-stream.receive", rx, 10) == Ok([])


@pytest.mark.parametrize("before", [0, 1, 2])
def test_an_error_behind_datagrams_is_not_lost(make_host: Callable[..., NativeHost], before: int) -> None:
    faulty = FaultyOs()
    host = make_host(os=faulty)
    sock = bound(host, "udp")
    other = bound(host, "udp")
    rx, _ = streams(host, sock)
    _, tx = streams(host, other, address_of(host, sock, "udp"))
    for _ in range(before):
        assert send(host, tx, datagram(b"x")) == Ok(1)
    os_socket: Any = host.engine.table[sock].sock  # type: ignore[attr-defined]
    original = type(host.engine.os).receive_datagrams
    left = before

    def failing(self: Any, sock: Any, scratch: memoryview, most: int) -> Any:
        nonlocal left
        if sock is os_socket and left == 0:
            left = -1
            raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")
        received = original(self, sock, scratch, most)
        left -= len(received)
        return received

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(host.engine.os), "receive_datagrams", failing)
        if before:
            assert len(need(host.call("incoming-datagram-stream.receive", rx, 10))) == before
            pollable = host.call("incoming-datagram-stream.subscribe", rx)
            assert host.call("pollable.ready", pollable) is True
        assert host.call("incoming-datagram-stream.receive", rx, 10) == Err("connection-refused")


def test_a_refusal_in_the_middle_of_a_batch_is_told_by_receive(
    make_host: Callable[..., NativeHost], peer: socket.socket
) -> None:
    faulty = FaultyOs()
    host = make_host(os=faulty)
    sock = bound(host, "udp")
    rx, tx = streams(host, sock, address(peer))
    os_socket: Any = host.engine.table[sock].sock  # type: ignore[attr-defined]
    original = type(os_socket).send
    count = 0

    def failing(self: Any, *args: Any) -> Any:
        nonlocal count
        count += 1
        if count == 2:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")
        return original(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(os_socket), "send", failing)
        assert send(host, tx, datagram(b"1"), datagram(b"2"), datagram(b"3")) == Ok(1)
    pollable = host.call("incoming-datagram-stream.subscribe", rx)
    assert host.call("pollable.ready", pollable) is True
    assert host.call("incoming-datagram-stream.receive", rx, 10) == Err("connection-refused")
    assert host.call("pollable.ready", pollable) is False


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ENETUNREACH", "remote-unreachable"),
        ("EHOSTUNREACH", "remote-unreachable"),
        ("EADDRNOTAVAIL", "address-in-use"),
    ],
)
def test_what_connect_says(make_host: Callable[..., NativeHost], name: str, expected: str) -> None:
    faulty = FaultyOs()
    host = make_host(os=faulty)
    sock = bound(host, "udp")
    faulty.faults["connect"] = getattr(errno, name)
    assert code(host.call("udp-socket.stream", sock, Some(loopback(9)))) == expected
    assert host.state(sock) == "bound"


def test_datagrams_that_the_policy_does_not_allow_do_not_arrive(make_host: Callable[..., NativeHost]) -> None:
    host = make_host(Policy.parse(["all"], ["udp-receive:127.0.0.2"]))
    sock = bound(host, "udp", address=ipv4("0.0.0.0"))
    rx, _ = streams(host, sock)
    here = ("127.0.0.1", port_of(address_of(host, sock, "udp")))
    pollable = host.call("incoming-datagram-stream.subscribe", rx)
    for source in ("127.0.0.2", "127.0.0.3"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((source, 0))
            other.sendto(source.encode(), here)
        assert host.call("pollable.ready", pollable) is (source == "127.0.0.3")
    assert [entry["data"] for entry in receive(host, rx, 1)] == [b"127.0.0.3"]
