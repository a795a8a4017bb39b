"""Waiting: ``poll``, ``ready`` and ``block``, the kept set, wakes, and the lifetime of what is watched."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import (
    SECONDS,
    Asker,
    accept,
    address_of,
    asking_policy,
    bound,
    connect,
    connected_pair,
    connected_to_peer,
    drop_all,
    listening,
    loopback,
    need,
    timers,
    wait_any,
    wait_ready,
    write,
)
from wasinet.engine.faults import Trap
from wasinet.engine.poller import Watch
from wasinet.engine.resource import READY, Interest, Resource
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import READ, Found, Os
from wasinet.oscalls.wait import Kept
from wasinet.wit.values import Some

FAR = 2**64 - 1


def test_an_empty_list_traps(host: NativeHost) -> None:
    with pytest.raises(Trap, match="at least one") as caught:
        host.call("poll", [])
    assert caught.value.clause == "poll.poll"


@pytest.mark.parametrize("length", [1, 2, 50])
@pytest.mark.parametrize("before", [0, 1, 3], ids=lambda n: f"after {n} polls")
def test_a_dropped_handle_in_the_list_traps(host: NativeHost, length: int, before: int) -> None:
    handles = timers(host, *[0] * length)
    for _ in range(before):
        assert host.call("poll", handles) == list(range(length))
    host.drop(handles[-1])
    for _ in range(2):
        with pytest.raises(Trap, match=f"#{handles[-1]} was dropped"):
            host.call("poll", handles)
    if length > 1:
        assert host.call("poll", handles[:-1]) == list(range(length - 1))


@pytest.mark.parametrize("length", [0, 1, 50])
def test_a_handle_of_another_type_traps(host: NativeHost, length: int) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    with pytest.raises(Trap, match=f"#{sock} is a tcp-socket, not a pollable"):
        host.call("poll", [*timers(host, *[0] * length), sock])


def test_duplicates_are_reported_at_each_place(host: NativeHost) -> None:
    ready, never = timers(host, 0, FAR)
    for _ in range(4):
        assert host.call("poll", [ready, never, ready]) == [0, 2]


@pytest.mark.parametrize("repeat", range(1, 4))
def test_the_longest_timer_is_no_error(host: NativeHost, repeat: int) -> None:
    handles = timers(host, FAR, FAR, 10**6)
    for _ in range(repeat):
        assert host.call("poll", handles) == [2]
    alone = host.call("subscribe-duration", FAR)
    assert host.call("pollable.ready", alone) is False
    instant = host.call("subscribe-instant", FAR)
    assert host.call("pollable.ready", instant) is False


@pytest.mark.parametrize("how", ["block", "poll", "poll of one", "kept poll"])
def test_waiting_for_the_longest_timer(host: NativeHost, how: str, interrupt: Callable[[], None]) -> None:
    """The wait must begin, which an overflow of the kernel's timeout would prevent; the interrupt ends it."""
    handles = timers(host, FAR, FAR)
    if how == "kept poll":
        host.engine.poller._seen = set(handles)
    interrupt()
    function, argument = ("pollable.block", handles[0]) if how == "block" else ("poll", handles)
    if how == "poll of one":
        argument = handles[:1]
    with pytest.raises(KeyboardInterrupt):
        host.call(function, argument)


def test_a_timer_is_ready_when_its_time_has_come_and_not_before(host: NativeHost) -> None:
    start = time.monotonic()
    (timer,) = timers(host, 30_000_000)
    assert host.call("pollable.ready", timer) is False
    host.call("pollable.block", timer)
    assert time.monotonic() - start >= 0.03
    assert host.call("pollable.ready", timer) is True
    instant = host.call("subscribe-instant", host.call("now") + 10_000_000)
    assert host.call("poll", [instant, *timers(host, FAR)]) == [0]
    assert host.call("now") >= 0
    assert host.call("resolution") > 0


def test_an_instant_of_the_past_is_ready(host: NativeHost) -> None:
    assert host.call("pollable.ready", host.call("subscribe-instant", 0)) is True
    assert host.call("pollable.ready", host.call("subscribe-instant", host.call("now"))) is True


# The kept set


@pytest.fixture
def kept(host: NativeHost) -> Callable[[list[int]], list[int]]:
    """Polls a list so often that it is the kept one, bounded by a timer that is in it."""
    bound_ = host.call("subscribe-duration", SECONDS * 10**9)

    def poll(handles: list[int]) -> list[int]:
        for _ in range(2):
            host.engine.poller.poll([*handles, bound_], host.engine.os.monotonic())
        assert host.engine.poller._watch.handles == [*handles, bound_]
        return [index for index in host.call("poll", [*handles, bound_]) if index < len(handles)]

    return poll


def test_both_streams_of_a_connection_share_a_descriptor(
    host: NativeHost, kept: Callable[[list[int]], list[int]]
) -> None:
    client, server = connected_pair(host)
    pollables = [
        host.call("input-stream.subscribe", client.rx),
        host.call("output-stream.subscribe", client.tx),
        host.call("input-stream.subscribe", client.rx),
    ]
    assert kept(pollables) == [1]
    write(host, server.tx, b"x")
    wait_ready(host, client.rx, "input-stream")
    assert kept(pollables) == [0, 1, 2]
    need(host.call("input-stream.read", client.rx, 10))
    assert kept(pollables) == [1]


def test_two_pollables_of_a_stream_in_turn_both_stay_in_the_kept_set(
    host: NativeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, server = connected_pair(host)
    lists = [[host.call("input-stream.subscribe", end.rx) for end in (client, server)] for _ in range(2)]
    write(host, server.tx, b"x")
    wait_ready(host, client.rx, "input-stream")
    for _ in range(3):
        assert [host.call("poll", pollables) for pollables in lists] == [[0], [0]]
    changed = []
    monkeypatch.setattr(Watch, "remove", lambda self, handle: changed.append(handle))
    assert [host.call("poll", pollables) for pollables in lists] == [[0], [0]]
    assert not changed


def test_a_pollable_that_nobody_asks_for_leaves_the_kept_set(host: NativeHost) -> None:
    # It is of a descriptor that another pollable waits for, and for something else.
    client, server = connected_pair(host)
    reads, writes = host.call("input-stream.subscribe", client.rx), host.call("output-stream.subscribe", client.tx)
    other = host.call("input-stream.subscribe", server.rx)
    far = host.call("subscribe-duration", 10**13)
    host.engine.table[client.tx].writer.full = True  # type: ignore[attr-defined]
    for _ in range(3):
        host.engine.poller.poll([reads, writes, other, far], host.engine.os.monotonic())
    assert host.engine.poller.poll([reads, other, far], host.engine.os.monotonic()) == []
    assert writes not in host.engine.poller._watch.members
    assert reads in host.engine.poller._watch.members


def test_what_a_call_changes_is_seen(host: NativeHost, kept: Callable[[list[int]], list[int]]) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    net = host.call("instance-network")
    pollable = host.call("tcp-socket.subscribe", sock)
    assert kept([pollable]) == [0]
    need(host.call("tcp-socket.start-bind", sock, net, loopback()))
    need(host.call("tcp-socket.finish-bind", sock))
    need(host.call("tcp-socket.start-listen", sock))
    need(host.call("tcp-socket.finish-listen", sock))
    never = host.call("subscribe-duration", 10**6)
    handles = [pollable, never]
    assert kept(handles) == [1]
    connect(host, address_of(host, sock))
    assert kept(handles) == [0, 1]


def test_a_descriptor_that_is_used_again_is_not_confused(
    host: NativeHost, kept: Callable[[list[int]], list[int]]
) -> None:
    listener = listening(host)
    address = address_of(host, listener)
    descriptors = set()
    for _ in range(5):
        client = connect(host, address)
        server = accept(host, listener)
        pollables = [host.call("input-stream.subscribe", client.rx), host.call("input-stream.subscribe", server.rx)]
        never = host.call("subscribe-duration", 0)
        assert kept([*pollables, never]) == [2]
        write(host, client.tx, b"x")
        wait_ready(host, server.rx, "input-stream")
        assert kept([*pollables, never]) == [1, 2]
        descriptors.add(host.engine.table[client.socket].sock.fileno())  # type: ignore[attr-defined]
        drop_all(host, *pollables, never, *reversed(client), *reversed(server))
    assert len(descriptors) < 5


def test_a_closed_descriptor_with_pending_bytes_is_not_confused(host: NativeHost) -> None:
    for _ in range(3):
        client, peer = connected_to_peer(host)
        while permit := need(host.call("output-stream.check-write", client.tx)):
            need(host.call("output-stream.write", client.tx, bytes(permit)))
        drop_all(host, client.rx, client.tx, client.socket)
        assert host.engine.pending
        peer.close()
        assert host.engine.drain(SECONDS)
    assert not host.engine.poller.extra


# Wakes


class Gate:
    """A resolver that answers when it is told to."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def __call__(self, name: str) -> list[Found]:
        assert self.open.wait(SECONDS)
        return [(4, "127.0.0.1")]


@pytest.mark.parametrize("how", ["block", "poll", "poll of one", "kept"])
def test_a_lookup_wakes_every_wait(make_host: Callable[..., NativeHost], how: str) -> None:
    gate = Gate()
    host = make_host(resolver=gate)
    lookup = need(host.call("resolve-addresses", host.call("instance-network"), "name.test"))
    pollable = host.call("resolve-address-stream.subscribe", lookup)
    far = host.call("subscribe-duration", SECONDS * 10**9)
    if how == "kept":
        for _ in range(3):
            assert host.engine.poller.poll([pollable, far], host.engine.os.monotonic()) == []
    threading.Timer(0.02, gate.open.set).start()
    if how == "block":
        host.call("pollable.block", pollable)
    elif how == "poll of one":
        assert host.call("poll", [pollable]) == [0]
    else:
        assert host.call("poll", [pollable, far]) == [0]
    assert isinstance(need(host.call("resolve-address-stream.resolve-next-address", lookup)), Some)


@pytest.mark.parametrize("taken_by", ["resolve-next-address", "handles", "ready"])
def test_an_answer_that_another_call_took_is_still_seen_by_the_kept_set(
    make_host: Callable[..., NativeHost], taken_by: str
) -> None:
    gate = Gate()
    host = make_host(resolver=gate)
    lookup = need(host.call("resolve-addresses", host.call("instance-network"), "name.test"))
    pollable = host.call("resolve-address-stream.subscribe", lookup)
    short = host.call("subscribe-duration", 10**7)
    for _ in range(3):
        host.engine.poller.poll([pollable, short], host.engine.os.monotonic())
    gate.open.set()
    for thread in threading.enumerate():
        if thread.name.startswith("lookup "):
            thread.join(SECONDS)
    if taken_by == "handles":
        list(host.handles())
    elif taken_by == "ready":
        assert host.call("pollable.ready", pollable)
    else:
        need(host.call("resolve-address-stream.resolve-next-address", lookup))
    host.call("pollable.block", short)
    assert host.call("poll", [pollable, short]) == [0, 1]


@pytest.mark.parametrize("member", ["bind", "listen", "connect"])
def test_a_permission_wakes_a_wait(make_host: Callable[..., NativeHost], member: str) -> None:
    asker = Asker()
    host = make_host(asking_policy(asker))
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = bound(host) if member == "listen" else need(host.call("create-tcp-socket", "ipv4"))
        net = host.call("instance-network")
        asker.hold = True
        address = loopback(0 if member == "bind" else server.getsockname()[1])
        need(host.call(f"tcp-socket.start-{member}", sock, *(() if member == "listen" else (net, address))))
        pollable = host.call("tcp-socket.subscribe", sock)
        assert host.call("pollable.ready", pollable) is False
        threading.Timer(0.02, asker.answer).start()
        assert wait_any(host, [pollable]) == [0]
        need(host.call(f"tcp-socket.finish-{member}", sock))


def test_a_permission_that_finish_took_is_still_seen_by_the_kept_set(make_host: Callable[..., NativeHost]) -> None:
    asker = Asker()
    asker.hold = True
    host = make_host(asking_policy(asker))
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = need(host.call("create-tcp-socket", "ipv4"))
        need(
            host.call(
                "tcp-socket.start-connect",
                sock,
                host.call("instance-network"),
                loopback(server.getsockname()[1]),
            )
        )
        pollable = host.call("tcp-socket.subscribe", sock)
        far = host.call("subscribe-duration", SECONDS * 10**9)
        for _ in range(3):
            host.engine.poller.poll([pollable, far], host.engine.os.monotonic())
        asker.answer()
        host.call("pollable.ready", pollable)
        assert host.call("poll", [pollable, far]) == [0]


def test_dropping_what_waits_for_a_permission_gives_its_wake_up(make_host: Callable[..., NativeHost]) -> None:
    asker = Asker()
    asker.hold = True
    host = make_host(asking_policy(asker))
    net = host.call("instance-network")
    sock = need(host.call("create-tcp-socket", "ipv4"))
    need(host.call("tcp-socket.start-bind", sock, net, loopback()))
    lookup = need(host.call("resolve-addresses", net, "name.test"))
    assert host.engine.poller.extra
    host.drop(sock)
    host.drop(lookup)
    assert not host.engine.poller.extra
    asker.answer()
    assert wait_any(host, [host.call("subscribe-duration", 0)]) == [0]


def test_an_asker_that_fails_leaves_nothing_behind(make_host: Callable[..., NativeHost]) -> None:
    def asker(*_: Any) -> None:
        raise RuntimeError("no terminal")

    from wasinet.engine.policy import Policy

    host = make_host(Policy(asker=asker))
    net = host.call("instance-network")
    with pytest.raises(RuntimeError):
        host.call("resolve-addresses", net, "name.test")
    assert list(host.engine.table) == [net]
    assert not host.engine.poller.extra


def test_a_wake_after_the_end_writes_nowhere(make_host: Callable[..., NativeHost]) -> None:
    gate = Gate()
    host = make_host(resolver=gate)
    need(host.call("resolve-addresses", host.call("instance-network"), "name.test"))
    host.close()
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    gate.open.set()
    for thread in threading.enumerate():
        if thread.name.startswith("lookup "):
            thread.join(SECONDS)
    with pytest.raises(BlockingIOError):
        os.read(reader, 1)
    os.close(reader)
    os.close(writer)


def test_no_descriptor_for_an_epoll(make_host: Callable[..., NativeHost]) -> None:
    class Poor(Os):
        @staticmethod
        def make_kept() -> Kept:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    host = make_host(os=Poor())
    pollables = [host.call("subscribe-duration", wait) for wait in (0, 60_000_000_000)]
    # The second time the same list would go to a kept set.
    assert [host.call("poll", pollables) for _ in range(3)] == [[0]] * 3


def test_what_was_waited_for_last_is_looked_at_again_once_it_has_changed(host: NativeHost) -> None:
    reader, writer = socket.socketpair()

    class Changing(Resource):
        kind = "changing"
        done = False

        def interest(self) -> Interest:
            return READY if self.done else (reader.fileno(), READ)

        def settle(self) -> bool:
            return reader.recv(1) == b"x"

    resource = Changing(host.engine)
    with reader, writer:
        for _ in range(2):
            writer.send(b"x")
            assert host.engine.wait(resource)
        # Nothing arrives any more: the wait from before would never end.
        resource.done = True
        resource.touch()
        assert host.engine.wait(resource)
