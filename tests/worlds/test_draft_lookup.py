"""The draft's name lookup: families, availability, what is refused at once, and the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support import SECONDS
from tests.worlds.support import Bench, later, refused
from wasinet.oscalls import LookupFailed
from wasinet.wit.values import Case, Err, Ok, Some

V4 = Case("ipv4", (192, 0, 2, 1))
V6 = Case("ipv6", (0x2001, 0xDB8, 0, 0, 0, 0, 0, 1))


def answers(name: str) -> list[tuple[int, str]]:
    match name:
        case "both.test":
            return [(6, "2001:db8::1"), (4, "192.0.2.1"), (6, "2001:db8::1")]
        case "four.test":
            return [(4, "192.0.2.1")]
        case "mapped.test":
            return [(6, "::ffff:192.0.2.1"), (4, "192.0.2.1")]
        case "xn--bcher-kva.test":
            return [(4, "192.0.2.1")]
    raise LookupFailed("EAI_NONAME", "Name or service not known")


@pytest.fixture
def names() -> Iterator[Bench]:
    made = Bench(resolver=answers)
    yield made
    made.close()


def resolve(bench: Bench, name: str, family: str | None = None, unavailable: bool = True) -> list[Any]:
    """All addresses, to the end and one call further."""
    stream = bench.need("resolve-addresses", bench.net, name, None if family is None else Some(family), unavailable)
    found = []
    while (address := bench.need("resolve-next-address", stream)) is not None:
        found.append(address.value)
    assert bench.call("resolve-next-address", stream) == Ok(None)
    bench.call("drop-resolve-address-stream", stream)
    return found


@pytest.mark.parametrize(("family", "found"), [(None, [V6, V4]), ("ipv4", [V4]), ("ipv6", [V6])])
def test_families(names: Bench, family: str | None, found: list[Case]) -> None:
    assert resolve(names, "both.test", family) == found


def test_mapped_addresses_are_left_out(names: Bench) -> None:
    assert resolve(names, "mapped.test") == [V4]


@pytest.mark.parametrize("unavailable", [False, True])
def test_addresses_without_a_route_come_only_if_asked_for(names: Bench, unavailable: bool) -> None:
    names.os.has_route = lambda family, text: family == 4  # type: ignore[method-assign]
    assert resolve(names, "both.test", None, unavailable) == ([V6, V4] if unavailable else [V4])


@pytest.mark.parametrize(("name", "family", "unavailable"), [("four.test", "ipv6", True), ("both.test", "ipv6", False)])
def test_a_name_without_such_an_address_fails(names: Bench, name: str, family: str, unavailable: bool) -> None:
    names.os.has_route = lambda family, text: family == 4  # type: ignore[method-assign]
    stream = names.need("resolve-addresses", names.net, name, Some(family), unavailable)
    for _ in range(2):
        assert refused(names.call("resolve-next-address", stream), "name-unresolvable")


def test_a_name_that_does_not_exist_fails_only_at_the_first_address(names: Bench) -> None:
    stream = names.need("resolve-addresses", names.net, "missing.test", None, True)
    for _ in range(2):
        outcome = names.call("resolve-next-address", stream)
        assert refused(outcome, "name-unresolvable")
        assert "missing.test" in outcome.reason


def test_names_in_unicode(names: Bench) -> None:
    assert resolve(names, "bücher.test") == [V4]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0x7f.1",
        "2130706433",
        "::1",
        "[::1]",
        "fe80::1%1",
        "::ffff:127.0.0.1",
        "a..b",
        ".a",
        "-a.test",
        "a-.test",
        "a b",
        "a/b",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "１２７.0.0.1",
        "\0",
        "localhost:80",
    ],
)
def test_what_is_no_name_is_refused_at_once(names: Bench, name: str) -> None:
    before = set(names.host.engine.table)
    outcome = names.call("resolve-addresses", names.net, name, None, True)
    assert refused(outcome, "invalid-argument")
    assert set(names.host.engine.table) == before
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lookup ")]


def test_the_system_resolves_localhost(bench: Bench) -> None:
    assert Case("ipv4", (127, 0, 0, 1)) in resolve(bench, "localhost", "ipv4", False)


def test_several_lookups_at_once_do_not_wait_for_each_other() -> None:
    first = threading.Event()

    def resolver(name: str) -> list[tuple[int, str]]:
        if name == "slow.test":
            assert first.wait(SECONDS)
        return [(4, "192.0.2.1")]

    bench = Bench(resolver=resolver)
    try:
        slow, fast = (
            bench.need("resolve-addresses", bench.net, name, None, True) for name in ("slow.test", "fast.test")
        )
        assert bench.call("resolve-next-address", fast) == Ok(Some(V4))
        pollables = [bench.call("ip-name-lookup.subscribe", stream) for stream in (slow, fast)]
        assert bench.call("poll-oneoff", pollables) == b"\0\1"
        with later(first.set):
            assert bench.call("poll-oneoff", pollables[:1]) == b"\1"
        assert bench.call("poll-oneoff", pollables) == b"\1\1"
    finally:
        first.set()
        bench.close()


def test_ctrl_c_never_reaches_the_resolver(interrupt: Callable[[], None]) -> None:
    go = threading.Event()

    def resolver(name: str) -> list[tuple[int, str]]:
        assert go.wait(SECONDS)
        return [(4, "192.0.2.1")]

    bench = Bench(resolver=resolver)
    try:
        stream = bench.need("resolve-addresses", bench.net, "slow.test", None, True)
        bench.need("ip-name-lookup.set-non-blocking", stream, True)
        pollable = bench.call("ip-name-lookup.subscribe", stream)
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            bench.call("poll-oneoff", [pollable])
        assert bench.call("resolve-next-address", stream) == Err("again")
        go.set()
        assert bench.call("poll-oneoff", [pollable]) == b"\1"
        assert bench.call("resolve-next-address", stream) == Ok(Some(V4))
    finally:
        go.set()
        bench.close()
