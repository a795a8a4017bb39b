"""The table of live handles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wasinet.hosts import HandleInfo
from wasinet.render.table import Column, Table
from wasinet.render.units import show_seconds

__all__ = ["handles_table"]


# Below this width bytes, parents and ages are left out: addresses and states matter more.
_WIDE = 100


def handles_table(
    handles: Iterable[HandleInfo],
    names: Mapping[int, str] | None = None,
    *,
    width: int | None = None,
    state: str = "state",
) -> Table:
    """The live handles as a table.

    Args:
        handles: as ``Host.handles`` gives them.
        names: what a session calls them; the column is left out without it.
        width: the page's columns, None where that is no matter.
        state: what the host's states are, ``Host.state_word``.
    """
    wide = width is None or width >= _WIDE
    columns = [Column("handle", "handle", right=True), Column("type", "function")]
    if names is not None:
        columns.append(Column("name", "value"))
    columns += [Column(state, "state"), Column("local", "address"), Column("remote", "address")]
    if wide:
        columns += [
            Column("parent", "handle", right=True),
            Column("in", right=True),
            Column("out", right=True),
            Column("age", "muted", right=True),
        ]
    rows = []
    for info in handles:
        row = [f"#{info.handle}", info.type]
        if names is not None:
            row.append(names.get(info.handle, ""))
        row += [info.state, info.local, info.remote]
        if wide:
            row += [
                "" if info.parent is None else f"#{info.parent}",
                "" if info.received is None else str(info.received),
                "" if info.sent is None else str(info.sent),
                show_seconds(info.age),
            ]
        rows.append(row)
    return Table(columns, rows)
