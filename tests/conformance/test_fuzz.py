"""Random calls: hosts that agree, known differences only, and planted mistakes that are found and made short."""

from __future__ import annotations

from functools import cache, partial
from random import Random

import pytest

from tests.conformance.support import BOTH, judge, with_row
from tests.support import THOROUGH
from wasinet.conformance.fuzz import Finding, Fuzzed, fuzz
from wasinet.conformance.generate import Generator
from wasinet.conformance.pair import Make
from wasinet.hosts import make_host
from wasinet.hosts.native import NativeHost
from wasinet.script.replay import replay
from wasinet.script.session import Session
from wasinet.script.transcript import Transcript
from wasinet.wit.ends import ends
from wasinet.wit.machine import Row
from wasinet.wit.types import U8, U16, U32, U64

SEED = 6


def described(found: Fuzzed) -> str:
    """What to say of a finding that should not be."""
    return "" if found.finding is None else f"{found.finding.verdict}\n{found.finding.transcript}"


def test_a_host_is_like_itself() -> None:
    found = fuzz((NativeHost, NativeHost), judge(), 1000, SEED)
    assert found.finding is None, described(found)
    assert found.calls >= 1000
    assert found.sequences > 10
    assert found.differences == ()


@pytest.mark.usefixtures("wasmtime_runtime")
@pytest.mark.timeout(1200)
def test_all_differences_from_wasmtime_are_known() -> None:
    calls = 20_000 if THOROUGH else 2000
    makes: list[Make] = [partial(make_host, host) for host in BOTH]
    found = fuzz(makes, judge(BOTH), calls, SEED)
    assert found.finding is None, described(found)
    assert found.calls >= calls
    names = {name for name, _ in found.differences}
    assert {"send-permit", "write-permit"} <= names


def test_random_calls_reach_the_ends_of_every_range() -> None:
    session = Session(NativeHost)
    try:
        world = session.host.world
        generator = Generator(Random(SEED), world, session)
        for name, number in (("set-hop-limit", U8), ("set-keep-alive-count", U32), ("set-keep-alive-interval", U64)):
            texts = {generator.text(world.functions[f"tcp-socket.{name}"], "s") for _ in range(500)}
            assert {f"s.{name}({end})" for end in ends(number)} <= texts
        generator.families["s"] = "ipv6"
        for name, ports in (("start-bind", [0]), ("start-connect", ends(U16))):
            texts = {generator.text(world.functions[f"tcp-socket.{name}"], "s") for _ in range(2000)}
            found = [text for text in texts if "ipv6({" in text]
            for field, values in (("port", ports), ("flow-info", ends(U32)), ("scope-id", ends(U32))):
                assert {int(text.split(f"{field}: ")[1].split(",")[0].rstrip("})")) for text in found} == set(values)
            assert all("(0, 0, 0, 0, 0, 0, 0, 1)" in text for text in found)
    finally:
        session.host.close()


PLANTED = {
    "a bad connect leaves the socket as it was": (
        "tcp-socket",
        Row("unbound", "start-connect", "error", "closed"),
        Row("unbound", "start-connect", "error", "unbound"),
        4,
    ),
    "a bind that was asked for is done": (
        "tcp-socket",
        Row("unbound", "start-bind", "ok", "bind-in-progress"),
        Row("unbound", "start-bind", "ok", "bound"),
        3,
    ),
    "no connection from a bound socket": (
        "tcp-socket",
        Row("bound", "start-connect", "ok", "connect-in-progress"),
        None,
        # Found where a socket connects to itself, which takes its address.
        6,
    ),
    "UDP forgets its bind": (
        "udp-socket",
        Row("bind-in-progress", "finish-bind", "ok", "bound"),
        Row("bind-in-progress", "finish-bind", "ok", "unbound"),
        5,
    ),
    "a peer is forgotten": (
        "udp-socket",
        Row("bound", "stream(some)", "ok", "connected"),
        Row("bound", "stream(some)", "ok", "bound"),
        9,
    ),
}


@cache
def planted(name: str) -> tuple[Finding, int]:
    resource, old, new, calls = PLANTED[name]
    found = fuzz((NativeHost, with_row(resource, old, new)), judge(), 10_000, SEED)
    assert found.finding is not None
    return found.finding, calls


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found_and_made_short(name: str) -> None:
    finding, calls = planted(name)
    assert finding.again
    assert len(finding.calls) <= calls, finding.transcript
    assert finding.verdict.news
    assert finding.outcomes[0] != finding.outcomes[1]


def test_a_finding_is_a_transcript_that_shows_it_again() -> None:
    resource, old, new, _ = PLANTED["a bad connect leaves the socket as it was"]
    finding, _ = planted("a bad connect leaves the socket as it was")
    transcript = Transcript.parse(finding.transcript)
    assert replay(transcript, NativeHost).passed
    assert not replay(transcript, with_row(resource, old, new)).passed


@pytest.mark.usefixtures("wasmtime_runtime")
def test_a_planted_mistake_is_found_beside_wasmtime() -> None:
    resource, old, new, calls = PLANTED["UDP forgets its bind"]
    makes: list[Make] = [with_row(resource, old, new), partial(make_host, "wasmtime")]
    finding = fuzz(makes, judge(BOTH), 10_000, SEED).finding
    assert finding is not None
    assert finding.verdict.news
    assert len(finding.calls) <= calls, finding.transcript


def test_the_same_seed_makes_the_same_calls() -> None:
    first, second = (fuzz((NativeHost, NativeHost), judge(), 200, 1) for _ in range(2))
    assert (first.calls, first.sequences) == (second.calls, second.sequences)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    found = fuzz(
        (NativeHost, NativeHost), judge(), 150, SEED, told=lambda sequences, calls: told.append((sequences, calls))
    )
    assert told[-1] == (found.sequences, found.calls)
    assert [sequences for sequences, _ in told] == list(range(1, found.sequences + 1))
