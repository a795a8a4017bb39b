"""A guest's standard library for 0.2: what wasi-libc is to C, in the few calls that the programs need.

Programs use WASI only through this class, so that another world is another class with the same
methods. Every method is made of plain WASI calls, visible in a trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from wasinet.hosts import Host
from wasinet.programs.events import CallFailed, LocalFailed
from wasinet.programs.lookup import Lookup
from wasinet.wit.addresses import show_address, socket_address
from wasinet.wit.data import Data
from wasinet.wit.values import Case, Err, Ok, Some, Value

__all__ = ["Connection", "Datagram", "Net", "Properties", "StreamEnded"]

Properties = Sequence[tuple[str, Value]]
"""Socket properties to set: ``("hop-limit", 5)``; the names are the setters' without ``set-``."""

Datagram = dict[str, Any]
"""``data``, and ``remote-address``: an ``ip-socket-address`` in what was received, an option of one in
what is sent (``Net.datagram``)."""


class StreamEnded(Exception):
    """A stream gives or takes no more. ``source`` says whether it was the one that was read."""

    def __init__(self, *, source: bool) -> None:
        super().__init__(source)
        self.source = source


class Connection(Data):
    """A TCP connection: its three handles and both addresses as text, empty where the host does not know one."""

    socket: int
    rx: int
    tx: int
    local: str
    peer: str


class Net:
    """The calls of one session.

    Args:
        host: what answers them.
    """

    # The calls that programs name in failures of their own making.
    ASSOCIATE: ClassVar[str] = "udp-socket.stream"
    CONNECT: ClassVar[str] = "tcp-socket.finish-connect"
    NEXT_ADDRESS: ClassVar[str] = "resolve-address-stream.resolve-next-address"
    RESOLVE: ClassVar[str] = "resolve-addresses"
    WRITE: ClassVar[str] = "output-stream.write"

    def __init__(self, host: Host) -> None:
        self.host = host
        self.call = host.call
        self._network: int | None = None
        self._files: dict[int, str] = {}

    @property
    def network(self) -> int:
        """The default network's handle."""
        if self._network is None:
            self._network = self.call("instance-network")
        return self._network

    def need(self, function: str, target: str, *arguments: Value) -> Value:
        """Call a function and give its ``ok``.

        Raises:
            CallFailed: it gave an error code.
        """
        outcome = self.call(function, *arguments)
        if isinstance(outcome, Ok):
            return outcome.value
        raise CallFailed(function, target, str(outcome.value), outcome.reason)

    def drop(self, *handles: int) -> None:
        """Dispose of handles, in this order."""
        for handle in handles:
            self.host.drop(handle)

    # Waiting

    def wait(self, pollables: list[int]) -> list[int]:
        """Wait until a pollable is ready; the indexes of those that are."""
        ready: list[int] = self.call("poll", pollables)
        return ready

    def timer(self, seconds: float) -> int:
        """A pollable that becomes ready after a time."""
        handle: int = self.call("subscribe-duration", round(seconds * 1e9))
        return handle

    def now(self) -> float:
        """The monotonic clock in seconds."""
        return float(self.call("now")) / 1e9

    def pollable(self, kind: str, handle: int) -> int:
        """A pollable of a resource of this type."""
        pollable: int = self.call(f"{kind}.subscribe", handle)
        return pollable

    def finish(self, function: str, target: str, socket: int) -> Value:
        """Repeat a ``finish-`` until it no longer would block.

        Raises:
            CallFailed: it failed.
        """
        outcome = self.call(function, socket)
        if isinstance(outcome, Err) and outcome.value == "would-block":
            pollable = self.pollable(function.partition(".")[0], socket)
            try:
                while isinstance(outcome, Err) and outcome.value == "would-block":
                    self.wait([pollable])
                    outcome = self.call(function, socket)
            finally:
                self.drop(pollable)
        if isinstance(outcome, Ok):
            return outcome.value
        raise CallFailed(function, target, str(outcome.value), outcome.reason)

    # Names

    def look_up(self, name: str) -> int | Case:
        """Begin to look a name up, see ``Lookup``: its handle, or the address that it is. Raises CallFailed."""
        handle: int = self.need(self.RESOLVE, name, self.network, name)
        return handle

    def next_addresses(self, handle: int, name: str, found: list[Case]) -> bool:
        """Add the addresses of a lookup that are there; whether they were the last. Raises CallFailed."""
        while True:
            outcome = self.call(self.NEXT_ADDRESS, handle)
            if isinstance(outcome, Ok):
                if outcome.value is None:
                    return True
                found.append(outcome.value.value)
            elif outcome.value == "would-block":
                return False
            else:
                raise CallFailed(self.NEXT_ADDRESS, name, str(outcome.value), outcome.reason)

    def resolve(self, name: str) -> list[Case]:
        """The addresses (``ip-address``) of a name, in order of preference. Raises CallFailed."""
        return self._answer(name, None)

    def addresses(self, host: str, port: int, family: int | None = None, limit: int | None = None) -> list[Case]:
        """The ``ip-socket-address``es of a host and port, of one family (4 or 6) if that is given.

        Raises:
            CallFailed: the name does not resolve, to no address of the family, or not before the pollable
                ``limit`` was ready.
        """
        return [socket_address(ip, port) for ip in self._answer(host, family, limit)]

    def _answer(self, name: str, family: int | None, limit: int | None = None) -> list[Case]:
        lookup = Lookup(self, name)
        waited = [lookup.pollable] if limit is None else [lookup.pollable, limit]
        try:
            while not lookup.advance():
                if self.wait(waited) == [1]:
                    raise CallFailed(self.NEXT_ADDRESS, name, "timeout", "the name was not resolved in time")
            return lookup.of_family(family)
        finally:
            lookup.drop()

    # Sockets

    def socket(self, kind: str, address: Case, properties: Properties = ()) -> int:
        """A new ``tcp`` or ``udp`` socket of an address's family, with properties set. Raises CallFailed."""
        handle: int = self.need(f"create-{kind}-socket", show_address(address), address.name)
        try:
            for name, value in properties:
                self.need(f"{kind}-socket.set-{name}", f"{name} {value}", handle, value)
        except CallFailed:
            self.drop(handle)
            raise
        return handle

    def bind(self, kind: str, socket: int, address: Case) -> None:
        """Bind a socket. Raises CallFailed."""
        target = show_address(address)
        self.need(f"{kind}-socket.start-bind", target, socket, self.network, address)
        self.finish(f"{kind}-socket.finish-bind", target, socket)

    def local_address(self, kind: str, socket: int) -> Case:
        address: Case = self.need(f"{kind}-socket.local-address", "", socket)
        return address

    def listen(self, address: Case, properties: Properties = ()) -> int:
        """A listening TCP socket. Raises CallFailed."""
        socket = self.socket("tcp", address, properties)
        try:
            self.bind("tcp", socket, address)
            self.need("tcp-socket.start-listen", show_address(address), socket)
            self.finish("tcp-socket.finish-listen", show_address(address), socket)
        except CallFailed:
            self.drop(socket)
            raise
        return socket

    def start_connect(self, socket: int, address: Case) -> None:
        """Begin to connect a TCP socket. Raises CallFailed."""
        self.need("tcp-socket.start-connect", show_address(address), socket, self.network, address)

    def connect_result(self, socket: int, address: Case) -> Connection | None:
        """The connection once it is there, None before. Raises CallFailed."""
        outcome = self.call(self.CONNECT, socket)
        if isinstance(outcome, Ok):
            return self.connection(socket, *outcome.value)
        if outcome.value == "would-block":
            return None
        raise CallFailed(self.CONNECT, show_address(address), str(outcome.value), outcome.reason)

    def accept(self, socket: int) -> Connection | None:
        """The next connection, None when there is none now. Raises CallFailed."""
        outcome = self.call("tcp-socket.accept", socket)
        if isinstance(outcome, Ok):
            accepted, rx, tx = outcome.value
            return self.connection(accepted, rx, tx)
        if outcome.value == "would-block":
            return None
        raise CallFailed("tcp-socket.accept", "", str(outcome.value), outcome.reason)

    def connection(self, socket: int, rx: int, tx: int) -> Connection:
        """A connection from its handles; a peer that has gone already leaves an address empty."""
        shown = []
        for side in ("local", "remote"):
            outcome = self.call(f"tcp-socket.{side}-address", socket)
            shown.append(show_address(outcome.value) if isinstance(outcome, Ok) else "")
        return Connection(socket, rx, tx, *shown)

    def shutdown(self, connection: Connection) -> None:
        """Tell the peer that nothing more comes; a connection that has ended already needs no telling."""
        self.call("tcp-socket.shutdown", connection.socket, "send")

    # Datagrams

    def datagrams(self, socket: int, peer: Case | None = None) -> tuple[int, int]:
        """The incoming and outgoing streams of a bound UDP socket, for all peers or for one. Raises CallFailed."""
        target = "" if peer is None else show_address(peer)
        streams: tuple[int, int] = self.need(self.ASSOCIATE, target, socket, None if peer is None else Some(peer))
        return streams

    def datagram(self, data: bytes, peer: Case | None = None) -> Datagram:
        """A datagram to send; without a peer it goes to the one that the stream is limited to."""
        return {"data": data, "remote-address": None if peer is None else Some(peer)}

    def receive(self, rx: int, most: int, target: str = "") -> list[Datagram]:
        """Up to ``most`` datagrams that are there, empty when none are. Raises CallFailed."""
        outcome = self.call("incoming-datagram-stream.receive", rx, most)
        if outcome.__class__ is Ok:
            found: list[Datagram] = outcome.value
            return found
        raise CallFailed("incoming-datagram-stream.receive", target, str(outcome.value), outcome.reason)

    def send_room(self, tx: int, target: str) -> int:
        """How many datagrams may be sent at once; 0 for not now. Raises CallFailed."""
        room: int = self.need("outgoing-datagram-stream.check-send", target, tx)
        return room

    def send(self, tx: int, datagrams: Sequence[Datagram], target: str) -> int:
        """Send within ``send_room``; how many went. The next call tells why the others did not. Raises CallFailed."""
        outcome = self.call("outgoing-datagram-stream.send", tx, datagrams)
        if outcome.__class__ is Ok:
            count: int = outcome.value
            return count
        raise CallFailed("outgoing-datagram-stream.send", target, str(outcome.value), outcome.reason)

    # Streams. ``name`` in errors is what the handle was announced as.

    def open_input(self, fd: int, name: str, *, own: bool = False) -> int:
        """An input stream over a descriptor. Raises LocalFailed."""
        return self._open(self.host.open_input, fd, name, own)

    def open_output(self, fd: int, name: str, *, own: bool = False) -> int:
        """An output stream over a descriptor. Raises LocalFailed."""
        return self._open(self.host.open_output, fd, name, own)

    def _open(self, opener: Any, fd: int, name: str, own: bool) -> int:
        try:
            handle: int = opener(fd, own=own)
        except OSError as error:
            raise LocalFailed(f"open {name}", error.strerror or str(error), error.errno) from None
        self._files[handle] = name
        return handle

    def read(self, rx: int, most: int, target: str) -> bytes:
        """What is there, empty when nothing is. Raises StreamEnded, CallFailed, LocalFailed."""
        outcome = self.call("input-stream.read", rx, most)
        if outcome.__class__ is Ok:
            data: bytes = outcome.value
            return data
        raise self._failure("input-stream.read", rx, target, outcome, source=True)

    def skip(self, rx: int, most: int, target: str) -> int:
        """Throw away what is there; how much. Raises as ``read``."""
        outcome = self.call("input-stream.skip", rx, most)
        if outcome.__class__ is Ok:
            count: int = outcome.value
            return count
        raise self._failure("input-stream.skip", rx, target, outcome, source=True)

    def room(self, tx: int, target: str) -> int:
        """How much may be written. Raises as ``read``."""
        outcome = self.call("output-stream.check-write", tx)
        if outcome.__class__ is Ok:
            count: int = outcome.value
            return count
        raise self._failure("output-stream.check-write", tx, target, outcome, source=False)

    def write(self, tx: int, data: bytes, target: str) -> None:
        """Write within ``room``. Raises as ``read``."""
        outcome = self.call(self.WRITE, tx, data)
        if outcome.__class__ is not Ok:
            raise self._failure(self.WRITE, tx, target, outcome, source=False)

    def flush(self, tx: int, target: str) -> None:
        """Wait until everything written is out. Raises as ``read``."""
        outcome = self.call("output-stream.blocking-flush", tx)
        if outcome.__class__ is not Ok:
            raise self._failure("output-stream.blocking-flush", tx, target, outcome, source=False)

    def move(self, tx: int, rx: int, most: int, target: str) -> int:
        """Move what is there from one stream to the other; how much. Raises as ``read``."""
        outcome = self.call("output-stream.splice", tx, rx, most)
        if outcome.__class__ is Ok:
            count: int = outcome.value
            return count
        # The error does not say which of the two streams it is about; they do, and where neither knows of an
        # end, as Wasmtime's after a write that failed at once, a read cannot have failed: that would close it.
        sink_ended = isinstance(self.call("output-stream.check-write", tx), Err)
        source_ended = not sink_ended and isinstance(self.call("input-stream.read", rx, 0), Err)
        raise self._failure("output-stream.splice", rx if source_ended else tx, target, outcome, source=source_ended)

    def _failure(self, function: str, handle: int, target: str, outcome: Err, *, source: bool) -> Exception:
        if outcome.value.name == "closed":
            return StreamEnded(source=source)
        error = outcome.value.payload
        code = self._error_code(error, outcome)
        self.drop(error)
        if handle in self._files:
            verb = "read" if source else "write"
            return LocalFailed(f"{verb} {self._files[handle]}", outcome.reason.partition(": ")[2], outcome.errno)
        return CallFailed(function, target, code, outcome.reason.partition(": ")[2])

    def _error_code(self, error: int, outcome: Err) -> str:
        if "network-error-code" in self.host.missing:
            return outcome.reason.partition(": ")[0] or "unknown"
        found: Some | None = self.call("network-error-code", error)
        return "unknown" if found is None else str(found.value)

    def close(self, connection: Connection) -> None:
        """Dispose of a connection."""
        self.drop(connection.rx, connection.tx, connection.socket)
