"""A world's declarations as plain data: package, then interface, then what it uses, its types and functions."""

from __future__ import annotations

from typing import Any

from wasinet.wit.declare import Function, Interface, World
from wasinet.wit.types import Alias, Enum, Flags, Record, Resource, Type, Variant

__all__ = ["facts"]


def facts(world: World) -> dict[str, Any]:
    """The world in the shape that ``wasinet wit --json`` prints, made of dicts, lists and strings only."""
    return {
        package.name: {interface.name: _interface(interface) for interface in package.interfaces}
        for package in world.packages
    }


def _interface(interface: Interface) -> dict[str, Any]:
    return {
        "uses": [[source, list(names)] for source, names in interface.uses],
        "types": {name: _definition(type_) for name, type_ in interface.types.items()},
        "functions": {function.name: _function(function) for function in interface.functions},
    }


def _function(function: Function) -> dict[str, Any]:
    return {
        "kind": "func",
        "params": [[name, str(type_)] for name, type_ in function.params],
        "result": _reference(function.result),
    }


def _definition(type_: Type) -> dict[str, Any]:
    match type_:
        case Resource():
            return {"resource": True}
        case Alias():
            return {"alias": str(type_.target)}
        case Record():
            return {"record": [[name, str(field)] for name, field in type_.fields]}
        case Variant():
            return {"variant": [[name, _reference(payload)] for name, payload in type_.cases]}
        case Enum():
            return {"enum": list(type_.cases)}
        case Flags():
            return {"flags": list(type_.flags)}
        case _:
            raise TypeError(f"{type_} has no definition of its own")


def _reference(type_: Type | None) -> str | None:
    return None if type_ is None else str(type_)
