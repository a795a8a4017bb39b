"""Blocking mode waits, Ctrl-C ends the wait, and non-blocking mode gives again until the pollable says otherwise."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.support import SECONDS, loopback, port_of
from tests.worlds.support import Bench, later, refused
from wasinet.wit.values import Case, Err, Ok, Some

AGAIN = Err("again")
Interrupt = Callable[[], None]


def full_server(bench: Bench) -> tuple[socket.socket, Case]:
    """A listener whose queue is full: the next handshake waits until one was accepted."""
    server = bench.keep(socket.create_server(("127.0.0.1", 0), backlog=0))
    address = loopback(server.getsockname()[1])
    bench.client_of(address)
    return server, address


def let_in(bench: Bench, server: socket.socket) -> None:
    bench.keep(server.accept()[0])


def udp_port(bench: Bench, sock: int) -> tuple[str, int]:
    return "127.0.0.1", port_of(bench.address(sock, "udp"))


class Held:
    """A resolver that answers when it is told to."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, name: str) -> list[tuple[int, str]]:
        assert self.go.wait(SECONDS)
        return [(4, "192.0.2.1")]


@pytest.fixture
def held() -> Any:
    resolver = Held()
    bench = Bench(resolver=resolver)
    yield bench, resolver
    resolver.go.set()
    bench.close()


# Blocking


def test_connect_waits_for_the_peer(bench: Bench) -> None:
    server, address = full_server(bench)
    sock = bench.tcp()
    with later(let_in, bench, server):
        bench.need("tcp.connect", sock, bench.net, address)
    assert bench.state(sock) == "connection"


def test_accept_waits_for_a_client(bench: Bench) -> None:
    listener = bench.tcp("listener")
    with later(bench.client_of, bench.address(listener)):
        bench.need("accept", listener)


def test_receive_waits_for_a_datagram(bench: Bench) -> None:
    sock, (peer, address) = bench.udp("bound"), bench.datagrams()
    with later(peer.sendto, b"x", udp_port(bench, sock)):
        assert bench.call("receive", sock) == Ok({"data": b"x", "remote-address": address})


def test_receive_of_a_connected_socket_waits_for_its_peer(bench: Bench) -> None:
    sock, (peer, address), (other, _) = bench.udp("bound"), bench.datagrams(), bench.datagrams()
    # Queued before, so the kernel would give it out.
    other.sendto(b"other", udp_port(bench, sock))
    bench.need("udp.connect", sock, bench.net, address)
    with later(peer.sendto, b"mine", udp_port(bench, sock)):
        assert bench.need("receive", sock)["data"] == b"mine"


@pytest.mark.parametrize("queued", [False, True], ids=["nothing to receive", "something to receive"])
def test_send_waits_for_room_and_for_nothing_else(bench: Bench, queued: bool) -> None:
    sock, (peer, address) = bench.udp("bound"), bench.datagrams()
    if queued:
        peer.sendto(b"x", udp_port(bench, sock))
    waits: list[Mapping[int, int]] = []
    waiter = bench.os.waiter

    def room_comes(masks: Mapping[int, int]) -> Callable[[], list[tuple[int, int]]]:
        waits.append(masks)
        bench.os.faults.clear()
        return waiter(masks)

    bench.os.waiter = room_comes
    bench.os.faults["sendto"] = errno.EAGAIN
    assert bench.call("send", sock, {"data": b"hello", "remote-address": address}) == Ok()
    assert peer.recv(10) == b"hello"
    (wait,) = waits
    assert 4 in wait.values()


def test_receive_waits_without_spinning_after_a_send_that_found_no_room(bench: Bench) -> None:
    sock, (peer, address) = bench.udp("bound"), bench.datagrams()
    bench.need("udp.set-non-blocking", sock, True)
    bench.os.faults["sendto"] = errno.EAGAIN
    assert bench.call("send", sock, {"data": b"x", "remote-address": address}) == AGAIN
    bench.need("udp.set-non-blocking", sock, False)
    start = time.process_time()
    with later(peer.sendto, b"x", udp_port(bench, sock), after=0.3):
        bench.need("receive", sock)
    assert time.process_time() - start < 0.15


def test_resolve_next_address_waits(held: tuple[Bench, Held]) -> None:
    bench, resolver = held
    stream = bench.need("resolve-addresses", bench.net, "slow.test", None, True)
    with later(resolver.go.set):
        assert bench.call("resolve-next-address", stream) == Ok(Some(Case("ipv4", (192, 0, 2, 1))))
    assert bench.call("resolve-next-address", stream) == Ok(None)


# Ctrl-C


def test_ctrl_c_in_connect_leaves_it_connecting(bench: Bench, interrupt: Interrupt) -> None:
    server, address = full_server(bench)
    sock = bench.tcp()
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.call("tcp.connect", sock, bench.net, address)
    assert bench.state(sock) == "connecting"
    assert (bench.records[-1].before, bench.records[-1].after) == ("unbound", "connecting")
    # The same call again goes on with it.
    with later(let_in, bench, server):
        bench.need("tcp.connect", sock, bench.net, address)


def test_ctrl_c_in_accept_breaks_nothing(bench: Bench, interrupt: Interrupt) -> None:
    listener = bench.tcp("listener")
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.call("accept", listener)
    assert bench.state(listener) == "listener"
    bench.client_of(bench.address(listener))
    bench.need("accept", listener)


@pytest.mark.parametrize("state", ["bound", "connected"])
def test_ctrl_c_in_receive_breaks_nothing(bench: Bench, state: str, interrupt: Interrupt) -> None:
    sock, (peer, address) = bench.udp("bound"), bench.datagrams()
    if state == "connected":
        bench.need("udp.connect", sock, bench.net, address)
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.call("receive", sock)
    assert bench.state(sock) == state
    peer.sendto(b"x", udp_port(bench, sock))
    assert bench.need("receive", sock)["data"] == b"x"


def test_ctrl_c_in_send_sends_nothing(bench: Bench, interrupt: Interrupt) -> None:
    sock, (peer, address) = bench.udp("bound"), bench.datagrams()
    bench.os.faults["sendto"] = errno.EAGAIN
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.call("send", sock, {"data": b"lost", "remote-address": address})
    assert bench.state(sock) == "bound"
    bench.os.faults.clear()
    bench.need("send", sock, {"data": b"kept", "remote-address": address})
    assert peer.recv(10) == b"kept"


def test_ctrl_c_in_resolve_next_address_goes_on_later(held: tuple[Bench, Held], interrupt: Interrupt) -> None:
    bench, resolver = held
    stream = bench.need("resolve-addresses", bench.net, "slow.test", None, True)
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.call("resolve-next-address", stream)
    assert bench.state(stream) == "in progress"
    resolver.go.set()
    assert bench.call("resolve-next-address", stream) == Ok(Some(Case("ipv4", (192, 0, 2, 1))))


@pytest.mark.parametrize(
    "function", ["blocking-read", "blocking-skip", "blocking-write", "blocking-splice", "poll-oneoff"]
)
def test_ctrl_c_in_a_stream_breaks_nothing(bench: Bench, function: str, interrupt: Interrupt) -> None:
    end, peer = bench.connected()
    total = bench.fill(end.tx) if function == "blocking-write" else 0
    arguments: dict[str, tuple[Any, ...]] = {
        "blocking-write": (end.tx, b"lost"),
        "blocking-splice": (end.tx, end.rx, 10),
        "poll-oneoff": ([bench.call("subscribe-to-input-stream", end.rx)],),
    }
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.call(function, *arguments.get(function, (end.rx, 10)))
    assert bench.state(end.socket) == "connection"
    peer.sendall(b"after")
    assert bench.call("blocking-read", end.rx, 10) == Ok((b"after", False))
    bench.need("shutdown", end.socket, "send")
    received = 0
    while data := peer.recv(1 << 20):
        received += len(data)
    assert received == total


# Non-blocking


def test_connect_gives_again_then_the_streams(bench: Bench) -> None:
    server, address = full_server(bench)
    sock = bench.tcp()
    bench.need("tcp.set-non-blocking", sock, True)
    for _ in range(3):
        assert bench.call("tcp.connect", sock, bench.net, address) == AGAIN
    pollable = bench.call("tcp.subscribe", sock)
    assert bench.ready(pollable) == [False]
    with later(let_in, bench, server):
        assert bench.call("poll-oneoff", [pollable]) == b"\1"
    rx, tx = bench.need("tcp.connect", sock, bench.net, address)
    assert (bench.state(rx), bench.state(tx)) == ("open", "open")


def test_the_first_connect_gives_again_even_if_it_is_done_at_once(bench: Bench) -> None:
    sock = bench.tcp()
    bench.need("tcp.set-non-blocking", sock, True)
    _, address = bench.server()
    assert bench.call("tcp.connect", sock, bench.net, address) == AGAIN
    assert bench.state(sock) == "connecting"


def test_a_connect_that_fails_resolves_its_pollable(bench: Bench) -> None:
    sock = bench.tcp()
    bench.need("tcp.set-non-blocking", sock, True)
    bench.os.faults["connect"] = errno.ENETUNREACH
    address = loopback(9)
    assert bench.call("tcp.connect", sock, bench.net, address) == AGAIN
    pollable = bench.call("tcp.subscribe", sock)
    assert bench.call("poll-oneoff", [pollable]) == b"\1"
    assert refused(bench.call("tcp.connect", sock, bench.net, address), "remote-unreachable")
    assert bench.state(sock) == "closed"


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EADDRNOTAVAIL], ids=["BSD", "Linux"])
def test_a_connect_without_a_free_port_fails_and_does_not_wait(bench: Bench, number: int) -> None:
    sock = bench.tcp()
    bench.os.faults["connect"] = number
    assert refused(bench.call("tcp.connect", sock, bench.net, loopback(9)), "address-in-use")
    assert bench.state(sock) == "closed"


def test_another_address_fails_while_one_connects(bench: Bench) -> None:
    server, address = full_server(bench)
    sock = bench.tcp()
    bench.need("tcp.set-non-blocking", sock, True)
    assert bench.call("tcp.connect", sock, bench.net, address) == AGAIN
    outcome = bench.call("tcp.connect", sock, bench.net, bench.server()[1])
    assert refused(outcome, "concurrency-conflict")
    assert f"127.0.0.1:{port_of(address)} is in progress" in outcome.reason
    assert bench.state(sock) == "connecting"
    let_in(bench, server)
    bench.need("tcp.set-non-blocking", sock, False)
    bench.need("tcp.connect", sock, bench.net, address)


def test_a_failed_bind_is_no_connect_in_progress(bench: Bench) -> None:
    sock = bench.tcp()
    assert refused(bench.call("tcp.bind", sock, bench.net, bench.taken(listening=True)[1]), "address-in-use")
    bench.need("tcp.connect", sock, bench.net, bench.server()[1])


def test_accept_gives_again_until_its_pollable_is_ready(bench: Bench) -> None:
    listener = bench.tcp("listener")
    bench.need("tcp.set-non-blocking", listener, True)
    assert bench.call("accept", listener) == AGAIN
    pollable = bench.call("tcp.subscribe", listener)
    assert bench.ready(pollable) == [False]
    with later(bench.client_of, bench.address(listener)):
        assert bench.call("poll-oneoff", [pollable]) == b"\1"
    accepted, _, _ = bench.need("accept", listener)
    assert bench.call("accept", listener) == AGAIN
    # A new socket is in blocking mode, whatever its listener is in.
    assert bench.call("tcp.non-blocking", accepted) == Ok(False)


@pytest.mark.parametrize("kept", [False, True], ids=["fresh", "kept set"])
def test_receive_gives_again_until_its_pollable_is_ready(bench: Bench, kept: bool) -> None:
    sock, (peer, address) = bench.udp("bound"), bench.datagrams()
    bench.need("udp.set-non-blocking", sock, True)
    pollables = [bench.call("udp.subscribe", sock), bench.call("udp.subscribe", bench.udp())]
    for _ in range(3 if kept else 0):
        assert bench.call("poll-oneoff", pollables) == b"\0\1"
    assert bench.call("receive", sock) == AGAIN
    peer.sendto(b"x", udp_port(bench, sock))
    assert bench.host.wait(pollables[0], SECONDS)
    assert bench.call("poll-oneoff", pollables) == b"\1\1"
    assert bench.call("receive", sock) == Ok({"data": b"x", "remote-address": address})
    assert bench.call("poll-oneoff", pollables) == b"\0\1"


@pytest.mark.parametrize("kept", [False, True], ids=["fresh", "kept set"])
def test_a_pollable_says_nothing_of_datagrams_that_receive_leaves_out(bench: Bench, kept: bool) -> None:
    sock, (peer, address), (other, _) = bench.udp("bound"), bench.datagrams(), bench.datagrams()
    bench.need("udp.set-non-blocking", sock, True)
    other.sendto(b"other", udp_port(bench, sock))
    pollables = [bench.call("udp.subscribe", sock), bench.call("udp.subscribe", bench.udp())]
    for _ in range(3 if kept else 0):
        assert bench.call("poll-oneoff", pollables) == b"\1\1"
    bench.need("udp.connect", sock, bench.net, address)
    assert bench.call("poll-oneoff", pollables) == b"\0\1"
    assert bench.call("receive", sock) == AGAIN
    peer.sendto(b"mine", udp_port(bench, sock))
    assert bench.host.wait(pollables[0], SECONDS)
    # Looking takes it from the kernel's queue and keeps it, for as many looks as there are.
    for _ in range(3):
        assert bench.call("poll-oneoff", pollables) == b"\1\1"
    assert bench.need("receive", sock)["data"] == b"mine"
    assert bench.call("poll-oneoff", pollables) == b"\0\1"


def test_a_datagram_that_a_look_has_kept_is_not_given_for_another_peer(bench: Bench) -> None:
    sock, (peer, address), (_, second) = bench.udp("bound"), bench.datagrams(), bench.datagrams()
    bench.need("udp.set-non-blocking", sock, True)
    bench.need("udp.connect", sock, bench.net, address)
    peer.sendto(b"first", udp_port(bench, sock))
    pollable = bench.call("udp.subscribe", sock)
    assert bench.host.wait(pollable, SECONDS)
    bench.need("udp.connect", sock, bench.net, second)
    assert bench.ready(pollable) == [False]
    assert bench.call("receive", sock) == AGAIN


@pytest.mark.parametrize("kept", [False, True], ids=["fresh", "kept set"])
def test_send_gives_again_and_the_pollable_tells_of_room(bench: Bench, kept: bool) -> None:
    sock, (peer, address) = bench.udp("bound"), bench.datagrams()
    bench.need("udp.set-non-blocking", sock, True)
    pollables = [bench.call("udp.subscribe", sock), bench.call("udp.subscribe", bench.udp())]
    for _ in range(3 if kept else 0):
        assert bench.call("poll-oneoff", pollables) == b"\0\1"
    datagram = {"data": b"x", "remote-address": address}
    bench.os.faults["sendto"] = errno.EAGAIN
    assert bench.call("send", sock, datagram) == AGAIN
    bench.os.faults.clear()
    assert bench.call("poll-oneoff", pollables) == b"\1\1"
    assert bench.call("send", sock, datagram) == Ok()
    assert peer.recv(10) == b"x"
    # With nothing left to send it tells of datagrams alone.
    assert bench.call("poll-oneoff", pollables) == b"\0\1"


def test_resolve_next_address_gives_again_until_its_pollable_is_ready(held: tuple[Bench, Held]) -> None:
    bench, resolver = held
    stream = bench.need("resolve-addresses", bench.net, "slow.test", None, True)
    bench.need("ip-name-lookup.set-non-blocking", stream, True)
    pollable = bench.call("ip-name-lookup.subscribe", stream)
    assert bench.call("resolve-next-address", stream) == AGAIN
    assert bench.ready(pollable) == [False]
    with later(resolver.go.set):
        assert bench.call("poll-oneoff", [pollable]) == b"\1"
    assert bench.call("resolve-next-address", stream) == Ok(Some(Case("ipv4", (192, 0, 2, 1))))
    assert bench.call("resolve-next-address", stream) == Ok(None)
    assert bench.call("resolve-next-address", stream) == Ok(None)


# The mode itself


def test_the_mode_of_each_kind(bench: Bench) -> None:
    stream = bench.need("resolve-addresses", bench.net, "localhost", None, True)
    for interface, handle in (("tcp", bench.tcp()), ("udp", bench.udp()), ("ip-name-lookup", stream)):
        assert bench.call(f"{interface}.non-blocking", handle) == Ok(False)
        for value in (True, True, False):
            assert bench.call(f"{interface}.set-non-blocking", handle, value) == Ok()
            assert bench.call(f"{interface}.non-blocking", handle) == Ok(value)


def test_the_mode_belongs_to_one_socket(bench: Bench) -> None:
    one, other = bench.tcp(), bench.tcp()
    bench.need("tcp.set-non-blocking", one, True)
    assert bench.call("tcp.non-blocking", other) == Ok(False)


def test_a_second_process_ends_the_wait(bench: Bench) -> None:
    listener = bench.tcp("listener")
    script = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))).sendall(b'hello')"
    command = [sys.executable, "-I", "-c", script, str(port_of(bench.address(listener)))]
    with subprocess.Popen(command) as process:
        _, rx, _ = bench.need("accept", listener)
        assert bench.read_all(rx) == b"hello"
        assert process.wait(SECONDS) == 0
