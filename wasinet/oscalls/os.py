"""The operating system as the engine sees it.

Descriptors never block. Sockets are the standard library's C class itself (``socket.SocketType``),
so that creating, moving data and closing cost little beyond the system call; everything that needs
knowledge of a platform is here.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from collections.abc import Sequence
from socket import SocketType
from typing import TYPE_CHECKING, Any, Literal

from wasinet.oscalls import wait
from wasinet.oscalls.files import File, open_stream
from wasinet.oscalls.interfaces import missing_zone
from wasinet.oscalls.options import INHERITED, Option, option

if TYPE_CHECKING:
    from wasinet.oscalls.datagrams import Batch

__all__ = ["Found", "LookupFailed", "Os", "Sockaddr"]

Sockaddr = tuple[Any, ...]
"""``(host, port)`` or ``(host, port, flowinfo, scope)`` as the socket module spells it."""

Found = tuple[int, str]
"""An address that a name has: family (4 or 6) and text without scope."""

_EAI_NAMES = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}
# Linux and most BSDs make the socket non-blocking at creation, which saves a system call.
_NONBLOCK = getattr(socket, "SOCK_NONBLOCK", 0)
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
# On Unix EAGAIN is no beginning: there was no port left (connect(2)).
_IN_PROGRESS = {errno.EWOULDBLOCK} if sys.platform == "win32" else {errno.EINPROGRESS}
# Linux throws the bytes away without copying them (tcp(7)); elsewhere the flag means something else.
_DISCARD = socket.MSG_TRUNC if sys.platform == "linux" else 0


class LookupFailed(Exception):
    """A name could not be resolved: ``eai`` is the name of getaddrinfo(3)'s error, ``text`` says more."""

    def __init__(self, eai: str, text: str) -> None:
        super().__init__(eai, text)
        self.eai = eai
        self.text = text


def _batch() -> Batch | Literal[False]:
    """What receives many datagrams at once, where the platform can; made when it is first needed, for ctypes."""
    from wasinet.oscalls.datagrams import Batch, can_batch

    return can_batch() and Batch()


class Os:
    """The real operating system. One object serves one engine."""

    monotonic = staticmethod(time.monotonic)
    monotonic_ns = staticmethod(time.monotonic_ns)
    wall_ns = staticmethod(time.time_ns)
    local_time = staticmethod(time.localtime)
    random_bytes = staticmethod(os.urandom)
    is_terminal = staticmethod(os.isatty)
    wait_one = staticmethod(wait.wait_one)
    waiter = staticmethod(wait.waiter)
    wait_many = staticmethod(wait.wait_many)
    make_kept = staticmethod(wait.make_kept)
    option = staticmethod(option)
    inherited: Sequence[str] = INHERITED
    default_backlog = socket.SOMAXCONN
    _batch: Batch | Literal[False] | None = None

    # Sockets

    def tcp_socket(self, family: int) -> SocketType:
        """A stream socket of family 4 or 6, non-blocking; IPv6 sockets take IPv6 only."""
        return self._socket(family, socket.SOCK_STREAM)

    def bind_stream(self, sock: SocketType, address: Sockaddr) -> None:
        """Bind a stream socket. Raises OSError.

        SO_REUSEADDR keeps a closed connection's TIME_WAIT from blocking its port (tcp.start-bind);
        on Windows the option would let two sockets share a port, and the default does the right thing.
        """
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)

    def udp_socket(self, family: int) -> SocketType:
        """A datagram socket of family 4 or 6, non-blocking; IPv6 sockets take IPv6 only."""
        return self._socket(family, socket.SOCK_DGRAM)

    def _socket(self, family: int, kind: int) -> SocketType:
        sock = SocketType(_FAMILIES[family], kind | _NONBLOCK)
        if not _NONBLOCK:
            sock.setblocking(False)
        if family == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        return sock

    def accept(self, sock: SocketType) -> tuple[SocketType, Sockaddr]:
        """The next connection in the queue, non-blocking, and the peer's address.

        Raises:
            OSError: of accept(2); ECONNABORTED also where the peer has gone and took its address with it, as
                macOS tells it.
        """
        fd, peer = sock._accept()  # type: ignore[attr-defined]  # what socket.socket.accept is made of
        accepted = SocketType(sock.family, sock.type, sock.proto, fd)
        if not peer:
            accepted.close()
            raise OSError(errno.ECONNABORTED, os.strerror(errno.ECONNABORTED))
        accepted.setblocking(False)
        return accepted, peer

    def connect(self, sock: SocketType, address: Sockaddr) -> None:
        """Begin to connect. Raises OSError for an immediate failure; being done or in progress is none."""
        result = sock.connect_ex(address)
        if result and result not in _IN_PROGRESS:
            raise OSError(result, os.strerror(result))

    def connect_result(self, sock: SocketType) -> Sockaddr | None:
        """The peer's address once a connect has succeeded; None while it is in progress.

        The address is empty for a connection whose peer's is not to be had any more. Raises OSError for a
        connect that has failed.
        """
        try:
            # Who has a peer is connected: one system call where the two below need a set to wait on.
            peer: Sockaddr = sock.getpeername()
        except OSError:
            pass
        else:
            return peer
        if not wait.wait_one(sock.fileno(), wait.WRITE, 0):
            return None
        number = self.take_error(sock)
        if number:
            raise OSError(number, os.strerror(number))
        return ()

    def listens(self, sock: SocketType) -> bool:
        """Whether a stream socket is a listener; not where its descriptor is closed."""
        try:
            return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        except OSError:
            return False

    def take_error(self, sock: SocketType) -> int:
        """The pending error of the socket, taken from it; 0 for none."""
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def disconnect(self, sock: SocketType) -> None:
        """Leave the peer of a datagram socket, keeping its local address and port.

        Linux forgets a port that it chose itself when the peer is left, so the socket is bound to
        the same port again.
        """
        from wasinet.oscalls.disconnect import disconnect

        port = sock.getsockname()[1]
        disconnect(sock)
        host, left, *scope = sock.getsockname()
        if left != port:
            # Not the address from before: while there was a peer, that was the one of the route to it.
            sock.bind((host, port, *scope))

    def unbind(self, sock: SocketType) -> None:
        """Give back the port that a connect which failed has bound an unbound datagram socket to."""
        from wasinet.oscalls.disconnect import disconnect

        disconnect(sock)

    def shutdown_receive(self, sock: SocketType) -> None:
        """End the receiving direction of a connection, also of one that the peer has reset."""
        self._shutdown(sock, socket.SHUT_RD)

    def shutdown_send(self, sock: SocketType) -> None:
        """End the sending direction of a connection, also of one that the peer has reset."""
        self._shutdown(sock, socket.SHUT_WR)

    def _shutdown(self, sock: SocketType, how: int) -> None:
        try:
            sock.shutdown(how)
        except OSError as error:
            # The kernel forgets a connection at the peer's reset. Its pending error stays for the next read or
            # write; until that reports it, the caller still has a connection, whose peer needs no telling.
            if error.errno != errno.ENOTCONN:
                raise

    def receive_datagrams(self, sock: SocketType, scratch: memoryview, most: int) -> list[tuple[bytes, Sockaddr]]:
        """At least one datagram with its source, up to ``most``, though more may be there. Raises OSError."""
        if most > 1:
            if self._batch is None:
                self._batch = _batch()
            if self._batch:
                return self._batch.receive(sock, most)
        size, source = sock.recvfrom_into(scratch)
        return [(bytes(scratch[:size]), source)]

    def discard(self, sock: SocketType, scratch: memoryview, count: int) -> int:
        """Take up to ``count`` bytes off a connection without looking at them; 0 at its end."""
        if count < len(scratch):
            scratch = scratch[:count]
        return sock.recv_into(scratch, 0, _DISCARD)

    def get(self, sock: SocketType, opt: Option) -> int:
        """An option's value in the option's own unit."""
        return sock.getsockopt(opt.level, opt.number)

    def set(self, sock: SocketType, opt: Option, value: int) -> None:
        """Set an option to a value in the option's own unit."""
        sock.setsockopt(opt.level, opt.number, value)

    # Addresses

    missing_zone = staticmethod(missing_zone)

    @staticmethod
    def pack4(text: str) -> bytes:
        # Not inet_aton, which also takes octal numbers, fewer parts, and anything after a blank.
        return socket.inet_pton(socket.AF_INET, text)

    @staticmethod
    def text6(packed: bytes) -> str:
        return socket.inet_ntop(socket.AF_INET6, packed)

    @staticmethod
    def pack6(text: str) -> bytes:
        return socket.inet_pton(socket.AF_INET6, text)

    def look_up(self, name: str) -> list[Found]:
        """The addresses of a name from the system's resolution, in its order of preference.

        Raises:
            LookupFailed: with the name of the EAI code.
        """
        try:
            found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise LookupFailed(_EAI_NAMES.get(error.errno or 0, "EAI_FAIL"), str(error.strerror)) from None
        except UnicodeError:
            raise LookupFailed("EAI_NONAME", "no valid domain name") from None
        return [
            (6 if family == socket.AF_INET6 else 4, str(address[0]).partition("%")[0])
            for family, _, _, _, address in found
            if family in (socket.AF_INET, socket.AF_INET6)
        ]

    @staticmethod
    def has_route(family: int, text: str) -> bool:
        """Whether a route leads to an address; finding out causes no traffic."""
        with socket.socket(_FAMILIES[family], socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((text, 9))
            except OSError:
                return False
        return True

    # Files, and moving bytes inside the kernel

    open_stream = staticmethod(open_stream)

    def send_file(self, sock: Any, file: File, count: int) -> int | None:
        """Move bytes from a regular file to a socket inside the kernel; None where that cannot be done."""
        if not file.regular or not hasattr(os, "sendfile"):
            return None
        try:
            sent = os.sendfile(sock.fileno(), file.fileno(), file.offset, count)
        except BlockingIOError:
            raise
        except OSError:
            # The error does not say which of the two it is about; a read and a write of their own will.
            return None
        if file.offset is not None:
            file.offset += sent
        return sent

    def wake_pair(self) -> tuple[int, int]:
        """A descriptor that becomes readable when the other is written to."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        return reader, writer

    def wake(self, writer: int) -> None:
        """Make the wake descriptor readable; a full pipe is readable already."""
        try:
            os.write(writer, b"\0")
        except BlockingIOError:
            pass

    def clear_wake(self, reader: int) -> None:
        try:
            while os.read(reader, 4096):
                pass
        except BlockingIOError:
            pass

    close_fd = staticmethod(os.close)
