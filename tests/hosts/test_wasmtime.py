"""The host over Wasmtime: handles, expected states, records, traps, waits, and streams over descriptors beside it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import until
from tests.support import (
    SECONDS,
    accept,
    address_of,
    bound,
    code,
    connect,
    connected_pair,
    connected_to_peer,
    drop_all,
    ipv4,
    listening,
    loopback,
    need,
    one_of_each,
    read_all,
    read_exactly,
    refused_port,
    reset,
    wait_ready,
    write_when_ready,
)
from wasinet.engine.faults import Trap
from wasinet.hosts import CallRecord, Host, HostError, Trapped, make_host, runtime
from wasinet.hosts.slices import SLICE
from wasinet.hosts.wasmtime import WasmtimeHost
from wasinet.wit.values import OK, Case, Err, Ok, Some

FAR = 10**13


@pytest.fixture
def host(wasmtime_host: WasmtimeHost) -> WasmtimeHost:
    return wasmtime_host


@pytest.fixture
def records(host: WasmtimeHost) -> list[CallRecord]:
    found: list[CallRecord] = []
    host.attach(found.append)
    return found


def test_it_is_a_host(wasmtime_runtime: None) -> None:
    host: Host = make_host("wasmtime")
    assert (host.name, host.world.name, host.missing) == ("wasmtime", "0.2", {"network-error-code"})
    assert host.close()


# Handles


def test_handles_are_numbered_as_elsewhere(host: WasmtimeHost) -> None:
    first = need(host.call("create-tcp-socket", "ipv4"))
    second = need(host.call("create-udp-socket", "ipv6"))
    host.drop(first)
    assert (first, second, need(host.call("create-tcp-socket", "ipv4"))) == (1, 2, 3)


def test_what_nobody_sees_takes_no_number(host: WasmtimeHost) -> None:
    client, server = connected_pair(host)
    write_when_ready(host, server.tx, b"x")
    newest = host.call("subscribe-duration", 0)
    assert need(host.call("input-stream.blocking-read", client.rx, 5)) == b"x"
    assert host.wait(client.socket, SECONDS)
    need(host.call("output-stream.blocking-write-and-flush", client.tx, b"y"))
    assert host.call("subscribe-duration", 0) == newest + 1


@pytest.mark.parametrize("kind", ["tcp-socket", "pollable", "output-stream", "network"])
def test_wrong_handles_trap_and_change_nothing(host: WasmtimeHost, kind: str) -> None:
    handles = one_of_each(host)
    dropped = host.call("subscribe-duration", 0)
    host.drop(dropped)
    key, *rest = {
        "tcp-socket": ("tcp-socket.start-listen",),
        "pollable": ("pollable.ready",),
        "output-stream": ("output-stream.flush",),
        "network": ("resolve-addresses", "localhost"),
    }[kind]
    wrong = handles["error"]
    for handle, message in (
        (wrong, f"#{wrong} is a error, not a {kind}"),
        (dropped, f"#{dropped} was dropped and may not be used any more"),
        (999, "#999 is no handle of this session"),
        ("x", "#x is no handle of this session"),
    ):
        with pytest.raises(Trap, match=message):
            host.call(key, handle, *rest)
    with pytest.raises(Trap, match="is no handle"):
        host.drop(999)
    with pytest.raises(Trap, match=f"#{wrong} is a error, not a pollable"):
        host.call("poll", [handles["pollable"], wrong])
    assert {info.handle for info in host.handles()} >= set(handles.values())
    assert host.call("pollable.ready", handles["pollable"]) in (True, False)


def test_borrowed_arguments_are_checked_too(host: WasmtimeHost) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    with pytest.raises(Trap, match=f"#{sock} is a tcp-socket, not a network"):
        host.call("tcp-socket.start-bind", sock, sock, loopback())
    assert host.state(sock) == "unbound"


# The last ones are local for Wasmtime, which reads names as URLs have them, and no names for us.
@pytest.mark.parametrize(
    ("name", "answered"),
    [
        ("localhost", True), ("c2VjcmV0.LOCALHOST.", True), ("ｌｏｃａｌｈｏｓｔ", True), ("a_b.localhost", True),
        ("c2VjcmV0%2elocalhost", False), ("c2VjcmV0.%6cocalhost", False), ("-a.localhost", False),
        ("a..localhost", False), ("a b.localhost", False), ("a.localhost..", False),
    ],
)  # fmt: skip
def test_local_names_are_not_for_its_resolver(
    host: WasmtimeHost, name: str, answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, sock = host.call("instance-network"), need(host.call("create-tcp-socket", "ipv4"))
    with monkeypatch.context() as patch:
        # What goes to Wasmtime fails here.
        patch.setattr(host._instance, "function", lambda export: pytest.fail)
        outcome = host.call("resolve-addresses", net, name)
        with pytest.raises(Trap, match=f"#{sock} is a tcp-socket, not a network"):
            host.call("resolve-addresses", sock, name)
    if not answered:
        assert outcome == Err("invalid-argument")
        return
    stream = need(outcome)
    assert stream == sock + 1
    pollable = host.call("resolve-address-stream.subscribe", stream)
    assert host.call("poll", [pollable]) == [0]
    found = [need(host.call("resolve-address-stream.resolve-next-address", stream)) for _ in range(3)]
    assert found == [Some(Case("ipv6", (0, 0, 0, 0, 0, 0, 0, 1))), Some(Case("ipv4", (127, 0, 0, 1))), None]
    drop_all(host, pollable, stream)


def test_the_handle_table(host: WasmtimeHost) -> None:
    client, server = connected_pair(host)
    write_when_ready(host, client.tx, b"hello")
    assert read_exactly(host, server.rx, 5) == b"hello"
    net = host.call("instance-network")
    lookup = need(host.call("resolve-addresses", net, "127.0.0.1"))
    pollable = host.call("tcp-socket.subscribe", client.socket)
    table = {info.handle: info for info in host.handles()}
    assert list(table) == sorted(table)
    here, there = table[client.socket], table[server.socket]
    assert (here.type, here.state, here.parent) == ("tcp-socket", "connected", None)
    assert (here.local, here.remote) == (there.remote, there.local)
    assert (here.sent, here.received, there.sent, there.received) == (5, 0, 0, 5)
    assert (table[client.tx].sent, table[client.tx].parent, table[client.tx].state) == (5, client.socket, "open")
    assert table[server.rx].received == 5
    assert (table[lookup].remote, table[lookup].state, table[lookup].parent) == ("127.0.0.1", "in progress", None)
    assert (table[pollable].parent, table[net].parent) == (client.socket, None)


# Expected states


def test_the_states_of_a_connection(host: WasmtimeHost) -> None:
    listener = need(host.call("create-tcp-socket", "ipv4"))
    net = host.call("instance-network")
    seen = [host.state(listener)]
    for member, *arguments in (
        ("start-bind", net, loopback()),
        ("finish-bind",),
        ("start-listen",),
        ("finish-listen",),
    ):
        need(host.call(f"tcp-socket.{member}", listener, *arguments))
        seen.append(host.state(listener))
    assert seen == ["unbound", "bind-in-progress", "bound", "listen-in-progress", "listening"]
    client = connect(host, address_of(host, listener))
    server = accept(host, listener)
    assert {host.state(end.socket) for end in (client, server)} == {"connected"}
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    assert read_all(host, server.rx) == b""
    assert host.state(server.rx) == "closed"
    assert {host.state(end.socket) for end in (client, server)} == {"connected"}
    need(host.call("tcp-socket.shutdown", server.socket, "send"))
    assert host.state(server.socket) == "closed"
    assert read_all(host, client.rx) == b""
    assert host.state(client.socket) == "closed"


def test_a_fatal_error_closes(host: WasmtimeHost) -> None:
    client, peer = connected_to_peer(host)
    reset(peer)
    wait_ready(host, client.rx, "input-stream")
    outcome = host.call("input-stream.read", client.rx, 1)
    assert code(outcome) == "last-operation-failed"
    assert outcome.reason.startswith("connection-reset: ")
    assert host.state(client.socket) == "closed"
    assert host.state(outcome.value.payload) == "connection-reset"


def test_a_refused_connection(host: WasmtimeHost) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    need(host.call("tcp-socket.start-connect", sock, host.call("instance-network"), loopback(refused_port())))
    wait_ready(host, sock, "tcp-socket")
    assert host.call("tcp-socket.finish-connect", sock) == Err("connection-refused")
    assert host.state(sock) == "closed"


def test_a_success_that_the_rows_do_not_have_is_followed(host: WasmtimeHost) -> None:
    listener = listening(host)
    sock, net = need(host.call("create-tcp-socket", "ipv4")), host.call("instance-network")
    assert host.call("tcp-socket.start-connect", sock, net, ipv4("0.0.0.0", 9)) == Err("invalid-argument")
    assert host.state(sock) == "closed"
    # Here Wasmtime goes another way than the diagram.
    need(host.call("tcp-socket.start-connect", sock, net, address_of(host, listener)))
    assert host.state(sock) == "connect-in-progress"


def test_the_states_of_datagrams(host: WasmtimeHost) -> None:
    peer = bound(host, "udp")
    sock = bound(host, "udp")
    seen = []
    for remote in (None, Some(address_of(host, peer, "udp")), Some(ipv4("0.0.0.0", 9)), None):
        outcome = host.call("udp-socket.stream", sock, remote)
        seen.append((host.state(sock), isinstance(outcome, Ok)))
        if isinstance(outcome, Ok):
            drop_all(host, *outcome.value)
    assert seen == [("bound", True), ("connected", True), ("connected", False), ("bound", True)]


# Records


def test_a_record_says_everything(host: WasmtimeHost, records: list[CallRecord]) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    net = host.call("instance-network")
    host.call("tcp-socket.start-bind", sock, net, loopback())
    third = records[2]
    assert (third.host, third.function.name) == ("wasmtime", "tcp-socket.start-bind")
    assert (third.arguments, third.outcome, third.handle) == ((sock, net, loopback()), OK, sock)
    assert (third.before, third.after) == ("unbound", "bind-in-progress")
    host.drop(sock)
    assert (records[-1].function.name, records[-1].handle) == ("drop tcp-socket", sock)
    with pytest.raises(Trap):
        host.call("tcp-socket.start-listen", sock)
    assert isinstance(records[-1].outcome, Trapped)


def test_only_what_was_called_is_recorded(host: WasmtimeHost, records: list[CallRecord]) -> None:
    client, server = connected_pair(host)
    write_when_ready(host, server.tx, b"x")
    records.clear()
    host.call("input-stream.blocking-read", client.rx, 1)
    host.call("output-stream.blocking-flush", client.tx)
    list(host.handles())
    host.wait(client.socket, SECONDS)
    assert [record.function.member for record in records] == ["blocking-read", "blocking-flush"]


# Traps of Wasmtime


def child_drop(host: WasmtimeHost) -> None:
    host.drop(connected_pair(host)[0].socket)


def no_permit(host: WasmtimeHost) -> None:
    host.call("output-stream.blocking-write-and-flush", connected_pair(host)[0].tx, bytes(4097))


TRAPS: dict[str, tuple[Callable[[WasmtimeHost], Any], str]] = {
    "drop": (child_drop, "resource has children"),
    "too much": (no_permit, "expected at most 4096"),
    "no pollables": (lambda host: host.call("poll", []), "empty poll list"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_ends_the_instance_and_another_takes_its_place(
    host: WasmtimeHost, records: list[CallRecord], name: str
) -> None:
    make, text = TRAPS[name]
    sock = bound(host)
    with pytest.raises(Trap, match=text) as caught:
        make(host)
    assert "Wasmtime ended the instance, so its " in caught.value.message
    assert caught.value.clause.startswith("Wasmtime 47.")
    assert caught.value.ended
    assert isinstance(records[-1].outcome, Trapped)
    assert list(host.handles()) == []
    for call in (lambda: host.call("tcp-socket.is-listening", sock), lambda: host.drop(sock)):
        with pytest.raises(Trap, match=rf"^#{sock} is gone: a trap ended the instance that it was in$"):
            call()
    client, server = connected_pair(host)
    assert client.socket > sock
    write_when_ready(host, client.tx, b"again")
    assert read_exactly(host, server.rx, 5) == b"again"


def test_a_trap_without_handles_says_nothing_of_them(host: WasmtimeHost) -> None:
    with pytest.raises(Trap, match=r"empty poll list$"):
        host.call("poll", [])


# Waits


def test_a_wait_of_many_slices(host: WasmtimeHost) -> None:
    late, soon = (host.call("subscribe-duration", round(slices * SLICE * 1e9)) for slices in (1000, 2.5))
    for _ in range(2):
        assert host.call("poll", [late, soon]) == [1]
    host.call("pollable.block", soon)


def test_a_bounded_wait(host: WasmtimeHost) -> None:
    listener = listening(host)
    assert not host.wait(listener, 0)
    assert not host.wait(listener, SLICE * 1.5)
    client = connect(host, address_of(host, listener))
    assert host.wait(listener, SECONDS)
    pollable = host.call("output-stream.subscribe", client.tx)
    assert host.wait(pollable, SECONDS)
    assert host.wait(host.call("instance-network"), 0)
    assert not host.wait(999, 0)


@pytest.mark.parametrize("how", ["poll", "block", "blocking-read", "blocking-skip", "blocking-splice", "mixed", "wait"])
def test_ctrl_c_ends_a_wait_and_breaks_nothing(
    host: WasmtimeHost, pipe: tuple[int, int], how: str, interrupt: Callable[[], None]
) -> None:
    client, server = connected_pair(host)
    pollable = host.call("input-stream.subscribe", client.rx)
    far = host.call("subscribe-duration", FAR)
    file = host.call("input-stream.subscribe", host.open_input(pipe[0]))
    before = [info.handle for info in host.handles()]
    calls: dict[str, Callable[[], Any]] = {
        "poll": lambda: host.call("poll", [pollable, far]),
        "mixed": lambda: host.call("poll", [pollable, file, far]),
        "block": lambda: host.call("pollable.block", pollable),
        "blocking-read": lambda: host.call("input-stream.blocking-read", client.rx, 10),
        "blocking-skip": lambda: host.call("input-stream.blocking-skip", client.rx, 10),
        "blocking-splice": lambda: host.call("output-stream.blocking-splice", client.tx, client.rx, 10),
        "wait": lambda: host.wait(client.rx, SECONDS),
    }
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        calls[how]()
    assert [info.handle for info in host.handles()] == before
    assert host.state(client.socket) == "connected"
    write_when_ready(host, server.tx, b"after")
    for _ in range(3):
        assert host.call("poll", [pollable, far]) == [0]
    assert host.call("input-stream.read", client.rx, 10) == Ok(b"after")


def test_ctrl_c_while_a_flush_waits(host: WasmtimeHost, interrupt: Callable[[], None]) -> None:
    client, peer = connected_to_peer(host)
    data = bytes(range(256)) * (1 << 16)
    write_when_ready(host, client.tx, data)
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        host.call("output-stream.blocking-flush", client.tx)
    found = bytearray()
    with peer:
        while len(found) < len(data):
            found += peer.recv(1 << 20)
    assert found == data


@pytest.mark.parametrize("member", ["blocking-write-and-flush", "blocking-write-zeroes-and-flush"])
def test_blocking_writes_arrive(host: WasmtimeHost, member: str) -> None:
    client, server = connected_pair(host)
    given, expected = (4096, bytes(4096)) if "zeroes" in member else (b"\xff" * 4096, b"\xff" * 4096)
    need(host.call(f"output-stream.{member}", client.tx, given))
    assert read_exactly(host, server.rx, 4096) == expected


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("input-stream.blocking-read", (5,)),
        ("input-stream.blocking-skip", (5,)),
        ("output-stream.blocking-write-and-flush", (b"x",)),
        ("output-stream.blocking-write-zeroes-and-flush", (1,)),
        ("output-stream.blocking-flush", ()),
    ],
)
def test_blocking_calls_tell_the_end(host: WasmtimeHost, key: str, arguments: tuple[Any, ...]) -> None:
    client, server = connected_pair(host)
    end = server
    if key.startswith("input"):
        need(host.call("tcp-socket.shutdown", client.socket, "send"))
    else:
        need(host.call("tcp-socket.shutdown", server.socket, "both"))
    stream = end.rx if key.startswith("input") else end.tx
    assert host.call(key, stream, *arguments) == Err(Case("closed"))


def test_a_blocking_read_of_nothing_returns(host: WasmtimeHost) -> None:
    client, server = connected_pair(host)
    write_when_ready(host, client.tx, b"x")
    assert host.call("input-stream.blocking-read", server.rx, 0) == Ok(b"")


# Streams over descriptors


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


def test_both_sorts_of_streams(host: WasmtimeHost, pipe: tuple[int, int]) -> None:
    client, server = connected_pair(host)
    rx, tx = host.open_input(pipe[0]), host.open_output(pipe[1])
    assert tx == rx + 1 > server.tx
    both = [host.call("input-stream.subscribe", handle) for handle in (rx, server.rx)]
    need(host.call("output-stream.blocking-write-and-flush", tx, b"to the pipe"))
    assert host.call("poll", both) == [0]
    assert host.call("poll", both[:1]) == [0]
    assert need(host.call("output-stream.splice", client.tx, rx, 100)) == 11
    assert host.call("poll", both) == [1]
    assert need(host.call("output-stream.splice", tx, server.rx, 6)) == 6
    assert need(host.call("output-stream.blocking-splice", tx, server.rx, 6)) == 5
    assert read_exactly(host, rx, 11) == b"to the pipe"
    assert need(host.call("output-stream.splice", client.tx, rx, 100)) == 0
    table = {info.handle: info for info in host.handles()}
    assert list(table) == sorted(table)
    assert (table[rx].type, table[rx].received, table[client.socket].sent) == ("input-stream", 22, 11)
    assert (host.state(rx), table[both[0]].parent) == ("open", rx)
    with pytest.raises(Trap, match=f"#{rx} may not be dropped while its children live"):
        host.drop(rx)
    drop_all(host, *both, rx, tx)
    with pytest.raises(Trap, match=f"#{rx} was dropped"):
        host.call("input-stream.read", rx, 1)


def test_both_sorts_end(host: WasmtimeHost, tmp_path: Path) -> None:
    client, server = connected_pair(host)
    (tmp_path / "file").write_bytes(b"x")
    rx = host.open_input(os.open(tmp_path / "file", os.O_RDONLY), own=True)
    assert need(host.call("output-stream.splice", client.tx, rx, 100)) == 1
    assert host.call("output-stream.splice", client.tx, rx, 100) == Err(Case("closed"))
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    need(host.call("tcp-socket.shutdown", server.socket, "both"))
    assert host.call("output-stream.splice", server.tx, rx, 100) == Err(Case("closed"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        host.open_input(10_000)


def test_descriptors_outlive_a_trap(host: WasmtimeHost, pipe: tuple[int, int]) -> None:
    rx, tx = host.open_input(pipe[0]), host.open_output(pipe[1])
    with pytest.raises(Trap):
        host.call("poll", [])
    need(host.call("output-stream.blocking-write-and-flush", tx, b"x"))
    assert read_exactly(host, rx, 1) == b"x"


def test_a_wrong_handle_among_both_sorts(host: WasmtimeHost, pipe: tuple[int, int]) -> None:
    rx = host.open_input(pipe[0])
    pollable = host.call("input-stream.subscribe", rx)
    for wrong in (rx, 999):
        with pytest.raises(Trap):
            host.call("poll", [pollable, wrong])


# Endings


def test_what_was_written_goes_out_at_the_end(wasmtime_runtime: None) -> None:
    host = WasmtimeHost()
    client, peer = connected_to_peer(host)
    data = bytes(range(256)) * (1 << 15)
    write_when_ready(host, client.tx, data)
    found = bytearray()

    def receive() -> None:
        while piece := peer.recv(1 << 20):
            found.extend(piece)

    with peer:
        reader = threading.Thread(target=receive)
        reader.start()
        assert host.close(SECONDS)
        reader.join(SECONDS)
    assert found == data


def test_the_end_says_what_was_lost(wasmtime_runtime: None) -> None:
    before = len(os.listdir("/proc/self/fd"))
    host = WasmtimeHost()
    client, peer = connected_to_peer(host)
    write_when_ready(host, client.tx, bytes(64 << 20))
    assert not host.close(0.05)
    peer.close()
    # The write goes on in a thread of Wasmtime until that has seen that nobody wants it any more.
    until(lambda: len(os.listdir("/proc/self/fd")) == before, "the sockets to be closed")


# What it does not have


def test_no_networks_with_rules(host: WasmtimeHost) -> None:
    with pytest.raises(HostError, match=r"^the host wasmtime has no networks with rules, so fenced cannot be made"):
        host.make_network("fenced", ["tcp-connect:127.0.0.1"])


def test_no_draft() -> None:
    with pytest.raises(HostError, match=r"^the host wasmtime has the world 0\.2, not draft$"):
        make_host("wasmtime", "draft")


def test_a_wasmtime_that_denies_sockets_says_so(wasmtime_runtime: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_grant", lambda config: None)
    with pytest.raises(HostError, match=r"^wasmtime 47\.\S+ denies sockets to its embedder; install wasmtime 47$"):
        WasmtimeHost()


def test_a_wasmtime_that_cannot_be_asked_for_sockets(wasmtime_runtime: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from wasmtime import _bindings

    monkeypatch.delattr(_bindings, "wasi_config_inherit_network")
    with pytest.raises(HostError, match="gives its embedder no way to allow the network"):
        WasmtimeHost()


def test_no_wasmtime_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    monkeypatch.setattr(runtime, "_compiled", runtime._compiled.__wrapped__)
    with pytest.raises(HostError, match=r"^the host wasmtime needs the Python package wasmtime 47"):
        WasmtimeHost()
