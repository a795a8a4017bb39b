"""The handle table, the order of checks, and the end of a session."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import (
    FaultyOs,
    address_of,
    bound,
    connect,
    connected_pair,
    drop_all,
    ipv6,
    listening,
    loopback,
    need,
    one_of_each,
    refused_port,
    wait_ready,
)
from wasinet.engine.faults import Trap
from wasinet.engine.policy import Policy
from wasinet.hosts.native import NativeHost
from wasinet.wit import load
from wasinet.wit.types import Borrow, List, Option, resolve
from wasinet.wit.values import Err, Some, Value
from wasinet.worlds.v0_2 import RESOURCES

FUNCTIONS = load("0.2").functions


def argument(type_: Any, handles: dict[str, int]) -> Value:
    """Some value of a type."""
    type_ = resolve(type_)
    if isinstance(type_, Borrow):
        return handles[type_.resource.name]
    if isinstance(type_, List):
        return b"" if str(type_) == "list<u8>" else []
    if isinstance(type_, Option):
        return None
    return {"ip-socket-address": loopback(9), "shutdown-type": "send", "bool": True, "string": "localhost"}.get(
        str(type_), 1
    )


def arguments(name: str, handles: dict[str, int]) -> list[Value]:
    return [argument(type_, handles) for _, type_ in FUNCTIONS[name].arguments]


def places() -> list[tuple[str, int]]:
    """Every function and index of a parameter that is a handle."""
    return [
        (name, index)
        for name, function in FUNCTIONS.items()
        for index, (_, type_) in enumerate(function.arguments)
        if isinstance(resolve(type_), Borrow)
    ]


def test_there_are_handles_in_most_functions() -> None:
    assert len(places()) >= 70


@pytest.mark.parametrize(("name", "index"), places())
def test_wrong_handles_trap_and_change_nothing(host: NativeHost, name: str, index: int) -> None:
    handles = one_of_each(host)
    wanted: Any = resolve(FUNCTIONS[name].arguments[index][1])
    kind = wanted.resource.name
    dropped = host.call("subscribe-duration", 0)
    host.drop(dropped)
    before = {handle: host.state(handle) for handle in host.engine.table}
    wrong = {
        dropped: f"#{dropped} was dropped",
        10**6: "is no handle of this session",
        0: "is no handle of this session",
        -1: "is no handle of this session",
        **{other: f"#{other} is a {name}, not a {kind}" for name, other in handles.items() if name != kind},
    }
    for handle, message in wrong.items():
        args = arguments(name, handles)
        args[index] = handle
        with pytest.raises(Trap, match=message):
            host.call(name, *args)
    assert {handle: host.state(handle) for handle in host.engine.table} == before


def test_handles_are_small_and_never_used_again(host: NativeHost) -> None:
    seen = set()
    for number in range(1, 20):
        handle = host.call("instance-network")
        assert handle == number
        seen.add(handle)
        host.drop(handle)
    assert len(seen) == 19


def test_a_failed_creation_uses_no_handle(make_host: Callable[..., NativeHost]) -> None:
    faulty = FaultyOs()
    host = make_host(os=faulty)
    faulty.faults["tcp_socket"] = errno.EMFILE
    host.call("create-tcp-socket", "ipv4")
    assert host.call("instance-network") == 1


# Drops


@pytest.mark.parametrize("kind", [kind for kind in RESOURCES if kind not in ("network", "error", "pollable")])
def test_dropping_what_has_a_live_pollable_traps(host: NativeHost, kind: str) -> None:
    handle = one_of_each(host)[kind]
    pollable = host.call(f"{kind}.subscribe", handle)
    state = host.state(handle)
    with pytest.raises(Trap, match=rf"#{handle} may not be dropped.*#{pollable} \(pollable\)"):
        host.drop(handle)
    assert host.state(handle) == state
    host.drop(pollable)
    if kind in ("tcp-socket", "udp-socket"):
        with pytest.raises(Trap, match="may not be dropped while its children live"):
            host.drop(handle)
    else:
        host.drop(handle)


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_sockets_go_after_their_streams(host: NativeHost, kind: str) -> None:
    handles = one_of_each(host)
    names = ("input-stream", "output-stream") if kind == "tcp" else (
        "incoming-datagram-stream", "outgoing-datagram-stream",
    )  # fmt: skip
    for name in names:
        with pytest.raises(Trap, match=name):
            host.drop(handles[f"{kind}-socket"])
        host.drop(handles[name])
    host.drop(handles[f"{kind}-socket"])


def test_dropping_twice_traps(host: NativeHost) -> None:
    handle = host.call("instance-network")
    host.drop(handle)
    with pytest.raises(Trap, match="was dropped"):
        host.drop(handle)


def test_networks_may_go_before_what_uses_them(host: NativeHost) -> None:
    net = host.call("instance-network")
    sock = need(host.call("create-tcp-socket", "ipv4"))
    need(host.call("tcp-socket.start-bind", sock, net, loopback()))
    host.drop(net)
    need(host.call("tcp-socket.finish-bind", sock))
    need(host.call("tcp-socket.start-listen", sock))
    need(host.call("tcp-socket.finish-listen", sock))


@pytest.mark.parametrize("state", ["bind-in-progress", "connect-in-progress", "listening"])
def test_dropping_in_the_middle(host: NativeHost, state: str) -> None:
    net = host.call("instance-network")
    with socket.create_server(("127.0.0.1", 0)) as server:
        if state == "listening":
            sock = listening(host)
            # A connection in the queue goes with its listener.
            client = socket.create_connection(("127.0.0.1", address_of(host, sock).payload["port"]))
            client.close()
        else:
            sock = need(host.call("create-tcp-socket", "ipv4"))
            member = "start-bind" if state == "bind-in-progress" else "start-connect"
            address = loopback(0 if member == "start-bind" else server.getsockname()[1])
            need(host.call(f"tcp-socket.{member}", sock, net, address))
        assert host.state(sock) == state
        host.drop(sock)


# The order of checks: traps, state, arguments, policy, the operating system


@pytest.fixture
def closed_host(make_host: Callable[..., NativeHost]) -> tuple[NativeHost, FaultyOs]:
    """A host whose policy allows nothing but to create sockets and whose system fails."""
    faulty = FaultyOs()
    host = make_host(Policy.parse(["tcp-create"]), faulty)
    return host, faulty


@pytest.mark.parametrize("member", ["start-bind", "start-connect"])
def test_order_in_tcp(closed_host: tuple[NativeHost, FaultyOs], member: str) -> None:
    host, faulty = closed_host
    net = host.call("instance-network")
    bad, good = ipv6("::1", 9), loopback(9)
    function = f"tcp-socket.{member}"
    closed = need(host.call("create-tcp-socket", "ipv4"))
    assert host.call("tcp-socket.start-connect", closed, net, bad) == Err("invalid-argument")
    # A trap comes before a wrong state, a wrong state before a wrong argument, that before the policy.
    with pytest.raises(Trap):
        host.call(function, closed, closed, bad)
    assert host.call(function, closed, net, bad) == Err("invalid-state")
    sock = need(host.call("create-tcp-socket", "ipv4"))
    faulty.calls.clear()
    assert host.call(function, sock, net, bad) == Err("invalid-argument")
    sock = need(host.call("create-tcp-socket", "ipv4"))
    faulty.calls.clear()
    assert host.call(function, sock, net, good) == Err("access-denied")
    assert faulty.calls == []


def test_order_in_udp(make_host: Callable[..., NativeHost]) -> None:
    faulty = FaultyOs()
    host = make_host(Policy.parse(["udp-bind"]), faulty)
    unbound = need(host.call("create-udp-socket", "ipv4"))
    assert host.call("udp-socket.stream", unbound, Some(ipv6("::1", 9))) == Err("invalid-state")
    sock = bound(host, "udp")
    faulty.faults["connect"] = errno.ENETUNREACH
    live = need(host.call("udp-socket.stream", sock, None))
    with pytest.raises(Trap):
        host.call("udp-socket.stream", sock, Some(ipv6("::1", 9)))
    drop_all(host, *live)
    assert host.call("udp-socket.stream", sock, Some(ipv6("::1", 9))) == Err("invalid-argument")
    assert host.call("udp-socket.stream", sock, Some(loopback(9))) == Err("access-denied")
    _, tx = need(host.call("udp-socket.stream", sock, None))
    faulty.faults["sendto"] = errno.ENETUNREACH

    def send(address: Any) -> Value:
        return host.call("outgoing-datagram-stream.send", tx, [{"data": b"", "remote-address": address}])

    with pytest.raises(Trap):
        send(Some(ipv6("::1", 9)))
    for address, expected in ((ipv6("::1", 9), "invalid-argument"), (loopback(9), "access-denied")):
        need(host.call("outgoing-datagram-stream.check-send", tx))
        assert send(Some(address)) == Err(expected)


def test_order_in_options(make_host: Callable[..., NativeHost]) -> None:
    host = make_host()
    closed = need(host.call("create-tcp-socket", "ipv4"))
    host.call("tcp-socket.start-connect", closed, host.call("instance-network"), ipv6("::1", 9))
    assert host.call("tcp-socket.set-hop-limit", closed, 0) == Err("invalid-state")


def test_order_in_streams(host: NativeHost) -> None:
    client, _ = connected_pair(host)
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    for member, args in (("write", (b"x",)), ("write-zeroes", (1,)), ("blocking-write-and-flush", (bytes(4097),))):
        with pytest.raises(Trap):
            host.call(f"output-stream.{member}", client.tx, *args)


# The limit of descriptors


def test_accepting_without_descriptors_keeps_listening(host: NativeHost) -> None:
    listener = listening(host)
    address = address_of(host, listener)
    client = connect(host, address)
    wait_ready(host, listener, "tcp-socket")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        outcome = host.call("tcp-socket.accept", listener)
        creation = host.call("create-tcp-socket", "ipv4")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert outcome == creation == Err("new-socket-limit")
    assert host.state(listener) == "listening"
    accepted = need(host.call("tcp-socket.accept", listener))
    assert host.state(accepted[0]) == host.state(client.socket) == "connected"


def test_refusals_name_the_way_out(host: NativeHost) -> None:
    sock = bound(host)
    outcome = host.call("tcp-socket.accept", sock)
    assert outcome == Err("invalid-state")
    assert outcome.reason == f"tcp-socket.accept needs listening; #{sock} is bound. Try: start-listen"


def test_a_refused_connection(host: NativeHost) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    need(host.call("tcp-socket.start-connect", sock, host.call("instance-network"), loopback(refused_port())))
    wait_ready(host, sock, "tcp-socket")
    assert host.call("tcp-socket.finish-connect", sock) == Err("connection-refused")
    assert host.state(sock) == "closed"
    host.drop(sock)
