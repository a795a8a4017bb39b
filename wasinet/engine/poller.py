"""Waiting for many resources at once.

A pollable that comes for the second time is added to a kept epoll, and stays there until it is
dropped or turns out to be ready without being asked for. So a list that comes again costs the same
for one pollable and for ten thousand, and one that changed costs a comparison of sets. A list of
mostly new pollables gets a fresh ``poll``, because building one is 5 to 8 times cheaper than
building an epoll. Every wait also lets pending writes out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from wasinet.engine.faults import Trap
from wasinet.engine.resource import NEVER, READY, Interest, Pollable, Resource, Table, Waitable
from wasinet.oscalls import READ, WRITE
from wasinet.oscalls.interruption import PENDING, checkpoint, in_main_thread, wake_fd, woken
from wasinet.oscalls.wait import BROKEN, LONGEST, Kept

__all__ = ["Poller", "Watch", "poll", "subscribe_duration", "subscribe_instant"]

# A list with a larger part than this of pollables that never came before is polled afresh.
_FEW = 4
_NOTHING: dict[int, int] = {}
_NO_POLLABLES: dict[int, Pollable] = {}


class Settling(Protocol):
    """What lets out bytes when its descriptor takes some."""

    def settle(self) -> bool: ...


def subscribe_instant(engine: Table, when: int) -> int:
    """A pollable that becomes ready at ``when`` nanoseconds of the monotonic clock."""
    return Pollable(engine, None, when / 1e9).handle


def subscribe_duration(engine: Table, when: int) -> int:
    """A pollable that becomes ready ``when`` nanoseconds from now."""
    return Pollable(engine, None, engine.os.monotonic() + when / 1e9).handle


def poll(engine: Table, handles: Sequence[int]) -> list[int]:
    """Wait until at least one of the pollables is ready; their indexes in the list (poll.poll)."""
    if len(handles) == 1:
        # The most common list of all.
        pollable = engine.table.get(handles[0])
        if type(pollable) is Pollable:
            engine.poller.wait_for(pollable.parent or pollable, pollable.deadline)
            return [0]
    if not handles:
        raise Trap("poll needs at least one pollable: an empty list would never be ready", "poll.poll")
    return engine.poller.poll(handles, None)


class Watch:
    """The kept set: which pollables are in it, and what the epoll was told.

    Its members are those of the last list, ``listed``, and others that came before. One descriptor
    may be watched for several pollables (both streams of a connection), so what is waited for on it
    is the union.
    """

    def __init__(self, engine: Table, poller: Poller) -> None:
        self._engine = engine
        self._poller = poller
        self._kept: Kept | None = None
        self.handles: list[int] | None = None
        self.listed: frozenset[int] = frozenset()
        # Where each handle stands in the list; made for a list that comes again.
        self.places: dict[int, int] | None = None
        self.members: dict[int, Pollable] = {}
        self.of_parent: dict[Resource, dict[int, None]] = {}
        self._interests: dict[int, Interest] = {}
        self._always: dict[int, None] = {}
        self._timers: dict[int, float] = {}
        self._by_fd: dict[int, dict[int, int]] = {}
        self._masks: dict[int, int] = {}
        self._stale: dict[Resource, None] = {}

    # Membership

    def become(self, handles: list[int], listed: frozenset[int], new: dict[int, Pollable]) -> None:
        """Watch this list, of which some are new."""
        self.handles = self.places = None
        for handle, pollable in new.items():
            self._add(handle, pollable)
        # These are looked at in every wait. The epoll tells of the others, or they cost nothing.
        if self._timers or self._always:
            for handle in [handle for handle in (*self._timers, *self._always) if handle not in listed]:
                self.remove(handle)
        self.listed = listed
        self.handles = handles

    def indexes(self, ready: set[int]) -> list[int]:
        """Where these stand in the list."""
        handles = self.handles
        assert handles is not None
        if self.places is not None:
            return sorted([self.places[handle] for handle in ready])
        if len(ready) < _FEW and len(self.listed) == len(handles):
            return sorted(map(handles.index, ready))
        return [index for index, handle in enumerate(handles) if handle in ready]

    def again(self) -> None:
        """The same list has come again."""
        if self.places is None and self.handles is not None and len(self.listed) == len(self.handles):
            self.places = {handle: index for index, handle in enumerate(self.handles)}

    def _add(self, handle: int, pollable: Pollable) -> None:
        self.members[handle] = pollable
        parent = pollable.parent
        if parent is None:
            assert pollable.deadline is not None
            self._timers[handle] = pollable.deadline
            return
        self.of_parent.setdefault(parent, {})[handle] = None
        self._apply(handle, parent.interest())

    def remove(self, handle: int) -> None:
        """Forget one."""
        pollable = self.members.pop(handle, None)
        if pollable is None:
            return
        if handle in self.listed:
            self.handles = None
        parent = pollable.parent
        if parent is None:
            del self._timers[handle]
            return
        self._apply(handle, NEVER)
        del self._interests[handle]
        siblings = self.of_parent[parent]
        del siblings[handle]
        if not siblings:
            del self.of_parent[parent]
            self._stale.pop(parent, None)

    def stale(self, resource: Resource) -> None:
        """A watched resource may now wait for something else."""
        self._stale[resource] = None

    def woken(self) -> None:
        """Something that no descriptor tells of has happened: look at all who wait for such things."""
        for handle, interest in self._interests.items():
            parent = self.members[handle].parent
            if interest is NEVER and parent is not None:
                self._stale[parent] = None

    def _refresh(self) -> None:
        stale, self._stale = self._stale, {}
        for resource in stale:
            interest = resource.interest()
            for handle in self.of_parent.get(resource, ()):
                self._apply(handle, interest)

    def _apply(self, handle: int, interest: Interest) -> None:
        before = self._interests.get(handle, NEVER)
        self._interests[handle] = interest
        if before == interest:
            return
        if before is READY:
            del self._always[handle]
        elif before is not NEVER:
            waiting = self._by_fd[before[0]]
            del waiting[handle]
            if not waiting:
                del self._by_fd[before[0]]
            self.sync(before[0])
        if interest is READY:
            self._always[handle] = None
        elif interest is not NEVER:
            self._by_fd.setdefault(interest[0], {})[handle] = interest[1]
            self.sync(interest[0])

    # The epoll

    def _open(self) -> Kept:
        if self._kept is None:
            self._kept = self._engine.os.make_kept()
            for fd in self._poller.interruptions:
                self._kept.set(fd, 0, READ)
            for fd in self._poller.extra:
                self.sync(fd)
        return self._kept

    def sync(self, fd: int) -> None:
        """Tell the epoll what is now waited for on ``fd``: by pollables, by pending writes, by the wake pipe."""
        kept = self._open()
        mask = self._poller.extra.get(fd, 0)
        for bits in self._by_fd.get(fd, _NOTHING).values():
            mask |= bits
        before = self._masks.get(fd, 0)
        if mask != before:
            kept.set(fd, before, mask)
            if mask:
                self._masks[fd] = mask
            else:
                del self._masks[fd]

    @property
    def active(self) -> bool:
        return self._kept is not None

    def wait(self, deadline: float | None) -> set[int]:
        """Wait until something watched is ready or the deadline has come; the handles that are ready."""
        poller = self._poller
        clock = self._engine.os.monotonic
        kept = self._open()
        by_fd = self._by_fd
        listed = self.listed
        while True:
            if self._stale:
                self._refresh()
            ready = set(listed.intersection(self._always)) if self._always else set()
            now = clock() if self._timers or deadline is not None else 0.0
            nearest = deadline
            for handle, moment in self._timers.items():
                if moment <= now:
                    ready.add(handle)
                elif nearest is None or moment < nearest:
                    nearest = moment
            timeout = 0.0 if ready else None if nearest is None else min(max(0.0, nearest - now), LONGEST)
            happened: list[int] = []
            found = kept.wait(timeout, len(self._masks) + 1)
            if PENDING:
                checkpoint()
            for fd, events in found:
                if fd in poller.extra or fd in poller.interruptions:
                    poller.event(fd)
                asked = 0
                unasked: dict[int, int] = {}
                for handle, mask in by_fd.get(fd, _NOTHING).items():
                    mask |= BROKEN
                    if not events & mask:
                        continue
                    if handle in listed:
                        asked |= mask
                        happened.append(handle)
                    else:
                        unasked[handle] = mask
                for handle, mask in unasked.items():
                    if events & mask & ~asked:
                        # It would be told of again and again.
                        self.remove(handle)
            for handle in happened:
                parent = self.members[handle].parent
                if parent is not None and parent.settle():
                    ready.add(handle)
            if ready or (deadline is not None and clock() >= deadline):
                return ready

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None


class Poller:
    """How one engine waits."""

    def __init__(self, engine: Table) -> None:
        self._engine = engine
        self._watch = Watch(engine, self)
        self.watched = self._watch.of_parent
        self._seen: set[int] = set()
        # What was waited for the last time, and how: mostly the other end of a conversation comes again.
        self.last: Waitable | None = None
        self._fd = -1
        self._waiter: Callable[[], list[tuple[int, int]]] = list
        self._settle: Callable[[], bool] | None = None
        # Of the process, beside what this engine waits for; another thread is interrupted by nothing.
        self.interruptions = {wake_fd(): READ} if in_main_thread() else _NOTHING
        self.extra: dict[int, int] = {}
        self._writers: dict[int, Settling] = {}
        self._wake: tuple[int, int] | None = None
        self._expected = 0
        # Lookups and askers wake from their threads, also when the session has just ended.
        self._wake_lock = threading.Lock()

    # What every wait serves besides its own list

    def want_write(self, fd: int, writer: Settling) -> None:
        """A writer's pending bytes wait for ``fd``."""
        self._writers[fd] = writer
        self._set_extra(fd, WRITE)

    def unwant_write(self, fd: int) -> None:
        self._writers.pop(fd, None)
        self._set_extra(fd, 0)

    def _set_extra(self, fd: int, mask: int) -> None:
        if mask:
            self.extra[fd] = mask
        else:
            self.extra.pop(fd, None)
        if self._watch.active:
            self._watch.sync(fd)

    def wake_fd(self) -> int:
        if self._wake is None:
            self._wake = self._engine.os.wake_pair()
        return self._wake[0]

    def expect_wake(self, change: int) -> None:
        self._expected += change
        self._set_extra(self.wake_fd(), READ if self._expected else 0)
        if change < 0:
            # What was awaited has been taken, by whichever call: nobody else will be told.
            self._watch.woken()

    def wake(self) -> None:
        with self._wake_lock:
            if self._wake is not None:
                self._engine.os.wake(self._wake[1])

    def event(self, fd: int) -> None:
        """Serve what an event means for pending writes and the wake pipe."""
        writer = self._writers.get(fd)
        if writer is not None:
            writer.settle()
        elif fd in self.interruptions:
            woken()
        elif self._wake is not None and fd == self._wake[0]:
            self._engine.os.clear_wake(fd)
            self._watch.woken()

    def stale(self, resource: Resource) -> None:
        """What one of ``watched``, or ``last``, waits for may have changed."""
        if resource is self.last:
            self.last = None
        if resource in self.watched:
            self._watch.stale(resource)

    def drive(self, timeout: float | None) -> None:
        """Wait, ``timeout`` seconds at the most, for a pending write that can go, and let it."""
        for fd, _ in self._wait_many(dict(self.extra), timeout):
            self.event(fd)

    # Waiting

    def _wait_many(self, masks: dict[int, int], timeout: float | None) -> list[tuple[int, int]]:
        """``Os.wait_many``, which an interruption ends."""
        masks.update(self.interruptions)
        found = self._engine.os.wait_many(masks, timeout)
        if PENDING:
            checkpoint()
        return found

    def wait_for(self, resource: Waitable, deadline: float | None = None) -> bool:
        """Block until a resource is ready, or until the deadline: False then, unless it is ready at last."""
        while True:
            if resource is not self.last or deadline is not None or self.extra:
                interest = resource.interest()
                if interest is READY:
                    return True
                if deadline is not None or interest is NEVER or self.extra:
                    timeout = None if deadline is None else deadline - self._engine.os.monotonic()
                    if timeout is not None and timeout <= 0:
                        return False
                    if self._wait_beside(resource, interest, timeout):
                        return True
                    continue
                self._fd = interest[0]
                self._waiter = self._engine.os.waiter({interest[0]: interest[1], **self.interruptions})
                # Most are ready when their descriptor is: one call less.
                self._settle = None if type(resource).settle is Resource.settle else resource.settle
                self.last = resource
            found = self._waiter()
            if PENDING:
                checkpoint()
            if found[0][0] != self._fd:
                woken()
            elif self._settle is None or self._settle():
                return True

    def _wait_beside(self, resource: Waitable, interest: Interest, timeout: float | None) -> bool:
        """Wait once, ``timeout`` seconds at the most, serving what every wait serves; whether the resource is ready."""
        masks = dict(self.extra)
        if interest is not NEVER:
            assert interest is not READY
            masks[interest[0]] = masks.get(interest[0], 0) | interest[1]
        ready = False
        for fd, events in self._wait_many(masks, timeout):
            self.event(fd)
            if interest is not NEVER and fd == interest[0] and events & (interest[1] | BROKEN) and resource.settle():
                ready = True
        return ready

    def is_ready(self, pollable: Pollable) -> bool:
        """Whether a pollable is ready now."""
        interest = pollable.interest()
        if interest.__class__ is bool:
            return interest is READY
        fd, mask = interest  # type: ignore[misc]
        parent = pollable.parent
        assert parent is not None
        return bool(self._engine.os.wait_one(fd, mask, 0)) and parent.settle()

    def poll(self, handles: Sequence[int], deadline: float | None) -> list[int]:
        """The indexes of the pollables that are ready, waiting until there is one.

        Raises:
            Trap: a handle is not a live pollable.
        """
        watch = self._watch
        if handles == watch.handles:
            watch.again()
            return self._watched(deadline)
        handles = list(handles)
        listed = frozenset(handles)
        new = listed.difference(watch.members)
        if new:
            unseen = new.difference(self._seen)
            if len(unseen) * _FEW > len(listed):
                self._seen |= unseen
                return self._poll_fresh(handles, deadline)
            self._seen -= new
        return self._watched(deadline, handles, listed, self._pollables(new) if new else _NO_POLLABLES)

    def _watched(
        self,
        deadline: float | None,
        handles: list[int] | None = None,
        listed: frozenset[int] = frozenset(),
        new: dict[int, Pollable] = _NO_POLLABLES,
    ) -> list[int]:
        """Wait on the kept set, which becomes the set of ``handles`` first."""
        watch = self._watch
        try:
            if handles is not None:
                watch.become(handles, listed, new)
            return watch.indexes(watch.wait(deadline))
        except BaseException as error:
            # Ctrl-C may have come between two steps of an update, so the set is not to be trusted.
            wanted = watch.handles if handles is None else handles
            watch.close()
            self._watch = Watch(self._engine, self)
            self.watched = self._watch.of_parent
            if isinstance(error, OSError) and wanted is not None:
                # No descriptor for an epoll, or too many watches: a fresh poll needs neither.
                return self._poll_fresh(list(wanted), deadline)
            raise

    def _pollables(self, handles: Iterable[int]) -> dict[int, Pollable]:
        get = self._engine.get
        return {handle: get(handle, Pollable) for handle in handles}

    def _poll_fresh(self, handles: list[int], deadline: float | None) -> list[int]:
        engine = self._engine
        table = engine.table
        clock = engine.os.monotonic
        while True:
            ready: list[int] = []
            masks = dict(self.extra)
            waiting: list[tuple[int, int, int, Resource]] = []
            nearest = deadline
            for index, handle in enumerate(handles):
                pollable = table.get(handle)
                if pollable.__class__ is not Pollable:
                    pollable = engine.get(handle, Pollable)
                parent = pollable.parent
                if parent is None:
                    moment = pollable.deadline
                    assert moment is not None
                    if moment <= clock():
                        ready.append(index)
                    elif nearest is None or moment < nearest:
                        nearest = moment
                    continue
                interest = parent.interest()
                if interest is READY:
                    ready.append(index)
                elif interest is not NEVER:
                    fd, mask = interest
                    waiting.append((index, fd, mask, parent))
                    masks[fd] = masks.get(fd, 0) | mask
            timeout = 0.0 if ready else None if nearest is None else max(0.0, nearest - clock())
            events = self._wait_many(masks, timeout) if masks or timeout is None or timeout > 0 else []
            if events:
                happened = dict(events)
                for fd, _ in events:
                    self.event(fd)
                for index, fd, mask, parent in waiting:
                    if happened.get(fd, 0) & (mask | BROKEN) and parent.settle():
                        ready.append(index)
            if ready:
                ready.sort()
                return ready
            if deadline is not None and clock() >= deadline:
                return []

    # Endings

    def leave(self, pollable: Pollable) -> None:
        """A pollable was dropped."""
        if pollable.handle in self._watch.members:
            self._watch.remove(pollable.handle)
        else:
            self._seen.discard(pollable.handle)

    def forget(self, fd: int) -> None:
        """A descriptor is about to be closed: nothing may wait for it any more."""
        if fd in self.extra:
            self.unwant_write(fd)

    def close(self) -> None:
        self._watch.close()
        with self._wake_lock:
            if self._wake is not None:
                for fd in self._wake:
                    self._engine.os.close_fd(fd)
                self._wake = None
