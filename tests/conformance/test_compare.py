"""Scripts on two hosts: what differs, what follows from it, and what a trap leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from tests.conformance.support import BOTH, NATIVES, WORLD, judge, with_row
from tests.support import refused_port
from wasinet.conformance.compare import Comparison, compare
from wasinet.conformance.judge import ALLOWED, CONSEQUENCE, UNEXPLAINED, UNSPECIFIED, VIOLATION, Judge
from wasinet.conformance.scripts import shipped
from wasinet.conformance.watchdog import Stuck, bounded
from wasinet.hosts import Host, make_host
from wasinet.hosts.native import NativeHost
from wasinet.oscalls.interruption import sleep
from wasinet.script.transcript import Transcript
from wasinet.wit.machine import Row
from wasinet.wit.values import Err, Ok, Value

LISTEN = """
> l = create-tcp-socket(ipv4)
> l.start-bind(net, 127.0.0.1:0)
> l.finish-bind()
> here = l.local-address()
> l.start-listen()
> l.finish-listen()
"""
CONNECT = """
> c = create-tcp-socket(ipv4)
> c.start-connect(net, here)
> !retry (rx, tx) = c.finish-connect()
> !retry (a, a-rx, a-tx) = l.accept()
"""


class Answering(NativeHost):
    """A native host that gives its own answers to some functions, in turn; None lets a call through."""

    def __init__(self, **answers: Sequence[Value]) -> None:
        super().__init__()
        self.answers = {name.replace("_", "-"): list(of) for name, of in answers.items()}

    def call(self, function: str, *arguments: Value) -> Value:
        prepared = self.answers.get(function.rpartition(".")[2])
        answer = prepared.pop(0) if prepared else None
        return super().call(function, *arguments) if answer is None else answer


def compared(
    text: str, other: Callable[[], Host] = NativeHost, patience: float = 1.0, by: Judge | None = None
) -> Comparison:
    return compare(Transcript.parse(text), (NativeHost, other), by or judge(), patience)


def kinds(found: Comparison) -> list[tuple[int, str, int]]:
    return [(one.line, one.verdict.kind, one.follows) for one in found.differences]


@pytest.mark.parametrize("transcript", shipped(), ids=lambda transcript: transcript.path)
def test_the_native_host_is_like_itself(transcript: Transcript) -> None:
    found = compare(transcript, (NativeHost, NativeHost), judge())
    assert found.differences == ()
    assert found.unable == ""
    assert not found.bad


@pytest.mark.usefixtures("wasmtime_runtime")
@pytest.mark.parametrize("transcript", shipped(), ids=lambda transcript: transcript.path)
def test_no_shipped_transcript_leaves_anything_unexplained(transcript: Transcript) -> None:
    found = compare(transcript, [partial(make_host, host) for host in BOTH], judge(BOTH))
    assert found.unable or found.calls
    assert [one for one in found.differences if one.verdict.news] == []


def test_a_broken_row_is_a_violation_with_its_clause() -> None:
    other = with_row(
        "tcp-socket",
        Row("unbound", "start-connect", "error", "closed"),
        Row("unbound", "start-connect", "error", "unbound"),
    )
    text = "> s = create-tcp-socket(ipv4)\n> s.start-connect(net, 0.0.0.0:1)\n> s.hop-limit()\n"
    found = compare(Transcript.parse(text), (NativeHost, other), Judge(WORLD, ("native", "other")))
    (difference,) = found.differences
    assert difference.outcomes == ("err(invalid-state)", "ok(64)")
    assert difference.states == ("closed", "unbound")
    assert found.bad


@pytest.mark.parametrize(
    ("answers", "line", "kind", "clause"),
    [
        ({"start_bind": [Err("address-in-use")]}, 3, ALLOWED, "tcp.tcp-socket.start-bind, declared errors"),
        ({"start_bind": [Err("timeout")]}, 3, VIOLATION, "tcp.tcp-socket.start-bind, declared errors"),
        ({"start_bind": [Err("invalid-state")]}, 3, VIOLATION, ": start-bind in unbound"),
        ({"start_listen": [Err("not-supported")]}, 6, UNEXPLAINED, ""),
        ({"local_address": [Err("invalid-state")]}, 5, VIOLATION, ": local-address in bound"),
    ],
)
def test_verdicts_of_the_declarations(answers: dict[str, list[Value]], line: int, kind: str, clause: str) -> None:
    by = Judge(WORLD, ("native", "other"))
    found = compared(LISTEN, lambda: Answering(**answers), by=by)
    first = found.differences[0]
    assert (first.line, first.verdict.kind) == (line, kind)
    assert first.verdict.clause.endswith(clause)
    assert first.verdict.host == ("other" if kind == VIOLATION else "")
    assert found.bad is (kind in (VIOLATION, UNEXPLAINED))


def test_order_of_poll_is_the_hosts_own() -> None:
    text = "> p = subscribe-duration(0s)\n> q = subscribe-duration(0s)\n> p.block()\n> q.block()\n> poll([p, q])\n"
    found = compared(text, lambda: Answering(poll=[[1, 0]]))
    assert kinds(found) == [(5, ALLOWED, 0)]


def test_what_follows_from_a_difference_is_not_judged_again() -> None:
    text = LISTEN + CONNECT + "> c.remote-address()\n> c.hop-limit()\n> l.is-listening()\n"
    found = compared(text, lambda: Answering(start_connect=[Err("connection-refused")]), patience=0.01)
    assert kinds(found) == [
        (10, ALLOWED, 0),
        (11, CONSEQUENCE, 10),
        (12, CONSEQUENCE, 10),
        (13, CONSEQUENCE, 10),
    ]


def test_a_host_that_is_late_is_waited_for() -> None:
    late: dict[str, list[Value]] = {
        "finish_connect": [Err("would-block")],
        "accept": [Err("would-block")],
        "read": [Ok(b""), Ok(b"")],
    }
    text = LISTEN + CONNECT.replace("!retry ", "") + '> tx.blocking-write-and-flush("hello")\n> a-rx.read(5)\n'
    assert compared(text, lambda: Answering(**late)).differences == ()
    assert kinds(compared(text, lambda: Answering(**late), patience=0.0))[0][:2] == (11, UNEXPLAINED)


def test_pieces_are_put_together() -> None:
    text = LISTEN + CONNECT + '> tx.blocking-write-and-flush("hello")\n> a-rx.blocking-read(5)\n'
    # Half of what came; the rest comes with the next read.
    assert compared(text, lambda: Answering(blocking_read=[Ok(b"")])).differences == ()
    found = compared(text, lambda: Answering(blocking_read=[Ok(b"hullo")]))
    assert found.differences[-1].outcomes == ('ok("hello")', 'ok("hullo")')


def test_a_trap_ends_the_guest_on_both() -> None:
    text = "> s = create-tcp-socket(ipv4)\n> poll([])\n> s.is-listening()\n> t = create-tcp-socket(ipv4)\n"
    found = compared(text)
    assert (found.calls, found.skipped, found.differences) == (3, (3,), ())


def test_a_call_that_does_not_come_back_is_a_difference() -> None:
    class Silent(NativeHost):
        """A host on which no pollable of a duration is ever ready."""

        def call(self, function: str, *arguments: Value) -> Value:
            return super().call(function, *((10**18,) if function == "subscribe-duration" else arguments))

    found = compared("> p = subscribe-duration(1ms)\n> p.block()\n> now()\n", Silent, patience=0.1)
    (difference,) = found.differences
    assert difference.outcomes == ("ok", "waits")
    assert found.bad


def test_the_rest_of_a_piece_may_never_come() -> None:
    # The other host has taken one byte of two, and its second read waits for what nobody sends.
    class Short(NativeHost):
        def call(self, function: str, *arguments: Value) -> Value:
            outcome = super().call(function, *arguments)
            if function == "input-stream.blocking-read" and outcome == Ok(b"xy"):
                return Ok(b"x")
            return outcome

    text = LISTEN + CONNECT + '> tx.blocking-write-and-flush("xy")\n> a-rx.blocking-read(2)\n'
    found = compared(text, Short, patience=0.4)
    assert [one.outcomes for one in found.differences] == [('ok("xy")', 'ok("x")')]


def test_what_comes_back_is_not_interrupted() -> None:
    assert bounded(lambda: 5, 60.0) == 5
    with pytest.raises(Stuck):
        bounded(lambda: sleep(60.0), 0.01)


def test_an_interrupt_of_the_user_passes(interrupt: Callable[[], None]) -> None:
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        bounded(lambda: time.sleep(60.0), 60.0)


def test_scripts_that_choose_ports_run_one_after_the_other() -> None:
    port = refused_port()
    text = (LISTEN + CONNECT).replace(
        "127.0.0.1:0", f"127.0.0.1:{port}"
    ) + "> c.remote-address()\n> l.local-address()\n"
    found = compared(text)
    assert (found.calls, found.differences) == (12, ())
    late: dict[str, list[Value]] = {"finish_connect": [Err("would-block")]}
    assert compared(text, lambda: Answering(**late)).differences == ()


@pytest.mark.usefixtures("wasmtime_runtime")
@pytest.mark.parametrize("port", ["", "> s = create-tcp-socket(ipv4)\n> s.start-bind(net, 127.0.0.1:1)\n"])
def test_a_script_that_a_host_cannot_run(port: str) -> None:
    found = compare(
        Transcript.parse(f"{port}%network fenced\n> now()\n"), [partial(make_host, host) for host in BOTH], judge(BOTH)
    )
    assert "has no networks with rules" in found.unable
    assert not found.bad


@pytest.mark.usefixtures("wasmtime_runtime")
def test_what_is_not_linked_ends_no_guest() -> None:
    text = next(one.text for one in shipped() if one.path == "stream-errors.wasinet")
    found = compare(Transcript.parse(text), [partial(make_host, host) for host in BOTH], judge(BOTH))
    assert found.skipped == ()
    assert [one.verdict.known for one in found.differences] == ["network-error-code"]


def test_known_entries_go_before_the_declarations() -> None:
    from tests.conformance.test_deviations import ENTRY
    from wasinet.conformance.deviations import load

    entries = load(ENTRY.replace('"violation"', '"unspecified"').replace('"wasmtime"', '"native"'))
    text = "> s = create-tcp-socket(ipv4)\n> s.accept()\n"
    answers = {"accept": [Ok((7, 8, 9))]}
    found = compare(Transcript.parse(text), (NativeHost, lambda: Answering(**answers)), judge(NATIVES, entries))
    assert [(one.verdict.kind, one.verdict.known, one.verdict.host) for one in found.differences] == [
        (UNSPECIFIED, "a", "")
    ]


@pytest.mark.parametrize(
    ("given", "known"),
    [([0, 1], "a"), ([1, 0], "a"), ([], ""), ([1], "")],
    ids=["more", "in any order", "less", "other"],
)
def test_results_of_poll_are_judged_by_readiness(given: list[int], known: str) -> None:
    from tests.conformance.test_deviations import ENTRY
    from wasinet.conformance.deviations import load

    text = ENTRY.replace('"wasmtime"', '"other"').replace("tcp-socket.*", "pollable.ready")
    entries = load(text.replace('"ok*"', '"true"').replace('"err(invalid-state)"', '"false"'))
    calls = "> p = subscribe-duration(0s)\n> q = subscribe-duration(1000s)\n> p.block()\n> poll([p, q])\n"
    by = Judge(WORLD, ("native", "other"), entries)
    found = compared(calls, lambda: Answering(poll=[given] * 100_000), patience=0.01, by=by)
    assert [one.verdict.known for one in found.differences] == [known]
