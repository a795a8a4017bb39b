"""Waiting for descriptors: a fresh ``poll`` for lists that change, a kept epoll for those that stay.

Building a ``poll`` set costs a fraction of building an epoll, and waiting on a kept epoll does not
grow with the number of descriptors; the engine chooses, this module only offers both.
"""

from __future__ import annotations

import select
import selectors
import sys
from collections.abc import Callable, Iterable, Mapping

__all__ = ["BROKEN", "LONGEST", "READ", "WRITE", "Kept", "make_kept", "wait_many", "wait_one", "waiter"]

READ = 1
WRITE = 4
BROKEN = 8 | 16
"""Error and hang-up: the kernel reports them whatever was asked for."""
LONGEST = 1_000_000.0
"""Seconds that one wait lasts at the most: the kernel counts milliseconds in an int. Callers wait again."""

if hasattr(select, "poll"):
    # The numbers are Linux's POLLIN, POLLOUT, POLLERR and POLLHUP, and those of every other Unix.
    assert (READ, WRITE, BROKEN) == (select.POLLIN, select.POLLOUT, select.POLLERR | select.POLLHUP)

    def _milliseconds(timeout: float | None) -> int | None:
        return None if timeout is None else -int(-min(timeout, LONGEST) * 1000 // 1)

    def wait_many(masks: Mapping[int, int], timeout: float | None) -> list[tuple[int, int]]:
        """Wait for any of the descriptors.

        Args:
            masks: what to wait for (READ, WRITE or both) by descriptor.
            timeout: seconds, rounded up to whole milliseconds; None waits for ever.

        Returns:
            Pairs of descriptor and events; empty after the timeout.
        """
        poll = select.poll()
        register = poll.register
        for fd, mask in masks.items():
            register(fd, mask)
        return poll.poll(_milliseconds(timeout))

    def wait_one(fd: int, mask: int, timeout: float | None) -> int:
        """Wait for one descriptor; gives its events, 0 after the timeout (seconds)."""
        poll = select.poll()
        poll.register(fd, mask)
        events = poll.poll() if timeout is None else poll.poll(_milliseconds(timeout))
        return events[0][1] if events else 0

    def waiter(masks: Mapping[int, int]) -> Callable[[], list[tuple[int, int]]]:
        """What waits for any of the descriptors without a limit, again and again at less cost than ``wait_many``.

        What happened is in the order of ``masks``.
        """
        poll = select.poll()
        for fd, mask in masks.items():
            poll.register(fd, mask)
        return poll.poll

else:

    def wait_many(masks: Mapping[int, int], timeout: float | None) -> list[tuple[int, int]]:
        """Wait with select(2), where there is no poll(2)."""
        readers = [fd for fd, mask in masks.items() if mask & READ]
        writers = [fd for fd, mask in masks.items() if mask & WRITE]
        events: dict[int, int] = {}
        # Windows reports a refused connect only as an exceptional condition.
        for found, bit in zip(select.select(readers, writers, writers, timeout), (READ, WRITE, BROKEN), strict=True):
            for fd in found:
                events[fd] = events.get(fd, 0) | bit
        return list(events.items())

    def wait_one(fd: int, mask: int, timeout: float | None) -> int:
        """Wait for one descriptor with select(2)."""
        return dict(wait_many({fd: mask}, timeout)).get(fd, 0)

    def waiter(masks: Mapping[int, int]) -> Callable[[], list[tuple[int, int]]]:
        """What waits for any of the descriptors without a limit."""
        return lambda: wait_many(masks, None)


class Kept:
    """A kept set of descriptors over ``selectors``: kqueue on macOS and the BSDs."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def set(self, fd: int, old: int, new: int) -> None:
        """Change what is waited for on ``fd`` from mask ``old`` to ``new``; 0 stands for nothing."""
        if old:
            self._selector.unregister(fd)
        if new:
            events = (selectors.EVENT_READ if new & READ else 0) | (selectors.EVENT_WRITE if new & WRITE else 0)
            self._selector.register(fd, events)

    def wait(self, timeout: float | None, most: int) -> Iterable[tuple[int, int]]:
        """As ``wait_many``, on the kept set."""
        return [
            (key.fd, (READ if events & selectors.EVENT_READ else 0) | (WRITE if events & selectors.EVENT_WRITE else 0))
            for key, events in self._selector.select(timeout)
        ]

    def close(self) -> None:
        self._selector.close()


if sys.platform == "linux":

    class EpollKept(Kept):
        """The kept set over epoll, level-triggered, without the dictionaries of ``selectors``."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self.wait = self._epoll.poll  # type: ignore[method-assign,assignment]  # one call less for each wait

        def set(self, fd: int, old: int, new: int) -> None:
            if not new:
                self._epoll.unregister(fd)
            elif old:
                self._epoll.modify(fd, new)
            else:
                self._epoll.register(fd, new)

        def close(self) -> None:
            self._epoll.close()


def make_kept() -> Kept:
    """The kept set of this platform."""
    return EpollKept() if sys.platform == "linux" else Kept()
