"""Every cell of the machines, computed from the facts and driven through the engine.

A cell is a state, a state-changing function, and an outcome that its rows have; where there are no
rows, the documented refusal stands in their place.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.support import (
    Asker,
    FaultyOs,
    address_of,
    asking_policy,
    code,
    facts,
    ipv4,
    ipv6,
    loopback,
    need,
    outcome_kind,
    port_of,
    refused_port,
    wait_any,
    wait_ready,
)
from wasinet.hosts.native import NativeHost
from wasinet.wit import load
from wasinet.wit.values import Case, Err, Ok, Some, Value

TERMINATED = "«connection terminated»"


class Cell(NamedTuple):
    state: str
    function: str
    outcome: str
    next: str

    def __str__(self) -> str:
        return f"{self.state}-{self.function}-{self.outcome}"


def enumerate_cells(file: str) -> list[Cell]:
    """All cells: the rows, and a ``refused`` one for every state and function without a row."""
    machine = facts(file)["0.2"]
    rows = [Cell(*row) for row in machine["transitions"]]
    functions = dict.fromkeys(row.function for row in rows if row.function != TERMINATED)
    with_rows = {(row.state, row.function) for row in rows}
    refused = [
        Cell(state, function, "refused", state)
        for state in machine["states"]
        for function in functions
        if (state, function) not in with_rows
    ]
    return rows + refused


def refusal(file: str, function: str) -> str:
    rules = facts(file)["0.2"]["wrong-state"]
    return str(rules["finish-*"] if function.startswith("finish-") else rules["*"])


TCP_CELLS = enumerate_cells("tcp-states.json")
UDP_CELLS = enumerate_cells("udp-states.json")


class Bench:
    """A host whose permissions and faults a test decides, a peer, and ways into every state."""

    def __init__(self, *deny: str) -> None:
        self.os = FaultyOs()
        self.asker = Asker()
        self.host = NativeHost(asking_policy(self.asker, *deny), self.os)
        self.call = self.host.call
        self.net = self.call("instance-network")
        self.peer = socket.create_server(("127.0.0.1", 0))
        self.plain: list[socket.socket] = [self.peer]
        self.remote = loopback(self.peer.getsockname()[1])
        self.local = loopback()
        self.streams: list[int] = []

    def close(self) -> None:
        self.host.close()
        for sock in self.plain:
            sock.close()

    def reach_tcp(self, state: str) -> int:
        """A TCP socket in this state; what is in progress stays undecided where ``asker.hold`` is set."""
        sock: int = need(self.call("create-tcp-socket", "ipv4"))
        steps: dict[str, list[tuple[str, tuple[Value, ...]]]] = {
            "unbound": [],
            "bind-in-progress": [("start-bind", (self.net, self.local))],
            "bound": [("start-bind", (self.net, self.local)), ("finish-bind", ())],
            "connect-in-progress": [("start-connect", (self.net, self.remote))],
        }
        steps["listen-in-progress"] = [*steps["bound"], ("start-listen", ())]
        steps["listening"] = [*steps["listen-in-progress"], ("finish-listen", ())]
        steps["connected"] = [*steps["connect-in-progress"], ("finish-connect", ())]
        hold, self.asker.hold = self.asker.hold, False
        way = steps.get(state, [])
        for index, (member, args) in enumerate(way):
            self.asker.hold = hold and index == len(way) - 1
            if member == "finish-connect":
                wait_ready(self.host, sock, "tcp-socket")
            value = need(self.call(f"tcp-socket.{member}", sock, *args))
            if member == "finish-connect":
                self.streams = list(value)
        if state == "closed":
            assert code(self.call("tcp-socket.start-connect", sock, self.net, ipv6("::1", 9))) == "invalid-argument"
        assert self.host.state(sock) == state
        return sock

    def reach_udp(self, state: str) -> int:
        sock: int = need(self.call("create-udp-socket", "ipv4"))
        hold, self.asker.hold = self.asker.hold, False
        if state != "unbound":
            self.asker.hold = hold and state == "bind-in-progress"
            need(self.call("udp-socket.start-bind", sock, self.net, self.local))
        if state in ("bound", "connected"):
            need(self.call("udp-socket.finish-bind", sock))
        if state == "connected":
            for stream in need(self.call("udp-socket.stream", sock, Some(loopback(9)))):
                self.host.drop(stream)
        assert self.host.state(sock) == state
        return sock

    def occupied(self, *, listen: bool) -> socket.socket:
        """A plain socket on an address that can also be bound while it does not listen."""
        sock = socket.socket()
        self.plain.append(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        if listen:
            sock.listen()
        self.local = loopback(sock.getsockname()[1])
        return sock


ARGUMENTS: dict[str, Callable[[Bench], tuple[Value, ...]]] = {
    "start-bind": lambda bench: (bench.net, bench.local),
    "start-connect": lambda bench: (bench.net, bench.remote),
    "shutdown": lambda bench: ("both",),
    "stream(none)": lambda bench: (None,),
    "stream(some)": lambda bench: (Some(loopback(9)),),
}


def arguments(bench: Bench, cell: Cell) -> tuple[Value, ...]:
    """What the cell's function is called with where nothing else matters."""
    make = ARGUMENTS.get(cell.function)
    return () if make is None else make(bench)


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(*getattr(request, "param", ()))
    yield made
    made.close()


def drive_tcp(bench: Bench, cell: Cell) -> tuple[int, Value]:
    """Bring a socket into the cell's state and make the call whose outcome is the cell's."""
    args = arguments(bench, cell)
    match cell.function, cell.outcome:
        case (("start-bind" | "start-connect"), "error"):
            args = (bench.net, ipv6("::1", 9))
        case (("finish-bind" | "finish-listen" | "finish-connect"), "would-block"):
            bench.asker.hold = True
        case "finish-bind", "error":
            bench.occupied(listen=True)
        case "finish-connect", "error":
            bench.remote = loopback(refused_port())
        case "finish-listen", "error":
            rival = bench.occupied(listen=False)
            sock = bench.reach_tcp("bound")
            rival.listen()
            need(bench.call("tcp-socket.start-listen", sock))
            return sock, bench.call("tcp-socket.finish-listen", sock)
        case "accept", "error":
            bench.os.faults["accept"] = errno.EMFILE
        case "shutdown", "error":
            bench.os.faults["shutdown_receive"] = errno.ENOBUFS
        case "shutdown", "ok":
            args = ("send",)
    sock = bench.reach_tcp(cell.state)
    if cell.function == "finish-connect" and cell.outcome in ("ok", "error"):
        wait_ready(bench.host, sock, "tcp-socket")
    if cell.function == "accept" and cell.outcome == "ok":
        address = address_of(bench.host, sock)
        bench.plain.append(socket.create_connection(("127.0.0.1", port_of(address))))
        wait_ready(bench.host, sock, "tcp-socket")
    return sock, bench.call(f"tcp-socket.{cell.function}", sock, *args)


@pytest.mark.parametrize("cell", [c for c in TCP_CELLS if c.outcome not in ("refused", "-")], ids=str)
def test_each_row_of_tcp(cell: Cell) -> None:
    bench = Bench(*(["tcp-listen"] if (cell.function, cell.outcome) == ("start-listen", "error") else []))
    try:
        sock, outcome = drive_tcp(bench, cell)
        assert outcome_kind(outcome) == cell.outcome, outcome
        assert bench.host.state(sock) == cell.next
    finally:
        bench.close()


@pytest.mark.parametrize("cell", [c for c in TCP_CELLS if c.outcome == "refused"], ids=str)
def test_each_refusal_of_tcp(bench: Bench, cell: Cell) -> None:
    sock = bench.reach_tcp(cell.state)
    args = arguments(bench, cell)
    before = set(bench.host.engine.table)
    outcome = bench.call(f"tcp-socket.{cell.function}", sock, *args)
    assert outcome == Err(refusal("tcp-states.json", cell.function))
    assert f"#{sock} is {cell.state}" in outcome.reason
    assert bench.host.state(sock) == cell.next == cell.state
    assert set(bench.host.engine.table) == before


@pytest.mark.parametrize("last", ["read", "shutdown"])
def test_the_event_of_tcp_whichever_direction_ends_last(bench: Bench, last: str) -> None:
    (cell,) = [cell for cell in TCP_CELLS if cell.function == TERMINATED]
    sock = bench.reach_tcp(cell.state)
    peer, _ = bench.peer.accept()
    peer.close()
    rx, _ = bench.streams
    wait_ready(bench.host, rx, "input-stream")
    assert bench.host.state(sock) == "connected"
    steps: list[tuple[str, tuple[Any, ...]]] = [
        ("input-stream.read", (rx, 1)),
        ("tcp-socket.shutdown", (sock, "send")),
    ]
    for index, (function, args) in enumerate(steps if last == "shutdown" else reversed(steps)):
        bench.call(function, *args)
        assert bench.host.state(sock) == (cell.next if index else "connected")


def drive_udp(bench: Bench, cell: Cell) -> tuple[int, Value]:
    args = arguments(bench, cell)
    match cell.function, cell.outcome:
        case "start-bind", "error":
            args = (bench.net, ipv6("::1"))
        case "finish-bind", "would-block":
            bench.asker.hold = True
        case "finish-bind", "error":
            rival = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            bench.plain.append(rival)
            rival.bind(("127.0.0.1", 0))
            bench.local = loopback(rival.getsockname()[1])
        case "stream(some)", "error":
            # No socket may send to a broadcast address without having asked for it.
            args = (Some(ipv4("127.255.255.255", 9)),)
    sock = bench.reach_udp(cell.state)
    return sock, bench.call(f"udp-socket.{cell.function.partition('(')[0]}", sock, *args)


@pytest.mark.parametrize("cell", [c for c in UDP_CELLS if c.outcome != "refused"], ids=str)
def test_each_row_of_udp(bench: Bench, cell: Cell) -> None:
    sock, outcome = drive_udp(bench, cell)
    assert outcome_kind(outcome) == cell.outcome, outcome
    assert bench.host.state(sock) == cell.next


@pytest.mark.parametrize("cell", [c for c in UDP_CELLS if c.outcome == "refused"], ids=str)
def test_each_refusal_of_udp(bench: Bench, cell: Cell) -> None:
    sock, outcome = drive_udp(bench, cell)
    assert outcome == Err(refusal("udp-states.json", cell.function))
    assert bench.host.state(sock) == cell.next == cell.state


def test_the_enumeration_is_complete() -> None:
    for file, cells, events in (("tcp-states.json", TCP_CELLS, 1), ("udp-states.json", UDP_CELLS, 0)):
        machine = facts(file)["0.2"]
        rows = machine["transitions"]
        functions = {row[1] for row in rows} - {TERMINATED}
        pairs = {(row[0], row[1]) for row in rows if row[1] != TERMINATED}
        expected = len(rows) - events + len(machine["states"]) * len(functions) - len(pairs)
        assert len(cells) - events == len(set(cells)) - events == expected
    assert (len(TCP_CELLS), len(UDP_CELLS)) == (78, 21)


# Readiness


def readiness(file: str) -> list[Any]:
    ready = facts(file)["0.2"]["ready"]
    return [pytest.param(state, when, id=state) for state, when in ready.items()]


@pytest.mark.parametrize(("state", "when"), readiness("tcp-states.json"))
def test_readiness_of_tcp_in_each_state(bench: Bench, state: str, when: bool | str) -> None:
    bench.asker.hold = when == "when resolved"
    sock = bench.reach_tcp(state)
    pollable = bench.call("tcp-socket.subscribe", sock)
    assert bench.call("pollable.ready", pollable) == (when is True)
    if when == "when resolved":
        bench.asker.answer()
    elif when == "when a connection is pending":
        port = port_of(address_of(bench.host, sock))
        bench.plain.append(socket.create_connection(("127.0.0.1", port)))
    assert wait_any(bench.host, [pollable]) == [0]


@pytest.mark.parametrize(("state", "when"), readiness("udp-states.json"))
def test_readiness_of_udp_in_each_state(bench: Bench, state: str, when: bool | str) -> None:
    bench.asker.hold = when == "when resolved"
    sock = bench.reach_udp(state)
    pollable = bench.call("udp-socket.subscribe", sock)
    assert bench.call("pollable.ready", pollable) == (when is True)
    bench.asker.answer()
    assert wait_any(bench.host, [pollable]) == [0]


# Getters and options

_VALUES: dict[str, Value] = {
    "set-listen-backlog-size": 5,
    "set-keep-alive-enabled": True,
    "set-keep-alive-idle-time": 10**9,
    "set-keep-alive-interval": 10**9,
    "set-keep-alive-count": 3,
    "set-hop-limit": 5,
    "set-unicast-hop-limit": 5,
    "set-receive-buffer-size": 4096,
    "set-send-buffer-size": 4096,
}


def still_functions(resource: str) -> list[Any]:
    """Each function that moves nothing, with each state and whether it may be called there."""
    world = load("0.2")
    machine = world.machines[resource]
    return [
        pytest.param(state, function.name, function.states is None or state in function.states)
        for function in world.methods(resource)
        if not machine.moves(function.member)
        for state in machine.states
    ]


def check_still(bench: Bench, sock: int, state: str, name: str, allowed: bool) -> None:
    member = name.partition(".")[2]
    args = (_VALUES[member],) if member in _VALUES else ()
    outcome = bench.call(name, sock, *args)
    if allowed:
        assert not isinstance(outcome, Err), outcome.reason
    elif state == "closed" and load("0.2").functions[name].late:
        # The bench's way into closed is a start-connect with an address of the other family.
        assert outcome == Err("invalid-argument")
    else:
        assert outcome == Err("invalid-state")
        assert name in outcome.reason
    assert bench.host.state(sock) == state


@pytest.mark.parametrize(("state", "name", "allowed"), still_functions("tcp-socket"))
def test_getters_and_options_of_tcp_in_each_state(bench: Bench, state: str, name: str, allowed: bool) -> None:
    check_still(bench, bench.reach_tcp(state), state, name, allowed)


@pytest.mark.parametrize(("state", "name", "allowed"), still_functions("udp-socket"))
def test_getters_and_options_of_udp_in_each_state(bench: Bench, state: str, name: str, allowed: bool) -> None:
    check_still(bench, bench.reach_udp(state), state, name, allowed)


def test_what_closed_answers(bench: Bench) -> None:
    sock = bench.reach_tcp("closed")
    assert bench.call("tcp-socket.is-listening", sock) is False
    assert bench.call("tcp-socket.address-family", sock) == "ipv4"
    for function in load("0.2").methods("tcp-socket"):
        if str(function.err) != "error-code":
            continue
        args: tuple[Value, ...] = tuple(_VALUES[function.member] for _ in function.params if function.member in _VALUES)
        if function.member in ARGUMENTS:
            args = ARGUMENTS[function.member](bench)
        expected = "not-in-progress" if function.member.startswith("finish-") else "invalid-state"
        if function.late:
            expected = "invalid-argument"
        assert bench.call(function.name, sock, *args) == Err(expected), function.name


ADDRESSES = ("tcp-socket.local-address", "tcp-socket.remote-address")


@pytest.mark.parametrize(
    ("errno_name", "expected"),
    [("ECONNREFUSED", "connection-refused"), ("ETIMEDOUT", "timeout"), ("EADDRNOTAVAIL", "address-in-use")],
)
def test_a_failed_connection_is_what_the_addresses_say(bench: Bench, errno_name: str, expected: str) -> None:
    number = getattr(errno, errno_name)
    sock = bench.reach_tcp("connect-in-progress")
    bench.os.faults["connect_result"] = number
    assert bench.call("tcp-socket.finish-connect", sock) == Err(expected)
    for name in ADDRESSES:
        outcome = bench.call(name, sock)
        assert (outcome, outcome.errno) == (Err(expected), number)
    assert bench.host.state(sock) == "closed"


def test_a_denied_connection_is_what_the_addresses_say() -> None:
    bench = Bench("tcp-connect")
    try:
        sock = need(bench.call("create-tcp-socket", "ipv4"))
        for name in ("tcp-socket.start-connect", *ADDRESSES):
            args = (bench.net, bench.remote) if name.endswith("connect") else ()
            assert bench.call(name, sock, *args) == Err("access-denied")
    finally:
        bench.close()


@pytest.mark.parametrize(
    ("state", "function", "fault", "number"),
    [
        ("listening", "accept", "accept", errno.EINVAL),
        ("connected", "shutdown", "shutdown_receive", errno.ENOTCONN),
        ("connect-in-progress", "finish-connect", "connect_result", errno.EISCONN),
    ],
)
def test_no_errno_contradicts_the_state(bench: Bench, state: str, function: str, fault: str, number: int) -> None:
    sock = bench.reach_tcp(state)
    bench.os.faults[fault] = number
    outcome = bench.call(f"tcp-socket.{function}", sock, *(("both",) if function == "shutdown" else ()))
    assert (outcome, outcome.errno) == (Err("unknown"), number)


def test_a_failed_listen_is_not_a_failed_connection(bench: Bench) -> None:
    (cell,) = [cell for cell in TCP_CELLS if (cell.function, cell.outcome) == ("finish-listen", "error")]
    sock, _ = drive_tcp(bench, cell)
    assert bench.host.state(sock) == "closed"
    for name in ADDRESSES:
        assert bench.call(name, sock) == Err("invalid-state")


@pytest.mark.parametrize("end", ["both ends", "reset"])
def test_the_local_address_outlives_the_connection(bench: Bench, end: str) -> None:
    sock = bench.reach_tcp("connected")
    address = need(bench.call("tcp-socket.local-address", sock))
    peer, _ = bench.peer.accept()
    if end == "reset":
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    rx, _ = bench.streams
    wait_ready(bench.host, rx, "input-stream")
    need(bench.call("tcp-socket.shutdown", sock, "send"))
    assert code(bench.call("input-stream.read", rx, 1)) == ("closed" if end == "both ends" else "last-operation-failed")
    assert bench.host.state(sock) == "closed"
    assert bench.call("tcp-socket.local-address", sock) == Ok(address)
    assert bench.call("tcp-socket.remote-address", sock) == Err("invalid-state")


@pytest.mark.parametrize("state", facts("tcp-states.json")["0.2"]["states"])
def test_is_listening_only_in_listening(bench: Bench, state: str) -> None:
    assert bench.call("tcp-socket.is-listening", bench.reach_tcp(state)) is (state == "listening")


def test_local_address_answers_while_connecting(bench: Bench) -> None:
    bench.asker.hold = True
    sock = bench.reach_tcp("connect-in-progress")
    assert isinstance(need(bench.call("tcp-socket.local-address", sock)), Case)
