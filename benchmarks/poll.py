"""``poll`` over growing lists, unchanged and changing, beside a ``select.poll`` that is rebuilt at each call."""

from __future__ import annotations

import random
import resource
import select
import socket
from collections.abc import Sequence
from itertools import cycle
from time import perf_counter

from benchmarks.guest import Guest, need
from benchmarks.measure import REPORT, Bound, Row, alternate, at_least, at_most, best, micro

__all__ = ["run"]

_SIZES = (1, 10, 100, 1_000, 10_000)
_LISTS = 20
_ROUNDS = 15
# About so many pollables are waited for in one measurement.
_WORK = 200_000


def run() -> list[Row]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # One tenth more than the longest list: what is replaced must come from somewhere.
    most = min(_SIZES[-1] * 11 // 10, (hard if hard != resource.RLIM_INFINITY else 1 << 20) - 100)
    guest = Guest()
    try:
        field = _Field(guest, most)
        rows = []
        for size in _SIZES:
            if size + size // 10 > most:
                rows.append(Row("poll", f"{size:,} pollables", "too few descriptors", "", None, REPORT))
                continue
            rows += _unchanged(field, size)
            rows += _changing(field, size)
        return rows
    finally:
        guest.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class _Field:
    """UDP sockets with a pollable each (and a second one), the first two with a datagram waiting."""

    def __init__(self, guest: Guest, count: int) -> None:
        self.call = guest.call
        self.fds: dict[int, int] = {}
        self.first: list[int] = []
        self.second: list[int] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for index in range(count + 1):
                handle = guest.bound("udp")
                rx, _ = need(guest.call("udp-socket.stream", handle, None))
                address = need(guest.call("udp-socket.local-address", handle))
                for pollables in (self.first, self.second):
                    pollable: int = guest.call("incoming-datagram-stream.subscribe", rx)
                    interest = guest.host.engine.table[pollable].interest()
                    assert isinstance(interest, tuple)
                    self.fds[pollable] = interest[0]
                    pollables.append(pollable)
                if index < 2:
                    sender.sendto(b"x", ("127.0.0.1", address.payload["port"]))
        assert guest.call("poll", self.first[:2]) == [0, 1]

    def ours(self, lists: Sequence[list[int]], calls: int) -> float:
        """Seconds per ``poll`` over these lists in turn."""
        call = self.call
        order = cycle(lists)
        for pollables in lists[:2]:
            assert call("poll", pollables)
        start = perf_counter()
        for _ in range(calls):
            call("poll", next(order))
        return (perf_counter() - start) / calls

    def rebuilt(self, lists: Sequence[list[int]], calls: int) -> float:
        """Seconds per ``select.poll`` built anew over the same descriptors."""
        order = cycle([[self.fds[pollable] for pollable in pollables] for pollables in lists])
        start = perf_counter()
        for _ in range(calls):
            poll = select.poll()
            for fd in next(order):
                poll.register(fd, select.POLLIN)
            assert poll.poll()
        return (perf_counter() - start) / calls


def _measure(field: _Field, lists: Sequence[list[int]], size: int) -> tuple[float, float]:
    calls = max(len(lists), 20, min(2_000, _WORK // size))
    ours, reference = alternate(lambda: field.ours(lists, calls), lambda: field.rebuilt(lists, calls), _ROUNDS)
    return best(ours, reference)


def _unchanged(field: _Field, size: int) -> list[Row]:
    ours, reference = _measure(field, [_with_ready(field.first[:1] + field.first[2 : size + 1])], size)
    bound = at_least(50) if size == _SIZES[-1] else REPORT
    shown = f"{micro(reference)} select.poll rebuilt"
    return [Row("poll", f"{size:,} pollables, unchanged (times faster)", micro(ours), shown, reference / ours, bound)]


def _changing(field: _Field, size: int) -> list[Row]:
    bound: Bound = at_most(4) if size <= 10 else at_most(1)
    few = max(1, size // 100)
    if size == 1:
        # Both are ready, or the call would never return.
        some, every = [field.first[:1], field.first[1:2]], [field.first[:1], field.second[:1]]
    else:
        base = field.first[:1] + field.first[2 : size + 1]
        some = _replacing(base, field.first[size + 1 : size + 1 + size // 10], few)
        every = [_with_ready(base), _with_ready(field.second[:1] + field.second[2 : size + 1])]
    rows = []
    for what, lists in ((f"{few:,} replaced at each call", some), ("all replaced at each call", every)):
        ours, reference = _measure(field, lists, size)
        shown = f"{micro(reference)} select.poll rebuilt"
        rows.append(Row("poll", f"{size:,} pollables, {what}", micro(ours), shown, ours / reference, bound))
    return rows


def _with_ready(pollables: list[int]) -> list[int]:
    """The ready one, which is the first, moved to the middle."""
    rest = pollables[1:]
    middle = len(rest) // 2
    return [*rest[:middle], pollables[0], *rest[middle:]]


def _replacing(base: list[int], spare: list[int], few: int) -> list[list[int]]:
    """Lists of which each differs from the one before in a few places, the first from the last, too."""
    chance = random.Random(1)
    now = _with_ready(base)
    places = [place for place, pollable in enumerate(now) if pollable != base[0]]
    spare = list(spare)
    lists = [list(now)]
    for _ in range(_LISTS):
        for place in chance.sample(places, few):
            spare.append(now[place])
            now[place] = spare.pop(0)
        lists.append(list(now))
    # Back again the same way.
    return lists + lists[-2:0:-1]
