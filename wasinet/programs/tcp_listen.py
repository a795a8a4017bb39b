"""``tcp listen``: one connection, or many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wasinet.programs.cleanup import Cleanup
from wasinet.programs.events import CallFailed, Event, HandleRef, Idle, LocalFailed
from wasinet.programs.net import Net, Properties
from wasinet.programs.progress import Progress
from wasinet.programs.reactor import Reactor
from wasinet.programs.tcp import Exchange, StreamOptions
from wasinet.wit.addresses import show_address
from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = ["ListenOptions", "tcp_listen"]

# How long accepting pauses when there is no descriptor for another connection.
_PAUSE = 0.1
# What is wrong with one connection only; after anything else the next would most likely fail as well.
_OF_ONE = frozenset({"connection-aborted", "access-denied"})
# So many connections are accepted before those that there are have their turn.
_BURST = 64
# A port that is free for one family may be taken for the other; this many are tried.
_TRIES = 16


class ListenOptions(Data):
    """How to listen.

    Args:
        properties: of the listening socket; connections inherit them.
        keep_open: serve many connections at once, and go on.
        most: end after this many connections; None for no limit (one, without ``keep_open``).
    """

    properties: Properties = ()
    keep_open: bool = False
    most: int | None = None


class _Server:
    def __init__(self, net: Net, options: ListenOptions, streams: StreamOptions, *, until_peer_ends: bool) -> None:
        self.net = net
        self.options = options
        self.streams = streams
        self.until_peer_ends = until_peer_ends
        self.reactor = Reactor(net)
        self.output: int | None = None
        self.listeners: dict[int, int] = {}
        self.live: dict[Exchange, None] = {}
        self.accepted = 0
        self.most = options.most if options.keep_open else 1
        self.error: Exception | None = None
        self.paused: int | None = None
        self.short_of: str | None = None
        self.past = (0, 0)

    def open(self, addresses: Sequence[Case]) -> None:
        """Listen on all of these."""
        for socket in _listen(self.net, addresses, self.options.properties):
            self.listeners[socket] = self.net.pollable("tcp-socket", socket)
            address = show_address(self.net.local_address("tcp", socket))
            self.reactor.events.append(Event("listening", address=address, handle=HandleRef(socket, "tcp-socket")))
        self._resume()

    def _resume(self) -> None:
        self.paused = None
        for socket, pollable in self.listeners.items():
            self.reactor.when(pollable, lambda socket=socket: self.accept(socket))  # type: ignore[misc]

    def _pause(self) -> None:
        for pollable in self.listeners.values():
            self.reactor.forget(pollable)
        self.paused = self.reactor.after(_PAUSE, self._resume)

    def accept(self, socket: int) -> None:
        """Take connections that wait."""
        for _ in range(_BURST):
            try:
                connection = self.net.accept(socket)
            except CallFailed as error:
                # A shortage is said once, and is over when nobody waits any more.
                if error.precise in _OF_ONE or error.precise != self.short_of:
                    self.reactor.events.append(Event("accept-failed", code=error.code, reason=error.reason))
                if error.precise in _OF_ONE:
                    continue
                self.short_of = error.precise
                # The connection stays in the queue, so the pollable would be ready at once again.
                self._pause()
                return
            if connection is None:
                self.short_of = None
                return
            self.accepted += 1
            exchange = Exchange(self.reactor, connection, self.streams, self.output, self.done)
            self.live[exchange] = None
            self.reactor.events.append(exchange.describe("accepted"))
            exchange.start()
            if self.accepted == self.most:
                self.stop_listening()
                return

    def stop_listening(self) -> None:
        """No more connections."""
        if self.paused is not None:
            self.reactor.cancel(self.paused)
            self.paused = None
        for socket, pollable in self.listeners.items():
            self.reactor.forget(pollable)
            self.net.drop(pollable, socket)
        self.listeners.clear()

    def done(self, exchange: Exchange) -> None:
        """A connection is over; its failure is an event where others go on, else the command's own."""
        self.live.pop(exchange, None)
        self.past = _sum([self.past, exchange.moved])
        if self.paused is not None:
            # Its descriptor is free for another.
            self.reactor.cancel(self.paused)
            self._resume()
        error = exchange.error
        if error is None:
            return
        if self.options.keep_open and isinstance(error, CallFailed | Idle | LocalFailed) and not exchange.output_failed:
            if isinstance(error, CallFailed):
                fields = {"code": error.code, "reason": error.reason}
            elif isinstance(error, Idle):
                fields = {"code": "idle", "reason": f"nothing came or went for {error.seconds:g} s"}
            else:
                fields = {"code": error.what, "reason": error.reason}
            self.reactor.events.append(Event("failed", peer=exchange.peer, **fields))
        else:
            self.error = self.error or error

    def moved(self) -> tuple[int, int]:
        """How many bytes were received and sent on all connections."""
        return _sum([self.past, *(exchange.moved for exchange in self.live)])

    def close(self) -> None:
        """Dispose of everything."""
        self.stop_listening()
        for exchange in list(self.live):
            exchange.abandon()
        if self.output is not None:
            self.net.drop(self.output)
        self.reactor.close()

    def over(self) -> bool:
        if self.error is not None:
            return True
        if self.until_peer_ends:
            for exchange in list(self.live):
                if exchange.ended:
                    exchange.stop_sending()
        return not self.listeners and not self.live


def tcp_listen(
    net: Net,
    addresses: Sequence[Case],
    options: ListenOptions,
    streams: StreamOptions,
    *,
    until_peer_ends: bool = False,
) -> Iterator[Event]:
    """Listen and serve connections until they are done.

    Args:
        net: the calls.
        addresses: where; several are several sockets. With port 0 all get the port of the first.
        options: how.
        streams: what is sent to each connection and where what comes from it goes.
        until_peer_ends: see ``tcp_connect``.

    Yields:
        ``listening`` for each address, ``accepted``, ``accept-failed``, ``data``, ``ended``, ``closed``,
        ``failed``, and where they are asked for ``progress`` and ``receiving``.

    Raises:
        CallFailed, LocalFailed, Idle.
    """
    server = _Server(net, options, streams, until_peer_ends=until_peer_ends)
    with Cleanup(server.close):
        server.open(addresses)
        server.output = streams.open_output(net)
        if streams.progress is not None:
            Progress(server.reactor, streams.progress, server.moved)
        yield from server.reactor.run(server.over)
        if server.error is not None:
            raise server.error
        if server.output is not None:
            net.flush(server.output, "")


def _sum(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    pairs = list(counts)
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)


def _listen(net: Net, addresses: Sequence[Case], properties: Properties) -> list[int]:
    """A listening socket for each address; one family may be missing on the machine."""
    for attempt in range(_TRIES):
        sockets: list[int] = []
        port = addresses[0].payload["port"]
        failure: CallFailed | None = None
        for address in addresses:
            try:
                socket = net.listen(Case(address.name, {**address.payload, "port": port}), properties)
            except CallFailed as error:
                failure = error
                if error.precise in ("not-supported", "address-not-bindable") and len(addresses) > 1:
                    continue
                break
            sockets.append(socket)
            if port == 0:
                port = net.local_address("tcp", socket).payload["port"]
        else:
            if sockets:
                return sockets
        net.drop(*sockets)
        assert failure is not None
        if addresses[0].payload["port"] or failure.precise != "address-in-use" or attempt == _TRIES - 1:
            raise failure
    raise AssertionError
