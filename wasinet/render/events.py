"""A program's events as short lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wasinet.programs.events import Event, HandleRef
from wasinet.render.printable import Printable
from wasinet.render.theme import Painter
from wasinet.render.units import show_seconds
from wasinet.wit.data import Data
from wasinet.wit.english import counted

__all__ = ["TEMPLATES", "Template", "event_line", "is_shown"]


class Template(Data):
    """How one event is said.

    Args:
        texts: ``{field}`` stands for a field; the first text whose fields are all known is taken.
            ``{field:noun}`` counts what the field is the number of. Without texts the event is for programs
            only, or its command has another way to show it.
        verbose: said with ``--verbose`` only.
    """

    texts: tuple[str, ...]
    verbose: bool = False


TEMPLATES: Mapping[str, Template] = {
    "listening": Template(("listening on {address}",)),
    "connecting": Template(("trying {address}",), verbose=True),
    "attempt-failed": Template(("{address}: {code}: {reason}", "{address}: {code}"), verbose=True),
    "connected": Template(("connected to {peer} from {local}",)),
    "accepted": Template(("connection from {peer} to {local}",)),
    "accept-failed": Template(("accept: {code}: {reason}", "accept: {code}")),
    "ended": Template(("{peer} sends no more",), verbose=True),
    "closed": Template(("closed {peer}: {received:byte} received, {sent} sent, {seconds}", "closed {peer}")),
    "failed": Template(("{peer}: {code}: {reason}", "{peer}: {code}")),
    "sent": Template(("sent {bytes:byte} to {peer}",), verbose=True),
    "received": Template(("{bytes:byte} from {peer}",)),
    "echo-failed": Template(("{peer}: {code}: {reason}", "{peer}: {code}")),
    "all-sent": Template(("sent {datagrams:datagram}, {sent:byte}, to {peer} in {seconds}",)),
    "all-received": Template(("received {datagrams:datagram}, {received:byte}, in {seconds}",)),
    # What was received goes to standard output by itself.
    "data": Template(()),
    **dict.fromkeys(
        ("error", "handles", "progress", "ready", "receiving", "resolved", "saw", "step", "unresolved"), Template(())
    ),
    "probe": Template(("{target} answered in {seconds}, {address}", "{target}: {code}")),
    "summary": Template(
        (
            "{target}: {sent} tried, {lost} lost, min {min}, median {median}, max {max}",
            "{target}: {sent} tried, {lost} lost",
        )
    ),
}

_ROLES = {
    "address": "address",
    "addresses": "address",
    "local": "address",
    "remote": "address",
    "peer": "address",
    "state": "state",
    "before": "state",
    "after": "state",
    "code": "error",
    "error": "error",
    "function": "function",
    "target": "address",
}
_TIMES = frozenset({"seconds", "min", "median", "max"})
_UNKNOWN = Printable("unknown")


def is_shown(event: Event, verbose: bool) -> bool:
    """Whether the event is for people at all, and at this verbosity."""
    template = TEMPLATES[event.name]
    return bool(template.texts) and (verbose or not template.verbose)


def event_line(event: Event, paint: Painter) -> Printable:
    """``listening on 127.0.0.1:8080``; an address that the host did not tell is ``unknown``."""
    fields = _Fields(
        (key, _Field(_field(key, value, paint), value))
        for key, value in event.fields.items()
        if value not in (None, "") or _ROLES.get(key) == "address"
    )
    *better, last = TEMPLATES[event.name].texts
    for text in better:
        try:
            return Printable(text).format(**fields)
        except KeyError:
            pass
    return Printable(last.format_map(fields))


class _Field:
    """A field as text; formatted with a noun, the number of these."""

    def __init__(self, text: Printable, value: Any = None) -> None:
        self._text = text
        self._number = value

    def __format__(self, noun: str) -> str:
        return self._text + counted(self._number, noun).removeprefix(str(self._number)) if noun else self._text


class _Fields(dict[str, _Field]):
    """Fields as text, for the template that is left when no other fits."""

    def __missing__(self, key: str) -> _Field:
        return _Field(_UNKNOWN)


def _field(key: str, value: Any, paint: Painter) -> Printable:
    if value in (None, ""):
        return _UNKNOWN
    if isinstance(value, HandleRef):
        return paint("handle", f"#{value.handle}")
    if key in _TIMES and isinstance(value, int | float):
        return Printable(show_seconds(value))
    return paint(_ROLES.get(key, "value"), _plain(value))


def _plain(value: Any) -> str:
    match value:
        case HandleRef():
            return f"#{value.handle}"
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case bytes() | bytearray() | memoryview():
            return counted(len(value), "byte")
        case list() | tuple():
            return ", ".join(map(_plain, value))
        case dict():
            return ", ".join(f"{key}={_plain(inner)}" for key, inner in value.items())
        case None:
            return "none"
        case _:
            return str(value)
