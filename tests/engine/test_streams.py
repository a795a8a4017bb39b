"""Byte streams over real connections: permits, pending writes, endings and failures."""

from __future__ import annotations

import hashlib
import socket
import threading
from typing import Any

import pytest

from tests.support import (
    Connection,
    connected_pair,
    connected_to_peer,
    drop_all,
    fill,
    need,
    read_all,
    read_exactly,
    wait_any,
    wait_ready,
    write,
)
from wasinet.engine.faults import Trap
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import OK, Case, Err, Ok

CLOSED = Err(Case("closed"))


@pytest.fixture
def pair(host: NativeHost) -> tuple[Connection, Connection]:
    return connected_pair(host)


class LateReader(threading.Thread):
    """A peer that reads everything up to the end, but only once it is released."""

    def __init__(self, peer: socket.socket) -> None:
        super().__init__(daemon=True)
        self.peer = peer
        self.go = threading.Event()
        self.total = 0
        self.hash = hashlib.sha256()
        self.start()

    def run(self) -> None:
        assert self.go.wait(60)
        with self.peer:
            while data := self.peer.recv(1 << 16):
                self.total += len(data)
                self.hash.update(data)

    def finish(self) -> None:
        self.go.set()
        self.join(60)
        assert not self.is_alive()


# Permits


@pytest.mark.parametrize("how", ["write", "write-zeroes"])
class TestPermits:
    def argument(self, how: str, count: int) -> Any:
        return bytes(count) if how == "write" else count

    def test_without_a_permit_it_traps(self, host: NativeHost, pair: tuple[Connection, Connection], how: str) -> None:
        with pytest.raises(Trap, match="1 byte written where check-write permitted 0") as caught:
            host.call(f"output-stream.{how}", pair[0].tx, self.argument(how, 1))
        assert caught.value.clause == "streams.output-stream.write"

    def test_beyond_the_permit_it_traps(self, host: NativeHost, pair: tuple[Connection, Connection], how: str) -> None:
        permit = need(host.call("output-stream.check-write", pair[0].tx))
        with pytest.raises(Trap, match="check-write permitted"):
            host.call(f"output-stream.{how}", pair[0].tx, self.argument(how, permit + 1))
        assert need(host.call("output-stream.check-write", pair[0].tx)) == permit

    def test_a_permit_serves_one_call(self, host: NativeHost, pair: tuple[Connection, Connection], how: str) -> None:
        need(host.call("output-stream.check-write", pair[0].tx))
        need(host.call(f"output-stream.{how}", pair[0].tx, self.argument(how, 1)))
        with pytest.raises(Trap, match="permitted 0"):
            host.call(f"output-stream.{how}", pair[0].tx, self.argument(how, 1))

    def test_nothing_needs_no_permit(self, host: NativeHost, pair: tuple[Connection, Connection], how: str) -> None:
        assert host.call(f"output-stream.{how}", pair[0].tx, self.argument(how, 0)) == OK


@pytest.mark.parametrize("how", ["blocking-write-and-flush", "blocking-write-zeroes-and-flush"])
class TestBlockingWrites:
    def test_4096_bytes_go(self, host: NativeHost, pair: tuple[Connection, Connection], how: str) -> None:
        argument: Any = bytes(4096) if how == "blocking-write-and-flush" else 4096
        need(host.call(f"output-stream.{how}", pair[0].tx, argument))
        assert read_exactly(host, pair[1].rx, 4096) == bytes(4096)

    def test_4097_bytes_trap(self, host: NativeHost, pair: tuple[Connection, Connection], how: str) -> None:
        argument: Any = bytes(4097) if how == "blocking-write-and-flush" else 4097
        with pytest.raises(Trap, match="4097 bytes"):
            host.call(f"output-stream.{how}", pair[0].tx, argument)

    def test_they_spend_the_permit(self, host: NativeHost, pair: tuple[Connection, Connection], how: str) -> None:
        need(host.call("output-stream.check-write", pair[0].tx))
        need(host.call(f"output-stream.{how}", pair[0].tx, b"" if how == "blocking-write-and-flush" else 0))
        with pytest.raises(Trap, match="permitted 0"):
            host.call("output-stream.write", pair[0].tx, b"x")


def test_zeroes_are_zeroes(host: NativeHost, pair: tuple[Connection, Connection]) -> None:
    need(host.call("output-stream.check-write", pair[0].tx))
    need(host.call("output-stream.write-zeroes", pair[0].tx, 1000))
    assert read_exactly(host, pair[1].rx, 1000) == bytes(1000)


# Reading


def test_reading_when_nothing_is_there(host: NativeHost, pair: tuple[Connection, Connection]) -> None:
    assert host.call("input-stream.read", pair[0].rx, 10) == Ok(b"")
    assert host.call("input-stream.skip", pair[0].rx, 10) == Ok(0)


@pytest.mark.parametrize(
    ("member", "nothing"), [("read", b""), ("blocking-read", b""), ("skip", 0), ("blocking-skip", 0)]
)
def test_length_0_takes_nothing_and_does_not_wait(
    host: NativeHost, pair: tuple[Connection, Connection], member: str, nothing: Any
) -> None:
    assert host.call(f"input-stream.{member}", pair[0].rx, 0) == Ok(nothing)
    write(host, pair[1].tx, b"abc")
    wait_ready(host, pair[0].rx, "input-stream")
    assert host.call(f"input-stream.{member}", pair[0].rx, 0) == Ok(nothing)
    assert read_exactly(host, pair[0].rx, 3) == b"abc"


def test_length_0_after_the_end_is_closed(host: NativeHost, pair: tuple[Connection, Connection]) -> None:
    need(host.call("tcp-socket.shutdown", pair[1].socket, "send"))
    assert read_all(host, pair[0].rx) == b""
    assert host.call("input-stream.read", pair[0].rx, 0) == CLOSED


def test_skip_throws_away_exactly_so_many(host: NativeHost, pair: tuple[Connection, Connection]) -> None:
    write(host, pair[1].tx, b"0123456789")
    wait_ready(host, pair[0].rx, "input-stream")
    assert host.call("input-stream.skip", pair[0].rx, 3) == Ok(3)
    assert host.call("input-stream.blocking-skip", pair[0].rx, 4) == Ok(4)
    assert host.call("input-stream.read", pair[0].rx, 100) == Ok(b"789")


def test_a_read_takes_no_more_than_asked_and_no_more_than_a_chunk(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    with peer:
        peer.sendall(b"abcdef")
        wait_ready(host, client.rx, "input-stream")
        assert host.call("input-stream.read", client.rx, 2) == Ok(b"ab")
        assert host.call("input-stream.read", client.rx, 2**64 - 1) == Ok(b"cdef")


@pytest.mark.parametrize(("member", "expected"), [("blocking-read", b"late"), ("blocking-skip", 4)])
def test_blocking_forms_wait(host: NativeHost, member: str, expected: Any) -> None:
    client, peer = connected_to_peer(host)
    with peer:
        # A short read before makes the next one wait first.
        assert host.call("input-stream.read", client.rx, 10) == Ok(b"")
        threading.Timer(0.02, peer.sendall, (b"late",)).start()
        assert host.call(f"input-stream.{member}", client.rx, 100) == Ok(expected)
        threading.Timer(0.02, peer.shutdown, (socket.SHUT_WR,)).start()
        assert host.call(f"input-stream.{member}", client.rx, 100) == CLOSED


# Pending writes


def test_check_write_permits_nothing_while_bytes_are_pending(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    reader = LateReader(peer)
    total = fill(host, client.tx)
    assert host.call("output-stream.check-write", client.tx) == Ok(0)
    need(host.call("output-stream.flush", client.tx))
    pollable = host.call("output-stream.subscribe", client.tx)
    assert host.call("pollable.ready", pollable) is False
    reader.go.set()
    assert wait_any(host, [pollable]) == [0]
    assert need(host.call("output-stream.check-write", client.tx)) > 0
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    reader.finish()
    assert reader.total == total


@pytest.mark.parametrize("wait", ["poll", "block", "blocking-read", "kept poll"])
def test_any_wait_drives_pending_writes(host: NativeHost, wait: str) -> None:
    client, peer = connected_to_peer(host)
    (rx_other, other) = connected_to_peer(host)
    reader = LateReader(peer)
    total = fill(host, client.tx)
    need(host.call("tcp-socket.shutdown", client.socket, "send"))

    # The wait is for something else, which comes only when the late reader has seen everything.
    def answer() -> None:
        reader.finish()
        other.sendall(b"done")

    threading.Thread(target=answer, daemon=True).start()
    with other:
        pollable = host.call("input-stream.subscribe", rx_other.rx)
        if wait == "poll":
            assert wait_any(host, [pollable]) == [0]
        elif wait == "block":
            host.call("pollable.block", pollable)
        elif wait == "kept poll":
            timer = host.call("subscribe-duration", 10**6)
            host.call("poll", [pollable, timer])
            host.drop(timer)
            never = host.call("subscribe-duration", 10**11)
            for _ in range(3):
                assert host.call("poll", [pollable, never]) == [0]
        else:
            assert host.call("input-stream.blocking-read", rx_other.rx, 100) == Ok(b"done")
    assert reader.total == total
    assert not host.engine.pending


def test_the_fin_comes_after_the_pending_bytes(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    reader = LateReader(peer)
    total = fill(host, client.tx)
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    assert host.call("output-stream.check-write", client.tx) == CLOSED
    assert host.engine.pending
    reader.go.set()
    assert read_all(host, client.rx) == b""
    reader.finish()
    assert reader.total == total
    assert reader.hash.digest() == hashlib.sha256(bytes(total)).digest()
    assert host.state(client.socket) == "closed"


@pytest.mark.parametrize("also_socket", [False, True], ids=["stream", "socket too"])
def test_dropping_the_stream_loses_nothing(host: NativeHost, also_socket: bool) -> None:
    client, peer = connected_to_peer(host)
    reader = LateReader(peer)
    total = fill(host, client.tx)
    host.drop(client.tx)
    if also_socket:
        drop_all(host, client.rx, client.socket)
    else:
        need(host.call("tcp-socket.shutdown", client.socket, "send"))
    reader.go.set()
    assert host.engine.drain(10)
    reader.finish()
    assert reader.total == total


def test_dropping_the_output_stream_sends_no_fin(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    with peer:
        write(host, client.tx, b"x")
        host.drop(client.tx)
        assert peer.recv(10) == b"x"
        peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            peer.recv(10)
        assert host.state(client.socket) == "connected"


@pytest.mark.parametrize("member", ["blocking-flush", "blocking-write-and-flush"])
def test_blocking_forms_wait_until_everything_is_out(host: NativeHost, member: str) -> None:
    client, peer = connected_to_peer(host)
    reader = LateReader(peer)
    total = fill(host, client.tx)
    threading.Timer(0.02, reader.go.set).start()
    need(host.call(f"output-stream.{member}", client.tx, *([b"end"] if "write" in member else [])))
    assert not host.engine.pending
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    reader.finish()
    assert reader.total == total + (3 if "write" in member else 0)
