"""A getter through ``host.call`` beside the bare system call, and what a call record costs."""

from __future__ import annotations

import socket
from timeit import Timer

from benchmarks.guest import Guest
from benchmarks.measure import REPORT, Row, alternate, at_most, best, micro
from wasinet.hosts import CallRecord

__all__ = ["run"]

_CALLS = 20_000
_ROUNDS = 15


def run() -> list[Row]:
    guest = Guest()
    recorded = Guest()
    plain = socket.socket()
    try:
        return _rows(guest, recorded, plain)
    finally:
        plain.close()
        guest.close()
        recorded.close()


def _rows(guest: Guest, recorded: Guest, plain: socket.socket) -> list[Row]:
    handle = guest.bound("tcp")
    watched = recorded.bound("tcp")
    recorded.host.attach(_nobody)
    name = "tcp-socket.hop-limit"
    ours = Timer(lambda: guest.host.call(name, handle))
    bare = Timer(lambda: plain.getsockopt(socket.IPPROTO_IP, socket.IP_TTL))
    record = Timer(lambda: recorded.host.call(name, watched))
    empty = min(Timer(_nothing).repeat(_ROUNDS, _CALLS)) / _CALLS

    def cost(timer: Timer) -> float:
        # Without the loop's own call of a lambda, which both sides pay.
        return timer.timeit(_CALLS) / _CALLS - empty

    mine, theirs = best(*alternate(lambda: cost(ours), lambda: cost(bare), _ROUNDS))
    with_reader, without = best(*alternate(lambda: cost(record), lambda: cost(ours), _ROUNDS))
    return [
        Row("getter", "tcp-socket.hop-limit", micro(mine), f"{micro(theirs)} getsockopt", mine / theirs, at_most(6)),
        Row(
            "getter",
            "the same, a reader attached",
            micro(with_reader),
            f"{micro(without)} no reader, so no record",
            with_reader / without,
            REPORT,
        ),
    ]


def _nothing() -> None:
    """What the loop costs by itself."""


def _nobody(record: CallRecord) -> None:
    """A reader that does nothing with the record."""
