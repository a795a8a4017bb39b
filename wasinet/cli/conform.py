"""``wasinet conform``: the conformance suite on a host."""

from __future__ import annotations

import sys
import time

import typer

from wasinet import wit
from wasinet.cli.comparing import makers, show_table, traced
from wasinet.cli.errors import Mismatch
from wasinet.cli.output import results, write_json, write_line
from wasinet.cli.settings import Settings
from wasinet.conformance.deviations import host_version, known
from wasinet.conformance.judge import Judge
from wasinet.conformance.scripts import shipped
from wasinet.conformance.suite import Conformance, conform
from wasinet.hosts import DEFAULT_HOST
from wasinet.render.verdicts import (
    conformance_fields,
    failure_fields,
    failures_table,
    score_fields,
    score_text,
    scores_table,
)

__all__ = ["command"]


def command(ctx: typer.Context) -> None:
    """Run the conformance suite on a host (--host), and show its score for each interface.

    The suite is the transcripts that wasinet ships. An outcome conforms if it is the expected one, or another
    that the specification allows or leaves open; what only follows from an earlier difference does not count.

    Exits with 0 if all outcomes conform, else with 4.
    """
    settings: Settings = ctx.obj
    start = time.monotonic()
    hosts = (DEFAULT_HOST, settings.host)
    with traced(settings) as attach:
        reference, _ = makers((DEFAULT_HOST, DEFAULT_HOST), settings.world)
        (make,) = makers((settings.host,), settings.world, attach)
        judge = Judge(wit.load(settings.world), hosts, known(hosts))
        found = conform(settings.host, make, reference, shipped(settings.world), judge)
    if settings.json:
        _as_json(found, settings, start)
    else:
        show_table(scores_table(found), settings)
        if found.failures:
            write_line(results(settings), "")
            show_table(failures_table(found.failures), settings)
    if not settings.quiet:
        for path, reason in found.skipped:
            write_line(sys.stderr, f"{path}: not run: {reason}")
        write_line(sys.stderr, _summary(found))
    if found.failures:
        raise Mismatch


def _summary(found: Conformance) -> str:
    total = found.total
    count = total.expected + total.allowed + total.failed
    left_out = f"; {found.uncounted} not counted" if found.uncounted else ""
    return f"{found.host} {host_version(found.host)}: {score_text(total)} of {count} outcomes conform{left_out}"


def _as_json(found: Conformance, settings: Settings, start: float) -> None:
    from wasinet.render.jsonvalue import event_json

    stream = results(settings)
    for failure in found.failures:
        write_json(stream, event_json("nonconforming", time.monotonic() - start, failure_fields(failure)))
    for score in found.scores:
        write_json(stream, event_json("score", time.monotonic() - start, score_fields(score)))
    version = host_version(found.host)
    write_json(stream, event_json("conformance", time.monotonic() - start, conformance_fields(found, version)))
