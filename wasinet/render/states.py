"""State machines as tables."""

from __future__ import annotations

from wasinet.render.page import Page
from wasinet.render.printable import Printable
from wasinet.render.table import Cell, Column, Table, table_text
from wasinet.render.theme import Painter
from wasinet.wit.machine import Machine

__all__ = ["machine_text"]

_ROWS = (Column("state", "state"), Column("call", "function"), Column("outcome"), Column("next state", "state"))
_STATES = (Column("state", "state"), Column("a pollable is ready", "value"), Column("meaning", wrap=True))
_OUTCOMES = {"ok": "ok", "error": "error", "would-block": "muted", "-": "muted"}


def machine_text(machine: Machine, *, drawn: bool, color: bool, width: int) -> Printable:
    """The rows, the states, and what all other calls give; see ``table_text`` for the arguments."""
    parts = [
        table_text(table, drawn=drawn, color=color, width=width) for table in (_rows(machine, drawn), _states(machine))
    ]
    tail = Page(Painter(color), width)
    begins: list[str | Cell] = ["new:", Cell(machine.creation, "function"), "gives", Cell(machine.initial, "state")]
    if machine.accepted:
        begins += ["and", Cell("accept", "function"), "gives", Cell(machine.accepted, "state")]
    tail.flow(*begins, indent=0, hang=2)
    refusals: list[str | Cell] = ["in other states:"]
    for pattern, code in machine.refusals.items():
        call = pattern if pattern != "*" else "any call" if len(machine.refusals) == 1 else "and any other call"
        refusals += [Cell(call, "function"), "gives", Cell(code, "error")]
    tail.flow(*refusals, indent=0, hang=2)
    tail.flow("source:", machine.source, indent=0, hang=2)
    return Printable("\n\n").join((*parts, tail.text()))


def _rows(machine: Machine, drawn: bool) -> Table:
    order = {state: index for index, state in enumerate(machine.states)}
    rows: list[list[str | Cell]] = []
    last = ""
    for row in sorted(machine.rows, key=lambda row: order[row.state]):
        # For people a state is named once; lines in a pipe stand each for itself.
        state = "" if drawn and row.state == last else row.state
        last = row.state
        target = Cell(row.next, "muted") if row.next == row.state else row.next
        rows.append([state, row.function, Cell(row.outcome, _OUTCOMES.get(row.outcome, "value")), target])
    return Table(_ROWS, rows)


def _states(machine: Machine) -> Table:
    meanings = machine.meanings or {}
    return Table(_STATES, [[state, machine.ready.get(state, ""), meanings.get(state, "")] for state in machine.states])
