"""Guests in process: how each ends, and that nothing is left open (``tests/conftest.py`` looks)."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.guests import bodies
from tests.hosts.conftest import Make
from wasinet import wit
from wasinet.engine.faults import Trap
from wasinet.engine.policy import Policy
from wasinet.engine.program import Preopen, Program
from wasinet.hosts import CallRecord, Trapped
from wasinet.hosts.components.component import Component, NotRunnable
from wasinet.hosts.guest import TRANSFER_LIMIT, GuestHost
from wasinet.hosts.limits import Limits
from wasinet.oscalls.interruption import install
from wasinet.wit.declare import World
from wasinet.wit.values import Err, Ok, Value

SOCKETS = wit.load("0.2")
COMMAND = wit.load("0.2-command")
DRAFT = wit.load("draft")


@contextmanager
def listening() -> Iterator[tuple[socket.socket, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(120)
        yield listener, listener.getsockname()[1]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("(i32.const 0)", 0),
        ("(i32.const 1)", 1),
        ("(call $exit-exit (i32.const 0)) (unreachable)", 0),
        ("(call $exit-exit (i32.const 1)) (unreachable)", 1),
        ("(call $exit-exit-with-code (i32.const 0)) (unreachable)", 0),
        ("(call $exit-exit-with-code (i32.const 42)) (unreachable)", 42),
        ("(call $exit-exit-with-code (i32.const 255)) (unreachable)", 255),
    ],
)
def test_exit_codes(body: str, code: int, make: Make) -> None:
    assert make(body, COMMAND).run() == code


def test_an_exit_is_recorded_as_no_failure(make: Make) -> None:
    records: list[CallRecord] = []
    host = make("(call $exit-exit-with-code (i32.const 3)) (unreachable)", COMMAND)
    host.attach(records.append)
    assert host.run() == 3
    assert [(record.function.name, record.arguments, record.failed) for record in records] == [
        ("exit-with-code", (3,), False)
    ]


# Every value here is one that the type allows; -1 is the greatest of an unsigned one.
_ENDS = """(local $net i32) (local $s i32)
  (local.set $net (call $instance-network-instance-network))
  (call $tcp-create-socket-create-tcp-socket (i32.const 1) (i32.const 0))
  (local.set $s (i32.load (i32.const 4)))
  (call $tcp-tcp-socket-set-listen-backlog-size (local.get $s) (i64.const -1) (i32.const 0))
  (call $tcp-tcp-socket-set-keep-alive-idle-time (local.get $s) (i64.const -1) (i32.const 0))
  (call $tcp-tcp-socket-set-keep-alive-interval (local.get $s) (i64.const -1) (i32.const 0))
  (call $tcp-tcp-socket-set-keep-alive-count (local.get $s) (i32.const -1) (i32.const 0))
  (call $tcp-tcp-socket-set-hop-limit (local.get $s) (i32.const 255) (i32.const 0))
  (call $tcp-tcp-socket-set-receive-buffer-size (local.get $s) (i64.const -1) (i32.const 0))
  (drop (call $monotonic-clock-subscribe-duration (i64.const -1)))
  (drop (call $monotonic-clock-subscribe-instant (i64.const -1)))
  (call $tcp-tcp-socket-start-bind (local.get $s) (local.get $net) (i32.const 1) (i32.const 0)
    (i32.const FLOW) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 0) (i32.const 1) (i32.const SCOPE) (i32.const 0))
  (i32.const 0)
"""


@pytest.mark.parametrize(
    ("flow", "scope", "bound"),
    [(0xFFFFF, 0, Ok()), (0, -1, Ok()), (0x100000, 0, Err("invalid-argument")), (-1, -1, Err("invalid-argument"))],
)
def test_values_at_the_ends_of_their_types(flow: int, scope: int, bound: Value, make: Make) -> None:
    records: list[CallRecord] = []
    host = make(_ENDS.replace("FLOW", str(flow)).replace("SCOPE", str(scope)))
    host.attach(records.append)
    assert host.run() == 0
    assert records[-1].outcome == bound
    assert not any(record.failed for record in records[:-1])


@pytest.mark.parametrize("version", [f"0.2.{patch}" for patch in range(13)])
def test_patch_versions(version: str, make: Make) -> None:
    assert make("(i32.const 0)", COMMAND, text={"version": version}).run() == 0


def test_a_guest_runs_in_another_thread(make: Make) -> None:
    host = make(bodies.LEAK.replace("1000", "10"))
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(host.run()))
    thread.start()
    thread.join()
    assert codes == [0]


def test_leaked_sockets_are_closed(make: Make) -> None:
    host = make(bodies.LEAK)
    assert host.run() == 0
    assert len(list(host.handles())) == 1000


@pytest.mark.parametrize(
    ("body", "limits", "message"),
    [
        (bodies.TRAP, Limits(), "wasm `unreachable` instruction executed"),
        (bodies.SPIN, Limits(fuel=10_000), "it used up its fuel of 10000 (--fuel)"),
        ("(loop $l (drop (i32.load (i32.const -4))) (br $l)) (i32.const 0)", Limits(), "out of bounds memory access"),
        ("(call $recurse) (i32.const 0)", Limits(), "call stack exhausted"),
    ],
)
def test_traps_of_the_guests_own(body: str, limits: Limits, message: str, make: Make) -> None:
    text = {"functions": "(func $recurse (call $recurse))"}
    with pytest.raises(Trap, match=f"^the guest stopped: .*{message.replace('(', '.').replace(')', '.')}") as caught:
        make(body, limits=limits, text=text).run()
    assert "wasm backtrace" in caught.value.__notes__[0]


def test_a_rule_that_is_broken(make: Make) -> None:
    records: list[CallRecord] = []
    with listening() as (_, port):
        write = "(call $streams-output-stream-write (local.get $out) (i32.const 0) (i32.const 9) (i32.const 0))"
        host = make(bodies.connected(port, f"{write} (i32.const 0)"))
        host.attach(records.append)
        with pytest.raises(Trap, match="9 bytes written where check-write permitted 0") as caught:
            host.run()
        assert caught.value.clause == "streams.output-stream.write"
        assert "wasm backtrace" in caught.value.__notes__[0]
        assert isinstance(records[-1].outcome, Trapped)
        host.close()


def test_a_drop_before_the_children(make: Make) -> None:
    with listening() as (_, port):
        host = make(bodies.connected(port, "(call $drop-tcp-socket (local.get $s)) (i32.const 0)"))
        with pytest.raises(Trap, match="may not be dropped while its children live"):
            host.run()
        host.close()


@pytest.fixture
def ctrl_c() -> Iterator[Callable[[socket.socket], None]]:
    """Starts a Ctrl-C that comes when somebody has connected to a listener, and is put off as the command does."""
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    install()
    main, threads = threading.main_thread(), []

    def interrupt(listener: socket.socket) -> None:
        select.select([listener], [], [], 60)
        assert main.ident is not None
        signal.pthread_kill(main.ident, signal.SIGINT)

    def start(listener: socket.socket) -> None:
        threads.append(threading.Thread(target=interrupt, args=(listener,)))
        threads[0].start()

    yield start
    for thread in threads:
        thread.join()
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.parametrize(
    "then",
    [bodies.READ_FOR_EVER, bodies.WRITE_FOR_EVER, bodies.POLL, bodies.SPIN, bodies.GETTERS],
    ids=["reads", "writes", "polls", "spins", "calls"],
)
def test_interruptions(then: str, make: Make, ctrl_c: Callable[[socket.socket], None]) -> None:
    with listening() as (listener, port):
        host = make(bodies.connected(port, then))
        ctrl_c(listener)
        with pytest.raises(KeyboardInterrupt):
            host.run()
        host.close()
        connection, _ = listener.accept()
        connection.close()


def test_a_peer_that_reads_gets_it_all(make: Make) -> None:
    """Everything that one permit allows, as one write; the guest does not wait for it."""
    got: list[bytes] = []
    body = f"""
      (call $streams-output-stream-check-write (local.get $out) (i32.const 0))
      (if (i64.ne (i64.load (i32.const 8)) (i64.const {TRANSFER_LIMIT})) (then (return (i32.const 1))))
      (call $streams-output-stream-write (local.get $out) (i32.const 4096) (i32.const {TRANSFER_LIMIT}) (i32.const 0))
      (i32.load8_u (i32.const 0))
    """
    with listening() as (listener, port):

        def read() -> None:
            connection, _ = listener.accept()
            with connection:
                while piece := connection.recv(1 << 16):
                    got.append(piece)

        thread = threading.Thread(target=read)
        thread.start()
        host = make(bodies.connected(port, body))
        assert host.run() == 0
        assert host.close(30)
        thread.join()
    assert sum(map(len, got)) == TRANSFER_LIMIT


def test_the_policy(make: Make) -> None:
    with listening() as (_, port):
        host = make(bodies.connected(port, "(i32.const 0)"), policy=Policy.parse([], []))
        records: list[CallRecord] = []
        host.attach(records.append)
        assert host.run() == 1
    assert [record.outcome for record in records if record.failed] == [Err("access-denied")]


def test_standard_output(make: Make) -> None:
    reading, writing = os.pipe()
    try:
        body = """(local $out i32)
          (local.set $out (call $stdout-get-stdout))
          (i32.store (i32.const 512) (i32.const 0x0a6968))
          (call $streams-output-stream-blocking-write-and-flush
            (local.get $out) (i32.const 512) (i32.const 3) (i32.const 0))
          (call $drop-output-stream (local.get $out))
          (i32.load8_u (i32.const 0))
        """
        host = make(body, COMMAND, program=Program(stdout=writing))
        assert host.run() == 0
        host.close()
        assert os.read(reading, 10) == b"hi\n"
    finally:
        os.close(reading)
        os.close(writing)


def test_a_folder_that_is_not_there(make: Make, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        make("(i32.const 0)", COMMAND, program=Program(preopens=(Preopen(str(tmp_path / "none"), "/", True),)))


# The draft

_DRAFT = """(local $net i32) (local $s i32)
  (local.set $net (call $instance-network-instance-network))
  (call $tcp-create-socket-create-tcp-socket (i32.const 0) (i32.const 0))
  (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
  (local.set $s (i32.load (i32.const 4)))
  (call $tcp-bind (local.get $s) (local.get $net)
    (i32.const 0) (i32.const 0) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
  (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
  (call $tcp-listen (local.get $s) (local.get $net) (i32.const 0))
  (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
  (call $tcp-drop-tcp-socket (local.get $s))
  (i32.const 0)
"""


def test_a_guest_of_the_draft(make: Make) -> None:
    host = make(_DRAFT, DRAFT)
    records: list[CallRecord] = []
    host.attach(records.append)
    assert host.world.name == "draft"
    assert host.run() == 0
    assert [record.function.qualified for record in records][-2:] == ["tcp.listen", "tcp.drop-tcp-socket"]


def test_the_error_of_a_stream_of_the_draft(make: Make) -> None:
    """A record without fields in the text; today's components have no such type, and none in its place."""
    with listening() as (_, port):
        body = f"""(local $net i32) (local $s i32)
          (local.set $net (call $instance-network-instance-network))
          (call $tcp-create-socket-create-tcp-socket (i32.const 0) (i32.const 0))
          (local.set $s (i32.load (i32.const 4)))
          (call $tcp-connect (local.get $s) (local.get $net)
            (i32.const 0) (i32.const {port}) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64))
          (if (i32.load8_u (i32.const 64)) (then (return (i32.const 1))))
          (call $tcp-shutdown (local.get $s) (i32.const 1) (i32.const 0))
          (call $streams-write (i32.load (i32.const 72)) (i32.const 0) (i32.const 9) (i32.const 32))
          (i32.ne (i32.load8_u (i32.const 32)) (i32.const 1))
        """
        host = make(body, DRAFT)
        records: list[CallRecord] = []
        host.attach(records.append)
        assert host.run() == 0
        assert (records[-1].function.name, records[-1].failed) == ("write", True)
        host.close()


def test_a_guest_of_the_draft_with_the_interfaces_of_todays_toolchains(make: Make) -> None:
    body = "(drop (call $instance-network-instance-network)) (call $exit-exit-with-code (i32.const 9)) (unreachable)"
    exit_package = next(package for package in COMMAND.packages if package.name.startswith("wasi:cli"))
    exit_only = type(exit_package)(
        exit_package.name, tuple(interface for interface in exit_package.interfaces if interface.name == "exit")
    )
    world = World("both", (*DRAFT.packages, exit_only), {}, ())
    host = make(body, world)
    records: list[CallRecord] = []
    host.attach(records.append)
    # What a lookup of one world gave counts for the sockets of the other.
    assert {one.engine.domain for one, _ in host._hosts} == {host.engine.domain}
    assert host.run() == 9
    assert [record.function.name for record in records] == ["instance-network", "exit-with-code"]


def test_what_no_host_has(tmp_path: Path) -> None:
    path = tmp_path / "guest.wat"
    path.write_text('(component (import "wasi:http/types@0.2.0" (instance)))')
    with pytest.raises(NotRunnable, match=r"imports wasi:http/types@0\.2\.0, which this host does not have"):
        GuestHost(Component(str(path)))
