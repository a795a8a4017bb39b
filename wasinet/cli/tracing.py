"""The trace readers that the settings ask for, with their files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from wasinet.cli.output import write_json, write_line
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.oscalls.interruption import interruptible
from wasinet.programs.events import LocalFailed
from wasinet.render.color import is_terminal, width_of
from wasinet.render.theme import Painter
from wasinet.render.trace import TraceFile, TraceLines, TraceReader

if TYPE_CHECKING:
    from wasinet.render.table import Table

__all__ = ["readers"]


def readers(settings: Settings, paint: Painter) -> list[TraceReader]:
    """The readers, in the order in which they show.

    Raises:
        BadValue: the trace file cannot be opened.
    """
    found: list[TraceReader] = []
    if settings.trace_file is not None:
        found.append(_stdout() if settings.stdout_taken else _file(settings.trace_file))
    if settings.trace:
        width = width_of(sys.stderr) if is_terminal(sys.stderr) else None
        found.append(TraceLines(lambda line: write_line(sys.stderr, line), paint, settings.trace_data, width))
    if settings.trace_summary:
        from wasinet.render.summary import Summary

        found.append(Summary(lambda table: _show(table, paint)))
    if settings.trace_only or settings.trace_errors:
        from wasinet.render.tracefilter import Filtered

        return [Filtered(one, settings.trace_only, errors=settings.trace_errors) for one in found]
    return found


def _show(table: Table, paint: Painter) -> None:
    from wasinet.render.table import table_text

    stream = sys.stderr
    text = table_text(table, drawn=is_terminal(stream), color=paint.color, width=width_of(stream))
    write_line(stream, text)


def _stdout() -> TraceReader:
    return TraceFile(lambda line: write_json(sys.stdout, line), lambda: None)


def _file(path: str) -> TraceReader:
    try:
        # Line by line, so that it can be followed and says all when the process is killed; text files take
        # twice as long for that. A FIFO that nobody reads keeps open(2) waiting, and then write(2).
        with interruptible():
            file = open(path, "wb", buffering=0)  # noqa: SIM115
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadValue(f"--trace-file: {path!r} cannot be written: {reason}") from None
    failed = False

    def write(line: str) -> None:
        nonlocal failed
        if failed:
            return
        data = f"{line}\n".encode()
        try:
            with interruptible():
                while data:
                    data = data[file.write(data) :]
        except OSError as error:
            # Once: the program's own end makes calls as well.
            failed = True
            raise LocalFailed(f"write {path}", error.strerror or str(error), error.errno) from error

    def close() -> None:
        try:
            file.close()
        except OSError:
            # Lines are written when they are made; that failure has been said.
            pass

    return TraceFile(write, close)
