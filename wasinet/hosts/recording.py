"""How a host's calls become records; one place for all hosts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache

from wasinet.engine.faults import Trap
from wasinet.engine.program import Exit
from wasinet.engine.records import INTERRUPTED, CallRecord, Reader, Trapped
from wasinet.wit.declare import Function, World
from wasinet.wit.types import Resource
from wasinet.wit.values import Value

__all__ = ["Recording", "drop_function"]


@cache
def drop_function(kind: str) -> Function:
    """The declaration under which the drop of a resource is recorded."""
    return Function("", f"drop {kind}", (), None, f"Dispose of the {kind}.", resource=Resource(kind))


class Recording:
    """The calls of a host, recorded while somebody reads: see ``Host.call``, ``attach``, ``detach``.

    Args:
        operations: what answers each function, by the world's key; looked up anew at each call that is recorded.
        clock: gives the seconds.
    """

    name = ""
    state_word = "state"
    missing: Collection[str] = frozenset()
    world: World

    def __init__(self, operations: Mapping[str, Callable[..., Value]], clock: Callable[[], float]) -> None:
        self._operations = operations
        self._calls = operations
        self._readers: list[Reader] = []
        self._clock = clock
        self._start = clock()

    def call(self, function: str, first: Value = ..., second: Value = ..., *rest: Value) -> Value:
        # As in the engine: a call with a star costs more than one without, and most have two arguments or fewer.
        if second is ...:
            return self._calls[function]() if first is ... else self._calls[function](first)
        return self._calls[function](first, second, *rest) if rest else self._calls[function](first, second)

    def attach(self, reader: Reader) -> None:
        self._readers.append(reader)
        self._calls = {key: self._recorded(key, function) for key, function in self.world.functions.items()}

    def detach(self, reader: Reader) -> None:
        self._readers.remove(reader)
        if not self._readers:
            self._calls = self._operations

    def state(self, handle: int) -> str:
        raise NotImplementedError

    def _recorded(self, key: str, function: Function) -> Callable[..., Value]:
        def call(*arguments: Value) -> Value:
            return self._record(function, self._operations[key], arguments)

        return call

    def _record(self, function: Function, operation: Callable[..., Value], arguments: tuple[Value, ...]) -> Value:
        handle = arguments[0] if function.receiver is not None else None
        before = self.state(handle) if handle is not None else ""
        clock = self._clock
        start = clock()
        outcome: Value = INTERRUPTED
        try:
            outcome = operation(*arguments)
        except Trap as trap:
            outcome = Trapped(trap.message, trap.clause)
            raise
        except Exit:
            # It did what it is for, and does not return.
            outcome = None
            raise
        finally:
            duration = clock() - start
            after = self.state(handle) if handle is not None else ""
            record = CallRecord(
                start - self._start, duration, self.name, function, arguments, outcome, handle, before, after
            )
            for reader in tuple(self._readers):
                reader(record)
        return outcome
