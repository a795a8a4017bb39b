"""Differences, verdicts and scores as tables and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wasinet.conformance.compare import Comparison, Difference
from wasinet.conformance.judge import ALLOWED, CONSEQUENCE, UNEXPLAINED, UNSPECIFIED, VIOLATION, Verdict
from wasinet.conformance.stale import Checked
from wasinet.conformance.suite import Conformance, Failure, Score
from wasinet.render.table import Cell, Column, Table
from wasinet.wit.english import counted

__all__ = [
    "comparison_fields",
    "comparison_summary",
    "conformance_fields",
    "differences_table",
    "failure_fields",
    "failures_table",
    "known_fields",
    "known_table",
    "score_fields",
    "score_text",
    "scores_table",
    "verdict_fields",
    "verdict_text",
]

_ROLES = {ALLOWED: "ok", UNSPECIFIED: "muted", CONSEQUENCE: "muted", VIOLATION: "error", UNEXPLAINED: "trap"}


def verdict_text(verdict: Verdict, follows: int = 0) -> str:
    """``violation by wasmtime``, ``allowed``, ``follows from line 14``."""
    if verdict.kind == CONSEQUENCE:
        return f"follows from line {follows}" if follows else "follows"
    if verdict.kind == UNEXPLAINED:
        return "violation, unexplained"
    return f"violation by {verdict.host}" if verdict.kind == VIOLATION else verdict.kind


def _verdict(verdict: Verdict, follows: int = 0) -> Cell:
    return Cell(verdict_text(verdict, follows), _ROLES[verdict.kind])


def differences_table(comparisons: Sequence[Comparison], *, verbose: bool = False) -> Table:
    """All differences of all scripts; ``verbose`` adds the sentence that says why."""
    left, right = comparisons[0].hosts if comparisons else ("", "")
    columns = [
        Column("where", "muted"),
        Column("call", "function", wrap=True),
        Column(left, "value", wrap=True),
        Column(right, "value", wrap=True),
        Column("verdict"),
        Column("clause", "muted", wrap=True),
    ]
    if verbose:
        columns.append(Column("why", "value", wrap=True))
    rows = []
    for comparison in comparisons:
        for one in comparison.differences:
            row: list[str | Cell] = [f"{comparison.path}:{one.line}", one.call, *one.outcomes]
            row += [_verdict(one.verdict, one.follows), one.verdict.clause]
            rows.append([*row, one.verdict.why] if verbose else row)
    return Table(columns, rows)


def comparison_summary(comparison: Comparison) -> str:
    """``FILE: 38 calls, 2 differ: 1 violation, 1 allowed``."""
    if comparison.unable:
        return f"{comparison.path}: not compared: {comparison.unable}"
    counts: dict[str, int] = {}
    for one in comparison.differences:
        kind = {CONSEQUENCE: "that follow", UNEXPLAINED: "unexplained"}.get(one.verdict.kind, one.verdict.kind)
        counts[kind] = counts.get(kind, 0) + 1
    listed = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    calls = counted(comparison.calls, "call")
    ended = f", {len(comparison.skipped)} more after a trap" if comparison.skipped else ""
    differ = f"{len(comparison.differences)} differ: {listed}" if counts else "all alike"
    return f"{comparison.path}: {calls}{ended}, {differ}"


def verdict_fields(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON tells it; null for what is empty."""
    return {
        "kind": verdict.kind,
        "host": verdict.host or None,
        "clause": verdict.clause,
        "why": verdict.why,
        "known": verdict.known or None,
    }


def _difference_fields(one: Difference) -> dict[str, Any]:
    return {
        "line": one.line,
        "call": one.call,
        "function": one.function,
        "states": list(one.states),
        "outcomes": list(one.outcomes),
        "reasons": list(one.reasons),
        "verdict": verdict_fields(one.verdict),
        "follows": one.follows or None,
    }


def comparison_fields(comparison: Comparison) -> dict[str, Any]:
    """The fields of the event ``compared``; what is there for each host stands in the order of ``hosts``."""
    return {
        "file": comparison.path,
        "hosts": list(comparison.hosts),
        "calls": comparison.calls,
        "skipped": list(comparison.skipped),
        "unable": comparison.unable or None,
        "duration": round(comparison.duration, 6),
        "differences": [_difference_fields(one) for one in comparison.differences],
    }


def known_table(checked: Sequence[Checked]) -> Table:
    """The known divergences, and whether each is still to be seen."""
    return Table(
        (
            Column("divergence", "function"),
            Column("host"),
            Column("versions"),
            Column("verdict"),
            Column("evidence"),
            Column("clause", "muted", wrap=True),
        ),
        [
            [
                one.deviation.name,
                one.deviation.host,
                ", ".join(one.deviation.versions),
                Cell(one.deviation.verdict, _ROLES[one.deviation.verdict]),
                Cell("reproduces", "ok") if one.reproduces else Cell("stale", "error"),
                one.deviation.clause,
            ]
            for one in checked
        ],
    )


def known_fields(one: Checked) -> dict[str, Any]:
    """The fields of the event ``known``."""
    entry = one.deviation
    return {
        "name": entry.name,
        "host": entry.host,
        "versions": list(entry.versions),
        "verdict": entry.verdict,
        "clause": entry.clause,
        "why": entry.why,
        "stale": not one.reproduces,
    }


def scores_table(result: Conformance) -> Table:
    """A row for each interface, and one for all."""
    return Table(
        (
            Column("interface", "function"),
            Column("expected", right=True),
            Column("allowed", right=True),
            Column("failed", right=True),
            Column("score", right=True),
        ),
        [
            [
                score.interface,
                str(score.expected),
                str(score.allowed),
                Cell(str(score.failed), "error" if score.failed else "value"),
                score_text(score),
            ]
            for score in (*result.scores, result.total)
        ],
    )


def score_text(score: Score) -> str:
    """``98.4 %``; 100 only where nothing failed."""
    percent = score.percent if score.percent == 100 else min(score.percent, 99.9)
    return f"{percent:.1f} %"


def failures_table(failures: Sequence[Failure]) -> Table:
    """What failed, with what was expected and the clause."""
    return Table(
        (
            Column("where", "muted"),
            Column("call", "function", wrap=True),
            Column("expected", wrap=True),
            Column("got", wrap=True),
            Column("verdict"),
            Column("clause", "muted", wrap=True),
        ),
        [
            [f"{one.file}:{one.line}", one.call, one.expected, one.got, _verdict(one.verdict), one.verdict.clause]
            for one in failures
        ],
    )


def score_fields(score: Score) -> dict[str, Any]:
    """The fields of the event ``score``."""
    return {
        "interface": score.interface,
        "expected": score.expected,
        "allowed": score.allowed,
        "failed": score.failed,
        "score": round(score.percent, 1),
    }


def failure_fields(one: Failure) -> dict[str, Any]:
    """The fields of the event ``nonconforming``."""
    return {
        "file": one.file,
        "line": one.line,
        "call": one.call,
        "function": one.function,
        "expected": one.expected,
        "got": one.got,
        "verdict": verdict_fields(one.verdict),
    }


def conformance_fields(found: Conformance, version: str) -> dict[str, Any]:
    """The fields of the event ``conformance``, with the version of what answered."""
    whole = score_fields(found.total)
    del whole["interface"]
    skipped = [{"file": path, "why": reason} for path, reason in found.skipped]
    return {"host": found.host, "version": version, **whole, "uncounted": found.uncounted, "skipped": skipped}
