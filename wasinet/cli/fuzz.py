"""``wasinet fuzz``: random calls on two hosts."""

from __future__ import annotations

import sys
import time
from random import randrange
from typing import Annotated, Any

import typer

from wasinet import wit
from wasinet.cli.comparing import NATIVE_AND_WASMTIME, HostPair, makers, parse_hosts, traced
from wasinet.cli.errors import Mismatch
from wasinet.cli.output import results, write_json, write_line
from wasinet.cli.params import COUNT, checked
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.conformance.deviations import known
from wasinet.conformance.fuzz import Fuzzed, fuzz
from wasinet.conformance.judge import Judge
from wasinet.render.printable import lines
from wasinet.render.verdicts import verdict_fields, verdict_text
from wasinet.wit import DEFAULT_WORLD
from wasinet.wit.english import counted

__all__ = ["command"]

_SEEDS = 2**32


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) < _SEEDS):
        raise BadValue(f"{text!r} is no seed; a number from 0 to {_SEEDS - 1}")
    return int(text)


def command(
    ctx: typer.Context,
    hosts: Annotated[
        HostPair,
        typer.Option(
            "--hosts",
            parser=checked(parse_hosts, "HOSTS"),
            metavar="HOSTS",
            help="Which two.",
        ),
    ] = NATIVE_AND_WASMTIME,
    calls: Annotated[int, typer.Option("--calls", parser=COUNT, metavar="N", help="How many calls to compare.")] = 2000,
    seed: Annotated[
        int | None,
        typer.Option("--seed", parser=checked(_seed, "N"), metavar="N", help="Make the calls of an earlier run again."),
    ] = None,
) -> None:
    """Make random calls, legal and illegal, on two hosts, until a difference comes that nobody knows.

    Such a difference is a violation, or what cannot be explained, that no known divergence covers. The calls that
    lead to it are made few, and printed as a transcript, ready to save.

    Exits with 0 if all differences are known or allowed, with 4 if one is not.
    """
    settings: Settings = ctx.obj
    if settings.world != DEFAULT_WORLD:
        raise BadValue(f"--world: this command speaks {DEFAULT_WORLD}, not {settings.world}")
    pair = (hosts.first, hosts.second)
    chosen = randrange(_SEEDS) if seed is None else seed
    start = time.monotonic()
    with traced(settings) as attach:
        judge = Judge(wit.load(settings.world), pair, known(pair))
        found = fuzz(makers(pair, settings.world, attach), judge, calls, chosen)
    _show(found, pair, chosen, settings, time.monotonic() - start)
    if found.finding is not None:
        raise Mismatch


def _show(found: Fuzzed, pair: tuple[str, str], seed: int, settings: Settings, elapsed: float) -> None:
    stream, finding = results(settings), found.finding
    if settings.json:
        from wasinet.render.jsonvalue import event_json

        fields: dict[str, Any] = {
            "hosts": list(pair),
            "seed": seed,
            "calls": found.calls,
            "sequences": found.sequences,
            "duration": round(elapsed, 6),
            "differences": dict(found.differences),
            "finding": None
            if finding is None
            else {
                "calls": list(finding.calls),
                "outcomes": list(finding.outcomes),
                "verdict": verdict_fields(finding.verdict),
                "transcript": finding.transcript,
                "again": finding.again,
            },
        }
        write_json(stream, event_json("fuzzed", elapsed, fields))
        return
    if finding is not None:
        outcomes = ", ".join(f"{host} {outcome}" for host, outcome in zip(pair, finding.outcomes, strict=True))
        write_line(stream, f"# {finding.calls[-1]}: {outcomes}")
        write_line(stream, f"# {' '.join((verdict_text(finding.verdict), finding.verdict.clause)).strip()}")
        write_line(stream, lines(finding.transcript.rstrip("\n").split("\n")))
        if not finding.again:
            write_line(sys.stderr, "it did not come again, so nothing was taken away from its calls")
    if settings.quiet:
        return
    if settings.verbose:
        for name, count in found.differences:
            write_line(sys.stderr, f"{count:6} {name}")
    differing = sum(count for _, count in found.differences)
    what = "one difference that nobody knows" if finding is not None else "all differences known or allowed"
    write_line(
        sys.stderr,
        f"seed {seed}: {counted(found.calls, 'call')} in {counted(found.sequences, 'sequence')}, "
        f"{differing} differ; {what}",
    )
