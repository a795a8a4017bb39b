"""What a guest may use up: each limit holds, by default and as given, and what ends the guest names it."""

from __future__ import annotations

import os
import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.guests import bodies
from tests.hosts.conftest import Make
from tests.support import SECONDS
from wasinet import wit
from wasinet.engine.faults import Trap
from wasinet.engine.program import Preopen, Program
from wasinet.engine.streams import FILE_PERMIT
from wasinet.hosts.guest import DATAGRAM_LIMIT
from wasinet.hosts.limits import LIMITS, Limits
from wasinet.oscalls import memory

COMMAND = wit.load("0.2-command")
MIB = 1 << 20

_TIMERS = "(loop $l (drop (call $monotonic-clock-subscribe-duration (i64.const 0))) (br $l)) (i32.const 0)"
_TABLE = {"functions": "(table 10 funcref)"}


def component(module: str, functions: str = "") -> str:
    """A component of one core module."""
    return f"""(component {functions}
      (core module $m {module})
      (core instance $m (instantiate $m (with "" (instance
        {'(export "new" (func $new))' if functions else ""}))))
      (func (export "run") (canon lift (core func $m "run"))))"""


# Two memories, of which each alone would fit.
_TWO_MEMORIES = component("""(memory $a 1) (memory $b 1) (func (export "run") (local $n i32)
  (if (i32.eq (memory.grow $a (i32.const 160)) (i32.const -1)) (then (return)))
  (if (i32.eq (memory.grow $b (i32.const 160)) (i32.const -1)) (then (unreachable))))""")
# A list of arrays that all stay.
_COLLECTED = component("""(type $a (array (mut i64)))
  (type $n (struct (field (ref null $n)) (field (ref $a))))
  (func (export "run") (local $l (ref null $n))
    (loop $l
      (local.set $l (struct.new $n (local.get $l) (array.new_default $a (i32.const 100000))))
      (br $l)))""")
_RESOURCES = component(
    """(import "" "new" (func $new (param i32) (result i32)))
    (func (export "run") (loop $l (drop (call $new (i32.const 1))) (br $l)))""",
    "(type $r (resource (rep i32))) (core func $new (canon resource.new $r))",
)


@pytest.mark.parametrize(
    ("body", "limits", "text", "message"),
    [
        (bodies.ALLOCATE, {"memory": 16 * MIB}, {}, "`unreachable` instruction executed; MORE 16MiB of memory"),
        (bodies.NOTHING, {"memory": 16 * MIB}, {"memory": 257}, "MORE 16MiB of memory"),
        (_TWO_MEMORIES, {"memory": 16 * MIB}, {}, "`unreachable` instruction executed; MORE 16MiB of memory"),
        (_COLLECTED, {"memory": 16 * MIB}, {}, "out of memory.*; MORE 16MiB of memory"),
        (_TIMERS, {"handles": 1000}, {}, "MORE 1000 handles"),
        (bodies.LEAK, {"handles": 999}, {}, "MORE 999 handles"),
        (bodies.NOTHING, {"instances": 1}, {}, "MORE 1 core instances"),
        (bodies.NOTHING, {"memories": 0}, {}, "MORE 0 memories"),
        (bodies.NOTHING, {"tables": 0}, _TABLE, "MORE 0 tables"),
        (bodies.NOTHING, {"table_elements": 9}, _TABLE, "MORE 9 elements in a table"),
    ],
)
def test_each_limit(body: str, limits: dict[str, int], text: dict[str, Any], message: str, make: Make) -> None:
    option = LIMITS[next(iter(limits))].option
    host = make(body, text=text, limits=Limits(**limits))
    with pytest.raises(Trap) as caught:
        host.run()
    expected = message.replace("MORE", "the guest asked for more than") + rf" \(--{option}\)$"
    assert re.search(expected, caught.value.message), caught.value.message


@pytest.mark.slow
def test_the_limits_by_default(make: Make) -> None:
    with pytest.raises(Trap, match="more than 100000 handles"):
        make(_TIMERS).run()


def test_growth_that_is_refused(make: Make) -> None:
    """The guest gets -1, and a limit is named only where it was reached."""
    refused = "(i32.eq (memory.grow (i32.const 1000)) (i32.const -1))"
    host = make(refused, limits=Limits(memory=16 * MIB))
    assert (host.run(), host.reached) == (1, "the guest asked for more than 16MiB of memory (--max-memory)")
    host = make(refused)
    assert (host.run(), host.reached) == (0, "")
    grown = "(i32.ne (table.grow (ref.null func) (i32.const 91)) (i32.const -1))"
    assert make(grown, text=_TABLE, limits=Limits(table_elements=100)).run() == 0


def test_memories_are_given_back(make: Make) -> None:
    host = make("(drop (memory.grow (i32.const 100))) (i32.store8 (i32.const 7000000) (i32.const 1)) (i32.const 0)")
    assert host.run() == 0
    assert host._component.memories.total == 0


def test_memory_that_the_system_refuses(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: memory.Reservation, size: int) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(memory.Reservation, "use", refuse)
    host = make(bodies.NOTHING)
    with pytest.raises(Trap, match="Cannot allocate memory"):
        host.run()
    assert host._component.memories.total == 0


def test_what_grows_uncounted(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handles of the guest's own resources are Wasmtime's: only the process tells how many."""
    monkeypatch.setattr("wasinet.hosts.guest._VALUES", 0)
    with pytest.raises(Trap, match=r"more than 16MiB of memory .--max-memory., in handles of its own"):
        make(_RESOURCES, limits=Limits(memory=16 * MIB, handles=0, tables=0)).run()


def test_growth_within_another_limit_is_not_uncounted(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table as large as the guest may have it is no memory that nobody counts."""
    monkeypatch.setattr("wasinet.hosts.guest._VALUES", 0)
    monkeypatch.setattr(memory, "_INTERVAL", 0.001)
    limits = Limits(memory=16 * MIB, handles=0, tables=1, table_elements=10_000_000)
    # It goes on for longer than the watch needs to look.
    grown = """(local $i i32)
      (drop (table.grow (ref.null func) (i32.const 8000000)))
      (loop $l (br_if $l (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200000000))))
      (i32.const 0)"""
    assert make(grown, text=_TABLE, limits=limits).run() == 0
    assert Limits(handles=100_001).uncounted > Limits().uncounted


# What the engine holds for a guest

_OUTPUT = """
  (local.set $out (call $stdout-get-stdout))
  (call $streams-output-stream-check-write (local.get $out) (i32.const 0))
  (if (i64.ne (i64.load (i32.const 8)) (i64.const PERMIT)) (then (return (i32.const 2))))
"""
_WRITE = """
  (call $streams-output-stream-write (local.get $out) (i32.const 4096) (i32.const PERMIT) (i32.const 0))
"""


def output(*steps: str) -> str:
    """Core code with steps for standard output; the memory has room for all that is permitted."""
    code = f"(local $out i32) (local $first i32) (drop (memory.grow (i32.const 20))) {''.join(steps)}"
    return f"{code} (i32.load8_u (i32.const 0))".replace("PERMIT", str(FILE_PERMIT))


def test_queued_data(make: Make) -> None:
    """Permits of several handles, all taken before anything was written, are together more than one."""
    reading, writing = os.pipe()
    try:
        steps = [_OUTPUT, "(local.set $first (local.get $out))", _OUTPUT, _WRITE, "(local.set $out (local.get $first))"]
        program = Program(stdout=writing)
        host = make(output(*steps, _WRITE), COMMAND, program=program, limits=Limits(queued=FILE_PERMIT))
        with pytest.raises(Trap, match=r"^the guest asked for more than 1MiB of queued data .--max-queued."):
            host.run()
        assert host.engine.queued > FILE_PERMIT
        host.close()
        assert host.engine.queued == 0
        assert sum(lost.count for lost in host.undelivered) + len(os.read(reading, MIB)) == 2 * FILE_PERMIT
    finally:
        os.close(reading)
        os.close(writing)


def test_as_much_output_as_wasmtime_permits(make: Make, tmp_path: Path) -> None:
    """C libraries write what is permitted and give a short count, so less than 1 MiB loses what others deliver."""
    assert FILE_PERMIT == MIB
    path = tmp_path / "out"
    with path.open("wb") as file:
        assert make(output(_OUTPUT, _WRITE), COMMAND, program=Program(stdout=file.fileno())).run() == 0
    assert path.stat().st_size == FILE_PERMIT
    reading, writing = os.pipe()
    got = 0

    def read() -> None:
        nonlocal got
        while got < FILE_PERMIT:
            got += len(os.read(reading, MIB))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        host = make(output(_OUTPUT, _WRITE), COMMAND, program=Program(stdout=writing))
        assert host.run() == 0
        assert host.close(SECONDS)
        thread.join(SECONDS)
        assert got == FILE_PERMIT
    finally:
        os.close(writing)
        thread.join(SECONDS)
        os.close(reading)


# The records of datagrams stand from 4096 on: data, and no address for a stream that has a peer.
_SEND = """(local $net i32) (local $s i32) (local $out i32) (local $i i32)
  (local.set $net (call $instance-network-instance-network))
  (call $udp-create-socket-create-udp-socket (i32.const 0) (i32.const 0))
  (local.set $s (i32.load (i32.const 4)))
  (call $udp-udp-socket-start-bind (local.get $s) (local.get $net)
    (i32.const 0) (i32.const 0) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $udp-udp-socket-finish-bind (local.get $s) (i32.const 0))
  (call $udp-udp-socket-stream (local.get $s) (i32.const 1)
    (i32.const 0) (i32.const PORT) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
  (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
  (local.set $out (i32.load (i32.const 8)))
  (call $udp-outgoing-datagram-stream-check-send (local.get $out) (i32.const 0))
  (if (i64.ne (i64.load (i32.const 8)) (i64.const COUNT)) (then (return (i32.const 1))))
  (loop $l
    (i32.store (i32.add (i32.const 4096) (i32.mul (local.get $i) (i32.const 44))) (i32.const 65536))
    (i32.store (i32.add (i32.const 4100) (i32.mul (local.get $i) (i32.const 44))) (i32.const 65507))
    (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const COUNT))))
  (call $udp-outgoing-datagram-stream-send (local.get $out) (i32.const 4096) (i32.const COUNT) (i32.const 0))
  (i64.ne (i64.load (i32.const 8)) (i64.const COUNT))
"""


def test_the_datagrams_that_are_permitted_can_be_sent(make: Make) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(SECONDS)
        body = _SEND.replace("PORT", str(peer.getsockname()[1])).replace("COUNT", str(DATAGRAM_LIMIT))
        assert make(body).run() == 0
        assert len(peer.recv(1 << 17)) == 65507


def test_more_in_one_call_than_wasmtime_takes(make: Make) -> None:
    most = "(drop (memory.grow (i32.const 100)))"
    write = "(call $streams-output-stream-write (local.get $out) (i32.const 4096) (i32.const SIZE) (i32.const 0))"
    body = f"(local $out i32) {most} (local.set $out (call $stdout-get-stdout)) {write} (i32.const 0)"
    with pytest.raises(Trap, match="passed more in one call than Wasmtime takes, 2796202 bytes of a list at the most"):
        make(body.replace("SIZE", "2800000"), COMMAND, program=Program(stdout=None)).run()


def test_file_writes_within_the_permit(make: Make, tmp_path: Path) -> None:
    """One write of a descriptor, of as much as a stream permits."""
    (tmp_path / "file").write_bytes(b"")
    body = f"""(local $d i32) (drop (memory.grow (i32.const 20)))
      (i32.store (i32.const 600) (i32.const 0x656c6966))
      (call $preopens-get-directories (i32.const 0))
      (local.set $d (i32.load (i32.load (i32.const 0))))
      (call $types-descriptor-open-at (local.get $d) (i32.const 0) (i32.const 600) (i32.const 4)
        (i32.const 0) (i32.const 3) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
      (local.set $d (i32.load (i32.const 4)))
      (call $types-descriptor-write (local.get $d) (i32.const 4096) (i32.const {MIB}) (i64.const 0) (i32.const 0))
      (i64.ne (i64.load (i32.const 8)) (i64.const {MIB}))
    """
    assert make(body, COMMAND, program=Program(preopens=(Preopen(str(tmp_path), "/", False),))).run() == 0
    assert (tmp_path / "file").stat().st_size == MIB
