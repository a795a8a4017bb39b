"""``tcp connect`` as a program: RFC 8305 with a resolver of the test's own, endings, probes, nothing left behind."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.programs.support import first, left, named, names, pipe
from tests.support import SECONDS, ipv4, ipv6, refused_port, reset, soon
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import Found
from wasinet.programs.events import CallFailed, Event, Idle, LocalFailed, SomeFailed
from wasinet.programs.net import Net
from wasinet.programs.tcp import DISCARD, ECHO, EVENTS, StreamOptions
from wasinet.programs.tcp_connect import (
    ATTEMPT_DELAY,
    ConnectOptions,
    Target,
    connect,
    interleave,
    probe,
    tcp_connect,
)

MakeHost = Callable[..., NativeHost]
PLAIN = ConnectOptions()


class Places:
    """Loopback addresses that share one port: ``live`` ones answer, ``dead`` ones never do, others refuse."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.listener = self._server("127.0.0.1", 0, 16)
        self.port: int = self.listener.getsockname()[1]

    def _server(self, host: str, port: int, backlog: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server = socket.create_server((host, port), family=family, backlog=backlog)
        server.settimeout(SECONDS)
        return self._stack.enter_context(server)

    def dead(self, host: str) -> None:
        """Fill the address's queue, so that it answers no more."""
        server = self._server(host, self.port, 0)
        for _ in range(4):
            filler = self._stack.enter_context(socket.socket(server.family))
            filler.setblocking(False)
            filler.connect_ex((host, self.port))


@pytest.fixture
def places() -> Iterator[Places]:
    with ExitStack() as stack:
        yield Places(stack)


def connected(host: NativeHost, port: int, options: ConnectOptions = PLAIN) -> tuple[list[Event], Event]:
    """Connect to ``name``; the events and the last of them. The connection is closed, and nothing else is left."""
    net = Net(host)
    events = list(connect(net, Target("name", port, f"name:{port}"), options))
    assert events[-1].name == "connected"
    net.close(events[-1].fields["connection"])
    assert left(host) == []
    return events, events[-1]


def test_families_take_turns() -> None:
    four = [ipv4(f"10.0.0.{n}") for n in range(3)]
    six = [ipv6(f"fe80::{n}") for n in range(2)]
    assert interleave([*six, *four]) == [six[0], four[0], six[1], four[1], four[2]]
    assert interleave([*four, *six]) == [four[0], six[0], four[1], six[1], four[2]]
    assert interleave(four) == four
    assert interleave([]) == []


def test_a_dead_address_costs_one_delay(make_host: MakeHost, places: Places) -> None:
    places.dead("127.0.0.2")
    host = make_host(resolver=names(name=[(4, "127.0.0.2"), (4, "127.0.0.1")]))
    assert soon(ATTEMPT_DELAY * 3, lambda: connected(host, places.port)) >= ATTEMPT_DELAY
    events, last = connected(host, places.port)
    assert [event.fields["address"] for event in named(events, "connecting")] == [
        f"127.0.0.2:{places.port}",
        f"127.0.0.1:{places.port}",
    ]
    assert last.fields["connection"].peer == f"127.0.0.1:{places.port}"


def test_several_dead_addresses_are_tried_side_by_side(make_host: MakeHost, places: Places) -> None:
    dead = [f"127.0.0.{n}" for n in (2, 3, 4)]
    for address in dead:
        places.dead(address)
    host = make_host(resolver=names(name=[(4, address) for address in [*dead, "127.0.0.1"]]))
    assert soon(ATTEMPT_DELAY * 5, lambda: connected(host, places.port)) >= ATTEMPT_DELAY * 3
    events, _ = connected(host, places.port)
    assert len(named(events, "connecting")) == 4
    assert named(events, "attempt-failed") == []


def test_a_refusal_moves_on_at_once(make_host: MakeHost, places: Places) -> None:
    refusing: list[Found] = [(6, "::1"), (4, "127.0.0.3"), (4, "127.0.0.4")]
    host = make_host(resolver=names(name=[*refusing, (4, "127.0.0.1")]))
    soon(ATTEMPT_DELAY, lambda: connected(host, places.port))
    events, _ = connected(host, places.port)
    assert [event.fields["code"] for event in named(events, "attempt-failed")] == ["connection-refused"] * 3


def test_a_refusal_beside_a_silent_attempt_moves_on_at_once(make_host: MakeHost, places: Places) -> None:
    places.dead("127.0.0.2")
    host = make_host(resolver=names(name=[(4, "127.0.0.2"), (4, "127.0.0.3"), (4, "127.0.0.1")]))
    assert soon(ATTEMPT_DELAY * 1.9, lambda: connected(host, places.port)) >= ATTEMPT_DELAY


def test_the_first_answer_ends_it(make_host: MakeHost, places: Places) -> None:
    host = make_host(resolver=names(name=[(4, "127.0.0.1"), (4, "127.0.0.2")]))
    events, _ = connected(host, places.port)
    assert len(named(events, "connecting")) == 1


def test_all_attempts_failing_is_the_last_failure(make_host: MakeHost) -> None:
    port = refused_port()
    host = make_host(resolver=names(name=[(4, "127.0.0.1"), (6, "::1")]))
    with pytest.raises(CallFailed) as caught:
        list(connect(Net(host), Target("name", port, f"name:{port}"), PLAIN))
    assert (caught.value.code, caught.value.target) == ("connection-refused", f"[::1]:{port}")
    assert left(host) == []


@pytest.mark.parametrize("addresses", [[(4, "127.0.0.2")], [(4, "127.0.0.2"), (4, "127.0.0.3")]])
def test_connect_timeout_is_for_all_addresses_together(
    make_host: MakeHost, places: Places, addresses: list[Found]
) -> None:
    for _, address in addresses:
        places.dead(address)
    host = make_host(resolver=names(name=addresses))
    failures = []

    def fail() -> None:
        with pytest.raises(CallFailed) as caught:
            list(connect(Net(host), Target("name", places.port, "name"), ConnectOptions(timeout=0.4)))
        failures.append(caught.value)

    assert soon(1.5, fail) >= 0.4
    assert {(failure.code, failure.target) for failure in failures} == {("timeout", "name")}
    assert left(host) == []


def test_connect_timeout_covers_the_lookup(make_host: MakeHost) -> None:
    release = threading.Event()

    def slow(name: str) -> list[Found]:
        release.wait(SECONDS)
        return [(4, "127.0.0.1")]

    host = make_host(resolver=slow)
    start = time.monotonic()
    try:
        with pytest.raises(CallFailed) as caught:
            list(connect(Net(host), Target("name", 9, "name"), ConnectOptions(timeout=0.1)))
    finally:
        release.set()
    assert time.monotonic() - start < SECONDS / 2
    assert caught.value.code == "timeout"
    assert left(host) == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (ConnectOptions(family=6), "name-unresolvable"),
        (ConnectOptions(bind=ipv6("::1")), "name-unresolvable"),
        (ConnectOptions(bind=ipv4("192.0.2.1")), "address-not-bindable"),
        (ConnectOptions(properties=[("hop-limit", 0)]), "invalid-argument"),
    ],
)
def test_what_cannot_work_leaves_nothing(
    make_host: MakeHost, places: Places, options: ConnectOptions, code: str
) -> None:
    host = make_host(resolver=names(name=[(4, "127.0.0.1")]))
    with pytest.raises(CallFailed) as caught:
        list(connect(Net(host), Target("name", places.port, "name"), options))
    assert caught.value.code == code
    assert left(host) == []


def test_an_unknown_name(make_host: MakeHost) -> None:
    host = make_host(resolver=names())
    with pytest.raises(CallFailed) as caught:
        list(connect(Net(host), Target("name", 9, "name"), PLAIN))
    assert (caught.value.code, caught.value.target) == ("name-unresolvable", "name")
    assert left(host) == []


def test_bind_narrows_the_family(make_host: MakeHost, places: Places) -> None:
    host = make_host(resolver=names(name=[(6, "::1"), (4, "127.0.0.1")]))
    events, last = connected(host, places.port, ConnectOptions(bind=ipv4("127.0.0.5")))
    assert last.fields["connection"].local.startswith("127.0.0.5:")
    assert named(events, "attempt-failed") == []


def test_given_up_in_between_nothing_is_left(make_host: MakeHost, places: Places) -> None:
    places.dead("127.0.0.2")
    host = make_host(resolver=names(name=[(4, "127.0.0.2"), (4, "127.0.0.1")]))
    events = connect(Net(host), Target("name", places.port, "name"), PLAIN)
    next(events)
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert left(host) == []


# The whole program


def target(places: Places) -> Target:
    return Target("127.0.0.1", places.port, f"127.0.0.1:{places.port}")


def in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def serve(places: Places, talk: Callable[[socket.socket], None]) -> threading.Thread:
    def work() -> None:
        peer, _ = places.listener.accept()
        peer.settimeout(SECONDS)
        with peer:
            talk(peer)

    return in_background(work)


def test_both_ways_and_nothing_left(host: NativeHost, places: Places) -> None:
    def talk(peer: socket.socket) -> None:
        data = b""
        while piece := peer.recv(100):
            data += piece
        peer.sendall(data.upper())

    server = serve(places, talk)
    events = list(tcp_connect(Net(host), target(places), PLAIN, StreamOptions(send=lambda: b"question", sink=EVENTS)))
    server.join(SECONDS)
    assert b"".join(event.fields["data"] for event in named(events, "data")) == b"QUESTION"
    closed = first(events, "closed")
    assert (closed.fields["received"], closed.fields["sent"]) == (8, 8)
    assert left(host) == []


@pytest.mark.parametrize(
    ("streams", "kind"),
    [
        (StreamOptions(sink=DISCARD), CallFailed),
        (StreamOptions(sink=ECHO), CallFailed),
        (StreamOptions(sink=DISCARD, send=lambda: b"x" * 10_000_000), CallFailed),
    ],
)
def test_a_reset_ends_it_with_its_code(
    host: NativeHost, places: Places, streams: StreamOptions, kind: type[CallFailed]
) -> None:
    server = serve(places, reset)
    with pytest.raises(kind) as caught:
        list(tcp_connect(Net(host), target(places), PLAIN, streams))
    server.join(SECONDS)
    assert caught.value.code in ("connection-reset", "connection-aborted")
    assert left(host) == []


def test_a_source_that_cannot_be_opened_ends_it(host: NativeHost, places: Places) -> None:
    def gone() -> bytes:
        raise LocalFailed("open it", "it has gone", 2)

    with pytest.raises(LocalFailed, match="it has gone"):
        list(tcp_connect(Net(host), target(places), PLAIN, StreamOptions(send=gone, sink=DISCARD)))
    assert left(host) == []


def test_an_output_that_cannot_be_opened_ends_it(host: NativeHost, places: Places) -> None:
    with pytest.raises(LocalFailed, match="open nothing"):
        list(tcp_connect(Net(host), target(places), PLAIN, StreamOptions(output_fd=999, output_name="nothing")))
    assert left(host) == []


def send_and_wait(done: threading.Event) -> Callable[[socket.socket], None]:
    """A peer that sends one byte and then keeps the connection until ``done``."""

    def act(peer: socket.socket) -> None:
        peer.sendall(b"x")
        done.wait(SECONDS)

    return act


def test_idle(host: NativeHost, places: Places) -> None:
    done = threading.Event()
    server = serve(places, send_and_wait(done))
    start = time.monotonic()
    with pytest.raises(Idle):
        list(tcp_connect(Net(host), target(places), PLAIN, StreamOptions(sink=DISCARD, idle_timeout=0.2)))
    assert 0.2 <= time.monotonic() - start < SECONDS
    done.set()
    server.join(SECONDS)
    assert left(host) == []


def test_the_end_of_the_peer_may_end_it_all(host: NativeHost, places: Places) -> None:
    server = serve(places, lambda peer: None)
    with pipe() as ends:
        streams = StreamOptions(send=lambda: (ends.reader, "typed", False), sink=DISCARD)
        events = list(tcp_connect(Net(host), target(places), PLAIN, streams, until_peer_ends=True))
    assert [event.name for event in events][-2:] == ["ended", "closed"]
    server.join(SECONDS)
    assert left(host) == []


def test_closing_the_program_in_between_leaves_nothing(host: NativeHost, places: Places) -> None:
    done = threading.Event()
    server = serve(places, send_and_wait(done))
    events = tcp_connect(Net(host), target(places), PLAIN, StreamOptions(sink=EVENTS, idle_timeout=60.0))
    first(events, "data")
    events.close()  # type: ignore[attr-defined]
    done.set()
    server.join(SECONDS)
    assert left(host) == []


def test_progress_comes_only_where_it_is_asked_for_and_while_bytes_move(host: NativeHost, places: Places) -> None:
    go_on = threading.Event()

    def talk(peer: socket.socket) -> None:
        peer.sendall(b"x" * 1000)
        go_on.wait(SECONDS)
        peer.sendall(b"y" * 500)

    server = serve(places, talk)
    quiet = 0
    found: list[Event] = []
    for event in tcp_connect(Net(host), target(places), PLAIN, StreamOptions(sink=DISCARD, progress=0.02)):
        if event.name == "progress":
            found.append(event)
            if len(found) == 2:
                # The second says that nothing moved since the first; no third comes before more does.
                assert found[1].fields["received"] == found[0].fields["received"] == 1000
                timer = threading.Timer(0.1, go_on.set)
                timer.start()
                quiet = len(found)
    server.join(SECONDS)
    assert quiet == 2
    assert len(found) <= 4
    assert left(host) == []


# Probes


def test_probes_report_each_try(make_host: MakeHost, places: Places) -> None:
    closed = refused_port()
    host = make_host()
    targets = [
        Target("127.0.0.1", places.port, "live"),
        Target("127.0.0.1", closed, "dead"),
        Target("nowhere.invalid..", 9, "bad"),
    ]
    events: list[Event] = []
    probing = probe(Net(host), targets, PLAIN, count=3, interval=0.001)
    with pytest.raises(SomeFailed):
        # What came before the end counts, so no list() of the whole.
        events.extend(probing)
    tries = named(events, "probe")
    assert [(e.fields["target"], e.fields["number"], e.fields["ok"]) for e in tries] == [
        (name, number, name == "live") for number in (1, 2, 3) for name in ("live", "dead", "bad")
    ]
    by_name = {event.fields["target"]: event.fields for event in named(events, "summary")}
    assert (by_name["live"]["lost"], by_name["dead"]["lost"], by_name["bad"]["lost"]) == (0, 3, 3)
    assert 0 < by_name["live"]["min"] <= by_name["live"]["median"] <= by_name["live"]["max"]
    assert by_name["dead"]["median"] is None
    assert left(host) == []
