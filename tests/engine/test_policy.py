"""Policies: reading rules, what they match, and where they are asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from tests.support import (
    SECONDS,
    Asker,
    FaultyOs,
    accept,
    address_of,
    asking_policy,
    bound,
    connect,
    ipv4,
    ipv6,
    listening,
    loopback,
    need,
    port_of,
    wait_ready,
)
from wasinet.engine.faults import Fail
from wasinet.engine.network import Domain, Network
from wasinet.engine.policy import ALLOW, ALLOW_ALL, ASK, DENY, GUEST, USES, Policy, PolicyError, Rule
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Case, Err, Ok, Some, Value

SOCKET_USES = [use for use in USES if use != "name-lookup"]


@pytest.mark.parametrize(
    ("text", "target", "matches"),
    [
        ("all", ipv4("10.0.0.1", 1), True),
        ("tcp-connect", ipv4("10.0.0.1", 1), True),
        ("tcp-connect:*", ipv6("::1", 1), True),
        ("tcp-connect:*:443", ipv6("::1", 443), True),
        ("tcp-connect:*:443", ipv6("::1", 442), False),
        ("tcp-connect:*:8000-8100", ipv4("10.0.0.1", 8000), True),
        ("tcp-connect:*:8000-8100", ipv4("10.0.0.1", 8100), True),
        ("tcp-connect:*:8000-8100", ipv4("10.0.0.1", 8101), False),
        ("tcp-connect:*:0-65535", ipv4("10.0.0.1", 65535), True),
        ("tcp-connect:10.0.0.0/8", ipv4("10.255.0.1", 5), True),
        ("tcp-connect:10.0.0.0/8", ipv4("11.0.0.1", 5), False),
        ("tcp-connect:10.1.2.3/8:443", ipv4("10.9.9.9", 443), True),
        ("tcp-connect:10.0.0.1", ipv4("10.0.0.1", 5), True),
        ("tcp-connect:10.0.0.1", ipv4("10.0.0.2", 5), False),
        ("tcp-connect:10.0.0.1:*", ipv4("10.0.0.1", 5), True),
        ("tcp-connect:0.0.0.0/0", ipv4("10.0.0.1", 5), True),
        ("tcp-connect:0.0.0.0/0", ipv6("::1", 5), False),
        ("tcp-connect:[::]/0", None, False),
        ("tcp-connect:[::/0]", ipv6("2001:db8::1", 5), True),
        ("tcp-connect:[::/0]", ipv4("10.0.0.1", 5), False),
        ("tcp-connect:[2001:db8::/32]:443", ipv6("2001:db8:5::1", 443), True),
        ("tcp-connect:[2001:db8::/32]:443", ipv6("2001:db9::1", 443), False),
        ("tcp-connect:[::1]", ipv6("::1", 5), True),
        ("tcp-connect:[fe80::1]", ipv6("fe80::1", 5, scope=2), True),
        ("tcp-bind:10.0.0.1", ipv4("10.0.0.1", 5), False),
        ("  tcp-connect:10.0.0.1  ", ipv4("10.0.0.1", 5), True),
        ("name-lookup", "example.com", True),
        ("name-lookup:*", "example.com", True),
        ("name-lookup:example.com", "EXAMPLE.com.", True),
        ("name-lookup:Example.com.", "example.com", True),
        ("name-lookup:example.com", "www.example.com", False),
        ("name-lookup:*.example.com", "www.example.com", True),
        ("name-lookup:*.example.com", "a.b.example.com", True),
        ("name-lookup:*.example.com", "example.com", False),
        ("name-lookup:*.example.com", "badexample.com", False),
        ("all", "example.com", True),
    ],
)
def test_what_a_rule_matches(text: str, target: Case | str | None, matches: bool) -> None:
    if target is None:
        with pytest.raises(PolicyError):
            Rule.parse(text)
        return
    use = "name-lookup" if isinstance(target, str) else "tcp-connect"
    assert Rule.parse(text).matches(use, target) is matches


@pytest.mark.parametrize(
    "text",
    [
        "", "everything", "tcp", "tcp-connct:10.0.0.1", "all:10.0.0.1", "ALL", ":443",
        "tcp-connect:host", "tcp-connect:host:443", "tcp-connect:10.0.0", "tcp-connect:10.0.0:443",
        "tcp-connect:10.0.0.256", "tcp-connect:010.0.0.1", "tcp-connect:0x7f.0.0.1", "tcp-connect:10.0.0.1 x",
        "tcp-connect:10.0.0.0/33", "tcp-connect:10.0.0.0/-1", "tcp-connect:10.0.0.0/", "tcp-connect:10.0.0.0/+8",
        "tcp-connect:10.0.0.0/8/8", "tcp-connect:10.0.0.0/x", "tcp-connect:10.0.0.0/1_0",
        "tcp-connect:*:65536", "tcp-connect:*:-1", "tcp-connect:*:90-80", "tcp-connect:*:443-", "tcp-connect:*:-443",
        "tcp-connect:*:+443", "tcp-connect:*:4_4", "tcp-connect:*: 443", "tcp-connect:*:４４３", "tcp-connect:*:",
        "tcp-connect:*:http", "tcp-connect::443", "tcp-connect:::1", "tcp-connect:::1:443",
        "tcp-connect:[::1", "tcp-connect:::1]", "tcp-connect:[::1:443", "tcp-connect:[10.0.0.1]", "tcp-connect:[]",
        "tcp-connect:[::1%2]", "tcp-connect:[2001:db8::/129]", "tcp-connect:[2001:db8::]/32",
        "name-lookup:a*.com", "name-lookup:*a.com", "name-lookup:www.*.com", "name-lookup:**",
    ],
)  # fmt: skip
def test_rules_that_cannot_be_read(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Rule.parse(text)
    assert repr(text.strip()) in str(caught.value)


def test_deny_wins_whatever_the_order() -> None:
    policy = Policy.parse(["all", "tcp-connect:10.0.0.1"], ["tcp-connect:10.0.0.0/8"])
    assert policy.decide("tcp-connect", ipv4("10.0.0.1", 5)) is DENY
    assert policy.decide("tcp-connect", ipv4("11.0.0.1", 5)) is ALLOW
    assert not policy.open


def test_what_no_rule_speaks_of() -> None:
    target = ipv4("10.0.0.1", 5)
    assert Policy().decide("tcp-connect", target) is DENY
    assert Policy(asker=Asker()).decide("tcp-connect", target) is ASK
    assert asking_policy(Asker(), "tcp-connect").decide("tcp-connect", target) is DENY
    assert ALLOW_ALL.decide("tcp-connect", target) is ALLOW


@pytest.mark.parametrize("use", SOCKET_USES)
@pytest.mark.parametrize("port", [0, 80])
@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("2001:db8::1", False),
     ("0.0.0.0", None), ("::", None), ("128.0.0.1", False), ("::ffff:127.0.0.1", False)],
)  # fmt: skip
def test_guests_stay_on_loopback(use: str, port: int, address: str, local: bool | None) -> None:
    target = ipv6(address, port) if ":" in address else ipv4(address, port)
    allowed = (use in ("tcp-bind", "udp-bind") and port == 0) if local is None else local
    assert GUEST.decide(use, target) is (ALLOW if allowed else DENY)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("localhost", True), ("LOCALHOST.", True), ("a.localhost", True), ("localhost.com", False), ("a.test", False)],
)
def test_names_of_guests(name: str, allowed: bool) -> None:
    assert GUEST.decide("name-lookup", name) is (ALLOW if allowed else DENY)


@pytest.mark.parametrize("use", SOCKET_USES)
@pytest.mark.parametrize(
    "target", [ipv4("10.0.0.1", 443), ipv6("2001:db8::1", 443), ipv6("fe80::1", 443, scope=2)], ids=["4", "6", "scope"]
)
def test_the_hint_is_a_rule_that_would_allow_it(use: str, target: Case) -> None:
    hint = Policy().hint(use, target)
    assert hint.startswith("--allow ")
    assert Policy.parse([hint.removeprefix("--allow ")]).decide(use, target) is ALLOW


def test_the_hint_names_the_rule_in_the_way() -> None:
    policy = Policy.parse(["all"], ["tcp-connect:10.0.0.0/8", "udp-send"])
    assert policy.hint("tcp-connect", ipv4("10.0.0.1", 5)) == "removing --deny tcp-connect:10.0.0.0/8"
    assert policy.hint("tcp-bind", ipv4("10.0.0.1", 5)) == "--allow tcp-bind:10.0.0.1:5"


# Where it is asked


def test_denied_calls_do_not_reach_the_system(make_host: Callable[..., NativeHost]) -> None:
    faulty = FaultyOs()
    host = make_host(Policy(), faulty)
    net = host.call("instance-network")
    for kind, calls in {
        "tcp": [("start-bind", (net, loopback())), ("start-connect", (net, loopback(9)))],
        "udp": [("start-bind", (net, loopback()))],
    }.items():
        for member, args in calls:
            sock = need(host.call(f"create-{kind}-socket", "ipv4"))
            faulty.calls.clear()
            outcome = host.call(f"{kind}-socket.{member}", sock, *args)
            assert outcome == Err("access-denied")
            assert f"--allow {kind}-{member.removeprefix('start-')}:127.0.0.1" in outcome.reason
            assert faulty.calls == []
            assert host.state(sock) == ("closed" if member == "start-connect" else "unbound")


def test_listening_is_asked_with_the_address_that_was_bound(make_host: Callable[..., NativeHost]) -> None:
    asker = Asker()
    host = make_host(asking_policy(asker))
    sock = listening(host)
    assert asker.asked == [("tcp-bind", loopback()), ("tcp-listen", address_of(host, sock))]


def test_accepting_is_asked_with_the_address_of_the_peer(make_host: Callable[..., NativeHost]) -> None:
    host = make_host(Policy.parse(["all"], ["tcp-accept:127.0.0.2"]))
    listener = listening(host)
    port = address_of(host, listener).payload["port"]
    with socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)) as refused:
        wait_ready(host, listener, "tcp-socket")
        outcome = host.call("tcp-socket.accept", listener)
        assert outcome == Err("access-denied")
        assert "removing --deny tcp-accept:127.0.0.2" in outcome.reason
        assert host.state(listener) == "listening"
        refused.settimeout(60)
        try:
            assert refused.recv(1) == b""
        except ConnectionResetError:
            pass
    with socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.3", 0)):
        accept(host, listener)


@pytest.mark.parametrize("how", ["stream", "send"])
def test_sending_is_asked_with_the_address_of_the_peer(make_host: Callable[..., NativeHost], how: str) -> None:
    host = make_host(Policy.parse(["udp-bind", "udp-send:127.0.0.1"]))
    sock = bound(host, "udp")

    def attempt(remote: Case) -> Value:
        if how == "stream":
            return host.call("udp-socket.stream", sock, Some(remote))
        if host.state(sock) == "bound" and not made:
            made.extend(need(host.call("udp-socket.stream", sock, None)))
        need(host.call("outgoing-datagram-stream.check-send", made[1]))
        datagrams = [{"data": b"x", "remote-address": Some(remote)}]
        return host.call("outgoing-datagram-stream.send", made[1], datagrams)

    made: list[int] = []
    assert attempt(ipv4("127.0.0.2", 9)) == Err("access-denied")
    assert host.state(sock) == "bound"
    assert isinstance(attempt(loopback(9)), Ok)


@pytest.mark.parametrize("fail", [None, Fail("access-denied", "they said no")], ids=["yes", "no"])
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_an_answer_that_comes_later(make_host: Callable[..., NativeHost], kind: str, fail: Fail | None) -> None:
    asker = Asker()
    asker.hold = True
    host = make_host(asking_policy(asker))
    sock = need(host.call(f"create-{kind}-socket", "ipv4"))
    need(host.call(f"{kind}-socket.start-bind", sock, host.call("instance-network"), loopback()))
    for _ in range(2):
        assert host.call(f"{kind}-socket.finish-bind", sock) == Err("would-block")
    asker.answer(fail)
    outcome = host.call(f"{kind}-socket.finish-bind", sock)
    assert outcome == (Ok() if fail is None else Err("access-denied"))
    assert host.state(sock) == ("bound" if fail is None else "unbound")


# Networks


def test_all_handles_of_the_instance_network_are_one_network(host: NativeHost) -> None:
    sock = bound(host)
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect(host, loopback(server.getsockname()[1]), sock)


def test_each_network_has_its_own_policy(host: NativeHost) -> None:
    closed = Network(host.engine, Domain("closed", Policy())).handle
    assert host.state(closed) == "closed"
    sock = need(host.call("create-tcp-socket", "ipv4"))
    assert host.call("tcp-socket.start-bind", sock, closed, loopback()) == Err("access-denied")
    need(host.call("tcp-socket.start-bind", sock, host.call("instance-network"), loopback()))


def test_a_bound_socket_connects_from_its_own_network_only(host: NativeHost) -> None:
    other = Network(host.engine, Domain("other", ALLOW_ALL)).handle
    sock = bound(host)
    outcome = host.call("tcp-socket.start-connect", sock, other, loopback(9))
    assert outcome == Err("invalid-argument")
    assert "another network (default)" in outcome.reason
    assert host.state(sock) == "closed"


def test_a_bind_that_failed_ties_to_no_network(host: NativeHost) -> None:
    other = Network(host.engine, Domain("other", ALLOW_ALL)).handle
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = loopback(server.getsockname()[1])
        sock = need(host.call("create-tcp-socket", "ipv4"))
        need(host.call("tcp-socket.start-bind", sock, host.call("instance-network"), taken))
        assert host.call("tcp-socket.finish-bind", sock) == Err("address-in-use")
        need(host.call("tcp-socket.start-connect", sock, other, taken))


# Asking where a call has no second half


@pytest.fixture
def asked(make_host: Callable[..., NativeHost]) -> tuple[NativeHost, Asker]:
    """A host that asks about everything but binding and listening."""
    asker = Asker()
    allow = [f"{use}:*" for use in ("tcp-bind", "tcp-listen", "udp-bind", "tcp-connect")]
    return make_host(Policy(map(Rule.parse, allow), (), asker)), asker


def answered(asker: Asker, fail: Fail | None) -> None:
    """Have the question that is held answered from another thread, as soon as it has been asked."""
    asker.hold = True
    before = len(asker.asked)

    def run() -> None:
        while len(asker.asked) == before:
            pass
        asker.answer(fail)

    threading.Thread(target=run, daemon=True).start()


@pytest.mark.parametrize("allowed", [True, False])
def test_accept_waits_for_the_answer(asked: tuple[NativeHost, Asker], allowed: bool) -> None:
    host, asker = asked
    listener = listening(host)
    port = port_of(address_of(host, listener))
    with socket.create_connection(("127.0.0.1", port)) as peer:
        wait_ready(host, listener, "tcp-socket")
        answered(asker, None if allowed else Fail("access-denied", "no"))
        outcome = host.call("tcp-socket.accept", listener)
        assert asker.asked[-1][0] == "tcp-accept"
        if allowed:
            assert isinstance(outcome, Ok)
        else:
            assert outcome == Err("access-denied")
            peer.settimeout(SECONDS)
            assert peer.recv(1) == b""


@pytest.mark.parametrize("allowed", [True, False])
def test_send_waits_for_the_answer(asked: tuple[NativeHost, Asker], allowed: bool) -> None:
    host, asker = asked
    sock = bound(host, "udp")
    _, tx = need(host.call("udp-socket.stream", sock, None))
    need(host.call("outgoing-datagram-stream.check-send", tx))
    answered(asker, None if allowed else Fail("access-denied", "no"))
    datagram = {"data": b"x", "remote-address": Some(loopback(9))}
    outcome = host.call("outgoing-datagram-stream.send", tx, [datagram])
    assert outcome == (Ok(1) if allowed else Err("access-denied"))
    assert asker.asked[-1][0] == "udp-send"


@pytest.mark.parametrize("allowed", [True, False])
def test_receive_waits_for_the_answer_and_poll_does_not(asked: tuple[NativeHost, Asker], allowed: bool) -> None:
    host, asker = asked
    sock = bound(host, "udp")
    rx, _ = need(host.call("udp-socket.stream", sock, None))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.sendto(b"x", ("127.0.0.1", port_of(address_of(host, sock, "udp"))))
        wait_ready(host, rx, "incoming-datagram-stream")
        assert asker.asked == []
        answered(asker, None if allowed else Fail("access-denied", "no"))
        found = need(host.call("incoming-datagram-stream.receive", rx, 10))
    assert [datagram["data"] for datagram in found] == ([b"x"] if allowed else [])
    assert asker.asked[-1][0] == "udp-receive"


def test_denials_are_told_with_what_would_allow_them(make_host: Callable[..., NativeHost]) -> None:
    told: list[tuple[str, str, str]] = []
    host = make_host(Policy((), (), told=lambda *said: told.append(said)))
    sock = need(host.call("create-tcp-socket", "ipv4"))
    outcome = host.call("tcp-socket.start-bind", sock, host.call("instance-network"), loopback(80))
    assert outcome == Err("access-denied")
    assert told == [("tcp-bind", "127.0.0.1:80", "--allow tcp-bind:127.0.0.1:80")]
