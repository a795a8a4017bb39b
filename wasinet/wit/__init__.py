"""The specification as data: value types, functions, error codes and state machines, each declared once.

The declarations of a world are imported when ``load`` asks for that world, not before.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from wasinet.wit.declare import Error, ErrorCode, Function, Interface, Note, Package, World
from wasinet.wit.machine import Machine, Row

__all__ = [
    "DECLARED_NAMES",
    "DEFAULT_WORLD",
    "WORLD_NAMES",
    "Error",
    "ErrorCode",
    "Function",
    "Interface",
    "Machine",
    "Note",
    "Package",
    "Row",
    "World",
    "load",
]

_MODULES = {"0.2": "wasinet.wit.v0_2", "draft": "wasinet.wit.draft"}
_GUEST_MODULES = {"0.2-command": "wasinet.wit.command"}

WORLD_NAMES = tuple(_MODULES)
DECLARED_NAMES = (*_MODULES, *_GUEST_MODULES)
"""Those that can be shown and explained; only a component can call the functions that the last has beside 0.2's."""
DEFAULT_WORLD = "0.2"


@cache
def load(name: str = DEFAULT_WORLD) -> World:
    """The world of this name.

    Raises:
        ValueError: no world has this name.
    """
    module = _MODULES.get(name) or _GUEST_MODULES.get(name)
    if module is None:
        raise ValueError(f"no world is named {name!r}; there is {', '.join(WORLD_NAMES)}")
    world = import_module(module).WORLD
    assert isinstance(world, World)
    return world
