"""Being told of signals while the main thread is in C, where no signal's handler runs."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

__all__ = ["SignalWatch"]

_ENDING = frozenset({signal.SIGINT, signal.SIGTERM, *([signal.SIGALRM] if hasattr(signal, "SIGALRM") else [])})
# What is sent to the main thread to end a system call that began just after the signal came. By
# default it is ignored, so one that comes too late does nothing.
_NUDGE = getattr(signal, "SIGURG", None)
_AGAIN = 0.02


class SignalWatch:
    """While entered, calls ``notify`` from another thread as soon as SIGINT, SIGTERM or SIGALRM comes.

    Python runs a signal's handler between two instructions of the main thread, and there are none
    while that is in C. What the handler does still happens, later; this makes C come back: code that
    asks whether to go on by ``notify``, system calls by another signal.

    Nothing is watched outside of the main thread, where no signals are handled.
    """

    def __init__(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        if _NUDGE is not None:
            self._nudge_before = signal.signal(_NUDGE, _nothing)
        self._main = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="signal watch", daemon=True)
        self._thread.start()
        self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._thread is None:
            return
        signal.set_wakeup_fd(self._before)
        os.close(self._write)
        self._thread.join()
        self._thread = None
        os.close(self._read)
        if _NUDGE is not None:
            signal.signal(_NUDGE, self._nudge_before)

    def _watch(self) -> None:
        came = False
        while True:
            if came and not select.select([self._read], [], [], _AGAIN)[0]:
                if _NUDGE is not None:
                    signal.pthread_kill(self._main, _NUDGE)
                continue
            numbers = os.read(self._read, 64)
            if not numbers:
                return
            if not _ENDING.isdisjoint(numbers):
                came = True
                self._notify()


def _nothing(number: int, frame: FrameType | None) -> None:
    """A handler: without one, no system call ends."""
