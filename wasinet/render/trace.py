"""Calls as they happen: lines for people, and NDJSON for programs.

wasinet-trace(5) lists the fields of a record in a trace file.
Values are as `wasinet.render.jsonvalue` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from wasinet.engine.records import INTERRUPTED, CallRecord, Trapped
from wasinet.render.printable import Printable, cells, lines, printed, wrapped
from wasinet.render.theme import Painter
from wasinet.render.units import show_seconds
from wasinet.wave.errors import WaveError
from wasinet.wave.human import HumanPrinter
from wasinet.wit.types import Type, handle_of
from wasinet.wit.values import Err, Value

__all__ = ["TraceFile", "TraceLines", "TraceReader", "joined", "record_line"]

Write = Callable[[str], None]
"""Takes a line without its end."""

_DROP = "drop "
_GAP = Printable("  ")
# Errors that say "not yet" and nothing worse.
_WAITING = frozenset({"would-block", "again"})


# From so many seconds on a call that may wait has done little else.
_NOTABLE = 0.001


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
        width: the columns of the terminal; what is longer goes on in further lines. None for no limit.
    """

    def __init__(self, write: Write, paint: Painter, data_limit: int, width: int | None = None) -> None:
        self._write = write
        self._paint = paint
        self._printer = HumanPrinter(data_limit)
        self._width = width

    def __call__(self, record: CallRecord) -> None:
        self._write(record_line(record, self._paint, self._printer, self._width))

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
        from wasinet.render.jsontext import record_text

        self._write(record_text(record))

    def finish(self) -> None:
        self._close()


def record_line(
    record: CallRecord, paint: Painter, printer: HumanPrinter, width: int | None = None, *, timed: bool = True
) -> Printable:
    """``0.001234  #3 tcp-socket.start-bind(#1, 127.0.0.1:0) → ok  12 µs  unbound → bind-in-progress``.

    Args:
        record: the call.
        paint: the colours.
        printer: of the values.
        width: break between the parts where they are wider together.
        timed: with the time and the duration.
    """
    outcome, reason = _outcome(record, paint, printer)
    call = _call(record, paint, printer)
    parts: list[str] = [call]
    if outcome:
        parts.append(Printable(f"→ {outcome}"))
    if timed:
        waited = "waited " if record.function.blocking and record.duration >= _NOTABLE else ""
        parts.append(paint("muted", waited + show_seconds(record.duration)))
    if record.before != record.after and record.after:
        parts.append(Printable(f"{paint('state', record.before)} → {paint('state', record.after)}"))
    if reason:
        parts.append(reason)
    return joined(Printable(f"{paint('muted', f'{record.time:9.6f}')}{_GAP}") if timed else Printable(), parts, width)


def joined(start: Printable, parts: Sequence[str], width: int | None) -> Printable:
    """The parts after one another; one that does not fit begins a line of its own."""
    shown: list[str] = [start + parts[0]]
    if width is None:
        for part in map(printed, parts[1:]):
            shown += " " if part.startswith("→") else _GAP, part
        return Printable("".join(shown))
    indent = " " * (cells(start) + 2)
    used = cells(shown[0])
    if used > width:
        shown = list(wrapped(shown[0], max(width, 40), hang=indent))
        used = cells(shown[-1])
    for part in map(printed, parts[1:]):
        gap = " " if part.startswith("→") else _GAP
        needed = len(gap) + cells(part)
        if used + needed > width:
            shown += wrapped(part, max(width, 40), indent=indent, hang=indent)
            used = cells(shown[-1])
        else:
            shown[-1] = Printable(f"{shown[-1]}{gap}{part}")
            used += needed
    return lines(shown)


def _call(record: CallRecord, paint: Painter, printer: HumanPrinter) -> Printable:
    function = record.function
    head = paint("function", function.name)
    if record.handle is not None:
        head = Printable(f"{paint('handle', f'#{record.handle}')} {head}")
    if function.name.startswith(_DROP):
        return head
    values = record.arguments if record.handle is None else record.arguments[1:]
    texts = [
        _argument(printer, value, type_, paint) for value, (_, type_) in zip(values, function.inputs, strict=False)
    ]
    return Printable(f"{head}({', '.join(texts)})")


def _argument(printer: HumanPrinter, value: Value, type_: Type, paint: Painter) -> Printable:
    text = printed(_text(printer, value, type_))
    return paint("handle", text) if handle_of(type_) is not None else text


def _outcome(record: CallRecord, paint: Painter, printer: HumanPrinter) -> tuple[Printable, str]:
    """The outcome, and the reason of a failure; the outcome is empty where the function has no result."""
    outcome = record.outcome
    if isinstance(outcome, Trapped):
        if outcome is INTERRUPTED:
            return paint("muted", outcome.message), ""
        clause = f" ({outcome.clause})" if outcome.clause else ""
        return paint("trap", "trap"), f"{outcome.message}{clause}"
    if record.function.result is None:
        return Printable(), ""
    text = _text(printer, outcome, record.function.result)
    if isinstance(outcome, Err):
        waiting = outcome.value in _WAITING
        return paint("muted" if waiting else "error", text), "" if waiting else outcome.reason
    return paint("ok", text), ""


def _text(printer: HumanPrinter, value: Value, type_: Type) -> str:
    try:
        return printer.dumps(value, type_)
    except WaveError:
        # The call was made with a value of another type, which is why it trapped.
        return repr(value)
