"""Running transcripts: what came is compared with what was expected, and may take its place."""

from __future__ import annotations

import time
from collections.abc import Callable

from wasinet.engine.records import Trapped
from wasinet.hosts import DEFAULT_HOST, Host, make_host
from wasinet.script.outcomes import AGAIN, Masked, PureMasked, outcome_text, trap_text
from wasinet.script.session import Session, Step
from wasinet.script.transcript import CallLine, NetworkLine, Transcript
from wasinet.wave.errors import WaveError
from wasinet.wave.human import HumanPrinter
from wasinet.wave.text import printable
from wasinet.wit.data import Data
from wasinet.wit.values import Err

__all__ = ["Mismatch", "Report", "replay", "run_line", "too_early"]

_PRINTER = HumanPrinter(1024)


class Mismatch(Data):
    """One call whose outcome was not the expected one.

    Args:
        line: the number of the call's line.
        call: its text.
        expected_line: the number of the expectation's line; 0 where a call without one could not be made.
        expected: the expectation, as written.
        got: the outcome as text; empty where the call was not made.
        why: the precise reason of a failure, or why the call was not made.
        replacement: what ``update`` writes; empty where it can write nothing.
    """

    line: int
    call: str
    expected_line: int
    expected: str
    got: str
    why: str
    replacement: str

    def lines(self) -> list[str]:
        """The difference, a mark before each line: ``-`` expected, ``+`` got."""
        shown = [f"  > {self.call}"]
        if self.expected:
            shown.append(f"- < {self.expected}")
        if self.got:
            shown.append(f"+ < {self.got}" + (f"    # {self.why}" if self.why else ""))
        else:
            shown.append(f"+ # not called: {self.why}")
        return shown


class Report(Data):
    """How a transcript went.

    Args:
        transcript: which.
        mismatches: what was not as expected, in order.
        calls: how many calls were made.
        checked: how many of them had an expectation.
        duration: seconds.
    """

    transcript: Transcript
    mismatches: tuple[Mismatch, ...]
    calls: int
    checked: int
    duration: float

    @property
    def passed(self) -> bool:
        return not self.mismatches

    def lines(self) -> list[str]:
        """All differences, with file and line numbers; empty where there is none."""
        path = self.transcript.path
        found = []
        for mismatch in self.mismatches:
            found.append(f"{path}:{mismatch.expected_line or mismatch.line}")
            found += mismatch.lines()
        return found

    def diff(self) -> str:
        """The same as one printable text."""
        return "\n".join(map(printable, self.lines()))

    def updated(self) -> str:
        """The transcript's text with what came in the place of what did not match; nothing else changes."""
        text = self.transcript.text
        lines = {line.expected_line: line for line in self.transcript.lines if isinstance(line, CallLine)}
        pieces: list[str] = []
        done = 0
        for mismatch in self.mismatches:
            if mismatch.replacement and mismatch.expected_line:
                line = lines[mismatch.expected_line]
                pieces += (text[done : line.expected_at], mismatch.replacement)
                done = line.expected_at + len(line.expected_source)
        return "".join((*pieces, text[done:]))

    @property
    def mended(self) -> bool:
        """Whether ``updated`` mends every mismatch."""
        return all(mismatch.replacement and mismatch.expected_line for mismatch in self.mismatches)


def replay(
    transcript: Transcript,
    make: Callable[[], Host] | None = None,
    *,
    strict: bool = False,
    told: Callable[[CallLine, Step], None] | None = None,
) -> Report:
    """Run a transcript to its end, on a host of its own.

    Args:
        transcript: what to run.
        make: makes the host; the one that the transcript names without it.
        strict: whether replacements are pure WAVE.
        told: is told of every call that was made.

    Raises:
        ValueError: there is no such host.
    """
    started = time.monotonic()
    session = Session(make or (lambda: make_host(transcript.host or DEFAULT_HOST, transcript.world)))
    ports: set[int] = set()
    printer = (PureMasked if strict else Masked)(ports)
    mismatches: list[Mismatch] = []
    calls = checked = 0
    try:
        for line in transcript.lines:
            if isinstance(line, NetworkLine):
                session.make_network(line.name, line.rules)
                continue
            ports.update(line.bound.ports)
            try:
                step = run_line(session, line)
                calls += 1
                if told is not None:
                    told(line, step)
                if line.expected is None:
                    continue
                checked += 1
                if line.expected.fits(step.outcome, session.lookup):
                    continue
            except WaveError as error:
                mismatches.append(_mismatch(line, "", error.message, ""))
                continue
            outcome = step.outcome
            trapped = isinstance(outcome, Trapped)
            replacement = trap_text(outcome) if trapped else outcome_text(step.function, outcome, printer)
            reason = outcome.reason if isinstance(outcome, Err) else ""
            mismatches.append(_mismatch(line, outcome_text(step.function, outcome, _PRINTER), reason, replacement))
    finally:
        session.host.close()
    return Report(transcript, tuple(mismatches), calls, checked, time.monotonic() - started)


def _mismatch(line: CallLine, got: str, why: str, replacement: str) -> Mismatch:
    return Mismatch(line.line, line.source, line.expected_line, line.expected_source, got, why, replacement)


def run_line(session: Session, line: CallLine) -> Step:
    """Make a line's call; with ``!retry`` until it is no longer too early, and no longer than its timeout.

    Raises:
        WaveError: a variable is not set; nothing was called.
    """
    step = session.run(line.bound)
    if not line.retry:
        return step
    deadline = time.monotonic() + line.timeout
    while too_early(step):
        left = deadline - time.monotonic()
        if left <= 0 or step.handle is None or not session.host.wait(step.handle, left):
            break
        step = session.run(line.bound)
    return step


def too_early(step: Step) -> bool:
    """Whether the outcome says: call again later."""
    outcome = step.outcome
    return isinstance(outcome, Err) and isinstance(outcome.value, str) and outcome.value in AGAIN
