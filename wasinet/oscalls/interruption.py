"""Interruptions: Ctrl-C, SIGTERM and ``--timeout``, which end a command in order.

A signal's exception may not come between two steps of the engine, where a new descriptor may not have
its owner yet. So an interruption is a flag: it is *pending* until ``checkpoint`` raises it, which every
call and every wait of the engine does. A wait cannot miss one: it watches ``wake_fd`` beside its own
descriptors. Long work runs in a thread that a wait can leave (``in_thread``). Code that has nothing to
leave half done, and may block or compute for long, says so with ``interruptible``: there an
interruption is raised at once.

All interruptions are KeyboardInterrupts, so that what leaves a blocking call in order on Ctrl-C does so
for the others too.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, Self, TypeVar

from wasinet.oscalls.wait import LONGEST

__all__ = [
    "PENDING",
    "Interruption",
    "Terminated",
    "TimedOut",
    "abandoned",
    "cause",
    "checkpoint",
    "in_main_thread",
    "in_thread",
    "install",
    "interruptible",
    "leave",
    "remaining",
    "request",
    "sleep",
    "start_timeout",
    "stop_timeout",
    "wake_fd",
    "woken",
]

_T = TypeVar("_T")


class Interruption(KeyboardInterrupt):
    """An interruption other than Ctrl-C. ``code`` is the exit code of a command that it ends."""

    code = 130


class TimedOut(Interruption):
    """The time of ``--timeout`` is over."""

    code = 124


class Terminated(Interruption):
    """SIGTERM came."""

    code = 143


PENDING: Final[list[KeyboardInterrupt]] = []
"""What ``checkpoint`` will raise. Calls test it before they call ``checkpoint``, which costs them next to nothing."""

_AGAIN = 1.0
_ONE = (1).to_bytes(8, sys.byteorder)
_SOON = 0.001
# Seconds, 31 years: Python counts the nanoseconds of a timer in 64 bits, with a sign.
_LONGEST = 1e9
_wake: tuple[int, int] | None = None
_at_once = False
_leaving = False
_deadline: float | None = None
_late = 0
_unfinished: set[threading.Thread] = set()


def wake_fd() -> int:
    """The descriptor that is readable while an interruption is pending: one for the process, from the first wait on."""
    global _wake
    if _wake is None:
        if hasattr(os, "eventfd"):
            # Takes one descriptor where a pipe takes two.
            fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            _wake = fd, fd
        else:
            _wake = os.pipe()
            for fd in _wake:
                os.set_blocking(fd, False)
    return _wake[0]


def request(error: KeyboardInterrupt) -> None:
    """Make an interruption pending, from a signal's handler or another thread."""
    PENDING.append(error)
    if _wake is not None:
        try:
            os.write(_wake[1], _ONE)
        except BlockingIOError:
            # What is full is readable already.
            pass


def in_main_thread() -> bool:
    """Whether this thread is the one that interruptions end."""
    return threading.current_thread() is threading.main_thread()


def checkpoint() -> None:
    """Raise the interruption that is pending, if there is one.

    Raises:
        KeyboardInterrupt: Ctrl-C; or an ``Interruption``.
    """
    if not PENDING or not in_main_thread():
        return
    error = PENDING.pop(0)
    if not PENDING:
        _drain()
    raise error


def woken() -> None:
    """The wake descriptor was readable: raise what is pending, or make it unreadable where nothing is any more.

    Raises:
        KeyboardInterrupt: see ``checkpoint``.
    """
    if not PENDING:
        # A request puts its error down before it writes, so none that was written is missed below.
        _drain()
    checkpoint()


def _drain() -> None:
    if _wake is not None:
        try:
            while os.read(_wake[0], 64):
                pass
        except BlockingIOError:
            pass


class interruptible:  # noqa: N801  # used like contextlib's
    """While entered, an interruption is raised at once: the code has nothing that it must not leave half done.

    ``interruptible(False)`` is for a part of such code that has.
    """

    def __init__(self, at_once: bool = True) -> None:
        self._wanted = at_once

    def __enter__(self) -> Self:
        global _at_once
        self._before = _at_once
        _at_once = self._wanted and not _leaving
        if PENDING and _at_once:
            try:
                checkpoint()
            except BaseException:
                _at_once = self._before
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        global _at_once
        _at_once = self._before


def in_thread(work: Callable[[], _T]) -> _T:
    """Do ``work`` in another thread and wait for it; an interruption ends the wait.

    The work then goes on, and its result is nobody's.

    Raises:
        BaseException: whatever the work raises; KeyboardInterrupt, see ``checkpoint``.
    """
    outcome: list[Any] = []
    reader, writer = os.pipe()

    def run() -> None:
        try:
            outcome.append((True, work()))
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            outcome.append((False, error))
        finally:
            os.close(writer)
            _unfinished.discard(thread)

    thread = threading.Thread(target=run, name="work", daemon=True)
    _unfinished.add(thread)
    try:
        thread.start()
    except BaseException:
        _unfinished.discard(thread)
        os.close(writer)
        os.close(reader)
        raise
    try:
        _wait(reader, None)
    finally:
        os.close(reader)
    succeeded, value = outcome[0]
    if not succeeded:
        raise value
    result: _T = value
    return result


def abandoned() -> bool:
    """Whether the work of an ``in_thread`` that was left still goes on."""
    return bool(_unfinished)


def sleep(seconds: float) -> None:
    """Let time pass. Raises KeyboardInterrupt, see ``checkpoint``."""
    _wait(None, seconds)


def _wait(fd: int | None, seconds: float | None) -> None:
    """Wait until a descriptor is readable, or for a time."""
    deadline = None if seconds is None else time.monotonic() + min(seconds, LONGEST)
    # With poll(2), since a process may have more descriptors than select(2) takes.
    poll = select.poll()
    if fd is not None:
        poll.register(fd, select.POLLIN)
    if in_main_thread():
        poll.register(wake_fd(), select.POLLIN)
    while True:
        checkpoint()
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return
        for ready, _ in poll.poll(None if left is None else left * 1000):
            if ready == fd:
                return
            woken()


# Signals


def _arrived(error: KeyboardInterrupt) -> None:
    """Raise here, or leave it to the next checkpoint."""
    global _late, _at_once
    if _leaving:
        _late += 1
        if _late > 1:
            os._exit(getattr(error, "code", Interruption.code))
    elif _at_once:
        # The region may be left at a place where it can no longer say so.
        _at_once = False
        raise error
    request(error)


def _interrupted(number: int, frame: FrameType | None) -> None:
    _arrived(KeyboardInterrupt())


def _terminated(number: int, frame: FrameType | None) -> None:
    _arrived(Terminated())


def _timed_out(number: int, frame: FrameType | None) -> None:
    left = remaining()
    signal.setitimer(signal.ITIMER_REAL, 0 if left is None else left or _AGAIN, _AGAIN)
    if PENDING:
        # One that was lost before, see ``_unraisable``; or whoever has not come to a checkpoint yet.
        if _at_once:
            checkpoint()
    elif left == 0:
        _arrived(TimedOut())


def _unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    """An interruption in a finalizer or a callback of the interpreter is lost there: raise it again, soon."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        request(unraisable.exc_value)
        _alarm(_SOON)
    else:
        sys.__unraisablehook__(unraisable)


def install() -> None:
    """Have SIGINT, unless it is ignored, and SIGTERM become interruptions from now on, pending at first."""
    global _leaving, _late, _at_once
    _leaving, _late, _at_once = False, 0, False
    PENDING.clear()
    try:
        if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(signal.SIGINT, _interrupted)
        signal.signal(signal.SIGTERM, _terminated)
    except ValueError:
        # Not the main thread, as when tests call the command in process.
        return
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _unraisable


def start_timeout(nanoseconds: int) -> None:
    """Interrupt with ``TimedOut`` after this time, where the platform has such a timer; again each second."""
    global _deadline
    seconds = min(max(nanoseconds / 1e9, 1e-6), _LONGEST)
    _deadline = time.monotonic() + seconds
    _alarm(seconds)


def remaining() -> float | None:
    """The seconds that ``start_timeout`` has left, 0 at the least; None where nothing limits the time."""
    return None if _deadline is None else max(_deadline - time.monotonic(), 0.0)


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        try:
            signal.signal(signal.SIGALRM, _timed_out)
        except ValueError:
            # Not the main thread.
            return
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)


def stop_timeout() -> None:
    """No ``TimedOut`` from now on."""
    global _deadline
    _deadline = None
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


def leave() -> None:
    """The command is ending: no ``TimedOut`` from now on, and the next interruption only cuts waits short.

    What ends a command must not be left half done, nor the interpreter's own end, which would show a
    traceback. One more interruption ends the process at once: its output may be stuck.
    """
    global _leaving, _at_once
    _leaving, _at_once = True, False
    stop_timeout()


def cause(error: BaseException) -> BaseException:
    """The interruption behind an error, or the error itself.

    The interpreter turns what is raised while a class is made, and so in an import, into a RuntimeError.
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, KeyboardInterrupt):
            return found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return error
