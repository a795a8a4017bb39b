"""The WASI calls that a guest makes to listen, connect and accept on loopback."""

from __future__ import annotations

from typing import Any

from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Case, Ok, Value

__all__ = ["Guest", "loopback", "need"]


def loopback(port: int = 0) -> Case:
    """127.0.0.1 as an ``ip-socket-address``."""
    return Case("ipv4", {"port": port, "address": (127, 0, 0, 1)})


def need(outcome: Value) -> Any:
    """The value of an outcome that is ``ok``."""
    if outcome.__class__ is not Ok:
        raise RuntimeError(f"{outcome.value}: {outcome.reason}")
    return outcome.value


class Guest:
    """A native host, and what is done on it in more than one benchmark."""

    def __init__(self) -> None:
        self.host = NativeHost()
        self.call = self.host.call
        self.network: int = self.call("instance-network")

    def bound(self, kind: str) -> int:
        """A ``tcp`` or ``udp`` socket bound to a free port."""
        socket: int = need(self.call(f"create-{kind}-socket", "ipv4"))
        need(self.call(f"{kind}-socket.start-bind", socket, self.network, loopback()))
        need(self.call(f"{kind}-socket.finish-bind", socket))
        return socket

    def listener(self, backlog: int = 128) -> tuple[int, Case]:
        """A listening socket and its address."""
        socket = self.bound("tcp")
        need(self.call("tcp-socket.set-listen-backlog-size", socket, backlog))
        need(self.call("tcp-socket.start-listen", socket))
        need(self.call("tcp-socket.finish-listen", socket))
        return socket, need(self.call("tcp-socket.local-address", socket))

    def connect(self, address: Case) -> tuple[int, int, int]:
        """A connection: its socket and streams."""
        socket: int = need(self.call("create-tcp-socket", "ipv4"))
        need(self.call("tcp-socket.start-connect", socket, self.network, address))
        self.wait("tcp-socket", socket)
        return (socket, *need(self.call("tcp-socket.finish-connect", socket)))

    def accept(self, listener: int) -> tuple[int, int, int]:
        """The next connection: its socket and streams."""
        self.wait("tcp-socket", listener)
        socket, rx, tx = need(self.call("tcp-socket.accept", listener))
        return socket, rx, tx

    def wait(self, kind: str, handle: int) -> None:
        """Block until a resource is ready."""
        pollable = self.call(f"{kind}.subscribe", handle)
        self.call("poll", [pollable])
        self.host.drop(pollable)

    def close(self) -> None:
        self.host.close()
