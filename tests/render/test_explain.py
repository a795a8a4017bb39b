"""Explanations: what is found, and how it looks."""

from __future__ import annotations

import json
import re

import pytest

from tests.render.golden import check
from wasinet.render.explain import explanation_text
from wasinet.render.explanations import explanations, known_names
from wasinet.render.theme import Painter
from wasinet.wit import DEFAULT_WORLD, WORLD_NAMES, load

WORLD = load()


def pages(name: str, width: int, *, world: str = DEFAULT_WORLD, color: bool = False) -> str:
    return "\n\n".join(explanation_text(it, Painter(color), width) for it in explanations(load(world), name))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    "name", ["tcp-socket.start-connect", "udp-socket.stream", "start-bind", "connection-refused", "bound", "poll"]
)
def test_looks(name: str, width: int) -> None:
    check(f"explain-{name}-{width}", pages(name, width))


def test_colors() -> None:
    check("explain-accept-color-80", pages("accept", 80, color=True))


@pytest.mark.parametrize(
    "name",
    [
        "tcp-socket.start-connect",
        "start-connect",
        "tcp.tcp-socket.start-connect",
        "tcp.start-connect",
        "wasi:sockets/tcp#tcp-socket.start-connect",
        "wasi:sockets/tcp@0.2.12#[method]tcp-socket.start-connect",
        "tcp-socket.start-connect()",
    ],
)
def test_ways_to_name_a_function(name: str) -> None:
    (it,) = explanations(WORLD, name)
    assert (it["kind"], it["name"]) == ("function", "tcp-socket.start-connect")


@pytest.mark.parametrize(
    ("world", "name"), [(world, name) for world in WORLD_NAMES for name in known_names(load(world))]
)
def test_every_name_has_pages_that_fit(world: str, name: str) -> None:
    found = explanations(load(world), name)
    assert found
    json.dumps(found)
    for width in (40, 80, 120):
        text = pages(name, width, world=world)
        assert max(len(line) for line in text.splitlines() if " " in line.strip()) <= max(width, 60)
        assert re.sub(r"\x1b\[[0-9;]*m", "", pages(name, width, world=world, color=True)) == text


def test_unknown() -> None:
    assert explanations(WORLD, "nonsense") == []
    assert explanations(WORLD, "") == []


def test_every_error_has_advice() -> None:
    for key in WORLD.functions:
        (it,) = explanations(WORLD, key)
        if it["kind"] == "function":
            assert all(error["advice"] for error in it["errors"] if WORLD.code(error["code"]))
