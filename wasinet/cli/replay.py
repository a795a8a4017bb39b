"""``wasinet replay``: transcripts that check themselves."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from wasinet.cli.errors import Mismatch
from wasinet.cli.output import results, write_file, write_json, write_line
from wasinet.cli.params import READ, WRITTEN
from wasinet.cli.settings import Settings
from wasinet.cli.tracing import readers
from wasinet.cli.values import BadValue, parse_input
from wasinet.hosts import Host, make_host
from wasinet.render.color import wants_color
from wasinet.render.theme import Painter
from wasinet.script.replay import Report, replay
from wasinet.script.transcript import SUFFIX, Transcript, TranscriptError, read_file

__all__ = ["command"]

_ROLES = {"-": "error", "+": "ok"}


def command(
    ctx: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(parser=READ, metavar="FILE", help=f"Transcripts, or folders of files that end in {SUFFIX}."),
    ],
    update: Annotated[bool, typer.Option("--update", help="Write what came where it was not expected.")] = False,
    junit: Annotated[
        str | None, typer.Option("--junit", parser=WRITTEN, metavar="FILE", help="Also write a JUnit report.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="With --update, write pure WAVE.")] = False,
) -> None:
    """Run transcripts and compare every outcome with what the file expects.

    Exits with 0 if all is as expected, with 4 if something is not, and with 2 before any call if a file is
    no transcript.
    """
    settings: Settings = ctx.obj
    if update and parse_input("-") in files:
        raise BadValue("--update: standard input cannot be written; name a file")
    transcripts = list(_transcripts(files, settings))
    stream = results(settings)
    paint = Painter(wants_color(settings.color, stream))
    traced = settings.trace or settings.trace_file or settings.trace_summary
    told = readers(settings, Painter(wants_color(settings.color, sys.stderr))) if traced else []
    reports: list[Report] = []
    bad = False
    start = time.monotonic()
    try:
        for transcript in transcripts:

            def make(transcript: Transcript = transcript) -> Host:
                host = make_host(transcript.host or settings.host, transcript.world)
                for reader in told:
                    host.attach(reader)
                return host

            report = replay(transcript, make, strict=strict)
            reports.append(report)
            updated = update and not report.passed
            if updated:
                write_file(settings, transcript.path, report.updated())
            bad = bad or not (report.passed or (updated and report.mended))
            _show(report, settings, paint, time.monotonic() - start, updated=updated)
    finally:
        for reader in told:
            reader.finish()
    if junit is not None:
        from wasinet.script.junit import junit_xml

        write_file(settings, junit, junit_xml(reports))
    if bad:
        raise Mismatch


def _transcripts(files: list[str], settings: Settings) -> Iterator[Transcript]:
    wrong: list[str] = []
    for name in files:
        path = Path(name)
        found = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not found:
            wrong.append(f"{name}: there is no file that ends in {SUFFIX} in this folder")
        for file in found:
            try:
                yield read_file(file, settings.world, settings.host)
            except TranscriptError as error:
                wrong += error.lines
    if wrong:
        raise BadValue(*wrong)


def _show(report: Report, settings: Settings, paint: Painter, elapsed: float, *, updated: bool) -> None:
    stream = results(settings)
    transcript = report.transcript
    if settings.json:
        from wasinet.render.jsonvalue import event_json

        fields = {
            "file": transcript.path,
            "passed": report.passed,
            "updated": updated,
            "calls": report.calls,
            "checked": report.checked,
            "duration": round(report.duration, 6),
            "mismatches": [
                {
                    "line": mismatch.expected_line or mismatch.line,
                    "call": mismatch.call,
                    "expected": mismatch.expected or None,
                    "got": mismatch.got or None,
                    "why": mismatch.why,
                }
                for mismatch in report.mismatches
            ],
        }
        write_json(stream, event_json("replayed", elapsed, fields))
        return
    for line in report.lines():
        write_line(stream, paint(_ROLES[line[0]], line) if line[0] in _ROLES else line)
    if not settings.quiet:
        wrong = len(report.mismatches)
        what = f"{report.checked} as expected" if report.passed else f"{wrong} of {report.checked} not as expected"
        write_line(sys.stderr, f"{transcript.path}: {what}{', updated' if updated else ''}")
