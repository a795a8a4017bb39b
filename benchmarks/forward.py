"""Gigabytes from one socket to another through the old world's ``forward``, beside socat relaying the same."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from time import perf_counter
from typing import NamedTuple

from benchmarks.commands import PYTHON, Running, free_port
from benchmarks.measure import REPORT, Row, alternate, at_least, at_most, typical

__all__ = ["run"]

_ROUNDS = 5
_MEMORY = 64 * (1 << 20)
_PIECE = 1 << 17
_LOOK = 16 * (1 << 20)

# Says its port, takes one client, connects it to the port in the argument, and forwards until the end.
_RELAY = """
import sys
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Case
host = NativeHost(world="draft")
call = host.call
net = call("instance-network")
at = lambda port: Case("ipv4", {"port": port, "address": (127, 0, 0, 1)})
server = call("create-tcp-socket", "ipv4").value
call("tcp.bind", server, net, at(0))
call("listen", server, net)
print(call("tcp.local-address", server).value.payload["port"], file=sys.stderr, flush=True)
_, source, _ = call("accept", server).value
sink = call("create-tcp-socket", "ipv4").value
_, out = call("tcp.connect", sink, net, at(int(sys.argv[1]))).value
moved = call("forward", out, source).value
call("shutdown", sink, "send")
assert moved == int(sys.argv[2]), moved
host.close(10)
"""


class _Took(NamedTuple):
    seconds: float
    peak: int


def run(size: int) -> list[Row]:
    what = f"{size / (1 << 30):g} GiB from socket to socket"
    if shutil.which("socat") is None:
        return [Row("forward", what, "", "no socat", None, at_least(1.0))]
    peaks: list[int] = []

    def ours() -> float:
        took = _wasinet(size)
        peaks.append(took.peak)
        return took.seconds

    mine, theirs = typical(*alternate(ours, lambda: _socat(size).seconds, _ROUNDS))
    small = _wasinet(size >> 6).peak
    peak = max(peaks)
    return [
        Row("forward", what, _rate(size, mine), f"{_rate(size, theirs)} socat -b65536", theirs / mine, at_least(1.0)),
        Row(
            "forward",
            "peak memory of the relay, beside that for a 64th of the bytes",
            f"{peak / (1 << 20):.1f} MiB",
            f"{small / (1 << 20):.1f} MiB",
            peak / small if small else None,
            at_most(1.1) if peak else REPORT,
        ),
        Row(
            "forward",
            "peak memory of the relay",
            f"{peak / (1 << 20):.1f} MiB",
            f"{_MEMORY >> 20} MiB",
            peak / _MEMORY,
            at_most(1) if peak else REPORT,
        ),
    ]


def _rate(size: int, seconds: float) -> str:
    return f"{size / seconds / (1 << 30):.2f} GiB/s"


def _wasinet(size: int) -> _Took:
    with socket.create_server(("127.0.0.1", 0)) as sink:
        command = [PYTHON, "-c", _RELAY, str(sink.getsockname()[1]), str(size)]
        with Running(command, stderr=subprocess.PIPE) as relay:
            messages = relay.process.stderr
            assert messages is not None
            return _move(size, relay, int(messages.readline()), sink)


def _socat(size: int) -> _Took:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as sink:
        target = f"TCP:127.0.0.1:{sink.getsockname()[1]}"
        command = ["socat", "-d", "-d", "-u", "-b65536", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr", target]
        with Running(command, stderr=subprocess.PIPE) as relay:
            messages = relay.process.stderr
            assert messages is not None
            for line in messages:
                if b"listening" in line:
                    break
            return _move(size, relay, port, sink)


def _move(size: int, relay: Running, port: int, sink: socket.socket) -> _Took:
    """Send into the relay on a thread, and receive what it sends on."""
    received = looked = 0
    start = perf_counter()
    sender = threading.Thread(target=_feed, args=(port, size))
    sender.start()
    target, _ = sink.accept()
    buffer = memoryview(bytearray(_PIECE))
    with target:
        while got := target.recv_into(buffer):
            received += got
            if received - looked >= _LOOK:
                looked = received
                relay.peak()
    sender.join()
    relay.finish()
    took = perf_counter() - start
    if received != size:
        raise RuntimeError(f"{received} of {size} bytes came out of the relay")
    return _Took(took, relay.peak())


def _feed(port: int, size: int) -> None:
    piece = memoryview(bytes(_PIECE))
    with socket.create_connection(("127.0.0.1", port)) as client:
        left = size
        while left:
            client.sendall(piece[: min(left, _PIECE)])
            left -= min(left, _PIECE)
