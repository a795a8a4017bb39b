from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wasinet.wit import Interface, Package, World, load
from wasinet.wit.facts import facts
from wasinet.wit.types import U8, U32, Alias, Flags, Resource, Type

DATA = Path(__file__).parent.parent / "data"

NOT_DECLARED_YET = {"wasi:clocks@0.2.12": ("wall-clock", "timezone")}


def documented() -> Any:
    packages = json.loads((DATA / "0.2.json").read_text(encoding="utf-8"))
    for package, interfaces in NOT_DECLARED_YET.items():
        for interface in interfaces:
            del packages[package][interface]
    return packages


def test_the_declarations_of_0_2_are_the_documented_ones() -> None:
    assert facts(load("0.2")) == documented()


def test_the_order_is_the_documented_one() -> None:
    assert json.dumps(facts(load("0.2"))) == json.dumps(documented())


def test_flags_and_handles_written_as_integers() -> None:
    types: dict[str, Type] = {
        "tcp-socket": Alias("tcp-socket", U32, handle=Resource("tcp-socket")),
        "modes": Flags("modes", ("a", "b")),
    }
    world = World("draft", (Package("draft", (Interface("tcp", types),)),), {}, ())
    assert facts(world) == {
        "draft": {
            "tcp": {
                "uses": [],
                "types": {"tcp-socket": {"alias": "u32"}, "modes": {"flags": ["a", "b"]}},
                "functions": {},
            }
        }
    }


def test_a_type_without_a_definition_is_refused() -> None:
    world = World("x", (Package("x", (Interface("y", {"z": U8}),)),), {}, ())
    with pytest.raises(TypeError, match="u8"):
        facts(world)
