"""Every cell of the draft's machines, from the independent table, driven through the engine."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.support import ipv4, ipv6, loopback, need, refused_port
from tests.wit.draft_states import DRAFT
from tests.worlds.draft_bench import Bench, outcome_kind, unknown
from wasinet.wit.values import Value

TCP = DRAFT["tcp-socket"]
UDP = DRAFT["udp-socket"]
BROADCAST = ipv4("127.255.255.255", 9)


class Cell(NamedTuple):
    state: str
    function: str
    outcome: str
    next: str

    def __str__(self) -> str:
        return f"{self.state}-{self.function}-{self.outcome}"


def enumerate_cells(machine: Any) -> list[Cell]:
    """All rows, and a ``refused`` cell for every state and function without one."""
    rows = [Cell(*row) for row in machine["transitions"]]
    with_rows = {(row.state, row.function) for row in rows}
    return rows + [
        Cell(state, function, "refused", state)
        for state in machine["states"]
        for function in dict.fromkeys(row.function for row in rows)
        if (state, function) not in with_rows
    ]


TCP_CELLS = enumerate_cells(TCP)
UDP_CELLS = enumerate_cells(UDP)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def arguments(bench: Bench, cell: Cell) -> tuple[Value, ...]:
    return {
        "bind": (bench.net, loopback()),
        "connect": (bench.net, bench.remote),
        "listen": (bench.net,),
        "accept": (),
        "shutdown": ("both",),
    }[cell.function]


def drive_tcp(bench: Bench, cell: Cell) -> tuple[int, Value]:
    """Bring a socket into the cell's state and make the call whose outcome is the cell's."""
    call = bench.call
    args = arguments(bench, cell)
    if (cell.state, cell.function) == ("connecting", "connect") and cell.outcome == "error":
        bench.remote = loopback(refused_port())
        args = (bench.net, bench.remote)
    if (cell.state, cell.function) == ("connecting", "connect") and cell.outcome == "would-block":
        full = bench.tcp("unbound")
        need(call("set-listen-backlog-size", full, 1))
        need(call("tcp.bind", full, bench.net, loopback()))
        need(call("listen", full, bench.net))
        bench.dial(full)
        bench.dial(full)
        bench.remote = need(call("tcp.local-address", full))
        args = (bench.net, bench.remote)
    sock = bench.tcp(cell.state)
    match cell.function, cell.outcome:
        case "bind", "error":
            args = (bench.net, ipv6("::1"))
        case "connect", "error":
            if cell.state != "connecting":
                bench.os.faults["connect"] = errno.ECONNREFUSED
        case "connect", "would-block":
            need(call("tcp.set-non-blocking", sock, True))
        case "connect", "ok":
            need(call("tcp.set-non-blocking", sock, False))
        case "listen", "error":
            bench.os.faults["listen"] = errno.EADDRINUSE
        case "accept", "ok":
            bench.dial(sock)
        case "accept", "would-block":
            need(call("tcp.set-non-blocking", sock, True))
        case "accept", "error":
            bench.os.faults["accept"] = errno.EMFILE
        case "shutdown", "error":
            bench.os.faults["shutdown_receive"] = errno.ENOBUFS
    if (cell.state, cell.function, cell.outcome) == ("connecting", "connect", "error"):
        bench.wait(call("tcp.subscribe", sock))
    return sock, call("listen" if cell.function == "listen" else _key(cell, "tcp"), sock, *args)


def _key(cell: Cell, kind: str) -> str:
    return f"{kind}.{cell.function}" if cell.function in ("bind", "connect") else cell.function


@pytest.mark.parametrize("cell", [c for c in TCP_CELLS if c.outcome != "refused"], ids=str)
def test_each_row_of_tcp(bench: Bench, cell: Cell) -> None:
    sock, outcome = drive_tcp(bench, cell)
    assert outcome_kind(outcome) == cell.outcome, outcome
    assert bench.host.state(sock) == cell.next


@pytest.mark.parametrize("cell", [c for c in TCP_CELLS if c.outcome == "refused"], ids=str)
def test_each_refusal_of_tcp(bench: Bench, cell: Cell) -> None:
    sock = bench.tcp(cell.state)
    before = set(bench.host.engine.table)
    outcome = bench.call(_key(cell, "tcp"), sock, *arguments(bench, cell))
    unknown(outcome, f"#{sock} is {cell.state}")
    unknown(outcome, f"({TCP['wrong-state']['*']})")
    assert bench.host.state(sock) == cell.next == cell.state
    assert set(bench.host.engine.table) == before


def drive_udp(bench: Bench, cell: Cell) -> tuple[int, Value]:
    args: tuple[Value, ...] = (bench.net, loopback() if cell.function == "bind" else loopback(9))
    if cell.outcome == "error":
        # No socket may send to a broadcast address without having asked for it.
        args = (bench.net, ipv6("::1") if cell.function == "bind" else BROADCAST)
    sock = bench.udp(cell.state)
    return sock, bench.call(f"udp.{cell.function}", sock, *args)


@pytest.mark.parametrize("cell", [c for c in UDP_CELLS if c.outcome != "refused"], ids=str)
def test_each_row_of_udp(bench: Bench, cell: Cell) -> None:
    sock, outcome = drive_udp(bench, cell)
    assert outcome_kind(outcome) == cell.outcome, outcome
    assert bench.host.state(sock) == cell.next


@pytest.mark.parametrize("cell", [c for c in UDP_CELLS if c.outcome == "refused"], ids=str)
def test_each_refusal_of_udp(bench: Bench, cell: Cell) -> None:
    sock, outcome = drive_udp(bench, cell)
    unknown(outcome, f"#{sock} is {cell.state}")
    assert bench.host.state(sock) == cell.next == cell.state


def test_the_enumeration_is_complete() -> None:
    for machine, cells in ((TCP, TCP_CELLS), (UDP, UDP_CELLS)):
        rows = machine["transitions"]
        functions = {row[1] for row in rows}
        pairs = {(row[0], row[1]) for row in rows}
        assert len(cells) == len(set(cells)) == len(rows) + len(machine["states"]) * len(functions) - len(pairs)
    assert (len(TCP_CELLS), len(UDP_CELLS)) == (42, 10)


def by_state(machine: Any) -> list[Any]:
    return [pytest.param(state, when, id=state) for state, when in machine["ready"].items()]


@pytest.mark.parametrize(("state", "when"), by_state(TCP))
def test_readiness_of_tcp_in_each_state(bench: Bench, state: str, when: bool | str) -> None:
    sock = bench.tcp(state)
    pollable = bench.call("tcp.subscribe", sock)
    if when is True:
        assert bench.ready(pollable) == b"\x01"
    elif state == "listener":
        assert bench.ready(pollable) == b"\x00"
        bench.dial(sock)
    bench.wait(pollable)


@pytest.mark.parametrize(("state", "when"), by_state(UDP))
def test_readiness_of_udp_in_each_state(bench: Bench, state: str, when: bool | str) -> None:
    sock = bench.udp(state)
    plain = bench.datagram()
    if state == "connected":
        need(bench.call("udp.connect", sock, bench.net, loopback(plain.getsockname()[1])))
    pollable = bench.call("udp.subscribe", sock)
    assert bench.ready(pollable) == (b"\x01" if when is True else b"\x00")
    if when is not True:
        plain.sendto(b"x", ("127.0.0.1", bench.port(sock, "udp")))
    bench.wait(pollable)


OPTIONS = {
    "tcp": {
        "ipv6-only": None, "keep-alive": True, "no-delay": True, "unicast-hop-limit": 9,
        "receive-buffer-size": 65536, "send-buffer-size": 65536, "non-blocking": True,
    },
    "udp": {
        "ipv6-only": None, "unicast-hop-limit": 9, "receive-buffer-size": 65536, "send-buffer-size": 65536,
        "non-blocking": True,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "state", "option"),
    [
        (kind, state, option)
        for kind, machine in (("tcp", TCP), ("udp", UDP))
        for state in machine["states"]
        for option in OPTIONS[kind]
    ],
)
def test_each_option_in_each_state(bench: Bench, kind: str, state: str, option: str) -> None:
    """What may be asked and set is the text's, but for ``closed``, where nothing but the mode is."""
    sock = (bench.tcp if kind == "tcp" else bench.udp)(state)
    key = option if option in bench.host.world.functions else f"{kind}.{option}"
    setter = key.replace(option, f"set-{option}")
    value = OPTIONS[kind][option]
    outcomes = bench.call(setter, sock, value or False), bench.call(key, sock)
    listens = state == "listener" and "buffer" in option
    if option == "ipv6-only" or listens or (state == "closed" and option != "non-blocking"):
        assert [outcome_kind(outcome) for outcome in outcomes] == ["error", "error"]
    else:
        assert [need(outcome) for outcome in outcomes] == [None, value]
