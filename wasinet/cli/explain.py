"""``wasinet explain``: what a function, an error code or a state means."""

from __future__ import annotations

from typing import Annotated

import typer

from wasinet.cli.output import results, write_json, write_line
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.render.explanations import comparisons, explanations, known_names
from wasinet.wit import WORLD_NAMES, World, load

__all__ = ["command"]


def command(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(help="A function, an error code or a state: start-bind, would-block, listening.")
    ],
    compare: Annotated[
        bool, typer.Option("--compare", help="How each world does the same thing, side by side: tcp.connect.")
    ] = False,
) -> None:
    """Explain a function, an error code or a state from the specification's declarations.

    A function: signature, POSIX counterpart, the states that it needs and what it does to them, its
    errors with errnos and what to do about each, and our notes where the documents leave a choice.
    """
    settings: Settings = ctx.obj
    world = load(settings.world)
    found = comparisons(name) if compare else explanations(world, name)
    if compare and not found:
        raise BadValue(f"{name!r} is no function of {' or '.join(WORLD_NAMES)}{_near(world, name)}")
    if not found:
        raise BadValue(f"{name!r} is no function, error code or state of {world.name}{_near(world, name)}")
    stream = results(settings)
    if settings.json:
        from wasinet.render.jsonvalue import dump_line

        for explanation in found:
            write_json(stream, dump_line(explanation))
        return
    from wasinet.render.color import wants_color, width_of
    from wasinet.render.explain import explanation_text
    from wasinet.render.printable import Printable
    from wasinet.render.theme import Painter

    paint = Painter(wants_color(settings.color, stream))
    pages = [explanation_text(explanation, paint, width_of(stream)) for explanation in found]
    write_line(stream, Printable("\n\n").join(pages))


def _near(world: World, name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known_names(world), 3)
    return f"; did you mean {', '.join(near)}?" if near else "; see wasinet wit and wasinet states tcp"
