"""What one session's resources share: the handle table, waiting, bytes that are held, the machines' steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Protocol, TypeVar

from wasinet.engine.domain import Domain
from wasinet.engine.faults import Trap
from wasinet.engine.policy import ALLOW_ALL, Policy
from wasinet.engine.poller import Poller
from wasinet.engine.resource import Resource
from wasinet.oscalls import Found, Os
from wasinet.wit.machine import ANY, TERMINATED, Machine

__all__ = ["Context", "Pending"]

_R = TypeVar("_R", bound=Resource)
# The most that one read gives and one write permit allows. Between 64 and 128 KiB a reused buffer
# moves the most bytes per second; beyond that the caches suffer.
_CHUNK = 128 * 1024
# How many datagrams one receive gives and one check-send permits: enough to amortise the call, few enough
# that a caller notices backpressure. 64 of 64 KiB bound the memory.
_BATCH = 64


class Pending(Protocol):
    """A writer with bytes that the kernel has not taken yet."""

    owner: Any
    pending: memoryview | None

    def settle(self) -> bool: ...

    def abandon(self) -> None: ...


class Context:
    """What one session's resources share.

    Args:
        machines: the world's state machines by resource name.
        policy: of the default network; everything is allowed without it.
        os: the operating system, or a stand-in with the same methods.
        streams_are_children: a socket may not be dropped before its streams.
        resolver: how a name is looked up, see ``Os.look_up``; the system's way without it.
    """

    def __init__(
        self,
        machines: Mapping[str, Machine],
        policy: Policy = ALLOW_ALL,
        os: Os | None = None,
        resolver: Callable[[str], list[Found]] | None = None,
        *,
        streams_are_children: bool = True,
    ) -> None:
        self.machines = machines
        self.streams_are_children = streams_are_children
        self.os = os or Os()
        self.domain = Domain("default", policy)
        self.resolver = resolver or self.os.look_up
        self.table: dict[int, Resource] = {}
        self.poller = Poller(self)
        self.pending: dict[Pending, None] = {}
        # Bytes that are held for the caller: in pending writes, and in datagrams taken from the kernel early.
        self.queued = 0
        # What the session holds of the operating system beside the table's resources: how to give it back.
        self.held: list[Callable[[], None]] = []
        self.scratch = memoryview(bytearray(_CHUNK))
        self.chunk = _CHUNK
        self.batch = _BATCH
        self.last_handle = 0
        # Told of each handle that is made, moved or dropped, where somebody follows them.
        self.changed: Callable[[int], None] | None = None
        self._terminated = {name: machine.cells(TERMINATED) for name, machine in machines.items()}

    @cached_property
    def secret(self) -> bytes:
        """Of this session alone, for hashes that must not tell what they were made of."""
        return self.os.random_bytes(16)

    # The handle table

    def get(self, handle: int, cls: type[_R]) -> _R:
        """The live resource behind a handle.

        Raises:
            Trap: the handle was never given out, was dropped, or is of another type.
        """
        resource = self.table.get(handle)
        if resource.__class__ is not cls:
            raise self.wrong_handle(handle, cls.kind)
        return resource

    def wrong_handle(self, handle: object, kind: str) -> Trap:
        resource = self.table.get(handle) if isinstance(handle, int) else None
        if resource is not None:
            return Trap(f"#{handle} is a {resource.kind}, not a {kind}")
        if isinstance(handle, int) and 0 < handle <= self.last_handle:
            return Trap(f"#{handle} was dropped and may not be used any more")
        return Trap(f"#{handle} is no handle of this session")

    def drop(self, handle: int, kind: str | None = None) -> None:
        """Dispose of a resource.

        Raises:
            Trap: no such handle, or it has live children.
        """
        resource = self.table.get(handle)
        if resource is None or (kind is not None and resource.kind != kind):
            raise self.wrong_handle(handle, kind or "resource")
        if resource.live_children:
            children = ", ".join(f"#{child.handle} ({child.kind})" for child in self.children(resource))
            raise Trap(f"#{handle} may not be dropped while its children live: {children}", f"{resource.kind} drop")
        del self.table[handle]
        if self.changed is not None:
            self.changed(handle)
        parent = resource.parent
        if parent is not None:
            parent.live_children -= 1
        resource.close()

    def children(self, resource: Resource) -> Iterator[Resource]:
        return (other for other in self.table.values() if other.parent is resource)

    # States

    def step(self, socket: Any, row: Mapping[str, str], outcome: str) -> None:
        """Move a socket along its row. The only place that assigns a state."""
        state = row.get(outcome)
        if state is not None and state != socket.state:
            socket.state = state
            if self.changed is not None:
                self.changed(socket.handle)
            socket.touch()

    def terminate(self, socket: Any) -> None:
        """«connection terminated»: both directions have ended, or a fatal error was seen."""
        row = self._terminated[socket.kind].get(socket.state)
        if row is not None:
            self.step(socket, row, ANY)

    # Waiting

    def wait(self, resource: Resource, deadline: float | None = None) -> bool:
        """Block until a resource is ready; False when the deadline (of ``os.monotonic``) came first."""
        return self.poller.wait_for(resource, deadline)

    def drive(self) -> None:
        """Let every pending write that the kernel takes now go out, without waiting."""
        for stream in list(self.pending):
            stream.settle()
