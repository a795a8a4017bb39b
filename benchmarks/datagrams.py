"""Datagrams: what ``udp recv`` loses and how fast ``udp send`` is, beside a plain Python loop and socat."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from time import monotonic, perf_counter, sleep

from benchmarks.commands import PYTHON, WASINET, Running, wait_for_port
from benchmarks.measure import REPORT, Bound, Row, alternate, at_least, at_most, typical

__all__ = ["run"]

_ROUNDS = 5
_DATA = b"x" * 64
_RECEIVED = 200_000
_RATES = (100_000, 200_000, 400_000, 0)
"""Datagrams a second; 0 is as fast as a plain Python loop sends."""
_BURST = 10
_SENT = 300_000

# With the receive buffer that udp recv asks for, so that only the loops differ.
_RECEIVE = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
sock.bind(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(sock.getsockname()[1], file=file)
with open(1, "wb", buffering=0) as out:
    while True:
        data, _ = sock.recvfrom(65536)
        out.write(data)
"""


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return [*(_loss(Path(folder), rate) for rate in _RATES), _sending(Path(folder))]


def _loss(folder: Path, rate: int) -> Row:
    what = f"loss at {rate:,}/s (points more)" if rate else "loss at full speed (points more)"
    bound: Bound = at_most(0.1) if rate else REPORT
    if not Path("/proc/net/udp").exists():
        return Row("datagrams", what, "", "no /proc/net/udp", None, bound)
    ports = folder / "port"
    wasinet = [*WASINET, "--quiet", "udp", "recv", "127.0.0.1:0", "--raw", "--port-file", str(ports)]
    plain = [PYTHON, "-c", _RECEIVE, str(ports)]
    ours, reference = typical(
        *alternate(lambda: _lost(wasinet, ports, rate), lambda: _lost(plain, ports, rate), _ROUNDS)
    )
    return Row("datagrams", what, f"{ours:.3f} %", f"{reference:.3f} % plain recvfrom", ours - reference, bound)


def _lost(command: list[str], ports: Path, rate: int) -> float:
    """How much of what is sent a receiver loses, in percent."""
    ports.unlink(missing_ok=True)
    with open(os.devnull, "wb") as sink, Running(command, stdout=sink) as receiver:
        port = wait_for_port(ports)
        _send(port, rate)
        queued, dropped = _queue(port)
        deadline = monotonic() + 10
        while queued and monotonic() < deadline:
            sleep(0.01)
            queued, dropped = _queue(port)
        if receiver.process.poll() is not None:
            raise RuntimeError(f"{command!r} ended with {receiver.process.returncode}")
    return 100 * dropped / _RECEIVED


def _send(port: int, rate: int) -> None:
    """Send in bursts of ten, so many a second."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        start = perf_counter()
        for number in range(0, _RECEIVED, _BURST):
            while rate and perf_counter() < start + number / rate:
                pass
            for _ in range(_BURST):
                sock.send(_DATA)


def _queue(port: int) -> tuple[int, int]:
    """What waits in the queue of the socket on a port, in bytes, and how many datagrams it has dropped."""
    for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}") and not int(fields[2].partition(":")[2], 16):
            return int(fields[4].partition(":")[2], 16), int(fields[-1])
    raise RuntimeError(f"no socket on port {port}")


def _sending(folder: Path) -> Row:
    what = f"udp send --count {_SENT:,}"
    if shutil.which("socat") is None:
        return Row("datagrams", what, "", "no socat", None, at_least(1))
    source = folder / "datagrams"
    source.write_bytes(_DATA * _SENT)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        # Nobody reads from it: once its queue is full, the kernel drops what both send.
        sink.bind(("127.0.0.1", 0))
        port = sink.getsockname()[1]
        wasinet = [*WASINET, "--quiet", "udp", "send", f"127.0.0.1:{port}", _DATA.decode(), "--count", str(_SENT)]
        socat = ["socat", "-u", f"-b{len(_DATA)}", f"OPEN:{source}", f"UDP:127.0.0.1:{port}"]
        ours, reference = typical(*alternate(lambda: _seconds(wasinet), lambda: _seconds(socat), _ROUNDS))
    shown = f"{_SENT / reference:,.0f}/s socat"
    return Row("datagrams", what, f"{_SENT / ours:,.0f}/s", shown, reference / ours, at_least(1))


def _seconds(command: list[str]) -> float:
    start = perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120, check=True)
    return perf_counter() - start
