"""What ``tcp connect`` and ``tcp listen`` share: a connection whose two directions are served."""

from __future__ import annotations

from collections.abc import Callable

from wasinet.programs.events import CallFailed, Event, HandleRef, Idle, LocalFailed
from wasinet.programs.net import Connection, Net
from wasinet.programs.reactor import Reactor
from wasinet.programs.transfer import Copy, Deliver, Drain, Feed, Skip, Transfer, Translate
from wasinet.wit.data import Data

__all__ = ["DISCARD", "ECHO", "EVENTS", "OUTPUT", "Exchange", "StreamOptions"]

OUTPUT = "output"
DISCARD = "discard"
ECHO = "echo"
EVENTS = "events"

# After this many steps without a pause the others have their turn.
_BURST = 16
# Seconds for which the end of a connection waits for the end of a peer that was sending all along.
_LINGER = 1.0


class StreamOptions(Data):
    """What goes to the peer and where its bytes go.

    Args:
        send: gives, for each connection, what is sent: bytes; a descriptor, its name, and whether it is
            closed afterwards; or None for nothing. Raises LocalFailed. Without it nothing is sent.
        sink: OUTPUT (the descriptor ``output_fd``), DISCARD, ECHO or EVENTS.
        output_fd: where OUTPUT goes; standard output.
        output_name: its name in errors.
        own_output: it is closed at the end.
        crlf: each lone LF is sent as CR LF.
        half_close: the end of what is sent is told to the peer.
        send_only: done when everything is sent; what the peer sends is thrown away.
        idle_timeout: seconds without a byte either way after which the connection is given up.
        progress: seconds between ``progress`` events; None for none. With them comes ``receiving``,
            before the first received byte is passed on.
    """

    send: Callable[[], bytes | tuple[int, str, bool] | None] | None = None
    sink: str = OUTPUT
    output_fd: int = 1
    output_name: str = "standard output"
    own_output: bool = False
    crlf: bool = False
    half_close: bool = True
    send_only: bool = False
    idle_timeout: float | None = None
    progress: float | None = None

    def open_output(self, net: Net) -> int | None:
        """The stream that OUTPUT goes to, None where nothing does. Raises LocalFailed."""
        if self.sink != OUTPUT or self.send_only:
            return None
        return net.open_output(self.output_fd, self.output_name, own=self.own_output)


class Exchange:
    """One connection being served, in a reactor.

    Args:
        reactor: where it runs.
        connection: which.
        options: what is sent and received.
        output: the output stream that OUTPUT goes to, shared by all connections.
        done: called with the exchange when both directions are done or it failed.
    """

    def __init__(
        self,
        reactor: Reactor,
        connection: Connection,
        options: StreamOptions,
        output: int | None,
        done: Callable[[Exchange], None],
    ) -> None:
        self.reactor = reactor
        self.net: Net = reactor.net
        self.connection = connection
        # A host may not know the address of a peer that has gone already.
        self.peer = connection.peer or None
        self.options = options
        self.error: Exception | None = None
        self.output_failed = False
        self._done = done
        self._output = output
        self._finished = False
        self._source: int | None = None
        self._own_pollables: dict[int, int] = {}
        self._waiting: dict[Transfer, int] = {}
        self._timer: int | None = None
        self._lingering: int | None = None
        self._announced = options.progress is None
        self._started = self._moved = self.net.now()
        self.down: Transfer | None = self._receiving()
        self.up: Transfer | None = None
        try:
            self.up = self._sending()
        except LocalFailed as error:
            self.error = error
        self.received = self.down
        self.sent = self.up or (self.down if options.sink == ECHO else None)
        self.ended = False

    def start(self) -> None:
        """Begin to serve it."""
        if self.error is not None:
            self._finish()
            return
        if self.options.idle_timeout is not None:
            self._watch_idle(self.options.idle_timeout)
        for transfer in (self.up, self.down):
            if transfer is not None:
                self._pump(transfer)
        self._check()

    # What moves

    def _receiving(self) -> Transfer:
        net, (rx, tx, peer) = self.net, (self.connection.rx, self.connection.tx, self.connection.peer)
        sink = self.options.sink
        if sink == ECHO:
            return Copy(net, rx, tx, peer)
        if sink == DISCARD or self.options.send_only:
            return Skip(net, rx, None, peer)
        if sink == EVENTS:
            return Deliver(net, rx, self._data, peer)
        return Copy(net, rx, self._output, peer)

    def _data(self, data: bytes) -> None:
        self.reactor.events.append(Event("data", peer=self.peer, data=data))

    def _sending(self) -> Transfer | None:
        source = self.options.send() if self.options.send is not None else None
        if source is None:
            return None
        net, tx, peer = self.net, self.connection.tx, self.connection.peer
        if isinstance(source, bytes):
            return Feed(
                net, source.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if self.options.crlf else source, tx, peer
            )
        fd, name, own = source
        self._source = net.open_input(fd, name, own=own)
        kind = Translate if self.options.crlf else Copy
        return kind(net, self._source, tx, peer)

    # Moving it

    def _pump(self, transfer: Transfer) -> None:
        if self._finished or (transfer is not self.up and transfer is not self.down):
            return
        moved: int | None = 0
        before = transfer.moved
        stream: int | None = None
        try:
            for _ in range(_BURST):
                moved = transfer.step()
                if not moved:
                    break
            if moved == 0:
                stream = transfer.waits_for()
        except (CallFailed, LocalFailed) as error:
            self.error = error
            self.output_failed = transfer is self.down and isinstance(error, LocalFailed)
            self._finish()
            return
        if self._timer is not None and transfer.moved != before:
            self._moved = self.net.now()
        if moved is None:
            self._end(transfer)
            self._check()
        elif moved:
            self._wait(transfer, None)
            self.reactor.soon(lambda: self._pump(transfer))
        else:
            self._wait(transfer, stream)

    def _wait(self, transfer: Transfer, stream: int | None) -> None:
        """Have the transfer called when this stream is ready, instead of what it waited for before."""
        before = self._waiting.get(transfer)
        pollable = None if stream is None else self._pollable(stream)
        if before == pollable:
            return
        if before is not None:
            del self._waiting[transfer]
            self.reactor.forget(before)
        if pollable is not None:
            self._waiting[transfer] = pollable
            self.reactor.when(pollable, lambda: self._ready(transfer))

    def _ready(self, transfer: Transfer) -> None:
        if not self._announced and transfer is self.down:
            # Whoever shows progress clears the place before what is received comes there.
            self._announced = True
            self.reactor.events.append(Event("receiving", peer=self.peer))
            self._wait(transfer, None)
            self.reactor.soon(lambda: self._pump(transfer))
        else:
            self._pump(transfer)

    def _pollable(self, stream: int) -> int:
        found = self._own_pollables.get(stream)
        if found is None:
            kind = "input-stream" if stream in (self.connection.rx, self._source) else "output-stream"
            found = self._own_pollables[stream] = self.net.pollable(kind, stream)
        return found

    # Ending

    def _end(self, transfer: Transfer) -> None:
        self._wait(transfer, None)
        net, tx, peer = self.net, self.connection.tx, self.connection.peer
        if transfer is self.down:
            self.down = None
            self.ended = True
            self.reactor.events.append(Event("ended", peer=self.peer, received=transfer.moved))
            if self.options.sink == ECHO and self.up is None:
                self.up = Drain(net, tx, peer)
                self._pump(self.up)
        elif isinstance(transfer, Drain):
            self.up = None
            if self.options.half_close:
                net.shutdown(self.connection)
        elif transfer.sink_ended:
            self.up = None
            self.error = CallFailed(net.WRITE, peer, "connection-aborted", "the peer has gone")
        else:
            # The peer must not be told of the end, nor the connection dropped, before the last byte is out.
            self.up = Drain(net, tx, peer)
            self._pump(self.up)

    def _check(self) -> None:
        if self.error is not None or (self.up is None and self.down is None):
            self._finish()
        elif self.up is None and self.down is not None and self.options.send_only and self._lingering is None:
            self._linger(self.down)

    def _linger(self, down: Transfer) -> None:
        """End a connection that only sends.

        To close it with bytes unread would reset it, and the peer would lose what is on its way, so a
        peer that has been sending is given the time to end.
        """
        self._lingering = self.reactor.after(_LINGER, self._finish)
        self._pump(down)
        if not down.moved:
            self._finish()

    @property
    def moved(self) -> tuple[int, int]:
        """How many bytes were received and sent."""
        return (
            self.received.moved if self.received is not None else 0,
            self.sent.moved if self.sent is not None else 0,
        )

    def abandon(self) -> None:
        """End it now, whatever is left to do; nothing is said about it."""
        self._done = lambda exchange: None
        self._finish()

    def stop_sending(self) -> None:
        """Nothing more is sent: the peer's end is all that there is to wait for."""
        if self.up is not None:
            self._wait(self.up, None)
            self.up = None
            self._check()

    def _finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        for transfer in list(self._waiting):
            self._wait(transfer, None)
        for timer in (self._timer, self._lingering):
            if timer is not None:
                self.reactor.cancel(timer)
        self.net.drop(*self._own_pollables.values())
        if self._source is not None:
            self.net.drop(self._source)
        self.net.close(self.connection)
        received, sent = self.moved
        self.reactor.events.append(
            Event(
                "closed",
                peer=self.peer,
                received=received,
                sent=sent,
                seconds=round(self.net.now() - self._started, 6),
            )
        )
        self._done(self)

    def _watch_idle(self, seconds: float) -> None:
        self._timer = self.reactor.after(seconds, self._idle)

    def _idle(self) -> None:
        limit = self.options.idle_timeout
        assert limit is not None
        left = self._moved + limit - self.net.now()
        if left > 0:
            self._watch_idle(left)
            return
        self._timer = None
        self.error = Idle(self.connection.peer, limit)
        # A peer that reads nothing would keep the descriptor for as long as it likes.
        self.net.host.abandon(self.connection.tx)
        self._finish()

    def describe(self, name: str, **fields: object) -> Event:
        """The event that announces the connection."""
        return Event(
            name,
            peer=self.peer,
            local=self.connection.local or None,
            handle=HandleRef(self.connection.socket, "tcp-socket"),
            **fields,
        )
