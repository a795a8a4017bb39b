"""Whether what is known of hosts still holds: the evidence of each known divergence, run again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from wasinet import wit
from wasinet.conformance.compare import compare
from wasinet.conformance.deviations import Deviation
from wasinet.conformance.judge import Judge
from wasinet.hosts import DEFAULT_HOST, make_host
from wasinet.script.transcript import Transcript
from wasinet.wit.data import Data

__all__ = ["Checked", "check"]


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
        judge = Judge(world, hosts, (entry,))
        script = Transcript.parse(entry.evidence, f"evidence of {entry.name}")
        makes = [partial(make_host, host) for host in hosts]
        found = compare(script, makes, judge)
        yield Checked(entry, any(difference.verdict.known == entry.name for difference in found.differences))
