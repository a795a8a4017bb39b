"""The draft's sockets: implicit bind, addresses, dual stack, options, shutdown, and UDP's peer."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.support import SECONDS, ipv4, ipv6, loopback, port_of
from tests.worlds.support import Bench, refused
from wasinet.wit.values import Case, Err, Ok

# Implicit bind


@pytest.mark.parametrize(("family", "unspecified"), [("ipv4", ipv4("0.0.0.0")), ("ipv6", ipv6("::"))])
def test_listen_binds_an_unbound_socket_to_any_address(bench: Bench, family: str, unspecified: Case) -> None:
    sock = bench.tcp(family=family)
    bench.need("listen", sock, bench.net)
    address = bench.address(sock)
    assert address.payload["address"] == unspecified.payload["address"]
    assert port_of(address)
    bench.keep(socket.create_connection(("127.0.0.1" if family == "ipv4" else "::1", port_of(address)), SECONDS))
    bench.need("accept", sock)


def test_connect_binds_an_unbound_socket(bench: Bench) -> None:
    end, peer = bench.connected()
    assert bench.address(end.socket) == loopback(peer.getpeername()[1])
    assert bench.need("tcp.remote-address", end.socket) == loopback(peer.getsockname()[1])


def test_connect_leaves_from_the_bound_address(bench: Bench) -> None:
    sock = bench.tcp("bound")
    address = bench.address(sock)
    server, remote = bench.server()
    bench.need("tcp.connect", sock, bench.net, remote)
    assert bench.keep(server.accept()[0]).getpeername() == ("127.0.0.1", port_of(address))


def test_local_address_answers_while_connecting(bench: Bench) -> None:
    assert port_of(bench.address(bench.tcp("connecting")))


def test_udp_connect_binds_an_unbound_socket(bench: Bench) -> None:
    sock, (peer, address) = bench.udp(), bench.datagrams()
    bench.need("udp.connect", sock, bench.net, address)
    local = bench.address(sock, "udp")
    assert local.payload["address"] == (127, 0, 0, 1)
    bench.need("send", sock, {"data": b"x", "remote-address": address})
    assert peer.recvfrom(10)[1] == ("127.0.0.1", port_of(local))


def test_udp_send_and_receive_never_bind(bench: Bench) -> None:
    sock = bench.udp()
    assert refused(bench.call("send", sock, {"data": b"x", "remote-address": loopback(9)}), "invalid-state")
    assert refused(bench.call("receive", sock), "invalid-state")
    assert refused(bench.call("udp.local-address", sock), "invalid-state")
    assert bench.state(sock) == "unbound"
    bench.need("udp.bind", sock, bench.net, loopback())


def test_a_failed_udp_connect_leaves_the_socket_unbound(bench: Bench) -> None:
    sock = bench.udp()
    assert refused(bench.call("udp.connect", sock, bench.net, ipv4("127.255.255.255", 9)), "access-denied")
    assert bench.state(sock) == "unbound"
    other = bench.network()
    bench.need("udp.bind", sock, other, loopback())
    assert refused(bench.call("udp.connect", sock, bench.net, loopback(9)), "invalid-argument")


def test_a_failed_udp_connect_keeps_the_bound_address(bench: Bench) -> None:
    sock = bench.udp("bound")
    address = bench.address(sock, "udp")
    assert refused(bench.call("udp.connect", sock, bench.net, ipv4("127.255.255.255", 9)), "access-denied")
    assert bench.address(sock, "udp") == address


@pytest.mark.parametrize(
    "address",
    [ipv4("224.0.0.1"), ipv4("255.255.255.255"), ipv6("::1")],
    ids=["multicast", "broadcast", "other family"],
)
def test_tcp_binds_to_unicast_addresses_of_its_family(bench: Bench, address: Case) -> None:
    sock = bench.tcp()
    assert refused(bench.call("tcp.bind", sock, bench.net, address), "invalid-argument")
    assert bench.state(sock) == "unbound"


def test_an_address_of_no_interface_cannot_be_bound(bench: Bench) -> None:
    outcome = bench.call("tcp.bind", bench.tcp(), bench.net, ipv4("192.0.2.1"))
    assert refused(outcome, "address-not-bindable")


# UDP's peer


def test_only_the_peers_datagrams_are_received(bench: Bench) -> None:
    sock, (peer, address), (other, _) = bench.udp("bound"), bench.datagrams(), bench.datagrams()
    bench.need("udp.connect", sock, bench.net, address)
    local = ("127.0.0.1", port_of(bench.address(sock, "udp")))
    other.sendto(b"other", local)
    peer.sendto(b"mine", local)
    assert bench.need("receive", sock) == {"data": b"mine", "remote-address": address}


def test_the_peer_can_be_changed(bench: Bench) -> None:
    sock, (first, one), (second, two) = bench.udp("bound"), bench.datagrams(), bench.datagrams()
    local = bench.address(sock, "udp")
    for address in (one, two):
        bench.need("udp.connect", sock, bench.net, address)
        assert bench.need("udp.remote-address", sock) == address
        bench.need("send", sock, {"data": b"x", "remote-address": address})
    assert bench.address(sock, "udp") == local
    assert (first.recv(10), second.recv(10)) == (b"x", b"x")
    assert refused(bench.call("send", sock, {"data": b"x", "remote-address": one}), "invalid-argument")


def test_the_refusal_of_the_peers_port_is_told(bench: Bench) -> None:
    sock = bench.udp()
    peer, address = bench.datagrams()
    bench.need("udp.connect", sock, bench.net, address)
    peer.close()
    bench.need("send", sock, {"data": b"x", "remote-address": address})
    assert refused(bench.call("receive", sock), "connection-refused")


@pytest.mark.parametrize("size", [0, 1, 65_507])
def test_datagrams_of_all_sizes(bench: Bench, size: int) -> None:
    sock, (peer, address) = bench.udp("bound"), bench.datagrams()
    data = bytes(range(256)) * 256
    peer.sendto(data[:size], ("127.0.0.1", port_of(bench.address(sock, "udp"))))
    assert bench.call("receive", sock) == Ok({"data": data[:size], "remote-address": address})
    bench.need("send", sock, {"data": data[:size], "remote-address": address})
    assert peer.recv(1 << 16) == data[:size]


def test_a_datagram_that_is_too_large_fails(bench: Bench) -> None:
    sock = bench.udp("bound")
    outcome = bench.call("send", sock, {"data": bytes(65_508), "remote-address": loopback(9)})
    assert refused(outcome, "datagram-too-large")


@pytest.mark.parametrize("address", [ipv4("0.0.0.0", 9), loopback(), ipv6("::1", 9)], ids=["any", "port 0", "family"])
def test_datagrams_need_a_real_destination(bench: Bench, address: Case) -> None:
    outcome = bench.call("send", bench.udp("bound"), {"data": b"x", "remote-address": address})
    assert refused(outcome, "invalid-argument")


# Dual stack


def dual(bench: Bench, kind: str) -> int:
    sock: int = bench.need(f"create-{kind}-socket", "ipv6")
    assert bench.call(f"{kind}.ipv6-only", sock) == Ok(True)
    assert bench.call(f"{kind}.set-ipv6-only", sock, False) == Ok()
    assert bench.call(f"{kind}.ipv6-only", sock) == Ok(False)
    return sock


def test_an_ipv4_client_reaches_a_dual_stack_listener(bench: Bench) -> None:
    sock = dual(bench, "tcp")
    bench.need("listen", sock, bench.net)
    client = bench.client_of(bench.address(sock))
    accepted, rx, _ = bench.need("accept", sock)
    remote = bench.need("tcp.remote-address", accepted)
    assert remote == ipv6("::ffff:127.0.0.1", client.getsockname()[1])
    assert bench.call("tcp.ipv6-only", accepted) == Ok(False)
    client.sendall(b"hello")
    assert bench.call("blocking-read", rx, 10) == Ok((b"hello", False))


def test_an_ipv4_client_does_not_reach_an_ipv6_only_listener(bench: Bench) -> None:
    sock = bench.tcp(family="ipv6")
    bench.need("listen", sock, bench.net)
    with pytest.raises(ConnectionRefusedError):
        bench.client_of(bench.address(sock))


def test_a_dual_stack_socket_connects_to_ipv4(bench: Bench) -> None:
    server, address = bench.server()
    mapped = ipv6("::ffff:127.0.0.1", port_of(address))
    assert refused(bench.call("tcp.connect", bench.tcp(family="ipv6"), bench.net, mapped), "invalid-argument")
    bench.need("tcp.connect", dual(bench, "tcp"), bench.net, mapped)
    bench.keep(server.accept()[0])


def test_a_dual_stack_datagram_socket_speaks_ipv4(bench: Bench) -> None:
    sock, (peer, address) = dual(bench, "udp"), bench.datagrams()
    bench.need("udp.bind", sock, bench.net, ipv6("::"))
    mapped = ipv6("::ffff:127.0.0.1", port_of(address))
    bench.need("send", sock, {"data": b"x", "remote-address": mapped})
    data, local = peer.recvfrom(10)
    peer.sendto(data, local)
    assert bench.need("receive", sock) == {"data": b"x", "remote-address": mapped}
    bench.need("udp.connect", sock, bench.net, mapped)
    peer.sendto(b"y", local)
    assert bench.need("receive", sock)["data"] == b"y"


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_dual_stack_can_be_taken_back_before_bind_and_not_after(bench: Bench, kind: str) -> None:
    sock = dual(bench, kind)
    bench.need(f"{kind}.set-ipv6-only", sock, True)
    mapped = ipv6("::ffff:127.0.0.1", 9)
    assert refused(bench.call(f"{kind}.connect", sock, bench.net, mapped), "invalid-argument")
    bench.need(f"{kind}.bind", sock, bench.net, ipv6("::1"))
    assert refused(bench.call(f"{kind}.set-ipv6-only", sock, False), "invalid-state")


# Options


@pytest.mark.parametrize("kind", ["tcp", "udp"])
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_options_read_back(bench: Bench, kind: str, family: str) -> None:
    sock = bench.tcp(family=family) if kind == "tcp" else bench.udp(family=family)
    numbers = {"unicast-hop-limit": 42, "receive-buffer-size": 30_000, "send-buffer-size": 40_000}
    for option, value in numbers.items():
        assert bench.call(f"{kind}.set-{option}", sock, value) == Ok()
        assert bench.call(f"{kind}.{option}", sock) == Ok(value)
        assert refused(bench.call(f"{kind}.set-{option}", sock, 0), "invalid-argument")
        assert bench.call(f"{kind}.{option}", sock) == Ok(value)
    assert bench.call(f"{kind}.address-family", sock) == family


def test_switches_of_tcp(bench: Bench) -> None:
    sock = bench.tcp()
    for option in ("keep-alive", "no-delay"):
        assert bench.call(option, sock) == Ok(False)
        for value in (True, False):
            assert bench.call(f"set-{option}", sock, value) == Ok()
            assert bench.call(option, sock) == Ok(value)


@pytest.mark.parametrize("value", [1, 5, 2**64 - 1])
def test_backlog_sizes(bench: Bench, value: int) -> None:
    sock = bench.tcp()
    assert bench.call("set-listen-backlog-size", sock, value) == Ok()
    bench.need("listen", sock, bench.net)
    assert bench.call("set-listen-backlog-size", sock, value) == Ok()
    assert refused(bench.call("set-listen-backlog-size", sock, 0), "invalid-argument")


def test_accepted_sockets_have_the_listeners_options(bench: Bench) -> None:
    sock = bench.tcp()
    bench.need("tcp.set-unicast-hop-limit", sock, 33)
    bench.need("set-keep-alive", sock, True)
    bench.need("listen", sock, bench.net)
    bench.client_of(bench.address(sock))
    accepted, _, _ = bench.need("accept", sock)
    assert bench.call("tcp.unicast-hop-limit", accepted) == Ok(33)
    assert bench.call("keep-alive", accepted) == Ok(True)
    assert bench.state(accepted) == "connection"


# Shutdown


@pytest.mark.parametrize("how", ["receive", "send", "both"])
def test_shutdown(bench: Bench, how: str) -> None:
    end, peer = bench.connected()
    peer.sendall(b"queued")
    assert bench.host.wait(end.rx, SECONDS)
    for _ in range(2):
        assert bench.call("shutdown", end.socket, how) == Ok()
    receives, sends = how == "send", how == "receive"
    expected: Any = (b"queued", False) if receives else (b"", True)
    assert bench.call("read", end.rx, 10) == Ok(expected)
    assert bench.call("skip", end.rx, 0) == Ok((0, not receives))
    written = bench.call("write", end.tx, b"x")
    if sends:
        assert written == Ok(1)
        assert peer.recv(10) == b"x"
    else:
        assert written == Err({})
        assert written.reason.endswith("(closed)")
        assert peer.recv(10) == b""
    assert bench.state(end.socket) == "connection"


def test_the_connection_state_has_no_end(bench: Bench) -> None:
    end, peer = bench.connected()
    bench.need("shutdown", end.socket, "send")
    peer.close()
    assert bench.call("blocking-read", end.rx, 1) == Ok((b"", True))
    assert bench.state(end.socket) == "connection"
    # Asked again, it has ended both directions before.
    assert bench.call("shutdown", end.socket, "both") == Ok()
    assert bench.call("listen", end.socket, bench.net) == Err("unknown")


def test_a_closed_pair_wakes_whoever_reads(bench: Bench) -> None:
    client, server = bench.pair()
    bench.need("shutdown", client.socket, "both")
    pollable = bench.call("subscribe-to-input-stream", server.rx)
    assert bench.call("poll-oneoff", [pollable]) == b"\1"
    assert bench.call("blocking-read", server.rx, 1) == Ok((b"", True))


def test_shutdown_after_the_streams_were_dropped(bench: Bench) -> None:
    end, peer = bench.connected()
    bench.call("drop-input-stream", end.rx)
    bench.call("drop-output-stream", end.tx)
    assert bench.call("shutdown", end.socket, "send") == Ok()
    assert peer.recv(1) == b""
