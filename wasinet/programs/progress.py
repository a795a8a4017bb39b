"""How far a long transfer is, said at intervals."""

from __future__ import annotations

from collections.abc import Callable

from wasinet.programs.events import Event
from wasinet.programs.reactor import Reactor

__all__ = ["Progress"]


class Progress:
    """Puts ``progress`` events into a reactor while bytes move, and one more when they have stopped.

    It is a timer of the reactor, so nothing is counted or timed for it in between.

    Args:
        reactor: where it runs, until that is closed.
        interval: seconds between two events.
        moved: how many bytes were received and sent so far.
    """

    def __init__(self, reactor: Reactor, interval: float, moved: Callable[[], tuple[int, int]]) -> None:
        self._reactor = reactor
        self._interval = interval
        self._moved = moved
        self._start = reactor.net.now()
        self._last = (0, 0)
        self._moving = False
        reactor.after(interval, self._fire)

    def _fire(self) -> None:
        moved = self._moved()
        before, self._moving = self._moving, moved != self._last
        self._last = moved
        if before or self._moving:
            seconds = round(self._reactor.net.now() - self._start, 6)
            self._reactor.events.append(Event("progress", received=moved[0], sent=moved[1], seconds=seconds))
        self._reactor.after(self._interval, self._fire)
