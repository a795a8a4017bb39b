"""What the draft documents, one scenario each: every function on success, and each "Fails when" of its text.

A scenario ends with the call that it is about; the test looks at the call's record. The clauses of
a failure are spelled as in the declarations, which are held against the text elsewhere.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.support import SECONDS, FaultySocket, ipv4, loopback
from tests.worlds.support import Bench
from wasinet.wit.values import Case, Err, Ok, Some

__all__ = ["SCENARIOS", "Scenario"]

Scenario = Callable[[Bench], object]

FIRST = 1
"""The handle of the network that every bench begins with."""

SCENARIOS: dict[tuple[str, str], Scenario] = {}
"""By qualified name of the function and the clause: the ``when`` of a documented error, empty for success."""


def scenario(function: str, clause: str = "") -> Callable[[Scenario], Scenario]:
    def register(made: Scenario) -> Scenario:
        assert (function, clause) not in SCENARIOS
        SCENARIOS[function, clause] = made
        return made

    return register


def simple(function: str, make: Callable[[Bench], int], *arguments: Any, gives: object = None) -> None:
    """A success of a function of one handle; ``gives`` is the outcome, None for whatever is no failure."""

    def run(bench: Bench) -> None:
        outcome = bench.call(function if function in bench.host.world.functions else short, make(bench), *arguments)
        assert gives is None or outcome == gives

    short = function.rpartition(".")[2]
    SCENARIOS[function, ""] = run


def failing(function: str, clause: str, make: Callable[[Bench], int], *arguments: Any) -> None:
    def run(bench: Bench) -> None:
        short = function.rpartition(".")[2]
        bench.call(function if function in bench.host.world.functions else short, make(bench), *arguments)

    SCENARIOS[function, clause] = run


# network, instance-network, poll

simple("network.drop-network", lambda b: b.network())
SCENARIOS["instance-network.instance-network", ""] = lambda b: b.call("instance-network")
simple("poll.drop-pollable", lambda b: b.call("tcp.subscribe", b.tcp()))


@scenario("poll.poll-oneoff")
def _(b: Bench) -> None:
    quiet = b.call("tcp.subscribe", b.tcp("listener"))
    assert b.call("poll-oneoff", [b.call("tcp.subscribe", b.tcp()), quiet]) == b"\1\0"


# Options, whose functions are alike

NOT_BOUND = "the socket is not bound"
IPV4 = "the socket is an IPv4 socket"
LISTENING = "the socket is in the listening state"
NO_DUAL = "the value is false and the platform has no dual-stack mode"
OTHER = "the network is not the one that the socket was bound with"
IN_USE = "the socket is in the connection or the listener state already"
NO_CONNECTION = "the socket is not in the connection state"
AGAIN = "the socket is non-blocking and the call would have to wait"


def socket_of(kind: str, state: str = "unbound", family: str = "ipv4") -> Callable[[Bench], int]:
    return lambda b: b.tcp(state, family) if kind == "tcp" else b.udp(state, family)


def _created(kind: str, b: Bench) -> object:
    return b.need(f"create-{kind}-socket", "ipv6")


def without_dual_stack(kind: str) -> Callable[[Bench], int]:
    def make(bench: Bench) -> int:
        sock = socket_of(kind, family="ipv6")(bench)

        def refuse(*_: object) -> None:
            raise OSError(errno.ENOPROTOOPT, "Protocol not available")

        bench.os.set = refuse  # type: ignore[method-assign,assignment]
        return sock

    return make


def with_set(kind: str, option: str, value: object) -> Callable[[Bench], int]:
    def make(bench: Bench) -> int:
        sock = socket_of(kind, family="ipv6" if option == "ipv6-only" else "ipv4")(bench)
        name = f"{kind}.set-{option}"
        bench.need(name if name in bench.host.world.functions else f"set-{option}", sock, value)
        return sock

    return make


for _kind in ("tcp", "udp"):
    simple(f"{_kind}.address-family", socket_of(_kind, family="ipv6"), gives="ipv6")
    simple(f"{_kind}.local-address", socket_of(_kind, "bound"))
    failing(f"{_kind}.local-address", NOT_BOUND, socket_of(_kind))
    simple(f"{_kind}.ipv6-only", with_set(_kind, "ipv6-only", False), gives=Ok(False))
    failing(f"{_kind}.ipv6-only", IPV4, socket_of(_kind))
    simple(f"{_kind}.set-ipv6-only", socket_of(_kind, family="ipv6"), False, gives=Ok())
    failing(f"{_kind}.set-ipv6-only", IPV4, socket_of(_kind), True)
    failing(f"{_kind}.set-ipv6-only", NO_DUAL, without_dual_stack(_kind), False)
    simple(f"{_kind}.unicast-hop-limit", with_set(_kind, "unicast-hop-limit", 7), gives=Ok(7))
    simple(f"{_kind}.set-unicast-hop-limit", socket_of(_kind), 9, gives=Ok())
    for _side in ("receive", "send"):
        _size = f"{_side}-buffer-size"
        simple(f"{_kind}.{_size}", with_set(_kind, _size, 20_000), gives=Ok(20_000))
        simple(f"{_kind}.set-{_size}", socket_of(_kind), 20_000, gives=Ok())
        if _kind == "tcp":
            failing(f"{_kind}.{_size}", LISTENING, socket_of(_kind, "listener"))
            failing(f"{_kind}.set-{_size}", LISTENING, socket_of(_kind, "listener"), 20_000)
    simple(f"{_kind}.non-blocking", with_set(_kind, "non-blocking", True), gives=Ok(True))
    simple(f"{_kind}.set-non-blocking", socket_of(_kind), True, gives=Ok())
    simple(f"{_kind}.subscribe", socket_of(_kind))
    simple(f"{_kind}.drop-{_kind}-socket", socket_of(_kind))
    SCENARIOS[f"{_kind}-create-socket.create-{_kind}-socket", ""] = partial(_created, _kind)
    failing(f"{_kind}.bind", "the socket is bound already", socket_of(_kind, "bound"), FIRST, loopback())

simple("tcp.set-listen-backlog-size", socket_of("tcp", "listener"), 3, gives=Ok())
for _option in ("keep-alive", "no-delay"):
    simple(f"tcp.{_option}", with_set("tcp", _option, True), gives=Ok(True))
    simple(f"tcp.set-{_option}", socket_of("tcp", "connection"), True, gives=Ok())


# TCP


@scenario("tcp.bind")
def _(b: Bench) -> None:
    sock = b.tcp()
    b.need("tcp.bind", sock, b.net, ipv4("0.0.0.0"))
    assert b.host.engine.table[sock].local.startswith("0.0.0.0:")


@scenario("tcp.connect")
def _(b: Bench) -> None:
    server, address = b.server()
    _, tx = b.need("tcp.connect", b.tcp("bound"), b.net, address)
    peer = b.keep(server.accept()[0])
    assert b.host.engine.table[tx].writer.file.getpeername() == peer.getsockname()  # type: ignore[attr-defined]


@scenario("tcp.connect", OTHER)
def _(b: Bench) -> None:
    b.call("tcp.connect", b.tcp("bound"), b.network(), b.server()[1])


@scenario("tcp.connect", "the network does not allow connections to the remote address")
def _(b: Bench) -> None:
    b.call("tcp.connect", b.tcp(), b.network("all", "deny:tcp-connect:127.0.0.1"), b.server()[1])


@scenario("tcp.connect", IN_USE)
def _(b: Bench) -> None:
    for state in ("connection", "listener"):
        assert b.call("tcp.connect", b.tcp(state), b.net, b.server()[1]) == Err("unknown")


@scenario("tcp.connect", "the remote IP address or the port is 0")
def _(b: Bench) -> None:
    for address in (ipv4("0.0.0.0", 80), ipv4("127.0.0.1", 0)):
        assert b.call("tcp.connect", b.tcp(), b.net, address) == Err("unknown")


@scenario("tcp.connect", AGAIN)
def _(b: Bench) -> None:
    sock = b.tcp()
    b.need("tcp.set-non-blocking", sock, True)
    b.call("tcp.connect", sock, b.net, b.server()[1])


@scenario("tcp.listen")
def _(b: Bench) -> None:
    sock = b.tcp("bound")
    b.need("listen", sock, b.net)
    assert b.state(sock) == "listener"


@scenario("tcp.listen", OTHER)
def _(b: Bench) -> None:
    b.call("listen", b.tcp("bound"), b.network())


@scenario("tcp.listen", "the network does not allow listening on the local address")
def _(b: Bench) -> None:
    b.call("listen", b.tcp(), b.network("all", "deny:tcp-listen:0.0.0.0"))


@scenario("tcp.listen", IN_USE)
def _(b: Bench) -> None:
    for state in ("connection", "listener"):
        assert b.call("listen", b.tcp(state), b.net) == Err("unknown")


@scenario("tcp.accept")
def _(b: Bench) -> None:
    listener = b.tcp("listener")
    client = b.client_of(b.address(listener))
    sock, _rx, _tx = b.need("accept", listener)
    assert b.state(sock) == "connection"
    assert b.host.engine.table[sock].remote == "{}:{}".format(*client.getsockname())


failing("tcp.accept", "the socket is not in the listening state", socket_of("tcp", "bound"))


@scenario("tcp.accept", AGAIN)
def _(b: Bench) -> None:
    sock = b.tcp("listener")
    b.need("tcp.set-non-blocking", sock, True)
    b.call("accept", sock)


@scenario("tcp.remote-address")
def _(b: Bench) -> None:
    end, peer = b.connected()
    assert b.need("tcp.remote-address", end.socket) == loopback(peer.getsockname()[1])


failing("tcp.remote-address", NO_CONNECTION, socket_of("tcp", "listener"))
failing("tcp.shutdown", NO_CONNECTION, socket_of("tcp", "listener"), "both")


@scenario("tcp.shutdown")
def _(b: Bench) -> None:
    end, peer = b.connected()
    b.need("shutdown", end.socket, "send")
    assert peer.recv(1) == b""


# UDP


@scenario("udp.bind")
def _(b: Bench) -> None:
    b.need("udp.bind", b.udp(), b.net, ipv4("0.0.0.0"))


@scenario("udp.connect")
def _(b: Bench) -> None:
    sock = b.udp()
    b.need("udp.connect", sock, b.net, loopback(9))
    assert b.state(sock) == "connected"


@scenario("udp.connect", OTHER)
def _(b: Bench) -> None:
    b.call("udp.connect", b.udp("bound"), b.network(), loopback(9))


@scenario("udp.receive")
def _(b: Bench) -> None:
    sock, (peer, address) = b.udp("bound"), b.datagrams()
    peer.sendto(b"hello", ("127.0.0.1", b.address(sock, "udp").payload["port"]))
    assert b.need("receive", sock) == {"data": b"hello", "remote-address": address}


failing("udp.receive", NOT_BOUND, socket_of("udp"))


@scenario("udp.receive", AGAIN)
def _(b: Bench) -> None:
    sock = b.udp("bound")
    b.need("udp.set-non-blocking", sock, True)
    b.call("receive", sock)


@scenario("udp.send")
def _(b: Bench) -> None:
    sock, (peer, address) = b.udp("bound"), b.datagrams()
    port = b.address(sock, "udp").payload["port"]
    assert b.call("send", sock, {"data": b"hello", "remote-address": address}) == Ok()
    assert peer.recvfrom(10) == (b"hello", ("127.0.0.1", port))


failing("udp.send", NOT_BOUND, socket_of("udp"), {"data": b"x", "remote-address": loopback(9)})


@scenario("udp.send", "the socket is connected and the datagram names another address than its peer's")
def _(b: Bench) -> None:
    sock = b.udp("connected")
    b.need("send", sock, {"data": b"x", "remote-address": b.remote})
    b.call("send", sock, {"data": b"x", "remote-address": b.datagrams()[1]})


@scenario("udp.send", AGAIN)
def _(b: Bench) -> None:
    sock = b.udp("bound")
    b.need("udp.set-non-blocking", sock, True)
    assert isinstance(b.host.engine.table[sock].sock, FaultySocket)  # type: ignore[attr-defined]
    b.os.faults["sendto"] = errno.EAGAIN
    b.call("send", sock, {"data": b"x", "remote-address": loopback(9)})


simple("udp.remote-address", socket_of("udp", "connected"))


# Streams


@scenario("streams.read")
def _(b: Bench) -> None:
    end, peer = b.connected()
    peer.sendall(b"hello")
    assert b.host.wait(end.rx, SECONDS)
    assert b.call("read", end.rx, 10) == Ok((b"hello", False))


@scenario("streams.blocking-read")
def _(b: Bench) -> None:
    end, peer = b.connected()
    peer.close()
    assert b.call("blocking-read", end.rx, 10) == Ok((b"", True))


@scenario("streams.skip")
def _(b: Bench) -> None:
    end, peer = b.connected()
    peer.sendall(b"hello")
    assert b.host.wait(end.rx, SECONDS)
    assert b.call("skip", end.rx, 3) == Ok((3, False))


@scenario("streams.blocking-skip")
def _(b: Bench) -> None:
    end, peer = b.connected()
    peer.sendall(b"hello")
    assert b.call("blocking-skip", end.rx, 10) == Ok((5, False))


simple("streams.subscribe-to-input-stream", lambda b: b.connected()[0].rx)
simple("streams.drop-input-stream", lambda b: b.connected()[0].rx)
simple("streams.subscribe-to-output-stream", lambda b: b.connected()[0].tx)
simple("streams.drop-output-stream", lambda b: b.connected()[0].tx)


def _writes(function: str, given: Any, expected: bytes) -> None:
    def run(b: Bench) -> None:
        end, peer = b.connected()
        assert b.call(function, end.tx, given) == Ok(5)
        assert peer.recv(10) == expected

    SCENARIOS[f"streams.{function}", ""] = run


_writes("write", b"hello", b"hello")
_writes("blocking-write", b"hello", b"hello")
_writes("write-zeroes", 5, bytes(5))
_writes("blocking-write-zeroes", 5, bytes(5))


def _moves(function: str, *arguments: Any, gives: Any) -> None:
    def run(b: Bench) -> None:
        (source, feeder), (sink, reader) = b.connected(), b.connected()
        feeder.sendall(b"hello")
        feeder.close()
        assert b.host.wait(source.rx, SECONDS)
        assert b.call(function, sink.tx, source.rx, *arguments) == Ok(gives)
        assert reader.recv(10) == b"hello"

    SCENARIOS[f"streams.{function}", ""] = run


_moves("splice", 10, gives=(5, False))
_moves("blocking-splice", 10, gives=(5, False))
_moves("forward", gives=5)


# Name lookup


def lookup(b: Bench) -> int:
    stream: int = b.need("resolve-addresses", b.net, "localhost", Some("ipv4"), True)
    return stream


def _refused(name: str, b: Bench) -> object:
    return b.call("resolve-addresses", b.net, name, None, True)


SCENARIOS["ip-name-lookup.resolve-addresses", ""] = lookup
for _clause, _name in (
    ("the name is empty", ""),
    ("the name is an IP address", "127.0.0.1"),
    ("the name is not a well-formed domain name for another reason", "a..b"),
):
    SCENARIOS["ip-name-lookup.resolve-addresses", _clause] = partial(_refused, _name)


@scenario("ip-name-lookup.resolve-next-address")
def _(b: Bench) -> None:
    stream = lookup(b)
    assert b.call("resolve-next-address", stream) == Ok(Some(Case("ipv4", (127, 0, 0, 1))))
    assert b.call("resolve-next-address", stream) == Ok(None)


@scenario("ip-name-lookup.resolve-next-address", "the stream is non-blocking and the call would have to wait")
def _(b: Bench) -> None:
    b.host.engine.domain.policy = b.asking_policy()
    b.asker.hold = True
    stream = lookup(b)
    b.need("ip-name-lookup.set-non-blocking", stream, True)
    assert b.call("resolve-next-address", stream) == Err("again")


simple("ip-name-lookup.drop-resolve-address-stream", lookup)
simple("ip-name-lookup.non-blocking", lookup, gives=Ok(False))
simple("ip-name-lookup.set-non-blocking", lookup, True, gives=Ok())
simple("ip-name-lookup.subscribe", lookup)
