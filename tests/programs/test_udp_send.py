"""``udp send`` as a program: what goes out, in which batches and when, replies, refusals, nothing left behind."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.programs.support import left, named, pipe
from tests.support import SECONDS, FaultyOs, ipv4, ipv6, number, soon
from wasinet.hosts.native import NativeHost
from wasinet.programs.datagrams import EVENTS, LINES, NOWHERE, RAW, Sink, SinkOptions
from wasinet.programs.events import CallFailed, Event, LocalFailed
from wasinet.programs.net import Net
from wasinet.programs.udp_send import Feed, Lines, Repeat, SendOptions, read_whole, udp_send
from wasinet.wit.values import Case

SILENT = SinkOptions(NOWHERE)


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(SECONDS)
        yield sock


def at(peer: socket.socket) -> list[Case]:
    return [ipv4("127.0.0.1", peer.getsockname()[1])]


def received(peer: socket.socket) -> list[bytes]:
    """Everything that has come; on loopback that is what was sent."""
    peer.setblocking(False)
    found = []
    try:
        while True:
            found.append(peer.recv(65535))
    except BlockingIOError:
        return found


def send(
    host: NativeHost, peers: Sequence[Case], feed: Feed, options: SendOptions | None = None, sink: SinkOptions = SILENT
) -> list[Event]:
    return list(udp_send(Net(host), peers, feed, options or SendOptions(), sink))


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 200])
@pytest.mark.parametrize("payloads", [[b"a"], [b"", b"bb", b"c\n"], [b"%d" % number for number in range(70)]])
def test_everything_goes_in_order(host: NativeHost, peer: socket.socket, payloads: list[bytes], count: int) -> None:
    count = min(count, 900 // len(payloads))
    (end,) = send(host, at(peer), Repeat(Net(host), payloads, count))
    assert received(peer) == payloads * count
    assert end.name == "all-sent"
    assert end.fields["datagrams"] == len(payloads) * count
    assert end.fields["sent"] == sum(map(len, payloads)) * count
    assert end.fields["peer"] == f"127.0.0.1:{peer.getsockname()[1]}"
    assert left(host) == []


def test_nothing_to_send_is_no_error(host: NativeHost, peer: socket.socket) -> None:
    (end,) = send(host, at(peer), Repeat(Net(host), [], 3))
    assert end.fields["datagrams"] == 0
    assert received(peer) == []


def test_batches_are_told(host: NativeHost, peer: socket.socket) -> None:
    events = send(host, at(peer), Repeat(Net(host), [b"ab"], 100), SendOptions(events=True))
    sent = named(events, "sent")
    assert sum(event.fields["datagrams"] for event in sent) == 100
    assert sum(event.fields["bytes"] for event in sent) == 200
    assert len(sent) < 100
    assert sent[0].fields["local"] == events[-1].fields["local"]


def test_an_interval_is_kept(host: NativeHost, peer: socket.socket) -> None:
    start = time.monotonic()
    send(host, at(peer), Repeat(Net(host), [b"a"], 5), SendOptions(interval=0.02))
    assert time.monotonic() - start >= 0.08
    assert received(peer) == [b"a"] * 5


def test_an_interval_below_the_clock_of_poll_is_kept_on_average(host: NativeHost, peer: socket.socket) -> None:
    def burst() -> None:
        send(host, at(peer), Repeat(Net(host), [b"a"], 500), SendOptions(interval=0.0001))

    # A millisecond for each, as poll counts, would take half a second.
    assert soon(0.4, burst) >= 0.0499


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\nbb\n", [b"a", b"bb"]),
        (b"a\n\nb", [b"a", b"", b"b"]),
        (b"x\n" * 300, [b"x"] * 300),
        (b"a\r\n", [b"a\r"]),
    ],
)
@pytest.mark.parametrize("count", [1, 3])
def test_lines(host: NativeHost, peer: socket.socket, text: bytes, lines: list[bytes], count: int) -> None:
    with pipe() as ends:
        os.write(ends.writer, text)
        ends.close(ends.writer)
        net = Net(host)
        feed = Lines(net, net.open_input(ends.reader, "standard input"), count)
        send(host, at(peer), feed)
    assert received(peer) == lines * count


def test_lines_go_as_they_come_and_a_pause_causes_no_hurry(host: NativeHost, peer: socket.socket) -> None:
    with pipe() as ends:
        net = Net(host)
        feed = Lines(net, net.open_input(ends.reader, "standard input"))
        program = udp_send(net, at(peer), feed, SendOptions(events=True, interval=0.02), SILENT)
        os.write(ends.writer, b"a\nb")
        assert next(program).fields["datagrams"] == 1
        assert peer.recv(10) == b"a"
        os.write(ends.writer, b"b\nc\nd\n")
        ends.close(ends.writer)
        start = time.monotonic()
        assert [event.name for event in program] == ["sent", "sent", "sent", "all-sent"]
        assert time.monotonic() - start >= 0.035
    assert received(peer) == [b"bb", b"c", b"d"]


def test_a_line_that_never_ends_fails_before_memory_does(host: NativeHost, peer: socket.socket) -> None:
    with pipe() as ends:
        net = Net(host)
        feed = Lines(net, net.open_input(ends.reader, "standard input"))
        os.write(ends.writer, b"x" * 65536)
        program = udp_send(net, at(peer), feed, SendOptions(), SILENT)
        with pytest.raises(CallFailed) as caught:
            list(program)
    assert caught.value.code == "datagram-too-large"


@pytest.mark.parametrize(("size", "read"), [(0, 0), (5, 5), (65507, 65507), (65536, 65536), (300_000, 65536)])
def test_the_whole_of_a_stream_but_no_more_than_helps(host: NativeHost, tmp_path: Path, size: int, read: int) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"x" * size)
    net = Net(host)
    fd = os.open(path, os.O_RDONLY)
    source = net.open_input(fd, "data", own=True)
    assert len(read_whole(net, source)) == read
    net.drop(source)
    assert left(host) == []


def test_too_large_a_datagram_comes_after_those_that_fit(host: NativeHost, peer: socket.socket) -> None:
    with pytest.raises(CallFailed) as caught:
        send(host, at(peer), Repeat(Net(host), [b"a", b"x" * 65508, b"b"]))
    assert caught.value.code == "datagram-too-large"
    assert received(peer) == [b"a"]
    assert left(host) == []


def nobody() -> Case:
    """An address where no socket is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return ipv4("127.0.0.1", sock.getsockname()[1])


@pytest.mark.parametrize("count", [1, 2, 1000])
@pytest.mark.parametrize("wait", [None, 60.0])
def test_a_refusal_ends_it(host: NativeHost, count: int, wait: float | None) -> None:
    start = time.monotonic()
    with pytest.raises(CallFailed) as caught:
        send(host, [nobody()], Repeat(Net(host), [b"a"], count), SendOptions(wait=wait))
    assert caught.value.code == "connection-refused"
    assert time.monotonic() - start < 30
    assert left(host) == []


def test_a_refusal_ends_it_soon(host: NativeHost) -> None:
    program = udp_send(Net(host), [nobody()], Repeat(Net(host), [b"a"], 10_000), SendOptions(events=True), SILENT)
    events: list[Event] = []
    with pytest.raises(CallFailed):
        events += program
    assert len(events) < 3


@pytest.mark.parametrize(
    ("sink", "written"), [(LINES, b"ONE\nTWO\n\n"), (RAW, b"ONETWO\n"), (EVENTS, b""), (NOWHERE, b"")]
)
def test_replies(host: NativeHost, peer: socket.socket, sink: str, written: bytes) -> None:
    with pipe() as ends:
        options = SendOptions(wait=0.2, events=True)
        feed = Repeat(Net(host), [b"one", b"two\n", b""])
        program = udp_send(Net(host), at(peer), feed, options, SinkOptions(sink, ends.writer, announce=True))
        assert next(program).name == "sent"
        for _ in range(3):
            data, sender = peer.recvfrom(100)
            peer.sendto(data.upper(), sender)
        events = list(program)
        ends.close(ends.writer)
        assert os.read(ends.reader, 100) == written
    replies = named(events, "received")
    assert [event.fields["bytes"] for event in replies] == [3, 4, 0]
    assert [event.fields.get("data") for event in replies] == (
        [b"ONE", b"TWO\n", b""] if sink == EVENTS else [None] * 3
    )
    assert events[-1].fields["replies"] == 3
    assert left(host) == []


def test_others_are_not_heard(host: NativeHost, peer: socket.socket) -> None:
    options = SendOptions(wait=0.1, events=True)
    program = udp_send(Net(host), at(peer), Repeat(Net(host), [b"a"]), options, SinkOptions(EVENTS))
    next(program)
    _, sender = peer.recvfrom(10)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(b"not the peer", sender)
    assert [event.name for event in program] == ["all-sent"]


def test_it_waits_for_replies_no_longer_than_it_should(host: NativeHost, peer: socket.socket) -> None:
    start = time.monotonic()
    send(host, at(peer), Repeat(Net(host), [b"a"]), SendOptions(wait=0.05))
    assert 0.05 <= time.monotonic() - start < SECONDS


def test_the_next_address_is_used_where_the_first_has_no_route(host: NativeHost, peer: socket.socket) -> None:
    events = send(host, [ipv6("fe80::1", 9), *at(peer)], Repeat(Net(host), [b"a"]))
    assert events[-1].fields["peer"].startswith("127.0.0.1:")
    assert received(peer) == [b"a"]


def test_no_route_at_all_is_the_last_ones_error(host: NativeHost) -> None:
    with pytest.raises(CallFailed):
        send(host, [ipv6("fe80::1", 9), ipv6("fe80::2", 9)], Repeat(Net(host), [b"a"]))
    assert left(host) == []


def test_a_bound_address(host: NativeHost, peer: socket.socket) -> None:
    events = send(host, at(peer), Repeat(Net(host), [b"a"]), SendOptions(bind=ipv4("127.0.0.2")))
    assert events[-1].fields["local"].startswith("127.0.0.2:")
    _, sender = peer.recvfrom(10)
    assert sender[0] == "127.0.0.2"


def test_a_bound_address_of_the_other_family(host: NativeHost, peer: socket.socket) -> None:
    with pytest.raises(CallFailed) as caught:
        send(host, at(peer), Repeat(Net(host), [b"a"]), SendOptions(bind=ipv6("::1")))
    assert caught.value.code == "invalid-argument"
    assert "families" in caught.value.reason


def test_properties_are_set(host: NativeHost, peer: socket.socket) -> None:
    net = Net(host)
    options = SendOptions(properties=(("unicast-hop-limit", 7),), events=True)
    program = udp_send(net, at(peer), Repeat(net, [b"a"]), options, SILENT)
    next(program)
    sockets = [info.handle for info in host.handles() if info.type == "udp-socket"]
    assert [net.need("udp-socket.unicast-hop-limit", "", sock) for sock in sockets] == [7]
    program.close()  # type: ignore[attr-defined]


def test_a_full_buffer_is_waited_for(make_host: Callable[..., NativeHost], peer: socket.socket) -> None:
    faulty = FaultyOs()
    host = make_host(os=faulty)
    program = udp_send(Net(host), at(peer), Repeat(Net(host), [b"a"], 200), SendOptions(events=True), SILENT)
    next(program)
    faulty.faults["send"] = number("EAGAIN")
    later = threading.Timer(0.02, faulty.faults.clear)
    later.start()
    assert list(program)[-1].name == "all-sent"
    later.join()
    assert received(peer) == [b"a"] * 200


def test_progress(host: NativeHost, peer: socket.socket) -> None:
    events = send(host, at(peer), Repeat(Net(host), [b"ab"], 20), SendOptions(interval=0.005, progress=0.02))
    progress = named(events, "progress")
    assert progress
    assert all(event.fields["sent"] == 2 * event.fields["datagrams"] for event in progress)


def test_a_closed_output_is_a_local_failure(host: NativeHost) -> None:
    with pipe() as ends:
        sink = Sink(Net(host), SinkOptions(RAW, ends.writer))
        ends.close(ends.reader)
        datagrams = [{"data": b"x", "remote-address": ipv4("127.0.0.1", 9)}]
        # The stream tells of its failure once, and of its end from then on.
        for _ in range(2):
            with pytest.raises(LocalFailed) as caught:
                sink.put(datagrams)
            assert caught.value.errno == number("EPIPE")
