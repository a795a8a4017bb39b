"""``resolve`` as a program: order, concurrency, families, failures."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.programs.support import left, names
from tests.support import SECONDS
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import Found
from wasinet.programs.events import Event, SomeFailed
from wasinet.programs.net import Net
from wasinet.programs.resolve import resolve

MakeHost = Callable[..., NativeHost]

TABLE = names(
    four=[(4, "192.0.2.1"), (4, "192.0.2.2")], six=[(6, "2001:db8::1")], both=[(6, "2001:db8::2"), (4, "192.0.2.3")]
)


def looked_up(host: NativeHost, *wanted: str, family: int | None = None) -> tuple[list[Event], bool]:
    """The events, and whether some failed."""
    events: list[Event] = []
    try:
        events += resolve(Net(host), wanted, family)
    except SomeFailed:
        return events, True
    return events, False


def collect(host: NativeHost, *wanted: str, family: int | None = None) -> tuple[list[tuple[str, object]], bool]:
    """Each name with its addresses or error code, and whether some failed."""
    events, failed = looked_up(host, *wanted, family=family)
    return [(event.fields["name"], event.fields.get("addresses") or event.fields["code"]) for event in events], failed


def test_answers_come_in_the_order_of_the_names(make_host: MakeHost) -> None:
    host = make_host(resolver=TABLE)
    assert collect(host, "six", "four", "both", "four") == (
        [
            ("six", ["2001:db8::1"]),
            ("four", ["192.0.2.1", "192.0.2.2"]),
            ("both", ["2001:db8::2", "192.0.2.3"]),
            ("four", ["192.0.2.1", "192.0.2.2"]),
        ],
        False,
    )
    assert left(host) == []


def test_failures_are_told_in_their_place_and_at_the_end(make_host: MakeHost) -> None:
    host = make_host(resolver=TABLE)
    assert collect(host, "missing", "four", "127.1", "a..b", "::1", "6.6.6.6") == (
        [
            ("missing", "name-unresolvable"),
            ("four", ["192.0.2.1", "192.0.2.2"]),
            ("127.1", "invalid-argument"),
            ("a..b", "invalid-argument"),
            ("::1", ["::1"]),
            ("6.6.6.6", ["6.6.6.6"]),
        ],
        True,
    )
    assert left(host) == []


@pytest.mark.parametrize(
    ("family", "answers"),
    [
        (4, [("both", ["192.0.2.3"]), ("four", ["192.0.2.1", "192.0.2.2"]), ("six", "name-unresolvable")]),
        (6, [("both", ["2001:db8::2"]), ("four", "name-unresolvable"), ("six", ["2001:db8::1"])]),
    ],
)
def test_one_family(make_host: MakeHost, family: int, answers: list[tuple[str, object]]) -> None:
    assert collect(make_host(resolver=TABLE), "both", "four", "six", family=family) == (answers, True)


def test_international_names_reach_the_resolver_in_ascii(make_host: MakeHost) -> None:
    asked: list[str] = []

    def resolver(name: str) -> list[Found]:
        asked.append(name)
        return [(4, "192.0.2.1")]

    assert collect(make_host(resolver=resolver), "bücher.example")[0] == [("bücher.example", ["192.0.2.1"])]
    assert asked == ["xn--bcher-kva.example"]


def test_lookups_run_at_once(make_host: MakeHost) -> None:
    together = threading.Barrier(8)

    def resolver(name: str) -> list[Found]:
        # None gets on before all have come.
        together.wait(SECONDS)
        return [(4, "192.0.2.1")]

    found, failed = collect(make_host(resolver=resolver), *(f"name{number}" for number in range(8)))
    assert not failed
    assert len(found) == 8


def test_but_no_more_of_them_than_allowed(make_host: MakeHost) -> None:
    lock = threading.Lock()
    counts = {"now": 0, "most": 0}

    def resolver(name: str) -> list[Found]:
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
        try:
            return [(4, "192.0.2.1")]
        finally:
            with lock:
                counts["now"] -= 1

    host = make_host(resolver=resolver)
    wanted = [f"name{number}" for number in range(50)]
    assert [event.fields["name"] for event in resolve(Net(host), wanted, at_once=3)] == wanted
    assert counts["most"] <= 3
    assert left(host) == []


def test_the_first_is_told_before_a_later_one_is_known(make_host: MakeHost) -> None:
    release = threading.Event()

    def resolver(name: str) -> list[Found]:
        if name == "slow":
            assert release.wait(SECONDS)
        return [(4, "192.0.2.1")]

    program = resolve(Net(make_host(resolver=resolver)), ["quick", "slow", "quick"])
    assert next(program).fields["name"] == "quick"
    release.set()
    assert [event.fields["name"] for event in program] == ["slow", "quick"]


def test_the_system(host: NativeHost) -> None:
    (event,), failed = looked_up(host, "localhost")
    assert not failed
    assert set(event.fields["addresses"]) <= {"127.0.0.1", "::1"}
    assert event.fields["seconds"] >= 0
