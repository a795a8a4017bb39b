"""Random sequences of calls on two hosts, until they differ in a way that nobody knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random

from wasinet.conformance.generate import OPENINGS, Generator
from wasinet.conformance.judge import Judge, Verdict, shown
from wasinet.conformance.minimise import minimise
from wasinet.conformance.pair import Make, Pair, Run
from wasinet.conformance.watchdog import can_bound
from wasinet.script.binding import Bound
from wasinet.script.reader import Ref
from wasinet.script.saving import transcript_text
from wasinet.script.session import Session, Step
from wasinet.wave.errors import WaveError
from wasinet.wit.data import Data
from wasinet.wit.values import Err

__all__ = ["Finding", "Fuzzed", "fuzz"]

PATIENCE = 0.3
"""Seconds that one host is given for what the other has done."""

# A call that waits is left out where it would wait longer.
_GLANCE = 0.02
_LENGTH = 40
_ATTEMPTS = 3


class Finding(Data):
    """A difference that nobody knows.

    Args:
        calls: the texts of a short sequence that ends with it.
        outcomes: of its last call, on both hosts.
        verdict: what the declarations say.
        transcript: the sequence as a transcript of the first host, ready to save.
        again: whether it came again when the sequence was run again; else nothing was taken away from it.
    """

    calls: tuple[str, ...]
    outcomes: tuple[str, str]
    verdict: Verdict
    transcript: str
    again: bool


class Fuzzed(Data):
    """What came of it.

    Args:
        calls: how many were compared.
        sequences: how many sequences they were in.
        differences: how often each known divergence, or each clause that allows one, came.
        finding: the first difference that nobody knows, or None.
    """

    calls: int
    sequences: int
    differences: tuple[tuple[str, int], ...]
    finding: Finding | None


class _Difference(Data):
    """Where a sequence ended: what differed and how that is judged."""

    function: str
    kinds: tuple[str, str]
    outcomes: tuple[str, str]
    verdict: Verdict


def fuzz(
    makes: Sequence[Make],
    judge: Judge,
    calls: int,
    seed: int,
    told: Callable[[int, int], None] | None = None,
    length: int = _LENGTH,
) -> Fuzzed:
    """Make random calls on two hosts.

    Args:
        makes: make the hosts, two for each sequence.
        judge: of the differences.
        calls: how many to compare.
        seed: the same seed chooses the same calls, as far as the hosts answer the same.
        told: is told after each sequence how many there were, and how many calls.
        length: of a sequence behind its opening.

    Raises:
        HostError: a host is not to be had here.
    """
    made = sequences = 0
    seen: Counter[str] = Counter()
    finding = None
    while made < calls and finding is None:
        random = Random(f"{seed}:{sequences}")
        sequences += 1
        run = _Sequence(makes, judge, seen)
        try:
            difference = run.grow(random, min(length, calls - made))
        finally:
            run.close()
        made += max(run.compared, 1)
        if difference is not None:
            finding = _finding(makes, judge, tuple(run.texts), difference, run.transcript())
        if told is not None:
            told(sequences, made)
    return Fuzzed(made, sequences, tuple(sorted(seen.items())), finding)


class _Sequence:
    """One sequence on two new hosts.

    Attributes:
        texts: the calls that were made.
        compared: how many.
    """

    def __init__(self, makes: Sequence[Make], judge: Judge, seen: Counter[str] | None = None) -> None:
        self.pair = Pair(makes, PATIENCE, keep=None)
        self.judge = judge
        self.seen: Counter[str] = Counter() if seen is None else seen
        self.texts: list[str] = []
        self.compared = 0
        self.ended = False

    def transcript(self) -> str:
        """What the first host answered, as a transcript."""
        session = self.pair.sessions[0]
        return transcript_text(session.history, session.host.world, session.host.name)

    def close(self) -> None:
        """End both hosts."""
        self.pair.close()

    def grow(self, random: Random, length: int) -> _Difference | None:
        """Make random calls, up to the first difference that nobody knows, which it gives, or that cannot go on."""
        generator = Generator(random, self.pair.sessions[0].host.world, self.pair.sessions[0])
        for text in _texts(generator, random, length):
            step, difference = self.call(text)
            if difference is not None or self.ended:
                return difference
            if step is not None:
                generator.learn(step)
        return None

    def call(self, text: str) -> tuple[Step | None, _Difference | None]:
        """Make one call; gives the first host's step, None where it was not made, and a difference that is news."""
        session = self.pair.sessions[0]
        try:
            bound = session.prepare(text)[0]
        except WaveError:
            return None, None
        if not self._may_block(bound):
            return None, None
        run = self.pair.run(bound)
        if not run.made:
            return None, None
        self.texts.append(text)
        self.compared += 1
        difference = None if run.alike else self._judged(run)
        self.ended = self.ended or run.trapped
        return run.steps[0], difference

    def _judged(self, run: Run) -> _Difference | None:
        left, right = run.steps
        assert left is not None
        assert right is not None
        verdict = self.judge.verdict(left, right, run.past)
        self.seen[verdict.known or f"{verdict.kind}: {verdict.clause}"] += 1
        # From here on the two are in different places, and so would all differences be.
        self.ended = _kind(left) != _kind(right)
        if not verdict.news:
            return None
        self.ended = True
        return _Difference(left.function.name, (_kind(left), _kind(right)), (shown(left), shown(right)), verdict)

    def _may_block(self, bound: Bound) -> bool:
        """Whether a call that may wait would come back on both hosts, and could be ended if it did not."""
        if not bound.function.blocking:
            return True
        return can_bound() and all(_comes_back(session, bound) for session in self.pair.sessions)


def _comes_back(session: Session, bound: Bound) -> bool:
    try:
        arguments = [session.lookup(value) if isinstance(value, Ref) else value for value in bound.values]
        handles = [value for value in arguments if isinstance(value, int) and value]
        if bound.function.name == "poll":
            ready = [session.lookup(value) if isinstance(value, Ref) else value for value in arguments[0]]
            return not ready or any(session.host.wait(handle, _GLANCE / len(ready)) for handle in ready)
    except WaveError:
        return False
    wanted = 2 if bound.function.member.endswith("splice") else 1
    return all(session.host.wait(handle, _GLANCE) for handle in handles[:wanted])


def _texts(generator: Generator, random: Random, length: int) -> Iterator[str]:
    yield from random.choice(OPENINGS)
    for _ in range(length):
        yield generator.call()


def _kind(step: Step) -> str:
    """An outcome without its value."""
    text = shown(step)
    return text if isinstance(step.outcome, Err) and not isinstance(step.outcome.value, tuple) else text.split("(")[0]


def _finding(
    makes: Sequence[Make], judge: Judge, texts: tuple[str, ...], difference: _Difference, whole: str
) -> Finding:
    """The difference with a sequence that is as short as it can be made; ``whole`` is the transcript of all of it."""
    found: dict[tuple[str, ...], tuple[_Difference, str]] = {}

    def shows(candidate: tuple[str, ...]) -> bool:
        run = _Sequence(makes, judge)
        try:
            for text in candidate:
                _, different = run.call(text)
                if different is not None:
                    if (different.function, different.kinds) != (difference.function, difference.kinds):
                        return False
                    found[candidate] = different, run.transcript()
                    return True
                if run.ended:
                    return False
            return False
        finally:
            run.close()

    again = any(shows(texts) for _ in range(_ATTEMPTS))
    short = minimise(texts, shows) if again else texts
    shown_as, saved = found.get(short, (difference, whole))
    return Finding(short, shown_as.outcomes, shown_as.verdict, saved, again)
