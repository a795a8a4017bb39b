"""A trace as a timeline in text: a row for each handle, its states as letters, its calls as capitals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wasinet.render.printable import Printable, cells, clipped, lines, padded
from wasinet.render.theme import Painter
from wasinet.render.tracefile import Call, Handle
from wasinet.render.units import show_seconds

__all__ = ["letters_of", "timeline_text"]

_NO_STATE = "-"
_BAD = frozenset({"error", "trap"})
_LEAST = 20
_GAP = Printable("   ")


def letters_of(handles: Sequence[Handle]) -> dict[str, str]:
    """A letter for each state: its first one that no other state has."""
    found: dict[str, str] = {}
    for handle in handles:
        for _, state in handle.states:
            if state not in found:
                taken = set(found.values())
                # Others may be wide, or become two characters as capitals.
                own = (char for char in state if char.isascii() and char.isalpha())
                spare = (*own, *"abcdefghijklmnopqrstuvwxyz")
                found[state] = next((letter for letter in spare if letter not in taken), "?")
    return found


def timeline_text(calls: Sequence[Call], handles: Sequence[Handle], paint: Painter, width: int) -> Printable:
    """The timeline.

    Args:
        calls: all calls.
        handles: all handles.
        paint: the colours.
        width: the page's columns.
    """
    if not calls:
        return Printable("no calls")
    start = min(call.time for call in calls)
    end = max(call.end for call in calls)
    letters = letters_of(handles)
    labels = [clipped(f"#{handle.number} {handle.type}", width // 2) for handle in handles]
    label = max(map(cells, labels), default=0)
    columns = max(width - label - 2, _LEAST)
    scale = columns / max(end - start, 1e-9)

    def at(time: float) -> int:
        return min(max(int((time - start) * scale), 0), columns - 1)

    whole = show_seconds(end - start)
    shown = [f"{'':<{label}}  0{whole:>{columns - 1}}"]
    for text, handle in zip(labels, handles, strict=True):
        row = _row(handle, letters, paint, at, end)
        shown.append(Printable("{}  {}").format(paint("handle", padded(text, label)), row).rstrip())
    shown.append("")
    legend = [(letter, "state", state) for state, letter in letters.items()]
    legend += [(_NO_STATE, "muted", "alive"), ("A", "", "a call"), ("!", "error", "a call that failed")]
    shown += _wrapped(legend, paint, width)
    return lines(shown)


def _row(handle: Handle, letters: dict[str, str], paint: Painter, at: Callable[[float], int], end: float) -> Printable:
    first, last = at(handle.born), at(end if handle.gone is None else handle.gone)
    cells = [" "] * (last + 1)
    roles = [""] * (last + 1)
    changes = [(at(time), letters[state]) for time, state in handle.states]
    for column in range(first, last + 1):
        letter = _NO_STATE
        for begin, name in changes:
            if begin <= column or letter == _NO_STATE:
                letter = name
        cells[column], roles[column] = letter, "state" if letter != _NO_STATE else "muted"
    for call in handle.calls:
        for column in range(max(at(call.time), first), min(at(call.end), last) + 1):
            if call.kind in _BAD:
                cells[column], roles[column] = "!", "error"
            elif cells[column] != "!":
                cells[column] = "=" if cells[column] in "-=" else cells[column].upper()
    return Printable().join(paint(role, cell) if role else cell for cell, role in zip(cells, roles, strict=True))


def _wrapped(legend: Sequence[tuple[str, str, str]], paint: Painter, width: int) -> list[Printable]:
    """Marks, their roles and what they mean, as many on a line as fit."""
    shown: list[Printable] = []
    room = 0
    for mark, role, meaning in legend:
        one = Printable("{} {}").format(paint(role, mark) if role else mark, meaning)
        if shown and cells(_GAP + one) <= room:
            shown[-1] += _GAP + one
            room -= cells(_GAP + one)
        else:
            shown.append(one)
            room = width - cells(one)
    return shown
