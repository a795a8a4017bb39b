"""The guest host: a component runs, and the engine answers its imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wasmtime import Store, WasmtimeError
from wasmtime.component import Func

from wasinet import wit
from wasinet.engine.faults import Trap
from wasinet.engine.policy import GUEST, Policy
from wasinet.hosts.component import Component, Import, NotRunnable, cause_of
from wasinet.hosts.component_linker import Imports, import_name
from wasinet.hosts.native import NativeHost
from wasinet.oscalls import Found, Os
from wasinet.oscalls.interruptible import checkpoint
from wasinet.oscalls.signals import SignalWatch
from wasinet.wit.data import Data
from wasinet.wit.types import Resource

__all__ = ["TRANSFER_LIMIT", "GuestHost", "Limits", "world_of"]

TRANSFER_LIMIT = 64 * 1024
"""Bytes of one read and one permit: what crosses to a component takes 32 times its size on the way."""


class Limits(Data):
    """What a guest may use.

    Args:
        memory: bytes of each of its memories.
        fuel: how many instructions, roughly; None for any number.
    """

    memory: int = 1 << 30
    fuel: int | None = None


def world_of(component: Component) -> str:
    """The world that a component is written for: the draft's interfaces have plain names."""
    draft = wit.load("draft")
    return "draft" if next(component.answered(draft), None) is not None else "0.2"


class GuestHost(NativeHost):
    """The native host with a component on it.

    Args:
        component: what runs.
        policy: of the default network.
        limits: of memory and computation.
        os: the operating system, or a stand-in.
        resolver: how names are looked up, see ``Os.look_up``.

    Raises:
        NotRunnable: it imports what this host does not have, or exports nothing to run.
    """

    def __init__(
        self,
        component: Component,
        policy: Policy = GUEST,
        limits: Limits = Limits(),  # noqa: B008  # immutable
        os: Os | None = None,
        resolver: Callable[[str], list[Found]] | None = None,
    ) -> None:
        super().__init__(policy, os, resolver, world_of(component))
        self.engine.chunk = TRANSFER_LIMIT
        self._component = component
        self._limits = limits
        self._answered: list[Import] = list(component.answered(self.world))
        missing = component.missing(self._answered)
        if missing:
            raise NotRunnable(f"{component.path} imports {missing}, which this host does not have")
        self._export = _entry(component)

    def run(self) -> int:
        """Run the component's ``wasi:cli/run``; once.

        Returns:
            The exit code: 0, or 1 where ``run`` gives an error.

        Raises:
            Trap: of the guest's own, or of ours where it broke a rule. The guest's backtrace is a note of it.
            BaseException: what ended a call that the guest was in: an interruption.
        """
        engine = self._component.engine
        store = Store(engine)
        imports = Imports(store)
        try:
            store.set_limits(memory_size=self._limits.memory)
            store.set_epoch_deadline(1)
            if self._limits.fuel is not None:
                store.set_fuel(self._limits.fuel)
            for found in self._answered:
                self._answer(imports, found)
            with SignalWatch(engine.increment_epoch):
                # One that came before the watch would be noticed by nobody.
                checkpoint()
                try:
                    instance = imports.instantiate(self._component.compiled)
                    function = self._find(instance, store)
                    outcome = function(store)
                except WasmtimeError as error:
                    raise self._ended(imports.raised, error) from None
            return 0 if outcome is None or getattr(outcome, "tag", "ok") == "ok" else 1
        finally:
            store.close()
            imports.close()

    def _answer(self, imports: Imports, found: Import) -> None:
        keys = {function.qualified: key for key, function in self.world.functions.items()}
        functions = [
            (function, self._calls[keys[function.qualified]])
            for function in found.interface.functions
            if import_name(function) in found.functions
        ]
        resources = {name: self.drop for name, type_ in found.interface.types.items() if isinstance(type_, Resource)}
        imports.interface(found.name, functions, resources)

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
        cause = cause_of(error).removeprefix("wasm trap: ")
        if cause == "interrupt":
            # The signal's own exception comes as soon as this code is left.
            return KeyboardInterrupt()
        if cause.startswith("all fuel consumed"):
            cause = f"it used up its fuel of {self._limits.fuel} (--fuel)"
        trap = Trap(f"the guest stopped: {cause}")
        trap.add_note(str(error))
        return trap


def _entry(component: Component) -> tuple[str, ...]:
    """The path of the export to call: that of ``wasi:cli/run``, or a plain function ``run``."""
    for name in component.exports:
        if name == "wasi:cli/run" or name.startswith("wasi:cli/run@0.2."):
            return (name, "run")
    if "run" in component.exports:
        return ("run",)
    raise NotRunnable(f"{component.path} exports no wasi:cli/run@0.2, so there is nothing to run")
