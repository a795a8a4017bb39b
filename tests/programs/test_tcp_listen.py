"""``tcp listen`` as a program: many clients, one of them failing, shortages, endings, nothing left behind."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.programs.support import first, left, named, pipe
from tests.support import SECONDS, FaultyOs, ipv4, ipv6, reset
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import Sockaddr
from wasinet.programs.events import CallFailed, Event, HandleRef, Idle, LocalFailed
from wasinet.programs.net import Net
from wasinet.programs.tcp import DISCARD, ECHO, EVENTS, StreamOptions
from wasinet.programs.tcp_listen import ListenOptions, tcp_listen
from wasinet.wit.values import Case, Err

MakeHost = Callable[..., NativeHost]
ONE = ListenOptions()
MANY = ListenOptions(keep_open=True)
LOOPBACK = [ipv4("127.0.0.1")]


class Server:
    """A program that listens, run step by step: each step goes on to a wanted event."""

    def __init__(
        self, host: NativeHost, options: ListenOptions, streams: StreamOptions, addresses: list[Case] | None = None
    ) -> None:
        self.host = host
        self.net = Net(host)
        self._program = tcp_listen(self.net, addresses or LOOPBACK, options, streams)
        self.seen: list[Event] = []
        self.address = self.until("listening").fields["address"]
        self.port = int(self.address.rpartition(":")[2])
        self._clients: list[socket.socket] = []

    def until(self, name: str, count: int = 1) -> Event:
        """Go on to the next such event, or to the last of several."""
        for event in self._program:
            self.seen.append(event)
            if event.name == name:
                count -= 1
                if not count:
                    return event
        raise AssertionError(f"it ended before {name}: {self.seen}")

    def finish(self) -> list[Event]:
        self.seen += self._program
        return self.seen

    def client(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._program.close()  # type: ignore[attr-defined]
        assert left(self.host) == []


Start = Callable[..., Server]


@pytest.fixture
def start(host: NativeHost) -> Iterator[Start]:
    servers: list[Server] = []

    def begin(
        options: ListenOptions,
        streams: StreamOptions,
        addresses: list[Case] | None = None,
        on: NativeHost | None = None,
    ) -> Server:
        servers.append(Server(on or host, options, streams, addresses))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


def test_one_connection_and_no_more(start: Start) -> None:
    server = start(ONE, StreamOptions(sink=EVENTS))
    client = server.client()
    server.until("accepted")
    with pytest.raises(ConnectionRefusedError):
        server.client()
    client.sendall(b"hello")
    client.close()
    events = server.finish()
    assert b"".join(event.fields["data"] for event in named(events, "data")) == b"hello"


def test_the_most_connections(start: Start) -> None:
    server = start(ListenOptions(keep_open=True, most=3), StreamOptions(sink=ECHO))
    clients = [server.client() for _ in range(3)]
    server.until("accepted", 3)
    with pytest.raises(ConnectionRefusedError):
        server.client()
    for client in clients:
        client.close()
    assert len(named(server.finish(), "closed")) == 3


def test_a_client_that_fails_does_not_stop_the_others(start: Start) -> None:
    server = start(MANY, StreamOptions(sink=ECHO))
    good, bad = server.client(), server.client()
    server.until("accepted", 2)
    reset(bad)
    failed = server.until("failed")
    assert failed.fields["code"] == "connection-reset"
    good.sendall(b"still there")
    good.shutdown(socket.SHUT_WR)
    server.until("closed")
    assert good.recv(100) == b"still there"
    server.client().shutdown(socket.SHUT_WR)
    server.until("closed")


def test_a_client_that_resets_before_it_is_accepted_keeps_its_address(start: Start) -> None:
    server = start(MANY, StreamOptions(sink=DISCARD))
    client = server.client()
    peer = "{}:{}".format(*client.getsockname())
    reset(client)
    assert server.until("accepted").fields == {
        "peer": peer,
        "local": server.address,
        "handle": HandleRef(server.seen[-1].fields["handle"].handle, "tcp-socket"),
    }
    assert server.until("failed").fields["peer"] == peer


def test_an_address_that_the_host_does_not_know_is_none(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start(MANY, StreamOptions(sink=DISCARD))
    call = server.host.call

    def forgetful(key: str, *arguments: Any) -> Any:
        return Err("invalid-state") if key == "tcp-socket.remote-address" else call(key, *arguments)

    monkeypatch.setattr(server.net, "call", forgetful)
    server.client().close()
    for name in ("accepted", "ended", "closed"):
        assert server.until(name).fields["peer"] is None


def test_clients_that_reset_all_at_once(start: Start) -> None:
    # Both streams of several connections are ready in one turn, and each callback disposes of its own.
    server = start(MANY, StreamOptions(sink=ECHO))
    clients = [server.client() for _ in range(20)]
    server.until("accepted", 20)
    for client in clients:
        client.sendall(b"x" * 100_000)
    for client in clients:
        reset(client)
    server.until("closed", 20)


def test_a_reset_while_bytes_are_pending_does_not_stop_the_others(start: Start) -> None:
    server = start(MANY, StreamOptions(sink=DISCARD, send=lambda: bytes(20_000_000)))
    stuck = server.client()
    server.until("accepted")
    good = server.client()
    server.until("accepted")
    reset(stuck)
    assert server.until("failed").fields["code"] in ("connection-reset", "connection-aborted")
    good.close()
    server.until("closed")


def test_a_client_that_idles_does_not_stop_the_others(start: Start) -> None:
    server = start(MANY, StreamOptions(sink=ECHO, idle_timeout=1.0))
    server.client()
    assert server.until("failed").fields["code"] == "idle"
    client = server.client()
    client.sendall(b"x")
    client.shutdown(socket.SHUT_WR)
    server.until("closed")


def test_one_connection_that_idles_is_the_end(start: Start) -> None:
    server = start(ONE, StreamOptions(sink=ECHO, idle_timeout=0.05))
    server.client()
    with pytest.raises(Idle):
        server.finish()


def test_a_source_that_cannot_be_opened_fails_its_connection_only(start: Start) -> None:
    tries = 0

    def source() -> bytes:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise LocalFailed("open it", "Too many open files", errno.EMFILE)
        return b"hello"

    server = start(MANY, StreamOptions(sink=DISCARD, send=source))
    refused = server.client()
    assert server.until("failed").fields["reason"] == "Too many open files"
    assert refused.recv(100) == b""
    client = server.client()
    client.shutdown(socket.SHUT_WR)
    server.until("closed")
    assert client.recv(100) == b"hello"


def test_an_output_that_fails_is_the_end_of_all(start: Start) -> None:
    with pipe() as ends:
        server = start(MANY, StreamOptions(output_fd=ends.writer, output_name="the pipe"))
        ends.close(ends.reader)
        clients = [server.client() for _ in range(2)]
        server.until("accepted", 2)
        for client in clients:
            client.sendall(b"lost")
        with pytest.raises(LocalFailed, match="write the pipe"):
            server.finish()


@pytest.mark.parametrize("addresses", [[ipv4("0.0.0.0"), ipv6("::")], [ipv4("127.0.0.1"), ipv6("::1")]])
def test_both_families_on_one_port(start: Start, addresses: list[Case]) -> None:
    server = start(ListenOptions(keep_open=True, most=2), StreamOptions(sink=DISCARD), addresses)
    second = server.until("listening").fields["address"]
    assert second == f"[{'::' if '0.0.0.0' in server.address else '::1'}]:{server.port}"
    with socket.create_connection(("::1", server.port), timeout=SECONDS), server.client():
        # The last connection ends the listening of both sockets, also when both are ready in one turn.
        server.until("accepted", 2)
    server.finish()


def test_the_last_place_with_both_families_waiting(start: Start) -> None:
    server = start(ListenOptions(keep_open=True, most=1), StreamOptions(sink=DISCARD), [ipv4("127.0.0.1"), ipv6("::1")])
    with socket.create_connection(("::1", server.port), timeout=SECONDS), server.client():
        server.until("accepted")
    assert len(named(server.finish(), "accepted")) == 1


def test_a_port_in_use(host: NativeHost) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CallFailed) as caught:
            list(tcp_listen(Net(host), [ipv4("127.0.0.1", port)], ONE, StreamOptions(sink=DISCARD)))
    assert (caught.value.code, caught.value.target) == ("address-in-use", f"127.0.0.1:{port}")
    assert left(host) == []


def test_port_zero_is_tried_again_where_the_other_family_has_it_taken(make_host: MakeHost, start: Start) -> None:
    class Crowded(FaultyOs):
        """The second socket's bind fails the first two times."""

        sockets = 0

        def tcp_socket(self, family: int) -> socket.socket:
            self.sockets += 1
            self.faults.clear()
            if family == 6 and self.sockets <= 4:
                self.faults["bind"] = errno.EADDRINUSE
            return super().tcp_socket(family)  # type: ignore[return-value]

    host = make_host(os=Crowded())
    server = start(ONE, StreamOptions(sink=DISCARD), [ipv4("127.0.0.1"), ipv6("::1")], host)
    server.until("listening")
    server.client().close()
    server.finish()


@pytest.mark.parametrize(
    ("fault", "code"), [(errno.EACCES, "access-denied"), (errno.EADDRNOTAVAIL, "address-not-bindable")]
)
def test_a_bind_that_fails(make_host: MakeHost, fault: int, code: str) -> None:
    faulty = FaultyOs()
    faulty.faults["bind"] = fault
    host = make_host(os=faulty)
    with pytest.raises(CallFailed) as caught:
        list(tcp_listen(Net(host), [ipv4("127.0.0.1", 80)], ONE, StreamOptions(sink=DISCARD)))
    assert (caught.value.code, caught.value.target) == (code, "127.0.0.1:80")
    assert left(host) == []


def test_a_family_that_the_machine_lacks_is_left_out(make_host: MakeHost, start: Start) -> None:
    class OldOs(FaultyOs):
        def tcp_socket(self, family: int) -> socket.socket:
            if family == 6:
                raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
            return super().tcp_socket(family)  # type: ignore[return-value]

    server = start(ONE, StreamOptions(sink=DISCARD), [ipv4("0.0.0.0"), ipv6("::")], make_host(os=OldOs()))
    server.client().close()
    assert len(named(server.finish(), "listening")) == 1


class ShortOs(FaultyOs):
    """No descriptors for accepted connections while ``short``."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.short = True
        self.tries = 0

    def accept(self, sock: Any) -> tuple[socket.socket, Sockaddr]:
        self.tries += 1
        if self.short:
            raise OSError(self.number, os.strerror(self.number))
        return super().accept(sock)  # type: ignore[return-value]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EIO])
def test_a_shortage_is_said_once_and_waited_out(make_host: MakeHost, start: Start, number: int) -> None:
    short = ShortOs(number)
    server = start(MANY, StreamOptions(sink=ECHO), [ipv4("127.0.0.1"), ipv6("::1")], make_host(os=short))
    clients = [server.client() for _ in range(3)]
    server.until("accept-failed")

    tries = short.tries
    assert tries == 1
    # The pauses between tries go by without an event; a try that succeeds ends them.
    later = threading.Timer(0.35, lambda: setattr(short, "short", False))
    later.start()
    server.until("accepted", 3)
    later.join()
    assert short.tries - tries <= 12
    assert len(named(server.seen, "accept-failed")) == 1
    for client in clients:
        client.close()
    server.until("closed", 3)


def test_a_connection_that_was_aborted_in_the_queue_is_passed_over(make_host: MakeHost, start: Start) -> None:
    class Aborting(FaultyOs):
        aborted = 0

        def accept(self, sock: Any) -> tuple[socket.socket, Sockaddr]:
            if self.aborted < 2:
                self.aborted += 1
                raise OSError(errno.ECONNABORTED, os.strerror(errno.ECONNABORTED))
            return super().accept(sock)  # type: ignore[return-value]

    server = start(ListenOptions(keep_open=True, most=1), StreamOptions(sink=DISCARD), None, make_host(os=Aborting()))
    server.client().close()
    events = server.finish()
    assert [event.fields["code"] for event in named(events, "accept-failed")] == ["connection-aborted"] * 2
    assert first(events, "accepted")


def test_progress_counts_all_connections(start: Start) -> None:
    server = start(MANY, StreamOptions(sink=ECHO, progress=0.02))
    gone = server.client()
    gone.sendall(b"x" * 10)
    gone.shutdown(socket.SHUT_WR)
    server.until("closed")
    live = server.client()
    live.sendall(b"y" * 5)
    event = server.until("progress")
    while event.fields["received"] < 15:
        event = server.until("progress")
    assert (event.fields["received"], event.fields["sent"]) == (15, 15)


def test_given_up_in_between_nothing_is_left(start: Start) -> None:
    server = start(MANY, StreamOptions(sink=ECHO, idle_timeout=60.0, progress=60.0))
    for _ in range(3):
        server.client()
    server.until("accepted", 2)
    server.close()
