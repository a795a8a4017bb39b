"""Connections: one after the other beside plain sockets, and thousands at once on ``tcp listen``."""

from __future__ import annotations

import resource
import select
import socket
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.commands import WASINET, Running, resident, wait_for_port
from benchmarks.guest import Guest, need
from benchmarks.measure import REPORT, Row, alternate, at_least, best, pinned

__all__ = ["run"]

_COUNT = 200
_ROUNDS = 60
_CLIENTS = 5_000
_MESSAGE = b"hello, each of you"


def run() -> list[Row]:
    return [*_sequential(), *_many()]


def _sequential() -> list[Row]:
    rows = []
    with pinned():
        for reference, what in ((_plain, "plain, non-blocking connect"), (_blocking, "plain, blocking")):
            ours, theirs = best(*alternate(_wasi, reference, _ROUNDS))
            rows.append(
                Row(
                    "connections",
                    "connect, accept, close, one after the other",
                    f"{1 / ours:,.0f}/s",
                    f"{1 / theirs:,.0f}/s {what}",
                    theirs / ours,
                    at_least(0.6),
                )
            )
    return rows


def _wasi() -> float:
    """Seconds for one connection through WASI calls."""
    guest = Guest()
    try:
        listener, address = guest.listener()
        call, drop, network = guest.host.call, guest.host.drop, guest.network
        start = perf_counter()
        for _ in range(_COUNT):
            client = call("create-tcp-socket", "ipv4").value
            need(call("tcp-socket.start-connect", client, network, address))
            client_rx, client_tx = call("tcp-socket.finish-connect", client).value
            server, server_rx, server_tx = call("tcp-socket.accept", listener).value
            for handle in (client_rx, client_tx, client, server_rx, server_tx, server):
                drop(handle)
        return (perf_counter() - start) / _COUNT
    finally:
        guest.close()


def _plain() -> float:
    """Seconds for one connection with non-blocking sockets, the result of the connect fetched."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        server.setblocking(False)
        address = server.getsockname()
        start = perf_counter()
        for _ in range(_COUNT):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(address)
            poll = select.poll()
            poll.register(client, select.POLLOUT)
            assert poll.poll(1_000)
            assert not client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            accepted, _ = server.accept()
            accepted.setblocking(False)
            client.close()
            accepted.close()
        return (perf_counter() - start) / _COUNT


def _blocking() -> float:
    """Seconds for one connection with blocking sockets."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        address = server.getsockname()
        start = perf_counter()
        for _ in range(_COUNT):
            client = socket.socket()
            client.connect(address)
            accepted, _ = server.accept()
            client.close()
            accepted.close()
        return (perf_counter() - start) / _COUNT


def _many() -> list[Row]:
    """Thousands of clients that all stay connected, each with one message and its echo."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients: list[socket.socket] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            ports = Path(folder, "port")
            command = [*WASINET, "--quiet", "tcp", "listen", "127.0.0.1:0", "--keep-open", "--echo"]
            with Running([*command, "--port-file", str(ports)]) as server:
                port = wait_for_port(ports)
                before = resident(server.pid)
                start = perf_counter()
                for _ in range(_CLIENTS):
                    client = socket.create_connection(("127.0.0.1", port), timeout=30)
                    client.sendall(_MESSAGE)
                    clients.append(client)
                served = sum(client.recv(1024) == _MESSAGE for client in clients)
                seconds = perf_counter() - start
                each = (resident(server.pid) - before) / _CLIENTS
                peak = server.peak()
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return [
        Row(
            "connections",
            f"{_CLIENTS:,} at once on tcp listen --keep-open --echo",
            f"{served:,} served in {seconds:.2f} s",
            f"{_CLIENTS:,} clients",
            served / _CLIENTS,
            at_least(1),
        ),
        Row(
            "connections",
            "memory of each of them (KiB)",
            f"{each / 1024:.1f} KiB",
            f"peak {peak / (1 << 20):.1f} MiB",
            each / 1024,
            REPORT,
        ),
    ]
