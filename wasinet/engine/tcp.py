"""TCP sockets: what the functions of ``tcp`` do, without names or states of any world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasinet.engine import addresses
from wasinet.engine.domain import Domain
from wasinet.engine.faults import Fail, code_of
from wasinet.engine.network import Network, Operation, permit, permit_creation
from wasinet.engine.sockets import FAMILY_NAMES, Socket
from wasinet.engine.streams import InputStream, OutputStream, Owner, Reader, Writer
from wasinet.oscalls import Sockaddr
from wasinet.wit.values import Case

if TYPE_CHECKING:
    from wasinet.engine.context import Context

__all__ = ["TcpSocket", "create_tcp_socket"]

_FAMILIES = {name: family for family, name in FAMILY_NAMES.items()}
_MOST_BACKLOG = 0x7FFFFFFF


def create_tcp_socket(engine: Context, family: str) -> int:
    """A new, unbound TCP socket of ``ipv4`` or ``ipv6``."""
    if not engine.domain.policy.open:
        permit_creation(engine, "tcp-create")
    number = _FAMILIES[family]
    sock = engine.os.tcp_socket(number)
    return TcpSocket(engine, number, sock, engine.machines[TcpSocket.kind].initial).handle


class TcpSocket(Socket, Owner):
    """A ``tcp-socket``."""

    __slots__ = ("_failure", "_listened", "backlog", "reader", "writer")

    kind = "tcp-socket"
    use_prefix = "tcp"

    def __init__(self, engine: Context, family: int, sock: Any, state: str) -> None:
        Socket.__init__(self, engine, family, sock, state)
        self.reader: Reader | None = None
        self.writer: Writer | None = None
        self.backlog = 0
        self._listened = 0
        self._failure: Fail | None = None

    def bind_descriptor(self, address: Sockaddr) -> None:
        self.engine.os.bind_stream(self.sock, address)

    # Connecting

    def start_connect(self, network: Network, remote_address: Case) -> None:
        """Begin to connect. The outcome of the OS's connect is kept for ``finish-connect``."""
        engine, domain = self.engine, network.domain
        try:
            known = self.check_address(remote_address, peer=True)
            if self.domain is not None:
                self._check_network(domain)
            connect, sock, peer = engine.os.connect, self.sock, known.sockaddr
            self.operation = Operation(engine, domain, "tcp-connect", remote_address, True, connect, sock, peer)
        except Fail as error:
            self._failure = error
            raise
        self.domain = domain

    def _check_network(self, domain: Domain) -> None:
        """Refuse another network than the one that the socket was bound with."""
        if self.domain is not None and self.domain is not domain:
            raise Fail("invalid-argument", f"the socket was bound with another network ({self.domain.name})")

    def finish_connect(self) -> tuple[int, int]:
        """Take the result: the connection's streams."""
        operation = self.operation
        assert operation is not None
        try:
            operation.result()
            peer = self.engine.os.connect_result(self.sock)
        except OSError as error:
            self._failure = Fail(code_of("finish-connect", error.errno), str(error.strerror), errno=error.errno)
            raise
        except Fail as error:
            if error.code != "would-block":
                self._failure = error
            raise
        if peer is None:
            raise Fail("would-block", "the peer has not answered yet")
        if not peer:
            assert isinstance(operation.target, Case)
            peer = addresses.to_os(operation.target)
        self.peer_os = peer
        self.operation = None
        return self.open_streams()

    def had_connection(self) -> bool:
        """Whether there was one, in a state that nothing leads on from.

        Raises:
            Fail: none was made; why.
        """
        failure = self._failure
        if failure is not None and not failure.untouched:
            raise Fail(failure.code, failure.reason, errno=failure.errno)
        return self.peer_os is not None

    def open_streams(self) -> tuple[int, int]:
        """The two streams of a connection that has just come about."""
        engine = self.engine
        parent = self if engine.streams_are_children else None
        self.reader = Reader(engine, self.sock, self)
        self.writer = Writer(engine, self.sock, self)
        self.holders += 2
        return InputStream(engine, self.reader, parent).handle, OutputStream(engine, self.writer, parent).handle

    # As the owner of its two directions (streams.Owner)

    def hold(self) -> None:
        """One holder of the descriptor more."""
        self.holders += 1

    def released(self) -> None:
        # Socket and directions refer to each other; without this only the cycle collector frees them.
        self.reader = self.writer = None

    def direction_ended(self) -> None:
        """Both have: the peer's end of stream was read, and it was told of ours."""
        reader, writer = self.reader, self.writer
        if reader is not None and writer is not None and reader.ended and not reader.shut and writer.sent_fin:
            self.engine.terminate(self)

    def direction_broke(self) -> None:
        """A fatal error was seen."""
        self.engine.terminate(self)

    # Listening

    def start_listen(self) -> None:
        """Begin to listen. The outcome of the OS's listen is kept for ``finish-listen``."""
        assert self.domain is not None
        self.operation = Operation(self.engine, self.domain, "tcp-listen", self.local_address(), False, self.listen_now)

    def listen_now(self) -> None:
        """Have the kernel listen, with the backlog that was hinted last."""
        self.sock.listen(self.backlog or self.engine.os.default_backlog)
        self._listened = self.backlog

    def finish_listen(self) -> None:
        """Take the result."""
        self._finish()
        if self._listened != self.backlog:
            self.listen_now()

    def is_listening(self) -> bool:
        """Whether connections can be accepted."""
        return self.engine.machines[self.kind].ready[self.state] == "when a connection is pending"

    def set_listen_backlog_size(self, value: int) -> None:
        """Hint how many connections may wait to be accepted."""
        if value == 0:
            raise Fail("invalid-argument", "the backlog may not be 0")
        self.backlog = min(value, _MOST_BACKLOG)
        if self.is_listening():
            self.listen_now()

    def accept(self) -> tuple[int, int, int]:
        """The next connection: its socket and streams."""
        engine, domain = self.engine, self.domain
        sock, peer = engine.os.accept(self.sock)
        assert domain is not None
        if not domain.policy.open:
            try:
                permit(engine, domain, "tcp-accept", addresses.from_os(peer))
            except BaseException:
                sock.close()
                raise
        system = engine.os
        try:
            for name in system.inherited:
                opt = system.option(name, self.family)
                system.set(sock, opt, system.get(self.sock, opt))
        except OSError:
            sock.close()
            raise
        accepted_state = engine.machines[TcpSocket.kind].accepted
        assert accepted_state is not None
        accepted = TcpSocket(engine, self.family, sock, accepted_state)
        accepted.domain = domain
        accepted.peer_os = peer
        return (accepted.handle, *accepted.open_streams())

    # Ending

    def shutdown(self, how: str) -> None:
        """End the receiving direction, the sending one (after its pending writes), or both."""
        assert self.reader is not None
        assert self.writer is not None
        if how != "send" and not self.reader.ended:
            self.engine.os.shutdown_receive(self.sock)
            self.reader.close()
        if how != "receive":
            self.writer.finish(lambda: self.engine.os.shutdown_send(self.sock))

    # Options

    def no_delay(self) -> bool:
        return bool(self._get("no-delay"))

    def set_no_delay(self, value: bool) -> None:
        """Send small pieces at once instead of gathering them (TCP_NODELAY)."""
        self.engine.os.set(self.sock, self.engine.os.option("no-delay", self.family), int(value))

    def hop_limit(self) -> int:
        return self._hop_limit()

    def set_hop_limit(self, value: int) -> None:
        self._set_hop_limit(value)

    def keep_alive_enabled(self) -> bool:
        return bool(self._get("keep-alive-enabled"))

    def set_keep_alive_enabled(self, value: bool) -> None:
        self.engine.os.set(self.sock, self.engine.os.option("keep-alive-enabled", self.family), int(value))

    def keep_alive_idle_time(self) -> int:
        return self._get("keep-alive-idle-time")

    def set_keep_alive_idle_time(self, value: int) -> None:
        self._set("keep-alive-idle-time", value)

    def keep_alive_interval(self) -> int:
        return self._get("keep-alive-interval")

    def set_keep_alive_interval(self, value: int) -> None:
        self._set("keep-alive-interval", value)

    def keep_alive_count(self) -> int:
        return self._get("keep-alive-count")

    def set_keep_alive_count(self, value: int) -> None:
        self._set("keep-alive-count", value)
