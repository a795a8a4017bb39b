"""What ends a command from outside: ``--timeout`` and SIGTERM, both raised where the program is.

Both are KeyboardInterrupts, so that everything which leaves a blocking call, a program or a session
in order on Ctrl-C does so for them too.
"""

from __future__ import annotations

import signal
from types import FrameType

__all__ = ["Terminated", "TimedOut", "catch_sigterm", "start_timeout", "stop_timeout"]

_AGAIN = 1.0


class TimedOut(KeyboardInterrupt):
    """The time of ``--timeout`` is over."""

    code = 124


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""

    code = 143


def _timed_out(number: int, frame: FrameType | None) -> None:
    raise TimedOut


def _terminated(number: int, frame: FrameType | None) -> None:
    raise Terminated


def catch_sigterm() -> None:
    """Raise Terminated when SIGTERM comes."""
    try:
        signal.signal(signal.SIGTERM, _terminated)
    except ValueError:
        # Not the main thread, as when tests call the command in process.
        pass


def start_timeout(nanoseconds: int) -> None:
    """Raise TimedOut after this time, where the platform has such a timer.

    It is raised again each second until ``stop_timeout``: what is raised inside a finalizer is lost.
    """
    if hasattr(signal, "setitimer"):
        try:
            signal.signal(signal.SIGALRM, _timed_out)
        except ValueError:
            return
        signal.setitimer(signal.ITIMER_REAL, max(nanoseconds / 1e9, 1e-6), _AGAIN)


def stop_timeout() -> None:
    """No TimedOut from now on."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
