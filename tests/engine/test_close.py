"""The end of a session: what is written goes out, and everything is closed."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

import pytest

from tests.support import (
    connected_to_peer,
    drop_all,
    fill,
    need,
    one_of_each,
)
from wasinet.engine.faults import Trap
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
        fill(host, client.tx)
        assert host.close(0.02) is False
    assert not host.engine.pending


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
