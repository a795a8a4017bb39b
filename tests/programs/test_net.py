"""A guest's library: what is left after each failure, names and limits, addresses."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.programs.support import left, names
from tests.support import SECONDS, ipv4, ipv6
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import Found
from wasinet.programs.events import CallFailed, LocalFailed
from wasinet.programs.net import Net
from wasinet.wit.addresses import show_address

MakeHost = Callable[..., NativeHost]


def test_addresses_keep_their_order_and_family(make_host: MakeHost) -> None:
    net = Net(make_host(resolver=names(name=[(6, "::1"), (4, "127.0.0.1"), (4, "127.0.0.2")])))
    assert [show_address(a) for a in net.addresses("name", 80)] == ["[::1]:80", "127.0.0.1:80", "127.0.0.2:80"]
    assert [show_address(a) for a in net.addresses("name", 80, 4)] == ["127.0.0.1:80", "127.0.0.2:80"]
    assert left(net.host) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "family", "code"),
    [
        ("name", 6, "name-unresolvable"),
        ("other", None, "name-unresolvable"),
        ("", None, "invalid-argument"),
        ("a..b", None, "invalid-argument"),
        ("127.1", None, "invalid-argument"),
    ],
)
def test_a_lookup_that_fails_leaves_nothing(make_host: MakeHost, name: str, family: int | None, code: str) -> None:
    net = Net(make_host(resolver=names(name=[(4, "127.0.0.1")])))
    with pytest.raises(CallFailed) as caught:
        net.addresses(name, 80, family)
    assert (caught.value.code, caught.value.target) == (code, name)
    assert left(net.host) == []  # type: ignore[arg-type]


def test_a_lookup_with_a_limit(make_host: MakeHost) -> None:
    release = threading.Event()

    def slow(name: str) -> list[Found]:
        release.wait(SECONDS)
        return [(4, "127.0.0.1")]

    net = Net(make_host(resolver=slow))
    limit = net.timer(0.05)
    try:
        with pytest.raises(CallFailed) as caught:
            net.addresses("name", 80, None, limit)
    finally:
        release.set()
    assert caught.value.code == "timeout"
    net.drop(limit)
    assert left(net.host) == []  # type: ignore[arg-type]


def test_a_limit_that_is_over_does_not_hide_an_answer(make_host: MakeHost) -> None:
    net = Net(make_host())
    limit = net.timer(0)
    net.wait([limit])
    assert [show_address(a) for a in net.addresses("127.0.0.1", 80, None, limit)] == ["127.0.0.1:80"]
    net.drop(limit)


@pytest.mark.parametrize(
    ("name", "value"),
    [("hop-limit", 0), ("receive-buffer-size", 0), ("keep-alive-count", 0), ("listen-backlog-size", 0)],
)
def test_a_property_that_is_refused_is_named(host: NativeHost, name: str, value: int) -> None:
    net = Net(host)
    with pytest.raises(CallFailed) as caught:
        net.socket("tcp", ipv4("127.0.0.1"), [(name, value)])
    assert (caught.value.code, caught.value.target) == ("invalid-argument", f"{name} {value}")
    assert left(host) == []


def test_properties_are_set(host: NativeHost) -> None:
    net = Net(host)
    socket = net.socket("tcp", ipv6("::1"), [("hop-limit", 7), ("keep-alive-idle-time", 5_000_000_000)])
    assert net.need("tcp-socket.hop-limit", "", socket) == 7
    assert net.need("tcp-socket.keep-alive-idle-time", "", socket) == 5_000_000_000
    net.drop(socket)


def test_listening_that_fails_leaves_nothing(host: NativeHost) -> None:
    net = Net(host)
    with pytest.raises(CallFailed):
        net.listen(ipv4("192.0.2.1"))
    assert left(host) == []


def test_a_descriptor_that_is_none(host: NativeHost) -> None:
    net = Net(host)
    for opener in (net.open_input, net.open_output):
        with pytest.raises(LocalFailed) as caught:
            opener(999, "the file")
        assert caught.value.what == "open the file"
    assert left(host) == []


def test_accept_gives_none_when_nobody_waits(host: NativeHost) -> None:
    net = Net(host)
    socket = net.listen(ipv4("127.0.0.1"))
    assert net.accept(socket) is None
    net.drop(socket)
