"""The conformance suite: the native host in full, a broken one with its failures, and Wasmtime."""

from __future__ import annotations

from functools import partial

import pytest

from tests.conformance.support import BOTH, judge, with_row
from wasinet import wit
from wasinet.conformance.judge import Judge
from wasinet.conformance.scripts import shipped
from wasinet.conformance.suite import Conformance, Score, conform
from wasinet.hosts import make_host
from wasinet.hosts.native import NativeHost
from wasinet.wit import WORLD_NAMES
from wasinet.wit.machine import Row

LISTENS = Row("bound", "start-listen", "ok", "listen-in-progress")
FORGETS = Row("bound", "start-listen", "ok", "bound")


@pytest.mark.parametrize("world", WORLD_NAMES)
def test_the_native_host_scores_in_full(world: str) -> None:
    make = partial(make_host, "native", world)
    found = conform("native", make, make, shipped(world), Judge(wit.load(world), ("native", "native")))
    assert found.failures == ()
    assert found.skipped == ()
    assert found.total.percent == 100
    assert found.total.allowed == 0
    declared = {interface.name for interface in wit.load(world).interfaces if interface.functions}
    tested = {score.interface for score in found.scores}
    assert tested <= declared | {"network"}
    assert {"tcp", "udp", "streams", "poll"} <= tested


def broken() -> Conformance:
    make = with_row("tcp-socket", LISTENS, FORGETS)
    return conform("native", make, NativeHost, shipped(), judge())


def test_a_broken_host_loses_points_where_it_is_broken() -> None:
    found = broken()
    scores = {score.interface: score for score in found.scores}
    assert scores["tcp"].failed > 0
    assert scores["udp-create-socket"].failed == 0
    assert found.total.failed == len(found.failures) == sum(score.failed for score in found.scores)
    first = next(failure for failure in found.failures if failure.function == "tcp-socket.finish-listen")
    assert (first.expected, first.got) == ("ok", "err(not-in-progress)")


def test_a_broken_host_beside_the_native_one() -> None:
    make = with_row("tcp-socket", LISTENS, FORGETS)
    found = conform("other", make, NativeHost, shipped(), Judge(judge().world, ("native", "other")))
    listens = [failure for failure in found.failures if failure.function == "tcp-socket.finish-listen"]
    assert listens
    assert all(failure.verdict.news for failure in listens)
    # What needs a listener only follows.
    assert found.uncounted > 0


@pytest.mark.usefixtures("wasmtime_runtime")
def test_wasmtime_fails_only_for_what_is_known() -> None:
    reference, make = (partial(make_host, host) for host in BOTH)
    found = conform("wasmtime", make, reference, shipped(), judge(BOTH))
    assert found.failures
    assert all(failure.verdict.known for failure in found.failures)
    assert found.total.allowed > 0
    assert [path for path, _ in found.skipped] == ["networks.wasinet"]


@pytest.mark.parametrize(("counts", "percent"), [((0, 0, 0), 100), ((3, 0, 1), 75), ((2, 1, 1), 75), ((0, 0, 1), 0)])
def test_scores(counts: tuple[int, int, int], percent: float) -> None:
    assert Score("tcp", *counts).percent == percent
