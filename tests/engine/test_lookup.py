"""Name lookup: literals, names, the resolver's answers, the policy, and ends before the answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import SECONDS, Asker, FaultyOs, asking_policy, bound, code, ipv4, need, wait_ready
from wasinet.engine import lookup
from wasinet.engine.faults import Fail
from wasinet.engine.names import host_name, literal
from wasinet.engine.policy import ALLOW_ALL, GUEST, Policy
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import Found, LookupFailed, Os
from wasinet.wit.values import Case, Err, Ok, Some, Value

NEXT = "resolve-address-stream.resolve-next-address"


def four(*octets: int) -> Case:
    return Case("ipv4", octets)


def six(*words: int) -> Case:
    return Case("ipv6", words)


def begin(host: NativeHost, name: str) -> Value:
    return host.call("resolve-addresses", host.call("instance-network"), name)


def resolve(host: NativeHost, name: str) -> list[Case]:
    """All addresses of a name, waited for."""
    stream = need(begin(host, name))
    wait_ready(host, stream, "resolve-address-stream")
    found = []
    while (answer := need(host.call(NEXT, stream))) is not None:
        found.append(answer.value)
    assert host.call(NEXT, stream) == Ok(None)
    return found


def nobody(name: str) -> list[Found]:
    raise AssertionError(f"{name} was looked up")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("127.0.0.1", four(127, 0, 0, 1)),
        ("255.255.255.255", four(255, 255, 255, 255)),
        ("0.0.0.0", four(0, 0, 0, 0)),
        ("::", six(0, 0, 0, 0, 0, 0, 0, 0)),
        ("::1", six(0, 0, 0, 0, 0, 0, 0, 1)),
        ("2001:DB8::8:800:200C:417A", six(0x2001, 0xDB8, 0, 0, 8, 0x800, 0x200C, 0x417A)),
        ("64:ff9b::192.0.2.33", six(0x64, 0xFF9B, 0, 0, 0, 0, 0xC000, 0x221)),
        ("::127.0.0.1", six(0, 0, 0, 0, 0, 0, 0x7F00, 1)),
    ],
)
def test_an_address_is_its_own_answer(make_host: Callable[..., NativeHost], name: str, address: Case) -> None:
    assert resolve(make_host(Policy(), resolver=nobody), name) == [address]


@pytest.mark.parametrize(
    "name",
    [
        # Old forms of IPv4, and numbers that look like one.
        "127.1", "127.0.1", "0x7f.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "127.0.0.01", "256.0.0.1", "1.2.3.4.5",
        "1.2.3.4.", "0x7f000001", "host.1", "name.0x1f", "0", "１２７.０.０.１", "１２７.0.0.1", "127。1", "²³",
        "9" * 5000, "9" * 5000 + ".0.0.1",
        # IPv4-mapped, scoped and broken IPv6.
        "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:127.0.0.1", "fe80::1%2", "[::1]", ":::", "1:2", ":", "::g",
        # No names.
        "", ".", "..", "a..b", ".a", "a b", "a/b", "-a", "a-", "a.-b.c", "a\0b", "a\nb", "a\n", "*", "a" * 64,
        ".".join(["a" * 60] * 5), "ü" * 64, "\u200b", "a\u2260.", "xn--\x00", "\ud800", "host:80", "http://host",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_neither_address_nor_name(make_host: Callable[..., NativeHost], name: str) -> None:
    host = make_host(resolver=nobody)
    outcome = begin(host, name)
    assert outcome == Err("invalid-argument")
    assert outcome.reason
    assert [info.type for info in host.handles()] == ["network"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Example.COM", "Example.COM"),
        ("example.com.", "example.com."),
        ("_sip._tcp.example.com", "_sip._tcp.example.com"),
        ("1e100.net", "1e100.net"),
        ("3com.com", "3com.com"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("MÜNCHEN.de", "xn--mnchen-3ya.de"),
        ("faß.de", "xn--fa-hia.de"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("a" * 63 + ".test", "a" * 63 + ".test"),
    ],
)
def test_names_are_looked_up_in_ascii(make_host: Callable[..., NativeHost], name: str, asked: str) -> None:
    names = []

    def resolver(host: str) -> list[Found]:
        names.append(host)
        return [(4, "192.0.2.1")]

    assert resolve(make_host(resolver=resolver), name) == [four(192, 0, 2, 1)]
    assert names == [asked]


@given(st.text(max_size=30))
def test_any_text_is_an_address_a_name_or_refused(name: str) -> None:
    try:
        asked = name if literal(name) is not None else host_name(name)
    except Fail as fail:
        refused = fail.code
    else:
        assert asked.isascii()
        # What the resolver is asked for is a name for everybody.
        assert (literal(asked) is None) == (literal(name) is None)
        return
    assert refused == "invalid-argument"


# Answers


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([(6, "::1"), (4, "127.0.0.1")], [six(0, 0, 0, 0, 0, 0, 0, 1), four(127, 0, 0, 1)]),
        ([(4, "192.0.2.2"), (4, "192.0.2.1"), (4, "192.0.2.2")], [four(192, 0, 2, 2), four(192, 0, 2, 1)]),
        ([(6, "::ffff:192.0.2.1"), (4, "192.0.2.1")], [four(192, 0, 2, 1)]),
    ],
    ids=["order", "twice", "mapped"],
)
def test_addresses_come_in_order_once_and_never_mapped(
    make_host: Callable[..., NativeHost], answer: list[Found], expected: list[Case]
) -> None:
    assert resolve(make_host(resolver=lambda name: answer), "name.test") == expected


@pytest.mark.parametrize("answer", [[], [(6, "::ffff:192.0.2.1")]], ids=["nothing", "only mapped"])
def test_no_usable_address(make_host: Callable[..., NativeHost], answer: list[Found]) -> None:
    host = make_host(resolver=lambda name: answer)
    stream = need(begin(host, "name.test"))
    wait_ready(host, stream, "resolve-address-stream")
    for _ in range(2):
        assert host.call(NEXT, stream) == Err("name-unresolvable")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LookupFailed("EAI_NONAME", "no such name"), "name-unresolvable"),
        (LookupFailed("EAI_AGAIN", "try again"), "temporary-resolver-failure"),
        (LookupFailed("EAI_FAIL", "broken"), "permanent-resolver-failure"),
        (LookupFailed("EAI_MEMORY", "full"), "out-of-memory"),
        (LookupFailed("EAI_SERVICE", "strange"), "unknown"),
        (ValueError("a bug of the resolver"), "unknown"),
    ],
    ids=str,
)
def test_failures_stay(make_host: Callable[..., NativeHost], error: Exception, expected: str) -> None:
    def resolver(name: str) -> list[Found]:
        raise error

    host = make_host(resolver=resolver)
    stream = need(begin(host, "name.test"))
    wait_ready(host, stream, "resolve-address-stream")
    for _ in range(2):
        outcome = host.call(NEXT, stream)
        assert outcome == Err(expected)
        assert "name.test" in outcome.reason


@pytest.mark.parametrize("answer", [[(4, "nonsense")], [(6, "127.0.0.1")], None], ids=str)
def test_an_answer_that_is_no_answer_breaks_nothing(make_host: Callable[..., NativeHost], answer: list[Found]) -> None:
    host = make_host(resolver=lambda name: answer)
    stream = need(begin(host, "name.test"))
    wait_ready(host, stream, "resolve-address-stream")
    for _ in range(2):
        assert host.call(NEXT, stream) == Err("unknown")
    assert not host.engine.poller.extra


def test_before_the_answer_it_would_block(make_host: Callable[..., NativeHost]) -> None:
    gates = {name: threading.Event() for name in ("one.test", "two.test")}

    def resolver(name: str) -> list[Found]:
        assert gates[name].wait(SECONDS)
        return [(4, "192.0.2.1" if name == "one.test" else "192.0.2.2")]

    host = make_host(resolver=resolver)
    one, two = need(begin(host, "one.test")), need(begin(host, "two.test"))
    for stream in (one, two):
        assert host.call(NEXT, stream) == Err("would-block")
        assert host.state(stream) == "in progress"
    gates["two.test"].set()
    wait_ready(host, two, "resolve-address-stream")
    assert host.call(NEXT, two) == Ok(Some(four(192, 0, 2, 2)))
    assert host.call(NEXT, one) == Err("would-block")
    gates["one.test"].set()
    wait_ready(host, one, "resolve-address-stream")
    assert host.call(NEXT, one) == Ok(Some(four(192, 0, 2, 1)))
    assert {host.state(one), host.state(two)} == {"resolved"}
    assert not host.engine.poller.extra


@pytest.mark.parametrize("when", ["before", "after", "close"])
def test_dropping_while_in_progress(make_host: Callable[..., NativeHost], when: str) -> None:
    gate, done = threading.Event(), threading.Event()

    def resolver(name: str) -> list[Found]:
        assert gate.wait(SECONDS)
        done.set()
        return [(4, "192.0.2.1")]

    host = make_host(resolver=resolver)
    stream = need(begin(host, "name.test"))
    if when == "after":
        gate.set()
        assert done.wait(SECONDS)
    if when == "close":
        host.close()
    else:
        host.drop(stream)
        assert not host.engine.poller.extra
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "lookup name.test":
            thread.join(SECONDS)
    timers = [host.call("subscribe-duration", 0)] * 2
    for _ in range(3):
        assert host.call("poll", timers) == [0, 1]


def test_a_thread_that_cannot_start(make_host: Callable[..., NativeHost], monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    host = make_host()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        stream = need(begin(host, "name.test"))
    assert host.call(NEXT, stream) == Err("temporary-resolver-failure")
    assert not host.engine.poller.extra


# The policy


def test_a_name_that_the_policy_does_not_allow_is_never_asked_for(make_host: Callable[..., NativeHost]) -> None:
    faulty = FaultyOs()
    host = make_host(Policy.parse(["name-lookup:*.test"]), faulty)
    outcome = begin(host, "example.com")
    assert outcome == Err("access-denied")
    assert "--allow name-lookup:example.com" in outcome.reason
    assert faulty.calls == []
    assert [info.type for info in host.handles()] == ["network"]
    assert begin(host, "127.1") == Err("invalid-argument")


@pytest.mark.parametrize("fail", [None, Fail("access-denied", "they said no")], ids=["yes", "no"])
def test_a_permission_that_comes_later(make_host: Callable[..., NativeHost], fail: Fail | None) -> None:
    asker = Asker()
    asker.hold = True
    host = make_host(asking_policy(asker), resolver=lambda name: [(4, "192.0.2.1")])
    stream = need(begin(host, "name.test"))
    assert asker.asked == [("name-lookup", "name.test")]
    assert host.call(NEXT, stream) == Err("would-block")
    asker.answer(fail)
    wait_ready(host, stream, "resolve-address-stream")
    outcome = host.call(NEXT, stream)
    assert outcome == (Ok(Some(four(192, 0, 2, 1))) if fail is None else Err("access-denied"))


LOCAL_NAMES = (
    "localhost", "LocalHost", "localhost.", "c2VjcmV0.localhost", "a.b.LOCALHOST.", "ｌｏｃａｌｈｏｓｔ",
    "x。localhost", "local\u00adhost", "bücher.localhost", "_x.localhost",
)  # fmt: skip


@pytest.mark.parametrize("name", LOCAL_NAMES, ids=ascii)
def test_local_names_are_answered_here(make_host: Callable[..., NativeHost], name: str) -> None:
    assert resolve(make_host(resolver=nobody), name) == [six(0, 0, 0, 0, 0, 0, 0, 1), four(127, 0, 0, 1)]
    assert resolve(make_host(GUEST, resolver=nobody), name) == [six(0, 0, 0, 0, 0, 0, 0, 1), four(127, 0, 0, 1)]
    assert begin(make_host(Policy.parse(["all"], ["name-lookup"]), resolver=nobody), name) == Err("access-denied")


@pytest.mark.parametrize("name", ["localhost.test", "notlocalhost", "localhost.localdomain", "localhost.a.test"])
def test_what_only_looks_local_is_looked_up(make_host: Callable[..., NativeHost], name: str) -> None:
    assert resolve(make_host(resolver=lambda asked: [(4, "192.0.2.1")]), name) == [four(192, 0, 2, 1)]
    assert begin(make_host(GUEST, resolver=nobody), name) == Err("access-denied")


def test_an_address_of_localhost_without_a_route_goes_last(make_host: Callable[..., NativeHost]) -> None:
    class Ipv4Only(Os):
        @staticmethod
        def has_route(family: int, text: str) -> bool:
            return family == 4

    assert resolve(make_host(os=Ipv4Only()), "localhost") == [four(127, 0, 0, 1), six(0, 0, 0, 0, 0, 0, 0, 1)]


def test_a_permission_for_a_local_name_that_comes_later(make_host: Callable[..., NativeHost]) -> None:
    asker = Asker()
    asker.hold = True
    host = make_host(asking_policy(asker), resolver=nobody)
    stream = need(begin(host, "A.localhost."))
    assert asker.asked == [("name-lookup", "a.localhost")]
    assert host.call(NEXT, stream) == Err("would-block")
    asker.answer()
    assert isinstance(need(host.call(NEXT, stream)), Some)


# Rules that name a host


class Resolver:
    """Gives the answers for a name one after the other, and then the last one again."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = {name.replace("_", "."): found for name, found in answers.items()}
        self.asked: list[str] = []

    def __call__(self, name: str) -> list[Found]:
        self.asked.append(name)
        found = self.answers[name.lower().removesuffix(".")]
        return [(4, found.pop(0) if len(found) > 1 else found[0])]


def connecting(host: NativeHost, address: str, port: int = 443) -> Value:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    return host.call("tcp-socket.start-connect", sock, host.call("instance-network"), ipv4(address, port))


def test_a_host_by_name_is_pinned_to_its_first_answer(make_host: Callable[..., NativeHost]) -> None:
    resolver = Resolver(api_test=["127.0.7.1", "127.0.7.2"], other_test=["127.0.7.3"])
    host = make_host(Policy.parse(["tcp-connect:api.test:443", "name-lookup:other.test"]), resolver=resolver)
    # Not before this guest has looked the name up.
    assert connecting(host, "127.0.7.1") == Err("access-denied")
    assert resolve(host, "other.test") == [four(127, 0, 7, 3)]
    assert resolve(host, "API.test.") == [four(127, 0, 7, 1)]
    assert isinstance(connecting(host, "127.0.7.1"), Ok)
    assert connecting(host, "127.0.7.1", 80) == Err("access-denied")
    # The name has moved; neither is the resolver asked again nor the new address let in.
    assert resolve(host, "api.test") == [four(127, 0, 7, 1)]
    assert resolver.asked == ["other.test", "API.test."]
    assert connecting(host, "127.0.7.2") == Err("access-denied")
    denied = connecting(host, "127.0.7.3")
    assert denied == Err("access-denied")
    assert "it (an address of other.test); --allow tcp-connect:other.test:443 would" in denied.reason
    assert begin(host, "third.test") == Err("access-denied")


def test_an_address_that_another_name_shares_lets_nothing_in(make_host: Callable[..., NativeHost]) -> None:
    resolver = Resolver(api_test=["127.0.7.1"], other_test=["127.0.7.1"])
    host = make_host(Policy.parse(["tcp-connect:api.test:443", "name-lookup"]), resolver=resolver)
    resolve(host, "other.test")
    assert connecting(host, "127.0.7.1") == Err("access-denied")
    resolve(host, "api.test")
    assert isinstance(connecting(host, "127.0.7.1"), Ok)


def test_two_lookups_at_once_give_the_same(make_host: Callable[..., NativeHost]) -> None:
    resolver = Resolver(api_test=["127.0.7.1", "127.0.7.2"])
    host = make_host(Policy.parse(["tcp-connect:api.test:443"]), resolver=resolver)
    streams = [need(begin(host, "api.test")) for _ in range(2)]
    found = []
    for stream in streams:
        wait_ready(host, stream, "resolve-address-stream")
        found.append(need(host.call(NEXT, stream)))
    assert found[0] == found[1]


def test_each_network_pins_for_itself(make_host: Callable[..., NativeHost]) -> None:
    host = make_host(resolver=Resolver(api_test=["127.0.7.1"]))
    fenced = host.make_network("fenced", ["tcp-connect:api.test:443"])
    resolve(host, "api.test")
    sock = need(host.call("create-tcp-socket", "ipv4"))
    assert host.call("tcp-socket.start-connect", sock, fenced, ipv4("127.0.7.1", 443)) == Err("access-denied")
    stream = need(host.call("resolve-addresses", fenced, "api.test"))
    wait_ready(host, stream, "resolve-address-stream")
    assert isinstance(need(host.call(NEXT, stream)), Some)
    sock = need(host.call("create-tcp-socket", "ipv4"))
    need(host.call("tcp-socket.start-connect", sock, fenced, ipv4("127.0.7.1", 443)))


def test_datagrams_to_and_from_a_host_by_name(make_host: Callable[..., NativeHost]) -> None:
    rules = ["udp-bind", "udp-send:api.test", "udp-receive:api.test"]
    host = make_host(Policy.parse(rules), resolver=Resolver(api_test=["127.0.0.7"]))
    sock = bound(host, "udp", address=ipv4("0.0.0.0"))
    rx, tx = need(host.call("udp-socket.stream", sock, None))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.7", 0))
        peer.settimeout(SECONDS)
        datagram = {"data": b"x", "remote-address": Some(ipv4("127.0.0.7", peer.getsockname()[1]))}
        need(host.call("outgoing-datagram-stream.check-send", tx))
        assert host.call("outgoing-datagram-stream.send", tx, [datagram]) == Err("access-denied")
        resolve(host, "api.test")
        need(host.call("outgoing-datagram-stream.check-send", tx))
        assert host.call("outgoing-datagram-stream.send", tx, [datagram]) == Ok(1)
        _, back = peer.recvfrom(1)
        peer.sendto(b"y", back)
        wait_ready(host, rx, "incoming-datagram-stream")
        assert [one["data"] for one in need(host.call("incoming-datagram-stream.receive", rx, 9))] == [b"y"]


def test_a_name_that_does_not_exist_by_the_system(host: NativeHost) -> None:
    stream = need(begin(host, "no-such-host.invalid"))
    wait_ready(host, stream, "resolve-address-stream")
    assert code(host.call(NEXT, stream)) in ("name-unresolvable", "temporary-resolver-failure")


class Silent:
    """A resolver that answers no name with ``dropped`` in it before ``gate`` is set."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str) -> list[Found]:
        self.asked.append(name)
        if "dropped" in name:
            assert self.gate.wait(SECONDS)
        return [(4, "192.0.2.1")]


@pytest.fixture
def silent() -> Iterator[Silent]:
    resolver = Silent()
    yield resolver
    resolver.gate.set()
    for thread in threading.enumerate():
        if thread.name.startswith("lookup dropped"):
            thread.join(SECONDS)


def answer(host: NativeHost, stream: int) -> Value:
    wait_ready(host, stream, "resolve-address-stream")
    return host.call(NEXT, stream)


ONE = Ok(Some(four(192, 0, 2, 1)))


def test_lookups_that_nobody_waits_for_hold_nobody_up(make_host: Callable[..., NativeHost], silent: Silent) -> None:
    """However many are begun and dropped while the resolver hangs."""
    host, other = (make_host(ALLOW_ALL, resolver=silent) for _ in range(2))
    before = threading.active_count()
    for number in range(100):
        host.drop(need(begin(host, f"dropped{number}.test")))
    assert answer(other, need(begin(other, "live.test"))) == ONE
    for number in range(900):
        host.drop(need(begin(host, f"dropped{number}.test")))
    assert threading.active_count() - before <= 512
    # No thread is left, so what nobody may answer for ever fails now.
    outcome = answer(other, need(begin(other, "live.test")))
    assert outcome == Err("temporary-resolver-failure")
    assert "512 earlier lookups" in outcome.reason
    assert len(silent.asked) <= 513


def test_a_place_that_is_given_back_goes_to_what_waits(
    make_host: Callable[..., NativeHost], silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "_THREADS", lookup._Threads(2, 3))
    host = make_host(ALLOW_ALL, resolver=silent)
    held = [need(begin(host, f"dropped{number}.test")) for number in range(2)]
    waiting = [need(begin(host, f"{number}.dropped.test")) for number in range(2)]
    live = need(begin(host, "live.test"))
    assert [host.call(NEXT, stream) for stream in (*waiting, live)] == [Err("would-block")] * 3
    host.drop(waiting.pop(0))
    host.drop(held.pop())
    # The third thread has the second that waited; the last finds no place yet.
    assert [host.call(NEXT, stream) for stream in (*waiting, live)] == [Err("would-block")] * 2
    host.drop(held.pop())
    assert answer(host, live) == Err("temporary-resolver-failure")
    silent.gate.set()
    assert answer(host, waiting[0]) == ONE
    assert not host.engine.poller.extra
