"""What the benchmarks share: rows of the table, bounds, alternation, and pinning to a processor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

__all__ = ["REPORT", "Bound", "Row", "alternate", "at_least", "at_most", "best", "micro", "pinned", "table", "typical"]


class Bound(NamedTuple):
    """What a ratio is held to; ``REPORT`` holds it to nothing."""

    sign: str
    limit: float

    def holds(self, ratio: float) -> bool | None:
        if not self.sign:
            return None
        return ratio <= self.limit if self.sign == "≤" else ratio >= self.limit

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g}" if self.sign else "-"


REPORT = Bound("", 0.0)


def at_most(limit: float) -> Bound:
    return Bound("≤", limit)


def at_least(limit: float) -> Bound:
    return Bound("≥", limit)


class Row(NamedTuple):
    """One line of the table.

    Args:
        name: of the benchmark.
        what: was measured.
        ours: how wasinet did, with its unit.
        reference: how the reference did, and what it is.
        ratio: what the bound is about; None where nothing could be measured.
        bound: what it is held to.
    """

    name: str
    what: str
    ours: str
    reference: str
    ratio: float | None
    bound: Bound

    def cells(self) -> tuple[str, ...]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}" if self.ratio < 100 else f"{self.ratio:.0f}"
        holds = None if self.ratio is None else self.bound.holds(self.ratio)
        verdict = "" if holds is None else "holds" if holds else "DOES NOT HOLD"
        return (self.name, self.what, self.ours, self.reference, ratio, str(self.bound), verdict)


Measure = Callable[[], float]


def alternate(ours: Measure, reference: Measure, times: int) -> tuple[list[float], list[float]]:
    """Measure both in turn, so that what else the machine does meets both alike.

    Who goes first changes from round to round.
    """
    results: tuple[list[float], list[float]] = ([], [])
    for turn in range(times):
        for side in (0, 1) if turn % 2 == 0 else (1, 0):
            results[side].append((ours, reference)[side]())
    return results


def best(ours: Sequence[float], reference: Sequence[float]) -> tuple[float, float]:
    """The medians of the least disturbed quarter of the rounds; for times of many short rounds.

    A round counts with both of its measurements: a quiet moment that only one of them met says nothing
    about their ratio.
    """
    fastest = min(ours), min(reference)
    rounds = sorted(zip(ours, reference, strict=True), key=lambda pair: pair[0] / fastest[0] + pair[1] / fastest[1])
    quiet = rounds[: -(-len(rounds) // 4)]
    return median(pair[0] for pair in quiet), median(pair[1] for pair in quiet)


def typical(ours: Sequence[float], reference: Sequence[float]) -> tuple[float, float]:
    """The medians; for rounds that are few and long."""
    return median(ours), median(reference)


def micro(seconds: float) -> str:
    """A time in microseconds."""
    value = seconds * 1e6
    return f"{value:.2f} µs" if value < 100 else f"{value:,.0f} µs"


@contextmanager
def pinned() -> Iterator[None]:
    """Run on one processor, the last, together with all processes started meanwhile."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


_HEAD = ("name", "what", "wasinet", "reference", "ratio", "bound", "verdict")


def table(rows: Sequence[Row]) -> str:
    """All rows as aligned lines."""
    lines = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
