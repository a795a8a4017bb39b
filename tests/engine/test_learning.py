"""What a run needed: the rules are enough, and each of them is needed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import accept, address_of, bound, connect, ipv4, ipv6, listening, loopback, need, wait_ready
from wasinet.engine.answers import Answers
from wasinet.engine.learning import Learner
from wasinet.engine.names import LOCAL
from wasinet.engine.policy import CREATES, USES, Policy
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Case, Err, Some


def learner(*own: str) -> Learner:
    return Learner(lambda: own)


def rules(of: Learner) -> list[str]:
    return [one.rule for one in of.learned()]


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ([], []),
        ([("name-lookup", "example.com")], ["name-lookup:example.com"]),
        ([("tcp-connect", ipv4("10.0.0.1", 443))] * 2, ["tcp-connect:10.0.0.1:443"]),
        ([("tcp-connect", ipv6("2001:db8::1", 443, scope=3))], ["tcp-connect:[2001:db8::1]:443"]),
        ([("tcp-bind", loopback(0))], ["tcp-bind:127.0.0.1:0"]),
        (
            [("tcp-bind", loopback(0)), ("tcp-listen", loopback(40000))],
            ["tcp-bind:127.0.0.1:0", "tcp-listen:127.0.0.1:*"],
        ),
        (
            [("tcp-bind", loopback(8080)), ("tcp-listen", loopback(8080))],
            ["tcp-bind:127.0.0.1:8080", "tcp-listen:127.0.0.1:8080"],
        ),
        ([("tcp-listen", ipv4("0.0.0.0", 0))], ["tcp-listen:0.0.0.0:0"]),
        ([("tcp-accept", ipv4("10.0.0.9", 51234))], ["tcp-accept:10.0.0.9:*"]),
        # An answer comes from where the question went.
        (
            [("udp-send", ipv4("10.0.0.53", 53)), ("udp-receive", ipv4("10.0.0.53", 53))],
            ["udp-send:10.0.0.53:53", "udp-receive:10.0.0.53:53"],
        ),
        # A reply goes where a peer's system chose the port.
        (
            [("udp-receive", ipv4("10.0.0.9", 51234)), ("udp-send", ipv4("10.0.0.9", 51234))],
            ["udp-send:10.0.0.9:*", "udp-receive:10.0.0.9:*"],
        ),
        # The rule for all ports speaks of this one, too.
        (
            [("udp-send", loopback(7)), ("udp-receive", loopback(51234)), ("udp-send", loopback(51234))],
            ["udp-send:127.0.0.1:*", "udp-receive:127.0.0.1:*"],
        ),
    ],
)
def test_rules(uses: list[tuple[str, Case | str]], expected: list[str]) -> None:
    policy = learner()
    for use, target in uses:
        policy.decide(use, target)
    assert rules(policy) == expected
    assert sum(one.count for one in policy.learned()) == len(uses)


def test_a_port_of_the_session_itself_is_another_one_next_time() -> None:
    policy = learner("127.0.0.1:40000")
    policy.decide("tcp-connect", loopback(40000))
    policy.decide("tcp-connect", loopback(40001))
    assert rules(policy) == ["tcp-connect:127.0.0.1:*"]


def test_a_port_that_the_session_chose_stays() -> None:
    policy = learner("127.0.0.1:8080")
    policy.decide("tcp-bind", loopback(8080))
    policy.decide("tcp-connect", loopback(8080))
    assert rules(policy) == ["tcp-bind:127.0.0.1:8080", "tcp-connect:127.0.0.1:8080"]


# Sessions


def lookup(host: NativeHost, peer: int) -> None:
    stream = host.call("resolve-addresses", host.call("instance-network"), "localhost")
    need(stream)


def tcp_pair(host: NativeHost, peer: int) -> None:
    listener = listening(host)
    connect(host, address_of(host, listener))
    accept(host, listener)


def tcp_out(host: NativeHost, peer: int) -> None:
    connect(host, loopback(peer))


def udp_echo(host: NativeHost, peer: int) -> None:
    one, other = bound(host, "udp"), bound(host, "udp")
    (rx, tx), (back_rx, back_tx) = (need(host.call("udp-socket.stream", sock, None)) for sock in (one, other))
    send(host, tx, address_of(host, other, "udp"))
    (datagram,) = received(host, back_rx)
    send(host, back_tx, datagram["remote-address"])
    received(host, rx)


def udp_connected(host: NativeHost, peer: int) -> None:
    sock = bound(host, "udp")
    need(host.call("udp-socket.stream", sock, Some(loopback(9))))


def send(host: NativeHost, tx: int, to: Case) -> None:
    need(host.call("outgoing-datagram-stream.check-send", tx))
    outcome = host.call("outgoing-datagram-stream.send", tx, [{"data": b"x", "remote-address": Some(to)}])
    if outcome == Err("access-denied"):
        raise Denied
    assert need(outcome) == 1


def received(host: NativeHost, rx: int) -> list[dict[str, Any]]:
    while not (found := need(host.call("incoming-datagram-stream.receive", rx, 10))):
        wait_ready(host, rx, "incoming-datagram-stream")
    assert isinstance(found, list)
    return found


class Denied(Exception):
    pass


_SESSIONS = (lookup, tcp_pair, tcp_out, udp_connected)


@given(st.lists(st.sampled_from(_SESSIONS), min_size=1, max_size=4))
def test_what_was_learnt_is_enough_and_nothing_of_it_is_too_much(
    make_host: Callable[..., NativeHost], sessions: list[Callable[[NativeHost, int], None]]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = server.getsockname()[1]

        def played(policy: Policy) -> int:
            """How many uses were denied."""
            denied: list[str] = []
            policy._told = lambda *said: denied.append(said[0])
            host = make_host(policy)
            try:
                for session in sessions:
                    try:
                        session(host, peer)
                    except AssertionError:
                        # What a denied use was needed for does not come about.
                        assert denied
            finally:
                host.close()
            return len(denied)

        policy = Learner(lambda: (info.local for info in host.handles()))
        host = make_host(policy)
        for session in sessions:
            session(host, peer)
        host.close()
        found = rules(policy)
        assert played(Policy.parse(found)) == 0
        for index in range(len(found)):
            assert played(Policy.parse(found[:index] + found[index + 1 :])) > 0, found[index]


def test_datagrams_between_two_sockets_of_a_session(make_host: Callable[..., NativeHost]) -> None:
    policy = Learner(lambda: (info.local for info in host.handles()))
    host = make_host(policy)
    udp_echo(host, 0)
    found = rules(policy)
    assert found == ["udp-bind:127.0.0.1:0", "udp-send:127.0.0.1:*", "udp-receive:127.0.0.1:*"]
    udp_echo(make_host(Policy.parse(found)), 0)
    for without in ("udp-bind", "udp-send"):
        with pytest.raises((Denied, AssertionError)):
            udp_echo(make_host(Policy.parse(rule for rule in found if not rule.startswith(without))), 0)


def test_every_use_has_an_order() -> None:
    policy = learner()
    for use in reversed(USES):
        policy.decide(use, None if use in CREATES else "name" if use == "name-lookup" else loopback(1))
    assert [rule.partition(":")[0] for rule in rules(policy)] == [use for use in USES if use not in CREATES]


@pytest.mark.parametrize("use", sorted(CREATES))
def test_creation_is_learnt_where_nothing_else_implies_it(use: str) -> None:
    policy = learner()
    policy.decide(use, None)
    policy.decide("name-lookup", "example.com")
    assert rules(policy) == [use, "name-lookup:example.com"]
    policy.decide(f"{use[:3]}-bind", loopback())
    assert rules(policy) == [f"{use[:3]}-bind:127.0.0.1:0", "name-lookup:example.com"]


def test_addresses_are_learnt_by_the_name_that_they_came_from() -> None:
    policy, answers = learner(), Answers()

    def looked_up(name: str, *found: Case) -> None:
        policy.decide("name-lookup", name)
        answers.keep(name, found, pin=False)

    one, shared = Case("ipv4", (192, 0, 2, 1)), Case("ipv4", (192, 0, 2, 9))
    policy.decide("tcp-connect", ipv4("192.0.2.1", 443), answers)
    looked_up("api.test", one, shared)
    looked_up("unused.test", shared)
    policy.decide("tcp-connect", ipv6("::ffff:192.0.2.1", 443), answers)
    policy.decide("udp-send", ipv4("192.0.2.1", 53), answers)
    policy.decide("udp-receive", ipv4("192.0.2.1", 53), answers)
    policy.decide("udp-receive", ipv4("192.0.2.7", 53), answers)
    assert rules(policy) == [
        "tcp-connect:192.0.2.1:443",
        "tcp-connect:api.test:443",
        "udp-send:api.test:53",
        "udp-receive:192.0.2.7:*",
        "udp-receive:api.test:53",
        "name-lookup:unused.test",
    ]
    assert [rule.text for rule in Policy.parse(rules(policy)).allow] == rules(policy)


def test_a_local_name_is_learnt_as_the_addresses_that_it_always_has() -> None:
    policy, answers = learner(), Answers()
    policy.decide("tcp-connect", loopback(80), answers)
    policy.decide("tcp-connect", loopback(81), answers)
    policy.decide("name-lookup", "localhost")
    answers.keep("localhost", LOCAL, pin=False)
    policy.decide("tcp-connect", loopback(80, "ipv6"), answers)
    assert rules(policy) == [
        "tcp-connect:127.0.0.1:80",
        "tcp-connect:127.0.0.1:81",
        "tcp-connect:[::1]:80",
        "name-lookup:localhost",
    ]


@pytest.mark.parametrize("moved", [None, "a.test", "b.test"])
def test_hosts_that_were_learnt_may_have_other_addresses_next_time(
    make_host: Callable[..., NativeHost], moved: str | None
) -> None:
    """Also where they shared one: which of the two was meant by it nobody knows."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as server:
        port = server.getsockname()[1]

    def session(policy: Policy, moved: str | None) -> None:
        host = make_host(policy, resolver=lambda name: [(4, "127.0.0.8" if name == moved else "127.0.0.7")])
        found = []
        for name in ("a.test", "b.test"):
            stream = need(host.call("resolve-addresses", host.call("instance-network"), name))
            wait_ready(host, stream, "resolve-address-stream")
            found.append(need(host.call("resolve-address-stream.resolve-next-address", stream)).value.payload)
        for address in found:
            with socket.create_server((".".join(map(str, address)), port), reuse_port=True):
                connect(host, Case("ipv4", {"port": port, "address": address}))

    policy = learner()
    session(policy, None)
    assert rules(policy) == [f"tcp-connect:a.test:{port}", f"tcp-connect:b.test:{port}"]
    session(Policy.parse(rules(policy)), moved)


def test_a_host_that_was_learnt_may_have_another_address_next_time(make_host: Callable[..., NativeHost]) -> None:
    def session(policy: Policy, address: str) -> None:
        host = make_host(policy, resolver=lambda name: [(4, address)])
        stream = need(host.call("resolve-addresses", host.call("instance-network"), "API.test."))
        wait_ready(host, stream, "resolve-address-stream")
        found = need(host.call("resolve-address-stream.resolve-next-address", stream)).value
        with socket.create_server((address, port), reuse_port=True):
            connect(host, Case("ipv4", {"port": port, "address": found.payload}))

    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as server:
        port = server.getsockname()[1]
    policy = learner()
    session(policy, "127.0.0.7")
    assert rules(policy) == [f"tcp-connect:api.test:{port}"]
    session(Policy.parse(rules(policy)), "127.0.0.8")
