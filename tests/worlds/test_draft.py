"""The draft world: all 71 functions, on success and on each documented failure; names and shapes of errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wasinet.engine
from tests.support import SECONDS, ipv4, reset
from tests.worlds.scenarios import SCENARIOS
from tests.worlds.support import Bench, refused
from wasinet.engine.faults import Trap
from wasinet.engine.records import Trapped
from wasinet.engine.resource import Resource
from wasinet.wit import load
from wasinet.wit.values import Err, Ok
from wasinet.worlds.draft import RESOURCES, WORLD, operations

PRECISE = {code.name for code in load("0.2").error_codes}
FUNCTIONS = {function.qualified: function for function in WORLD.functions.values()}


@pytest.mark.parametrize(
    ("function", "clause"), SCENARIOS, ids=[f"{function}-{clause or 'ok'}" for function, clause in SCENARIOS]
)
def test_each_function_as_documented(bench: Bench, function: str, clause: str) -> None:
    SCENARIOS[function, clause](bench)
    record = bench.records[-1]
    assert record.function is FUNCTIONS[function]
    if not clause:
        assert not record.failed
        return
    (error,) = (error for error in FUNCTIONS[function].errors if error.when == clause)
    assert record.outcome == Err(error.code)
    if error.code == "unknown":
        found = re.search(r".\(([a-z-]+)\)\Z", record.reason)
        assert found
        assert found[1] in PRECISE
    assert record.reason
    assert record.before == record.after or error.code == "again"


def test_nothing_documented_is_left_out() -> None:
    documented = {(name, "") for name in FUNCTIONS}
    documented |= {(name, error.when) for name, function in FUNCTIONS.items() for error in function.errors}
    assert documented == set(SCENARIOS)
    assert len(FUNCTIONS) == 71


def test_every_function_is_bound(bench: Bench) -> None:
    assert operations(bench.host.engine).keys() == WORLD.functions.keys()


def test_every_resource_has_a_class_of_its_own() -> None:
    assert RESOURCES.keys() == WORLD.resources.keys()
    assert all(issubclass(cls, Resource) and cls.kind == kind for kind, cls in RESOURCES.items())


def test_the_engine_knows_no_world() -> None:
    folder = Path(wasinet.engine.__file__).parent
    sources = sorted(folder.rglob("*.py"))
    assert sources
    for source in sources:
        text = source.read_text(encoding="utf-8")
        assert not re.search(r"draft|early.2023", text, re.IGNORECASE), source.name
        assert not re.search(r"\bif\b[^\n]*\bworld\b", text), source.name
        assert "wasinet.worlds" not in text, source.name


# Errors


def test_unknown_has_the_precise_reason_and_code_beside_it(bench: Bench) -> None:
    sock = bench.tcp("bound")
    local = next(info.local for info in bench.host.handles() if info.handle == sock)
    assert local.startswith("127.0.0.1:")
    outcome = bench.call("tcp.bind", sock, bench.net, ipv4("127.0.0.1"))
    assert outcome == Err("unknown")
    assert outcome.reason == f"bind needs unbound; #{sock} is bound to {local} (invalid-state)"
    assert bench.records[-1].reason == outcome.reason


def test_errors_of_the_system_have_their_reason_too(bench: Bench) -> None:
    sock = bench.tcp()
    outcome = bench.call("tcp.bind", sock, bench.net, bench.taken(listening=True)[1])
    assert refused(outcome, "address-in-use")
    assert outcome.reason == "Address already in use (address-in-use)"
    bench.os.faults["tcp_socket"] = 24
    assert refused(bench.call("create-tcp-socket", "ipv4"), "new-socket-limit")


def test_stream_errors_are_an_empty_record_with_the_reason_beside_it(bench: Bench) -> None:
    end, peer = bench.connected()
    reset(peer)
    assert bench.host.wait(end.rx, SECONDS)
    outcome = bench.call("read", end.rx, 1)
    assert outcome == Err({})
    assert outcome.reason.endswith("(connection-reset)")
    # Told once; then it is the end.
    assert bench.call("read", end.rx, 1) == Ok((b"", True))


def test_again_is_told_with_a_reason(bench: Bench) -> None:
    sock = bench.tcp("listener")
    bench.need("tcp.set-non-blocking", sock, True)
    outcome = bench.call("accept", sock)
    assert outcome == Err("again")
    assert outcome.reason


def test_a_trap_is_recorded(bench: Bench) -> None:
    with pytest.raises(Trap, match="no handle of this session"):
        bench.call("tcp.local-address", 99)
    assert isinstance(bench.records[-1].outcome, Trapped)
