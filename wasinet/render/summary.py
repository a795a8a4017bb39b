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
        self._counts: dict[str, _Count] = {}

    def __call__(self, record: CallRecord) -> None:
        counts = self._counts.get(record.function.name)
        if counts is None:
            counts = self._counts[record.function.name] = _Count()
        counts.calls += 1
        counts.errors += record.failed
        counts.seconds += record.duration

    def finish(self) -> None:
        self._show(self.table())

    def table(self) -> Table:
        """Functions by total time, the longest first, and a line for all of them."""
        ordered = sorted(self._counts.items(), key=lambda item: -item[1].seconds)
        total = _Count()
        for counts in self._counts.values():
            total.calls += counts.calls
            total.errors += counts.errors
            total.seconds += counts.seconds
        rows = [_row(Cell(name), counts) for name, counts in ordered]
        return Table(_COLUMNS, [*rows, _row(Cell("total", "heading"), total)])


class _Count:
    """The calls of one function."""

    __slots__ = ("calls", "errors", "seconds")

    def __init__(self) -> None:
        self.calls = 0
        self.errors = 0
        self.seconds = 0.0


def _row(name: Cell, counts: _Count) -> list[str | Cell]:
    mean = show_seconds(counts.seconds / counts.calls) if counts.calls else ""
    errors = Cell(str(counts.errors), "error" if counts.errors else "muted")
    return [name, str(counts.calls), errors, show_seconds(counts.seconds), mean]
