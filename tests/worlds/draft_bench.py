"""What tests of the draft world share: a host of it, sockets in every state, and plain peers."""

from __future__ import annotations

import socket
from typing import NamedTuple

from tests.support import SECONDS, Asker, FaultyOs, asking_policy, loopback, need, port_of
from wasinet.engine.policy import ALLOW_ALL
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Err, Ok, Value

__all__ = ["Bench", "Pair", "again", "outcome_kind", "unknown"]


def outcome_kind(outcome: Value) -> str:
    """``ok``, ``would-block`` or ``error``, as the rows of the machines say it."""
    if isinstance(outcome, Ok):
        return "ok"
    assert isinstance(outcome, Err), outcome
    return "would-block" if outcome.value == "again" else "error"


def again(outcome: Value) -> bool:
    return isinstance(outcome, Err) and outcome.value == "again"


def unknown(outcome: Value, reason: str) -> None:
    """The outcome is the draft's one failure, and its record has this precise reason."""
    assert isinstance(outcome, Err)
    assert outcome.value == "unknown"
    assert reason in outcome.reason, outcome.reason


class Pair(NamedTuple):
    """A connection of the host whose other end is a plain blocking socket."""

    socket: int
    rx: int
    tx: int
    peer: socket.socket


class Bench:
    """A host whose permissions and faults a test decides, a listening peer, and ways into every state."""

    def __init__(self, *deny: str, asks: bool = False) -> None:
        self.os = FaultyOs()
        self.asker = Asker()
        policy = asking_policy(self.asker, *deny) if asks or deny else ALLOW_ALL
        self.host = NativeHost(policy, self.os, world="draft")
        self.call = self.host.call
        self.net = self.call("instance-network")
        self.peer = socket.create_server(("127.0.0.1", 0))
        self.peer.settimeout(SECONDS)
        self.plain: list[socket.socket] = [self.peer]
        self.remote = loopback(self.peer.getsockname()[1])
        self.streams: tuple[int, int] = (0, 0)

    def close(self) -> None:
        self.host.close()
        for sock in self.plain:
            sock.close()

    def tcp(self, state: str = "unbound", family: str = "ipv4") -> int:
        """A TCP socket in this state."""
        call = self.call
        sock: int = need(call("create-tcp-socket", family))
        match state:
            case "bound":
                need(call("tcp.bind", sock, self.net, loopback(0, family)))
            case "listener":
                need(call("tcp.bind", sock, self.net, loopback(0, family)))
                need(call("listen", sock, self.net))
            case "connecting":
                need(call("tcp.set-non-blocking", sock, True))
                assert again(call("tcp.connect", sock, self.net, self.remote))
            case "connection":
                self.streams = need(call("tcp.connect", sock, self.net, self.remote))
            case "closed":
                self.os.faults["connect"] = 111
                assert isinstance(call("tcp.connect", sock, self.net, self.remote), Err)
                del self.os.faults["connect"]
        assert self.host.state(sock) == state
        return sock

    def udp(self, state: str = "unbound", family: str = "ipv4") -> int:
        """A UDP socket in this state."""
        sock: int = need(self.call("create-udp-socket", family))
        if state != "unbound":
            need(self.call("udp.bind", sock, self.net, loopback(0, family)))
        if state == "connected":
            need(self.call("udp.connect", sock, self.net, loopback(9, family)))
        assert self.host.state(sock) == state
        return sock

    def pair(self) -> Pair:
        sock = self.tcp("connection")
        peer, _ = self.peer.accept()
        peer.settimeout(SECONDS)
        self.plain.append(peer)
        return Pair(sock, *self.streams, peer)

    def port(self, sock: int, kind: str = "tcp") -> int:
        return port_of(need(self.call(f"{kind}.local-address", sock)))

    def dial(self, sock: int) -> socket.socket:
        """A plain client of a listener."""
        made = socket.create_connection(("127.0.0.1", self.port(sock)), SECONDS)
        self.plain.append(made)
        return made

    def datagram(self) -> socket.socket:
        """A plain, bound UDP socket."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        made.settimeout(SECONDS)
        self.plain.append(made)
        return made

    def wait(self, pollable: int) -> None:
        """``poll-oneoff`` of one, and drop it."""
        assert self.call("poll-oneoff", [pollable]) == b"\x01"
        self.call("drop-pollable", pollable)

    def fill(self, tx: int) -> int:
        """Write until the kernel takes no more; how many bytes."""
        total = 0
        while sent := need(self.call("write", tx, bytes(65536))):
            total += sent
        return total

    def ready(self, *pollables: int) -> bytes:
        """``poll-oneoff`` with one more that is always ready, so that it does not wait."""
        sock = self.tcp()
        always = self.call("tcp.subscribe", sock)
        found: bytes = self.call("poll-oneoff", [*pollables, always])
        self.call("drop-pollable", always)
        self.call("drop-tcp-socket", sock)
        assert found[-1:] == b"\x01"
        return found[:-1]
