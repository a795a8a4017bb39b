"""``wasinet man``: the pages that are shipped with the package."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from wasinet.cli.foreground import NOT_FOUND, in_front, program_of
from wasinet.cli.output import results, write_line
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.render.printable import Printable

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["command", "find_page", "shipped_pages"]


def command(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="A command, or transcript, trace.5, states.7, wave; without, all."),
    ] = None,
    mdoc: Annotated[bool, typer.Option("--mdoc", help="The page's source, for man -l - and mandoc.")] = False,
) -> None:
    """Show the manual page of a command, whether or not the pages are installed.

    On a terminal the page goes through $MANPAGER, $PAGER or less.
    """
    settings: Settings = ctx.obj
    stream = results(settings)
    source = find_page(tuple(words or ())).read_text("utf-8").rstrip("\n")
    if mdoc:
        write_line(stream, Printable(source))
        return
    from wasinet.render.color import is_terminal, wants_color, width_of
    from wasinet.render.manual import manual_text
    from wasinet.render.theme import Painter

    text = manual_text(source, Painter(wants_color(settings.color, stream)), width_of(stream))
    if not (is_terminal(stream) and _paged(text)):
        write_line(stream, text)


def shipped_pages() -> list[Traversable]:
    """The files of the pages, ``wasinet-states.7``, in the manual's order: first is the program's."""
    from importlib.resources import files

    pages = [page for folder in files("wasinet").joinpath("share/man").iterdir() for page in folder.iterdir()]
    return sorted(pages, key=lambda page: page.name.rpartition(".")[::-1])


def find_page(words: tuple[str, ...]) -> Traversable:
    """The page of a command, ``("tcp", "listen")``, of a topic, ``("wave",)``, or of a page's own name.

    No word at all is the program's page, and a group's word the group's. ``wasinet-states`` and ``states.7`` are
    accepted, too; without a number a command or group goes before a topic.

    Raises:
        BadValue: there is none.
    """
    pages = shipped_pages()
    name = "-".join(words).removeprefix("wasinet").lstrip("-")
    stem, dot, number = name.rpartition(".")
    if not (dot and number.isdigit()):
        stem, number = name, ""
    wanted = f"wasinet-{stem}" if stem else "wasinet"
    for page in pages:
        if page.name == f"{wanted}.{number}" or (not number and page.name.rpartition(".")[0] == wanted):
            return page
    from difflib import get_close_matches

    names = dict.fromkeys(page.name.rpartition(".")[0].removeprefix("wasinet-") for page in pages)
    near = get_close_matches(stem, names, 1)
    asked = " ".join(words)
    raise BadValue(f"there is no page for {asked!r}; " + (f"did you mean {near[0]}?" if near else "see wasinet man"))


def _paged(text: str) -> bool:
    """Whether a pager showed it."""
    pager = program_of(("MANPAGER", "PAGER"), "less")
    # As git does: colours pass, and what fits on the screen needs no key to leave.
    environment = {"LESS": "FRX", **os.environ}
    return in_front(pager, text=f"{text}\n", env=environment) != NOT_FOUND
