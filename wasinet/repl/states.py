"""A state machine as text, with the current state lit and the path that led there."""

from __future__ import annotations

from collections.abc import Sequence

from wasinet.render.page import Page
from wasinet.render.printable import Printable
from wasinet.render.table import Cell
from wasinet.render.theme import Painter
from wasinet.wit.machine import Machine

__all__ = ["lit_machine"]


def lit_machine(
    machine: Machine,
    paint: Painter,
    width: int,
    *,
    title: str = "",
    now: str = "",
    path: Sequence[tuple[str, str]] = (),
) -> Printable:
    """Each state with the ways out of it.

    Args:
        machine: to draw.
        paint: the colours; without them brackets mark the current state.
        width: the page's columns.
        title: of what it is the machine.
        now: the current state.
        path: the states that the handle was in, each with the call that led there.
    """
    page = Page(paint, width)
    page.flow(title or machine.resource, indent=0)
    if path:
        spans: list[str | Cell] = []
        for index, (call, state) in enumerate(path):
            last = index == len(path) - 1
            spans += [Cell(call, "function"), "→"] if call else []
            spans.append(_lit(state, paint) if last else Cell(f"{state},", "state"))
        page.pairs([(Cell("path", "heading"), spans)])
    page.space()
    been = {state for _, state in path}
    rows: list[tuple[Cell, list[str | Cell]]] = []
    for state in machine.states:
        mark = "" if not been else "▶ " if state == now else "• " if state in been else "  "
        name = f"[{state}]" if state == now and not paint.color else state
        role = "current" if state == now else "state" if state in been or not been else "muted"
        rows.append((Cell(f"{mark}{name}", role), _ways(machine, state)))
    page.pairs(rows)
    return page.text()


def _lit(state: str, paint: Painter) -> Cell:
    return Cell(state, "current") if paint.color else Cell(f"[{state}]", "state")


def _ways(machine: Machine, state: str) -> list[str | Cell]:
    """What leads on from a state: ``finish-bind → bound; error → unbound``."""
    spans: list[str | Cell] = []
    for source, target, (function, *outcomes) in machine.edges:
        if source != state or target == state:
            continue
        spans.append(Cell(function, "function"))
        if outcomes:
            spans.append(Cell(" or ".join(outcomes), "muted"))
        spans += ["→", Cell(f"{target};", "state")]
    if not spans:
        return [Cell("nothing leads on", "muted")]
    last = spans[-1]
    assert isinstance(last, Cell)
    return [*spans[:-1], Cell(last.text.rstrip(";"), "state")]
