"""``wasinet wit``: the declarations of a world."""

from __future__ import annotations

import typer

from wasinet.cli.output import results, write_json, write_line
from wasinet.cli.settings import Settings
from wasinet.wit import load

__all__ = ["command"]


def command(ctx: typer.Context) -> None:
    """Print all functions and types of the world as WIT text, or with --json as one JSON object.

    The object maps each package to its interfaces, and each interface to what it uses, its types
    and its functions. --world 0.2-command is what a program for wasi:cli/command is built against:
    0.2 and all else that it may import, and the function that it exports.
    """
    settings: Settings = ctx.obj
    world = load(settings.world)
    stream = results(settings)
    if settings.json:
        import json

        from wasinet.wit.facts import facts

        write_json(stream, json.dumps(facts(world), indent=2, ensure_ascii=False))
        return
    from wasinet.render.color import wants_color
    from wasinet.render.theme import Painter
    from wasinet.render.wit import colored_wit
    from wasinet.wit.text import wit_text

    text = wit_text(world).rstrip("\n")
    write_line(stream, colored_wit(text, Painter(wants_color(settings.color, stream))))
