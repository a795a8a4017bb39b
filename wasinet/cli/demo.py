"""``wasinet demo``."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from wasinet.cli.output import results, write_line
from wasinet.cli.session import Session
from wasinet.engine.records import CallRecord, Trapped
from wasinet.programs.demo import demo
from wasinet.programs.events import Event, HandleRef
from wasinet.programs.net import Net
from wasinet.render.color import is_terminal, wants_color, width_of
from wasinet.render.handles import handles_table
from wasinet.render.table import table_text
from wasinet.render.theme import Painter
from wasinet.render.trace import record_line
from wasinet.wave.human import HumanPrinter
from wasinet.wit.values import Err

__all__ = ["command"]


def command(ctx: typer.Context) -> None:
    """Show everything at work on loopback, in a few seconds: no network, no peer and no file is needed."""
    with Session(ctx.obj) as session:
        if session.settings.json:
            session.run(_as_json(session, demo(Net(session.host))))
            return
        page = _Page(session)
        if not session.settings.trace:
            # A trace shows every call anyway.
            session.host.attach(page.call)
        for event in demo(Net(session.host)):
            page.event(event)
        page.end()


def _as_json(session: Session, events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        if event.name == "handles":
            live = [
                {"handle": HandleRef(info.handle, info.type), "state": info.state, "local": info.local}
                for info in session.host.handles()
            ]
            yield Event("handles", live=live)
        else:
            yield event


class _Page:
    """What the demo looks like: steps, the calls that moved a state, what came of it, tables of handles."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._out = results(session.settings)
        self._color = wants_color(session.settings.color, self._out)
        self._paint = Painter(self._color)
        self._printer = HumanPrinter(session.settings.trace_data)
        self._step = 0
        self._calls = 0
        self._moves = 0

    def call(self, record: CallRecord) -> None:
        self._calls += 1
        moved = record.before != record.after and record.handle is not None and record.before and record.after
        if moved:
            self._moves += 1
        if moved or isinstance(record.outcome, Err | Trapped):
            self._line("  " + record_line(record, self._paint, self._printer, timed=False))

    def event(self, event: Event) -> None:
        if event.name == "step":
            self._step += 1
            if self._step > 1:
                self._line("")
            self._line(self._paint("heading", f"{self._step}. {event.fields['title']}"))
        elif event.name == "saw":
            self._line("  " + self._paint("ok", event.fields["text"]))
        elif event.name == "handles":
            drawn, width = is_terminal(self._out), width_of(self._out)
            table = handles_table(self._session.host.handles(), width=width if drawn else None)
            self._line(table_text(table, drawn=drawn, color=self._color, width=width))

    def end(self) -> None:
        self._line("")
        if self._calls:
            self._line(f"{self._calls} WASI calls, {self._moves} of them moved a state. --trace shows them all.")
        self._line("Next: wasinet explain tcp-socket.accept, wasinet states tcp, wasinet --help")

    def _line(self, text: str) -> None:
        write_line(self._out, text)
