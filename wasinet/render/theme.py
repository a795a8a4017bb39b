"""The theme: one style for each kind of thing, in all outputs.

The styles are rich's words; ``Painter`` applies them without rich.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

__all__ = ["STYLES", "Painter"]

# Only the sixteen colours that every terminal's own palette makes readable, light and dark.
STYLES: Mapping[str, str] = {
    "function": "cyan",
    "state": "magenta",
    "current": "bold reverse",
    "handle": "bold yellow",
    "address": "bright_blue",
    "value": "",
    "ok": "green",
    "error": "red",
    "trap": "bold red",
    "event": "bold",
    "heading": "bold",
    "muted": "dim",
}

_CODES = {
    "bold": "1",
    "dim": "2",
    "reverse": "7",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "magenta": "35",
    "cyan": "36",
    # Plain blue is hard to read on black.
    "bright_blue": "94",
}


@cache
def _codes(role: str) -> str:
    return ";".join(_CODES[word] for word in STYLES[role].split())


class Painter:
    """Colours pieces of text by their role; without colour it gives them back as they are."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, role: str, text: str) -> str:
        if not self.color or not text:
            return text
        codes = _codes(role)
        return f"\x1b[{codes}m{text}\x1b[0m" if codes else text
