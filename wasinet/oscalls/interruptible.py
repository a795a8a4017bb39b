"""Where a signal's exception may come up although the code around it may not be left at any step."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["checkpoint", "in_thread"]

_T = TypeVar("_T")


def checkpoint() -> None:
    """An interruption that was put off comes now."""


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
