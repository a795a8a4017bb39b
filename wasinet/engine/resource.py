"""Resources: the entries of the handle table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from types import FunctionType
from typing import ClassVar, Literal, Protocol, TypeVar

from wasinet.oscalls import Os

__all__ = ["NEVER", "READY", "Interest", "Pollable", "Readiness", "Resource", "Table", "Waitable", "own_code"]

_F = TypeVar("_F", bound=Callable[..., object])
_R = TypeVar("_R", bound="Resource")

Interest = tuple[int, int] | bool
"""What a pollable of a resource waits for: a descriptor with READ or WRITE, READY, or NEVER."""

READY: Literal[True] = True
NEVER: Literal[False] = False
"""Not by a descriptor: the engine's wake descriptor says when to look again."""


def own_code(function: _F) -> _F:
    """A copy of a function with code of its own.

    CPython keeps what it learns about the types in a function (PEP 659) with its code, and objects of
    several classes that go through the same code in turn make it learn again and again. For what all
    classes do to a new object, that takes longer than the rest.
    """
    return FunctionType(  # type: ignore[return-value]
        function.__code__.replace(),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


class Waitable(Protocol):
    """What can be waited for: see ``Resource.interest`` and ``Resource.settle``."""

    def interest(self) -> Interest: ...

    def settle(self) -> bool: ...


class Readiness(Protocol):
    """Who waits for resources: see ``wasinet.engine.poller``."""

    last: Waitable | None

    @property
    def watched(self) -> Collection[Resource]: ...

    def stale(self, resource: Resource) -> None: ...

    def leave(self, pollable: Pollable) -> None: ...

    def is_ready(self, pollable: Pollable) -> bool: ...

    def wait_for(self, resource: Waitable, deadline: float | None = None) -> bool: ...

    def poll(self, handles: Sequence[int], deadline: float | None) -> list[int]: ...


class Table(Protocol):
    """The handle table as its entries know it: see ``wasinet.engine.context``."""

    os: Os
    table: dict[int, Resource]
    last_handle: int
    changed: Callable[[int], None] | None

    @property
    def poller(self) -> Readiness: ...

    def get(self, handle: int, cls: type[_R]) -> _R: ...

    def drop(self, handle: int, kind: str | None = None) -> None: ...


class Resource:
    """Something with a handle, an owner and perhaps children.

    Args:
        engine: the engine whose table it enters; the handle is its next number.
        parent: the resource that may not be dropped while this one lives.
    """

    # Slots here and in the classes that a connection is made of: such an object is made in two thirds
    # of the time, and reading an attribute that only the class has would take five times as long.
    __slots__ = ("__weakref__", "_created", "engine", "handle", "live_children", "parent")

    kind: ClassVar[str] = ""
    # Classes that need more of a session than its table say so.
    engine: Table

    def __init_subclass__(cls) -> None:
        cls.enter = own_code(Resource.enter)  # type: ignore[method-assign]

    def __init__(self, engine: Table, parent: Resource | None = None) -> None:
        self.enter(engine, parent)

    def enter(self, engine: Table, parent: Resource | None = None) -> None:
        """What ``__init__`` does, for subclasses of which many are made."""
        self.engine = engine
        self.parent = parent
        self.live_children = 0
        if parent is not None:
            parent.live_children += 1
        else:
            self._created: float = engine.os.monotonic()
        # A number is never given twice in a session.
        self.handle: int = engine.last_handle + 1
        engine.last_handle = self.handle
        engine.table[self.handle] = self
        if engine.changed is not None:
            engine.changed(self.handle)

    @property
    def created(self) -> float:
        """The monotonic second of its birth, or of its parent's."""
        return self._created if self.parent is None else self.parent.created

    @property
    def state(self) -> str:
        """What to show as its state; resources without a machine have none."""
        return ""

    @property
    def local(self) -> str:
        """The local address as text, where it has one."""
        return ""

    @property
    def remote(self) -> str:
        """The peer's address as text, where it has one."""
        return ""

    def interest(self) -> Interest:
        """What a pollable of this resource waits for now."""
        return READY

    def settle(self) -> bool:
        """Called when the descriptor of ``interest`` is ready: whether the resource now is."""
        return True

    def touch(self) -> None:
        """To be called whenever ``interest`` may have changed."""
        poller = self.engine.poller
        if self is poller.last or self in poller.watched:
            poller.stale(self)

    def subscribe(self) -> int:
        """A new pollable of this resource."""
        return Pollable(self.engine, self).handle

    def close(self) -> None:
        """Give back what it holds of the operating system; called once, when it is dropped."""


class Pollable(Resource):
    """A ``pollable`` handle: of a resource, or of a moment.

    Args:
        parent: the resource whose readiness it reports, or None for a timer.
        deadline: for a timer, the moment in seconds of ``os.monotonic``; None for a resource.
    """

    __slots__ = ("deadline",)

    kind = "pollable"

    def __init__(self, engine: Table, parent: Resource | None, deadline: float | None = None) -> None:
        self.enter(engine, parent)
        self.deadline = deadline

    @property
    def state(self) -> str:
        return "ready" if self.ready() else "pending"

    def interest(self) -> Interest:
        if self.parent is not None:
            return self.parent.interest()
        return self.deadline is None or self.engine.os.monotonic() >= self.deadline

    def settle(self) -> bool:
        return self.parent is None or self.parent.settle()

    def ready(self) -> bool:
        """Whether it is ready now; never blocks (poll.pollable.ready)."""
        return self.engine.poller.is_ready(self)

    def block(self) -> None:
        """Wait until it is ready (poll.pollable.block)."""
        self.engine.poller.wait_for(self.parent or self, self.deadline)

    def close(self) -> None:
        self.engine.poller.leave(self)
