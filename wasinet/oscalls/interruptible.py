"""Work in C that no signal's exception reaches: told of signals from outside, or waited for from beside it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = ["SignalWatch", "in_thread"]

_T = TypeVar("_T")
_ENDING = frozenset({signal.SIGINT, signal.SIGTERM, *([signal.SIGALRM] if hasattr(signal, "SIGALRM") else [])})


class SignalWatch:
    """While entered, calls ``notify`` from another thread as soon as SIGINT, SIGTERM or SIGALRM comes.

    Python runs a signal's handler between two instructions of the main thread, and there are none
    while that is in C. What the handler does still happens, later; this only makes C come back.
    Nothing is watched outside of the main thread, where no signals are handled.
    """

    def __init__(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        self._pipe: tuple[int, int] | None = None
        self._before = -1
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        self._pipe = os.pipe()
        os.set_blocking(self._pipe[1], False)
        self._thread = threading.Thread(target=self._watch, name="signal watch", daemon=True)
        self._thread.start()
        self._before = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        return self

    def _watch(self) -> None:
        assert self._pipe is not None
        while True:
            numbers = os.read(self._pipe[0], 64)
            if not numbers:
                return
            if not _ENDING.isdisjoint(numbers):
                self._notify()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._pipe is None or self._thread is None:
            return
        signal.set_wakeup_fd(self._before)
        os.close(self._pipe[1])
        self._thread.join()
        os.close(self._pipe[0])
        self._pipe = None


def in_thread(work: Callable[[], _T]) -> _T:
    """Do ``work`` in another thread and wait for it, so that a signal's exception ends the wait.

    The work then goes on, and its result is nobody's.
    """
    outcome: list[Any] = []
    done = threading.Event()

    def run() -> None:
        try:
            outcome.append((True, work()))
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            outcome.append((False, error))
        finally:
            done.set()

    threading.Thread(target=run, name="work", daemon=True).start()
    done.wait()
    succeeded, value = outcome[0]
    if not succeeded:
        raise value
    result: _T = value
    return result
