"""What ``--trace-summary`` shows: counts, errors and times per function."""

from __future__ import annotations

from collections.abc import Callable

from wasinet.engine.records import CallRecord
from wasinet.render.table import Cell, Column, Table
from wasinet.render.units import show_seconds

__all__ = ["Summary"]

_COLUMNS = (
    Column("function", "function"),
    Column("calls", right=True),
    Column("errors", right=True),
    Column("total", right=True),
    Column("mean", right=True),
)


class Summary:
    """A reader that counts, and shows its table at the end.

    Args:
        show: takes the table; called once, also when nothing was called.
    """

    def __init__(self, show: Callable[[Table], None]) -> None:
        self._show = show
        # Per function: calls, errors, seconds.
        self._counts: dict[str, list[float]] = {}

    def __call__(self, record: CallRecord) -> None:
        counts = self._counts.setdefault(record.function.name, [0, 0, 0.0])
        counts[0] += 1
        counts[1] += record.failed
        counts[2] += record.duration

    def finish(self) -> None:
        self._show(self.table())

    def table(self) -> Table:
        """Functions by total time, the longest first, and a line for all of them."""
        ordered = sorted(self._counts.items(), key=lambda item: -item[1][2])
        rows = [_row(name, *counts) for name, counts in ordered]
        totals = [sum(counts[index] for counts in self._counts.values()) for index in range(3)]
        return Table(_COLUMNS, [*rows, _row("total", *totals, role="heading")])


def _row(name: str, calls: float, errors: float, seconds: float, role: str = "") -> list[str | Cell]:
    mean = show_seconds(seconds / calls) if calls else ""
    failed = Cell(f"{errors:.0f}", "error" if errors else "muted")
    return [Cell(name, role), f"{calls:.0f}", failed, show_seconds(seconds), mean]
