"""UDP sockets and their datagram streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wasinet.engine import addresses
from wasinet.engine.faults import Fail, Trap
from wasinet.engine.network import permit, permit_creation
from wasinet.engine.policy import ASK, DENY
from wasinet.engine.resource import READY, Interest, Resource
from wasinet.engine.sockets import FAMILY_NAMES, Socket
from wasinet.oscalls import READ, WRITE, Sockaddr
from wasinet.wit.addresses import show_address
from wasinet.wit.english import counted
from wasinet.wit.values import Case, Some

if TYPE_CHECKING:
    from wasinet.engine.context import Context

__all__ = ["IncomingDatagramStream", "OutgoingDatagramStream", "UdpSocket", "create_udp_socket"]

_FAMILIES = {name: family for family, name in FAMILY_NAMES.items()}


def create_udp_socket(engine: Context, family: str) -> int:
    """A new, unbound UDP socket of ``ipv4`` or ``ipv6``."""
    if not engine.domain.policy.open:
        permit_creation(engine, "udp-create")
    number = _FAMILIES[family]
    sock = engine.os.udp_socket(number)
    return UdpSocket(engine, number, sock, engine.machines[UdpSocket.kind].initial).handle


class UdpSocket(Socket):
    """A ``udp-socket``. ``peer`` is the address that its streams are limited to, if any."""

    kind = "udp-socket"
    engine: Context
    use_prefix = "udp"
    groups = True

    peer: Case | None = None
    live_streams = 0
    incoming: IncomingDatagramStream | None = None
    # What a look at the queue took off it: a datagram, or an error, which the kernel tells only once.
    kept: dict[str, Any] | OSError | None = None

    def stream(self, remote_address: Some | None) -> tuple[int, int]:
        """New streams, limited to a peer or not; the socket must have no live ones."""
        if self.live_streams:
            raise Trap(
                f"#{self.handle} still has streams of an earlier call, which must be dropped first",
                "udp.udp-socket.stream",
            )
        self.associate(remote_address)
        return (
            IncomingDatagramStream(self.engine, self).handle,
            OutgoingDatagramStream(self.engine, self).handle,
        )

    def associate(self, remote_address: Some | None) -> None:
        """Leave the peer, if there is one, and be limited to another, if one is given."""
        remote: Case | None = None if remote_address is None else remote_address.value
        if remote is not None:
            try:
                self.check_address(remote, peer=True)
                self._check_policy("udp-send", remote)
            except Fail as error:
                # Refused before the old peer was left, so a connected socket stays connected.
                error.untouched = True
                raise
        if self.peer is not None:
            self.peer = self.peer_os = None
            self.engine.os.disconnect(self.sock)
            # A refusal by the old peer says nothing about what is sent to others.
            self.engine.os.take_error(self.sock)
        if isinstance(self.kept, OSError):
            # It was about the old peer.
            self.take_kept()
        if remote is not None:
            self.sock.connect(addresses.to_os(remote))
            self.peer = remote
            self.peer_os = self.sock.getpeername()
            kept = self.kept
            if isinstance(kept, dict) and addresses.to_os(kept["remote-address"]) != self.peer_os:
                self.take_kept()
        self.touch()

    def interest(self) -> Interest:
        return READY if self.kept is not None else super().interest()

    def settle(self) -> bool:
        if not self.filters or self.fetch():
            return True
        return bool(self.wanted & WRITE and self.engine.os.wait_one(self.sock.fileno(), WRITE, 0))

    def wait_for_room(self) -> None:
        """The kernel's send buffer is full: a pollable of the socket is also to tell when it is not."""
        self.wanted = READ | WRITE
        self.touch()

    def _check_policy(self, use: str, address: Case) -> None:
        assert self.domain is not None
        if not self.domain.policy.open:
            permit(self.engine, self.domain, use, address)

    def _admits(self, datagram: dict[str, Any], *, asking: bool) -> bool:
        """Whether a datagram may be received; a person is asked only by a call that may wait for the answer."""
        assert self.domain is not None
        source = datagram["remote-address"]
        verdict = self.domain.decide("udp-receive", source)
        if verdict is ASK and asking:
            try:
                permit(self.engine, self.domain, "udp-receive", source)
            except Fail:
                return False
            except BaseException:
                # Ctrl-C at the question; the kernel has given it away already.
                self.keep(datagram)
                raise
        elif verdict is DENY:
            self.domain.policy.tell("udp-receive", source, self.domain.answers)
        return verdict is not DENY

    def unicast_hop_limit(self) -> int:
        return self._hop_limit()

    def set_unicast_hop_limit(self, value: int) -> None:
        self._set_hop_limit(value)

    # Datagrams

    def receive(self, most: int, *, asking: bool = True) -> list[dict[str, Any]]:
        """Up to ``most`` datagrams that are there now, those of other peers left out when connected.

        Without ``asking`` those that a person must still decide on are among them.
        """
        engine = self.engine
        most = min(most, engine.batch)
        receive = engine.os.receive_datagrams
        peer = self.peer_os
        assert self.domain is not None
        open_ = self.domain.policy.open
        found: list[dict[str, Any]] = []
        remote: Case
        last: Sockaddr | None = None
        kept = self.take_kept() if most else None
        if isinstance(kept, OSError):
            raise kept
        if (
            kept is not None
            and (peer is None or addresses.to_os(kept["remote-address"]) == peer)
            and (open_ or self._admits(kept, asking=asking))
        ):
            found.append(kept)
        while len(found) < most:
            try:
                # What a person must decide on may have to be kept, and there is room for one.
                batch = receive(self.sock, engine.scratch, most - len(found) if open_ else 1)
            except BlockingIOError:
                break
            except OSError as error:
                if found:
                    # Neither what was received before it nor the error itself may be lost.
                    self.keep(error)
                    break
                raise
            for data, source in batch:
                if peer is not None and source != peer:
                    continue
                if source is not last:
                    remote, last = addresses.from_os(source), source
                datagram: dict[str, Any] = {"data": data, "remote-address": remote}
                if open_:
                    found.append(datagram)
                elif found and asking and self.domain.decide("udp-receive", remote) is ASK:
                    # The next call asks: an interrupted question must not lose what was found.
                    self.keep(datagram)
                    return found
                elif self._admits(datagram, asking=asking):
                    found.append(datagram)
        return found

    def keep(self, kept: dict[str, Any] | OSError) -> None:
        """Have the next receive give this first."""
        self.take_kept()
        self.kept = kept
        if isinstance(kept, dict):
            self.engine.queued += len(kept["data"])
        self.touch()
        if self.incoming is not None:
            self.incoming.touch()

    def take_kept(self) -> dict[str, Any] | OSError | None:
        """What was kept, which no receive gives any more."""
        kept, self.kept = self.kept, None
        if isinstance(kept, dict):
            self.engine.queued -= len(kept["data"])
        return kept

    def close(self) -> None:
        self.take_kept()
        super().close()

    def fetch(self) -> bool:
        """Whether there is something that receive would give, those of other peers left out."""
        if self.kept is None:
            try:
                found = self.receive(1, asking=False)
            except OSError as error:
                self.keep(error)
            else:
                if found:
                    self.keep(found[0])
        return self.kept is not None

    @property
    def filters(self) -> bool:
        """Whether a datagram in the queue may be one that receive throws away."""
        return self.peer is not None or (self.domain is not None and not self.domain.policy.open)

    def destination(self, remote_address: Some | None) -> Sockaddr | None:
        """Where a datagram goes: None for the peer. Raises Fail."""
        if remote_address is None:
            if self.peer is None:
                raise Fail("invalid-argument", "the streams have no peer, so each datagram needs a remote-address")
            return None
        remote: Case = remote_address.value
        if self.peer is not None:
            if remote != self.peer:
                raise Fail("invalid-argument", f"the streams are limited to {show_address(self.peer)}")
            return None
        known = self.check_address(remote, peer=True)
        self._check_policy("udp-send", remote)
        return known.sockaddr


class IncomingDatagramStream(Resource):
    """An ``incoming-datagram-stream``."""

    kind = "incoming-datagram-stream"
    engine: Context

    def __init__(self, engine: Context, socket: UdpSocket) -> None:
        super().__init__(engine, socket)
        self.socket = socket
        self.count = 0
        socket.live_streams += 1
        socket.incoming = self

    def interest(self) -> Interest:
        return READY if self.socket.kept is not None else (self.socket.sock.fileno(), READ)

    def settle(self) -> bool:
        return self.socket.fetch() if self.socket.filters else True

    def receive(self, max_results: int) -> list[dict[str, Any]]:
        """Datagrams that have arrived, as ``incoming-datagram`` records; empty when there are none."""
        if self.socket.kept is not None:
            self.touch()
        found = self.socket.receive(max_results)
        self.count += sum([len(datagram["data"]) for datagram in found])
        return found

    def close(self) -> None:
        self.socket.live_streams -= 1
        self.socket.incoming = None


class OutgoingDatagramStream(Resource):
    """An ``outgoing-datagram-stream``; ``permit`` is what the last ``check-send`` allows."""

    kind = "outgoing-datagram-stream"
    engine: Context

    def __init__(self, engine: Context, socket: UdpSocket) -> None:
        super().__init__(engine, socket)
        self.socket = socket
        self.count = 0
        self.permit = 0
        self.full = False
        socket.live_streams += 1

    def interest(self) -> Interest:
        return (self.socket.sock.fileno(), WRITE)

    def check_send(self) -> int:
        """How many datagrams the next ``send`` may have: 0 while the kernel's buffer is full."""
        if self.full and self.engine.os.wait_one(self.socket.sock.fileno(), WRITE, 0):
            self.full = False
        self.permit = 0 if self.full else self.engine.batch
        return self.permit

    def send(self, datagrams: Sequence[dict[str, Any]]) -> int:
        """Send in order until one does not go; how many went."""
        if not datagrams:
            return 0
        permit, self.permit = self.permit, 0
        if len(datagrams) > permit:
            raise Trap(
                f"{counted(len(datagrams), 'datagram')} sent where check-send permitted {permit}",
                "udp.outgoing-datagram-stream.send",
            )
        socket = self.socket
        sock = socket.sock
        sent = 0
        for datagram in datagrams:
            data = datagram["data"]
            try:
                address = socket.destination(datagram["remote-address"])
                if address is None:
                    sock.send(data)
                else:
                    sock.sendto(data, address)
            except BlockingIOError:
                self.full = True
                break
            except (Fail, OSError) as error:
                if not sent:
                    raise
                if isinstance(error, ConnectionRefusedError):
                    # The kernel tells once that the peer refused an earlier one, so the next receive does.
                    socket.keep(error)
                break
            sent += 1
            self.count += len(data)
        return sent

    def close(self) -> None:
        self.socket.live_streams -= 1
