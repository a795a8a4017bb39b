"""``wasinet diff``: scripts on two hosts, and what to think of the differences."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from wasinet import wit
from wasinet.cli.comparing import NATIVE_AND_WASMTIME, HostPair, makers, parse_hosts, show_table, traced
from wasinet.cli.errors import Mismatch
from wasinet.cli.output import results, write_file, write_json, write_line
from wasinet.cli.params import READ, WRITTEN, checked
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.conformance.compare import Comparison, compare
from wasinet.conformance.deviations import host_version, known
from wasinet.conformance.judge import Judge
from wasinet.conformance.scripts import read_script
from wasinet.conformance.stale import check
from wasinet.render.verdicts import (
    comparison_fields,
    comparison_summary,
    differences_table,
    known_fields,
    known_table,
)
from wasinet.script.transcript import SUFFIX, Transcript, TranscriptError
from wasinet.wit.english import counted

__all__ = ["command"]


def command(
    ctx: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            parser=READ,
            metavar="SCRIPT",
            help=f"Transcripts, files of calls, or folders of files that end in {SUFFIX}.",
        ),
    ] = None,
    hosts: Annotated[
        HostPair,
        typer.Option(
            "--hosts",
            parser=checked(parse_hosts, "HOSTS"),
            metavar="HOSTS",
            help="Which two.",
        ),
    ] = NATIVE_AND_WASMTIME,
    junit: Annotated[
        str | None, typer.Option("--junit", parser=WRITTEN, metavar="FILE", help="Also write a JUnit report.")
    ] = None,
    check_known: Annotated[
        bool,
        typer.Option("--known", help="Run the evidence of all known divergences, and report those that are stale."),
    ] = False,
) -> None:
    """Make the same calls on two hosts, and judge every outcome that differs.

    A difference is allowed, unspecified, or a violation with its clause. Handles, ports that nobody chose and
    moments are compared by what they stand for. What a transcript expects plays no part.

    Exits with 0 if nothing breaks the specification, with 4 if something does or cannot be explained, or, with
    --known, is known no longer; and with 2 before any call if a file is no script.
    """
    settings: Settings = ctx.obj
    pair = (hosts.first, hosts.second)
    if not files and not check_known:
        raise BadValue("nothing to compare; name a script, or --known")
    scripts = list(_scripts(files or [], settings.world))
    start = time.monotonic()
    comparisons = list(_compared(scripts, pair, settings, start))
    if comparisons and not settings.json and any(one.differences for one in comparisons):
        show_table(differences_table(comparisons, verbose=settings.verbose), settings)
    if junit is not None:
        from wasinet.conformance.junit import junit_xml

        write_file(settings, junit, junit_xml(comparisons))
    bad = any(one.bad for one in comparisons)
    if check_known:
        bad = _stale(pair, settings, start) or bad
    if bad:
        raise Mismatch


def _scripts(files: list[str], world: str) -> Iterator[Transcript]:
    wrong: list[str] = []
    for name in files:
        path = Path(name)
        found = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not found:
            wrong.append(f"{name}: there is no file that ends in {SUFFIX} in this folder")
        for file in found:
            try:
                yield read_script(file, world)
            except TranscriptError as error:
                wrong += error.lines
    if wrong:
        raise BadValue(*wrong)


def _compared(
    scripts: list[Transcript], pair: tuple[str, str], settings: Settings, start: float
) -> Iterator[Comparison]:
    stream = results(settings)
    with traced(settings) as attach:
        makes = {world: makers(pair, world, attach) for world in dict.fromkeys(one.world for one in scripts)}
        for script in scripts:
            judge = Judge(wit.load(script.world), pair, known(pair))
            found = compare(script, makes[script.world], judge)
            if settings.json:
                from wasinet.render.jsonvalue import event_json

                write_json(stream, event_json("compared", time.monotonic() - start, comparison_fields(found)))
            elif not settings.quiet:
                write_line(sys.stderr, comparison_summary(found))
            yield found


def _stale(pair: tuple[str, str], settings: Settings, start: float) -> bool:
    """Show the known divergences of the hosts; gives whether one is stale."""
    entries = known(pair)
    found = list(check(entries))
    if settings.json:
        from wasinet.render.jsonvalue import event_json

        for one in found:
            write_json(results(settings), event_json("known", time.monotonic() - start, known_fields(one)))
    elif found:
        show_table(known_table(found), settings)
    stale = sum(not one.reproduces for one in found)
    if not settings.quiet:
        versions = ", ".join(f"{host} {host_version(host)}" for host in dict.fromkeys(pair))
        write_line(sys.stderr, f"{versions}: {counted(len(found), 'known divergence')}, {stale} of them stale")
    return stale > 0
