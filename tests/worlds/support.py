"""A bench for the draft: its host, a policy and faults that a test decides, and ways into every state."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.support import (
    SECONDS,
    Asker,
    FaultyOs,
    asking_policy,
    ipv4,
    loopback,
    need,
    port_of,
    refused_port,
)
from wasinet.engine.policy import ALLOW_ALL, Policy
from wasinet.engine.records import CallRecord
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import Found
from wasinet.wit.values import Case, Err, Value

__all__ = ["Bench", "Connection", "later", "reason", "refused"]


class Connection(NamedTuple):
    """One end: the socket and its streams."""

    socket: int
    rx: int
    tx: int


class Bench:
    """A host of the draft, where everything is allowed unless ``asking``.

    Args:
        asking: uses are asked about, and answered by ``asker``; ``deny`` has rules against some.
        deny: rules of what is denied; only together with ``asking``.
        resolver: how names are looked up.
    """

    def __init__(self, *deny: str, asking: bool = False, resolver: Callable[[str], list[Found]] | None = None) -> None:
        self.os = FaultyOs()
        self.asker = Asker()
        policy = asking_policy(self.asker, *deny) if asking or deny else ALLOW_ALL
        self.host = NativeHost(policy, self.os, resolver, world="draft")
        self.records: list[CallRecord] = []
        self.host.attach(self.records.append)
        self.net: int = self.call("instance-network")
        self.remote = loopback()
        self._plain: list[socket.socket] = []
        self._descriptors: list[int] = []

    def call(self, function: str, *arguments: Value) -> Any:
        return self.host.call(function, *arguments)

    def need(self, function: str, *arguments: Value) -> Any:
        """The value of a call that must be ok."""
        return need(self.call(function, *arguments))

    def close(self) -> None:
        self.host.close()
        for sock in self._plain:
            sock.close()
        for fd in self._descriptors:
            os.close(fd)

    def state(self, handle: int) -> str:
        return self.host.state(handle)

    # Plain peers

    def keep(self, sock: socket.socket) -> socket.socket:
        """Have it closed at the end."""
        sock.settimeout(SECONDS)
        self._plain.append(sock)
        return sock

    def server(self) -> tuple[socket.socket, Case]:
        """A plain listener and its address."""
        server = self.keep(socket.create_server(("127.0.0.1", 0)))
        return server, loopback(server.getsockname()[1])

    def client_of(self, address: Case) -> socket.socket:
        """A plain connection to a port on this machine."""
        return self.keep(socket.create_connection(("127.0.0.1", port_of(address)), SECONDS))

    def datagrams(self, family: socket.AddressFamily = socket.AF_INET) -> tuple[socket.socket, Case]:
        """A plain bound datagram socket and its address."""
        sock = self.keep(socket.socket(family, socket.SOCK_DGRAM))
        name = "ipv4" if family == socket.AF_INET else "ipv6"
        sock.bind(("127.0.0.1" if name == "ipv4" else "::1", 0))
        return sock, loopback(sock.getsockname()[1], name)

    def pipe(self) -> tuple[int, int]:
        """The two descriptors of a pipe, which are closed at the end."""
        ends = os.pipe()
        self._descriptors += ends
        return ends

    def asking_policy(self, *deny: str) -> Policy:
        """A policy that lets ``asker`` decide."""
        return asking_policy(self.asker, *deny)

    def network(self, *rules: str) -> int:
        """Another network than the one that everything else uses."""
        return self.host.make_network("other", rules or ("all",))

    # Sockets in a state

    def tcp(self, state: str = "unbound", family: str = "ipv4") -> int:
        """A TCP socket in this state; it is non-blocking where the way there needs that."""
        if state == "connection":
            return self.connected()[0].socket
        sock: int = self.need("create-tcp-socket", family)
        if state in ("bound", "listener"):
            self.need("tcp.bind", sock, self.net, loopback(0, family))
        if state == "listener":
            self.need("listen", sock, self.net)
        if state in ("connecting", "closed"):
            self.need("tcp.set-non-blocking", sock, True)
            remote = self.server()[1] if state == "connecting" else loopback(refused_port())
            self.remote = remote
            assert self.call("tcp.connect", sock, self.net, remote) == Err("again")
        if state == "closed":
            self.host.wait(sock, SECONDS)
            assert self.call("tcp.connect", sock, self.net, remote) == Err("unknown")
        assert self.state(sock) == state
        return sock

    def connected(self) -> tuple[Connection, socket.socket]:
        """A connection to a plain peer."""
        server, address = self.server()
        sock = self.need("create-tcp-socket", "ipv4")
        end = Connection(sock, *self.need("tcp.connect", sock, self.net, address))
        peer, _ = server.accept()
        return end, self.keep(peer)

    def pair(self, family: str = "ipv4") -> tuple[Connection, Connection]:
        """Both ends of a connection."""
        listener = self.tcp("listener", family)
        sock = self.need("create-tcp-socket", family)
        client = Connection(sock, *self.need("tcp.connect", sock, self.net, self.address(listener)))
        server = Connection(*self.need("accept", listener))
        self.call("drop-tcp-socket", listener)
        return client, server

    def udp(self, state: str = "unbound", family: str = "ipv4") -> int:
        """A UDP socket in this state; connected means to a peer that reads nothing."""
        sock: int = self.need("create-udp-socket", family)
        if state != "unbound":
            self.need("udp.bind", sock, self.net, loopback(0, family))
        if state == "connected":
            self.remote = self.datagrams()[1]
            self.need("udp.connect", sock, self.net, self.remote)
        assert self.state(sock) == state
        return sock

    def address(self, sock: int, kind: str = "tcp") -> Case:
        address: Case = self.need(f"{kind}.local-address", sock)
        return address

    def taken(self, *, listening: bool) -> tuple[socket.socket, Case]:
        """A plain TCP socket on an address that others may bind too as long as it does not listen."""
        sock = self.keep(socket.socket())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        if listening:
            sock.listen()
        return sock, ipv4("127.0.0.1", sock.getsockname()[1])

    # Streams

    def fill(self, tx: int) -> int:
        """Write until nothing more is taken; how many bytes were."""
        total = 0
        while taken := self.need("write", tx, bytes(1 << 16)):
            total += taken
        return total

    def read_all(self, rx: int) -> bytes:
        """Everything up to the end, waiting for it."""
        data = bytearray()
        while True:
            piece, ended = self.need("blocking-read", rx, 1 << 20)
            data += piece
            if ended:
                return bytes(data)

    def ready(self, *pollables: int) -> list[bool]:
        """Which are ready now; never waits."""
        return [self.host.wait(pollable, 0) for pollable in pollables]


def refused(outcome: Value, code: str) -> bool:
    """Whether this is ``unknown`` with the precise code beside it, in parentheses after a reason."""
    assert outcome == Err("unknown"), outcome
    return str(outcome.reason).endswith(f" ({code})") and len(outcome.reason) > len(code) + 3


def reason(outcome: Value) -> str:
    assert isinstance(outcome, Err), outcome
    return outcome.reason


class later:  # noqa: N801  # reads as a word: ``with later(...)``
    """Runs something on a thread while the block waits for it, a moment later; the end joins the thread.

    A moment, so that what the block calls has begun to wait; nothing depends on how long it is.
    """

    def __init__(self, function: Callable[..., object], *arguments: Any, after: float = 0.03) -> None:
        self._timer = threading.Timer(after, function, arguments)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.join(SECONDS)
