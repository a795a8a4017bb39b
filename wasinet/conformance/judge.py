"""Verdicts on differences: from the known divergences, and from the declarations.

What the declarations can tell by themselves: that the texts leave the split of a ``start-*`` and its
``finish-*`` to the host; that a host answered in a state where the rows refuse the call, or refused it
where they do not; that it gave an error which the function does not declare.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wasinet.conformance.deviations import Deviation
from wasinet.conformance.pair import Waits
from wasinet.engine.records import Trapped
from wasinet.script.outcomes import code_of, outcome_text
from wasinet.script.session import Step
from wasinet.wave.human import HumanPrinter
from wasinet.wit.data import Data
from wasinet.wit.declare import Function, World
from wasinet.wit.values import Err, Ok, Value

__all__ = ["ALLOWED", "CONSEQUENCE", "UNEXPLAINED", "UNSPECIFIED", "VIOLATION", "Judge", "Verdict", "shown"]

ALLOWED = "allowed"
UNSPECIFIED = "unspecified"
VIOLATION = "violation"
UNEXPLAINED = "unexplained"
CONSEQUENCE = "consequence"

# "unknown", "access-denied", "not-supported", "out-of-memory": every function may give them without saying so.
_ANYWHERE = frozenset({"unknown", "access-denied", "not-supported", "out-of-memory"})
_PRINTER = HumanPrinter(64)


class Verdict(Data):
    """What to think of a difference.

    Args:
        kind: allowed, unspecified, violation, unexplained; or consequence, of an earlier difference.
        host: who broke the clause, for a violation.
        clause: the text that decides: interface and function, a row, a declared error.
        why: one sentence.
        known: the name of the known divergence that it is; empty where the declarations decide.
    """

    kind: str
    host: str = ""
    clause: str = ""
    why: str = ""
    known: str = ""

    @property
    def bad(self) -> bool:
        """Whether it breaks the specification, or nobody can say that it does not."""
        return self.kind in (VIOLATION, UNEXPLAINED)

    @property
    def news(self) -> bool:
        """Whether it is bad and nobody knew."""
        return self.bad and not self.known


def shown(step: Step | None) -> str:
    """The outcome as text; ``not called`` where there is none, ``waits`` where none came."""
    if step is None:
        return "not called"
    return "waits" if isinstance(step.outcome, Waits) else outcome_text(step.function, step.outcome, _PRINTER)


class Judge:
    """Judges the differences between two hosts.

    Args:
        world: whose functions are called.
        hosts: their names.
        deviations: the known ones of these hosts.
    """

    def __init__(self, world: World, hosts: Sequence[str], deviations: Sequence[Deviation] = ()) -> None:
        self.world = world
        self.hosts = tuple(hosts)
        self.deviations = tuple(deviations)

    def verdict(self, left: Step, right: Step, past: Collection[str] = ()) -> Verdict:
        """The verdict on two outcomes of one call that are not alike; ``past`` is what was called before."""
        return (
            self._known(left, right, past)
            or self._order(left, right)
            or self._late(left, right)
            or self._split(left, right)
            or self._rules(left, right)
        )

    def _known(self, left: Step, right: Step, past: Collection[str]) -> Verdict | None:
        name, texts = left.function.name, (shown(left), shown(right))
        if name == "poll" and _are_lists(left, right):
            # What differs is the readiness of those that only one of them names.
            name, texts = "pollable.ready", _readiness(left.outcome, right.outcome)
        for number, (host, other) in enumerate(((left, right), (right, left))):
            for entry in self.deviations:
                if entry.host == self.hosts[number] and entry.covers(
                    name, left.bound.source, other.before, past, texts[number], texts[1 - number]
                ):
                    blamed = host.host if entry.verdict == VIOLATION else ""
                    return Verdict(entry.verdict, blamed, entry.clause, entry.why, entry.name)
        return None

    def _order(self, left: Step, right: Step) -> Verdict | None:
        if left.function.name != "poll" or not _are_lists(left, right):
            return None
        ours: Value = left.outcome
        theirs: Value = right.outcome
        if sorted(ours) != sorted(theirs):
            return None
        return Verdict(ALLOWED, "", "wasi:io/poll poll", "The text does not say in which order the indexes come.")

    def _late(self, left: Step, right: Step) -> Verdict | None:
        """A getter of a socket whose connection is over: the refusal and what it says beside it are both right."""
        function = left.function
        machine = None if function.receiver is None else self.world.machines.get(function.receiver.name)
        if machine is None or not function.late or not {left.before, right.before} <= machine.finals:
            return None
        for outcome in (left.outcome, right.outcome):
            if isinstance(outcome, Ok) and function.late != "answer":
                return None
        clause = f"{machine.source}: {function.member} in {left.before}"
        return Verdict(ALLOWED, "", clause, f"In {left.before} it may always give {machine.refusal(function.member)}.")

    def _split(self, left: Step, right: Step) -> Verdict | None:
        function = left.function
        if not function.member.startswith("start-"):
            return None
        other = self.world.find(function.name.replace(".start-", ".finish-"))
        pair = (left.outcome, right.outcome)
        for mine, theirs in (pair, pair[::-1]):
            if other is not None and isinstance(mine, Err) and isinstance(theirs, Ok):
                code = code_of(mine, "")[0]
                if _declares(function, code) and _declares(other, code):
                    return Verdict(
                        ALLOWED,
                        "",
                        f"{function.qualified}, declared errors",
                        f"The text lists {code} for {function.member} and {other.member} together.",
                    )
        return None

    def _rules(self, left: Step, right: Step) -> Verdict:
        for number, step in enumerate((left, right)):
            broken = self._row(step) or _undeclared(step)
            if broken is not None:
                return Verdict(VIOLATION, self.hosts[number], *broken)
        return Verdict(UNEXPLAINED)

    def _row(self, step: Step) -> tuple[str, str] | None:
        """The row that an outcome breaks, and how; None if it breaks none."""
        function, state, outcome = step.function, step.before, step.outcome
        receiver = function.receiver
        machine = None if receiver is None else self.world.machines.get(receiver.name)
        states = self.world.states_of(function)
        if machine is None or states is None or not state or isinstance(outcome, Trapped):
            return None
        refusal = machine.refusal(function.member)
        refused = isinstance(outcome, Err) and outcome.value == refusal
        if state in states and refused and outcome.value != "invalid-argument":
            return f"{machine.source}: {function.member} in {state}", f"It may be called in {state}."
        if state not in states and not refused and function.err is not None:
            return f"{machine.source}: {function.member} in {state}", f"In {state} it gives {refusal}."
        return None


def _are_lists(left: Step, right: Step) -> bool:
    return isinstance(left.outcome, list) and isinstance(right.outcome, list)


def _readiness(left: Value, right: Value) -> tuple[str, str]:
    """Of two results of ``poll``, the one with more as true and the other as false; else as they are."""
    ours, theirs = set(left), set(right)
    if ours > theirs:
        return "true", "false"
    return ("false", "true") if ours < theirs else (str(left), str(right))


def _declares(function: Function, code: str) -> bool:
    return any(error.code == code for error in function.errors)


def _undeclared(step: Step) -> tuple[str, str] | None:
    outcome, function = step.outcome, step.function
    if not isinstance(outcome, Err) or str(function.err) != "error-code":
        return None
    code = str(outcome.value)
    if _declares(function, code) or code in _ANYWHERE or code in ("invalid-state", "not-in-progress"):
        return None
    return f"{function.qualified}, declared errors", f"It does not declare {code}."
