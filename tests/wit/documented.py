"""What each world is documented to be: read from the facts, never from the declarations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.wit.draft_states import DRAFT

__all__ = ["MACHINES", "interfaces", "machine", "read"]

DATA = Path(__file__).parent.parent / "data"

_NOT_DECLARED_YET = {"0.2": {"wasi:clocks@0.2.12": ("wall-clock", "timezone")}}

MACHINES = [(world, resource) for world in ("0.2", "draft") for resource in ("tcp-socket", "udp-socket")]


def read(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def interfaces(world: str) -> Any:
    """Package, then interface: what the world declares."""
    packages = read(f"{world}.json")
    for package, names in _NOT_DECLARED_YET.get(world, {}).items():
        for name in names:
            del packages[package][name]
    return packages


def machine(world: str, resource: str) -> Any:
    """States, transitions, refusals and readiness of one resource."""
    if world == "draft":
        return DRAFT[resource]
    return read(f"{resource.removesuffix('-socket')}-states.json")[world]
