"""What ends a command from outside: Ctrl-C, ``--timeout`` and SIGTERM, all raised where the program is.

All are KeyboardInterrupts, so that everything which leaves a blocking call, a program or a session
in order on Ctrl-C does so for the others too.

A signal's exception would come between any two steps of the engine, where a new descriptor may not
have its owner yet. It is put off until the engine waits or gives the program its answer.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

import wasinet

__all__ = ["Terminated", "TimedOut", "catch_signals", "leave", "start_timeout", "stop_timeout"]

_AGAIN = 1.0
_ROOT = os.path.dirname(wasinet.__file__)
_PROTECTED = (
    *(os.path.join(_ROOT, layer, "") for layer in ("engine", "hosts", "oscalls", "worlds")),
    # An import that is broken off may turn into another error.
    "<frozen importlib",
)
# Where the engine and the hosts block; they leave these in order by themselves.
_WAITING = frozenset(
    os.path.join(_ROOT, *path)
    for path in (("engine", "poller.py"), ("hosts", "slices.py"), ("oscalls", "wait.py"), ("oscalls", "documents.py"))
)


class TimedOut(KeyboardInterrupt):
    """The time of ``--timeout`` is over."""

    code = 124


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""

    code = 143


_leaving = False
_late = 0


def leave() -> None:
    """The command is ending: no TimedOut from now on, and the next interruption only cuts waits short.

    What ends a command must not be left half done, nor the interpreter's own end, which would show a
    traceback. One more interruption ends the process at once: its output may be stuck.
    """
    global _leaving
    _leaving = True
    stop_timeout()


def _may_end(frame: FrameType | None) -> bool:
    """Whether the code that runs may be left: it is the engine's only where that waits."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name in _WAITING:
            return True
        if name.startswith(_PROTECTED):
            return False
        frame = frame.f_back
    return not _leaving


def _raise(error: KeyboardInterrupt, frame: FrameType | None) -> None:
    """Raise here, or as soon as the code that runs may be left."""
    global _late
    if _leaving:
        _late += 1
        if _late > 1:
            os._exit(getattr(error, "code", 130))
    if _may_end(frame):
        raise error

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        waits = event == "call" and frame.f_code.co_filename in _WAITING
        if waits or (event == "return" and _may_end(frame.f_back)):
            sys.setprofile(None)
            raise error

    sys.setprofile(profile)


def _interrupted(number: int, frame: FrameType | None) -> None:
    _raise(KeyboardInterrupt(), frame)


def _timed_out(number: int, frame: FrameType | None) -> None:
    _raise(TimedOut(), frame)


def _terminated(number: int, frame: FrameType | None) -> None:
    _raise(Terminated(), frame)


def catch_signals() -> None:
    """Raise KeyboardInterrupt on SIGINT, unless it is ignored, and Terminated on SIGTERM."""
    global _leaving, _late
    _leaving, _late = False, 0
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupted)
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
