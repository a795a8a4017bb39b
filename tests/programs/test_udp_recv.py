"""``udp recv`` as a program: one or two sockets, counts, where datagrams go, echo, nothing left behind."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.programs.support import left, named, pipe
from tests.support import SECONDS, FaultyOs, ipv4, ipv6, number
from wasinet.hosts.native import NativeHost
from wasinet.programs.datagrams import EVENTS, LINES, NOWHERE, RAW, SinkOptions
from wasinet.programs.events import CallFailed, Event, LocalFailed
from wasinet.programs.net import Net
from wasinet.programs.udp_recv import RECEIVE_BUFFER, ReceiveOptions, udp_recv
from wasinet.wit.values import Case

LOOPBACK = [ipv4("127.0.0.1")]
BOTH = [ipv4("127.0.0.1"), ipv6("::1")]
PROPERTIES = (("receive-buffer-size", RECEIVE_BUFFER),)


class Receiver:
    """A program that receives, with its sockets bound."""

    def __init__(
        self,
        host: NativeHost,
        options: ReceiveOptions,
        sink: SinkOptions,
        addresses: Sequence[Case] = LOOPBACK,
    ) -> None:
        self.events = udp_recv(Net(host), addresses, options, sink)
        self.listening = [next(self.events) for _ in addresses]
        self.port = int(self.listening[0].fields["address"].rpartition(":")[2])

    def rest(self) -> list[Event]:
        return list(self.events)


@contextmanager
def sender(family: int = socket.AF_INET) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(SECONDS)
        yield sock


def test_datagrams_until_there_are_enough(host: NativeHost) -> None:
    receiver = Receiver(host, ReceiveOptions(PROPERTIES, count=3), SinkOptions(EVENTS))
    with sender() as sock:
        for data in (b"a", b"", b"\0\n", b"too many"):
            sock.sendto(data, ("127.0.0.1", receiver.port))
        events = receiver.rest()
        peer = f"127.0.0.1:{sock.getsockname()[1]}"
    assert [event.fields for event in named(events, "received")] == [
        {"peer": peer, "bytes": 1, "data": b"a"},
        {"peer": peer, "bytes": 0, "data": b""},
        {"peer": peer, "bytes": 2, "data": b"\0\n"},
    ]
    assert events[-1].name == "all-received"
    assert events[-1].fields["datagrams"] == 3
    assert events[-1].fields["received"] == 3
    assert left(host) == []


@pytest.mark.parametrize(
    ("kind", "written"),
    [(RAW, b"onetwo\n\xff"), (LINES, b"one\ntwo\n\n\xff\n"), (NOWHERE, b"")],
)
@pytest.mark.parametrize("announce", [False, True])
def test_where_they_go(host: NativeHost, kind: str, written: bytes, announce: bool) -> None:
    with pipe() as ends:
        sink = SinkOptions(kind, ends.writer, announce=announce)
        receiver = Receiver(host, ReceiveOptions(count=4), sink)
        with sender() as sock:
            for data in (b"one", b"two\n", b"", b"\xff"):
                sock.sendto(data, ("127.0.0.1", receiver.port))
            events = receiver.rest()
        ends.close(ends.writer)
        assert os.read(ends.reader, 100) == written
    assert [event.fields["bytes"] for event in named(events, "received")] == ([3, 4, 0, 1] if announce else [])
    assert left(host) == []


def test_many_more_than_a_batch_on_two_sockets(host: NativeHost) -> None:
    receiver = Receiver(host, ReceiveOptions(PROPERTIES, count=600), SinkOptions(EVENTS), BOTH)
    assert [event.fields["address"] for event in receiver.listening] == [
        f"127.0.0.1:{receiver.port}",
        f"[::1]:{receiver.port}",
    ]
    wanted = []
    with sender() as four, sender(socket.AF_INET6) as six:
        for index in range(300):
            for sock, address in ((four, "127.0.0.1"), (six, "::1")):
                data = b"%d %d" % (sock.family, index)
                sock.sendto(data, (address, receiver.port))
                wanted.append(data)
        got = [event.fields["data"] for event in named(receiver.rest(), "received")]
    assert sorted(got) == sorted(wanted)
    for family in (socket.AF_INET, socket.AF_INET6):
        mine = [data for data in got if data.startswith(b"%d " % family)]
        assert mine == [b"%d %d" % (family, index) for index in range(300)]


@pytest.mark.parametrize("progress", [None, 0.01])
def test_a_busy_socket_does_not_starve_the_other(host: NativeHost, progress: float | None) -> None:
    receiver = Receiver(host, ReceiveOptions(PROPERTIES, progress=progress), SinkOptions(EVENTS), BOTH)
    with sender() as four, sender(socket.AF_INET6) as six:
        for _ in range(300):
            four.sendto(b"busy", ("127.0.0.1", receiver.port))
        six.sendto(b"rare", ("::1", receiver.port))
        seen = 0
        for event in receiver.events:
            seen += event.name == "received"
            if event.fields.get("data") == b"rare":
                break
    assert seen < 200
    receiver.events.close()  # type: ignore[attr-defined]
    assert left(host) == []


def test_a_family_that_the_machine_lacks_is_left_out(make_host: Callable[..., NativeHost]) -> None:
    host = make_host()
    program = udp_recv(Net(host), [ipv4("127.0.0.1"), ipv6("2001:db8::1")], ReceiveOptions(), SinkOptions(NOWHERE))
    assert next(program).fields["address"].startswith("127.0.0.1:")
    program.close()  # type: ignore[attr-defined]
    assert left(host) == []


def test_an_address_in_use(host: NativeHost) -> None:
    with sender() as sock:
        sock.bind(("127.0.0.1", 0))
        address = ipv4("127.0.0.1", sock.getsockname()[1])
        with pytest.raises(CallFailed) as caught:
            Receiver(host, ReceiveOptions(), SinkOptions(NOWHERE), [address])
    assert caught.value.code == "address-in-use"
    assert left(host) == []


def test_properties_are_set(host: NativeHost) -> None:
    options = ReceiveOptions((("receive-buffer-size", 8192), ("unicast-hop-limit", 9)))
    receiver = Receiver(host, options, SinkOptions(NOWHERE))
    net = Net(host)
    handle = receiver.listening[0].fields["handle"].handle
    assert net.need("udp-socket.receive-buffer-size", "", handle) == 8192
    assert net.need("udp-socket.unicast-hop-limit", "", handle) == 9
    receiver.events.close()  # type: ignore[attr-defined]


def test_echo(host: NativeHost) -> None:
    receiver = Receiver(host, ReceiveOptions(PROPERTIES, count=200, echo=True), SinkOptions(NOWHERE))
    with sender() as one, sender() as other:
        for index in range(100):
            for sock in (one, other):
                sock.sendto(b"%d" % index, ("127.0.0.1", receiver.port))
        receiver.rest()
        for sock in (one, other):
            assert [sock.recv(10) for _ in range(100)] == [b"%d" % index for index in range(100)]
    assert left(host) == []


def test_an_echo_that_cannot_go_keeps_no_other(make_host: Callable[..., NativeHost]) -> None:
    faulty = FaultyOs()
    receiver = Receiver(make_host(os=faulty), ReceiveOptions(count=2, echo=True), SinkOptions(NOWHERE))
    with sender() as sock:
        for data in (b"a", b"b"):
            sock.sendto(data, ("127.0.0.1", receiver.port))
        faulty.faults["sendto"] = number("ENETUNREACH")
        failed = next(receiver.events)
        assert failed.name == "echo-failed"
        assert failed.fields["code"] == "remote-unreachable"
        assert failed.fields["peer"] == f"127.0.0.1:{sock.getsockname()[1]}"
        faulty.faults.clear()
        assert [event.name for event in receiver.rest()] == ["all-received"]
        assert sock.recv(10) == b"b"


def test_an_echo_waits_for_room(make_host: Callable[..., NativeHost]) -> None:
    faulty = FaultyOs()
    receiver = Receiver(make_host(os=faulty), ReceiveOptions(count=1, echo=True), SinkOptions(NOWHERE))
    with sender() as sock:
        sock.sendto(b"a", ("127.0.0.1", receiver.port))
        faulty.faults["sendto"] = number("EAGAIN")
        later = threading.Timer(0.02, faulty.faults.clear)
        later.start()
        receiver.rest()
        later.join()
        assert sock.recv(10) == b"a"


def test_a_reader_that_is_slow_is_waited_for(host: NativeHost) -> None:
    with pipe() as ends:
        receiver = Receiver(host, ReceiveOptions(PROPERTIES, count=200), SinkOptions(RAW, ends.writer))
        with sender() as sock:
            for index in range(200):
                sock.sendto(bytes([index]) * 1000, ("127.0.0.1", receiver.port))
            pieces: list[bytes] = []

            def read() -> None:
                while sum(map(len, pieces)) < 200_000:
                    pieces.append(os.read(ends.reader, 7000))

            reader = threading.Thread(target=read)
            reader.start()
            receiver.rest()
            reader.join()
    assert b"".join(pieces) == b"".join(bytes([index]) * 1000 for index in range(200))


def test_a_reader_that_has_gone(host: NativeHost) -> None:
    with pipe() as ends:
        receiver = Receiver(host, ReceiveOptions(), SinkOptions(LINES, ends.writer))
        ends.close(ends.reader)
        with sender() as sock:
            sock.sendto(b"a", ("127.0.0.1", receiver.port))
            with pytest.raises(LocalFailed) as caught:
                receiver.rest()
    assert caught.value.errno == number("EPIPE")
    assert left(host) == []


def test_progress_is_told_while_nothing_comes_and_while_much_does(host: NativeHost) -> None:
    receiver = Receiver(host, ReceiveOptions(count=1, progress=0.01), SinkOptions(NOWHERE))
    assert next(receiver.events).fields["datagrams"] == 0
    with sender() as sock:
        sock.sendto(b"ab", ("127.0.0.1", receiver.port))
        end = receiver.rest()[-1]
    assert end.fields["received"] == 2
    assert left(host) == []


def test_ctrl_c_while_waiting(host: NativeHost, interrupt: Callable[[], None]) -> None:
    receiver = Receiver(host, ReceiveOptions(), SinkOptions(NOWHERE))
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        receiver.rest()
