"""The guest host: a component runs, and the engine answers its imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wasmtime import Store, WasmtimeError
from wasmtime.component import Func

from wasinet import wit
from wasinet.engine.draining import Undelivered
from wasinet.engine.engine import Operation
from wasinet.engine.faults import Trap
from wasinet.engine.policy import GUEST, Policy
from wasinet.engine.program import Exit, Program
from wasinet.engine.records import Reader
from wasinet.hosts.components.component import Component, Import, NotRunnable, cause_of
from wasinet.hosts.components.imports import Imports, import_name
from wasinet.hosts.limits import Limits, refusal
from wasinet.hosts.memories import REFUSED
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import Found, Os
from wasinet.oscalls.interruption import checkpoint
from wasinet.oscalls.memory import GrowthWatch
from wasinet.oscalls.signals import SignalWatch
from wasinet.wit.declare import Function
from wasinet.wit.types import Resource
from wasinet.wit.values import Value

_COMMAND = "0.2-command"

Resolver = Callable[[str], list[Found]]

__all__ = ["DATAGRAM_LIMIT", "TRANSFER_LIMIT", "GuestHost", "world_of"]

TRANSFER_LIMIT = 64 * 1024
"""Bytes of one read and of one permit of a connection."""

DATAGRAM_LIMIT = 16
"""Datagrams of one receive and one permit, as many as Wasmtime permits.

Wasmtime lifts at most 128 MiB of values in one call, and a byte of a list takes 48 there, so 64 datagrams of
65,507 bytes would trap.
"""

# What Wasmtime says where the values of one call are too large: 128 MiB, and an element of a list counts 48 bytes.
_LIFTED = "fuel allocated for hostcalls"
_LIFTED_BYTES = (128 << 20) // 48

# What the values of one call on their way take here at the most.
_VALUES = 512 * 1024 * 1024


def world_of(component: Component) -> str:
    """The world that a component is written for: the draft's interfaces have plain names."""
    return "draft" if next(component.answered(wit.load("draft")), None) is not None else _COMMAND


class _ProgramHost(NativeHost):
    """The native host in the world of commands.

    Args:
        program: what the component is given.
        others: as for ``NativeHost``.
    """

    def __init__(
        self, program: Program, policy: Policy, limits: Limits, os: Os | None, resolver: Resolver | None, world: str
    ) -> None:
        self._program = program
        self._limits = limits
        super().__init__(policy, os, resolver, world)
        self.engine.chunk = TRANSFER_LIMIT
        self.engine.batch = DATAGRAM_LIMIT

    def _operations_of(self, binding: Any) -> dict[str, Operation]:
        if binding.WORLD.name == _COMMAND:
            found: dict[str, Operation] = binding.operations(self.engine, self._program)
            return found
        return super()._operations_of(binding)

    def answers(self, found: Import) -> tuple[list[tuple[Function, Operation]], dict[str, Callable[[int], None]]]:
        """What an imported interface is answered with: its functions, and its resources' drops."""
        keys = {function.qualified: key for key, function in self.world.functions.items()}
        functions = [
            (function, self._limited(self._calls[keys[function.qualified]]))
            for function in found.interface.functions
            if import_name(function) in found.functions
        ]
        resources: dict[str, Callable[[int], None]] = {
            name: self._dropped for name, type_ in found.interface.types.items() if isinstance(type_, Resource)
        }
        return functions, resources

    def _dropped(self, handle: int) -> None:
        """Drop as the host does at the time of the call, which depends on who reads the records."""
        self.drop(handle)

    def _limited(self, operation: Operation) -> Operation:
        """An operation after which the guest may hold no more than its limits allow."""
        limits, engine = self._limits, self.engine
        table, handles, queued = engine.table, limits.handles, limits.queued

        def call(*arguments: Value) -> Value:
            value = operation(*arguments)
            if len(table) > handles or engine.queued > queued:
                over = "handles" if len(table) > handles else "queued"
                raise Trap(limits.exceeded(over))
            return value

        return call


class GuestHost(_ProgramHost):
    """The native host with a component on it.

    A component of the draft that also imports ``wasi:`` interfaces, as today's toolchains make them all,
    has those answered by a second host with handles of its own.

    Args:
        component: what runs.
        program: what it is given.
        policy: of the default network.
        limits: of all that it can use up.
        os: the operating system, or a stand-in.
        resolver: how names are looked up, see ``Os.look_up``.

    Raises:
        NotRunnable: it imports what this host does not have, or exports nothing to run.
    """

    def __init__(
        self,
        component: Component,
        program: Program = Program(),  # noqa: B008  # immutable
        policy: Policy = GUEST,
        limits: Limits = Limits(),  # noqa: B008  # immutable
        os: Os | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        world = world_of(component)
        answered = {name: list(component.answered(wit.load(name))) for name in dict.fromkeys((world, _COMMAND))}
        missing = component.missing([found for imports in answered.values() for found in imports])
        if missing:
            raise NotRunnable(f"{component.path} imports {missing}, which this host does not have")
        self._export = component.entry()
        super().__init__(program, policy, limits, os, resolver, world)
        self._component = component
        self._hosts: list[tuple[_ProgramHost, list[Import]]] = [(self, answered[world])]
        if world != _COMMAND and answered[_COMMAND]:
            try:
                beside = _ProgramHost(program, policy, limits, os, resolver, _COMMAND)
            except OSError:
                self.close()
                raise
            # One guest, one network: what a lookup gave counts for the sockets of both.
            beside.engine.domain = self.engine.domain
            self._hosts.append((beside, answered[_COMMAND]))

    def attach(self, reader: Reader) -> None:
        super().attach(reader)
        for host, _ in self._hosts[1:]:
            host.attach(reader)

    def detach(self, reader: Reader) -> None:
        super().detach(reader)
        for host, _ in self._hosts[1:]:
            host.detach(reader)

    def close(self, timeout: float = 0.0) -> bool:
        deadline = self.engine.os.monotonic() + timeout
        delivered = True
        try:
            for host, _ in self._hosts[1:]:
                delivered &= host.close(timeout)
        finally:
            delivered &= super().close(max(0.0, deadline - self.engine.os.monotonic()))
        return delivered

    @property
    def undelivered(self) -> list[Undelivered]:
        """What the guest had written and ``close`` could not deliver."""
        return [lost for host, _ in self._hosts for lost in host.engine.undelivered]

    def run(self) -> int:
        """Run the component's ``wasi:cli/run``; once.

        Returns:
            The exit code: its own, or of ``run`` 0, and 1 where that gives an error.

        Raises:
            NotRunnable: what it imports has another type here.
            Trap: of the guest's own, or of ours where it broke a rule. The guest's backtrace is a note of it.
            BaseException: what ended a call that the guest was in: an interruption.
        """
        engine = self._component.engine
        limits, memories = self._limits, self._component.memories
        memories.begin(limits.memory)
        self._growth = GrowthWatch(self._accounted, limits.uncounted + _VALUES, engine.increment_epoch)
        store = Store(engine)
        imports = Imports(store)
        try:
            store.set_limits(
                table_elements=limits.table_elements,
                instances=limits.instances,
                tables=limits.tables,
                memories=limits.memories,
            )
            store.set_epoch_deadline(1)
            if limits.fuel is not None:
                store.set_fuel(limits.fuel)
            for host, answered in self._hosts:
                for found in answered:
                    imports.interface(found.name, *host.answers(found))
            with SignalWatch(engine.increment_epoch), self._growth:
                # One that came before the watch would be noticed by nobody.
                checkpoint()
                try:
                    instance = imports.instantiate(self._component.compiled)
                    function = self._find(instance, store)
                    outcome = function(store)
                except WasmtimeError as error:
                    if isinstance(imports.raised, Exit):
                        return imports.raised.code
                    raise self._ended(imports.raised, error) from None
            return 0 if outcome is None or getattr(outcome, "tag", "ok") == "ok" else 1
        finally:
            store.close()
            imports.close()
            memories.release()

    def _find(self, instance: Any, store: Store) -> Func:
        at = None
        for name in self._export:
            at = instance.get_export_index(store, name, at)
        function: Func | None = instance.get_func(store, at)
        assert function is not None
        return function

    def _ended(self, raised: BaseException | None, error: WasmtimeError) -> BaseException:
        """What a component's end means to the caller."""
        if raised is not None:
            if isinstance(raised, Exception):
                raised.add_note(str(error))
            return raised
        if str(error).startswith("component imports "):
            return NotRunnable(f"{self._component.path} does not fit this host: {' '.join(str(error).split())}")
        cause = cause_of(error).removeprefix("wasm trap: ")
        if cause == "interrupt" and self._growth.exceeded:
            return Trap(f"{self._limits.exceeded('memory')}, in handles of its own")
        if cause == "interrupt":
            checkpoint()
            return KeyboardInterrupt()
        trap = Trap(self._explained(cause))
        trap.add_note(str(error))
        return trap

    def _explained(self, cause: str) -> str:
        """Why the guest stopped, with the limit that it reached."""
        limits = self._limits
        refused = refusal(cause)
        if refused:
            return limits.exceeded(refused)
        if cause.startswith(REFUSED):
            return self.reached
        if cause.startswith("all fuel consumed"):
            cause = f"it used up its fuel of {limits.fuel} (--fuel)"
        elif _LIFTED in cause:
            cause = f"it passed more in one call than Wasmtime takes, {_LIFTED_BYTES} bytes of a list at the most"
        elif self.reached:
            # To the guest a refused growth is -1, and what it does about that is its own.
            cause = f"{cause}; {self.reached}"
        return f"the guest stopped: {cause}"

    def _accounted(self) -> int:
        """Bytes that the guest has within limits of their own."""
        return self._component.memories.total + sum(host.engine.queued for host, _ in self._hosts)

    @property
    def reached(self) -> str:
        """What to say of a growth of memory that a limit refused; empty for none."""
        return self._limits.exceeded("memory") if self._component.memories.refused else ""
