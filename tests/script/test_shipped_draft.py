"""The shipped transcripts of the draft: all pass, with every function and every documented way to fail.

All failures of the draft have one code, so a comment right above a call says which one it shows:
``# Fails: `` and the clause of the declaration.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

import pytest

from wasinet import wit
from wasinet.hosts import Trapped
from wasinet.script.replay import Report, replay
from wasinet.script.session import Step
from wasinet.script.transcript import CallLine, read_file
from wasinet.wit.values import Err

FOLDER = Path(str(resources.files("wasinet.conformance"))) / "transcripts" / "draft"
FILES = sorted(FOLDER.glob("*.wasinet"))
WORLD = wit.load("draft")
FAILS = "# Fails: "

NO_DUAL_STACK = "the value is false and the platform has no dual-stack mode"
NOT_PROVOKED = {
    ("tcp.set-ipv6-only", NO_DUAL_STACK): "takes a system without it",
    ("udp.set-ipv6-only", NO_DUAL_STACK): "takes a system without it",
    ("udp.send", "the socket is non-blocking and the call would have to wait"): "loopback takes every datagram at once",
    (
        "ip-name-lookup.resolve-next-address",
        "the stream is non-blocking and the call would have to wait",
    ): "the answer may be there before the call",
}
"""The documented failures that the transcripts do not show, and why."""

Played = tuple[Report, frozenset[str], frozenset[tuple[str, str]]]


@cache
def played(path: Path) -> Played:
    """One transcript: its report, the functions that succeeded, and the failures that came, with their clauses."""
    good: set[str] = set()
    bad: set[tuple[str, str]] = set()
    lines = path.read_text(encoding="utf-8").splitlines()

    def told(line: CallLine, step: Step) -> None:
        comment = lines[line.line - 2]
        if line.expected is None or isinstance(step.outcome, Trapped):
            return
        if not isinstance(step.outcome, Err):
            good.add(step.function.qualified)
        elif comment.startswith(FAILS):
            clause = comment.removeprefix(FAILS).removesuffix(".")
            documented = {error.when: error.code for error in step.function.errors}
            assert documented[clause] == step.outcome.value, f"{path.name}:{line.line}"
            assert step.outcome.reason
            bad.add((step.function.qualified, clause))

    report = replay(read_file(path), told=told)
    return report, frozenset(good), frozenset(bad)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_transcript_of_the_draft_passes_and_reads_as_documentation(path: Path) -> None:
    report, _, failures = played(path)
    assert report.passed, report.diff()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert lines[0].endswith(".")
    assert "%world draft" in lines
    assert max(map(len, lines)) <= 120
    assert bool(failures) == any(line.startswith(FAILS) for line in lines)


def test_every_function_succeeds_somewhere() -> None:
    succeeded = {name for path in FILES for name in played(path)[1]}
    declared = {function.qualified for function in WORLD.functions.values()}
    assert len(declared) == 71
    assert declared - succeeded == set()


def test_every_documented_failure_comes_or_has_a_reason_not_to() -> None:
    came = {pair for path in FILES for pair in played(path)[2]}
    documented = {
        (function.qualified, error.when) for function in WORLD.functions.values() for error in function.errors
    }
    assert documented - came == set(NOT_PROVOKED)
