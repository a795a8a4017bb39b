"""Gigabytes from a file through ``tcp connect`` into ``tcp listen``, beside socat and a plain Python loop."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import IO, NamedTuple

from benchmarks.commands import PYTHON, WASINET, Running, free_port, wait_for_port
from benchmarks.measure import REPORT, Row, alternate, at_least, at_most, typical

__all__ = ["run"]

_ROUNDS = 5
_MEMORY = 64 * (1 << 20)

# One reused buffer of 128 KiB on both sides.
_LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", file=sys.stderr, flush=True)
sock, _ = server.accept()
buffer = memoryview(bytearray(128 * 1024))
if sys.argv[2] == "discard":
    while sock.recv_into(buffer):
        pass
else:
    with open(1, "wb", buffering=0) as out:
        while got := sock.recv_into(buffer):
            out.write(buffer[:got])
"""
_CONNECT = """
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
buffer = memoryview(bytearray(128 * 1024))
with open(0, "rb", buffering=0) as source:
    while got := source.readinto(buffer):
        sock.sendall(buffer[:got])
"""


class _Took(NamedTuple):
    """A run: seconds, and the peak memory of the sender and of the receiver."""

    seconds: float
    sender: int
    receiver: int


Way = Callable[[Path, bool], _Took]
"""Moves a file; the flag says whether the receiver throws away what it gets or writes it to /dev/null."""


def run(size: int) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        with source.open("wb") as file:
            file.truncate(size)
        _warm(source)
        for discard, sink in ((True, "--discard"), (False, "> /dev/null")):
            for way, name, limit in ((_socat, "socat -b65536", 1.3), (_plain, "plain loop, 128 KiB", 0.85)):
                what = f"{size / (1 << 30):g} GiB into tcp listen {sink}"
                if way is _socat and shutil.which("socat") is None:
                    rows.append(Row("bulk", what, "", "no socat", None, at_least(limit)))
                    continue
                rows += _compare(what, source, discard, way, name, limit)
    return rows


def _compare(what: str, source: Path, discard: bool, way: Way, name: str, limit: float) -> list[Row]:
    size = source.stat().st_size
    peaks: list[int] = []

    def ours() -> float:
        took = _wasinet(source, discard)
        peaks.extend((took.sender, took.receiver))
        return took.seconds

    mine, theirs = typical(*alternate(ours, lambda: way(source, discard).seconds, _ROUNDS))
    shown = f"{_rate(size, theirs)} {name}"
    rows = [Row("bulk", what, _rate(size, mine), shown, theirs / mine, at_least(limit))]
    if way is not _socat:
        peak = max(peaks)
        at = f"{_MEMORY >> 20} MiB"
        bound = at_most(1) if peak else REPORT
        memory = f"peak memory of a process, {what}"
        rows.append(Row("bulk", memory, f"{peak / (1 << 20):.1f} MiB", at, peak / _MEMORY, bound))
    return rows


def _rate(size: int, seconds: float) -> str:
    return f"{size / seconds / (1 << 30):.2f} GiB/s"


def _warm(source: Path) -> None:
    """Have the whole file in the page cache."""
    buffer = bytearray(1 << 20)
    with source.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def _wasinet(source: Path, discard: bool) -> _Took:
    ports = source.with_name("port")
    ports.unlink(missing_ok=True)
    listen = [*WASINET, "--quiet", "tcp", "listen", "127.0.0.1:0", "--port-file", str(ports)]
    with _sink() as sink, Running([*listen, "--discard"] if discard else listen, stdout=sink) as receiver:
        port = wait_for_port(ports)
        return _send([*WASINET, "--quiet", "tcp", "connect", f"127.0.0.1:{port}"], source, receiver)


def _socat(source: Path, discard: bool) -> _Took:
    # socat has no way to throw away but /dev/null, which takes no time.
    port = free_port()
    command = ["socat", "-d", "-d", "-u", "-b65536", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr", "STDOUT"]
    with _sink() as sink, Running(command, stdout=sink, stderr=subprocess.PIPE) as receiver:
        _wait_for(receiver, "listening")
        return _send(["socat", "-u", "-b65536", "STDIN", f"TCP:127.0.0.1:{port}"], source, receiver)


def _plain(source: Path, discard: bool) -> _Took:
    port = free_port()
    command = [PYTHON, "-c", _LISTEN, str(port), "discard" if discard else "output"]
    with _sink() as sink, Running(command, stdout=sink, stderr=subprocess.PIPE) as receiver:
        _wait_for(receiver, "ready")
        return _send([PYTHON, "-c", _CONNECT, str(port)], source, receiver)


def _sink() -> IO[bytes]:
    return open(os.devnull, "wb")  # the caller closes it


def _wait_for(process: Running, word: str) -> None:
    """Read the process's messages up to the one that it listens."""
    messages = process.process.stderr
    assert messages is not None
    for line in messages:
        if re.search(word.encode(), line):
            return
    raise RuntimeError(f"{process.process.args!r} does not listen")


def _send(command: list[str], source: Path, receiver: Running) -> _Took:
    start = perf_counter()
    with source.open("rb") as file, Running(command, stdin=file) as sender:
        sender.finish()
        receiver.finish()
        return _Took(perf_counter() - start, sender.peak(), receiver.peak())
