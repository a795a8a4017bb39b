"""The diagrams against the facts: read back, they have exactly the documented edges."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from wasinet.wit import Machine, load
from wasinet.wit.diagram import as_json, dot, mermaid

DATA = Path(__file__).parent.parent / "data"

Edge = tuple[str, str, str, frozenset[str]]
"""From, to, function, and the outcomes that take this edge."""

every_machine = pytest.mark.parametrize(
    ("machine", "file", "creation"),
    [
        (load("0.2").machines["tcp-socket"], "tcp-states.json", "create-tcp-socket"),
        (load("0.2").machines["udp-socket"], "udp-states.json", "create-udp-socket"),
    ],
    ids=["tcp", "udp"],
)


def documented(file: str) -> Any:
    return json.loads((DATA / file).read_text(encoding="utf-8"))["0.2"]


def documented_edges(file: str, creation: str) -> Counter[Edge]:
    outcomes: dict[tuple[str, str, str], set[str]] = {}
    for state, function, outcome, target in documented(file)["transitions"]:
        outcomes.setdefault((state, target, function), set()).add(outcome)
    edges = [(*ends, frozenset(taken)) for ends, taken in outcomes.items()]
    return Counter([("[*]", documented(file)["initial"], creation, frozenset({"-"})), *edges])


def edge(source: str, target: str, label: str, file: str) -> Edge:
    """A label without outcomes stands for all that the function has in the state."""
    function, _, outcomes = label.partition(" → ")
    every = {row[2] for row in documented(file)["transitions"] if row[:2] == [source, function]} or {"-"}
    return source, target, function, frozenset(outcomes.split(", ") if outcomes else every)


@every_machine
def test_mermaid_has_exactly_the_documented_edges(machine: Machine, file: str, creation: str) -> None:
    head, *lines = mermaid(machine).splitlines()
    assert head == "stateDiagram-v2"
    names: dict[str, str] = {}
    edges: list[Edge] = []
    for line in lines:
        if named := re.fullmatch(r' +state "([a-z-]+)" as ([a-z_]+)', line):
            names[named[2]] = named[1]
            continue
        arrow = re.fullmatch(r" +(\S+) --> (\w+): ([^:;]+)", line)
        assert arrow is not None, line
        edges.append(edge(names.get(arrow[1], arrow[1]), names.get(arrow[2], arrow[2]), arrow[3], file))
    assert Counter(edges) == documented_edges(file, creation)


@every_machine
def test_dot_has_the_same_edges_and_every_state(machine: Machine, file: str, creation: str) -> None:
    text = dot(machine)
    found = re.findall(r'^ +"([a-z-]*)" -> "([a-z-]+)" \[label="([^"]+)"\];$', text, re.MULTILINE)
    edges = [edge(source or "[*]", target, label, file) for source, target, label in found]
    assert Counter(edges) == documented_edges(file, creation)
    assert re.findall(r'^ +"([a-z-]+)";$', text, re.MULTILINE) == documented(file)["states"]


@every_machine
def test_json_has_the_documented_rows(machine: Machine, file: str, creation: str) -> None:
    found = json.loads(as_json(machine))
    for key in ("source", "initial", "states", "transitions", "wrong-state"):
        assert found[key] == documented(file)[key]
    assert found["creation"] == creation
    assert list(found["ready"]) == list(found["meanings"]) == found["states"]


def test_the_tcp_diagram_has_twenty_edges_and_the_creation() -> None:
    assert mermaid(load("0.2").machines["tcp-socket"]).count("-->") == 21
