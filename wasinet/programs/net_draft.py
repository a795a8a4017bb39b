"""A guest's standard library for the draft: the methods of ``Net``, made of the draft's calls.

What the draft does differently stays in here. Its sockets are set to non-blocking mode and made to
repeat the same call. Its streams take a part of what is written and have no permits, so the rest is
kept here, and there is room again when it is out. Its datagrams have no streams of their own. It has
no clock, so time comes from beside the world.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from errno import ECONNREFUSED
from typing import ClassVar

from wasinet.engine.faults import Fail
from wasinet.engine.names import literal
from wasinet.hosts import Host
from wasinet.programs.events import CallFailed, LocalFailed, NotInWorld
from wasinet.programs.net import Connection, Datagram, Net, Properties, StreamEnded
from wasinet.wit.addresses import show_address
from wasinet.wit.values import Case, Err, Ok, Value

__all__ = ["NetDraft"]

_SUBSCRIBE = {
    "input-stream": "subscribe-to-input-stream",
    "output-stream": "subscribe-to-output-stream",
    "resolve-address-stream": "ip-name-lookup.subscribe",
    "tcp-socket": "tcp.subscribe",
    "udp-socket": "udp.subscribe",
    "incoming-datagram-stream": "udp.subscribe",
    "outgoing-datagram-stream": "udp.subscribe",
}
_PROPERTIES = {"hop-limit": "unicast-hop-limit", "keep-alive-enabled": "keep-alive"}

_CHUNK = 128 * 1024
"""The most that one read asks for and one write is given."""

_DATAGRAMS = 64
"""How many datagrams ``send`` is given at once; the draft itself takes one after the other."""

_DRAIN = 5.0
"""Seconds for which the drop of a local file's stream waits until what is left of it is written."""


class NetDraft(Net):
    """The calls of one session, see ``Net``.

    The stream of a socket's datagrams, in either direction, is the negated handle of the socket.
    """

    ASSOCIATE: ClassVar[str] = "udp.connect"
    CONNECT: ClassVar[str] = "tcp.connect"
    NEXT_ADDRESS: ClassVar[str] = "resolve-next-address"
    RESOLVE: ClassVar[str] = "resolve-addresses"
    WRITE: ClassVar[str] = "write"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._kinds: dict[int, str] = {}
        self._rest: dict[int, bytes] = {}
        self._ended: set[int] = set()
        self._peers: dict[int, Case] = {}
        self._full: set[int] = set()
        self._refused: dict[int, Err] = {}

    def drop(self, *handles: int) -> None:
        for handle in handles:
            if handle < 0:
                # The datagrams of a socket, which go with it.
                continue
            if handle in self._rest and handle in self._files:
                self._let_out(handle)
            kind = self._kinds.pop(handle)
            self._rest.pop(handle, None)
            self._ended.discard(handle)
            if kind == "udp-socket":
                for kept in (self._peers, self._refused):
                    kept.pop(-handle, None)
                self._full.discard(-handle)
            self.call(f"drop-{kind}", handle)

    def _let_out(self, tx: int) -> None:
        """Write what is left of a local file's stream: it was counted as written when it was kept."""
        waited = [self.pollable("output-stream", tx), self.timer(_DRAIN)]
        try:
            while not self.room(tx, "") and 1 not in self.wait(waited):
                pass
        except (StreamEnded, LocalFailed):
            # What ends the program is said already, or the next write would have said this.
            pass
        finally:
            self.drop(*waited)

    def _made(self, kind: str, handle: int) -> int:
        self._kinds[handle] = kind
        return handle

    # Waiting

    def wait(self, pollables: list[int]) -> list[int]:
        return [index for index, ready in enumerate(self.call("poll-oneoff", pollables)) if ready]

    def timer(self, seconds: float) -> int:
        return self._made("pollable", self.host.timer(seconds))

    def now(self) -> float:
        return time.monotonic()

    def pollable(self, kind: str, handle: int) -> int:
        return self._made("pollable", self.call(_SUBSCRIBE[kind], abs(handle)))

    def finish(self, function: str, target: str, socket: int) -> Value:
        raise NotInWorld("the draft world has no functions that finish what others have started")

    # Names

    def look_up(self, name: str) -> int | Case:
        try:
            address = literal(name)
        except Fail:
            # An address in a form that is not taken, which the call says best.
            address = None
        if address is not None:
            return address
        handle: int = self.need(self.RESOLVE, name, self.network, name, None, True)
        self.call("ip-name-lookup.set-non-blocking", self._made("resolve-address-stream", handle), True)
        return handle

    def next_addresses(self, handle: int, name: str, found: list[Case]) -> bool:
        while True:
            outcome = self.call(self.NEXT_ADDRESS, handle)
            if isinstance(outcome, Ok):
                if outcome.value is None:
                    return True
                found.append(outcome.value.value)
            elif outcome.value == "again":
                return False
            else:
                raise _failed(self.NEXT_ADDRESS, name, outcome)

    # Sockets

    def socket(self, kind: str, address: Case, properties: Properties = ()) -> int:
        setters = [(self._setter(kind, name), name, value) for name, value in properties]
        handle: int = self.need(f"create-{kind}-socket", show_address(address), address.name)
        self._made(f"{kind}-socket", handle)
        try:
            self.need(f"{kind}.set-non-blocking", show_address(address), handle, True)
            for setter, name, value in setters:
                self.need(setter, f"{name} {value}", handle, value)
        except CallFailed:
            self.drop(handle)
            raise
        return handle

    def _setter(self, kind: str, name: str) -> str:
        """The key of a property's setter. Raises NotInWorld."""
        setter = f"set-{_PROPERTIES.get(name, name)}"
        for key in (f"{kind}.{setter}", setter):
            if key in self.host.world.functions:
                return key
        raise NotInWorld(f"the draft world's {kind}-socket has no {name} to set; --world 0.2 has")

    def bind(self, kind: str, socket: int, address: Case) -> None:
        self.need(f"{kind}.bind", show_address(address), socket, self.network, address)

    def local_address(self, kind: str, socket: int) -> Case:
        address: Case = self.need(f"{kind}.local-address", "", socket)
        return address

    def listen(self, address: Case, properties: Properties = ()) -> int:
        socket = self.socket("tcp", address, properties)
        try:
            self.bind("tcp", socket, address)
            self.need("listen", show_address(address), socket, self.network)
        except CallFailed:
            self.drop(socket)
            raise
        return socket

    def start_connect(self, socket: int, address: Case) -> None:
        outcome = self.call(self.CONNECT, socket, self.network, address)
        if isinstance(outcome, Err) and outcome.value != "again":
            raise _failed(self.CONNECT, show_address(address), outcome)

    def connect_result(self, socket: int, address: Case) -> Connection | None:
        outcome = self.call(self.CONNECT, socket, self.network, address)
        if isinstance(outcome, Ok):
            return self.connection(socket, *outcome.value)
        if outcome.value == "again":
            return None
        raise _failed(self.CONNECT, show_address(address), outcome)

    def accept(self, socket: int) -> Connection | None:
        outcome = self.call("accept", socket)
        if isinstance(outcome, Ok):
            accepted, rx, tx = outcome.value
            # It stays in blocking mode: connect and accept, which alone would wait, are behind it.
            return self.connection(self._made("tcp-socket", accepted), rx, tx)
        if outcome.value == "again":
            return None
        raise _failed("accept", "", outcome)

    def connection(self, socket: int, rx: int, tx: int) -> Connection:
        self._made("input-stream", rx)
        self._made("output-stream", tx)
        shown = []
        for side in ("local", "remote"):
            outcome = self.call(f"tcp.{side}-address", socket)
            shown.append(show_address(outcome.value) if isinstance(outcome, Ok) else "")
        return Connection(socket, rx, tx, *shown)

    def shutdown(self, connection: Connection) -> None:
        self._ended.add(connection.tx)
        self.call("shutdown", connection.socket, "send")

    # Datagrams

    def datagrams(self, socket: int, peer: Case | None = None) -> tuple[int, int]:
        if peer is not None:
            self.need(self.ASSOCIATE, show_address(peer), socket, self.network, peer)
            self._peers[-socket] = peer
        return -socket, -socket

    def receive(self, rx: int, most: int, target: str = "") -> list[Datagram]:
        refused = self._refused.pop(rx, None)
        if refused is not None:
            raise _failed("receive", target, refused)
        found: list[Datagram] = []
        while len(found) < most:
            outcome = self.call("receive", -rx)
            if outcome.__class__ is Ok:
                found.append(outcome.value)
                continue
            if outcome.value != "again":
                if not found:
                    raise _failed("receive", target, outcome)
                # What was received before it must not be lost, nor the failure.
                self._refused[rx] = outcome
            break
        return found

    def send_room(self, tx: int, target: str) -> int:
        if tx in self._full:
            # Once, so that the caller waits; only another send can tell whether there is room after that.
            self._full.discard(tx)
            return 0
        return _DATAGRAMS

    def send(self, tx: int, datagrams: Sequence[Datagram], target: str) -> int:
        peer = self._peers.get(tx)
        for sent, datagram in enumerate(datagrams):
            given = datagram["remote-address"]
            address = peer if given is None else given.value
            outcome = self.call("send", -tx, {"data": datagram["data"], "remote-address": address})
            if outcome.__class__ is Ok:
                continue
            if outcome.value == "again":
                self._full.add(tx)
            elif not sent:
                raise _failed("send", target, outcome)
            elif outcome.errno == ECONNREFUSED:
                # The system tells once that the peer refused an earlier one, so the next receive does.
                self._refused[tx] = outcome
            return sent
        return len(datagrams)

    # Streams

    def open_input(self, fd: int, name: str, *, own: bool = False) -> int:
        return self._made("input-stream", super().open_input(fd, name, own=own))

    def open_output(self, fd: int, name: str, *, own: bool = False) -> int:
        return self._made("output-stream", super().open_output(fd, name, own=own))

    def read(self, rx: int, most: int, target: str) -> bytes:
        self._check(rx, source=True)
        outcome = self.call("read", rx, min(most, _CHUNK))
        if outcome.__class__ is not Ok:
            raise self._broken("read", rx, target, outcome)
        data: bytes
        data, ended = outcome.value
        if ended:
            # The flag may come with the last bytes.
            self._ended.add(rx)
            if not data:
                raise StreamEnded(source=True)
        return data

    def skip(self, rx: int, most: int, target: str) -> int:
        self._check(rx, source=True)
        outcome = self.call("skip", rx, most)
        if outcome.__class__ is not Ok:
            raise self._broken("skip", rx, target, outcome)
        count: int
        count, ended = outcome.value
        if ended:
            self._ended.add(rx)
            if not count:
                raise StreamEnded(source=True)
        return count

    def room(self, tx: int, target: str) -> int:
        rest = self._rest.get(tx)
        if rest is not None:
            self._offer(tx, rest, target)
            if tx in self._rest:
                return 0
        self._check(tx, source=False)
        return _CHUNK

    def write(self, tx: int, data: bytes, target: str) -> None:
        self._check(tx, source=False)
        self._offer(tx, data, target)

    def _offer(self, tx: int, data: bytes, target: str) -> None:
        """Write what is taken, and keep the rest. Raises as ``read``."""
        while data:
            outcome = self.call("write", tx, data)
            if outcome.__class__ is not Ok:
                self._rest.pop(tx, None)
                raise self._broken("write", tx, target, outcome)
            if not outcome.value:
                self._rest[tx] = data
                return
            data = data[outcome.value :]
        self._rest.pop(tx, None)

    def flush(self, tx: int, target: str) -> None:
        if tx in self._rest:
            pollable = self.pollable("output-stream", tx)
            try:
                while not self.room(tx, target):
                    self.wait([pollable])
            finally:
                self.drop(pollable)
        self._check(tx, source=False)

    def move(self, tx: int, rx: int, most: int, target: str) -> int:
        # Not with the draft's splice, which waits until the other stream has taken everything.
        if not self.room(tx, target):
            return 0
        data = self.read(rx, most, target)
        self.write(tx, data, target)
        return len(data)

    def _check(self, handle: int, *, source: bool) -> None:
        if handle in self._ended:
            raise StreamEnded(source=source)

    def _broken(self, function: str, handle: int, target: str, outcome: Err) -> Exception:
        """A stream's failure, after which it has ended."""
        self._ended.add(handle)
        if handle in self._files:
            verb = "write" if function == "write" else "read"
            reason = outcome.reason.rpartition(" (")[0] or outcome.reason
            return LocalFailed(f"{verb} {self._files[handle]}", reason, outcome.errno)
        return CallFailed(function, target, "unknown", outcome.reason)


def _failed(function: str, target: str, outcome: Err) -> CallFailed:
    return CallFailed(function, target, str(outcome.value), outcome.reason)
