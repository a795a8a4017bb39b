"""The draft's drops: use after drop traps, live pollables hold their resource, streams and sockets do not."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from tests.support import SECONDS, loopback
from tests.worlds.support import Bench
from wasinet.engine.faults import Trap
from wasinet.wit import load
from wasinet.wit.types import List, handle_of
from wasinet.wit.values import Ok, Some, Value

WORLD = load("draft")


def one_of_each(bench: Bench) -> dict[str, int]:
    """A live handle of every resource type."""
    end, _ = bench.connected()
    lookup = bench.need("resolve-addresses", bench.net, "localhost", Some("ipv4"), True)
    return {
        "tcp-socket": end.socket,
        "input-stream": end.rx,
        "output-stream": end.tx,
        "udp-socket": bench.udp(),
        "network": bench.net,
        "resolve-address-stream": lookup,
        "pollable": bench.call("tcp.subscribe", bench.tcp()),
    }


DROPS = {
    function.receiver.name: key
    for key, function in WORLD.functions.items()
    if function.name.startswith("drop-") and function.receiver is not None
}
SUBSCRIBES = {
    "tcp-socket": "tcp.subscribe",
    "udp-socket": "udp.subscribe",
    "input-stream": "subscribe-to-input-stream",
    "output-stream": "subscribe-to-output-stream",
    "resolve-address-stream": "ip-name-lookup.subscribe",
}


def with_handle(key: str, position: int, handles: dict[str, int], bad: int) -> tuple[Value, ...]:
    """Arguments of a function with one of its handles replaced."""
    values: dict[str, Value] = {
        "local-address": loopback(),
        "remote-address": loopback(9),
        "datagram": {"data": b"x", "remote-address": loopback(9)},
        "value": 1,
        "len": 1,
        "buf": b"x",
        "shutdown-type": "both",
        "name": "localhost",
        "address-family": None,
        "include-unavailable": True,
    }
    arguments = []
    for index, (name, type_) in enumerate(WORLD.functions[key].params):
        resource = handle_of(type_)
        if index == position:
            arguments.append(bad)
        elif resource is not None:
            arguments.append(handles[resource.name])
        else:
            arguments.append(values[name])
    return tuple(arguments)


HANDLES = [
    (key, index, resource.name)
    for key, function in WORLD.functions.items()
    for index, (_, type_) in enumerate(function.params)
    if not isinstance(type_, List) and (resource := handle_of(type_)) is not None
]


@pytest.mark.parametrize("why", ["dropped", "wrong type", "never given out"])
@pytest.mark.parametrize(("key", "position", "kind"), HANDLES, ids=lambda value: str(value))
def test_a_bad_handle_traps_in_every_place(bench: Bench, key: str, position: int, kind: str, why: str) -> None:
    handles = one_of_each(bench)
    if why == "dropped":
        bad = handles.pop(kind)
        bench.call(DROPS[kind], bad)
        expected = f"#{bad} was dropped"
    elif why == "wrong type":
        other = "network" if kind != "network" else "pollable"
        bad = handles[other]
        expected = f"#{bad} is a {other}, not a {kind}"
    else:
        bad, expected = 10_000, "no handle of this session"
    before = set(bench.host.engine.table)
    with pytest.raises(Trap, match=expected):
        bench.call(key, *with_handle(key, position, handles, bad))
    assert set(bench.host.engine.table) == before


def test_every_resource_has_one_drop_and_every_drop_a_resource() -> None:
    assert DROPS.keys() == WORLD.resources.keys()
    assert SUBSCRIBES.keys() | {"network", "pollable"} == DROPS.keys()
    assert len({key for key, _, _ in HANDLES}) == 71 - 4


@pytest.mark.parametrize("kind", SUBSCRIBES)
def test_live_pollables_trap_at_the_drop(bench: Bench, kind: str) -> None:
    handle = one_of_each(bench)[kind]
    first, second = (bench.call(SUBSCRIBES[kind], handle) for _ in range(2))
    for pollable, left in ((first, [first, second]), (second, [second])):
        with pytest.raises(Trap) as trap:
            bench.call(DROPS[kind], handle)
        assert "while its children live" in trap.value.message
        assert all(f"#{child} (pollable)" in trap.value.message for child in left)
        assert handle in bench.host.engine.table
        bench.call("drop-pollable", pollable)
    bench.call(DROPS[kind], handle)
    assert handle not in bench.host.engine.table


@pytest.mark.parametrize(
    "order", [("socket", "rx", "tx"), ("rx", "tx", "socket"), ("tx", "socket", "rx"), ("rx", "socket", "tx")]
)
def test_the_connection_closes_with_the_last_of_three(bench: Bench, order: tuple[str, ...]) -> None:
    end, peer = bench.connected()
    fd = bench.host.engine.table[end.socket].sock.fileno()  # type: ignore[attr-defined]
    peer.setblocking(False)
    drops = {"socket": "drop-tcp-socket", "rx": "drop-input-stream", "tx": "drop-output-stream"}
    for name in order:
        os.fstat(fd)
        with pytest.raises(BlockingIOError):
            peer.recv(1)
        bench.call(drops[name], getattr(end, name))
    peer.settimeout(SECONDS)
    assert peer.recv(1) == b""
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_streams_go_on_without_their_socket(bench: Bench) -> None:
    end, peer = bench.connected()
    bench.call("drop-tcp-socket", end.socket)
    peer.sendall(b"to us")
    assert bench.call("blocking-read", end.rx, 10) == Ok((b"to us", False))
    bench.call("drop-input-stream", end.rx)
    assert bench.call("blocking-write", end.tx, b"from us") == Ok(7)
    assert peer.recv(10) == b"from us"
    pollable = bench.call("subscribe-to-output-stream", end.tx)
    assert bench.call("poll-oneoff", [pollable]) == b"\1"


def test_a_socket_dropped_with_pending_bytes_loses_none(bench: Bench, interrupt: Callable[[], None]) -> None:
    # Bytes are pending after a splice that was interrupted while it waited for room.
    (source, feeder), (sink, reader) = bench.connected(), bench.connected()
    total = bench.fill(sink.tx)
    feeder.sendall(b"x" * 10_000)
    assert bench.host.wait(source.rx, SECONDS)
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.call("splice", sink.tx, source.rx, 10_000)
    bench.call("drop-output-stream", sink.tx)
    bench.call("drop-input-stream", sink.rx)
    bench.call("drop-tcp-socket", sink.socket)
    received = bytearray()

    def read() -> None:
        while data := reader.recv(1 << 16):
            received.extend(data)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert bench.host.close(SECONDS)
    thread.join(SECONDS)
    moved = len(received) - total
    assert 0 < moved <= 10_000
    assert received == bytes(total) + b"x" * moved


@pytest.mark.parametrize("state", ["connecting", "listener", "closed"])
def test_sockets_may_be_dropped_in_any_state(bench: Bench, state: str) -> None:
    sock = bench.tcp(state)
    fd = bench.host.engine.table[sock].sock.fileno()  # type: ignore[attr-defined]
    bench.call("drop-tcp-socket", sock)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_accepted_connections_go_on_without_their_listener(bench: Bench) -> None:
    client, server = bench.pair()
    bench.need("blocking-write", client.tx, b"hello")
    assert bench.call("blocking-read", server.rx, 10) == Ok((b"hello", False))


def test_a_lookup_may_be_dropped_before_its_answer(bench: Bench) -> None:
    go = threading.Event()

    def slow(name: str) -> list[tuple[int, str]]:
        go.wait(SECONDS)
        return []

    bench.host.engine.resolver = slow
    stream = bench.need("resolve-addresses", bench.net, "slow.test", None, True)
    bench.call("drop-resolve-address-stream", stream)
    go.set()
    assert bench.host.close()


def test_handles_are_never_used_again(bench: Bench) -> None:
    seen = set()
    for _ in range(20):
        sock = bench.tcp()
        assert sock not in seen
        seen.add(sock)
        bench.call("drop-tcp-socket", sock)


def test_the_mode_of_a_dropped_socket_is_forgotten(bench: Bench) -> None:
    sock = bench.tcp()
    bench.need("tcp.set-non-blocking", sock, True)
    bench.call("drop-tcp-socket", sock)
    with pytest.raises(Trap, match="was dropped"):
        bench.call("tcp.non-blocking", sock)
