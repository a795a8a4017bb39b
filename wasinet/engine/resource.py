"""Resources: the entries of the handle table."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    from wasinet.engine.engine import Engine

__all__ = ["NEVER", "READY", "Interest", "Pollable", "Resource", "Waitable"]

Interest = tuple[int, int] | bool
"""What a pollable of a resource waits for: a descriptor with READ or WRITE, READY, or NEVER."""

READY: Literal[True] = True
NEVER: Literal[False] = False
"""Not by a descriptor: the engine's wake descriptor says when to look again."""


class Waitable(Protocol):
    """What can be waited for: see ``Resource.interest`` and ``Resource.settle``."""

    def interest(self) -> Interest: ...

    def settle(self) -> bool: ...


class Resource:
    """Something with a handle, an owner and perhaps children.

    Args:
        engine: the engine whose table it enters; the handle is its next number.
        parent: the resource that may not be dropped while this one lives.
    """

    kind: ClassVar[str] = ""
    # Class attributes are the initial values here and in the classes below: a connection makes five
    # of these objects, and what is not assigned at birth costs nothing.
    live_children = 0
    watched = False

    def __init__(self, engine: Engine, parent: Resource | None = None) -> None:
        self.engine = engine
        self.parent = parent
        if parent is not None:
            parent.live_children += 1
            self.created: float = parent.created
        else:
            self.created = engine.os.monotonic()
        self.handle: int = engine.enter(self)

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
        if self.watched:
            self.engine.poller.stale(self)

    def subscribe(self) -> int:
        """A new pollable of this resource."""
        return Pollable(self.engine, self).handle

    def close(self) -> None:
        """Give back what it holds of the operating system; called once, when it is dropped."""


class Pollable(Resource):
    """A ``pollable`` handle: of a resource, or of a moment.

    Args:
        parent: the resource whose readiness it reports, or None for a timer.
        deadline: for a timer, the moment in seconds of ``os.monotonic``.
    """

    kind = "pollable"

    def __init__(self, engine: Engine, parent: Resource | None, deadline: float = 0.0) -> None:
        Resource.__init__(self, engine, parent)
        self.deadline = deadline

    @property
    def state(self) -> str:
        return "ready" if self.ready() else "pending"

    def interest(self) -> Interest:
        if self.parent is not None:
            return self.parent.interest()
        return self.engine.os.monotonic() >= self.deadline

    def settle(self) -> bool:
        return self.parent is None or self.parent.settle()

    def ready(self) -> bool:
        """Whether it is ready now; never blocks (poll.pollable.ready)."""
        return self.engine.poller.is_ready(self)

    def block(self) -> None:
        """Wait until it is ready (poll.pollable.block)."""
        if self.parent is not None:
            self.engine.poller.wait_for(self.parent)
        else:
            self.engine.poller.wait_for(self, self.deadline)

    def close(self) -> None:
        self.engine.poller.leave(self)
