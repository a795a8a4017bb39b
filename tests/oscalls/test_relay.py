"""Moving bytes between descriptors inside the kernel."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from wasinet.oscalls import relay as module
from wasinet.oscalls.relay import Relay, can_relay

pytestmark = pytest.mark.skipif(not can_relay(), reason="no splice(2) here")


@pytest.fixture
def relay() -> Iterator[Relay]:
    made = Relay()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        yield one, other


def test_bytes_go_in_and_out(relay: Relay, pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    other.sendall(b"0123456789")
    assert relay.fill(one.fileno(), 4) == relay.held == 4
    assert relay.fill(one.fileno()) == 6
    assert relay.empty(one.fileno()) == 10
    assert relay.held == 0
    assert other.recv(20) == b"0123456789"


def test_nothing_there_raises_and_an_end_gives_zero(relay: Relay, pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    with pytest.raises(BlockingIOError):
        relay.fill(one.fileno())
    other.close()
    assert relay.fill(one.fileno()) == 0
    assert relay.held == 0


def test_no_room_raises_and_keeps_the_rest(relay: Relay, pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    sent = 0
    try:
        while True:
            sent += one.send(bytes(1 << 16))
    except BlockingIOError:
        pass
    other.sendall(b"held")
    relay.fill(one.fileno())
    with pytest.raises(BlockingIOError):
        relay.empty(one.fileno())
    assert relay.held == 4
    assert relay.rest() == b"held"
    while sent:
        sent -= len(other.recv(1 << 20))


def test_the_rest_is_what_is_there_whatever_was_counted(
    relay: Relay, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    for counted in (0, 3, 100):
        other.sendall(b"held")
        relay.fill(one.fileno())
        relay.held = counted
        assert relay.rest() == b"held"
        assert relay.held == 0
    assert relay.rest() == b""


def test_much_is_held(relay: Relay, pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    data = os.urandom(200_000)
    rest = memoryview(data)
    other.setblocking(False)
    while rest:
        try:
            rest = rest[other.send(rest) :]
        except BlockingIOError:
            relay.fill(one.fileno())
            continue
        relay.fill(one.fileno())
    assert relay.held == len(data)
    assert relay.rest() == data


def test_a_small_pipe_does_as_well(monkeypatch: pytest.MonkeyPatch, pair: tuple[socket.socket, socket.socket]) -> None:
    # More than an ordinary user may ask for: the default size stays.
    monkeypatch.setattr(module, "_SET_PIPE_SIZE", -1)
    one, other = pair
    relay = Relay()
    try:
        other.sendall(b"x")
        assert relay.fill(one.fileno()) == 1
        assert relay.rest() == b"x"
    finally:
        relay.close()


def test_a_descriptor_that_is_closed_raises(relay: Relay) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(OSError, match="Bad file descriptor"):
        relay.fill(reader)
    os.close(writer)
