"""How byte streams end: by shutdown, by the peer, by a failure."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import (
    Connection,
    code,
    connected_pair,
    connected_to_peer,
    fill,
    loopback,
    need,
    read_all,
    read_exactly,
    reset,
    wait_ready,
    write,
)
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Case, Err, Ok, Some

CLOSED = Err(Case("closed"))


@pytest.fixture
def pair(host: NativeHost) -> tuple[Connection, Connection]:
    return connected_pair(host)


@pytest.mark.parametrize("queued", [b"", b"unread"])
def test_shutdown_receive_closes_reading_at_once(host: NativeHost, queued: bytes) -> None:
    client, peer = connected_to_peer(host)
    with peer:
        if queued:
            peer.sendall(queued)
            wait_ready(host, client.rx, "input-stream")
        need(host.call("tcp-socket.shutdown", client.socket, "receive"))
        wait_ready(host, client.rx, "input-stream")
        assert host.call("input-stream.read", client.rx, 10) == CLOSED
        assert host.call("input-stream.blocking-read", client.rx, 10) == CLOSED
        write(host, client.tx, b"still")
        assert peer.recv(10) == b"still"
        assert host.state(client.socket) == "connected"


def test_a_second_shutdown_changes_nothing(host: NativeHost, pair: tuple[Connection, Connection]) -> None:
    for how in ("send", "send", "receive", "receive", "both"):
        need(host.call("tcp-socket.shutdown", pair[0].socket, how))
    assert host.state(pair[0].socket) == "connected"
    assert read_all(host, pair[1].rx) == b""


def test_a_half_close_of_the_peer_changes_nothing(host: NativeHost, pair: tuple[Connection, Connection]) -> None:
    write(host, pair[1].tx, b"last")
    need(host.call("tcp-socket.shutdown", pair[1].socket, "send"))
    assert read_all(host, pair[0].rx) == b"last"
    assert host.state(pair[0].socket) == "connected"
    write(host, pair[0].tx, b"answer")
    assert read_exactly(host, pair[1].rx, 6) == b"answer"


@pytest.mark.parametrize(
    ("kind", "calls"),
    [
        ("input-stream", [("read", (1,)), ("blocking-read", (1,)), ("skip", (1,)), ("blocking-skip", (1,))]),
        (
            "output-stream",
            [
                ("check-write", ()),
                ("flush", ()),
                ("blocking-flush", ()),
                ("blocking-write-and-flush", (b"x",)),
                ("blocking-write-zeroes-and-flush", (1,)),
                ("write", (b"",)),
            ],
        ),
    ],
)
def test_after_the_end_everything_is_closed(
    host: NativeHost, pair: tuple[Connection, Connection], kind: str, calls: list[tuple[str, tuple[Any, ...]]]
) -> None:
    need(host.call("tcp-socket.shutdown", pair[0].socket, "send"))
    need(host.call("tcp-socket.shutdown", pair[1].socket, "send"))
    assert read_all(host, pair[0].rx) == b""
    handle = pair[0].rx if kind == "input-stream" else pair[0].tx
    for member, args in calls * 2:
        assert host.call(f"{kind}.{member}", handle, *args) == CLOSED, member
    assert host.state(handle) == "closed"
    wait_ready(host, handle, kind)


def failure(host: NativeHost, outcome: Any) -> str | None:
    """The network error code of a failed stream operation; the error handle is dropped."""
    assert code(outcome) == "last-operation-failed", outcome.reason
    error = outcome.value.payload
    found = host.call("network-error-code", error)
    assert host.call("error.to-debug-string", error)
    host.drop(error)
    return None if found is None else str(found.value)


@pytest.mark.parametrize("member", ["read", "blocking-read", "skip"])
def test_a_reset_fails_once_and_then_is_closed(host: NativeHost, member: str) -> None:
    client, peer = connected_to_peer(host)
    reset(peer)
    wait_ready(host, client.rx, "input-stream")
    outcome = host.call(f"input-stream.{member}", client.rx, 10)
    assert host.call("network-error-code", outcome.value.payload) == Some("connection-reset")
    assert failure(host, outcome) == "connection-reset"
    assert host.call("input-stream.read", client.rx, 10) == CLOSED
    assert host.state(client.socket) == "closed"


def test_writing_after_a_reset_fails_once_and_then_is_closed(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    reset(peer)
    wait_ready(host, client.rx, "input-stream")
    need(host.call("output-stream.check-write", client.tx))
    outcome = host.call("output-stream.write", client.tx, b"x")
    assert failure(host, outcome) in ("connection-reset", "connection-aborted")
    assert host.call("output-stream.check-write", client.tx) == CLOSED
    assert host.state(client.socket) == "closed"


@pytest.mark.parametrize("member", ["check-write", "flush", "blocking-flush"])
def test_pending_bytes_that_fail_are_reported_by_the_next_call(host: NativeHost, member: str) -> None:
    client, peer = connected_to_peer(host)
    fill(host, client.tx)
    reset(peer)
    wait_ready(host, client.rx, "input-stream")
    outcome = host.call(f"output-stream.{member}", client.tx)
    assert failure(host, outcome) in ("connection-reset", "connection-aborted")
    assert host.call(f"output-stream.{member}", client.tx) == CLOSED
    assert not host.engine.pending
    assert host.state(client.socket) == "closed"


def test_a_fin_that_cannot_be_sent_is_no_trap(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    fill(host, client.tx)
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    reset(peer)
    wait_ready(host, client.rx, "input-stream")
    assert host.engine.drain(10)
    assert host.state(client.socket) == "closed"


def test_what_a_connected_socket_answers_after_the_peers_reset(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    address = Ok(loopback(peer.getsockname()[1]))
    reset(peer)
    wait_ready(host, client.rx, "input-stream")
    assert host.call("tcp-socket.remote-address", client.socket) == address
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    for function in host.world.methods("tcp-socket"):
        if function.states is not None and "connected" in function.states and not function.params:
            assert not isinstance(host.call(function.name, client.socket), Err), function.name
    assert host.state(client.socket) == "connected"
    # The shutdown has not eaten the reset.
    assert failure(host, host.call("input-stream.read", client.rx, 1)) == "connection-reset"
    assert host.state(client.socket) == "closed"


@pytest.mark.parametrize("how", ["send", "receive", "both"])
def test_shutdown_succeeds_after_the_peers_reset(host: NativeHost, how: str) -> None:
    client, peer = connected_to_peer(host)
    reset(peer)
    wait_ready(host, client.rx, "input-stream")
    assert host.call("tcp-socket.shutdown", client.socket, how) == Ok()
    assert host.state(client.socket) == "connected"
