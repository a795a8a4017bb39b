"""What the tests of the datagram commands share: receivers with their port, and plain peers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.support import SECONDS, Lab, Running, until

__all__ = ["bound", "has_ipv6", "receiver", "wait_bound"]


def has_ipv6() -> bool:
    """Whether this machine's loopback has IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def receiver(lab: Lab, *arguments: str, address: str = "127.0.0.1:0", command: str = "udp recv") -> tuple[Running, int]:
    """A running command and its port, as ``--port-file`` tells it."""
    file = lab.folder / f"udp-port-{len(list(lab.folder.iterdir()))}"
    running = lab.wasinet(*command.split(), address, "--port-file", str(file), *arguments)
    until(lambda: file.exists() or running.popen.poll() is not None, "the port file")
    assert file.exists(), running.err
    return running, int(file.read_text(encoding="ascii"))


@contextmanager
def bound(family: socket.AddressFamily = socket.AF_INET) -> Iterator[tuple[socket.socket, int]]:
    """A plain socket on loopback and its port."""
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        sock.settimeout(SECONDS)
        yield sock, sock.getsockname()[1]


def wait_bound(port: int, family: int = 4) -> None:
    """Wait until a datagram socket has the port."""
    table = Path("/proc/net/udp" if family == 4 else "/proc/net/udp6")
    until(lambda: f":{port:04X} " in table.read_text(encoding="ascii"), f"a datagram socket on {port}")
