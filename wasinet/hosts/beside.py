"""Streams over descriptors of this process, beside a host that has none: those of a native host.

Both share one numbering: before the native engine is called, its last handle is set to the last of
both, and afterwards the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import Protocol

from wasinet.engine.faults import Fail, Trap
from wasinet.engine.lookup import local_answer
from wasinet.hosts import HandleInfo
from wasinet.hosts.native import NativeHost
from wasinet.wit.declare import World
from wasinet.wit.values import Err, Ok, Value

__all__ = ["Beside"]

# A wait on both sorts of pollables looks at each in turn, and less and less often.
_SHORTEST = 0.0005
_LONGEST = 0.008
# The most that a splice between both sorts of streams moves: beyond it the conversion misses the caches.
_PIECE = 64 * 1024


class Numbering(Protocol):
    """The host that the native one stands beside: see ``WasmtimeHost``."""

    last_handle: int
    world: World

    @property
    def operations(self) -> Mapping[str, Callable[..., Value]]: ...

    @property
    def pollables(self) -> Mapping[int, int]: ...

    def changed(self, handle: int, /) -> None: ...

    def wrong(self, handle: object, kind: str) -> Trap: ...

    def wait_in_slices(self, indexes: list[int], deadline: float | None = None) -> list[int]: ...


class Beside:
    """The native host beside another, made when it is first needed."""

    def __init__(self, host: Numbering) -> None:
        self._host = host
        self._native: NativeHost | None = None

    def has(self, *handles: object) -> bool:
        """Whether these are all live handles of the native host."""
        return self._native is not None and all(handle in self._native.engine.table for handle in handles)

    def kind(self, handle: int) -> str:
        """The resource's name; empty for a handle that is not here."""
        return "" if self._native is None else self._native.kind(handle)

    def follow(self, changed: Callable[[int], None]) -> None:
        """See ``Host.follow``."""
        if self._native is not None:
            self._native.follow(changed)

    def run(self, act: Callable[[NativeHost], Value]) -> Value:
        """Do something with the native host that may make handles."""
        if self._native is None:
            self._native = NativeHost(world=self._host.world.name)
            self._native.follow(self._host.changed)
        engine = self._native.engine
        engine.last_handle = self._host.last_handle
        try:
            return act(self._native)
        finally:
            self._host.last_handle = engine.last_handle

    def call(self, key: str, *arguments: Value) -> Value:
        return self.run(lambda native: native.call(key, *arguments))

    def look_up(self, name: str) -> Value:
        """``resolve-addresses`` of a name that is answered here, whatever the host."""

        def act(native: NativeHost) -> Value:
            try:
                return Ok(local_answer(native.engine, name))
            except Fail as fail:
                return Err(fail.code, fail.reason)

        return self.run(act)

    def wait(self, handle: int, timeout: float) -> bool:
        return self._native is not None and self._native.wait(handle, timeout)

    def state(self, handle: int) -> str:
        return "" if self._native is None else self._native.state(handle)

    def handles(self) -> Iterator[HandleInfo]:
        return iter(()) if self._native is None else self._native.handles()

    def close(self, timeout: float) -> bool:
        return self._native is None or self._native.close(timeout)

    def poll(self, handles: list[int]) -> list[int]:
        """``poll`` on pollables of both hosts."""
        host = self._host
        here: list[tuple[int, int]] = []
        there: list[tuple[int, int]] = []
        for position, handle in enumerate(handles):
            if handle in host.pollables:
                there.append((position, host.pollables[handle]))
            elif self.kind(handle) == "pollable":
                here.append((position, handle))
            else:
                raise host.wrong(handle, "pollable")
        if not there:
            found: list[int] = self.call("poll", [handle for _, handle in here])
            return found
        native = self._native
        assert native is not None
        indexes = [index for _, index in there]
        pause = 0.0
        while True:
            # What was written to a descriptor goes out while we wait, as in every wait of the engine.
            native.engine.drive()
            ready = [position for position, handle in here if native.call("pollable.ready", handle)]
            ready += [there[at][0] for at in host.wait_in_slices(indexes, monotonic() + (0 if ready else pause))]
            if ready:
                return sorted(ready)
            pause = min(max(pause * 2, _SHORTEST), _LONGEST)

    def splice(self, tx: int, rx: int, most: int) -> Value:
        """``output-stream.splice`` from a stream of one host to one of the other."""
        operations = self._host.operations
        room = operations["output-stream.check-write"](tx)
        if isinstance(room, Err) or not room.value:
            return room
        found = operations["input-stream.read"](rx, min(most, room.value, _PIECE))
        if isinstance(found, Err):
            return found
        if found.value:
            written = operations["output-stream.write"](tx, found.value)
            if isinstance(written, Err):
                return written
        return Ok(len(found.value))
