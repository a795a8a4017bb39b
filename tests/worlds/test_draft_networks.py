"""The draft's network argument: a capability that a socket is tied to by its first bind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support import SECONDS, Asker, asking_policy, ipv4, ipv6, loopback, port_of
from tests.worlds.support import Bench, later, refused
from wasinet.engine.domain import Domain
from wasinet.engine.faults import Fail
from wasinet.engine.network import Network
from wasinet.wit.values import Case, Err, Ok, Some


def test_handles_from_instance_network_are_the_same_network(bench: Bench) -> None:
    sock = bench.tcp("bound")
    other = bench.call("instance-network")
    assert other != bench.net
    bench.call("drop-network", bench.net)
    bench.need("listen", sock, other)


def test_a_socket_bound_with_one_network_refuses_another(bench: Bench) -> None:
    other = bench.network()
    tcp, udp = bench.tcp("bound"), bench.udp("bound")
    for outcome in (
        bench.call("tcp.connect", tcp, other, bench.server()[1]),
        bench.call("listen", tcp, other),
        bench.call("udp.connect", udp, other, loopback(9)),
    ):
        assert refused(outcome, "invalid-argument")
        assert "another network (default)" in outcome.reason
    assert (bench.state(tcp), bench.state(udp)) == ("bound", "bound")
    bench.need("listen", tcp, bench.net)
    bench.need("udp.connect", udp, bench.net, loopback(9))


def test_two_networks_with_the_same_rules_are_two(bench: Bench) -> None:
    one, other = bench.network("all"), bench.network("all")
    sock = bench.tcp()
    bench.need("tcp.bind", sock, one, loopback())
    assert refused(bench.call("listen", sock, other), "invalid-argument")
    bench.need("listen", sock, one)


def test_connected_udp_refuses_another_network(bench: Bench) -> None:
    sock = bench.udp()
    bench.need("udp.connect", sock, bench.net, loopback(9))
    assert refused(bench.call("udp.connect", sock, bench.network(), loopback(10)), "invalid-argument")
    assert bench.state(sock) == "connected"
    assert bench.need("udp.remote-address", sock) == loopback(9)


def test_a_connect_in_progress_refuses_another_network(bench: Bench) -> None:
    sock = bench.tcp("connecting")
    outcome = bench.call("tcp.connect", sock, bench.network(), bench.remote)
    assert refused(outcome, "concurrency-conflict")
    assert bench.state(sock) == "connecting"
    assert bench.host.wait(sock, SECONDS)
    bench.need("tcp.connect", sock, bench.net, bench.remote)


@pytest.mark.parametrize("make", ["bind", "connect"])
def test_a_call_that_failed_ties_to_no_network(bench: Bench, make: str) -> None:
    sock = bench.tcp()
    if make == "bind":
        assert refused(bench.call("tcp.bind", sock, bench.net, bench.taken(listening=True)[1]), "address-in-use")
    else:
        assert refused(bench.call("tcp.connect", sock, bench.net, loopback()), "invalid-argument")
    other = bench.network()
    bench.need("tcp.bind", sock, other, loopback())
    bench.need("listen", sock, other)


def test_each_network_has_its_own_policy(bench: Bench) -> None:
    _, address = bench.server()
    narrow = bench.network(f"tcp-connect:127.0.0.1:{port_of(address)}")
    nothing = bench.host.make_network("nothing", [])
    sock = bench.tcp()
    outcome = bench.call("tcp.connect", sock, nothing, address)
    assert refused(outcome, "access-denied")
    assert f"--allow tcp-connect:127.0.0.1:{port_of(address)}" in outcome.reason
    assert bench.state(sock) == "unbound"
    bench.need("tcp.connect", sock, narrow, address)
    assert refused(bench.call("tcp.bind", bench.tcp(), narrow, loopback()), "access-denied")
    assert refused(bench.call("listen", bench.tcp(), narrow), "access-denied")


@pytest.mark.parametrize("rules", [[], ["tcp-bind"], ["tcp-listen"]], ids=["neither", "bind only", "listen only"])
def test_a_listen_that_binds_needs_both_permissions(bench: Bench, rules: list[str]) -> None:
    sock = bench.tcp()
    outcome = bench.call("listen", sock, bench.host.make_network("some", rules))
    assert refused(outcome, "access-denied")
    assert bench.state(sock) == "unbound"
    # Nothing was bound on the way.
    bench.need("tcp.bind", sock, bench.net, loopback())


def test_a_listen_that_binds_is_allowed_by_the_rules_that_its_refusals_name(bench: Bench) -> None:
    rules: list[str] = []
    sock = bench.tcp()
    while isinstance(outcome := bench.call("listen", sock, bench.host.make_network("some", rules)), Err):
        rules.append(outcome.reason.partition("--allow ")[2].partition(" ")[0])
        assert len(rules) < 3
    assert rules == ["tcp-bind:0.0.0.0:0", "tcp-listen:0.0.0.0:0"]
    assert bench.state(sock) == "listener"


def test_a_denied_listen_leaves_the_socket_bound(bench: Bench) -> None:
    network = bench.network("tcp-bind")
    sock = bench.tcp()
    bench.need("tcp.bind", sock, network, loopback())
    outcome = bench.call("listen", sock, network)
    assert refused(outcome, "access-denied")
    assert bench.state(sock) == "bound"


@pytest.mark.parametrize("use", ["tcp-accept", "udp-send", "udp-receive"])
def test_policy_of_single_clients_and_datagrams(bench: Bench, use: str) -> None:
    network = bench.network("all", f"deny:{use}:127.0.0.1")
    if use == "tcp-accept":
        sock = bench.tcp()
        bench.need("tcp.bind", sock, network, loopback())
        bench.need("listen", sock, network)
        client = bench.client_of(bench.address(sock))
        assert refused(bench.call("accept", sock), "access-denied")
        assert client.recv(1) == b""
        assert bench.state(sock) == "listener"
        return
    udp = bench.udp()
    bench.need("udp.bind", udp, network, loopback())
    bench.need("udp.set-non-blocking", udp, True)
    peer, address = bench.datagrams()
    if use == "udp-send":
        assert refused(bench.call("send", udp, {"data": b"x", "remote-address": address}), "access-denied")
        assert refused(bench.call("udp.connect", udp, network, address), "access-denied")
        assert bench.state(udp) == "bound"
        return
    pollable = bench.call("udp.subscribe", udp)
    peer.sendto(b"x", ("127.0.0.1", bench.address(udp, "udp").payload["port"]))
    assert bench.ready(pollable) == [False]
    assert bench.call("receive", udp) == Err("again")


def test_name_lookup_is_asked_of_the_network(bench: Bench) -> None:
    network = bench.network("name-lookup:localhost")
    outcome = bench.call("resolve-addresses", network, "example.com", None, True)
    assert refused(outcome, "access-denied")
    assert isinstance(bench.call("resolve-addresses", network, "localhost", None, True), Ok)


# IPv4 under IPv6 names


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        (["all"], True),
        (["all", "deny:tcp-connect:127.0.0.0/8"], False),
        (["tcp-connect:[::/0]"], False),
        (["tcp-connect:[::ffff:127.0.0.1]"], True),
    ],
    ids=["all", "IPv4 denied", "only IPv6", "by its mapped name"],
)
def test_a_dual_stack_connect_is_no_way_around_a_rule(bench: Bench, rules: list[str], allowed: bool) -> None:
    sock = bench.tcp(family="ipv6")
    bench.need("tcp.set-ipv6-only", sock, False)
    target = ipv6("::ffff:127.0.0.1", port_of(bench.server()[1]))
    outcome = bench.call("tcp.connect", sock, bench.network(*rules), target)
    assert isinstance(outcome, Ok) if allowed else refused(outcome, "access-denied")


def test_a_dual_stack_listener_is_no_way_around_a_rule(bench: Bench) -> None:
    network = bench.network("all", "deny:tcp-accept:127.0.0.1")
    sock = bench.tcp(family="ipv6")
    bench.need("tcp.set-ipv6-only", sock, False)
    bench.need("tcp.bind", sock, network, ipv6("::"))
    bench.need("listen", sock, network)
    bench.client_of(ipv4("127.0.0.1", port_of(bench.address(sock))))
    outcome = bench.call("accept", sock)
    assert refused(outcome, "access-denied")
    assert "removing --deny tcp-accept:127.0.0.1" in outcome.reason


def dual_stack(bench: Bench, kind: str) -> int:
    sock = bench.tcp(family="ipv6") if kind == "tcp" else bench.udp(family="ipv6")
    bench.need(f"{kind}.set-ipv6-only", sock, False)
    return sock


# What an address is, it is behind a mapping, too. Linux takes the unspecified address of a peer for the loopback.
NO_PEERS = ["::ffff:0.0.0.0", "::"]
NO_STREAM_PEERS = [*NO_PEERS, "::ffff:224.0.0.1", "::ffff:239.255.255.255", "::ffff:255.255.255.255", "ff02::1"]


@pytest.mark.parametrize("address", NO_STREAM_PEERS)
def test_no_stream_goes_to_what_is_no_peer_behind_a_mapping(bench: Bench, address: str) -> None:
    network = bench.network("all", "deny:tcp-connect:127.0.0.0/8")
    target = ipv6(address, port_of(bench.server()[1]))
    assert refused(bench.call("tcp.connect", dual_stack(bench, "tcp"), network, target), "invalid-argument")


@pytest.mark.parametrize("address", [one for one in NO_STREAM_PEERS if one not in NO_PEERS])
def test_no_stream_socket_is_bound_to_a_group_behind_a_mapping(bench: Bench, address: str) -> None:
    outcome = bench.call("tcp.bind", dual_stack(bench, "tcp"), bench.net, ipv6(address))
    assert refused(outcome, "invalid-argument")


@pytest.mark.parametrize("address", NO_PEERS)
@pytest.mark.parametrize("how", ["send", "connect"])
def test_no_datagram_goes_to_the_unspecified_address_behind_a_mapping(bench: Bench, how: str, address: str) -> None:
    network = bench.network("all", "deny:udp-send:127.0.0.0/8")
    sock = dual_stack(bench, "udp")
    bench.need("udp.bind", sock, network, ipv6("::"))
    target = ipv6(address, port_of(bench.datagrams()[1]))
    if how == "connect":
        outcome = bench.call("udp.connect", sock, network, target)
    else:
        outcome = bench.call("send", sock, {"data": b"x", "remote-address": target})
    assert refused(outcome, "invalid-argument")


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_dual_stack_bind_of_any_address_is_one_of_ipv4_too(bench: Bench, kind: str) -> None:
    network = bench.network("all", f"deny:{kind}-bind:0.0.0.0")
    sock = dual_stack(bench, kind)
    outcome = bench.call(f"{kind}.bind", sock, network, ipv6("::"))
    assert refused(outcome, "access-denied")
    assert f"removing --deny {kind}-bind:0.0.0.0 would" in outcome.reason
    assert refused(bench.call(f"{kind}.bind", sock, network, ipv6("::ffff:0.0.0.0")), "access-denied")
    bench.need(f"{kind}.bind", sock, network, ipv6("::1"))


def test_a_dual_stack_listen_that_binds_is_one_of_ipv4_too(bench: Bench) -> None:
    outcome = bench.call("listen", dual_stack(bench, "tcp"), bench.network("all", "deny:tcp-listen:0.0.0.0"))
    assert refused(outcome, "access-denied")


def test_local_names_need_no_resolver(bench: Bench) -> None:
    for family, found in ((None, [LOOPBACK6, LOOPBACK4]), (Some("ipv4"), [LOOPBACK4]), (Some("ipv6"), [LOOPBACK6])):
        stream = bench.need(
            "resolve-addresses", bench.network("name-lookup:*.localhost"), "c2VjcmV0.localhost.", family, False
        )
        assert [bench.need("resolve-next-address", stream) for _ in found] == [Some(one) for one in found]
        assert bench.need("resolve-next-address", stream) is None


LOOPBACK4, LOOPBACK6 = Case("ipv4", (127, 0, 0, 1)), Case("ipv6", (0, 0, 0, 0, 0, 0, 0, 1))


# Decisions that take time


def asked_network(bench: Bench) -> int:
    bench.asker = Asker()
    bench.asker.hold = True
    return Network(bench.host.engine, Domain("asked", asking_policy(bench.asker))).handle


BINDS = ["bind", "listen"]


def begin(bench: Bench, call: str, sock: int, network: int) -> object:
    if call == "bind":
        return bench.call("tcp.bind", sock, network, loopback())
    return bench.call("listen", sock, network)


@pytest.mark.parametrize("state", ["unbound", "bound"])
def test_listen_waits_for_the_answers(bench: Bench, state: str) -> None:
    network = asked_network(bench)
    sock = bench.tcp()
    if state == "bound":
        bench.asker.hold = False
        bench.need("tcp.bind", sock, network, loopback())
        bench.asker.hold = True

    def yes() -> None:
        bench.asker.hold = False
        bench.asker.answer()

    with later(yes):
        bench.need("listen", sock, network)
    assert bench.state(sock) == "listener"
    assert [use for use, _ in bench.asker.asked] == ["tcp-bind", "tcp-listen"]


@pytest.mark.parametrize("call", BINDS)
def test_a_late_no_leaves_the_socket_as_it_was(bench: Bench, call: str) -> None:
    network = asked_network(bench)
    sock = bench.tcp()
    with later(bench.asker.answer, Fail("access-denied", "the operator said no")):
        outcome = begin(bench, call, sock, network)
    assert refused(outcome, "access-denied")
    assert bench.state(sock) == "unbound"
    bench.need("tcp.bind", sock, bench.net, loopback())


@pytest.mark.parametrize("call", BINDS)
def test_ctrl_c_while_the_answer_is_awaited_undoes_the_call(
    bench: Bench, call: str, interrupt: Callable[[], None]
) -> None:
    network = asked_network(bench)
    sock = bench.tcp()
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        begin(bench, call, sock, network)
    assert bench.state(sock) == "unbound"
    assert not bench.host.engine.poller.extra
    # An answer that comes after all does nothing, and the socket is tied to no network.
    bench.asker.answer()
    bench.need("tcp.bind", sock, bench.net, loopback())
    bench.need("listen", sock, bench.net)


def test_a_late_no_to_a_connect_closes(bench: Bench) -> None:
    network = asked_network(bench)
    sock = bench.tcp()
    with later(bench.asker.answer, Fail("access-denied", "the operator said no")):
        outcome = bench.call("tcp.connect", sock, network, bench.server()[1])
    assert refused(outcome, "access-denied")
    assert bench.state(sock) == "closed"
