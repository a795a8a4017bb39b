"""The diagrams against the facts: read back, they have exactly the documented edges."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from tests.wit.documented import MACHINES, machine
from wasinet.wit import load
from wasinet.wit.diagram import as_json, dot, mermaid

Edge = tuple[str, str, str, frozenset[str]]
"""From, to, function, and the outcomes that take this edge."""

every_machine = pytest.mark.parametrize(("world", "resource"), MACHINES)


def documented_edges(world: str, resource: str) -> Counter[Edge]:
    spec = machine(world, resource)
    outcomes: dict[tuple[str, str, str], set[str]] = {}
    for state, function, outcome, target in spec["transitions"]:
        outcomes.setdefault((state, target, function), set()).add(outcome)
    edges = [(*ends, frozenset(taken)) for ends, taken in outcomes.items()]
    return Counter([("[*]", spec["initial"], f"create-{resource}", frozenset({"-"})), *edges])


def edge(source: str, target: str, label: str, spec: Any) -> Edge:
    """A label without outcomes stands for all that the function has in the state."""
    function, _, outcomes = label.partition(" → ")
    every = {row[2] for row in spec["transitions"] if row[:2] == [source, function]} or {"-"}
    return source, target, function, frozenset(outcomes.split(", ") if outcomes else every)


@every_machine
def test_mermaid_has_exactly_the_documented_edges(world: str, resource: str) -> None:
    spec = machine(world, resource)
    head, *lines = mermaid(load(world).machines[resource]).splitlines()
    assert head == "stateDiagram-v2"
    names: dict[str, str] = {}
    edges: list[Edge] = []
    for line in lines:
        if named := re.fullmatch(r' +state "([a-z-]+)" as ([a-z_]+)', line):
            names[named[2]] = named[1]
            continue
        arrow = re.fullmatch(r" +(\S+) --> (\w+): ([^:;]+)", line)
        assert arrow is not None, line
        edges.append(edge(names.get(arrow[1], arrow[1]), names.get(arrow[2], arrow[2]), arrow[3], spec))
    assert Counter(edges) == documented_edges(world, resource)


@every_machine
def test_dot_has_the_same_edges_and_every_state(world: str, resource: str) -> None:
    text = dot(load(world).machines[resource])
    found = re.findall(r'^ +"([a-z-]*)" -> "([a-z-]+)" \[label="([^"]+)"\];$', text, re.MULTILINE)
    edges = [edge(source or "[*]", target, label, machine(world, resource)) for source, target, label in found]
    assert Counter(edges) == documented_edges(world, resource)
    assert re.findall(r'^ +"([a-z-]+)";$', text, re.MULTILINE) == machine(world, resource)["states"]


@every_machine
def test_json_has_the_documented_rows(world: str, resource: str) -> None:
    found = json.loads(as_json(load(world).machines[resource]))
    for key in ("source", "initial", "states", "transitions", "wrong-state"):
        assert found[key] == machine(world, resource)[key]
    assert found["creation"] == f"create-{resource}"
    assert list(found["ready"]) == list(found["meanings"]) == found["states"]


def test_the_tcp_diagram_has_twenty_edges_and_the_creation() -> None:
    assert mermaid(load("0.2").machines["tcp-socket"]).count("-->") == 21
