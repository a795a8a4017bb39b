"""``wasinet trace view``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from wasinet.cli.output import results, write_file, write_json, write_line
from wasinet.cli.params import WRITTEN
from wasinet.cli.settings import Settings
from wasinet.cli.trace_files import read_calls
from wasinet.render.tracefile import handles_of

__all__ = ["command"]


def command(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A trace file; - is standard input.")],
    html: Annotated[
        str | None,
        typer.Option(
            parser=WRITTEN, metavar="FILE", help="Write a page with the timeline instead; needs nothing beside it."
        ),
    ] = None,
) -> None:
    """Draw what --trace-file wrote as a timeline: a row for each handle, with its states and calls."""
    settings: Settings = ctx.obj
    calls = read_calls(file)
    handles = handles_of(calls)
    if html is not None:
        from wasinet.render.tracepage import trace_page

        title = "standard input" if file == "-" else os.path.basename(file)
        write_file(settings, html, trace_page(calls, handles, title))
        return
    if settings.json:
        from wasinet.render.jsonvalue import dump_line
        from wasinet.render.tracetables import timeline_json

        for one in handles:
            write_json(results(settings), dump_line(timeline_json(one)))
        return
    from wasinet.render.color import wants_color, width_of
    from wasinet.render.theme import Painter
    from wasinet.render.timeline import timeline_text

    stream = results(settings)
    write_line(stream, timeline_text(calls, handles, Painter(wants_color(settings.color, stream)), width_of(stream)))
