"""Operations in one call: what is refused, in which order, and what a refusal leaves untouched."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support import FaultyOs, ipv4, ipv6, loopback, port_of
from tests.worlds.support import Bench, refused
from wasinet.engine import direct
from wasinet.engine.faults import code_of
from wasinet.engine.sockets import Socket
from wasinet.engine.udp import UdpSocket
from wasinet.oscalls import WRITE
from wasinet.wit.values import Err, Ok


def break_everything(bench: Bench) -> None:
    """Whatever reaches the operating system now fails in a way that nothing else does."""
    for name in ("bind", "listen", "connect", "sendto", "send", "recvfrom_into"):
        bench.os.faults[name] = errno.EOVERFLOW


def fd_socket(bench: Bench, handle: int) -> Any:
    socket = bench.host.engine.table[handle]
    assert isinstance(socket, Socket)
    return socket.sock


# The order of checks: state, arguments, policy, the operating system

WRONG = ipv6("::1", 9)


@pytest.mark.parametrize("call", ["tcp.bind", "tcp.connect", "udp.bind", "udp.connect"])
def test_arguments_come_before_the_policy_and_the_policy_before_the_system(bench: Bench, call: str) -> None:
    sock = bench.udp() if call.startswith("udp") else bench.tcp()
    denying = bench.host.make_network("denying", [])
    break_everything(bench)
    good = loopback() if call.endswith("bind") else loopback(9)
    assert refused(bench.call(call, sock, denying, WRONG), "invalid-argument")
    assert refused(bench.call(call, sock, denying, good), "access-denied")
    assert bench.state(sock) == "unbound"
    assert "connect" not in bench.os.calls
    if call == "tcp.connect":
        bench.need("tcp.set-non-blocking", sock, True)
        assert bench.call(call, sock, bench.net, good) == Err("again")
    assert refused(bench.call(call, sock, bench.net, good), "unknown")
    assert bench.records[-1].reason.startswith("Value too large")


def test_the_state_comes_before_all(bench: Bench) -> None:
    sock = bench.tcp("listener")
    assert refused(bench.call("tcp.bind", sock, bench.network("tcp-accept"), WRONG), "invalid-state")
    assert refused(bench.call("tcp.connect", sock, bench.network("tcp-accept"), WRONG), "invalid-state")


@pytest.mark.parametrize("fault", ["bind", "listen"])
def test_a_listen_that_the_system_refuses_closes(bench: Bench, fault: str) -> None:
    sock = bench.tcp()
    bench.os.faults[fault] = errno.EADDRINUSE
    assert refused(bench.call("listen", sock, bench.net), "address-in-use")
    assert bench.state(sock) == "closed"


def test_a_bind_that_the_system_refuses_can_be_tried_again(bench: Bench) -> None:
    sock = bench.tcp()
    for number, code in ((errno.EADDRINUSE, "address-in-use"), (errno.EADDRNOTAVAIL, "address-not-bindable")):
        bench.os.faults["bind"] = number
        assert refused(bench.call("tcp.bind", sock, bench.net, loopback()), code)
        assert bench.state(sock) == "unbound"
    bench.os.faults.clear()
    assert bench.call("tcp.bind", sock, bench.network(), loopback()) == Ok()


@pytest.mark.parametrize(("short", "long"), [("bind", "start-bind"), ("connect", "start-connect")])
def test_errnos_mean_the_same_as_in_two_steps(short: str, long: str) -> None:
    for number in errno.errorcode:
        assert code_of(short, number) == code_of(long, number)


# Binding


def test_bind_takes_the_port_that_is_free(bench: Bench) -> None:
    first = bench.tcp("listener")
    port = port_of(bench.address(first))
    assert refused(bench.call("tcp.bind", bench.tcp(), bench.net, loopback(port)), "address-in-use")
    bench.call("drop-tcp-socket", first)
    assert bench.call("tcp.bind", bench.tcp(), bench.net, loopback(port)) == Ok()


def test_a_port_can_be_bound_again_while_old_connections_linger(bench: Bench) -> None:
    listener = bench.tcp("listener")
    address = bench.address(listener)
    client = bench.client_of(address)
    accepted, rx, tx = bench.need("accept", listener)
    for drop, handle in (
        ("drop-input-stream", rx),
        ("drop-output-stream", tx),
        ("drop-tcp-socket", accepted),
        ("drop-tcp-socket", listener),
    ):
        bench.call(drop, handle)
    assert client.recv(1) == b""
    client.close()
    again = bench.tcp()
    assert bench.call("tcp.bind", again, bench.net, address) == Ok()
    assert bench.call("listen", again, bench.net) == Ok()


def test_an_implicit_listen_has_the_hinted_backlog(bench: Bench) -> None:
    sock = bench.tcp()
    bench.need("set-listen-backlog-size", sock, 2)
    asked: list[int] = []
    listen = type(fd_socket(bench, sock)).listen

    class Listening(type(fd_socket(bench, sock))):  # type: ignore[misc]
        def listen(self, backlog: int = 0) -> None:
            asked.append(backlog)
            listen(self, backlog)

    fd_socket(bench, sock).__class__ = Listening
    bench.need("listen", sock, bench.net)
    bench.need("set-listen-backlog-size", sock, 3)
    assert asked == [2, 3]


# Datagrams


def test_the_port_of_a_connect_that_failed_is_given_back(bench: Bench) -> None:
    sock = bench.udp()
    before = fd_socket(bench, sock).getsockname()
    assert refused(bench.call("udp.connect", sock, bench.net, ipv4("127.255.255.255", 9)), "access-denied")
    assert fd_socket(bench, sock).getsockname() == before


def test_a_connect_with_no_port_left_fails(bench: Bench) -> None:
    sock = bench.udp()
    bench.os.faults["connect"] = errno.EAGAIN
    assert refused(bench.call("udp.connect", sock, bench.net, loopback(9)), "address-in-use")
    assert bench.state(sock) == "unbound"


def test_waiting_for_room_is_not_ended_by_what_arrives(bench: Bench) -> None:
    handle, (peer, _) = bench.udp("bound"), bench.datagrams()
    socket = bench.host.engine.table[handle]
    assert isinstance(socket, UdpSocket)
    peer.sendto(b"x", ("127.0.0.1", port_of(bench.address(handle, "udp"))))
    asked: list[int] = []
    waiter = FaultyOs.waiter

    def watch(masks: Mapping[int, int]) -> Any:
        asked.append(masks[socket.sock.fileno()])
        return waiter(masks)

    bench.os.waiter = watch
    direct.wait_to_send(socket)
    assert asked == [WRITE]
    # And a wait for datagrams needs none where a look has kept one.
    socket.fetch()
    direct.wait_to_receive(socket)
    assert asked == [WRITE]
