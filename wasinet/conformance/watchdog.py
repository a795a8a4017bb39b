"""Calls that do not come back: a host that waits for what never comes is interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from wasinet.oscalls.interruption import Interruption, checkpoint, request

__all__ = ["Stuck", "bounded", "can_bound"]

_T = TypeVar("_T")


class Stuck(Exception):
    """The call was still waiting when its time was over."""


class _TooLong(Interruption):
    """The time of one call is over."""


def can_bound() -> bool:
    """Whether a wait can be interrupted here: in the main thread only."""
    return threading.current_thread() is threading.main_thread()


def bounded(call: Callable[[], _T], seconds: float) -> _T:
    """What the call returns.

    Raises:
        Stuck: it was still waiting after so many seconds, and was interrupted.
    """
    timer = threading.Timer(seconds, request, (_TooLong(),))
    timer.daemon = True
    timer.start()
    try:
        try:
            return call()
        finally:
            timer.cancel()
            timer.join()
            # It may have fired as the call came back.
            checkpoint()
    except _TooLong:
        raise Stuck from None
