"""The end of a session: what is written goes out, and everything is closed."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

import pytest

from tests.support import (
    SECONDS,
    address_of,
    bound,
    connect,
    connected_pair,
    connected_to_peer,
    drop_all,
    fill,
    ipv4,
    ipv6,
    listening,
    loopback,
    need,
    one_of_each,
    port_of,
    wait_ready,
)
from wasinet.engine.faults import Trap
from wasinet.engine.poller import Poller
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Ok


def test_close_closes_every_descriptor(host: NativeHost) -> None:
    before = set(os.listdir("/proc/self/fd"))
    handles = one_of_each(host)
    far = host.call("subscribe-duration", 10**13)
    for _ in range(3):
        host.engine.poller.poll([handles["pollable"], far], host.engine.os.monotonic())
    reader, writer = os.pipe()
    host.open_input(reader)
    host.open_output(writer)
    assert host.close() is True
    os.close(reader)
    os.close(writer)
    assert set(os.listdir("/proc/self/fd")) == before
    assert host.close() is True
    with pytest.raises(Trap):
        host.call("tcp-socket.hop-limit", handles["tcp-socket"])


def drain(peer: socket.socket) -> Callable[[], int]:
    total: list[int] = []

    def run() -> None:
        with peer:
            while data := peer.recv(1 << 16):
                total.append(len(data))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def result() -> int:
        thread.join(60)
        assert not thread.is_alive()
        return sum(total)

    return result


@pytest.mark.parametrize("dropped", [False, True])
def test_close_drains_pending_writes(host: NativeHost, dropped: bool) -> None:
    client, peer = connected_to_peer(host)
    total = fill(host, client.tx)
    if dropped:
        drop_all(host, client.tx, client.rx, client.socket)
    result = drain(peer)
    assert host.close(10) is True
    assert result() == total


def test_close_gives_up_after_its_timeout(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    with peer:
        port = peer.getsockname()[1]
        fill(host, client.tx)
        assert host.close(0.02) is False
    assert not host.engine.pending
    assert [(lost.peer, lost.here) for lost in host.engine.undelivered] == [(f"127.0.0.1:{port}", False)]
    assert host.engine.undelivered[0].count > 0


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize("which", ["accepted", "waiting", "at a wildcard", "both ways", "the handles are gone"])
def test_close_waits_for_no_socket_of_the_session_itself(host: NativeHost, which: str, family: str) -> None:
    """Nobody reads from it any more."""
    if which == "waiting":
        client = connect(host, address_of(host, listening(host, family)))
    elif which == "at a wildcard":
        anywhere = ipv4("0.0.0.0") if family == "ipv4" else ipv6("::")
        listener = bound(host, family=family, address=anywhere)
        need(host.call("tcp-socket.start-listen", listener))
        need(host.call("tcp-socket.finish-listen", listener))
        client = connect(host, loopback(port_of(address_of(host, listener)), family))
    else:
        client, server = connected_pair(host, family)
        if which == "both ways":
            fill(host, server.tx)
    fill(host, client.tx)
    if which == "the handles are gone":
        drop_all(host, client.tx, client.rx, client.socket)
    before = host.engine.os.monotonic()
    assert host.close(SECONDS) is False
    assert host.engine.os.monotonic() - before < SECONDS / 2
    assert host.engine.undelivered
    assert all(lost.here and lost.count for lost in host.engine.undelivered)


@pytest.mark.parametrize("which", ["a UDP socket", "a bound socket", "connected elsewhere"])
def test_close_waits_for_a_peer_whose_address_a_socket_of_the_session_has(
    host: NativeHost, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    results: list[Callable[[], int]] = []
    drive = Poller.drive

    def waiting(self: Poller, timeout: float | None) -> None:
        # The peer reads nothing before it is waited for.
        results.append(results[0] if results else drain(peer))
        drive(self, timeout)

    client, peer = connected_to_peer(host)
    total = fill(host, client.tx)
    own = bound(host, "udp" if which == "a UDP socket" else "tcp", address=loopback(peer.getsockname()[1]))
    with socket.create_server(("127.0.0.1", 0)) as other:
        if which == "connected elsewhere":
            elsewhere = loopback(other.getsockname()[1])
            need(host.call("tcp-socket.start-connect", own, host.call("instance-network"), elsewhere))
            wait_ready(host, own, "tcp-socket")
            need(host.call("tcp-socket.finish-connect", own))
        monkeypatch.setattr(Poller, "drive", waiting)
        assert host.close(SECONDS) is True
    assert results[0]() == total


def test_close_waits_for_others_beside_the_session_itself(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    total = fill(host, client.tx)
    own, _ = connected_pair(host)
    fill(host, own.tx)
    # The kernel takes small pieces beyond what makes it tell of room.
    for _ in range(100):
        host.wait(own.tx, 0.05)
        host.engine.drive()
        if host.state(own.tx) == "open" and need(host.call("output-stream.check-write", own.tx)) == 0:
            break
        fill(host, own.tx)
    result = drain(peer)
    assert host.close(SECONDS) is False
    assert result() == total
    assert [lost.here for lost in host.engine.undelivered] == [True]


def test_close_without_time_still_sends_what_the_kernel_takes(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    total = fill(host, client.tx)
    got = 0
    with peer:
        while got < total:
            peer.setblocking(False)
            try:
                got += len(peer.recv(1 << 20))
            except BlockingIOError:
                break
        wait_writable(host, client.socket)
        assert host.close() is True
        peer.setblocking(True)
        while data := peer.recv(1 << 20):
            got += len(data)
    assert got == total


def wait_writable(host: NativeHost, sock: int) -> None:
    fd = host.engine.table[sock].sock.fileno()  # type: ignore[attr-defined]
    assert host.engine.os.wait_one(fd, 4, 10)


def test_ctrl_c_while_closing_still_closes_everything(host: NativeHost, interrupt: Callable[[], None]) -> None:
    before = set(os.listdir("/proc/self/fd"))
    client, peer = connected_to_peer(host)
    fill(host, client.tx)
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        host.close(30)
    peer.close()
    assert set(os.listdir("/proc/self/fd")) == before


def test_records_of_ok_without_value_are_shared(host: NativeHost) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    assert host.call("tcp-socket.set-hop-limit", sock, 9) is host.call("tcp-socket.set-hop-limit", sock, 9)
    assert host.call("tcp-socket.hop-limit", sock) == Ok(9)
