"""What ``udp send``, ``udp recv`` and ``poll`` share: bound sockets, and where received datagrams go."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence

from wasinet.programs.events import CallFailed, Event, LocalFailed
from wasinet.programs.net import Datagram, Net, Properties, StreamEnded
from wasinet.wit.addresses import show_address
from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = ["EVENTS", "LINES", "MOST", "NOWHERE", "RAW", "Sink", "SinkOptions", "bind_udp", "each_family"]

LINES = "lines"
RAW = "raw"
EVENTS = "events"
NOWHERE = "nowhere"

MOST = 64
"""How many datagrams are received or sent at once: what a host gives and permits at the most."""

# A port that is free for one family may be taken for the other; this many are tried.
_TRIES = 16
_FAMILY_MISSING = frozenset({"not-supported", "address-not-bindable"})


class SinkOptions(Data):
    """Where received datagrams go.

    Args:
        kind: LINES (a line end after each that has none), RAW (as they are, with nothing between),
            EVENTS (``received`` with the data) or NOWHERE.
        fd: where LINES and RAW go.
        name: its name in errors.
        announce: with the others than EVENTS too, an event ``received`` without the data.
    """

    kind: str = LINES
    fd: int = 1
    name: str = "standard output"
    announce: bool = False


class Sink:
    """Where received datagrams go; counts them.

    Raises:
        LocalFailed: the descriptor is closed.
    """

    def __init__(self, net: Net, options: SinkOptions) -> None:
        self.net = net
        self.options = options
        self.datagrams = 0
        self.bytes = 0
        self._output: int | None = None
        self._pollable: int | None = None
        if options.kind in (LINES, RAW):
            self._output = net.open_output(options.fd, options.name)

    def put(self, batch: Sequence[Datagram]) -> list[Event]:
        """Deliver datagrams in one piece; gives their events. Raises LocalFailed."""
        data = [datagram["data"] for datagram in batch]
        self.datagrams += len(data)
        if self.options.kind == RAW:
            joined = b"".join(data)
            self.bytes += len(joined)
            self._write(joined)
        else:
            self.bytes += sum(map(len, data))
            if self.options.kind == LINES:
                self._write(b"".join([piece if piece.endswith(b"\n") else piece + b"\n" for piece in data]))
        if self.options.kind == EVENTS:
            return [_received(datagram, data=datagram["data"]) for datagram in batch]
        return [_received(datagram) for datagram in batch] if self.options.announce else []

    def _write(self, data: bytes) -> None:
        net, output = self.net, self._output
        assert output is not None
        try:
            while data:
                room = net.room(output, "")
                if room:
                    net.write(output, data[:room], "")
                    data = data[room:]
                else:
                    self._wait(output)
        except StreamEnded:
            raise LocalFailed(f"write {self.options.name}", "it was closed", errno.EPIPE) from None

    def _wait(self, output: int) -> None:
        if self._pollable is None:
            self._pollable = self.net.pollable("output-stream", output)
        self.net.wait([self._pollable])

    def flush(self) -> None:
        """Wait until everything is out. Raises LocalFailed."""
        if self._output is not None:
            try:
                self.net.flush(self._output, "")
            except StreamEnded:
                raise LocalFailed(f"write {self.options.name}", "it was closed", errno.EPIPE) from None

    def close(self) -> None:
        """Dispose of the stream."""
        self.net.drop(*[handle for handle in (self._pollable, self._output) if handle is not None])


def _received(datagram: Datagram, **data: bytes) -> Event:
    peer = show_address(datagram["remote-address"])
    return Event("received", peer=peer, bytes=len(datagram["data"]), **data)


def bind_udp(net: Net, address: Case, properties: Properties = ()) -> int:
    """A bound UDP socket. Raises CallFailed."""
    socket = net.socket("udp", address, properties)
    try:
        net.bind("udp", socket, address)
    except CallFailed:
        net.drop(socket)
        raise
    return socket


def each_family(net: Net, kind: str, addresses: Sequence[Case], make: Callable[[Case], int]) -> list[int]:
    """A socket of this kind (``tcp``, ``udp``) for each address; one family may be missing on the machine.

    With port 0 all get the port that the first was given.

    Args:
        net: the calls.
        kind: of the sockets.
        addresses: where, all with the same port.
        make: makes the socket for an address.

    Raises:
        CallFailed: of an address that cannot be had, or of the last where none can.
    """
    wanted: int = addresses[0].payload["port"]
    for attempt in range(_TRIES):
        sockets: list[int] = []
        port = wanted
        failure: CallFailed | None = None
        for address in addresses:
            try:
                socket = make(Case(address.name, {**address.payload, "port": port}))
            except CallFailed as error:
                failure = error
                if error.precise in _FAMILY_MISSING and len(addresses) > 1:
                    continue
                break
            sockets.append(socket)
            port = port or net.local_address(kind, socket).payload["port"]
        else:
            if sockets:
                return sockets
        net.drop(*sockets)
        assert failure is not None
        if wanted or failure.precise != "address-in-use" or attempt == _TRIES - 1:
            raise failure
    raise AssertionError
