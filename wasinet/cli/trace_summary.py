"""``wasinet trace summary``."""

from __future__ import annotations

from typing import Annotated

import typer

from wasinet.cli.output import results, write_json, write_line
from wasinet.cli.settings import Settings
from wasinet.cli.trace_files import read_calls
from wasinet.render.tracefile import handles_of
from wasinet.render.tracetables import counts_of, counts_table, handles_json, handles_table, times_of
from wasinet.render.units import show_seconds
from wasinet.wit.english import counted

__all__ = ["command"]


def command(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A trace file; - is standard input.")],
) -> None:
    """Sum up what --trace-file wrote: calls by function, handles, and where the time went."""
    settings: Settings = ctx.obj
    calls = read_calls(file)
    counts, handles, times = counts_of(calls), handles_of(calls), times_of(calls)
    end = max((call.end for call in calls), default=0.0)
    stream = results(settings)
    if settings.json:
        from wasinet.render.jsonvalue import dump_line

        functions = [
            {
                "function": one.function,
                "calls": one.calls,
                "errors": one.errors,
                **{name: round(getattr(one, name), 9) for name in ("total", "p50", "p99")},
            }
            for one in counts
        ]
        spent = {name: round(getattr(times, name), 9) for name in ("whole", "blocked", "working", "outside")}
        write_json(
            stream,
            dump_line({"functions": functions, "handles": handles_json(handles, end), "times": spent}),
        )
        return
    from wasinet.render.color import is_terminal, wants_color, width_of
    from wasinet.render.table import table_text

    color, drawn, width = wants_color(settings.color, stream), is_terminal(stream), width_of(stream)
    for table in (counts_table(counts), handles_table(handles, end)):
        write_line(stream, table_text(table, drawn=drawn, color=color, width=width))
        write_line(stream, "")
    leaked = sum(handle.gone is None for handle in handles)
    write_line(
        stream,
        f"{counted(len(calls), 'call')} in {show_seconds(times.whole)}: "
        f"{show_seconds(times.blocked)} in calls that may wait, "
        f"{show_seconds(times.working)} in others, {show_seconds(times.outside)} between them",
    )
    write_line(stream, f"{counted(len(handles), 'handle')}, {leaked} never dropped")
