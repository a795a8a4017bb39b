"""Calls as they happen: lines for people, and NDJSON for programs.

A record in a trace file has these fields:

| field       | value                                                                         |
|-------------|-------------------------------------------------------------------------------|
| `time`      | seconds since the session's start when the call began                         |
| `duration`  | seconds that it took                                                          |
| `host`      | what answered: `native`                                                       |
| `interface` | `tcp`; empty for the drop of a handle                                         |
| `function`  | `tcp-socket.start-bind`; `drop tcp-socket`                                    |
| `arguments` | an object: parameter name to value, without the receiver                      |
| `outcome`   | `{"ok": v}`, `{"err": v}`, `{"value": v}` (no result type), `{"trap": "..."}` |
| `handle`    | the receiver's number, null for free functions                                |
| `before`    | the receiver's state before; empty where it has none                          |
| `after`     | and after                                                                     |
| `reason`    | the precise reason of a failure, for people; else empty                       |

Values are as `wasinet.render.jsonvalue` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from wasinet.engine.records import CallRecord, Trapped
from wasinet.render.theme import Painter
from wasinet.render.units import show_seconds
from wasinet.wave.errors import WaveError
from wasinet.wave.human import HumanPrinter
from wasinet.wit.types import Type
from wasinet.wit.values import Err, Value

__all__ = ["TraceFile", "TraceLines", "TraceReader", "record_json", "record_line"]

Write = Callable[[str], None]
"""Takes a line without its end."""

_DROP = "drop "
# Errors that say "not yet" and nothing worse.
_WAITING = frozenset({"would-block", "again"})


class TraceReader(Protocol):
    """A reader of call records that has an end."""

    def __call__(self, record: CallRecord) -> None:
        """One call."""
        ...

    def finish(self) -> None:
        """No more calls will come."""
        ...


class TraceLines:
    """Shows every call as a line.

    Args:
        write: takes the lines.
        paint: the colours.
        data_limit: how many bytes of data to show.
    """

    def __init__(self, write: Write, paint: Painter, data_limit: int) -> None:
        self._write = write
        self._paint = paint
        self._printer = HumanPrinter(data_limit)

    def __call__(self, record: CallRecord) -> None:
        self._write(record_line(record, self._paint, self._printer))

    def finish(self) -> None:
        """Nothing is kept."""


class TraceFile:
    """Writes every call as a line of JSON.

    Args:
        write: takes the lines.
        close: called at the end.
    """

    def __init__(self, write: Write, close: Callable[[], None]) -> None:
        self._write = write
        self._close = close

    def __call__(self, record: CallRecord) -> None:
        from wasinet.render.jsonvalue import dump_line

        self._write(dump_line(record_json(record)))

    def finish(self) -> None:
        self._close()


def record_line(record: CallRecord, paint: Painter, printer: HumanPrinter, *, timed: bool = True) -> str:
    """``0.001234  #3 tcp-socket.start-bind(#1, 127.0.0.1:0) → ok  12 µs  unbound → bind-in-progress``."""
    parts = [
        paint("muted", f"{record.time:9.6f}"),
        f"{_call(record, paint, printer)}{_outcome(record, paint, printer)}",
    ]
    parts.append(paint("muted", show_seconds(record.duration)))
    if record.before != record.after and record.after:
        parts.append(f"{paint('state', record.before)} → {paint('state', record.after)}")
    return "  ".join(parts)


def _call(record: CallRecord, paint: Painter, printer: HumanPrinter) -> str:
    function = record.function
    receiver = "" if record.handle is None else paint("handle", f"#{record.handle}") + " "
    if function.name.startswith(_DROP):
        return f"{receiver}{paint('function', function.name)}"
    values = record.arguments if record.handle is None else record.arguments[1:]
    texts = [_text(printer, value, type_, paint) for value, (_, type_) in zip(values, function.params, strict=False)]
    return f"{receiver}{paint('function', function.name)}({', '.join(texts)})"


def _outcome(record: CallRecord, paint: Painter, printer: HumanPrinter) -> str:
    outcome = record.outcome
    if isinstance(outcome, Trapped):
        clause = f" ({outcome.clause})" if outcome.clause else ""
        return f" → {paint('trap', 'trap')}: {outcome.message}{clause}"
    if record.function.result is None:
        return ""
    if isinstance(outcome, Err):
        text = _text(printer, outcome, record.function.result, None)
        if outcome.value in _WAITING:
            return f" → {paint('muted', text)}"
        return f" → {paint('error', text)}" + (f": {outcome.reason}" if outcome.reason else "")
    return f" → {paint('ok', _text(printer, outcome, record.function.result, None))}"


def _text(printer: HumanPrinter, value: Value, type_: Type, paint: Painter | None) -> str:
    try:
        text = printer.dumps(value, type_)
    except WaveError:
        # The call was made with a value of another type, which is why it trapped.
        text = repr(value)
    return paint("handle", text) if paint is not None and text.startswith("#") else text


def record_json(record: CallRecord) -> dict[str, Any]:
    """The record with the fields that this module documents."""
    from wasinet.render.jsonvalue import outcome_json

    function = record.function
    values = record.arguments if function.resource is None else record.arguments[1:]
    outcome = record.outcome
    return {
        "time": round(record.time, 6),
        "duration": round(record.duration, 9),
        "host": record.host,
        "interface": function.interface,
        "function": function.name,
        "arguments": {name: _json(value, type_) for value, (name, type_) in zip(values, function.params, strict=False)},
        "outcome": {"trap": outcome.message}
        if isinstance(outcome, Trapped)
        else outcome_json(outcome, function.result),
        "handle": record.handle,
        "before": record.before,
        "after": record.after,
        "reason": record.reason,
    }


def _json(value: Value, type_: Type) -> Any:
    from wasinet.render.jsonvalue import to_json

    try:
        return to_json(value, type_)
    except (TypeError, ValueError, AttributeError, KeyError):
        return repr(value)
