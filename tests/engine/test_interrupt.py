"""Ctrl-C while the engine waits: the call ends, and nothing is broken or lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import (
    SECONDS,
    connected_pair,
    connected_to_peer,
    need,
    timers,
    write,
)
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Ok


@pytest.mark.parametrize("how", ["poll", "kept", "block", "blocking-read", "blocking-skip", "blocking-splice"])
def test_ctrl_c_ends_a_wait_and_breaks_nothing(host: NativeHost, how: str, interrupt: Callable[[], None]) -> None:
    client, server = connected_pair(host)
    pollable = host.call("input-stream.subscribe", client.rx)
    far = host.call("subscribe-duration", 10**13)
    if how == "kept":
        for _ in range(3):
            host.engine.poller.poll([pollable, far], host.engine.os.monotonic())
    interrupt()
    calls: dict[str, tuple[Any, ...]] = {
        "poll": ("poll", [pollable, far]),
        "kept": ("poll", [pollable, far]),
        "block": ("pollable.block", pollable),
        "blocking-read": ("input-stream.blocking-read", client.rx, 10),
        "blocking-skip": ("input-stream.blocking-skip", client.rx, 10),
        "blocking-splice": ("output-stream.blocking-splice", client.tx, client.rx, 10),
    }
    with pytest.raises(KeyboardInterrupt):
        host.call(*calls[how])
    assert host.state(client.socket) == "connected"
    write(host, server.tx, b"after")
    for _ in range(3):
        assert host.call("poll", [pollable, far]) == [0]
    assert host.call("input-stream.read", client.rx, 10) == Ok(b"after")


def test_ctrl_c_in_a_blocking_write_keeps_what_was_taken(host: NativeHost, interrupt: Callable[[], None]) -> None:
    client, peer = connected_to_peer(host)
    total = 0
    while permit := need(host.call("output-stream.check-write", client.tx)):
        need(host.call("output-stream.write", client.tx, bytes(permit)))
        total += permit
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        host.call("output-stream.blocking-flush", client.tx)
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    received = []

    def drain() -> None:
        with peer:
            while data := peer.recv(1 << 16):
                received.append(len(data))

    thread = threading.Thread(target=drain, daemon=True)
    thread.start()
    assert host.engine.drain(SECONDS)
    thread.join(SECONDS)
    assert sum(received) == total


@pytest.mark.parametrize("step", ["_add", "remove"])
def test_ctrl_c_between_two_steps_of_the_kept_set(host: NativeHost, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    from wasinet.engine import poller

    handles = timers(host, *[0] * 40, *[10**13] * 10)
    ready = list(range(40))
    for _ in range(3):
        assert host.call("poll", handles) == ready
    more = [*handles[5:], *timers(host, *[10**13] * 5)]
    count = 0
    original = getattr(poller.Watch, step)

    def interrupted(self: Any, *args: Any) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        original(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(poller.Watch, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            host.call("poll", more)
    for _ in range(3):
        assert host.call("poll", handles) == ready
        assert host.call("poll", more) == list(range(35))
