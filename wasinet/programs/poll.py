"""``poll``: waits for sources of several kinds, and tells which became ready and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from wasinet.programs.datagrams import MOST, bind_udp, each_family
from wasinet.programs.events import CallFailed, Event, HandleRef, SomeFailed
from wasinet.programs.lookup import Lookup
from wasinet.programs.net import Net, StreamEnded
from wasinet.wit.addresses import show_address, show_ip, socket_address
from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = ["READ", "Source", "Subject", "lookup", "poll", "stdin", "tcp_connect", "tcp_listen", "timer", "udp"]

READ = 4096
"""How much of standard input is read at the most; it is part of the event."""

Addresses = Callable[[Net], Sequence[Case]]
"""Gives the addresses to listen on, which may need a lookup."""

Waiting = Generator[list[int], None, tuple[str, dict[str, Any]]]
"""A source at work: gives the pollables that it waits for, is resumed when one of them is ready, and
returns what came of it with the fields that belong to it. It raises CallFailed."""


class Subject:
    """What a source is about at the moment.

    Attributes:
        handle: the handle, None before there is one.
        kind: its resource type.
        events: what is to be told before anything is ready.
    """

    def __init__(self) -> None:
        self.handle: int | None = None
        self.kind = ""
        self.events: list[Event] = []

    def be(self, handle: int, kind: str) -> None:
        self.handle = handle
        self.kind = kind


class Source(Data):
    """Something to wait for: how it was written, and what waits for it."""

    text: str
    wait: Callable[[Net, Subject], Waiting]


class _Work:
    """A source at work; ``event`` is set once it is ready."""

    def __init__(self, net: Net, source: Source, start: float) -> None:
        self.net = net
        self.source = source
        self.subject = Subject()
        self.pollables: list[int] = []
        self.event: Event | None = None
        self.failed = False
        self._start = start
        self._waiting = source.wait(net, self.subject)

    def step(self) -> None:
        """Go on until it waits again or is ready."""
        try:
            self.pollables = next(self._waiting)
        except StopIteration as end:
            outcome, fields = end.value
        except CallFailed as error:
            self.failed = True
            outcome, fields = error.code, {"reason": error.reason}
        else:
            return
        handle, kind = self.subject.handle, self.subject.kind
        self.event = Event(
            "ready",
            source=self.source.text,
            seconds=round(self.net.now() - self._start, 6),
            handle=None if handle is None else HandleRef(handle, kind),
            state="" if handle is None else self.net.host.state(handle),
            outcome=outcome,
            failed=self.failed,
            **fields,
        )


def poll(net: Net, sources: Sequence[Source], *, every: bool = False) -> Iterator[Event]:
    """Wait until a source is ready, or until each has been.

    Args:
        net: the calls.
        sources: what to wait for.
        every: wait for all of them.

    Yields:
        ``listening`` for sockets that others must find, then ``ready`` for each source: ``source``,
        ``seconds``, ``handle``, its ``state`` after the matching operation, ``outcome`` (what came of
        that operation, or its error code with ``failed`` true), and what belongs to the outcome.

    Raises:
        SomeFailed: at the end, when the outcome of any source was an error.
        LocalFailed.
    """
    start = net.now()
    works = [_Work(net, source, start) for source in sources]
    for work in works:
        work.step()
        yield from work.subject.events
    failed = False
    while works:
        for work in works:
            if work.event is not None:
                failed = failed or work.failed
                yield work.event
        left = [work for work in works if work.event is None]
        if not every and len(left) < len(works):
            break
        works = left
        if works:
            owners = [(pollable, work) for work in works for pollable in work.pollables]
            ready = net.wait([pollable for pollable, _ in owners])
            for work in dict.fromkeys(owners[index][1] for index in ready):
                work.step()
    if failed:
        raise SomeFailed


# The kinds of sources


def timer(seconds: float) -> Callable[[Net, Subject], Waiting]:
    """A time."""

    def wait(net: Net, subject: Subject) -> Waiting:
        pollable = net.timer(seconds)
        subject.be(pollable, "pollable")
        yield [pollable]
        return "elapsed", {}

    return wait


def stdin(fd: int = 0) -> Callable[[Net, Subject], Waiting]:
    """Standard input: what there is of it becomes part of the event."""

    def wait(net: Net, subject: Subject) -> Waiting:
        stream = net.open_input(fd, "standard input")
        subject.be(stream, "input-stream")
        pollable = net.pollable("input-stream", stream)
        try:
            while True:
                yield [pollable]
                data = net.read(stream, READ, "")
                if data:
                    return "readable", {"bytes": len(data), "data": data}
        except StreamEnded:
            return "ended", {}

    return wait


def lookup(name: str, family: int | None = None) -> Callable[[Net, Subject], Waiting]:
    """A name's addresses."""

    def wait(net: Net, subject: Subject) -> Waiting:
        found = yield from _look_up(net, subject, name, family)
        return "resolved", {"addresses": [show_ip(address) for address in found]}

    return wait


def _look_up(net: Net, subject: Subject, name: str, family: int | None) -> Generator[list[int], None, list[Case]]:
    asked = Lookup(net, name)
    if asked.handle is not None:
        subject.be(asked.handle, "resolve-address-stream")
    while not asked.advance():
        yield [asked.pollable]
    return asked.of_family(family)


def tcp_connect(host: str, port: int, family: int | None = None, scope: int = 0) -> Callable[[Net, Subject], Waiting]:
    """A connection; a name's addresses are tried one after the other."""

    def wait(net: Net, subject: Subject) -> Waiting:
        found = yield from _look_up(net, subject, host, family)
        for number, ip in enumerate(found, 1):
            address = socket_address(ip, port, scope)
            try:
                connection = yield from _connect(net, subject, address)
            except CallFailed:
                if number == len(found):
                    raise
            else:
                return "connected", {"local": connection.local or None, "peer": connection.peer or None}
        raise AssertionError

    return wait


def _connect(net: Net, subject: Subject, address: Case) -> Generator[list[int], None, Any]:
    socket = net.socket("tcp", address)
    subject.be(socket, "tcp-socket")
    net.start_connect(socket, address)
    pollable = net.pollable("tcp-socket", socket)
    connection = net.connect_result(socket, address)
    while connection is None:
        yield [pollable]
        connection = net.connect_result(socket, address)
    return connection


def tcp_listen(addresses: Addresses) -> Callable[[Net, Subject], Waiting]:
    """The first connection that comes, which is then closed."""

    def wait(net: Net, subject: Subject) -> Waiting:
        sockets = each_family(net, "tcp", addresses(net), net.listen)
        pollables = _announce(net, subject, "tcp", sockets)
        while True:
            yield pollables
            for socket in sockets:
                connection = net.accept(socket)
                if connection is not None:
                    subject.be(socket, "tcp-socket")
                    return "accepted", {"local": connection.local or None, "peer": connection.peer or None}

    return wait


def udp(addresses: Addresses) -> Callable[[Net, Subject], Waiting]:
    """The first datagrams that come; they become part of the event."""

    def wait(net: Net, subject: Subject) -> Waiting:
        sockets = each_family(net, "udp", addresses(net), lambda address: bind_udp(net, address))
        _announce(net, subject, "udp", sockets)
        streams = {net.datagrams(socket)[0]: socket for socket in sockets}
        pollables = [net.pollable("incoming-datagram-stream", rx) for rx in streams]
        while True:
            yield pollables
            for rx, socket in streams.items():
                batch = net.receive(rx, MOST)
                if batch:
                    subject.be(socket, "udp-socket")
                    datagrams = [
                        {"peer": show_address(datagram["remote-address"]), "data": datagram["data"]}
                        for datagram in batch
                    ]
                    return "received", {"peer": datagrams[0]["peer"], "datagrams": datagrams}

    return wait


def _announce(net: Net, subject: Subject, kind: str, sockets: Sequence[int]) -> list[int]:
    """Tell where sockets are to be found; gives their pollables."""
    subject.be(sockets[0], f"{kind}-socket")
    for socket in sockets:
        address = show_address(net.local_address(kind, socket))
        subject.events.append(Event("listening", address=address, handle=HandleRef(socket, f"{kind}-socket")))
    return [net.pollable(f"{kind}-socket", socket) for socket in sockets]
