"""Standard streams and files as things that are read and written without blocking.

O_NONBLOCK belongs to the open file description, which is shared with the shell and other
processes, so it is never set on what was inherited: pipes and terminals are opened again, where
the platform can, and the new description is made non-blocking.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
import sys
from typing import Any

from wasinet.oscalls.relay import Relay, can_relay

__all__ = ["File", "Nowhere", "descriptor_limit", "has_descriptors", "open_stream"]

# A pipe that is ready takes this many bytes without blocking (pipe(7)).
_PIPE_BUF = getattr(select, "PIPE_BUF", 512)


def has_descriptors(count: int) -> bool:
    """Whether so many more descriptors can be opened."""
    opened: list[int] = []
    try:
        while len(opened) < count:
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
        return False
    else:
        return True
    finally:
        for fd in opened:
            os.close(fd)


def descriptor_limit() -> str:
    """How many descriptors this process may have, in words."""
    try:
        import resource
    except (ImportError, OSError):
        # Not only where the platform has none: the import takes a descriptor itself.
        return "see ulimit -n"
    return f"the limit is {resource.getrlimit(resource.RLIMIT_NOFILE)[0]} (ulimit -n)"


class File:
    """A descriptor with the same calls as a socket: ``recv``, ``recv_into``, ``send``, ``fileno``.

    Args:
        fd: the descriptor.
        regular: a regular file: always ready, polling it makes no sense.
        owned: whether ``close`` closes it.
        offset: where the next read or write is, None for the descriptor's own offset.
        spliced: always ready, and splice(2) can write to it.
    """

    __slots__ = ("_careful", "_fd", "_owned", "_relay", "offset", "regular", "spliced")

    def __init__(
        self,
        fd: int,
        *,
        regular: bool,
        owned: bool,
        careful: bool = False,
        offset: int | None = None,
        spliced: bool = False,
    ) -> None:
        self._fd = fd
        self._owned = owned
        self._careful = careful
        self._relay: Relay | None = None
        self.spliced = spliced
        self.regular = regular
        self.offset = offset

    def fileno(self) -> int:
        return self._fd

    def recv(self, count: int) -> bytes:
        """Up to ``count`` bytes, empty at the end. Raises BlockingIOError when there are none now."""
        if self._careful:
            self._check(select.POLLIN)
        return os.read(self._fd, count)

    def recv_into(self, buffer: memoryview, count: int = 0) -> int:
        """As ``recv``, into a buffer; the number of bytes, 0 at the end."""
        if self._careful:
            self._check(select.POLLIN)
        return os.readv(self._fd, [buffer[:count] if count else buffer])

    def send(self, data: Any) -> int:
        """Write; how many bytes went. Raises BlockingIOError when none can now."""
        if self._careful:
            self._check(select.POLLOUT)
            return os.write(self._fd, memoryview(data)[:_PIPE_BUF])
        return os.write(self._fd, data)

    def _check(self, events: int) -> None:
        poll = select.poll()
        poll.register(self._fd, events)
        if not poll.poll(0):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def relay(self) -> Relay | None:
        """The way for bytes of a connection that stay inside the kernel, empty; None where there is none."""
        if self._relay is None and self.spliced:
            try:
                self._relay = Relay()
            except OSError:
                # No descriptors for the pipe: copying needs none.
                self.spliced = False
        return self._relay

    def close(self) -> None:
        if self._relay is not None:
            self._relay.close()
            self._relay = None
        if self._owned:
            os.close(self._fd)


class SocketFile(File):
    """A standard stream that is a socket (inetd, systemd): non-blocking call by call."""

    __slots__ = ("_sock",)

    def __init__(self, fd: int) -> None:
        self._sock = socket.socket(fileno=os.dup(fd))
        super().__init__(self._sock.fileno(), regular=False, owned=False)

    def recv(self, count: int) -> bytes:
        return self._sock.recv(count, socket.MSG_DONTWAIT)

    def recv_into(self, buffer: memoryview, count: int = 0) -> int:
        return self._sock.recv_into(buffer, count, socket.MSG_DONTWAIT)

    def send(self, data: Any) -> int:
        return self._sock.send(data, socket.MSG_DONTWAIT)

    def close(self) -> None:
        self._sock.close()


class Nowhere(File):
    """A file that is always at its end and forgets what is written."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(-1, regular=True, owned=False)

    def recv(self, count: int) -> bytes:
        return b""

    def recv_into(self, buffer: memoryview, count: int = 0) -> int:
        return 0

    def send(self, data: Any) -> int:
        return len(data)


def open_stream(fd: int, *, writable: bool, own: bool = False) -> File:
    """Make a descriptor readable or writable without blocking.

    Args:
        fd: an open descriptor, whose flags stay as they are.
        writable: for writing, else for reading.
        own: whether closing the result closes a regular file's descriptor; all others stay open.

    Raises:
        OSError: EBADF where the descriptor is closed.
    """
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return File(fd, regular=True, owned=own, spliced=writable and can_relay() and not _appends(fd))
    if stat.S_ISSOCK(mode):
        return SocketFile(fd)
    if sys.platform == "linux":
        try:
            flags = (os.O_WRONLY if writable else os.O_RDONLY) | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            regular = _unpollable(fd, mode)
            spliced = regular and writable and can_relay()
            return File(os.open(f"/proc/self/fd/{fd}", flags), regular=regular, owned=True, spliced=spliced)
        except OSError:
            pass  # no /proc, or a terminal that belongs to another user
    return File(fd, regular=False, owned=False, careful=True)


def _appends(fd: int) -> bool:
    """Whether the descriptor writes at the end of its file only, which splice(2) refuses."""
    import fcntl

    return bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND)


def _unpollable(fd: int, mode: int) -> bool:
    """Whether epoll refuses the descriptor because it is always ready: /dev/null and its kind."""
    if not stat.S_ISCHR(mode):
        return False
    probe = select.epoll()
    try:
        probe.register(fd, 0)
    except PermissionError:
        return True
    finally:
        probe.close()
    return False
