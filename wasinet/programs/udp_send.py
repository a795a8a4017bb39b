"""``udp send``: datagrams to one peer, as fast as they go or paced, and its replies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wasinet.programs.cleanup import Cleanup
from wasinet.programs.datagrams import MOST, Sink, SinkOptions, bind_udp
from wasinet.programs.events import CallFailed, Event
from wasinet.programs.net import Datagram, Net, Properties, StreamEnded
from wasinet.wit.addresses import show_address
from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = ["Feed", "Lines", "Repeat", "SendOptions", "read_whole", "udp_send"]

_PIECE = 64 * 1024
# No UDP datagram is longer (RFC 768: 16 bits of length); what is, the host refuses by its code.
_LONGEST = 65535
_ANY = {
    "ipv4": {"port": 0, "address": (0,) * 4},
    "ipv6": {"port": 0, "flow-info": 0, "address": (0,) * 8, "scope-id": 0},
}


class SendOptions(Data):
    """How to send.

    Args:
        bind: the local address to send from.
        properties: of the socket.
        interval: seconds between two datagrams; 0 sends them as fast as they go.
        wait: seconds to wait for replies after the last; None does not look for any.
        events: an event ``sent`` for each batch.
        progress: seconds between ``progress`` events, None for none.
    """

    bind: Case | None = None
    properties: Properties = ()
    interval: float = 0.0
    wait: float | None = None
    events: bool = False
    progress: float | None = None


class Feed:
    """What is sent, in order.

    Attributes:
        pollable: what to wait for while there is nothing to send but more may come.
    """

    pollable: int | None = None

    def next(self, most: int) -> Sequence[Datagram] | None:
        """Up to ``most`` datagrams, empty for none now, None for no more. Raises LocalFailed."""
        raise NotImplementedError

    def sent(self, count: int) -> None:
        """The first ``count`` of what ``next`` gave are gone."""
        raise NotImplementedError


class Repeat(Feed):
    """The same datagrams over and over.

    Args:
        net: the calls.
        payloads: their data.
        count: how often all of them are sent.
    """

    def __init__(self, net: Net, payloads: Sequence[bytes], count: int = 1) -> None:
        self._length = len(payloads)
        self._left = self._length * count
        self._at = 0
        # Long enough for a full batch from any start, so that none is put together while sending.
        datagrams = [net.datagram(payload) for payload in payloads]
        self._ring = datagrams * (1 + -(-min(MOST, self._left) // self._length)) if datagrams else []

    def next(self, most: int) -> Sequence[Datagram] | None:
        if not self._left:
            return None
        return self._ring[self._at : self._at + min(most, self._left)]

    def sent(self, count: int) -> None:
        self._left -= count
        self._at = (self._at + count) % self._length


class Lines(Feed):
    """A stream's lines as they come, each without its line end.

    Args:
        net: the calls.
        source: the input stream.
        count: how often all of them are sent; the repetitions are kept in memory.
    """

    def __init__(self, net: Net, source: int, count: int = 1) -> None:
        self.pollable = net.pollable("input-stream", source)
        self._net = net
        self._source = source
        self._count = count
        self._partial = b""
        self._lines: list[Datagram] = []
        self._kept: list[bytes] = []
        self._rest: Repeat | None = None
        self._ended = False

    def next(self, most: int) -> Sequence[Datagram] | None:
        if self._rest is not None:
            return self._rest.next(most)
        if not self._lines and not self._ended:
            self._read()
        if self._lines or not self._ended:
            return self._lines[:most]
        self._rest = Repeat(self._net, self._kept, self._count - 1)
        return self._rest.next(most)

    def sent(self, count: int) -> None:
        if self._rest is not None:
            self._rest.sent(count)
        else:
            del self._lines[:count]

    def _read(self) -> None:
        try:
            data = self._partial + self._net.read(self._source, _PIECE, "")
        except StreamEnded:
            self._ended = True
            lines, self._partial = [self._partial] if self._partial else [], b""
        else:
            *lines, self._partial = data.split(b"\n")
            if len(self._partial) > _LONGEST:
                # Memory must not grow with a line that cannot be sent anyway.
                lines.append(self._partial)
        if self._count > 1:
            self._kept += lines
        self._lines = [self._net.datagram(line) for line in lines]


def read_whole(net: Net, source: int) -> bytes:
    """All of a stream, but little more than the longest datagram. Raises LocalFailed."""
    pollable = net.pollable("input-stream", source)
    data = b""
    try:
        while len(data) <= _LONGEST:
            piece = net.read(source, _PIECE, "")
            data += piece
            if not piece:
                net.wait([pollable])
    except StreamEnded:
        pass
    finally:
        net.drop(pollable)
    return data


class _Sender:
    def __init__(self, net: Net, socket: int, streams: tuple[int, int], peer: str, options: SendOptions) -> None:
        self.net = net
        self.socket = socket
        self.rx, self.tx = streams
        self.peer = peer
        self.options = options
        self.local = show_address(net.local_address("udp", socket))
        self.incoming = net.pollable("incoming-datagram-stream", self.rx)
        self.outgoing = net.pollable("outgoing-datagram-stream", self.tx)
        self.sink: Sink | None = None
        self.datagrams = 0
        self.bytes = 0
        self.start = net.now()
        self._ticked = self._next = self.start

    def send(self, feed: Feed) -> Iterator[Event]:
        """Send all that the feed gives, and take replies meanwhile."""
        net, tx, peer, options = self.net, self.tx, self.peer, self.options
        while True:
            due = MOST if not options.interval else self._due()
            batch = feed.next(due) if due else []
            if batch is None:
                return
            if batch:
                room = net.send_room(tx, peer)
                if room:
                    sent = net.send(tx, batch[:room], peer)
                    self.datagrams += sent
                    self._next += sent * options.interval
                    size = sum([len(datagram["data"]) for datagram in batch[:sent]])
                    self.bytes += size
                    feed.sent(sent)
                    if options.events and sent:
                        yield Event("sent", peer=peer, local=self.local, datagrams=sent, bytes=size)
                    if self.sink is not None:
                        yield from self.take()
                    elif sent < len(batch[:room]):
                        # What kept the others may be told to a receive only: that the peer refused earlier ones.
                        net.receive(self.rx, 1, peer)
                    if options.progress is not None:
                        yield from self._progress(options.progress)
                    continue
                yield from self._wait(self.outgoing)
            elif due:
                yield from self._wait(feed.pollable)
                # A pause of the source is no reason to hurry afterwards.
                self._next = max(self._next, net.now())
            else:
                timer = net.timer(max(0.0, self._next - net.now()))
                yield from self._wait(timer)
                net.drop(timer)

    def _due(self) -> int:
        """How many datagrams may go by now: late ones catch up, so that the rate is right on average."""
        late = self.net.now() - self._next
        return 0 if late < 0 else min(MOST, int(late / self.options.interval) + 1)

    def _wait(self, pollable: int | None) -> Iterator[Event]:
        pollables = [] if pollable is None else [pollable]
        if self.sink is not None:
            pollables.append(self.incoming)
        ready = self.net.wait(pollables)
        if self.sink is not None and len(pollables) - 1 in ready:
            yield from self.take()

    def _progress(self, seconds: float) -> Iterator[Event]:
        now = self.net.now()
        if now - self._ticked >= seconds:
            self._ticked = now
            received = 0 if self.sink is None else self.sink.bytes
            seconds = round(now - self.start, 6)
            yield Event("progress", datagrams=self.datagrams, received=received, sent=self.bytes, seconds=seconds)

    def take(self) -> Iterator[Event]:
        """Deliver the replies that are there."""
        assert self.sink is not None
        batch = self.net.receive(self.rx, MOST, self.peer)
        if batch:
            yield from self.sink.put(batch)

    def wait_for_replies(self, seconds: float) -> Iterator[Event]:
        """Deliver replies until the time is over."""
        timer = self.net.timer(seconds)
        while 1 not in self.net.wait([self.incoming, timer]):
            yield from self.take()
        self.net.drop(timer)

    def close(self) -> None:
        """Dispose of the socket, its streams and the output."""
        if self.sink is not None:
            self.sink.close()
        self.net.drop(self.incoming, self.outgoing, self.rx, self.tx, self.socket)


def udp_send(net: Net, peers: Sequence[Case], feed: Feed, options: SendOptions, output: SinkOptions) -> Iterator[Event]:
    """Send datagrams to a peer.

    Args:
        net: the calls.
        peers: its addresses; the first that a route leads to is used.
        feed: what is sent.
        options: how.
        output: where replies go.

    Yields:
        ``sent``, ``received``, ``progress``, at the end ``all-sent``.

    Raises:
        CallFailed: no address can be used, a datagram does not go, or the peer refuses them.
        LocalFailed.
    """
    socket, streams, peer = _open(net, peers, options)
    sender = _Sender(net, socket, streams, show_address(peer), options)
    with Cleanup(sender.close):
        if options.wait is not None:
            sender.sink = Sink(net, output)
        yield from sender.send(feed)
        if sender.sink is None or options.wait is None:
            # A refusal that has come already is told to the next call, and there is no other.
            net.receive(sender.rx, 1, sender.peer)
        else:
            yield from sender.wait_for_replies(options.wait)
            sender.sink.flush()
        yield Event(
            "all-sent",
            peer=sender.peer,
            local=sender.local,
            datagrams=sender.datagrams,
            sent=sender.bytes,
            replies=0 if sender.sink is None else sender.sink.datagrams,
            received=0 if sender.sink is None else sender.sink.bytes,
            seconds=round(net.now() - sender.start, 6),
        )


def _open(net: Net, peers: Sequence[Case], options: SendOptions) -> tuple[int, tuple[int, int], Case]:
    """A socket that is limited to the first peer that a route leads to."""
    failure: CallFailed | None = None
    for peer in peers:
        local = options.bind or Case(peer.name, _ANY[peer.name])
        if local.name != peer.name:
            text = f"{show_address(local)} and {show_address(peer)} are of different families"
            failure = failure or CallFailed(net.ASSOCIATE, show_address(peer), "invalid-argument", text)
            continue
        try:
            socket = bind_udp(net, local, options.properties)
        except CallFailed as error:
            failure = error
            continue
        try:
            return socket, net.datagrams(socket, peer), peer
        except CallFailed as error:
            net.drop(socket)
            failure = error
    assert failure is not None
    raise failure
