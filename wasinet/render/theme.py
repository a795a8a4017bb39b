"""The theme: one style for each kind of thing, in all outputs.

The styles are rich's words; ``Painter`` applies them without rich.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from wasinet.render.printable import Printable, printed

__all__ = ["STYLES", "Painter", "prompt_styles", "restyle", "style_mistake"]

# Only the sixteen colours that every terminal's own palette makes readable, light and dark.
STYLES: dict[str, str] = {
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

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_CODES = {
    "bold": "1",
    "dim": "2",
    "italic": "3",
    "underline": "4",
    "reverse": "7",
    **{name: str(30 + index) for index, name in enumerate(_COLOURS)},
    **{f"bright_{name}": str(90 + index) for index, name in enumerate(_COLOURS)},
}

_RESTYLED: dict[str, str] = {}


@cache
def _codes(role: str) -> str:
    return ";".join(_CODES[word] for word in STYLES[role].split())


def style_mistake(style: str) -> str:
    """What is wrong with a style, and what would be right; empty for words that are known."""
    unknown = [word for word in style.split() if word not in _CODES]
    return f"{unknown[0]!r} is no style; choose from {', '.join(_CODES)}" if unknown else ""


def restyle(styles: Mapping[str, str]) -> None:
    """Change the style of these roles in all outputs of this process."""
    _RESTYLED.update(styles)
    STYLES.update(styles)
    _codes.cache_clear()


def prompt_styles() -> dict[str, str]:
    """The roles that were given another style, in the words of prompt_toolkit."""
    return {role: " ".join(map(_prompt_word, style.split())) for role, style in _RESTYLED.items()}


def _prompt_word(word: str) -> str:
    # It calls the sixteen colours as ANSI does, but for two; and not every version of it knows dim.
    special = {"white": "ansigray", "bright_white": "ansiwhite", "dim": "ansibrightblack"}
    if word in special:
        return special[word]
    return f"ansi{word.replace('_', '')}" if word.removeprefix("bright_") in _COLOURS else word


class Painter:
    """Makes pieces of text printable, and colours them by their role."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, role: str, text: str) -> Printable:
        text = printed(text)
        if not self.color or not text:
            return text
        codes = _codes(role)
        return Printable(f"\x1b[{codes}m{text}\x1b[0m") if codes else text
