"""Random lists of pollables against a model that knows what is ready."""

from __future__ import annotations

import contextlib
import threading

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support import (
    SECONDS,
    Connection,
    address_of,
    connect,
    connected_pair,
    listening,
    loopback,
    need,
    port_of,
    wait_ready,
    write,
)
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import Found

FAR = 10**13


class Thing:
    """A resource whose readiness the test knows and can turn."""

    kind = ""

    def __init__(self, host: NativeHost) -> None:
        self.host = host
        self.ready = False
        self.handle = 0

    def turn(self) -> None:
        """Make it ready, or not ready any more."""

    def subscribe(self) -> int:
        pollable: int = self.host.call(f"{self.kind}.subscribe", self.handle)
        return pollable


class Stream(Thing):
    kind = "input-stream"

    def __init__(self, host: NativeHost, own: Connection, other: Connection) -> None:
        super().__init__(host)
        self.handle = own.rx
        self._other = other

    def turn(self) -> None:
        if self.ready:
            assert need(self.host.call("input-stream.read", self.handle, 100)) == b"x"
        else:
            write(self.host, self._other.tx, b"x")
            wait_ready(self.host, self.handle, self.kind)
        self.ready = not self.ready


class Writable(Thing):
    kind = "output-stream"

    def __init__(self, host: NativeHost, own: Connection) -> None:
        super().__init__(host)
        self.handle = own.tx
        self.ready = True


class Listener(Thing):
    kind = "tcp-socket"

    def __init__(self, host: NativeHost) -> None:
        super().__init__(host)
        self.handle = listening(host)
        self._port = port_of(address_of(host, self.handle))

    def turn(self) -> None:
        if self.ready:
            accepted = need(self.host.call("tcp-socket.accept", self.handle))
            for handle in reversed(accepted):
                self.host.drop(handle)
        else:
            client = connect(self.host, loopback(self._port))
            wait_ready(self.host, self.handle, self.kind)
            for handle in reversed(client):
                self.host.drop(handle)
        self.ready = not self.ready


class Lookup(Thing):
    kind = "resolve-address-stream"

    def __init__(self, host: NativeHost, gates: dict[str, threading.Event], name: str) -> None:
        super().__init__(host)
        self._gate = gates[name] = threading.Event()
        self.handle = need(host.call("resolve-addresses", host.call("instance-network"), name))

    def turn(self) -> None:
        if not self.ready:
            self._gate.set()
            wait_ready(self.host, self.handle, self.kind)
            self.ready = True


class Timer(Thing):
    def __init__(self, host: NativeHost, *, ready: bool) -> None:
        super().__init__(host)
        self.ready = ready

    def subscribe(self) -> int:
        pollable: int = self.host.call("subscribe-duration", 0 if self.ready else FAR)
        return pollable


class Polling(RuleBasedStateMachine):
    """Adds, drops and polls; every poll must give exactly what the model says, on either path."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: dict[str, threading.Event] = {}
        self.host = NativeHost(resolver=self.resolve)
        own, other = connected_pair(self.host)
        self.things: list[Thing] = [
            Stream(self.host, own, other),
            Stream(self.host, other, own),
            Writable(self.host, own),
            Listener(self.host),
            Lookup(self.host, self.gates, "first.test"),
            Lookup(self.host, self.gates, "second.test"),
            Timer(self.host, ready=True),
            Timer(self.host, ready=False),
        ]
        self.pollables: dict[int, Thing] = {}
        self.last: list[int] = []
        self.always = self.host.call("subscribe-duration", 0)

    def resolve(self, name: str) -> list[Found]:
        self.gates[name].wait(SECONDS)
        return [(4, "127.0.0.1")]

    def teardown(self) -> None:
        for gate in self.gates.values():
            gate.set()
        self.host.close()
        for thread in threading.enumerate():
            if thread.name.startswith("lookup "):
                thread.join(SECONDS)

    @rule(index=st.integers(0, 7), count=st.sampled_from([1, 1, 1, 5, 20]))
    def subscribe(self, index: int, count: int) -> None:
        for _ in range(count):
            self.pollables[self.things[index].subscribe()] = self.things[index]

    @precondition(lambda self: self.pollables)
    @rule(place=st.integers(0, 10**6), again=st.booleans())
    def drop(self, place: int, again: bool) -> None:
        handle = sorted(self.pollables)[place % len(self.pollables)]
        thing = self.pollables.pop(handle)
        self.host.drop(handle)
        self.last = [other for other in self.last if other != handle]
        if again:
            self.pollables[thing.subscribe()] = thing

    @rule(index=st.integers(0, 7))
    def turn(self, index: int) -> None:
        self.things[index].turn()

    @rule(index=st.integers(0, 7))
    def look(self, index: int) -> None:
        """What only looks must not change what a poll finds."""
        list(self.host.handles())

    @precondition(lambda self: self.pollables)
    @rule(places=st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
    def poll_some(self, places: list[int]) -> None:
        handles = sorted(self.pollables)
        self.check([handles[place % len(handles)] for place in places])

    @precondition(lambda self: self.pollables)
    @rule(times=st.integers(1, 3))
    def poll_everything(self, times: int) -> None:
        for _ in range(times):
            self.check(sorted(self.pollables))

    @precondition(lambda self: self.last)
    @rule()
    def poll_again(self) -> None:
        self.check(self.last)

    @precondition(lambda self: self.last)
    @rule(place=st.integers(0, 10**6), extra=st.booleans())
    def poll_with_one_changed(self, place: int, extra: bool) -> None:
        handles = list(self.last)
        if extra:
            handles.append(sorted(self.pollables)[place % len(self.pollables)])
        elif len(handles) > 1:
            del handles[place % len(handles)]
        self.check(handles)

    def check(self, handles: list[int]) -> None:
        self.last = handles
        expected = [index for index, handle in enumerate(handles) if self.pollables[handle].ready]
        poller = self.host.engine.poller
        # With a deadline of now, so that nothing ready is no reason to wait.
        now = self.host.engine.os.monotonic()
        assert poller.poll(handles, now) == expected
        assert poller._poll_fresh(list(handles), now) == expected
        with_timer = [*handles, self.always]
        assert self.host.call("poll", with_timer) == [*expected, len(handles)]
        if expected:
            assert self.host.call("poll", handles) == expected

    @invariant()
    def each_pollable_agrees(self) -> None:
        for handle, thing in list(self.pollables.items())[:10]:
            assert self.host.call("pollable.ready", handle) == thing.ready


with contextlib.suppress(AttributeError):
    Polling.TestCase.settings = settings(stateful_step_count=40)
TestPolling = Polling.TestCase
