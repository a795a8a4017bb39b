"""The shipped transcripts: all pass, every function is in them, and every documented error that loopback provokes."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

import pytest

from wasinet import wit
from wasinet.hosts import Trapped
from wasinet.script.outcomes import code_of
from wasinet.script.replay import Report, replay
from wasinet.script.session import Step
from wasinet.script.transcript import CallLine, read_file
from wasinet.wit.values import Err

FOLDER = Path(str(resources.files("wasinet.conformance"))) / "transcripts" / "0.2"
FILES = sorted(FOLDER.glob("*.wasinet"))
WORLD = wit.load("0.2")

BY_FINISH = "what the operating system says comes from the finish-* call, by the declared Note"
NO_ROUTE = "loopback is always reachable"
BY_ASKING = "the native host is done at once, unless a policy asks a person"
NO_NAME_SERVER = "takes a name server that answers so; tests of the engine have a stand-in for one"
NO_LIMIT = "takes a process that has as many files open as it may"
HAS_BOTH = "takes a system without this address family"

NOT_PROVOKED = {
    ("resolve-address-stream.resolve-next-address", "name-unresolvable"): NO_NAME_SERVER,
    ("resolve-address-stream.resolve-next-address", "temporary-resolver-failure"): NO_NAME_SERVER,
    ("resolve-address-stream.resolve-next-address", "permanent-resolver-failure"): NO_NAME_SERVER,
    ("resolve-address-stream.resolve-next-address", "would-block"): "the answer may be there before the next call",
    ("tcp-socket.start-bind", "address-in-use"): BY_FINISH,
    ("tcp-socket.start-bind", "address-not-bindable"): BY_FINISH,
    ("tcp-socket.finish-bind", "would-block"): BY_ASKING,
    ("tcp-socket.start-connect", "timeout"): BY_FINISH,
    ("tcp-socket.start-connect", "connection-refused"): BY_FINISH,
    ("tcp-socket.start-connect", "connection-reset"): BY_FINISH,
    ("tcp-socket.start-connect", "connection-aborted"): BY_FINISH,
    ("tcp-socket.start-connect", "remote-unreachable"): BY_FINISH,
    ("tcp-socket.start-connect", "address-in-use"): BY_FINISH,
    ("tcp-socket.finish-connect", "timeout"): "the system tries for minutes",
    ("tcp-socket.finish-connect", "connection-reset"): "a reset during the handshake is a refusal",
    ("tcp-socket.finish-connect", "connection-aborted"): "no call gives up an attempt",
    ("tcp-socket.finish-connect", "remote-unreachable"): NO_ROUTE,
    ("tcp-socket.start-listen", "address-in-use"): BY_FINISH,
    ("tcp-socket.finish-listen", "would-block"): BY_ASKING,
    ("tcp-socket.accept", "connection-aborted"): "Linux hands out connections that were reset while they waited",
    ("tcp-socket.accept", "new-socket-limit"): NO_LIMIT,
    ("tcp-socket.set-listen-backlog-size", "not-supported"): "every system that we run on can change the backlog",
    ("create-tcp-socket", "not-supported"): HAS_BOTH,
    ("create-tcp-socket", "new-socket-limit"): NO_LIMIT,
    ("udp-socket.start-bind", "address-in-use"): BY_FINISH,
    ("udp-socket.start-bind", "address-not-bindable"): BY_FINISH,
    ("udp-socket.finish-bind", "would-block"): BY_ASKING,
    ("udp-socket.stream", "address-in-use"): "the socket is bound, so that it has its port already",
    ("udp-socket.stream", "remote-unreachable"): NO_ROUTE,
    ("udp-socket.stream", "connection-refused"): "choosing a UDP peer sends nothing that could be refused",
    ("incoming-datagram-stream.receive", "remote-unreachable"): NO_ROUTE,
    ("outgoing-datagram-stream.send", "remote-unreachable"): NO_ROUTE,
    ("create-udp-socket", "not-supported"): HAS_BOTH,
    ("create-udp-socket", "new-socket-limit"): NO_LIMIT,
}  # fmt: skip
"""The documented errors that the transcripts do not show, and why."""


@cache
def played(path: Path) -> tuple[Report, frozenset[str], frozenset[tuple[str, str]]]:
    """One transcript: its report, the functions that succeeded, and the errors that came, all of them expected."""
    good: set[str] = set()
    bad: set[tuple[str, str]] = set()

    def told(line: CallLine, step: Step) -> None:
        if line.expected is None or isinstance(step.outcome, Trapped):
            return
        if isinstance(step.outcome, Err):
            bad.add((step.function.name, code_of(step.outcome, "")[0]))
        else:
            good.add(step.function.name)

    report = replay(read_file(path), told=told)
    return report, frozenset(good), frozenset(bad)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_transcript_passes_and_reads_as_documentation(path: Path) -> None:
    report, _, _ = played(path)
    assert report.passed, report.diff()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert lines[0].endswith(".")
    assert "%world 0.2" in lines
    assert max(map(len, lines)) <= 120


def test_every_function_succeeds_somewhere() -> None:
    succeeded = {name for path in FILES for name in played(path)[1]}
    declared = {function.name for function in WORLD.functions.values()}
    assert len(declared) == 76
    assert declared - succeeded == set()


def test_every_documented_error_comes_or_has_a_reason_not_to() -> None:
    came = {pair for path in FILES for pair in played(path)[2]}
    documented = {(function.name, error.code) for function in WORLD.functions.values() for error in function.errors}
    assert documented - came == set(NOT_PROVOKED)
