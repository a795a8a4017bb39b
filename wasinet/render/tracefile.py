"""Trace files read back: calls, and the handles that they were about."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, TypeGuard

from wasinet import wit
from wasinet.oscalls.documents import DocumentError, parse_json
from wasinet.wit.data import Data

__all__ = ["Call", "Handle", "TraceError", "handles_of", "read_trace"]

_DROP = "drop "
# Errors that say "not yet" and nothing worse.
_WAITING = frozenset({"would-block", "again"})


class TraceError(ValueError):
    """A line that is no record; ``line`` is its number from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class Call(Data):
    """One record, see wasinet-trace(5)."""

    time: float
    duration: float
    host: str
    interface: str
    function: str
    arguments: dict[str, Any]
    outcome: Any
    handle: int | None
    before: str
    after: str
    reason: str

    @property
    def end(self) -> float:
        """When it came back."""
        return self.time + self.duration

    @property
    def kind(self) -> str:
        """How it went: ``ok``, ``again`` for "not yet", ``error``, ``trap`` or ``interrupted``."""
        outcome = self.outcome
        if not isinstance(outcome, dict):
            return "ok"
        if "trap" in outcome:
            return "trap"
        if "interrupted" in outcome:
            return "interrupted"
        if "err" in outcome:
            return "again" if isinstance(outcome["err"], str) and outcome["err"] in _WAITING else "error"
        return "ok"

    @property
    def blocking(self) -> bool:
        """Whether it may have waited."""
        return (self.interface, self.function) in _blocking()


# No session takes longer than some thirty years; sums of such times stay exact enough.
_LONGEST = 1e9


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_handle(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_outcome(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _OUTCOMES)


_OUTCOMES = ("ok", "err", "value", "trap", "interrupted")
_FIELDS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("time", _is_time, "seconds"),
    ("duration", _is_time, "seconds"),
    ("host", _is_text, "text"),
    ("interface", _is_text, "text"),
    ("function", _is_text, "text"),
    ("arguments", _is_object, "an object"),
    ("outcome", _is_outcome, f"an object with one of {', '.join(_OUTCOMES)}"),
    ("handle", _is_handle, "a number or null"),
    ("before", _is_text, "text"),
    ("after", _is_text, "text"),
    ("reason", _is_text, "text"),
)


def read_trace(lines: Iterable[bytes]) -> Iterator[Call]:
    """The calls of a trace file, in the order of their ends.

    Raises:
        TraceError: a line is no record.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = parse_json(line.decode())
        except UnicodeDecodeError as error:
            raise TraceError(number, f"not UTF-8: {error.reason}") from None
        except DocumentError as error:
            raise TraceError(number, str(error)) from None
        if not isinstance(fields, dict):
            raise TraceError(number, "no record: a record is an object")
        for name, fits, what in _FIELDS:
            if name not in fields:
                raise TraceError(number, f"no record: it has no field {name!r}")
            if not fits(fields[name]):
                raise TraceError(number, f"no record: {name!r} is {_brief(fields[name])}, not {what}")
        yield Call(**{name: fields[name] for name, _, _ in _FIELDS})


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


@cache
def _blocking() -> frozenset[tuple[str, str]]:
    """The functions that may wait, of all worlds."""
    return frozenset(
        (function.interface, function.name)
        for world in ("0.2-command", "draft")
        for function in wit.load(world).functions.values()
        if function.blocking
    )


class Handle:
    """What a trace tells of one handle.

    Attributes:
        number: its number.
        type: the resource's name.
        born: when it was first seen.
        gone: when it was dropped, None if it never was.
        states: when each state was entered, in order.
        calls: the calls on it, and those that gave it.
        received: bytes that were read from it.
        sent: bytes that were written to it.
    """

    def __init__(self, number: int, type_: str, born: float) -> None:
        self.number = number
        self.type = type_
        self.born = born
        self.gone: float | None = None
        self.states: list[tuple[float, str]] = []
        self.calls: list[Call] = []
        self.received = 0
        self.sent = 0

    @property
    def state(self) -> str:
        """The last state that is known."""
        return self.states[-1][1] if self.states else ""

    def enter(self, time: float, state: str) -> None:
        """It has been in this state from then on, unless it was already."""
        if state and state != self.state:
            self.states.append((time, state))


def handles_of(calls: Iterable[Call]) -> list[Handle]:
    """The handles of a trace by number, those that the session began with included."""
    found: dict[int, Handle] = {}
    for call in sorted(calls, key=lambda call: call.end):
        for number, type_ in _born(call.outcome):
            if number not in found:
                found[number] = Handle(number, type_, call.end)
                found[number].calls.append(call)
        if call.handle is None:
            continue
        handle = found.get(call.handle)
        if handle is None:
            type_ = call.function.removeprefix(_DROP).partition(".")[0]
            handle = found[call.handle] = Handle(call.handle, type_, call.time)
        handle.calls.append(call)
        handle.enter(handle.born if not handle.states else call.time, call.before)
        if call.function.startswith(_DROP) and call.kind == "ok":
            handle.gone = call.end
        else:
            handle.enter(call.end, call.after)
        _count(handle, call)
    return [found[number] for number in sorted(found)]


def _born(value: Any) -> Iterator[tuple[int, str]]:
    """The handles in an outcome."""
    if isinstance(value, list):
        for item in value:
            yield from _born(item)
    elif isinstance(value, dict):
        if value.keys() == {"handle", "type"} and _is_number(value["handle"]) and _is_text(value["type"]):
            yield value["handle"], value["type"]
        else:
            for item in value.values():
                yield from _born(item)


def _count(handle: Handle, call: Call) -> None:
    """Add what a call moved."""
    if call.kind != "ok" or not isinstance(call.outcome, dict):
        return
    value = call.outcome.get("ok")
    length, datagrams = call.arguments.get("len"), call.arguments.get("datagrams")
    if handle.type.startswith(("incoming", "input")):
        handle.received += value if _is_number(value) else _size(value)
    elif handle.type.startswith("out"):
        if _is_number(value) and isinstance(datagrams, list):
            handle.sent += _size(datagrams[:value])
        elif _is_number(value):
            # What check-write permits was not moved.
            handle.sent += 0 if "check" in call.function else value
        elif _is_number(length):
            handle.sent += length
        else:
            handle.sent += _size(call.arguments)


def _size(value: Any) -> int:
    """How many bytes there are in a value."""
    if isinstance(value, list):
        return sum(map(_size, value))
    if isinstance(value, dict):
        if value.keys() == {"base64"}:
            try:
                return len(b64decode(value["base64"]))
            except (Base64Error, TypeError, ValueError):
                return 0
        return sum(map(_size, value.values()))
    return 0
