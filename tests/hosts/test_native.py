"""The native host: records, the handle table for people, and streams over descriptors."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import (
    address_of,
    bound,
    connected_pair,
    drop_all,
    ipv6,
    listening,
    loopback,
    need,
    read_exactly,
    wait_ready,
    write,
)
from wasinet.engine.faults import Trap
from wasinet.engine.records import INTERRUPTED
from wasinet.hosts import CallRecord, Host, Trapped
from wasinet.hosts.native import NativeHost, drop_function
from wasinet.wit.values import OK, Err, Ok


@pytest.fixture
def records(host: NativeHost) -> list[CallRecord]:
    found: list[CallRecord] = []
    host.attach(found.append)
    return found


def test_it_is_a_host() -> None:
    host: Host = NativeHost()
    assert (host.name, host.world.name) == ("native", "0.2")
    assert host.close()


def test_a_function_that_the_world_does_not_have(host: NativeHost) -> None:
    with pytest.raises(KeyError):
        host.call("tcp-socket.fly")


# Records


def test_a_record_says_everything(host: NativeHost, records: list[CallRecord]) -> None:
    net = host.call("instance-network")
    sock = need(host.call("create-tcp-socket", "ipv4"))
    need(host.call("tcp-socket.start-bind", sock, net, loopback()))
    first, second, third = records
    assert (first.function.name, first.arguments, first.outcome, first.handle) == ("instance-network", (), net, None)
    assert (second.arguments, second.outcome, second.before, second.after) == (("ipv4",), Ok(sock), "", "")
    assert third.function is host.world.functions["tcp-socket.start-bind"]
    assert third.arguments == (sock, net, loopback())
    assert (third.outcome, third.handle, third.host) == (OK, sock, "native")
    assert (third.before, third.after) == ("unbound", "bind-in-progress")
    assert 0 <= first.time <= second.time <= third.time
    assert all(record.duration >= 0 and not record.failed and record.reason == "" for record in records)


def test_failures_carry_their_reason(host: NativeHost, records: list[CallRecord]) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    host.call("tcp-socket.start-connect", sock, host.call("instance-network"), ipv6("::1", 9))
    record = records[-1]
    assert record.failed
    assert record.outcome == Err("invalid-argument")
    assert "ipv4 socket" in record.reason
    assert (record.before, record.after) == ("unbound", "closed")


def test_traps_are_recorded_and_raised(host: NativeHost, records: list[CallRecord]) -> None:
    with pytest.raises(Trap):
        host.call("poll", [])
    with pytest.raises(Trap):
        host.call("tcp-socket.hop-limit", 99)
    first, second = records
    assert isinstance(first.outcome, Trapped)
    assert first.outcome.clause == "poll.poll"
    assert first.reason == first.outcome.message
    assert first.failed
    assert (second.handle, second.before, second.after) == (99, "", "")


def test_drops_are_recorded(host: NativeHost, records: list[CallRecord]) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    pollable = host.call("tcp-socket.subscribe", sock)
    with pytest.raises(Trap):
        host.drop(sock)
    drop_all(host, pollable, sock)
    with pytest.raises(Trap):
        host.drop(sock)
    shown = [(record.function.name, record.failed, record.before, record.after) for record in records[2:]]
    assert shown == [
        ("drop tcp-socket", True, "unbound", "unbound"),
        ("drop pollable", False, "ready", ""),
        ("drop tcp-socket", False, "unbound", ""),
        ("drop resource", True, "", ""),
    ]
    assert drop_function("error") is drop_function("error")


def test_without_a_reader_there_are_no_records(host: NativeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a record was made")

    from wasinet.hosts import recording

    with monkeypatch.context() as patch:
        patch.setattr(recording, "CallRecord", never)
        sock = need(host.call("create-tcp-socket", "ipv4"))
        host.drop(sock)
        host.attach(never)
        with pytest.raises(AssertionError):
            host.call("instance-network")
        host.detach(never)
        host.call("instance-network")


def test_every_reader_is_told_also_while_one_leaves(host: NativeHost) -> None:
    one: list[CallRecord] = []
    other: list[CallRecord] = []

    def leaving(record: CallRecord) -> None:
        one.append(record)
        host.detach(leaving)

    host.attach(leaving)
    host.attach(other.append)
    for _ in range(3):
        host.call("instance-network")
    assert (len(one), len(other)) == (1, 3)


def test_an_interrupted_call_is_recorded(
    host: NativeHost, records: list[CallRecord], interrupt: Callable[[], None]
) -> None:
    far = host.call("subscribe-duration", 10**13)
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        host.call("pollable.block", far)
    assert records[-1].outcome is INTERRUPTED
    assert not records[-1].failed
    assert records[-1].reason == ""


def test_a_call_with_too_few_arguments_raises_its_own_error(host: NativeHost, records: list[CallRecord]) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    with pytest.raises(TypeError, match="argument"):
        host.call("tcp-socket.set-hop-limit", sock)


def test_a_connection_that_ends_is_seen_in_the_record(host: NativeHost, records: list[CallRecord]) -> None:
    client, server = connected_pair(host)
    need(host.call("tcp-socket.shutdown", server.socket, "send"))
    wait_ready(host, client.rx, "input-stream")
    host.call("input-stream.read", client.rx, 1)
    assert (records[-1].before, records[-1].after) == ("open", "closed")
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    assert (records[-1].before, records[-1].after) == ("connected", "closed")


# The table


def test_the_handle_table(host: NativeHost) -> None:
    client, server = connected_pair(host)
    write(host, client.tx, b"hello")
    assert read_exactly(host, server.rx, 5) == b"hello"
    udp = bound(host, "udp")
    lookup = need(host.call("resolve-addresses", host.call("instance-network"), "127.0.0.1"))
    table = {info.handle: info for info in host.handles()}
    assert list(table) == sorted(table)
    here, there = table[client.socket], table[server.socket]
    assert (here.type, here.state, here.parent) == ("tcp-socket", "connected", None)
    assert here.local == there.remote
    assert here.remote == there.local
    assert (here.sent, here.received) == (5, 0)
    assert (there.sent, there.received) == (0, 5)
    assert (table[client.tx].sent, table[client.tx].parent) == (5, client.socket)
    assert (table[server.rx].received, table[server.rx].state) == (5, "open")
    assert table[udp].local.startswith("127.0.0.1:")
    assert (table[udp].remote, table[udp].sent) == ("", None)
    assert (table[lookup].remote, table[lookup].state) == ("127.0.0.1", "resolved")
    assert all(info.age >= 0 for info in table.values())


def test_unbound_sockets_have_no_addresses(host: NativeHost) -> None:
    need(host.call("create-tcp-socket", "ipv6"))
    (info,) = host.handles()
    assert (info.local, info.remote, info.state) == ("", "", "unbound")


def test_the_state_of_what_is_not_there(host: NativeHost) -> None:
    assert host.state(1) == ""
    sock = listening(host)
    assert host.state(sock) == "listening"
    host.drop(sock)
    assert host.state(sock) == ""


def test_a_timer_beside_the_world(host: NativeHost) -> None:
    start = host.engine.os.monotonic()
    timer = host.timer(0.02)
    assert host.call("poll", [timer]) == [0]
    assert host.engine.os.monotonic() - start >= 0.02
    host.drop(timer)


@pytest.mark.parametrize("own", [False, True])
def test_dropping_a_stream_closes_only_what_it_owns(host: NativeHost, tmp_path: Any, own: bool) -> None:
    (tmp_path / "file").write_bytes(b"x")
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    host.drop(host.open_input(fd, own=own))
    if own:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
    else:
        os.close(fd)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_dropping_streams_leaks_nothing(host: NativeHost, kind: str) -> None:
    ends: list[Any]
    if kind == "pipe":
        reader, writer = os.pipe()
        ends = [os.fdopen(reader, "rb", 0), os.fdopen(writer, "wb", 0)]
    else:
        ends = list(socket.socketpair())
    before = len(os.listdir("/proc/self/fd"))
    rx, tx = host.open_input(ends[0].fileno()), host.open_output(ends[1].fileno())
    need(host.call("output-stream.blocking-write-and-flush", tx, b"x"))
    assert read_exactly(host, rx, 1) == b"x"
    drop_all(host, rx, tx)
    assert len(os.listdir("/proc/self/fd")) == before
    for end in ends:
        end.close()


def test_addresses_in_the_table_match_the_getters(host: NativeHost) -> None:
    sock = listening(host, "ipv6")
    (info,) = host.handles()
    assert info.handle == sock
    assert info.local == f"[::1]:{address_of(host, sock).payload['port']}"
