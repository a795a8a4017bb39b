"""Round trips of 64 bytes: WASI calls on both ends beside plain sockets with epoll on both ends.

Each end is a process of its own, all on one processor: between processors the kernel's wake-up
would hide the difference, and both ends in one process would leave out the switch that every real
round trip has.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import traceback
from collections.abc import Callable
from time import perf_counter

from benchmarks.guest import Guest, loopback
from benchmarks.measure import Row, alternate, at_most, best, micro, pinned

__all__ = ["run"]

_MESSAGE = b"x" * 64
_TRIPS = 1_500
_WARM = 200
_ROUNDS = 25

Exchange = Callable[[bool, int], None]
"""Plays one end for so many round trips; the first argument says whether it is the one that begins."""


def run() -> list[Row]:
    rows = []
    with pinned():
        for end, what in ((_Polling, "poll, read, check-write, write"), (_Blocking, "the blocking calls")):
            with _Pair(end) as pair, _Pair(_Plain) as plain:
                ours, reference = best(*alternate(pair.seconds, plain.seconds, _ROUNDS))
            shown = f"{micro(reference)} plain, epoll"
            rows.append(Row("roundtrip", f"64 bytes, {what}", micro(ours), shown, ours / reference, at_most(1.5)))
    return rows


class _End:
    """One end of a connection: listens first when it is given no port."""

    port = 0

    def connect(self, port: int) -> None:
        raise NotImplementedError

    def listen(self) -> int:
        """Gives the port."""
        raise NotImplementedError

    def accept(self) -> None:
        raise NotImplementedError

    def exchange(self, begins: bool, trips: int) -> None:
        """So many round trips."""
        raise NotImplementedError


class _Plain(_End):
    """A non-blocking socket; waits, then receives."""

    def listen(self) -> int:
        self.server = socket.create_server(("127.0.0.1", 0))
        return int(self.server.getsockname()[1])

    def accept(self) -> None:
        self._use(self.server.accept()[0])

    def connect(self, port: int) -> None:
        self._use(socket.create_connection(("127.0.0.1", port)))

    def _use(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.epoll = select.epoll()
        self.epoll.register(sock.fileno(), select.EPOLLIN)

    def exchange(self, begins: bool, trips: int) -> None:
        wait, send, receive = self.epoll.poll, self.sock.send, self.sock.recv
        for _ in range(trips):
            if begins:
                send(_MESSAGE)
            wait()
            data = receive(4096)
            assert len(data) == len(_MESSAGE)
            if not begins:
                send(data)


class _Wasi(_End):
    def __init__(self) -> None:
        self.guest = Guest()

    def listen(self) -> int:
        self.listener, address = self.guest.listener()
        return int(address.payload["port"])

    def accept(self) -> None:
        _, self.rx, self.tx = self.guest.accept(self.listener)

    def connect(self, port: int) -> None:
        _, self.rx, self.tx = self.guest.connect(loopback(port))


class _Polling(_Wasi):
    """As wasi-libc does it: four calls for each end."""

    def exchange(self, begins: bool, trips: int) -> None:
        call, rx, tx = self.guest.host.call, self.rx, self.tx
        pollable = call("input-stream.subscribe", rx)
        pollables = [pollable]
        for _ in range(trips):
            if begins:
                assert call("output-stream.check-write", tx).value >= len(_MESSAGE)
                call("output-stream.write", tx, _MESSAGE)
            call("poll", pollables)
            data = call("input-stream.read", rx, 4096).value
            assert len(data) == len(_MESSAGE)
            if not begins:
                assert call("output-stream.check-write", tx).value >= len(_MESSAGE)
                call("output-stream.write", tx, data)
        self.guest.host.drop(pollable)


class _Blocking(_Wasi):
    """Two calls for each end."""

    def exchange(self, begins: bool, trips: int) -> None:
        call, rx, tx = self.guest.host.call, self.rx, self.tx
        for _ in range(trips):
            if begins:
                call("output-stream.blocking-write-and-flush", tx, _MESSAGE)
            data = call("input-stream.blocking-read", rx, 4096).value
            assert len(data) == len(_MESSAGE)
            if not begins:
                call("output-stream.blocking-write-and-flush", tx, data)


class _Pair:
    """Two ends of one kind: one in this process, the other in a child, which does as many trips."""

    def __init__(self, kind: type[_End]) -> None:
        self._kind = kind

    def __enter__(self) -> _Pair:
        reader, writer = os.pipe()
        self._child = os.fork()
        if not self._child:
            self._serve(writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            port = int(pipe.read())
        self._end = self._kind()
        self._end.connect(port)
        self._end.exchange(True, _WARM)
        return self

    def _serve(self, writer: int) -> None:
        """The child's life."""
        try:
            end = self._kind()
            os.write(writer, str(end.listen()).encode())
            os.close(writer)
            end.accept()
            end.exchange(False, _WARM + _ROUNDS * _TRIPS)
        except BaseException:  # noqa: BLE001  # nothing of the parent's may run in the child
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(0)

    def seconds(self) -> float:
        """Seconds for one round trip."""
        start = perf_counter()
        self._end.exchange(True, _TRIPS)
        return (perf_counter() - start) / _TRIPS

    def __exit__(self, *_: object) -> None:
        os.waitpid(self._child, 0)
