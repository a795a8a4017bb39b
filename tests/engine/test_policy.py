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
from wasinet.engine.answers import Answers
from wasinet.engine.domain import Domain
from wasinet.engine.faults import Fail
from wasinet.engine.network import Network
from wasinet.engine.policy import ALLOW, ALLOW_ALL, ASK, CREATES, DENY, GUEST, LOOKUP, USES, Policy, PolicyError, Rule
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Case, Err, Ok, Some, Value

ADDRESS_USES = [use for use in USES if use != LOOKUP and use not in CREATES]


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
        # One form for rules and requests.
        ("name-lookup:bücher.test", "xn--bcher-kva.test", True),
        ("name-lookup:xn--bcher-kva.test", "BÜCHER.test.", True),
        ("name-lookup:ｂａｄ.test", "bad.test", True),
        ("name-lookup:bad.test", "ｂａｄ。test", True),
        ("name-lookup:ba\u00add.test", "bad.test", True),
        ("name-lookup:*.bücher.test.", "a.xn--bcher-kva.TEST", True),
        ("name-lookup:faß.test", "fass.test", False),
        ("tcp-connect:[::ffff:127.0.0.1]:9", ipv4("127.0.0.1", 9), True),
        ("tcp-connect:[::ffff:127.0.0.1]:9", ipv6("::ffff:127.0.0.1", 9), True),
        ("tcp-connect:[::ffff:7f00:1]:9", ipv4("127.0.0.1", 8), False),
        ("tcp-connect:127.0.0.1", ipv6("::ffff:127.0.0.1", 9), True),
        ("tcp-connect:[::ffff:10.0.0.0/104]", ipv4("10.255.0.1", 9), True),
        ("tcp-connect:[::ffff:10.0.0.0/104]", ipv4("11.0.0.1", 9), False),
        ("tcp-connect:[::ffff:0:0/96]", ipv4("192.0.2.1", 9), True),
        ("tcp-connect:[::ffff:0:0/95]", ipv4("192.0.2.1", 9), False),
        ("tcp-connect:[::/0]", ipv6("::ffff:10.0.0.1", 9), False),
        ("tcp-connect:[::10.0.0.1]", ipv4("10.0.0.1", 9), False),
        # A name in a rule about addresses speaks of what its lookup gave, and of local names from the start.
        ("tcp-connect:example.com", ipv4("192.0.2.1", 9), False),
        ("tcp-connect:localhost", ipv4("127.0.0.1", 9), True),
        ("tcp-connect:LOCALHOST.:9", ipv6("::1", 9), True),
        ("tcp-connect:a.localhost:9", ipv6("::ffff:127.0.0.1", 9), True),
        ("tcp-connect:localhost", ipv4("127.0.0.2", 9), False),
        ("tcp-connect:localhost:8", ipv4("127.0.0.1", 9), False),
        ("tcp-connect:localhost.test", ipv4("127.0.0.1", 9), False),
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
        "tcp-connect:10.0.0", "tcp-connect:10.0.0:443",
        "tcp-connect:10.0.0.256", "tcp-connect:010.0.0.1", "tcp-connect:0x7f.0.0.1", "tcp-connect:10.0.0.1 x",
        "tcp-connect:10.0.0.0/33", "tcp-connect:10.0.0.0/-1", "tcp-connect:10.0.0.0/", "tcp-connect:10.0.0.0/+8",
        "tcp-connect:10.0.0.0/8/8", "tcp-connect:10.0.0.0/x", "tcp-connect:10.0.0.0/1_0",
        "tcp-connect:*:65536", "tcp-connect:*:-1", "tcp-connect:*:90-80", "tcp-connect:*:443-", "tcp-connect:*:-443",
        "tcp-connect:*:+443", "tcp-connect:*:4_4", "tcp-connect:*: 443", "tcp-connect:*:４４３", "tcp-connect:*:",
        "tcp-connect:*:http", "tcp-connect::443", "tcp-connect:::1", "tcp-connect:::1:443",
        "tcp-connect:[::1", "tcp-connect:::1]", "tcp-connect:[::1:443", "tcp-connect:[10.0.0.1]", "tcp-connect:[]",
        "tcp-connect:[::1%2]", "tcp-connect:[2001:db8::/129]", "tcp-connect:[2001:db8::]/32",
        "name-lookup:a*.com", "name-lookup:*a.com", "name-lookup:www.*.com", "name-lookup:**",
        # Would match everything without saying so.
        "name-lookup:", "name-lookup:.", "name-lookup:..", "name-lookup:*.", "name-lookup:*..", "tcp-connect:",
        "udp-send: ", "tcp-connect:.", "tcp-connect:.:443", "tcp-connect:*.:443", "tcp-connect:10.0.0.1:", "all:",
        "tcp-connect:example.com:", "tcp-connect:[::1]:", "tcp-create:",
        # Could never match.
        "name-lookup:a..b", "name-lookup:x.test:80", "name-lookup:http://x.test", "name-lookup:-x.test",
        "name-lookup:exa mple", "name-lookup:.example.com", "name-lookup:10.0.0.1", "name-lookup:::1",
        "name-lookup:[::1]", "name-lookup:１０.0.0.1", "name-lookup:127.1", "name-lookup:*.1", "name-lookup:10.0.0.0/8",
        "name-lookup:" + "a" * 64, "tcp-connect:a..b:80", "tcp-connect:http://x.test", "tcp-connect:http://x.test:80",
        "tcp-connect:-x.test", "tcp-connect:exa mple:80", "tcp-connect:.example.com:443", "tcp-connect:x.test/8",
        "tcp-connect:*example.com", "tcp-connect:１２７.0.0.1", "tcp-connect:host.1",
        "tcp-create:10.0.0.1", "udp-create:*", "tcp-connect:0.0.0.0", "tcp-connect:0.0.0.0:80", "udp-send:[::]:53",
        "tcp-connect:[::ffff:0.0.0.0]:80", "tcp-accept:0.0.0.0", "udp-receive:[::]", "tcp-connect:*:0",
        "udp-send:10.0.0.1:0", "tcp-accept:*:0-0", "tcp-connect:224.0.0.1", "tcp-bind:[ff02::1]:80",
        "tcp-connect:255.255.255.255", "tcp-connect:[::ffff:224.0.0.1]:80", "tcp-listen:239.0.0.0/8",
        "udp-receive:224.0.0.251:5353", "tcp-connect:[fe80::1%lo]:80",
        "tcp-listen:127.0.0.1:0", "tcp-listen:127.0.0.0/8:0", "tcp-listen:[::1]:0-0", "tcp-listen:localhost:0",
        "tcp-listen:[::ffff:127.0.0.1]:0",
    ],
)  # fmt: skip
def test_rules_that_cannot_be_read(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Rule.parse(text)
    message = str(caught.value)
    assert message.startswith(f"{text.strip()!r}: ")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tcp-connect:", "nothing after the colon; expected tcp-connect:* for all of them, or example.com:443, "),
        ("name-lookup:", "nothing after the colon; expected name-lookup:* for all of them, or example.com or *."),
        ("name-lookup:x.test:80", "invalid name 'x.test:80'; expected *, example.com or *.example.com"),
        ("tcp-connect:https://x.test:443", "unexpected URL 'https://x.test:443'; expected example.com:443, "),
        ("tcp-connect:2001:db8::1:443", "has too many colons; IPv6 addresses stand in brackets: [2001:db8::1]:443"),
        ("tcp-connect::443", "nothing before the port '443'; expected *:443 for any address"),
        ("tcp-connect:x.test:http", "invalid port 'http'; expected 443, 8000-8100 or *"),
        ("tcp-connect:10.0.0:443", "invalid address '10.0.0'; expected *, example.com or *.example.com, 10.0.0.0/8 "),
        ("tcp-connect:10.0.0.0/33", "invalid block '10.0.0.0/33'; the length of a block of IPv4 is 0 to 32"),
        ("tcp-connect:0.0.0.0:80", "0.0.0.0 is never a peer's address; expected * for any address"),
        ("tcp-listen:127.0.0.1:0", "a listener at 127.0.0.1 never has port 0, but the one that the system chose; exp"),
        ("tcp-create:10.0.0.1", "creating a socket concerns no address; expected tcp-create alone"),
        ("tcp-connect:[ff02::1]", "[ff02::1] is no unicast address, as tcp-connect needs one"),
        ("tcp-connect:[fe80::1%lo]:80", "'[fe80::1%lo]' has a zone; a rule speaks of an address in every zone"),
    ],
)  # fmt: skip
def test_what_is_said_of_rules_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Rule.parse(text)
    assert message in str(caught.value)


def test_uses_of_groups_and_of_any_local_address_can_be_ruled() -> None:
    for text in (
        "udp-send:224.0.0.251:5353", "udp-send:255.255.255.255", "udp-bind:[ff02::fb]:5353", "tcp-bind:0.0.0.0:0",
        "tcp-listen:[::]:0", "udp-bind:[::ffff:0.0.0.0]:0", "tcp-connect:0.0.0.0/0",
        "tcp-listen:*:0", "tcp-listen:0.0.0.0/0:0", "tcp-listen:0.0.0.1/8:0", "tcp-listen:[::ffff:0.0.0.0]:0",
        "tcp-listen:127.0.0.1:0-80", "tcp-bind:127.0.0.1:0",
    ):  # fmt: skip
        Rule.parse(text)


# Hosts by name


def given(name: str, *found: Case) -> Answers:
    answers = Answers()
    answers.keep(name, found, pin=True)
    return answers


ONE, OTHER = Case("ipv4", (192, 0, 2, 1)), Case("ipv4", (192, 0, 2, 2))


@pytest.mark.parametrize(
    ("rule", "use", "target", "verdict"),
    [
        ("tcp-connect:api.test:443", "tcp-connect", ipv4("192.0.2.1", 443), ALLOW),
        ("tcp-connect:api.test:443", "tcp-connect", ipv6("::ffff:192.0.2.1", 443), ALLOW),
        ("tcp-connect:api.test:443", "tcp-connect", ipv4("192.0.2.1", 80), DENY),
        ("tcp-connect:api.test:443", "tcp-connect", ipv4("192.0.2.2", 443), DENY),
        ("tcp-connect:api.test:443", "udp-send", ipv4("192.0.2.1", 443), DENY),
        ("tcp-connect:API.test.", "tcp-connect", ipv4("192.0.2.1", 80), ALLOW),
        ("tcp-connect:*.test:443", "tcp-connect", ipv4("192.0.2.1", 443), ALLOW),
        ("tcp-connect:*.api.test:443", "tcp-connect", ipv4("192.0.2.1", 443), DENY),
        ("tcp-connect:other.test:443", "tcp-connect", ipv4("192.0.2.1", 443), DENY),
        ("udp-send:api.test:53", "udp-send", ipv4("192.0.2.1", 53), ALLOW),
        ("udp-receive:api.test:53", "udp-receive", ipv4("192.0.2.1", 53), ALLOW),
        # What a rule about addresses needs besides.
        ("tcp-connect:api.test:443", "name-lookup", "api.test", ALLOW),
        ("tcp-connect:api.test:443", "name-lookup", "API.TEST.", ALLOW),
        ("tcp-connect:api.test:443", "name-lookup", "other.test", DENY),
        ("tcp-connect:*.test:443", "name-lookup", "other.test", ALLOW),
        ("tcp-connect:api.test:443", "tcp-create", None, ALLOW),
        ("tcp-connect:api.test:443", "udp-create", None, DENY),
    ],
)
def test_rules_that_name_a_host(rule: str, use: str, target: Case | str | None, verdict: object) -> None:
    assert Policy.parse([rule]).decide(use, target, given("api.test", ONE)) is verdict


def test_a_rule_that_denies_a_host_denies_its_addresses_and_not_its_lookup() -> None:
    policy = Policy.parse(["all"], ["tcp-connect:api.test", "udp-send:localhost:53"])
    answers = given("api.test", ONE)
    assert policy.decide("tcp-connect", ipv4("192.0.2.1", 443), answers) is DENY
    assert policy.decide("tcp-connect", ipv4("192.0.2.2", 443), answers) is ALLOW
    assert policy.decide(LOOKUP, "api.test", answers) is ALLOW
    assert policy.decide("udp-send", ipv6("::1", 53)) is DENY


def test_the_first_answer_is_pinned_and_the_number_of_names_is_bounded() -> None:
    answers = given("api.test", ONE)
    assert answers.keep("api.test", [OTHER], pin=True) == [ONE]
    assert answers.pinned("api.test") == [ONE]
    assert answers.keep("free.test", [OTHER], pin=False) == [OTHER]
    assert answers.keep("free.test", [ONE], pin=False) == [ONE]
    assert answers.pinned("free.test") is None
    for number in range(4095):
        answers.keep(f"{number}.test", [Case("ipv4", (10, 0, number >> 8, number & 255))], pin=True)
    with pytest.raises(Fail) as caught:
        answers.keep("last.test", [OTHER], pin=True)
    assert caught.value.code == "temporary-resolver-failure"
    for number in range(10_000):
        answers.keep("free.test", [Case("ipv4", (11, 0, number >> 8, number & 255))], pin=False)
    for number in range(10_000):
        answers.keep(f"{number}.test", [ONE], pin=False)
    assert len(answers._given) == sum(map(len, answers._origins.values())) <= 4096
    assert answers.names((4, 0xC0000201)) == {"api.test"}


# Creation


@pytest.mark.parametrize(
    ("allow", "deny", "tcp", "udp"),
    [
        ([], [], DENY, DENY),
        (["tcp-create"], [], ALLOW, DENY),
        (["udp-receive:10.0.0.1"], [], DENY, ALLOW),
        (["name-lookup"], [], DENY, DENY),
        (["all"], [], ALLOW, ALLOW),
        (["all"], ["tcp-create"], DENY, ALLOW),
        (["tcp-connect"], ["all"], DENY, DENY),
        (["tcp-connect"], ["tcp-connect", "tcp-bind"], ALLOW, DENY),
    ],
)
def test_any_use_of_sockets_implies_their_creation(allow: list[str], deny: list[str], tcp: object, udp: object) -> None:
    policy = Policy.parse(allow, deny)
    assert (policy.decide("tcp-create", None), policy.decide("udp-create", None)) == (tcp, udp)


def test_nobody_is_asked_about_creation() -> None:
    assert Policy(asker=Asker()).decide("tcp-create", None) is ALLOW
    assert asking_policy(Asker(), "tcp-create").decide("tcp-create", None) is DENY
    assert GUEST.decide("tcp-create", None) is ALLOW
    assert GUEST.decide("udp-create", None) is ALLOW


@pytest.mark.parametrize("kind", ["tcp", "udp"])
@pytest.mark.parametrize("world", ["0.2", "draft"])
def test_denied_creation_does_not_reach_the_system(make_host: Callable[..., NativeHost], kind: str, world: str) -> None:
    told: list[tuple[str, str, str]] = []
    faulty = FaultyOs()
    policy = Policy([Rule.parse("all")], [Rule.parse("all")], told=lambda *said: told.append(said))
    host = make_host(policy, faulty, world=world)
    outcome = host.call(f"create-{kind}-socket", "ipv4")
    assert outcome == Err("access-denied" if world == "0.2" else "unknown")
    assert "the policy does not allow it; removing --deny all would" in outcome.reason
    assert told == [(f"{kind}-create", "", "removing --deny all")]
    assert faulty.calls == []


@pytest.mark.parametrize("rule", ["tcp-create", "deny:udp-create"])
def test_networks_have_no_rules_about_creation(host: NativeHost, rule: str) -> None:
    with pytest.raises(PolicyError, match=f"'{rule[-10:]}': sockets are created without a network"):
        host.make_network("fenced", ["all", rule])


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


@pytest.mark.parametrize("use", ADDRESS_USES)
@pytest.mark.parametrize("port", [0, 80])
@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("2001:db8::1", False),
     ("0.0.0.0", None), ("::", None), ("128.0.0.1", False), ("::ffff:127.0.0.1", True),
     ("::ffff:0.0.0.0", None), ("::ffff:10.0.0.1", False), ("::ffff:127.255.255.255", True)],
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


@pytest.mark.parametrize("use", ADDRESS_USES)
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
    host = make_host(Policy.parse(["tcp-create", "udp-create"]), faulty)
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
    host = make_host(Policy([Rule.parse("tcp-create")], told=lambda *said: told.append(said)))
    sock = need(host.call("create-tcp-socket", "ipv4"))
    outcome = host.call("tcp-socket.start-bind", sock, host.call("instance-network"), loopback(80))
    assert outcome == Err("access-denied")
    assert told == [("tcp-bind", "127.0.0.1:80", "--allow tcp-bind:127.0.0.1:80")]
