"""Expected states: every cell of the rows, what has none, and how a connection's end is known."""

from __future__ import annotations

from typing import Any

import pytest

from wasinet import wit
from wasinet.hosts.expected import Entry, next_state, watch_of
from wasinet.wit.machine import ERROR, OK_OUTCOME, WOULD_BLOCK
from wasinet.wit.values import OK, Case, Err, Ok, Some

WORLD = wit.load("0.2")
CELLS = [
    (kind, name, state, outcome)
    for kind, machine in WORLD.machines.items()
    for name in machine.functions
    for state in machine.states
    for outcome in (OK_OUTCOME, WOULD_BLOCK, ERROR)
]


@pytest.mark.parametrize(("kind", "name", "state", "outcome"), CELLS)
def test_every_cell(kind: str, name: str, state: str, outcome: str) -> None:
    machine = WORLD.machines[kind]
    rows = {(row.state, row.outcome): row.next for row in machine.rows if row.function == name}
    got = next_state(machine, name, state, outcome)
    if any(row_state == state for row_state, _ in rows):
        assert got == rows.get((state, outcome), state)
    elif outcome == OK_OUTCOME:
        ends = {target for (_, how), target in rows.items() if how == OK_OUTCOME}
        assert got == (ends.pop() if len(ends) == 1 else state)
    else:
        assert got == state


def entry(kind: str, state: str = "") -> Entry:
    made = Entry(1, kind, 0, 0.0)
    made.state = state
    return made


def note(key: str, receiver: Entry, outcome: Any, *arguments: Any) -> None:
    watch = watch_of(WORLD.functions[key], WORLD.machines)
    assert watch is not None
    watch(receiver, arguments, outcome)


@pytest.mark.parametrize("key", ["tcp-socket.hop-limit", "poll", "pollable.ready", "tcp-socket.subscribe", "now"])
def test_what_changes_nothing_is_not_watched(key: str) -> None:
    assert watch_of(WORLD.functions[key], WORLD.machines) is None


@pytest.mark.parametrize(
    ("before", "argument", "outcome", "after"),
    [
        ("bound", None, Ok((1, 2)), "bound"),
        ("bound", Some("peer"), Ok((1, 2)), "connected"),
        ("connected", None, Ok((1, 2)), "bound"),
        ("connected", Some("peer"), Err("invalid-argument"), "connected"),
        ("connected", Some("peer"), Err("remote-unreachable"), "bound"),
    ],
)
def test_a_stream_call_of_udp(before: str, argument: Any, outcome: Any, after: str) -> None:
    sock = entry("udp-socket", before)
    note("udp-socket.stream", sock, outcome, argument)
    assert sock.state == after


CLOSED = Err(Case("closed"))
FAILED = Err(Case("last-operation-failed", 9))
Note = tuple[str, Any, tuple[Any, ...]]
SHUT: Note = ("tcp-socket.shutdown", OK, ("send",))
BOTH: Note = ("tcp-socket.shutdown", OK, ("both",))
DEAF: Note = ("tcp-socket.shutdown", OK, ("receive",))
END: Note = ("input-stream.read", CLOSED, (1,))
BROKEN: Note = ("input-stream.read", FAILED, (1,))
NO_MORE: Note = ("output-stream.check-write", CLOSED, ())
REFUSED: Note = ("tcp-socket.shutdown", Err("invalid-state"), ("send",))


@pytest.mark.parametrize(
    ("notes", "state"),
    [
        ([], "connected"),
        ([SHUT], "connected"),
        ([END], "connected"),
        ([SHUT, END], "closed"),
        ([END, SHUT], "closed"),
        ([BOTH, END], "closed"),
        ([DEAF, SHUT], "connected"),
        ([END, NO_MORE], "closed"),
        ([REFUSED, END], "connected"),
        ([BROKEN], "closed"),
    ],
)
def test_the_end_of_a_connection(notes: list[Note], state: str) -> None:
    sock = entry("tcp-socket", "connected")
    streams = {kind: entry(kind, "open") for kind in ("input-stream", "output-stream")}
    for stream in streams.values():
        stream.parent = sock
    for key, outcome, arguments in notes:
        note(key, streams.get(key.partition(".")[0], sock), outcome, *arguments)
    assert sock.state == state
    assert (streams["input-stream"].state == "closed") == (END in notes or BROKEN in notes)


@pytest.mark.parametrize(
    ("key", "outcome", "arguments", "count"),
    [
        ("input-stream.read", Ok(b"abc"), (10,), 3),
        ("input-stream.skip", Ok(4), (10,), 4),
        ("output-stream.check-write", Ok(5), (), 0),
        ("output-stream.write", OK, (b"abcdef",), 6),
        ("output-stream.write-zeroes", OK, (7,), 7),
        ("output-stream.splice", Ok(8), (2, 10), 8),
        ("output-stream.flush", OK, (), 0),
    ],
)
def test_bytes_are_counted(key: str, outcome: Any, arguments: tuple[Any, ...], count: int) -> None:
    stream = entry(key.partition(".")[0], "open")
    stream.count = 0
    note(key, stream, outcome, *arguments)
    assert (stream.count, stream.state) == (count, "open")


def test_a_lookup_is_resolved_by_any_answer() -> None:
    lookup = entry("resolve-address-stream", "in progress")
    key = "resolve-address-stream.resolve-next-address"
    note(key, lookup, Err("would-block"))
    assert lookup.state == "in progress"
    note(key, lookup, Ok(None))
    assert lookup.state == "resolved"
