"""``udp recv``: datagrams from anybody, written out or sent back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wasinet.programs.cleanup import Cleanup
from wasinet.programs.datagrams import MOST, Sink, SinkOptions, bind_udp, each_family
from wasinet.programs.events import CallFailed, Event, HandleRef
from wasinet.programs.net import Datagram, Net, Properties
from wasinet.wit.addresses import show_address
from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = ["RECEIVE_BUFFER", "ReceiveOptions", "udp_recv"]

RECEIVE_BUFFER = 4 << 20
"""What is asked for where nobody says: some tens of milliseconds in which the reader may be away
although datagrams come as fast as they can. The system gives what it allows."""


class ReceiveOptions(Data):
    """How to receive.

    Args:
        properties: of the sockets.
        count: end after this many datagrams; None for no limit.
        echo: send each back to where it came from.
        progress: seconds between ``progress`` events, None for none.
    """

    properties: Properties = ()
    count: int | None = None
    echo: bool = False
    progress: float | None = None


class _Bound(Data):
    socket: int
    rx: int
    tx: int
    pollable: int
    room: int


def udp_recv(net: Net, addresses: Sequence[Case], options: ReceiveOptions, output: SinkOptions) -> Iterator[Event]:
    """Receive datagrams until there were enough.

    Args:
        net: the calls.
        addresses: where; several are several sockets. With port 0 all get the port of the first.
        options: how.
        output: where the datagrams go.

    Yields:
        ``listening`` for each address, ``received``, ``echo-failed``, ``progress``, at the end ``all-received``.

    Raises:
        CallFailed, LocalFailed.
    """
    sockets = each_family(net, "udp", addresses, lambda address: bind_udp(net, address, options.properties))
    bound: list[_Bound] = []
    sink: Sink | None = None

    def close() -> None:
        for one in bound:
            net.drop(one.pollable, one.room, one.rx, one.tx, one.socket)
        if sink is not None:
            sink.close()

    with Cleanup(close):
        for socket in sockets:
            bound.append(_open(net, socket))
            address = show_address(net.local_address("udp", socket))
            yield Event("listening", address=address, handle=HandleRef(socket, "udp-socket"))
        sink = Sink(net, output)
        start = net.now()
        yield from _receive(net, bound, sink, options, start)
        sink.flush()
        yield Event("all-received", **_counts(net, sink, start))


def _open(net: Net, socket: int) -> _Bound:
    rx, tx = net.datagrams(socket)
    incoming = net.pollable("incoming-datagram-stream", rx)
    return _Bound(socket, rx, tx, incoming, net.pollable("outgoing-datagram-stream", tx))


def _receive(net: Net, bound: Sequence[_Bound], sink: Sink, options: ReceiveOptions, start: float) -> Iterator[Event]:
    pollables = [one.pollable for one in bound]
    everyone = range(len(bound))
    left = options.count
    ready: Sequence[int] = everyone
    tick: list[int] = []
    with Cleanup(lambda: net.drop(*tick)):
        while True:
            more = False
            for index in ready:
                if index >= len(bound):
                    net.drop(tick.pop())
                    yield Event("progress", **_counts(net, sink, start))
                    continue
                most = MOST if left is None else min(MOST, left)
                batch = net.receive(bound[index].rx, most)
                if not batch:
                    continue
                yield from sink.put(batch)
                if options.echo:
                    yield from _echo(net, bound[index], batch)
                if left is not None:
                    left -= len(batch)
                    if not left:
                        return
                more = more or len(batch) == most
            if options.progress is not None:
                tick = tick or [net.timer(options.progress)]
                # The timer is in the list when there is more to receive as well, and then the wait is only a look.
                ready = net.wait(pollables + tick)
            else:
                # Where one socket has more, the others have their turn as well.
                ready = everyone if more else net.wait(pollables)


def _echo(net: Net, one: _Bound, batch: Sequence[Datagram]) -> Iterator[Event]:
    """Send datagrams back; one that cannot go does not keep the others."""
    left = [net.datagram(datagram["data"], datagram["remote-address"]) for datagram in batch]
    while left:
        room = net.send_room(one.tx, "")
        if not room:
            net.wait([one.room])
            continue
        try:
            left = left[net.send(one.tx, left[:room], "") :]
        except CallFailed as error:
            peer = show_address(left.pop(0)["remote-address"].value)
            yield Event("echo-failed", peer=peer, code=error.code, reason=error.reason)


def _counts(net: Net, sink: Sink, start: float) -> dict[str, Any]:
    return {"datagrams": sink.datagrams, "received": sink.bytes, "sent": 0, "seconds": round(net.now() - start, 6)}
