"""``wasinet run``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from wasinet.cli.params import COUNT, SIZE
from wasinet.cli.session import Session
from wasinet.cli.values import BadValue
from wasinet.hosts.component import Component, NotRunnable
from wasinet.hosts.guest import GuestHost, Limits, world_of
from wasinet.wit import WORLD_NAMES

__all__ = ["CONTEXT", "command"]

# What stands behind the component is the guest's.
CONTEXT = {"allow_interspersed_args": False}

_MEMORY = 1 << 30


def command(
    ctx: typer.Context,
    component: Annotated[str, typer.Argument(help="A .wasm file, or WAT text.")],
    args: Annotated[list[str] | None, typer.Argument(help="The guest's own arguments.")] = None,
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME[=VALUE]", help="Give the guest a variable, NAME alone as it is here.")
    ] = None,
    max_memory: Annotated[
        int, typer.Option(parser=SIZE, metavar="SIZE", help="The most that a memory of the guest grows to; 1GiB by default.")
    ] = _MEMORY,
    fuel: Annotated[
        int | None, typer.Option(parser=COUNT, metavar="N", help="End the guest after about N instructions.")
    ] = None,
) -> int:
    """Run a WASI 0.2 COMPONENT, and answer its calls.

    Its network is the loopback; its standard streams are yours. The exit code is its own, or 3 where it trapped.
    """
    settings = ctx.obj
    try:
        loaded = Component(component, cache=_cache(), fuel=fuel is not None)
        settings.world = world_of(loaded)
        host = GuestHost(loaded, limits=Limits(max_memory, fuel))
    except NotRunnable as error:
        raise BadValue(str(error)) from None
    with Session(settings, host=host, worlds=WORLD_NAMES, many_files=True):
        return host.run()


def _cache() -> str | None:
    """Where compiled code is kept: below the user's cache folder."""
    from platformdirs import user_cache_dir

    folder = user_cache_dir("wasinet")
    return os.path.join(folder, "components") if os.path.isabs(folder) else None
