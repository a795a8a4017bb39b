"""Two sessions on two hosts that make the same calls.

Hosts answer in their own time: one has a connection, a datagram or the end of a stream already, the
other in a moment. So where outcomes differ and one of them says "not yet", that host is waited for on
its pollable and asked again, as a guest would do, before the two are compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from wasinet.conformance.alike import Roles
from wasinet.conformance.watchdog import Stuck, bounded, can_bound
from wasinet.engine.records import Trapped
from wasinet.hosts import Host
from wasinet.script.binding import Bound
from wasinet.script.names import handles_in
from wasinet.script.replay import run_line, too_early
from wasinet.script.session import Session, Step
from wasinet.script.transcript import CallLine, NetworkLine
from wasinet.wave.errors import WaveError
from wasinet.wit.data import Data
from wasinet.wit.types import List, Primitive, resolve
from wasinet.wit.values import Ok, Value

__all__ = ["PATIENCE", "Behind", "Make", "Pair", "Run", "Waits", "make_call"]

Make = Callable[[], Host]

PATIENCE = 1.0
"""Seconds that a host is given for what the other has done."""

_BLOCKED = 2.0
"""Seconds after which a call that waits is taken to wait for ever."""

# What comes in pieces: a shorter piece is completed by the next one.
_PIECES = frozenset({"read", "blocking-read", "skip", "blocking-skip", "receive", "splice", "blocking-splice"})
_PERMITS = frozenset({"check-write", "check-send"})


class Waits(Trapped):
    """The outcome of a call that did not come back, after which nothing can be asked of a guest."""

    message: str = "waits for what does not come"
    clause: str = ""


class Run(Data):
    """One call on both hosts.

    Args:
        steps: what came; None where the call could not be made, as a variable was not set.
        alike: whether both came to the same.
        past: the functions that were called before: on the receiver, those that gave it, and with ``anywhere`` in
            front all.
    """

    steps: tuple[Step | None, Step | None]
    alike: bool
    past: frozenset[str] = frozenset()

    @property
    def made(self) -> bool:
        """Whether any of the two hosts was asked."""
        return self.steps != (None, None)

    @property
    def trapped(self) -> bool:
        """Whether it was the last call of a guest on either."""
        return any(step is not None and isinstance(step.outcome, Trapped) for step in self.steps)


class _Past:
    """Which functions were called, by the handles of the first host."""

    def __init__(self) -> None:
        self._on: dict[int, set[str]] = {}
        self._anywhere: set[str] = set()

    def told(self, run: Run) -> Run:
        """The run with what was called before it; it is past from now on."""
        step = run.steps[0] or run.steps[1]
        if step is None:
            return run
        name = step.function.name
        past = frozenset(self._anywhere | self._on.get(step.handle or 0, set()))
        self._anywhere.add(f"anywhere {name}")
        if step.handle is not None:
            self._on.setdefault(step.handle, set()).add(name)
        if not isinstance(step.outcome, Trapped):
            for handle, _ in handles_in(step.outcome, step.function.result):
                self._on.setdefault(handle, set()).add(name)
        return Run(run.steps, run.alike, past)


class Pair:
    """Two sessions.

    Args:
        makes: make the hosts.
        patience: seconds that one host is given for what the other has done.
        keep: how many steps the sessions remember; None for all.

    Attributes:
        sessions: the two.
        roles: what their ports stand for.
    """

    def __init__(self, makes: Sequence[Make], patience: float = PATIENCE, keep: int | None = 0) -> None:
        self.patience = patience
        self.roles = Roles()
        self._past = _Past()
        first = Session(makes[0], keep=keep)
        try:
            self.sessions = (first, Session(makes[1], keep=keep))
        except BaseException:
            first.host.close()
            raise

    def close(self) -> None:
        """End both."""
        first, second = self.sessions
        try:
            first.host.close()
        finally:
            second.host.close()

    def reset(self) -> None:
        """Begin anew with both, as after a trap, which ends a guest."""
        self._past = _Past()
        for session in self.sessions:
            session.reset()

    def make_network(self, name: str, rules: Sequence[str]) -> None:
        """Make a network on both. Raises HostError on hosts that have none."""
        for session in self.sessions:
            session.make_network(name, rules)

    def run(self, line: CallLine | Bound) -> Run:
        """Make a call on both."""
        bound = line.bound if isinstance(line, CallLine) else line
        self.roles.choose(*bound.ports)
        left, right = (make_call(session, line, self.patience) for session in self.sessions)
        return self._past.told(self._settle(bound, left, right, (0, 1)))

    def _settle(self, bound: Bound, left: Step | None, right: Step | None, patient: Sequence[int]) -> Run:
        """Ask again, as long as one says "not yet" to what the other has; ``patient`` can still be asked."""
        if left is None or right is None:
            return Run((left, right), left is None and right is None)
        deadline = time.monotonic() + self.patience
        while not self.roles.alike(left.function, left.outcome, right.outcome):
            late = _late(left, right)
            if late not in patient or not self._await(late, (left, right)[late], (left, right)[1 - late], deadline):
                return Run((left, right), False)
            step = make_call(self.sessions[late], bound, self.patience)
            if step is None or isinstance(step.outcome, Waits):
                # What it had is all that it has.
                return Run((left, right), False)
            _join((left, right)[late], step)
            left, right = (left, step) if late else (step, right)
        self.roles.own(left, right)
        return Run((left, right), True)

    def _await(self, which: int, step: Step, other: Step, deadline: float) -> bool:
        """Wait for what one host does not have yet; False when it does not come."""
        left = deadline - time.monotonic()
        host = self.sessions[which].host
        if left <= 0:
            return False
        if step.function.name == "poll":
            there: Value = other.outcome
            here: Value = step.outcome
            missing = sorted(set(there) - set(here))
            return all(host.wait(step.arguments[0][index], left) for index in missing)
        return step.handle is not None and host.wait(step.handle, left)


class Behind(Pair):
    """A pair whose first host has answered all calls before the second one is made.

    For scripts that choose ports, of which two hosts cannot have the same at a time.

    Args:
        makes: make the hosts.
        lines: all calls and networks of the script.
        patience: seconds that the second host is given for what the first has done.
    """

    def __init__(self, makes: Sequence[Make], lines: Sequence[CallLine | NetworkLine], patience: float) -> None:
        self.patience = patience
        self.roles = Roles()
        self._past = _Past()
        self._came: dict[int, Step | None] = {}
        first = Session(makes[0])
        try:
            for line in lines:
                if isinstance(line, NetworkLine):
                    first.make_network(line.name, line.rules)
                    continue
                step = self._came[line.line] = make_call(first, line, patience)
                if step is not None and isinstance(step.outcome, Trapped):
                    first.reset()
        finally:
            first.host.close()
        self.sessions = (first, Session(makes[1]))

    def close(self) -> None:
        self.sessions[1].host.close()

    def reset(self) -> None:
        self._past = _Past()
        self.sessions[1].reset()

    def run(self, line: CallLine | Bound) -> Run:
        assert isinstance(line, CallLine)
        self.roles.choose(*line.bound.ports)
        right = make_call(self.sessions[1], line, self.patience)
        return self._past.told(self._settle(line.bound, self._came[line.line], right, (1,)))

    def make_network(self, name: str, rules: Sequence[str]) -> None:
        self.sessions[1].make_network(name, rules)


def make_call(session: Session, line: CallLine | Bound, patience: float) -> Step | None:
    """Make a call on one host; None where it cannot be made, as a variable is not set."""
    bound = line.bound if isinstance(line, CallLine) else line
    try:
        if bound.function.blocking and can_bound():
            return bounded(lambda: session.run(bound), max(patience, _BLOCKED))
        return run_line(session, line) if isinstance(line, CallLine) else session.run(line)
    except WaveError:
        return None
    except Stuck:
        step = Step(bound, bound.function, [], None, session.host.name)
        step.outcome = Waits()
        return step


def _late(left: Step, right: Step) -> int:
    """Which of two different outcomes says "not yet": its number, or -1."""
    for number, (step, other) in enumerate(((left, right), (right, left))):
        if _is_late(step, other):
            return number
    return -1


def _is_late(step: Step, other: Step) -> bool:
    outcome, function = step.outcome, step.function
    if isinstance(outcome, Trapped) or isinstance(other.outcome, Trapped):
        return False
    if too_early(step):
        return True
    if function.name == "poll":
        return not set(other.outcome) <= set(outcome)
    if function.name == "pollable.ready":
        return outcome is False
    if not isinstance(outcome, Ok):
        return False
    if function.member in _PERMITS:
        return bool(outcome.value == 0)
    if function.member not in _PIECES:
        return False
    if not isinstance(other.outcome, Ok):
        # Nothing yet; the other knows already that nothing more comes.
        return not outcome.value
    ours, theirs = outcome.value, other.outcome.value
    if isinstance(ours, int):
        return bool(ours < theirs)
    return bool(len(ours) < len(theirs))


def _join(before: Step, step: Step) -> None:
    """Put the piece that came before in front of this one."""
    if before.function.member not in _PIECES or not isinstance(before.outcome, Ok) or not before.outcome.value:
        return
    value_type = step.bound.result
    assert value_type is not None
    assert isinstance(resolve(value_type), List | Primitive)
    if isinstance(step.outcome, Ok):
        step.outcome = Ok(before.outcome.value + step.outcome.value)
    else:
        step.outcome = before.outcome
