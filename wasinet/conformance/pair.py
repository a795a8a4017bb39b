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
from wasinet.script.replay import run_line, too_early
from wasinet.script.session import Session, Step
from wasinet.script.transcript import CallLine
from wasinet.wave.errors import WaveError
from wasinet.wit.data import Data
from wasinet.wit.types import List, Primitive, resolve
from wasinet.wit.values import Ok

__all__ = ["PATIENCE", "Make", "Pair", "Run", "Waits"]

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
    """

    steps: tuple[Step | None, Step | None]
    alike: bool

    @property
    def made(self) -> bool:
        """Whether any of the two hosts was asked."""
        return self.steps != (None, None)

    @property
    def trapped(self) -> bool:
        """Whether it was the last call of a guest on either."""
        return any(step is not None and isinstance(step.outcome, Trapped) for step in self.steps)


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
        for session in self.sessions:
            session.reset()

    def run(self, line: CallLine | Bound) -> Run:
        """Make a call on both."""
        bound = line.bound if isinstance(line, CallLine) else line
        self.roles.choose(*bound.ports)
        steps = [self._first(session, line) for session in self.sessions]
        left, right = steps
        if left is None or right is None:
            return Run((left, right), left is None and right is None)
        deadline = time.monotonic() + self.patience
        while not self.roles.alike(left.function, left.outcome, right.outcome):
            late = _late(left, right)
            if late is None or not self._await(late, (left, right)[late], (left, right)[1 - late], deadline):
                return Run((left, right), False)
            step = self.sessions[late].run(bound)
            _join((left, right)[late], step)
            left, right = (left, step) if late else (step, right)
        return Run((left, right), True)

    def _first(self, session: Session, line: CallLine | Bound) -> Step | None:
        bound = line.bound if isinstance(line, CallLine) else line
        try:
            if bound.function.blocking and can_bound():
                return bounded(lambda: session.run(bound), max(self.patience, _BLOCKED))
            return run_line(session, line) if isinstance(line, CallLine) else session.run(line)
        except WaveError:
            return None
        except Stuck:
            step = Step(bound, bound.function, [], None, session.host.name)
            step.outcome = Waits()
            return step

    def _await(self, which: int, step: Step, other: Step, deadline: float) -> bool:
        """Wait for what one host does not have yet; False when it does not come."""
        left = deadline - time.monotonic()
        host = self.sessions[which].host
        if left <= 0:
            return False
        if step.function.name == "poll":
            missing = sorted(set(other.outcome) - set(step.outcome))
            return all(host.wait(step.arguments[0][index], left) for index in missing)
        return step.handle is not None and host.wait(step.handle, left)


def _late(left: Step, right: Step) -> int | None:
    """Which of two different outcomes says "not yet": its number, or None."""
    for number, (step, other) in enumerate(((left, right), (right, left))):
        if _is_late(step, other):
            return number
    return None


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
        return outcome.value == 0
    if function.member not in _PIECES:
        return False
    if not isinstance(other.outcome, Ok):
        # Nothing yet; the other knows already that nothing more comes.
        return not outcome.value
    ours, theirs = outcome.value, other.outcome.value
    if isinstance(ours, int):
        return bool(ours < theirs)
    return len(ours) < len(theirs)


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
