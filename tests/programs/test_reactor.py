"""The reactor: order of callbacks, timers, and pollables that go while others are called back."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.programs.support import left, pipe
from wasinet.engine.faults import Trap
from wasinet.hosts.native import NativeHost
from wasinet.programs.events import Event
from wasinet.programs.net import Net
from wasinet.programs.reactor import Reactor


@pytest.fixture
def net(host: NativeHost) -> Net:
    return Net(host)


@pytest.fixture
def reactor(net: Net) -> Iterator[Reactor]:
    reactor = Reactor(net)
    yield reactor
    reactor.close()
    assert left(net.host) == []  # type: ignore[arg-type]


def run(reactor: Reactor, seen: list[str], count: int) -> list[str]:
    """Run until so many things were seen; the names of the events."""
    return [event.name for event in reactor.run(lambda: len(seen) >= count)]


def test_timers_fire_in_order_and_once(reactor: Reactor) -> None:
    seen: list[str] = []
    reactor.after(0.02, lambda: seen.append("late"))
    reactor.after(0.0, lambda: seen.append("early"))
    run(reactor, seen, 2)
    assert seen == ["early", "late"]


def test_a_cancelled_timer_is_dropped(reactor: Reactor, net: Net) -> None:
    seen: list[str] = []
    timer = reactor.after(0.0, lambda: seen.append("cancelled"))
    reactor.cancel(timer)
    reactor.cancel(timer)
    reactor.after(0.0, lambda: seen.append("kept"))
    run(reactor, seen, 1)
    assert seen == ["kept"]
    with pytest.raises(Trap):
        net.drop(timer)


def test_a_timer_may_be_set_again_by_itself(reactor: Reactor) -> None:
    seen: list[str] = []

    def again() -> None:
        seen.append("tick")
        reactor.after(0.001, again)

    again()
    run(reactor, seen, 5)
    assert seen == ["tick"] * 5


def test_soon_lets_what_is_ready_have_its_turn(reactor: Reactor) -> None:
    seen: list[str] = []

    def busy() -> None:
        seen.append("busy")
        reactor.soon(busy)

    reactor.soon(busy)
    reactor.after(0.0, lambda: seen.append("timer"))
    run(reactor, seen, 3)
    assert seen[:3] == ["timer", "busy", "busy"]


def test_soon_does_not_wait_for_what_is_not_ready(reactor: Reactor) -> None:
    seen: list[str] = []
    timer = reactor.after(3600, lambda: seen.append("timer"))
    reactor.soon(lambda: seen.append("soon"))
    run(reactor, seen, 1)
    assert seen == ["soon"]
    reactor.cancel(timer)


def test_waiting_goes_on_after_soon(reactor: Reactor) -> None:
    # The look at what is ready must not turn later waits into busy ones.
    seen: list[str] = []
    waits = 0
    wait = reactor.net.wait

    def counted(pollables: list[int]) -> list[int]:
        nonlocal waits
        waits += 1
        return wait(pollables)

    reactor.net.wait = counted  # type: ignore[method-assign]
    reactor.soon(lambda: seen.append("soon"))
    reactor.after(0.05, lambda: seen.append("timer"))
    run(reactor, seen, 2)
    assert waits == 2


@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize("victim", ["first", "second"])
def test_what_was_forgotten_in_this_turn_is_not_called(reactor: Reactor, net: Net, victim: str, dropped: bool) -> None:
    seen: list[str] = []
    pollables = {name: net.timer(0) for name in ("first", "second")}

    def called(name: str) -> None:
        seen.append(name)
        other = "second" if name == "first" else "first"
        reactor.forget(pollables[other])
        if dropped and other in pollables:
            net.drop(pollables.pop(other))

    # The order of the list is the order of the calls.
    order = ["first", "second"] if victim == "second" else ["second", "first"]
    for name in order:
        reactor.when(pollables[name], lambda name=name: called(name))  # type: ignore[misc]
    run(reactor, seen, 1)
    assert seen == [order[0]]
    reactor.forget(pollables[order[0]])
    net.drop(*pollables.values())


def test_a_pollable_that_comes_in_a_turn_waits_for_the_next(reactor: Reactor, net: Net) -> None:
    seen: list[str] = []
    late = net.timer(0)

    def first() -> None:
        seen.append("first")
        reactor.when(late, lambda: seen.append("late"))

    reactor.after(0.0, first)
    run(reactor, seen, 2)
    assert seen == ["first", "late"]
    net.drop(late)


def test_the_last_callback_registered_counts(reactor: Reactor, net: Net) -> None:
    seen: list[str] = []
    timer = net.timer(0)
    reactor.when(timer, lambda: seen.append("old"))
    reactor.when(timer, lambda: seen.append("new"))
    run(reactor, seen, 1)
    assert seen == ["new"]
    net.drop(timer)


def test_events_come_in_order_and_none_is_lost(reactor: Reactor) -> None:
    seen: list[str] = []

    def say(name: str) -> None:
        seen.append(name)
        reactor.events.append(Event(name))

    reactor.events.append(Event("before"))
    reactor.soon(lambda: say("soon"))
    reactor.after(0.0, lambda: say("timer"))

    def done() -> bool:
        if len(seen) < 2:
            return False
        reactor.events.append(Event("last"))
        return True

    assert [event.name for event in reactor.run(done)] == ["before", "timer", "soon", "last"]


def test_an_error_of_a_callback_leaves(reactor: Reactor) -> None:
    def fail() -> None:
        raise RuntimeError("told")

    reactor.after(0.0, fail)
    with pytest.raises(RuntimeError, match="told"):
        list(reactor.run(lambda: False))


def test_a_descriptor_is_called_for_as_long_as_it_is_ready(reactor: Reactor, net: Net) -> None:
    with pipe() as ends:
        stream = net.open_input(ends.reader, "the pipe")
        pollable = net.pollable("input-stream", stream)
        seen: list[str] = []
        os.write(ends.writer, b"xy")
        reactor.when(pollable, lambda: seen.append(net.read(stream, 1, "").decode()))
        run(reactor, seen, 2)
        assert seen == ["x", "y"]
        reactor.forget(pollable)
        net.drop(pollable, stream)


def test_close_drops_all_timers(net: Net, host: NativeHost) -> None:
    reactor = Reactor(net)
    reactor.after(3600, lambda: None)
    seen: list[str] = []
    reactor.soon(lambda: seen.append("soon"))
    run(reactor, seen, 1)
    reactor.close()
    reactor.close()
    assert left(host) == []
