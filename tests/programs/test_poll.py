"""``poll`` as a program: six kinds of sources, their outcomes and states."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.programs.support import left, names, pipe
from tests.support import SECONDS, ipv4, ipv6, refused_port, reset
from wasinet.hosts.native import NativeHost
from wasinet.programs import poll as kinds
from wasinet.programs.events import Event, HandleRef, LocalFailed, SomeFailed
from wasinet.programs.net import Net
from wasinet.wit.values import Case

MakeHost = Callable[..., NativeHost]
TABLE = names(here=[(4, "127.0.0.1")], both=[(6, "::1"), (4, "127.0.0.1")])


def at(*addresses: Case) -> Callable[[Net], Sequence[Case]]:
    return lambda net: addresses


def source(wait: Any, text: str = "it") -> kinds.Source:
    return kinds.Source(text, wait)


def outcome(host: NativeHost, wait: Any) -> dict[str, Any]:
    """The fields of the one source's event."""
    events: list[Event] = []
    try:
        events += kinds.poll(Net(host), [source(wait)])
    except SomeFailed:
        pass
    (event,) = [event for event in events if event.name == "ready"]
    return event.fields


def failing(host: NativeHost, wait: Any) -> dict[str, Any]:
    """The fields of a source's event, which ends with SomeFailed."""
    program = kinds.poll(Net(host), [source(wait)])
    event = next(program)
    with pytest.raises(SomeFailed):
        next(program)
    return event.fields


def test_a_peer_that_resets_before_it_is_accepted_keeps_its_address(host: NativeHost) -> None:
    program = kinds.poll(Net(host), [source(kinds.tcp_listen(at(ipv4("127.0.0.1"))))])
    local = next(program).fields["address"]
    client = socket.create_connection(("127.0.0.1", int(local.rpartition(":")[2])), SECONDS)
    peer = "{}:{}".format(*client.getsockname())
    reset(client)
    (ready,) = program
    assert (ready.fields["outcome"], ready.fields["local"], ready.fields["peer"]) == ("accepted", local, peer)


def test_a_timer(host: NativeHost) -> None:
    fields = outcome(host, kinds.timer(0.02))
    assert fields["outcome"] == "elapsed"
    assert 0.02 <= fields["seconds"] < SECONDS
    assert fields["handle"] == HandleRef(1, "pollable")
    assert fields["failed"] is False


@pytest.mark.parametrize(
    ("data", "wanted"),
    [(b"abc", {"outcome": "readable", "bytes": 3, "data": b"abc", "state": "open"}), (b"", {"outcome": "ended"})],
)
def test_standard_input(host: NativeHost, data: bytes, wanted: dict[str, Any]) -> None:
    with pipe() as ends:
        os.write(ends.writer, data)
        ends.close(ends.writer)
        fields = outcome(host, kinds.stdin(ends.reader))
    assert wanted.items() <= fields.items()
    assert fields["handle"].type == "input-stream"


def test_standard_input_that_is_closed(host: NativeHost) -> None:
    with pipe() as ends:
        ends.close(ends.reader)
        with pytest.raises(LocalFailed):
            outcome(host, kinds.stdin(ends.reader))


def test_a_name(make_host: MakeHost) -> None:
    fields = outcome(make_host(resolver=TABLE), kinds.lookup("both"))
    assert fields["outcome"] == "resolved"
    assert fields["state"] == "resolved"
    assert fields["addresses"] == ["::1", "127.0.0.1"]


@pytest.mark.parametrize(
    ("name", "family", "code"),
    [("missing", None, "name-unresolvable"), ("here", 6, "name-unresolvable"), ("a b", None, "invalid-argument")],
)
def test_a_name_without_addresses(make_host: MakeHost, name: str, family: int | None, code: str) -> None:
    fields = failing(make_host(resolver=TABLE), kinds.lookup(name, family))
    assert fields["outcome"] == code
    assert fields["failed"] is True
    assert fields["reason"]


@pytest.mark.parametrize("name", ["127.0.0.1", "here", "both"])
def test_a_connection(make_host: MakeHost, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        fields = outcome(make_host(resolver=TABLE), kinds.tcp_connect(name, port))
    assert fields["outcome"] == "connected"
    assert fields["state"] == "connected"
    assert fields["peer"] == f"127.0.0.1:{port}"
    assert fields["handle"].type == "tcp-socket"


def test_a_refused_connection(make_host: MakeHost) -> None:
    fields = failing(make_host(resolver=TABLE), kinds.tcp_connect("both", refused_port()))
    assert fields["outcome"] == "connection-refused"
    assert fields["state"] == "closed"


@pytest.mark.parametrize("addresses", [(ipv4("127.0.0.1"),), (ipv4("127.0.0.1"), ipv6("::1"))])
@pytest.mark.parametrize("which", [0, -1])
def test_a_listener(host: NativeHost, addresses: Sequence[Case], which: int) -> None:
    program = kinds.poll(Net(host), [source(kinds.tcp_listen(at(*addresses)))])
    listening = [next(program) for _ in addresses]
    local = listening[which].fields["address"]
    name, _, port = local.rpartition(":")
    with socket.create_connection((name.strip("[]"), int(port))) as client:
        (event,) = program
        peer = client.getsockname()
    assert event.fields["outcome"] == "accepted"
    assert event.fields["state"] == "listening"
    assert event.fields["peer"].endswith(f":{peer[1]}")
    assert event.fields["handle"] == listening[which].fields["handle"]


def test_datagrams(host: NativeHost) -> None:
    program = kinds.poll(Net(host), [source(kinds.udp(at(ipv4("127.0.0.1"))))])
    port = int(next(program).fields["address"].rpartition(":")[2])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for data in (b"one", b"two"):
            sock.sendto(data, ("127.0.0.1", port))
        peer = f"127.0.0.1:{sock.getsockname()[1]}"
    (event,) = program
    assert event.fields["outcome"] == "received"
    assert event.fields["state"] == "bound"
    assert event.fields["datagrams"] == [{"peer": peer, "data": b"one"}, {"peer": peer, "data": b"two"}]


def test_a_port_that_is_taken_is_that_sources_outcome(host: NativeHost) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        fields = failing(host, kinds.tcp_listen(at(ipv4("127.0.0.1", server.getsockname()[1]))))
    assert fields["outcome"] == "address-in-use"


def test_the_first_ends_it(host: NativeHost) -> None:
    sources = [source(kinds.timer(60), "late"), source(kinds.timer(0.01), "soon")]
    assert [event.fields["source"] for event in kinds.poll(Net(host), sources)] == ["soon"]


def test_all_of_them(host: NativeHost) -> None:
    sources = [source(kinds.timer(seconds), f"{seconds}") for seconds in (0.03, 0.01, 0.02, 0)]
    events = list(kinds.poll(Net(host), sources, every=True))
    assert [event.fields["source"] for event in events] == ["0", "0.01", "0.02", "0.03"]


def test_a_failure_among_all_is_told_at_the_end(make_host: MakeHost) -> None:
    sources = [source(kinds.lookup("missing"), "name"), source(kinds.timer(0.01), "timer")]
    events: list[Event] = []
    with pytest.raises(SomeFailed):
        events += kinds.poll(Net(make_host(resolver=TABLE)), sources, every=True)
    assert {event.fields["source"]: event.fields["outcome"] for event in events} == {
        "name": "name-unresolvable",
        "timer": "elapsed",
    }


def test_several_at_the_same_moment_are_all_told(host: NativeHost) -> None:
    sources = [source(kinds.timer(0), "one"), source(kinds.timer(60), "late"), source(kinds.timer(0), "two")]
    assert [event.fields["source"] for event in kinds.poll(Net(host), sources)] == ["one", "two"]


def test_ctrl_c_while_waiting(host: NativeHost, interrupt: Callable[[], None]) -> None:
    program = kinds.poll(Net(host), [source(kinds.timer(60))])
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        next(program)
    assert "#1 pollable" in left(host)
