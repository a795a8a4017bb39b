"""Scripts on two hosts: which outcomes differ, and whether they may."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from wasinet.conformance.judge import CONSEQUENCE, Judge, Verdict, shown
from wasinet.conformance.pair import PATIENCE, Behind, Make, Pair, Run
from wasinet.hosts import HostError
from wasinet.script.reader import Ref
from wasinet.script.replay import too_early
from wasinet.script.session import Step
from wasinet.script.transcript import CallLine, NetworkLine, Transcript
from wasinet.wit.data import Data
from wasinet.wit.values import Value

__all__ = ["Comparison", "Difference", "compare"]

_ADDRESS = "local-address"
_BINDS = frozenset({"start-bind", "bind", "listen"})


class Difference(Data):
    """A call that two hosts answered differently.

    Args:
        line: its number in the script.
        call: its text.
        function: its name.
        states: of the receiver before it, on both; empty where it has none.
        outcomes: as text.
        reasons: what the hosts say beside an error.
        verdict: what to think of it.
        follows: the line of the difference that it comes from, 0 for none.
    """

    line: int
    call: str
    function: str
    states: tuple[str, str]
    outcomes: tuple[str, str]
    reasons: tuple[str, str]
    verdict: Verdict
    follows: int = 0


class Comparison(Data):
    """How a script went on two hosts.

    Args:
        path: of the script.
        hosts: their names.
        calls: how many calls both hosts were asked.
        skipped: the lines that could not be compared, as a trap had ended the guest whose handles they name.
        differences: in order.
        unable: why the script cannot run on both; empty if it can.
        duration: seconds.
    """

    path: str
    hosts: tuple[str, str]
    calls: int
    skipped: tuple[int, ...]
    differences: tuple[Difference, ...]
    unable: str
    duration: float

    @property
    def bad(self) -> bool:
        """Whether there is a violation, or what nobody can explain."""
        return any(difference.verdict.bad for difference in self.differences)


def compare(
    script: Transcript,
    makes: Sequence[Make],
    judge: Judge,
    patience: float = PATIENCE,
    told: Callable[[CallLine, Run, Pair], None] | None = None,
) -> Comparison:
    """Run a script on two hosts, call by call.

    Args:
        script: what to run; what it expects plays no part.
        makes: make the hosts.
        judge: of their differences.
        patience: seconds that one host is given for what the other has done.
        told: is told of every call that was made.

    A script that one of the hosts cannot run is not compared, and the comparison says why.
    """
    started = time.monotonic()
    names = (judge.hosts[0], judge.hosts[1])
    try:
        pair = Behind(makes, script.lines, patience) if _chooses(script) else Pair(makes, patience)
    except HostError as error:
        return Comparison(script.path, names, 0, (), (), str(error), time.monotonic() - started)
    comparing = _Comparing(pair, judge)
    unable = ""
    try:
        for line in script.lines:
            if isinstance(line, NetworkLine):
                pair.make_network(line.name, line.rules)
            else:
                run = comparing.call(line)
                if told is not None and run.made:
                    told(line, run, pair)
                if comparing.ends(run):
                    comparing.end()
    except HostError as error:
        unable = str(error)
    finally:
        pair.close()
    elapsed = time.monotonic() - started
    return Comparison(
        script.path, names, comparing.calls, tuple(comparing.skipped), tuple(comparing.differences), unable, elapsed
    )


def _chooses(script: Transcript) -> bool:
    """Whether a script binds ports that it names."""
    return any(
        isinstance(line, CallLine) and line.bound.function.member in _BINDS and any(line.bound.ports)
        for line in script.lines
    )


class _Comparing:
    def __init__(self, pair: Pair, judge: Judge) -> None:
        self.pair = pair
        self.judge = judge
        self.calls = 0
        self.skipped: list[int] = []
        self.differences: list[Difference] = []
        # What a difference has touched, as long as the hosts do not agree on it again: variable to line.
        self.touched: dict[str, int] = {}
        # Who is at the address in a variable, and who waits in vain there since a call did not succeed on both.
        self.owners: dict[str, str] = {}
        self.deserted: dict[str, int] = {}

    def call(self, line: CallLine) -> Run:
        run = self.pair.run(line)
        if not run.made:
            self.skipped.append(line.line)
            return run
        self.calls += 1
        if not run.alike:
            self._differ(line, run)
        named = _variables(line)
        if line.bound.function.member == _ADDRESS and named:
            self.owners.update(dict.fromkeys(line.bound.targets, named[0]))
        return run

    def ends(self, run: Run) -> bool:
        """Whether no guest would make another call; one that asks for what is not linked would never have begun."""
        missing = self.pair.sessions[1].host.missing, self.pair.sessions[0].host.missing
        step = run.steps[0] or run.steps[1]
        return run.trapped and step is not None and not any(step.bound.key in names for names in missing)

    def end(self) -> None:
        """A trap ends the guest, and with it all that it had, on every host."""
        self.pair.reset()
        for known in (self.touched, self.owners, self.deserted):
            known.clear()

    def _differ(self, line: CallLine, run: Run) -> None:
        left, right = run.steps
        states = tuple("" if step is None else step.before for step in run.steps)
        named = _variables(line)
        follows = max((self.touched.get(name, 0) for name in named), default=0)
        waits = left is not None and right is not None and (too_early(left) or too_early(right))
        deserted = self.deserted.get(named[0], 0) if named and waits else 0
        if left is None or right is None or deserted or (follows and states[0] != states[1]):
            verdict, follows = Verdict(CONSEQUENCE), deserted or follows
        else:
            verdict, follows = self.judge.verdict(left, right, run.past), 0
        step = left or right
        assert step is not None
        self.differences.append(
            Difference(
                line.line,
                line.source,
                step.function.name,
                (states[0], states[1]),
                (shown(left), shown(right)),
                (_reason(left), _reason(right)),
                verdict,
                follows,
            )
        )
        for name in (*named, *line.bound.targets):
            self.touched[name] = follows or line.line
            if name in self.owners:
                self.deserted[self.owners[name]] = follows or line.line


def _reason(step: Step | None) -> str:
    return getattr(step.outcome, "reason", "") if step is not None else ""


def _variables(line: CallLine) -> list[str]:
    """The variables in a call's arguments, the receiver included."""
    return list(_refs(line.bound.values))


def _refs(value: Value) -> list[str]:
    if isinstance(value, Ref):
        return [value.name]
    if isinstance(value, list | tuple):
        return [name for item in value for name in _refs(item)]
    if isinstance(value, dict):
        return [name for item in value.values() for name in _refs(item)]
    inside = getattr(value, "value", getattr(value, "payload", None))
    return [] if inside is None or isinstance(value, int) else _refs(inside)
