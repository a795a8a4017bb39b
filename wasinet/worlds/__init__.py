"""Worlds: the names and shapes of one generation of the API over the engine; no socket logic."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

from wasinet.engine.engine import Engine, Operation
from wasinet.wit.declare import World

__all__ = ["Binding", "load"]

_MODULES = {
    "0.2": "wasinet.worlds.v0_2",
    "0.2-command": "wasinet.worlds.command",
    "draft": "wasinet.worlds.draft",
}


class Binding(Protocol):
    """What a world's module has.

    Attributes:
        WORLD: the declarations.
        STREAMS_ARE_CHILDREN: a socket may not be dropped before its streams.
    """

    WORLD: World
    STREAMS_ARE_CHILDREN: bool

    def operations(self, engine: Engine) -> dict[str, Operation]:
        """Every function of the world, bound to an engine, by the world's key."""
        ...


def load(name: str) -> Binding:
    """The binding of the world of this name. Raises KeyError for one that is not bound."""
    binding: Binding = import_module(_MODULES[name])
    return binding
