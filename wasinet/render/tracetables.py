"""What a trace file comes to: calls by function, handles, and where the time went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from wasinet.render.table import Cell, Column, Table
from wasinet.render.tracefile import Call, Handle
from wasinet.render.units import show_seconds
from wasinet.wit.data import Data

__all__ = ["FunctionCounts", "Times", "counts_of", "counts_table", "handles_json", "handles_table", "times_of"]

_BAD = frozenset({"error", "trap"})


class FunctionCounts(Data):
    """The calls of one function: how many, how many failed, and how long they took, in seconds."""

    function: str
    calls: int
    errors: int
    total: float
    p50: float
    p99: float


class Times(Data):
    """Where the time of a session went, in seconds.

    Args:
        whole: from the first call's beginning to the last one's end.
        blocked: in calls that may wait.
        working: in all other calls.
        outside: between calls: the guest's own.
    """

    whole: float
    blocked: float
    working: float
    outside: float


def counts_of(calls: Iterable[Call]) -> list[FunctionCounts]:
    """Functions by total time, the longest first."""
    times: dict[str, list[float]] = {}
    errors: dict[str, int] = {}
    for call in calls:
        times.setdefault(call.function, []).append(call.duration)
        errors[call.function] = errors.get(call.function, 0) + (call.kind in _BAD)
    found = []
    for function, durations in times.items():
        durations.sort()
        found.append(
            FunctionCounts(
                function,
                len(durations),
                errors[function],
                sum(durations),
                _quantile(durations, 0.5),
                _quantile(durations, 0.99),
            )
        )
    return sorted(found, key=lambda counts: -counts.total)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest that is at least as large as this share of all."""
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]


def times_of(calls: Sequence[Call]) -> Times:
    """Where the time went; calls of one session do not overlap."""
    if not calls:
        return Times(0.0, 0.0, 0.0, 0.0)
    whole = max(call.end for call in calls) - min(call.time for call in calls)
    blocked = sum(call.duration for call in calls if call.blocking)
    working = sum(call.duration for call in calls if not call.blocking)
    return Times(whole, blocked, working, max(whole - blocked - working, 0.0))


def counts_table(counts: Iterable[FunctionCounts]) -> Table:
    """The calls by function."""
    columns = [
        Column("function", "function"),
        *(Column(name, right=True) for name in ("calls", "errors", "total", "p50", "p99")),
    ]
    return Table(
        columns,
        [
            [
                one.function,
                str(one.calls),
                Cell(str(one.errors), "error" if one.errors else "muted"),
                *(show_seconds(seconds) for seconds in (one.total, one.p50, one.p99)),
            ]
            for one in counts
        ],
    )


def handles_table(handles: Iterable[Handle], end: float) -> Table:
    """The handles of a trace; ``end`` is when its last call came back."""
    columns = [
        Column("handle", "handle", right=True),
        Column("type", "function"),
        Column("last state", "state"),
        Column("calls", right=True),
        Column("in", right=True),
        Column("out", right=True),
        Column("lived", "muted", right=True),
        Column("end"),
    ]
    rows: list[list[str | Cell]] = []
    for handle in handles:
        gone = end if handle.gone is None else handle.gone
        rows.append(
            [
                f"#{handle.number}",
                handle.type,
                handle.state,
                str(len(handle.calls)),
                str(handle.received) if handle.type.startswith("in") else "",
                str(handle.sent) if handle.type.startswith("out") else "",
                show_seconds(max(gone - handle.born, 0.0)),
                Cell("leaked", "error") if handle.gone is None else Cell("dropped", "muted"),
            ]
        )
    return Table(columns, rows)


def timeline_json(handle: Handle) -> dict[str, Any]:
    """A handle's row of the timeline for programs: when it lived, its states and its calls."""
    return {
        "handle": handle.number,
        "type": handle.type,
        "born": round(handle.born, 6),
        "gone": None if handle.gone is None else round(handle.gone, 6),
        "states": [{"time": round(time, 6), "state": state} for time, state in handle.states],
        "calls": [
            {"time": call.time, "duration": call.duration, "function": call.function, "outcome": call.outcome}
            for call in handle.calls
        ],
    }


def handles_json(handles: Iterable[Handle], end: float) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "handle": handle.number,
            "type": handle.type,
            "state": handle.state,
            "calls": len(handle.calls),
            "in": handle.received,
            "out": handle.sent,
            "born": round(handle.born, 6),
            "lived": round(max((end if handle.gone is None else handle.gone) - handle.born, 0.0), 6),
            "leaked": handle.gone is None,
        }
        for handle in handles
    ]
