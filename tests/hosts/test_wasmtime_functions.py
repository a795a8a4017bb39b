"""Every function of 0.2 on Wasmtime, from the declarations: each is called with real sockets and gives its ``ok``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support import (
    address_of,
    bound,
    connect,
    connected_pair,
    connected_to_peer,
    listening,
    loopback,
    need,
    reset,
    wait_any,
    wait_ready,
    write_when_ready,
)
from wasinet import wit
from wasinet.engine.faults import Trap
from wasinet.hosts.wasmtime import WasmtimeHost
from wasinet.wave.printer import Printer
from wasinet.wit.types import BOOL, U8, U32, U64, resolve
from wasinet.wit.values import Err, Ok, Some

WORLD = wit.load("0.2")

Arguments = tuple[Any, ...]
Arrange = Callable[[WasmtimeHost], Arguments]


def unbound(host: WasmtimeHost, kind: str = "tcp") -> int:
    sock: int = need(host.call(f"create-{kind}-socket", "ipv4"))
    return sock


def network(host: WasmtimeHost) -> int:
    handle: int = host.call("instance-network")
    return handle


def starting(host: WasmtimeHost, kind: str) -> int:
    sock = unbound(host, kind)
    need(host.call(f"{kind}-socket.start-bind", sock, network(host), loopback()))
    return sock


def listen_in_progress(host: WasmtimeHost) -> Arguments:
    sock = bound(host)
    need(host.call("tcp-socket.start-listen", sock))
    return (sock,)


def connecting(host: WasmtimeHost) -> Arguments:
    sock = unbound(host)
    need(host.call("tcp-socket.start-connect", sock, network(host), address_of(host, listening(host))))
    wait_ready(host, sock, "tcp-socket")
    return (sock,)


def pending(host: WasmtimeHost) -> Arguments:
    listener = listening(host)
    # Wasmtime begins to connect when somebody waits for it.
    connect(host, address_of(host, listener))
    wait_ready(host, listener, "tcp-socket")
    return (listener,)


def arrived(host: WasmtimeHost, data: bytes = b"hello") -> int:
    """An input stream with bytes in it."""
    client, server = connected_pair(host)
    write_when_ready(host, client.tx, data)
    wait_ready(host, server.rx, "input-stream")
    return server.rx


def output(host: WasmtimeHost) -> int:
    return connected_pair(host)[0].tx


def permitted(host: WasmtimeHost) -> int:
    tx = output(host)
    wait_ready(host, tx, "output-stream")
    assert need(host.call("output-stream.check-write", tx)) > 0
    return tx


def failed(host: WasmtimeHost) -> Arguments:
    client, peer = connected_to_peer(host)
    reset(peer)
    wait_ready(host, client.rx, "input-stream")
    outcome = host.call("input-stream.read", client.rx, 1)
    return (outcome.value.payload,)


def datagrams(host: WasmtimeHost, peer: int | None = None) -> tuple[int, int, int]:
    sock = bound(host, "udp")
    remote = None if peer is None else Some(address_of(host, peer, "udp"))
    return (sock, *need(host.call("udp-socket.stream", sock, remote)))


def sendable(host: WasmtimeHost, peer: int) -> int:
    *_, tx = datagrams(host, peer)
    wait_ready(host, tx, "outgoing-datagram-stream")
    assert need(host.call("outgoing-datagram-stream.check-send", tx)) > 0
    return tx


def received(host: WasmtimeHost) -> Arguments:
    peer, rx, _ = datagrams(host)
    need(host.call("outgoing-datagram-stream.send", sendable(host, peer), [{"data": b"hello", "remote-address": None}]))
    wait_ready(host, rx, "incoming-datagram-stream")
    return (rx, 10)


def lookup(host: WasmtimeHost) -> int:
    handle: int = need(host.call("resolve-addresses", network(host), "127.0.0.1"))
    return handle


def resolved(host: WasmtimeHost) -> Arguments:
    handle = lookup(host)
    wait_ready(host, handle, "resolve-address-stream")
    return (handle,)


RECEIVERS: dict[str, Arrange] = {
    "error": failed,
    "incoming-datagram-stream": lambda host: datagrams(host)[1:2],
    "input-stream": lambda host: (arrived(host),),
    "outgoing-datagram-stream": lambda host: datagrams(host)[2:],
    "output-stream": lambda host: (output(host),),
    "pollable": lambda host: (host.call("subscribe-duration", 0),),
    "resolve-address-stream": lambda host: (lookup(host),),
    "tcp-socket": lambda host: (unbound(host),),
    "udp-socket": lambda host: (bound(host, "udp"),),
}

# What needs more than a fresh receiver.
ARRANGED: dict[str, Arrange] = {
    "tcp-socket.start-bind": lambda host: (unbound(host), network(host), loopback()),
    "tcp-socket.finish-bind": lambda host: (starting(host, "tcp"),),
    "tcp-socket.start-connect": lambda host: (unbound(host), network(host), address_of(host, listening(host))),
    "tcp-socket.finish-connect": connecting,
    "tcp-socket.start-listen": lambda host: (bound(host),),
    "tcp-socket.finish-listen": listen_in_progress,
    "tcp-socket.accept": pending,
    "tcp-socket.local-address": lambda host: (bound(host),),
    "tcp-socket.remote-address": lambda host: (connected_pair(host)[0].socket,),
    "tcp-socket.shutdown": lambda host: (connected_pair(host)[0].socket, "send"),
    "udp-socket.start-bind": lambda host: (unbound(host, "udp"), network(host), loopback()),
    "udp-socket.finish-bind": lambda host: (starting(host, "udp"),),
    "udp-socket.stream": lambda host: (bound(host, "udp"), None),
    "udp-socket.remote-address": lambda host: (datagrams(host, bound(host, "udp"))[0],),
    "incoming-datagram-stream.receive": received,
    "outgoing-datagram-stream.send": lambda host: (
        sendable(host, bound(host, "udp")),
        [{"data": b"\x00\x7f\x80\xff", "remote-address": None}],
    ),
    "output-stream.write": lambda host: (permitted(host), b"hello"),
    "output-stream.write-zeroes": lambda host: (permitted(host), 5),
    "output-stream.blocking-write-and-flush": lambda host: (output(host), b"hello"),
    "output-stream.splice": lambda host: (permitted(host), arrived(host), 5),
    "output-stream.blocking-splice": lambda host: (output(host), arrived(host), 5),
    "resolve-address-stream.resolve-next-address": resolved,
    "resolve-addresses": lambda host: (network(host), "127.0.0.1"),
    "poll": lambda host: ([host.call("subscribe-duration", 0)],),
}

VALUES: dict[Any, Any] = {BOOL: True, U8: 33, U32: 5, U64: 4000}

# What the outcome must be, where that says more than that it is one.
GIVEN: dict[str, Any] = {
    "input-stream.read": Ok(b"hello"),
    "input-stream.blocking-read": Ok(b"hello"),
    "input-stream.skip": Ok(5),
    "input-stream.blocking-skip": Ok(5),
    "output-stream.splice": Ok(5),
    "output-stream.blocking-splice": Ok(5),
    "outgoing-datagram-stream.send": Ok(1),
    "poll": [0],
    "pollable.block": None,
    "tcp-socket.address-family": "ipv4",
    "udp-socket.address-family": "ipv4",
    "tcp-socket.is-listening": False,
}


def arguments_of(host: WasmtimeHost, key: str) -> Arguments:
    function = WORLD.functions[key]
    if key in ARRANGED:
        return ARRANGED[key](host)
    receiver = () if function.resource is None else RECEIVERS[function.resource.name](host)
    if any(str(type_) == "ip-address-family" for _, type_ in function.params):
        return (*receiver, "ipv6")
    return (*receiver, *(VALUES[resolve(type_)] for _, type_ in function.params))


@pytest.mark.parametrize("key", sorted(WORLD.functions.keys() - set(WasmtimeHost.missing)))
def test_every_function_is_there(wasmtime_host: WasmtimeHost, key: str) -> None:
    arguments = arguments_of(wasmtime_host, key)
    records: list[Any] = []
    wasmtime_host.attach(records.append)
    outcome = wasmtime_host.call(key, *arguments)
    (record,) = records
    assert record.function is WORLD.functions[key]
    assert not isinstance(outcome, Err), outcome
    if key in GIVEN:
        assert outcome == GIVEN[key]
    function = WORLD.functions[key]
    if function.result is None:
        assert outcome is None
    else:
        # The printer refuses what is not of the type.
        assert Printer().dumps(outcome, function.result)


@pytest.mark.parametrize("setter", sorted(key for key in WORLD.functions if ".set-" in key))
def test_what_was_set_is_there(wasmtime_host: WasmtimeHost, setter: str) -> None:
    handle, value = arguments_of(wasmtime_host, setter)
    if setter.endswith(("-time", "-interval")):
        value = 7 * 10**9
    need(wasmtime_host.call(setter, handle, value))
    getter = setter.replace(".set-", ".")
    # The listen backlog can be set only, and Wasmtime reports the doubled size of Linux for buffers.
    if getter in WORLD.functions:
        assert need(wasmtime_host.call(getter, handle)) in (value, 2 * value)


@pytest.mark.parametrize("key", sorted(WasmtimeHost.missing))
def test_what_is_missing_says_so(wasmtime_host: WasmtimeHost, key: str) -> None:
    (error,) = failed(wasmtime_host)
    with pytest.raises(Trap, match=rf"^{key} is not there: Wasmtime \d+\.\S+ does not link it$"):
        wasmtime_host.call(key, error)
    # Nothing ended.
    assert wasmtime_host.call("error.to-debug-string", error)


def test_a_function_that_the_world_does_not_have(wasmtime_host: WasmtimeHost) -> None:
    with pytest.raises(KeyError):
        wasmtime_host.call("nothing")


def test_datagrams_of_all_shapes(wasmtime_host: WasmtimeHost) -> None:
    host = wasmtime_host
    peer, rx, _ = datagrams(host)
    sender, _, tx = datagrams(host)
    to = Some(address_of(host, peer, "udp"))
    data = [b"", b"a", bytes(range(256)), bytes(1000)]
    wait_ready(host, tx, "outgoing-datagram-stream")
    assert need(host.call("outgoing-datagram-stream.check-send", tx)) >= len(data)
    assert need(host.call("outgoing-datagram-stream.send", tx, [{"data": d, "remote-address": to} for d in data])) == 4
    found: list[Any] = []
    while len(found) < 4:
        wait_ready(host, rx, "incoming-datagram-stream")
        found += need(host.call("incoming-datagram-stream.receive", rx, 10))
    assert found == [{"data": d, "remote-address": address_of(host, sender, "udp")} for d in data]


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize("size", [0, 1, 255, 4096, 65536, 300_000])
def test_bytes_arrive_as_they_are(wasmtime_host: WasmtimeHost, family: str, size: int) -> None:
    host = wasmtime_host
    client, server = connected_pair(host, family)
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    write_when_ready(host, client.tx, data)
    found = b""
    while len(found) < size:
        pollable = host.call("input-stream.subscribe", server.rx)
        assert wait_any(host, [pollable]) == [0]
        host.drop(pollable)
        found += need(host.call("input-stream.read", server.rx, 1 << 20))
    assert found == data
