"""Whether what is known of hosts still holds: the evidence of each known divergence, run again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from wasinet import wit
from wasinet.conformance.compare import compare
from wasinet.conformance.deviations import Deviation
from wasinet.conformance.judge import Judge
from wasinet.conformance.pair import PATIENCE, Make
from wasinet.hosts import DEFAULT_HOST, make_host
from wasinet.script.transcript import Transcript
from wasinet.wit.data import Data

__all__ = ["Checked", "check"]

_ATTEMPTS = 60


class Checked(Data):
    """A known divergence and whether its evidence still shows it."""

    deviation: Deviation
    reproduces: bool


def check(deviations: tuple[Deviation, ...]) -> Iterator[Checked]:
    """Run the evidence of each on its host and on the native one.

    Raises:
        HostError: a host is not to be had here.
        TranscriptError: the evidence of an entry is no transcript.
    """
    world = wit.load(wit.DEFAULT_WORLD)
    for entry in deviations:
        hosts = (DEFAULT_HOST, entry.host)
        judge = Judge(world, hosts, (entry,), at_once=entry.at_once)
        script = Transcript.parse(entry.evidence, f"evidence of {entry.name}")
        makes = [partial(make_host, host) for host in hosts]
        yield Checked(entry, _shows(script, makes, judge, entry))


def _shows(script: Transcript, makes: Sequence[Make], judge: Judge, entry: Deviation) -> bool:
    # What a host shows only while it is not given time is a matter of moments.
    attempts, patience = (_ATTEMPTS, 0.0) if entry.at_once else (1, PATIENCE)
    return any(
        difference.verdict.known == entry.name
        for _ in range(attempts)
        for difference in compare(script, makes, judge, patience).differences
    )
