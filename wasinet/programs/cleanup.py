"""Disposing of a program's handles at its end."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

__all__ = ["Cleanup"]


class Cleanup:
    """A context that ends with ``close``, but not when it was interrupted.

    Ctrl-C may come between any two steps, also of a disposal, and what is half done cannot be told from
    what is not. The host, which knows every handle, closes all of them then.
    """

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not isinstance(error, KeyboardInterrupt):
            self._close()
