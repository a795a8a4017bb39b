"""Exchanges: the order of endings, and what happens to the other direction."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from tests.programs.support import left, named, pipe
from tests.support import connected_to_peer
from wasinet.hosts.native import NativeHost
from wasinet.programs.events import Event
from wasinet.programs.net import Connection, Net
from wasinet.programs.reactor import Reactor
from wasinet.programs.tcp import DISCARD, ECHO, EVENTS, Exchange, StreamOptions


class Ends:
    """An exchange with a plain socket at its other end, run step by step."""

    def __init__(self, host: NativeHost) -> None:
        self.host = host
        self.net = Net(host)
        self.reactor = Reactor(self.net)
        found, self.peer = connected_to_peer(host)
        self.connection = Connection(found.socket, found.rx, found.tx, "local", "peer")
        self.finished: list[Exchange] = []
        self.events: list[Event] = []
        self.exchange: Exchange | None = None

    def begin(self, options: StreamOptions) -> Exchange:
        self.exchange = Exchange(self.reactor, self.connection, options, None, self.finished.append)
        self.exchange.start()
        return self.exchange

    def until(self, done: Callable[[], bool]) -> None:
        self.events += self.reactor.run(done)

    def finish(self) -> list[str]:
        """Run to the end; the events' names."""
        self.until(lambda: bool(self.finished))
        return [event.name for event in self.events]

    def close(self) -> None:
        self.peer.close()
        if self.exchange is not None:
            self.exchange.abandon()
        self.reactor.close()
        assert left(self.host) == []


@pytest.fixture
def ends(host: NativeHost) -> Iterator[Ends]:
    ends = Ends(host)
    yield ends
    ends.close()


def read_all(peer: socket.socket) -> bytes:
    data = b""
    while piece := peer.recv(1 << 16):
        data += piece
    return data


def test_the_end_of_what_is_sent_is_told(ends: Ends) -> None:
    exchange = ends.begin(StreamOptions(send=lambda: b"bye", sink=DISCARD))
    assert read_all(ends.peer) == b"bye"
    assert not ends.finished
    ends.peer.sendall(b"late")
    ends.peer.close()
    assert ends.finish() == ["ended", "closed"]
    assert exchange.moved == (4, 3)
    assert ends.finished == [exchange]


def test_or_it_is_not_told(ends: Ends) -> None:
    ends.begin(StreamOptions(send=lambda: b"bye", sink=DISCARD, half_close=False))
    assert ends.peer.recv(100) == b"bye"
    ends.peer.settimeout(0.05)
    with pytest.raises(TimeoutError):
        ends.peer.recv(100)
    ends.peer.shutdown(socket.SHUT_WR)
    ends.finish()


def test_nothing_to_send_is_not_an_end(ends: Ends) -> None:
    ends.begin(StreamOptions(sink=DISCARD))
    ends.peer.settimeout(0.05)
    with pytest.raises(TimeoutError):
        ends.peer.recv(100)
    ends.peer.shutdown(socket.SHUT_WR)
    assert ends.finish() == ["ended", "closed"]


def test_an_echo_is_complete_before_its_end(ends: Ends) -> None:
    data = os.urandom(500_000)
    ends.begin(StreamOptions(sink=ECHO))
    received = bytearray()
    ends.peer.setblocking(False)
    sent = 0

    def step() -> bool:
        nonlocal sent
        try:
            if sent < len(data):
                sent += ends.peer.send(data[sent:])
                if sent == len(data):
                    ends.peer.shutdown(socket.SHUT_WR)
            while piece := ends.peer.recv(1 << 16):
                received.extend(piece)
        except BlockingIOError:
            pass
        ends.reactor.soon(lambda: None)
        return bool(ends.finished)

    ends.until(step)
    ends.peer.setblocking(True)
    received += read_all(ends.peer)
    assert bytes(received) == data
    assert ends.exchange is not None
    assert ends.exchange.moved == (len(data), len(data))


def test_stop_sending_ends_only_that_direction(ends: Ends) -> None:
    with pipe() as source:
        exchange = ends.begin(StreamOptions(send=lambda: (source.reader, "pipe", False), sink=EVENTS))
        exchange.stop_sending()
        exchange.stop_sending()
        assert not ends.finished
        ends.peer.sendall(b"still read")
        ends.peer.shutdown(socket.SHUT_WR)
        assert ends.finish() == ["data", "ended", "closed"]


def test_stop_sending_stops_what_was_put_off(ends: Ends) -> None:
    # A long burst goes on "soon"; stopped in between, it must not send any more.
    exchange = ends.begin(StreamOptions(send=lambda: bytes(50_000_000), sink=DISCARD))
    before = exchange.moved[1]
    exchange.stop_sending()
    turns = iter(range(5))

    def done() -> bool:
        ends.reactor.soon(lambda: None)
        return next(turns, None) is None

    ends.until(done)
    assert exchange.moved[1] == before
    assert not ends.finished


def test_send_only_ends_when_all_is_sent(ends: Ends) -> None:
    ends.begin(StreamOptions(send=lambda: b"bye", send_only=True, sink=DISCARD))
    assert ends.finish() == ["closed"]
    assert read_all(ends.peer) == b"bye"


def test_send_only_to_a_peer_that_sends_loses_nothing(ends: Ends) -> None:
    data = os.urandom(3_000_000)
    ends.peer.sendall(b"noise" * 1000)
    ends.begin(StreamOptions(send=lambda: data, send_only=True, sink=DISCARD))
    import threading

    found: list[bytes] = []

    def read() -> None:
        found.append(read_all(ends.peer))
        ends.peer.sendall(b"noise")
        ends.peer.close()

    reader = threading.Thread(target=read)
    reader.start()
    ends.finish()
    reader.join(60)
    assert found == [data]


def test_send_only_does_not_wait_for_ever_for_a_peer_that_goes_on(ends: Ends) -> None:
    ends.peer.sendall(b"noise")
    ends.begin(StreamOptions(send=lambda: b"bye", send_only=True, sink=DISCARD))
    assert ends.finish() == ["closed"]
    assert read_all(ends.peer) == b"bye"


def test_the_end_of_the_stream_is_no_sign_of_life(ends: Ends) -> None:
    from wasinet.programs.events import Idle

    ends.peer.sendall(b"x")
    exchange = ends.begin(StreamOptions(send=lambda: b"", sink=DISCARD, idle_timeout=0.1))
    ends.finish()
    assert isinstance(exchange.error, Idle)


def test_what_is_received_is_announced_before_it_is_passed_on(ends: Ends) -> None:
    ends.begin(StreamOptions(sink=EVENTS, progress=60.0))
    ends.peer.sendall(b"hello")
    ends.peer.shutdown(socket.SHUT_WR)
    assert ends.finish() == ["receiving", "data", "ended", "closed"]
    assert len(named(ends.events, "receiving")) == 1


@pytest.mark.parametrize("chunk", [b"a\nb\r\nc", b"\n", b"\r\n\r\n"])
def test_crlf_of_a_text(ends: Ends, chunk: bytes) -> None:
    ends.begin(StreamOptions(send=lambda: chunk, crlf=True, sink=DISCARD))
    assert read_all(ends.peer) == chunk.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    ends.peer.close()
    ends.finish()
