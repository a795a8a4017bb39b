"""``wasinet states``: the state machines of sockets."""

from __future__ import annotations

from typing import Annotated

import typer

from wasinet.cli.output import results, write_json, write_line
from wasinet.cli.params import checked
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.wit import load

__all__ = ["command"]

_FORMATS = ("table", "mermaid", "dot", "json")


def _format(text: str) -> str:
    if text not in _FORMATS:
        raise BadValue(f"{text!r} is no format; choose {', '.join(_FORMATS)}")
    return text


def _resource(text: str) -> str:
    name = text.removesuffix("-socket")
    if name not in ("tcp", "udp"):
        raise BadValue(f"{text!r} has no state machine; choose tcp or udp")
    return f"{name}-socket"


def command(
    ctx: typer.Context,
    resource: Annotated[str, typer.Argument(parser=checked(_resource, "tcp|udp"), metavar="tcp|udp", help="Whose.")],
    form: Annotated[
        str, typer.Option("--format", parser=checked(_format, "FORMAT"), metavar="|".join(_FORMATS), help="As what.")
    ] = "table",
) -> None:
    """Show the state machine of TCP or UDP sockets: which call is legal where, and where it leads."""
    settings: Settings = ctx.obj
    machine = load(settings.world).machines[resource]
    stream = results(settings)
    if settings.json or form == "json":
        from wasinet.wit.diagram import as_json

        write_json(stream, as_json(machine).rstrip("\n"))
    elif form == "table":
        from wasinet.render.color import is_terminal, wants_color, width_of
        from wasinet.render.states import machine_text

        color = wants_color(settings.color, stream)
        write_line(stream, machine_text(machine, drawn=is_terminal(stream), color=color, width=width_of(stream)))
    else:
        from wasinet.render.printable import lines
        from wasinet.wit import diagram

        text = diagram.mermaid(machine) if form == "mermaid" else diagram.dot(machine)
        write_line(stream, lines(text.rstrip("\n").split("\n")))
