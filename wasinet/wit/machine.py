"""State machines as flat rows ``(state, function, outcome) -> state``.

The rows are the specification; nothing else in the project says which call is legal where. An
outcome is ``ok``, ``would-block`` (the same call may be tried again), or ``error`` (any other
error). Events that no call makes are written «like this» with the outcome ``-``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from functools import cached_property

from wasinet.wit.data import Data

__all__ = ["ANY", "ERROR", "OK_OUTCOME", "TERMINATED", "WOULD_BLOCK", "Machine", "Row"]

OK_OUTCOME = "ok"
WOULD_BLOCK = "would-block"
ERROR = "error"
ANY = "-"
TERMINATED = "«connection terminated»"
"""Both directions have ended, or a fatal error was seen."""


class Row(Data):
    state: str
    function: str
    outcome: str
    next: str


class Machine(Data):
    """One resource's machine.

    Args:
        resource: ``tcp-socket``.
        creation: the call that makes the resource, for the diagram: ``create-tcp-socket``.
        initial: the state after creation.
        states: all states, in the order of a socket's life.
        rows: the transitions. A function may have a variant in parentheses where its argument
            decides, ``stream(none)`` and ``stream(some)``; ``select`` names it.
        refusals: what a call gives in a state without a row: by function name or prefix ``finish-*``,
            and ``*`` for the rest.
        ready: per state, when a pollable of the resource is ready: ``always``, ``when resolved`` (the
            operation in progress has its result), ``when a connection is pending``, ``when a datagram is there``.
        source: the document that the rows come from.
    """

    resource: str
    creation: str
    initial: str
    states: tuple[str, ...]
    rows: tuple[Row, ...]
    refusals: Mapping[str, str]
    ready: Mapping[str, str]
    source: str
    accepted: str | None = None
    meanings: Mapping[str, str] | None = None

    @cached_property
    def _cells(self) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
        cells: dict[str, dict[str, dict[str, str]]] = {}
        for row in self.rows:
            cells.setdefault(row.function, {}).setdefault(row.state, {})[row.outcome] = row.next
        return cells

    def cells(self, function: str) -> Mapping[str, Mapping[str, str]]:
        """For one function or event: state -> outcome -> next state. Empty if it moves nothing."""
        return self._cells.get(function, {})

    def variants(self, member: str) -> tuple[str, ...]:
        """The row names of a function: itself, or its variants in parentheses."""
        return tuple(name for name in self._cells if name == member or name.startswith(member + "("))

    def moves(self, member: str) -> bool:
        """Whether the function has rows here."""
        return bool(self.variants(member))

    def states_for(self, member: str) -> tuple[str, ...]:
        """The states in which the function may be called, in the order of ``states``."""
        legal = {state for name in self.variants(member) for state in self._cells[name]}
        return tuple(state for state in self.states if state in legal)

    @cached_property
    def finals(self) -> frozenset[str]:
        """The states that nothing leads on from."""
        return frozenset(self.states) - {row.state for row in self.rows}

    def refusal(self, member: str) -> str:
        """The error code of this function in a state where it may not be called."""
        for pattern, code in self.refusals.items():
            if pattern == member or (pattern.endswith("*") and pattern != "*" and member.startswith(pattern[:-1])):
                return code
        return self.refusals["*"]

    def way(self, state: str, wanted: Sequence[str]) -> str | None:
        """The first call on the shortest way from a state to one of the wanted ones; None if there is none."""
        seen = {state}
        ways = deque([(state, "")])
        while ways:
            here, first = ways.popleft()
            if here in wanted and first:
                return first
            for row in self.rows:
                if row.state == here and row.outcome == OK_OUTCOME and row.next not in seen:
                    seen.add(row.next)
                    ways.append((row.next, first or row.function))
        return None

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """Names with rows, in order, events left out."""
        return tuple(name for name in self._cells if not name.startswith("«"))

    @cached_property
    def edges(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """The diagram's edges: (from, to, labels), rows that agree in both ends and function merged.

        A label is the function with its outcome; the outcome is left out when all rows of the
        function in that state share the same end.
        """
        merged: dict[tuple[str, str, str], list[str]] = {}
        for row in self.rows:
            merged.setdefault((row.state, row.next, row.function), []).append(row.outcome)
        edges = []
        for (state, target, function), outcomes in merged.items():
            every = self._cells[function][state]
            whole = len(outcomes) == len(every)
            edges.append((state, target, (function, *(() if whole else tuple(outcomes)))))
        return tuple(edges)
