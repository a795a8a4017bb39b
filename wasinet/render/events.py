"""A program's events as short lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wasinet.programs.events import Event, HandleRef
from wasinet.render.theme import Painter
from wasinet.wit.data import Data

__all__ = ["TEMPLATES", "Template", "event_line", "is_shown"]

SILENT = ""


class Template(Data):
    """How one event is said: ``{field}`` stands for a field; an event that lacks one is said generically."""

    text: str
    verbose: bool = False


TEMPLATES: Mapping[str, Template] = {
    "listening": Template("listening on {address}"),
    "connecting": Template("connecting to {address}", verbose=True),
    "attempt-failed": Template("{address}: {code}: {reason}", verbose=True),
    "connected": Template("connected to {peer} from {local}"),
    "accepted": Template("accepted {peer} on {local}"),
    "accept-failed": Template("a connection could not be accepted: {code}: {reason}"),
    "ended": Template("{peer} has ended its stream after {received} bytes", verbose=True),
    "failed": Template("{peer}: {code}: {reason}"),
    "closed": Template("closed {peer}: {received} bytes received, {sent} sent in {seconds} s"),
    # What was received goes to standard output by itself.
    "data": Template(SILENT),
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
}


def is_shown(event: Event, verbose: bool) -> bool:
    """Whether the event is for people at all, and at this verbosity."""
    template = TEMPLATES.get(event.name)
    return template is None or (template.text != SILENT and (verbose or not template.verbose))


def event_line(event: Event, paint: Painter) -> str:
    """``listening on 127.0.0.1:8080``; an event without a template as ``name key=value ...``."""
    template = TEMPLATES.get(event.name)
    if template is not None:
        try:
            return template.text.format_map({key: _field(key, value, paint) for key, value in event.fields.items()})
        except KeyError:
            pass
    pairs = (f"{key}={_field(key, value, paint)}" for key, value in event.fields.items() if value is not None)
    return " ".join((paint("event", event.name), *pairs))


def _field(key: str, value: Any, paint: Painter) -> str:
    if isinstance(value, HandleRef):
        return paint("handle", f"#{value.handle}")
    return paint(_ROLES.get(key, "value"), _plain(value))


def _plain(value: Any) -> str:
    match value:
        case HandleRef():
            return f"#{value.handle}"
        case str():
            return _printable(value)
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case bytes() | bytearray() | memoryview():
            return f"{len(value)} bytes"
        case list() | tuple():
            return ", ".join(map(_plain, value))
        case dict():
            return ", ".join(f"{key}={_plain(inner)}" for key, inner in value.items())
        case None:
            return "none"
        case _:
            return str(value)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
