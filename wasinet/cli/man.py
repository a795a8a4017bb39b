"""``wasinet man``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from wasinet.cli.foreground import NOT_FOUND, in_front, program_of
from wasinet.cli.output import results, write_line
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue

__all__ = ["command"]


def command(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="A command, or transcript, trace, states.7, wave; without, all."),
    ] = None,
    mdoc: Annotated[bool, typer.Option("--mdoc", help="The page's source, for man -l - and mandoc.")] = False,
) -> None:
    """Show the manual page of a command, whether or not the pages are installed.

    On a terminal the page goes through $MANPAGER, $PAGER or less.
    """
    from wasinet.cli.describe import program
    from wasinet.reference.pages import all_pages, find_page
    from wasinet.render.color import is_terminal, wants_color, width_of
    from wasinet.render.printable import Printable
    from wasinet.render.theme import Painter

    settings: Settings = ctx.obj
    facts = program()
    page = find_page(facts, tuple(words or ()))
    if page is None:
        from difflib import get_close_matches

        name = "wasinet-" + "-".join(words or ())
        near = get_close_matches(name, [one.name for one in all_pages(facts)], 1)
        asked = " ".join(words or ())
        raise BadValue(
            f"there is no page for {asked!r}; "
            + (f"did you mean {near[0].removeprefix('wasinet-')}?" if near else "see wasinet man")
        )
    stream = results(settings)
    if mdoc:
        from wasinet.reference.mdoc import mdoc as source

        write_line(stream, Printable(source(page).rstrip("\n")))
        return
    from wasinet.reference.text import plain

    text = Printable(plain(page, Painter(wants_color(settings.color, stream)), width_of(stream)))
    if not (is_terminal(stream) and _paged(text)):
        write_line(stream, text)


def _paged(text: str) -> bool:
    """Whether a pager showed it."""
    pager = program_of(("MANPAGER", "PAGER"), "less")
    # As git does: colours pass, and what fits on the screen needs no key to leave.
    environment = {"LESS": "FRX", **os.environ}
    return in_front(pager, text=f"{text}\n", env=environment) != NOT_FOUND
