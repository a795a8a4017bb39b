"""The state machines, drawn from their rows."""

from __future__ import annotations

from wasinet.reference.document import WORD, Block, Item, Items, Literal, Page, Paragraph, Section
from wasinet.reference.program import Program
from wasinet.wit import load
from wasinet.wit.machine import Machine

__all__ = ["diagram", "states_page"]


def states_page(program: Program) -> Page:
    """``wasinet-states(7)``."""
    sections = [
        Section(
            "DESCRIPTION",
            (
                Paragraph(
                    "A socket is in one of a few documented states, and the state decides which calls are legal. "
                    "What follows is drawn from the same rows that decide every call; `wasinet states` prints them "
                    "as a table, for mermaid, for Graphviz and as JSON."
                ),
                Paragraph(
                    "An outcome stands behind the call where it decides: `ok`, `would-block` (the same call may be "
                    "tried again) or `error` (any other error). What no call makes is written «like this»."
                ),
            ),
        )
    ]
    sections += (
        Section(f"{machine.resource.upper()} OF WORLD {world.upper()}", tuple(_machine(machine)))
        for world in program.worlds
        for machine in load(world).machines.values()
    )
    return Page(
        "wasinet-states",
        7,
        "state machines of WASI sockets",
        tuple(sections),
        ("wasinet(1)", "wasinet-states(1)", "wasinet-explain(1)", "wasinet-transcript(5)", "wasinet-wave(7)"),
    )


def _machine(machine: Machine) -> list[Block]:
    meanings = machine.meanings or {}
    refused = [
        f"{'Any other call' if pattern == '*' else f'`{pattern}`'} gives `{code}`."
        for pattern, code in machine.refusals.items()
    ]
    states = tuple(
        Item(((WORD, state),), _sentences(meanings.get(state, ""), _ready(machine.ready.get(state, ""))))
        for state in machine.states
    )
    return [
        Literal(diagram(machine)),
        Paragraph(" ".join(("In a state that has no arrow for a call:", *refused))),
        Items(states),
    ]


def _ready(when: str) -> str:
    return f"A pollable is ready {when}." if when else ""


def _sentences(*texts: str) -> str:
    return " ".join(text if text.endswith(".") else f"{text}." for text in texts if text)


def diagram(machine: Machine) -> str:
    """Each state with the arrows that leave it, in characters that every terminal has::

    unbound
      +-- start-bind: ok ------> bind-in-progress
    """
    arrows: dict[str, list[tuple[str, str]]] = {state: [] for state in machine.states}
    for source, target, (function, *outcomes) in machine.edges:
        arrows[source].append((f"{function}: {', '.join(outcomes)}" if outcomes else function, target))
    creations = [(machine.creation, machine.initial)]
    if machine.accepted:
        creations.append(("accept", machine.accepted))
    width = max(len(label) for rows in (*arrows.values(), creations) for label, _ in rows) + 2
    lines = ["(new)", *(_arrow(label, target, width) for label, target in creations)]
    for state, rows in arrows.items():
        lines += [
            "",
            state,
            *(_arrow(label, "(stays)" if target == state else target, width) for label, target in rows),
        ]
    return "\n".join(lines)


def _arrow(label: str, target: str, width: int) -> str:
    return f"  +-- {f'{label} ':-<{width}}--> {target}"
