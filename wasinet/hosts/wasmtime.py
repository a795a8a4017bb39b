"""The Wasmtime host: Wasmtime's own ``wasi:sockets@0.2``, in this process.

Its handles live in one instance of the forwarder, as a guest's do, and have numbers of ours outside.
What the component model itself forbids (a handle that is not there, or of another type) traps here;
all else is for Wasmtime to decide. A trap in Wasmtime ends the instance and everything in it, and a
new instance takes its place.

Streams over descriptors of this process are those of a native host beside it, whose handles are
numbered together with these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from os import strerror
from time import monotonic

from wasinet import wit
from wasinet.engine.faults import Trap, code_of
from wasinet.engine.names import is_local, loosely
from wasinet.hosts import HandleInfo, HostError
from wasinet.hosts.abi import Arguments, loader
from wasinet.hosts.beside import Beside
from wasinet.hosts.blocking import Blocking
from wasinet.hosts.expected import Entry, Watch, watch_of
from wasinet.hosts.forwarder import BASE, drop_export, export_name, result_base
from wasinet.hosts.recording import Recording, drop_function
from wasinet.hosts.runtime import MISSING, Instance, RuntimeTrap, runtime_version
from wasinet.hosts.slices import Slices, poll
from wasinet.oscalls.interruption import PENDING, checkpoint
from wasinet.wit import DEFAULT_WORLD
from wasinet.wit.addresses import show_address
from wasinet.wit.declare import Function
from wasinet.wit.types import Borrow, resolve
from wasinet.wit.values import Case, Err, Ok, Value

__all__ = ["WasmtimeHost"]

_ERRNO = re.compile(r"os error (\d+)")


def _nobody(handle: int) -> None:
    """Follows no handles."""


_INDEX = Arguments([wit.load("0.2").functions["pollable.ready"].arguments[0][1]], BASE).pack
_LOOPBACK = {"port": 0, "address": (127, 0, 0, 1)}

Operation = Callable[..., Value]


class _Operations(dict[str, Operation]):
    """What answers each function, made when it is first called."""

    def __init__(self, make: Callable[[str], Operation]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: str) -> Operation:
        operation = self[key] = self._make(key)
        return operation


class WasmtimeHost(Recording):
    """See ``Host``. ``state`` gives the expected state (``wasinet.hosts.expected``).

    Attributes:
        operations: what answers each function, unrecorded.
        raw: what forwards it as it is, blocking functions included.
        pollables: their indexes in the instance, by handle.
        last_handle: the newest number.
        changed: told of handles, see ``Host.follow``.

    Raises:
        HostError: there is no Wasmtime that can be used.
    """

    name = "wasmtime"
    state_word = "expected state"
    missing: Collection[str] = MISSING

    def __init__(self, world: str = DEFAULT_WORLD) -> None:
        self.world = wit.load(world)
        self._table: dict[int, Entry] = {}
        self.pollables: dict[int, int] = {}
        self.last_handle = 0
        self.changed: Callable[[int], None] = _nobody
        self._lost = 0
        self._born: list[Entry] = []
        self._beside = Beside(self)
        self._blocking = Blocking(self)
        self.operations = _Operations(self._operation)
        self.raw = _Operations(self._forwarded)
        super().__init__(self.operations, monotonic)
        self._begin()
        self._check_network()

    # What runs the forwarder; another one answers the same component's imports with something else.
    new_instance: Callable[[], Instance] = Instance

    def _begin(self) -> None:
        self._instance = self.new_instance()
        self._slices = Slices(self._instance)
        self._poll = self._instance.function("poll-poll")

    def _check_network(self) -> None:
        """Raise HostError if this Wasmtime denies sockets in spite of what it was granted, as it does from 48 on."""
        outcome = self.operations["create-tcp-socket"]("ipv4")
        if isinstance(outcome, Ok):
            network, address = self.operations["instance-network"](), Case("ipv4", _LOOPBACK)
            outcome = self.operations["tcp-socket.start-bind"](outcome.value, network, address)
            for handle in list(self._table):
                self.dispose(handle)
            self.last_handle = 0
        if isinstance(outcome, Err) and outcome.value in ("access-denied", "not-supported"):
            self.close()
            raise HostError(f"wasmtime {runtime_version()} denies sockets to its embedder; install wasmtime 47")

    # Calls

    def _operation(self, key: str) -> Operation:
        if key == "poll":
            return self._wait_for
        if key == "output-stream.splice":
            return self._splice
        blocking = self._blocking.operations.get(key)
        if blocking is not None:
            return self._unless_beside(key, blocking)
        return self._missing(key) if key in self.missing else self.raw[key]

    def _unless_beside(self, key: str, operation: Operation) -> Operation:
        def call(handle: int, *inputs: Value) -> Value:
            if self._beside.has(handle, *inputs[:1] if key.endswith("splice") else ()):
                return self._beside.call(key, handle, *inputs)
            return operation(handle, *inputs)

        return call

    def _missing(self, key: str) -> Operation:
        def call(*_: Value) -> Value:
            raise Trap(f"{key} is not there: Wasmtime {runtime_version()} does not link it")

        return call

    def _forwarded(self, key: str) -> Operation:
        """What forwards the calls of a function as they are."""
        function = self.world.functions[key]
        forward = self._instance.function(export_name(function))
        arguments = Arguments([type_ for _, type_ in function.arguments], BASE)
        pack = arguments.pack_plain if arguments.plain else arguments.pack
        load = None if function.result is None else loader(function.result)
        watch = self._watch_of(function)
        table, born, enter = self._table, self._born, self._enter

        def finish(block: bytes, receiver: Entry | None, inputs: tuple[Value, ...]) -> Value:
            try:
                result = forward(block)
            except RuntimeTrap as trap:
                raise self._ended(trap, function) from None
            if load is None:
                return None
            outcome = load(result, 0, result_base(len(block)), enter)
            if born:
                self._adopt(receiver)
                born.clear()
            if watch is not None and receiver is not None:
                watch(receiver, inputs, outcome)
                # What a stream tells of its connection moves the socket.
                for entry in filter(None, (receiver, receiver.parent)):
                    self.changed(entry.handle)
            return outcome

        borrowed = [
            (number, type_.resource.name)
            for number, (_, declared) in enumerate(function.params)
            if isinstance(type_ := resolve(declared), Borrow)
        ]
        if function.resource is None:

            def call_free(*inputs: Value) -> Value:
                if PENDING:
                    checkpoint()
                return finish(pack(*self._indexes(inputs, borrowed)), None, inputs)

            return call_free if key != "resolve-addresses" else self._named(call_free)
        kind = function.resource.name

        def call(handle: int, *inputs: Value) -> Value:
            if PENDING:
                checkpoint()
            entry = table.get(handle)
            if entry is None or entry.kind != kind:
                return self._elsewhere(key, kind, handle, inputs)
            values = self._indexes(inputs, borrowed) if borrowed else inputs
            return finish(pack(entry.index, *values), entry, inputs)

        return call

    def _watch_of(self, function: Function) -> Watch | None:
        watch = watch_of(function, self.world.machines)
        if str(function.err) != "stream-error" or watch is None:
            return watch

        def watch_stream(entry: Entry, inputs: tuple[Value, ...], outcome: Value) -> None:
            watch(entry, inputs, outcome)
            if outcome.__class__ is Err and outcome.value.payload is not None:
                self._say(outcome, function.member)

        return watch_stream

    def _named(self, call: Operation) -> Operation:
        def resolve_addresses(network: int, name: str) -> Value:
            if is_local(loosely(name)):
                # Wasmtime hands these to the system's resolver, which asks the name server.
                self._indexes((network,), [(0, "network")])
                return self._beside.look_up(name)
            outcome = call(network, name)
            if isinstance(outcome, Ok):
                entry = self._table[outcome.value]
                entry.remote, entry.state = name, "in progress"
            return outcome

        return resolve_addresses

    def _say(self, outcome: Err, member: str) -> None:
        """Why a stream failed: Wasmtime says it beside the error, so that people need not ask."""
        text = self.operations["error.to-debug-string"](outcome.value.payload)
        found = _ERRNO.search(text)
        outcome.errno = int(found[1]) if found else None
        code = code_of(member, outcome.errno)
        outcome.reason = f"{code}: {text if found is None else strerror(int(found[1]))}"
        self._table[outcome.value.payload].state = "" if found is None else code

    # Handles

    def _enter(self, kind: str, index: int) -> int:
        """Give a new handle of the instance its number."""
        self.last_handle = handle = self.last_handle + 1
        entry = self._table[handle] = Entry(handle, kind, index, monotonic())
        if kind == "pollable":
            self.pollables[handle] = index
        elif kind in self.world.machines:
            entry.state = self.world.machines[kind].initial
        elif kind in ("input-stream", "output-stream"):
            entry.state, entry.count = "open", 0
        self._born.append(entry)
        self.changed(handle)
        return handle

    def _adopt(self, receiver: Entry | None) -> None:
        """The handles that a call gave are its receiver's, or those of the connection that is among them."""
        machines = self.world.machines
        owner = next((entry for entry in self._born if entry.kind in machines), receiver)
        for entry in self._born:
            if entry is not owner and entry.kind != "error":
                entry.parent = owner
                if owner is not None:
                    entry.created = owner.created
            elif receiver is not None and entry is owner:
                entry.state = machines[entry.kind].accepted or entry.state

    def _indexes(self, values: tuple[Value, ...], borrowed: list[tuple[int, str]]) -> list[Value]:
        """The values with the handles among them as the instance knows them."""
        found = list(values)
        for number, kind in borrowed:
            entry = self._table.get(values[number])
            if entry is None or entry.kind != kind:
                raise self.wrong(values[number], kind)
            found[number] = entry.index
        return found

    def _elsewhere(self, key: str, kind: str, handle: int, inputs: tuple[Value, ...]) -> Value:
        """A method of what is not in the instance: of a stream over a descriptor, or of nothing."""
        if self._beside.has(handle):
            return self._beside.call(key, handle, *inputs)
        raise self.wrong(handle, kind)

    def kind(self, handle: int) -> str:
        entry = self._table.get(handle)
        return self._beside.kind(handle) if entry is None else entry.kind

    def follow(self, changed: Callable[[int], None]) -> None:
        self.changed = changed
        self._beside.follow(changed)

    def wrong(self, handle: object, kind: str) -> Trap:
        """The trap of the component model for a handle that is not there or of another type."""
        if isinstance(handle, int):
            found = self.kind(handle)
            if found:
                return Trap(f"#{handle} is a {found}, not a {kind}")
            if 0 < handle <= self._lost:
                return Trap(f"#{handle} is gone: a trap ended the instance that it was in")
            if 0 < handle <= self.last_handle:
                return Trap(f"#{handle} was dropped and may not be used any more")
        return Trap(f"#{handle} is no handle of this session")

    def _ended(self, trap: RuntimeTrap, function: Function) -> Trap:
        """Begin anew after a trap; gives what to raise."""
        lost = list(self._table)
        gone = len(lost)
        self._close_instance()
        for handle in lost:
            self.changed(handle)
        self._lost = self.last_handle
        self._begin()
        left = (
            f"; Wasmtime ended the instance, so {'its one handle is' if gone == 1 else f'its {gone} handles are'} gone"
        )
        return Trap(trap.text + (left if gone else ""), f"Wasmtime {runtime_version()}, {function.name}", ended=True)

    def _close_instance(self) -> None:
        self.operations.clear()
        self.raw.clear()
        self._table.clear()
        self.pollables.clear()
        self._instance.close()

    def drop(self, handle: int) -> None:
        if self._readers:
            self._record(drop_function(self.kind(handle) or "resource"), self.dispose, (handle,))
        else:
            self.dispose(handle)

    def dispose(self, handle: int) -> None:
        """Drop a handle, of which no reader is told."""
        entry = self._table.get(handle)
        if entry is None:
            if not self._beside.has(handle):
                raise self.wrong(handle, "resource")
            self._beside.run(lambda native: native.drop(handle))
            return
        try:
            self._instance.function(drop_export(entry.kind))(_INDEX(entry.index))
        except RuntimeTrap as trap:
            raise self._ended(trap, drop_function(entry.kind)) from None
        del self._table[handle]
        self.pollables.pop(handle, None)
        self.changed(handle)

    def forget(self, handle: int) -> None:
        """Drop a handle that nobody outside was given; its number is free again if it is the newest."""
        if not self.kind(handle):
            # A trap has ended it together with what it was made for.
            return
        self.dispose(handle)
        if handle == self.last_handle:
            self.last_handle -= 1

    # Waiting

    def _wait_for(self, handles: list[int]) -> list[int]:
        """``poll``, in slices."""
        pollables = self.pollables
        try:
            indexes = [pollables[handle] for handle in handles]
        except KeyError:
            return self._beside.poll(handles)
        return self.wait_in_slices(indexes)

    def wait_in_slices(self, indexes: list[int], deadline: float | None = None) -> list[int]:
        """``poll`` by indexes of the instance, see ``Slices.wait``."""
        try:
            # Without pollables there is nothing to wait for, and Wasmtime says what it thinks of that.
            return self._slices.wait(indexes, deadline) if indexes else poll(self._poll, indexes)
        except RuntimeTrap as trap:
            raise self._ended(trap, self.world.functions["poll"]) from None

    def wait(self, handle: int, timeout: float) -> bool:
        entry = self._table.get(handle)
        if entry is None:
            return self._beside.wait(handle, timeout)
        deadline = monotonic() + timeout
        if entry.kind == "pollable":
            return bool(self.wait_in_slices([entry.index], deadline))
        subscribe = f"{entry.kind}.subscribe"
        if subscribe not in self.world.functions:
            return True
        pollable = self.operations[subscribe](handle)
        try:
            return bool(self.wait_in_slices([self.pollables[pollable]], deadline))
        finally:
            self.forget(pollable)

    def _splice(self, tx: int, rx: int, most: int) -> Value:
        here = self._beside.has(tx), self._beside.has(rx)
        if here == (False, False):
            return self.raw["output-stream.splice"](tx, rx, most)
        return (
            self._beside.call("output-stream.splice", tx, rx, most) if all(here) else self._beside.splice(tx, rx, most)
        )

    # Beside the world

    def open_input(self, fd: int, *, own: bool = False) -> int:
        handle: int = self._beside.run(lambda native: native.open_input(fd, own=own))
        return handle

    def open_output(self, fd: int, *, own: bool = False) -> int:
        handle: int = self._beside.run(lambda native: native.open_output(fd, own=own))
        return handle

    def abandon(self, handle: int) -> None:
        # Wasmtime's own streams do so when they are dropped.
        if self._beside.has(handle):
            self._beside.run(lambda native: native.abandon(handle))

    def timer(self, seconds: float) -> int:
        handle: int = self.operations["subscribe-duration"](round(seconds * 1e9))
        return handle

    def make_network(self, name: str, rules: Iterable[str]) -> int:
        raise HostError(f"the host wasmtime has no networks with rules, so {name} cannot be made; the host native has")

    def state(self, handle: int) -> str:
        entry = self._table.get(handle)
        if entry is not None:
            return entry.state
        return self._beside.state(handle)

    def handles(self) -> Iterator[HandleInfo]:
        return iter(sorted([*self._own_handles(), *self._beside.handles()], key=lambda info: info.handle))

    def _own_handles(self) -> Iterator[HandleInfo]:
        now = monotonic()
        received: dict[int, int] = {}
        sent: dict[int, int] = {}
        entries = list(self._table.values())
        for entry in entries:
            if entry.count is not None:
                side = received if entry.kind == "input-stream" else sent
                side[entry.handle] = entry.count
                if entry.parent is not None:
                    side[entry.parent.handle] = entry.count
        for entry in entries:
            local, remote = self._addresses(entry)
            parent = entry.parent
            yield HandleInfo(
                entry.handle,
                entry.kind,
                entry.state,
                local,
                remote,
                None if parent is None or parent.handle not in self._table else parent.handle,
                received.get(entry.handle),
                sent.get(entry.handle),
                now - entry.created,
            )

    def _addresses(self, entry: Entry) -> tuple[str, str]:
        """What a socket's getters say; they change nothing, so no reader is told of these calls."""
        if entry.kind not in self.world.machines:
            return "", entry.remote
        shown = []
        for side in ("local", "remote"):
            outcome = self.operations[f"{entry.kind}.{side}-address"](entry.handle)
            shown.append(show_address(outcome.value) if isinstance(outcome, Ok) else "")
        return shown[0], shown[1]

    def close(self, timeout: float = 0.0) -> bool:
        deadline = monotonic() + timeout
        try:
            delivered = self._flush(deadline)
        finally:
            self._close_instance()
            beside = self._beside.close(max(0.0, deadline - monotonic()))
        return delivered and beside

    def _flush(self, deadline: float) -> bool:
        """Wait until what was written has gone out of every stream that still lives."""
        delivered = True
        for handle, entry in list(self._table.items()):
            if entry.kind == "output-stream" and entry.state == "open" and entry.count:
                delivered = self._blocking.flushed(handle, deadline) and delivered
        return delivered
