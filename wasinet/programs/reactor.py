"""A guest's event loop over ``poll``: pollables with what to do when they are ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wasinet.programs.events import Event
from wasinet.programs.net import Net

__all__ = ["Reactor"]

Callback = Callable[[], None]


class Reactor:
    """Waits for many things at once.

    Callbacks put events into ``events``, and ``run`` yields them. Work that has not come to its end
    but should let others have their turn is put off with ``soon``.

    Args:
        net: the calls.
    """

    def __init__(self, net: Net) -> None:
        self.net = net
        self.events: list[Event] = []
        self._waiting: dict[int, Callback] = {}
        self._list: list[int] | None = None
        self._soon: list[Callback] = []
        self._at_once: int | None = None
        self._timers: dict[int, Callback] = {}

    def when(self, pollable: int, callback: Callback) -> None:
        """Call back each time that a pollable is ready, until ``forget``."""
        self._waiting[pollable] = callback
        self._list = None

    def forget(self, pollable: int) -> None:
        """Wait for a pollable no longer; it stays live."""
        if self._waiting.pop(pollable, None) is not None:
            self._list = None

    def soon(self, callback: Callback) -> None:
        """Call back after everything that is ready has had its turn."""
        self._soon.append(callback)

    def after(self, seconds: float, callback: Callback) -> int:
        """Call back once after a time; the timer's pollable, for ``cancel``."""
        pollable = self.net.timer(seconds)

        def fire() -> None:
            self.cancel(pollable)
            callback()

        self._timers[pollable] = callback
        self.when(pollable, fire)
        return pollable

    def cancel(self, timer: int) -> None:
        """Forget a timer that may not have fired yet."""
        if self._timers.pop(timer, None) is not None:
            self.forget(timer)
            self.net.drop(timer)

    def run(self, done: Callable[[], bool]) -> Iterator[Event]:
        """Run until ``done``, checked after each round; yields the events as they come."""
        yield from self._take()
        while not done():
            soon, self._soon = self._soon, []
            if soon:
                self._turn(at_once=True)
                for callback in soon:
                    callback()
            else:
                self._turn(at_once=False)
            if self.events:
                yield from self._take()
        yield from self._take()

    def close(self) -> None:
        """Dispose of the timers; nothing is called back any more."""
        for timer in list(self._timers):
            self.cancel(timer)
        if self._at_once is not None:
            self.net.drop(self._at_once)
            self._at_once = None
        self._waiting.clear()
        self._soon.clear()
        self._list = None

    def _take(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    def _turn(self, *, at_once: bool) -> None:
        """Wait for the pollables, or only look at them, and call back for the ready ones."""
        if at_once:
            # A timer that has fired for good turns a wait into a look.
            if self._at_once is None:
                self._at_once = self.net.timer(0)
            if self._at_once not in self._waiting:
                self.when(self._at_once, _nothing)
        elif self._at_once is not None:
            self.forget(self._at_once)
        waiting = self._waiting
        if self._list is None:
            self._list = list(waiting)
        pollables = self._list
        for index in self.net.wait(pollables):
            # An earlier callback of this turn may have forgotten it, and what it is about may be gone.
            callback = waiting.get(pollables[index])
            if callback is not None:
                callback()


def _nothing() -> None:
    pass
