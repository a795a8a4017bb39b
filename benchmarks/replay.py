"""A transcript of 10,000 lines: reading it, running it, and comparing every outcome."""

from __future__ import annotations

import time

from benchmarks.measure import REPORT, Row, alternate, at_least, best
from wasinet.hosts.native import NativeHost
from wasinet.script.replay import replay
from wasinet.script.transcript import Transcript

__all__ = ["run"]

_LINES = 10_000
_ROUNDS = 5
_WANTED = 5_000.0
# One round of a socket's life: the calls and expectations that transcripts are made of.
_BLOCK = """\
> s = create-tcp-socket(ipv4)
< ok(_)
> s.set-keep-alive-idle-time(60s)
< ok
> s.start-bind(net, 127.0.0.1:0)
< ok
> s.finish-bind()
< ok | err(would-block)
> a = s.local-address()
< ok(127.0.0.1:_)
> s.receive-buffer-size()
< ok(_)
> s.accept()
< err(invalid-state)
> u = create-udp-socket(ipv4)
< ok(_)
> u.start-bind(net, a)
< ok
> drop(u)
> drop(s)
"""


def run() -> list[Row]:
    """The rows of this benchmark."""
    rounds = _LINES // _BLOCK.count("\n")
    text = _BLOCK * rounds
    lines = text.count("\n")

    def ours() -> float:
        start = time.perf_counter()
        report = replay(Transcript.parse(text))
        assert report.passed, report.diff()
        return time.perf_counter() - start

    def bare() -> float:
        start = time.perf_counter()
        _same_calls(rounds)
        return time.perf_counter() - start

    mine, theirs = best(*alternate(ours, bare, _ROUNDS))
    rate = lines / mine
    return [
        Row(
            "replay",
            f"{lines} lines",
            f"{rate:,.0f} lines/s",
            f"{_WANTED:,.0f} lines/s",
            rate / _WANTED,
            at_least(1),
        ),
        Row(
            "replay",
            f"the calls of {lines} lines",
            f"{mine * 1e3:.0f} ms",
            f"{theirs * 1e3:.0f} ms the same calls without text",
            mine / theirs,
            REPORT,
        ),
    ]


def _same_calls(rounds: int) -> None:
    host = NativeHost()
    try:
        call = host.call
        net = call("instance-network")
        loopback = _loopback()
        for _ in range(rounds):
            tcp = call("create-tcp-socket", "ipv4").value
            call("tcp-socket.set-keep-alive-idle-time", tcp, 60_000_000_000)
            call("tcp-socket.start-bind", tcp, net, loopback)
            call("tcp-socket.finish-bind", tcp)
            address = call("tcp-socket.local-address", tcp).value
            call("tcp-socket.receive-buffer-size", tcp)
            call("tcp-socket.accept", tcp)
            udp = call("create-udp-socket", "ipv4").value
            call("udp-socket.start-bind", udp, net, address)
            host.drop(udp)
            host.drop(tcp)
    finally:
        host.close()


def _loopback() -> object:
    from wasinet.wit.values import Case

    return Case("ipv4", {"port": 0, "address": (127, 0, 0, 1)})
