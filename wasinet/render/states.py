"""State machines as tables."""

from __future__ import annotations

from wasinet.render.table import Cell, Column, Table, table_text
from wasinet.render.theme import Painter
from wasinet.wit.machine import Machine

__all__ = ["machine_text"]

_ROWS = (Column("state", "state"), Column("call", "function"), Column("outcome"), Column("next state", "state"))
_STATES = (Column("state", "state"), Column("a pollable is ready", "value"), Column("meaning", wrap=True))
_OUTCOMES = {"ok": "ok", "error": "error", "would-block": "muted", "-": "muted"}


def machine_text(machine: Machine, *, drawn: bool, color: bool, width: int) -> str:
    """The rows, the states, and what all other calls give; see ``table_text`` for the arguments."""
    paint = Painter(color)
    tables = (
        table_text(table, drawn=drawn, color=color, width=width) for table in (_rows(machine, drawn), _states(machine))
    )
    refusals = [
        f"{paint('function', 'any other call' if pattern == '*' else pattern)} {paint('error', code)}"
        for pattern, code in machine.refusals.items()
    ]
    begins = [f"{paint('function', machine.creation)} gives {paint('state', machine.initial)}"]
    if machine.accepted:
        begins.append(f"{paint('function', 'accept')} gives {paint('state', machine.accepted)}")
    tail = f"new: {', '.join(begins)}\nelsewhere: {', '.join(refusals)}\nsource: {machine.source}"
    return "\n\n".join((*tables, tail))


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
