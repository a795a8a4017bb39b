"""A state machine as mermaid, as Graphviz dot, and as JSON: texts made of its rows and nothing else."""

from __future__ import annotations

import json

from wasinet.wit.machine import Machine

__all__ = ["as_json", "dot", "mermaid"]


def mermaid(machine: Machine) -> str:
    """A ``stateDiagram-v2``: the edge of the creation, then one for each of the machine's edges."""
    lines = ["stateDiagram-v2"]
    # A state's identifier may not contain a hyphen.
    lines += [f'    state "{state}" as {_identifier(state)}' for state in machine.states if "-" in state]
    lines += [f"    [*] --> {_identifier(machine.initial)}: {machine.creation}"]
    lines += [
        f"    {_identifier(source)} --> {_identifier(target)}: {_label(labels)}"
        for source, target, labels in machine.edges
    ]
    return "\n".join(lines) + "\n"


def dot(machine: Machine) -> str:
    """A ``digraph`` with the same edges; the creation comes out of a point."""
    lines = [f'digraph "{machine.resource}" {{', "    rankdir=LR;", "    node [shape=box, style=rounded];"]
    lines += ['    "" [shape=point];']
    lines += [f'    "{state}";' for state in machine.states]
    lines += [f'    "" -> "{machine.initial}" [label="{machine.creation}"];']
    lines += [f'    "{source}" -> "{target}" [label="{_label(labels)}"];' for source, target, labels in machine.edges]
    return "\n".join([*lines, "}"]) + "\n"


def as_json(machine: Machine) -> str:
    """The rows and what belongs to them, one object."""
    whole = {
        "resource": machine.resource,
        "source": machine.source,
        "creation": machine.creation,
        "initial": machine.initial,
        "accepted": machine.accepted,
        "states": list(machine.states),
        "meanings": dict(machine.meanings or {}),
        "transitions": [[row.state, row.function, row.outcome, row.next] for row in machine.rows],
        "wrong-state": dict(machine.refusals),
        "ready": dict(machine.ready),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _identifier(state: str) -> str:
    return state.replace("-", "_")


def _label(labels: tuple[str, ...]) -> str:
    # Mermaid ends a label at a second colon, hence the arrow.
    function, *outcomes = labels
    return f"{function} → {', '.join(outcomes)}" if outcomes else function
