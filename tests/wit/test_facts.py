from __future__ import annotations

import json

import pytest

from tests.wit.documented import interfaces
from wasinet.wit import WORLD_NAMES, Interface, Package, World, load
from wasinet.wit.facts import facts
from wasinet.wit.types import U8, U32, Alias, Flags, Resource, Type


@pytest.mark.parametrize("name", WORLD_NAMES)
def test_the_declarations_are_the_documented_ones(name: str) -> None:
    assert facts(load(name)) == interfaces(name)


@pytest.mark.parametrize("name", WORLD_NAMES)
def test_the_order_is_the_documented_one(name: str) -> None:
    assert json.dumps(facts(load(name))) == json.dumps(interfaces(name))


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
