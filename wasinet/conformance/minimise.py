"""Making a failing sequence short, by delta debugging (Zeller and Hildebrandt, ddmin)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["minimise"]

_Item = TypeVar("_Item")


def minimise(items: tuple[_Item, ...], fails: Callable[[tuple[_Item, ...]], bool]) -> tuple[_Item, ...]:
    """A part of a failing sequence that still fails, and from which no single item can be taken.

    Args:
        items: the sequence, which fails.
        fails: whether a part, in the same order, still does.
    """
    size = max(len(items) // 2, 1)
    while True:
        start = 0
        while start < len(items):
            rest = items[:start] + items[start + size :]
            if rest and fails(rest):
                items = rest
            else:
                start += size
        if size == 1:
            # Taking one may have made another superfluous.
            for index in range(len(items)):
                rest = items[:index] + items[index + 1 :]
                if rest and fails(rest):
                    items = rest
                    break
            else:
                return items
            continue
        size = max(size // 2, 1)
