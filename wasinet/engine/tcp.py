"""TCP sockets: what the functions of ``tcp`` do, without names or states of any world."""

from __future__ import annotations

import os as _os
from typing import TYPE_CHECKING, Any

from wasinet.engine import addresses
from wasinet.engine.faults import Fail, code_of
from wasinet.engine.network import Network, Operation, permit, permit_creation
from wasinet.engine.sockets import FAMILY_NAMES, Socket
from wasinet.engine.streams import InputStream, OutputStream, Owner, Reader, Writer
from wasinet.oscalls import Sockaddr
from wasinet.wit.addresses import show_address
from wasinet.wit.values import Case

if TYPE_CHECKING:
    from wasinet.engine.context import Context

__all__ = ["TcpSocket", "create_tcp_socket"]

_FAMILIES = {name: family for family, name in FAMILY_NAMES.items()}
_MOST_BACKLOG = 0x7FFFFFFF


def create_tcp_socket(engine: Context, family: str) -> int:
    """A new, unbound TCP socket of ``ipv4`` or ``ipv6``."""
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

    def check_bind(self, address: Case, known: addresses.Known) -> None:
        if not known.unicast:
            raise Fail("invalid-argument", f"{show_address(address)} is not a unicast address")

    def bind_descriptor(self, address: Sockaddr) -> None:
        self.engine.os.bind_stream(self.sock, address)

    # Connecting

    def start_connect(self, network: Network, remote_address: Case) -> None:
        """Begin to connect. The outcome of the OS's connect is kept for ``finish-connect``."""
        try:
            self._start_connect(network, remote_address)
        except Fail as error:
            self._failure = error
            raise

    def _start_connect(self, network: Network, remote_address: Case) -> None:
        known = self.check_remote(remote_address)
        self.check_bind(remote_address, known)
        if self.domain is not None and self.domain is not network.domain:
            raise Fail("invalid-argument", f"the socket was bound with another network ({self.domain.name})")

        def run() -> None:
            number = self.engine.os.connect(self.sock, known.sockaddr)
            if number:
                raise OSError(number, _os.strerror(number))

        self.operation = Operation(self.engine, network.domain, "tcp-connect", remote_address, run, in_kernel=True)
        self.domain = network.domain

    def finish_connect(self) -> tuple[int, int]:
        """Take the result: the connection's streams."""
        try:
            self.peer_os = self._connect_result()
        except OSError as error:
            self._failure = Fail(code_of("finish-connect", error.errno), str(error.strerror), errno=error.errno)
            raise
        except Fail as error:
            if error.code != "would-block":
                self._failure = error
            raise
        self.operation = None
        return self.open_streams()

    def _connect_result(self) -> Sockaddr:
        """The peer's address. Raises Fail, with would-block while there is no result, or OSError."""
        assert self.operation is not None
        self.operation.result()
        result = self.engine.os.connect_result(self.sock)
        if result is None:
            raise Fail("would-block", "the peer has not answered yet")
        if not isinstance(result, int):
            return result
        if result:
            raise OSError(result, _os.strerror(result))
        assert isinstance(self.operation.target, Case)
        return addresses.to_os(self.operation.target)

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

    def close_descriptor(self) -> None:
        Socket.close_descriptor(self)
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
        self.operation = Operation(self.engine, self.domain, "tcp-listen", self.local_address(), self.listen_now)

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
        sock, peer = self.engine.os.accept(self.sock)
        assert self.domain is not None
        if not self.domain.policy.open:
            try:
                permit(self.engine, self.domain, "tcp-accept", addresses.from_os(peer))
            except BaseException:
                sock.close()
                raise
        accepted_state = self.engine.machines[self.kind].accepted
        assert accepted_state is not None
        try:
            for name in self.engine.os.inherited:
                opt = self.engine.os.option(name, self.family)
                self.engine.os.set(sock, opt, self.engine.os.get(self.sock, opt))
        except OSError:
            sock.close()
            raise
        accepted = TcpSocket(self.engine, self.family, sock, accepted_state)
        accepted.domain = self.domain
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
