"""Interruptions: none is lost, none ends what it should not, and readiness stays honest beside them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support import SECONDS, connected_pair, write
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import interruption
from wasinet.oscalls.interruption import PENDING, Interruption, Terminated, TimedOut, checkpoint, request


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of signals, and what is pending, as they were before the test."""
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
    yield
    interruption.stop_timeout()
    PENDING.clear()
    interruption.woken()
    for number, handler in before:
        signal.signal(number, handler)


def test_each_one_that_is_pending_is_raised() -> None:
    request(KeyboardInterrupt())
    request(Terminated())
    with pytest.raises(KeyboardInterrupt) as first:
        checkpoint()
    assert type(first.value) is KeyboardInterrupt
    with pytest.raises(Terminated):
        checkpoint()
    checkpoint()


def test_a_wake_up_without_an_interruption_makes_nothing_ready(host: NativeHost) -> None:
    client, server = connected_pair(host)
    pollables = [host.call("input-stream.subscribe", rx) for rx in (client.rx, server.rx)]
    far = host.call("subscribe-duration", 10**13)
    # As when another thread's request is raised between its two steps: readable, and nothing pending.
    os.write(interruption.wake_fd(), (1).to_bytes(8, "little"))
    threading.Timer(0.05, write, (host, server.tx, b"x")).start()
    assert host.call("poll", pollables[:1]) == [0]
    assert host.call("input-stream.read", client.rx, 10).value == b"x"
    os.write(interruption.wake_fd(), (1).to_bytes(8, "little"))
    threading.Timer(0.05, write, (host, server.tx, b"y")).start()
    for _ in range(3):
        assert host.call("poll", [*pollables, far]) == [0]


def test_another_thread_is_not_interrupted(make_host: type[NativeHost]) -> None:
    outcome: list[object] = []

    def work() -> None:
        host = make_host()
        client, _ = connected_pair(host)
        pollable = host.call("input-stream.subscribe", client.rx)
        soon = host.call("subscribe-duration", 50_000_000)
        outcome.append(host.call("poll", [pollable, soon]))
        outcome.append(interruption.in_thread(lambda: 7))

    request(KeyboardInterrupt())
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(SECONDS)
    assert outcome == [[1], 7]
    with pytest.raises(KeyboardInterrupt):
        checkpoint()


def test_a_region_ends_with_the_interruption_in_it() -> None:
    interruption.install()
    with pytest.raises(KeyboardInterrupt), interruption.interruptible():
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        checkpoint()


class Lost:
    """Raises an interruption where none can be raised."""

    def __del__(self) -> None:
        raise Interruption


def test_one_that_is_lost_in_a_finalizer_comes_again_and_leaves_the_timeout_alone() -> None:
    sys.unraisablehook, before = sys.__unraisablehook__, sys.unraisablehook
    try:
        interruption.install()
        interruption.start_timeout(3600 * 10**9)
        lost = [Lost()]
        lost.clear()
        with pytest.raises(Interruption):
            interruption.sleep(SECONDS)
        interruption.sleep(0.01)
    finally:
        sys.unraisablehook = before
    assert 3590 < (interruption.remaining() or 0) <= 3600
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 3000


def test_the_timeout_ends_a_sleep() -> None:
    interruption.install()
    interruption.start_timeout(10_000_000)
    start = time.monotonic()
    with pytest.raises(TimedOut):
        interruption.sleep(SECONDS)
    assert time.monotonic() - start < SECONDS
