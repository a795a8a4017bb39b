"""The draft's guest library where it differs: rests that are kept, ends, datagrams, names, properties, drops."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.programs.support import left, names, pipe
from tests.support import SECONDS, ipv4
from wasinet.hosts import CallRecord
from wasinet.hosts.native import NativeHost
from wasinet.programs.events import CallFailed, LocalFailed, NotInWorld
from wasinet.programs.guest import guest
from wasinet.programs.lookup import Lookup
from wasinet.programs.net import Connection, Net, StreamEnded
from wasinet.programs.net_draft import NetDraft
from wasinet.wit.addresses import show_address, show_ip

MakeHost = Callable[..., NativeHost]
CHUNK = 128 * 1024


@pytest.fixture
def net(make_host: MakeHost) -> Iterator[NetDraft]:
    found = guest(make_host(world="draft"))
    assert isinstance(found, NetDraft)
    yield found
    assert left(found.host) == []  # type: ignore[arg-type]


def pair(net: Net) -> tuple[Connection, Connection, int]:
    """Both sides of a connection, and the listener."""
    listener = net.listen(ipv4("127.0.0.1"))
    address = net.local_address("tcp", listener)
    client = net.socket("tcp", address)
    net.start_connect(client, address)
    pollables = [net.pollable("tcp-socket", client), net.pollable("tcp-socket", listener)]
    ours = theirs = None
    while ours is None or theirs is None:
        net.wait(pollables)
        ours = ours or net.connect_result(client, address)
        theirs = theirs or net.accept(listener)
    net.drop(*pollables)
    return ours, theirs, listener


def read(net: Net, connection: Connection) -> bytes:
    """What comes next, waited for."""
    pollable = net.pollable("input-stream", connection.rx)
    try:
        while True:
            data = net.read(connection.rx, 1 << 20, "peer")
            if data:
                return data
            net.wait([pollable])
    finally:
        net.drop(pollable)


def test_each_world_has_its_library(make_host: MakeHost) -> None:
    assert type(guest(make_host())) is Net
    assert type(guest(make_host(world="draft"))) is NetDraft


def test_bytes_and_their_end(net: NetDraft) -> None:
    ours, theirs, listener = pair(net)
    assert (ours.peer, theirs.peer) == (theirs.local, ours.local)
    net.write(ours.tx, b"hello", "peer")
    assert read(net, theirs) == b"hello"
    net.shutdown(ours)
    for call in (lambda: net.room(ours.tx, "peer"), lambda: net.write(ours.tx, b"x", "peer")):
        with pytest.raises(StreamEnded) as caught:
            call()
        assert not caught.value.source
    for _ in range(2):
        with pytest.raises(StreamEnded) as caught:
            read(net, theirs)
        assert caught.value.source
    net.close(ours)
    net.close(theirs)
    net.drop(listener)


def test_what_a_connection_does_not_take_is_kept_and_goes_before_the_next(net: NetDraft) -> None:
    ours, theirs, listener = pair(net)
    sent = received = 0
    while net.room(ours.tx, "peer") == CHUNK:
        net.write(ours.tx, bytes(CHUNK), "peer")
        sent += CHUNK
    assert net.room(ours.tx, "peer") == 0
    assert net.move(ours.tx, theirs.rx, 10, "peer") == 0
    room = net.pollable("output-stream", ours.tx)
    while not net.room(ours.tx, "peer"):
        received += len(read(net, theirs))
    net.write(ours.tx, b"end", "peer")
    sent += 3
    tail = b""
    while received < sent:
        tail = read(net, theirs)
        received += len(tail)
    assert received == sent
    assert tail.endswith(b"end")
    net.drop(room)
    net.close(ours)
    net.close(theirs)
    net.drop(listener)


def test_a_reset_is_a_failure_once_and_then_an_end(net: NetDraft) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = ipv4("127.0.0.1", server.getsockname()[1])
        sock = net.socket("tcp", address)
        net.start_connect(sock, address)
        peer, _ = server.accept()
        connection = net.connect_result(sock, address)
        assert connection is not None
        net.write(connection.tx, b"x", "peer")
        # Closed with a byte unread, it resets.
        peer.recv(1, socket.MSG_PEEK)
        peer.close()
        with pytest.raises(CallFailed) as caught:
            read(net, connection)
        assert (caught.value.code, caught.value.precise) == ("unknown", "connection-reset")
        with pytest.raises(StreamEnded):
            net.skip(connection.rx, 1, "peer")
        net.close(connection)


def test_a_pipe_without_a_reader(net: NetDraft) -> None:
    with pipe() as ends:
        tx = net.open_output(ends.writer, "standard output")
        ends.close(ends.reader)
        with pytest.raises(LocalFailed) as caught:
            net.write(tx, b"x", "")
        assert (caught.value.what, caught.value.errno) == ("write standard output", errno.EPIPE)
        assert caught.value.reason == os.strerror(errno.EPIPE)
        with pytest.raises(StreamEnded):
            net.flush(tx, "")
        net.drop(tx)


@pytest.mark.parametrize("flush", [True, False])
def test_the_rest_of_a_local_file_is_written_before_its_drop(net: NetDraft, flush: bool) -> None:
    with pipe() as ends:
        tx = net.open_output(ends.writer, "standard output")
        sent = 0
        while net.room(tx, ""):
            net.write(tx, bytes(CHUNK), "")
            sent += CHUNK
        found: list[int] = []

        def take() -> None:
            while sum(found) < sent:
                found.append(len(os.read(ends.reader, 1 << 20)))

        thread = threading.Thread(target=take)
        thread.start()
        if flush:
            net.flush(tx, "")
        net.drop(tx)
        thread.join(SECONDS)
        assert sum(found) == sent


def test_a_file_is_read_to_its_end_and_moved(net: NetDraft, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(3 * CHUNK + 5))
    with source.open("rb") as reader, target.open("wb") as writer:
        rx, tx = net.open_input(reader.fileno(), "source"), net.open_output(writer.fileno(), "target")
        assert [net.move(tx, rx, 1 << 20, "") for _ in range(4)] == [CHUNK, CHUNK, CHUNK, 5]
        with pytest.raises(StreamEnded) as caught:
            net.move(tx, rx, 1 << 20, "")
        assert caught.value.source
        net.flush(tx, "")
        net.drop(rx, tx)
    assert target.read_bytes() == source.read_bytes()


def test_datagrams_with_a_peer_and_without(net: NetDraft) -> None:
    sockets = []
    for _ in range(2):
        sockets.append(net.socket("udp", ipv4("127.0.0.1")))
        net.bind("udp", sockets[-1], ipv4("127.0.0.1"))
    first, second = (net.local_address("udp", sock) for sock in sockets)
    rx, tx = net.datagrams(sockets[0], second)
    their_rx, their_tx = net.datagrams(sockets[1])
    assert net.receive(their_rx, 10) == []
    assert net.send(tx, [net.datagram(b"%d" % n) for n in range(5)][: net.send_room(tx, "")], "") == 5
    pollable = net.pollable("incoming-datagram-stream", their_rx)
    assert net.wait([pollable]) == [0]
    assert [d["data"] for d in net.receive(their_rx, 3)] == [b"0", b"1", b"2"]
    (third, fourth) = net.receive(their_rx, 3)
    assert third["remote-address"] == fourth["remote-address"] == first
    assert net.send(their_tx, [net.datagram(b"back", first)], "") == 1
    net.drop(pollable)
    pollable = net.pollable("incoming-datagram-stream", rx)
    net.wait([pollable])
    assert [d["data"] for d in net.receive(rx, 3)] == [b"back"]
    net.drop(pollable, rx, tx, their_rx, their_tx, *sockets)


def test_a_refusal_that_came_between_datagrams_is_told_by_the_next_receive(net: NetDraft) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        peer = ipv4("127.0.0.1", probe.getsockname()[1])
    sock = net.socket("udp", peer)
    net.bind("udp", sock, ipv4("127.0.0.1"))
    rx, tx = net.datagrams(sock, peer)
    assert net.send(tx, [net.datagram(b"a"), net.datagram(b"b")], "peer") == 1
    with pytest.raises(CallFailed) as caught:
        net.receive(rx, 1, "peer")
    assert caught.value.precise == "connection-refused"
    assert net.receive(rx, 1, "peer") == []
    net.drop(rx, tx, sock)


def test_addresses_are_not_looked_up(net: NetDraft) -> None:
    records: list[CallRecord] = []
    net.host.attach(records.append)
    assert [show_address(address) for address in net.addresses("::1", 80)] == ["[::1]:80"]
    with pytest.raises(CallFailed) as caught:
        net.addresses("::1", 80, 4)
    assert caught.value.code == "name-unresolvable"
    lookup = Lookup(net, "127.0.0.1")
    assert (lookup.handle, lookup.advance(), net.wait([lookup.pollable])) == (None, True, [0])
    lookup.drop()
    assert "resolve-addresses" not in {record.function.name for record in records}
    with pytest.raises(CallFailed) as caught:
        net.addresses("127.1", 80)
    assert (caught.value.code, caught.value.precise) == ("unknown", "invalid-argument")
    assert records[-1].function.name == "resolve-addresses"


def test_names(make_host: MakeHost) -> None:
    host = make_host(world="draft", resolver=names(name=[(6, "::1"), (4, "127.0.0.1")]))
    net = guest(host)
    assert [show_ip(address) for address in net.resolve("name")] == ["::1", "127.0.0.1"]
    with pytest.raises(CallFailed) as caught:
        net.resolve("other")
    assert (caught.value.code, caught.value.precise) == ("unknown", "name-unresolvable")
    assert left(host) == []


def test_properties_are_set_by_their_names_in_the_draft(net: NetDraft) -> None:
    wanted = [("hop-limit", 7), ("keep-alive-enabled", True), ("listen-backlog-size", 3)]
    sock = net.socket("tcp", ipv4("127.0.0.1"), wanted)
    assert net.need("tcp.unicast-hop-limit", "", sock) == 7
    assert net.need("keep-alive", "", sock) is True
    net.drop(sock)
    sock = net.socket("udp", ipv4("127.0.0.1"), [("unicast-hop-limit", 9)])
    assert net.need("udp.unicast-hop-limit", "", sock) == 9
    net.drop(sock)
    with pytest.raises(CallFailed) as caught:
        net.socket("tcp", ipv4("127.0.0.1"), [("receive-buffer-size", 0)])
    assert caught.value.target == "receive-buffer-size 0"
    with pytest.raises(NotInWorld, match="keep-alive-count"):
        net.socket("tcp", ipv4("127.0.0.1"), [("keep-alive-count", 3)])


def test_what_fails_leaves_nothing(net: NetDraft) -> None:
    with pytest.raises(CallFailed) as caught:
        net.listen(ipv4("192.0.2.1"))
    assert caught.value.precise == "address-not-bindable"


def test_every_drop_is_the_worlds(net: NetDraft) -> None:
    records: list[CallRecord] = []
    net.host.attach(records.append)
    ours, theirs, listener = pair(net)
    net.close(ours)
    net.close(theirs)
    net.drop(listener, net.timer(0))
    dropped = {record.function.name for record in records if record.function.name.startswith("drop")}
    assert dropped == {"drop-input-stream", "drop-output-stream", "drop-pollable", "drop-tcp-socket"}
