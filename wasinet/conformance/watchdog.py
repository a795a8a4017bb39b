"""Calls that do not come back: a host that waits for what never comes is interrupted as by Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Stuck", "bounded", "can_bound"]

_T = TypeVar("_T")


class Stuck(Exception):
    """The call was still waiting when its time was over."""


def can_bound() -> bool:
    """Whether a wait can be interrupted here: in the main thread of a POSIX system, unless Ctrl-C is ignored."""
    return (
        hasattr(signal, "pthread_kill")
        and threading.current_thread() is threading.main_thread()
        and callable(signal.getsignal(signal.SIGINT))
    )


def bounded(call: Callable[[], _T], seconds: float) -> _T:
    """What the call returns.

    Raises:
        Stuck: it was still waiting after so many seconds, and was interrupted.
    """
    lock = threading.Lock()
    fired = done = False
    main = threading.main_thread().ident
    assert main is not None

    def fire() -> None:
        nonlocal fired
        with lock:
            if not done:
                fired = True
                signal.pthread_kill(main, signal.SIGINT)

    timer = threading.Timer(seconds, fire)
    timer.daemon = True
    timer.start()
    try:
        try:
            result = call()
        finally:
            with lock:
                done = True
            timer.cancel()
            timer.join()
    except KeyboardInterrupt as error:
        # Others, of --timeout for instance, are of another class.
        if fired and error.__class__ is KeyboardInterrupt:
            raise Stuck from None
        raise
    return result
