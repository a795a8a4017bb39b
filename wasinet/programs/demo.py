"""``demo``: the main job on one machine with no network, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from wasinet.programs.events import Event
from wasinet.programs.net import Connection, Net
from wasinet.wit.addresses import show_address, show_ip
from wasinet.wit.values import Case, Err, Ok, Some

__all__ = ["demo"]

_LOOPBACK = Case("ipv4", {"port": 0, "address": (127, 0, 0, 1)})
_HELLO = b"hello, sockets"


def demo(net: Net) -> Iterator[Event]:
    """Listen, connect, echo, send datagrams, resolve, poll, break a rule or two, and clean up.

    Yields:
        ``step`` (``title``) before each part, ``saw`` (``text``) for what came of it, ``handles`` where
        the table of live handles is worth a look.

    Raises:
        CallFailed: loopback does not do what it should.
    """
    yield Event("step", title="A TCP socket is created, bound and made to listen")
    listener = net.listen(_LOOPBACK)
    address = net.local_address("tcp", listener)
    yield Event("saw", text=f"listening on {show_address(address)}")

    yield Event("step", title="Another one connects; the connection is accepted")
    client = net.socket("tcp", address)
    net.need("tcp-socket.start-connect", show_address(address), client, net.network, address)
    ours = net.connection(client, *net.finish("tcp-socket.finish-connect", show_address(address), client))
    theirs = _accept(net, listener)
    yield Event("saw", text=f"{ours.local} is connected to {ours.peer}")
    yield Event("handles")

    yield Event("step", title="Bytes go there and back")
    yield from _echo(net, ours, theirs)

    yield Event("step", title="A call in the wrong state is refused, and says what would be right")
    refused = net.call("tcp-socket.accept", client)
    assert isinstance(refused, Err)
    yield Event("saw", text=refused.reason)

    yield Event("step", title="Both sides end their stream: connected becomes closed")
    for connection, other in ((ours, theirs), (theirs, ours)):
        net.shutdown(connection)
        ended = net.call("input-stream.blocking-read", other.rx, 64)
        assert isinstance(ended, Err)

    yield Event("step", title="Datagrams")
    yield from _datagrams(net)

    yield Event("step", title="A name is looked up while a timer runs; poll tells which is first")
    yield from _lookup(net)

    yield Event("step", title="Everything is given back")
    net.close(ours)
    net.close(theirs)
    net.drop(listener)
    yield Event("handles")


def _accept(net: Net, listener: int) -> Connection:
    pollable = net.pollable("tcp-socket", listener)
    net.wait([pollable])
    connection = net.accept(listener)
    net.drop(pollable)
    assert connection is not None
    return connection


def _echo(net: Net, ours: Connection, theirs: Connection) -> Iterator[Event]:
    for sender, receiver in ((ours, theirs), (theirs, ours)):
        net.room(sender.tx, sender.peer)
        net.write(sender.tx, _HELLO, sender.peer)
        got = net.call("input-stream.blocking-read", receiver.rx, 64)
        assert isinstance(got, Ok)
        yield Event("saw", text=f"{sender.local} → {receiver.local}: {got.value.decode()}")


def _datagrams(net: Net) -> Iterator[Event]:
    sockets = [net.socket("udp", _LOOPBACK) for _ in range(2)]
    for socket in sockets:
        net.bind("udp", socket, _LOOPBACK)
    target = net.local_address("udp", sockets[1])
    streams = [
        net.need("udp-socket.stream", "", sockets[0], Some(target)),
        net.need("udp-socket.stream", "", sockets[1], None),
    ]
    outgoing, incoming = streams[0][1], streams[1][0]
    net.need("outgoing-datagram-stream.check-send", "", outgoing)
    texts = [b"one", b"two", b"three"]
    sent = net.need("outgoing-datagram-stream.send", "", outgoing, [{"data": t, "remote-address": None} for t in texts])
    pollable = net.pollable("incoming-datagram-stream", incoming)
    net.wait([pollable])
    received = net.need("incoming-datagram-stream.receive", "", incoming, 16)
    words = ", ".join(datagram["data"].decode() for datagram in received)
    yield Event("saw", text=f"{sent} datagrams sent, {len(received)} received: {words}")
    net.drop(pollable, *streams[0], *streams[1], *sockets)


def _lookup(net: Net) -> Iterator[Event]:
    lookup = net.need("resolve-addresses", "localhost", net.network, "localhost")
    pollables = [net.timer(2.0), net.pollable("resolve-address-stream", lookup)]
    names = ("the timer", "the lookup")
    first = net.wait(pollables)[0]
    yield Event("saw", text=f"{names[first]} is ready first")
    found = []
    while True:
        answer = net.need("resolve-address-stream.resolve-next-address", "localhost", lookup)
        if answer is None:
            break
        found.append(show_ip(answer.value))
    yield Event("saw", text=f"localhost is {', '.join(found)}")
    net.drop(*pollables, lookup)
