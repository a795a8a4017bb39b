"""The conformance suite: the shipped transcripts on a host, with a score per interface.

The transcripts expect what the strict reading gives. Where another host gives something else, the
verdict on that difference decides: what the specification allows or leaves open conforms, a violation
does not, and what only follows from an earlier difference is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wasinet.conformance.compare import compare
from wasinet.conformance.judge import CONSEQUENCE, UNEXPLAINED, Judge, Verdict, shown
from wasinet.conformance.pair import PATIENCE, Pair, Run, Waits, make_call
from wasinet.engine.records import Trapped
from wasinet.hosts import DEFAULT_HOST, Host
from wasinet.script.session import Session, Step
from wasinet.script.transcript import CallLine, NetworkLine, Transcript
from wasinet.wave.errors import WaveError
from wasinet.wit.data import Data
from wasinet.wit.declare import World

__all__ = ["Conformance", "Failure", "Score", "conform"]


class Score(Data):
    """An interface: how many outcomes were as expected, how many otherwise but allowed, how many wrong."""

    interface: str
    expected: int
    allowed: int
    failed: int

    @property
    def percent(self) -> float:
        """Of all that count, how many conform."""
        total = self.expected + self.allowed + self.failed
        return 100.0 * (total - self.failed) / total if total else 100.0


class Failure(Data):
    """A call whose outcome breaks the specification, or that nobody can explain."""

    file: str
    line: int
    call: str
    function: str
    expected: str
    got: str
    verdict: Verdict


class Conformance(Data):
    """How a host did.

    Args:
        host: its name.
        scores: per interface, in the order of the world.
        failures: in the order of the suite.
        skipped: the transcripts that cannot run there, and why.
        uncounted: outcomes that only follow from an earlier difference.
    """

    host: str
    scores: tuple[Score, ...]
    failures: tuple[Failure, ...]
    skipped: tuple[tuple[str, str], ...]
    uncounted: int

    @property
    def total(self) -> Score:
        """All interfaces together."""
        return Score(
            "all",
            sum(score.expected for score in self.scores),
            sum(score.allowed for score in self.scores),
            sum(score.failed for score in self.scores),
        )


def conform(
    name: str,
    make: Callable[[], Host],
    reference: Callable[[], Host],
    transcripts: Sequence[Transcript],
    judge: Judge,
) -> Conformance:
    """Run the suite on a host.

    Args:
        name: the host's name.
        make: makes it.
        reference: makes the native host, for verdicts on other hosts' differences.
        transcripts: the suite.
        judge: of differences between the native host and this one.

    Raises:
        HostError: the host is not to be had here.
    """
    tally = _Tally(judge.world)
    for transcript in transcripts:
        if name == DEFAULT_HOST:
            _alone(transcript, make, tally)
        else:
            _beside(transcript, (reference, make), judge, tally)
    order = [interface.name for interface in judge.world.interfaces]
    scores = tuple(Score(one, *tally.counts[one]) for one in sorted(tally.counts, key=order.index))
    return Conformance(name, scores, tuple(tally.failures), tuple(tally.skipped), tally.uncounted)


class _Tally:
    def __init__(self, world: World) -> None:
        self.counts: dict[str, list[int]] = {}
        self.failures: list[Failure] = []
        self.skipped: list[tuple[str, str]] = []
        self.uncounted = 0
        # The drop of a resource counts where the resource is declared.
        self._owners = {name: interface.name for interface in world.interfaces for name in interface.types}

    def count(self, path: str, line: CallLine, step: Step, fits: bool, verdict: Verdict) -> None:
        """Count an outcome; ``verdict`` is that on an outcome that does not fit."""
        interface = step.function.interface or self._owners.get(step.function.name.removeprefix("drop "), "")
        if not interface:
            # The drop of what is no handle is about no interface.
            self.uncounted += 1
            return
        count = self.counts.setdefault(interface, [0, 0, 0])
        if fits:
            count[0] += 1
        elif not verdict.bad:
            count[1] += 1
        else:
            count[2] += 1
            self.failures.append(
                Failure(path, line.line, line.source, step.function.name, line.expected_source, shown(step), verdict)
            )


def _alone(transcript: Transcript, make: Callable[[], Host], tally: _Tally) -> None:
    session = Session(make)
    try:
        for line in transcript.lines:
            if isinstance(line, NetworkLine):
                session.make_network(line.name, line.rules)
                continue
            step = make_call(session, line, PATIENCE)
            if line.expected is None:
                continue
            if step is None:
                tally.uncounted += 1
            else:
                tally.count(transcript.path, line, step, _fits(line, step, session), Verdict(UNEXPLAINED))
    finally:
        session.host.close()


def _beside(transcript: Transcript, makes: Sequence[Callable[[], Host]], judge: Judge, tally: _Tally) -> None:
    came: list[tuple[CallLine, Step, bool]] = []

    def told(line: CallLine, run: Run, pair: Pair) -> None:
        step = run.steps[1]
        if line.expected is not None and step is not None:
            came.append((line, step, _fits(line, step, pair.sessions[1])))

    comparison = compare(transcript, makes, judge, told=told)
    if comparison.unable:
        tally.skipped.append((transcript.path, comparison.unable))
        return
    verdicts = {difference.line: difference.verdict for difference in comparison.differences}
    expected = sum(isinstance(line, CallLine) and line.expected is not None for line in transcript.lines)
    tally.uncounted += expected - len(came)
    for line, step, fits in came:
        verdict = verdicts.get(line.line, Verdict(UNEXPLAINED))
        if not fits and verdict.kind == CONSEQUENCE:
            tally.uncounted += 1
        else:
            tally.count(transcript.path, line, step, fits, verdict)


def _fits(line: CallLine, step: Step, session: Session) -> bool:
    assert line.expected is not None
    if isinstance(step.outcome, Trapped) and session.host.name != DEFAULT_HOST:
        # Traps are worded as each host likes.
        return line.expected.traps and not isinstance(step.outcome, Waits)
    try:
        return line.expected.fits(step.outcome, session.lookup)
    except WaveError:
        return False
