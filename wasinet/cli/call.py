"""``wasinet call``: calls from the command line, or from standard input."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from wasinet.cli.errors import report
from wasinet.cli.output import results, write_json, write_line
from wasinet.cli.params import checked
from wasinet.cli.session import Session
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.engine.faults import Trap
from wasinet.hosts import Trapped, make_host
from wasinet.oscalls.documents import read_stream
from wasinet.programs.events import CallFailed
from wasinet.script.outcomes import code_of, outcome_text
from wasinet.script.session import Session as Calls
from wasinet.script.session import Step
from wasinet.script.transcript import MOST
from wasinet.wave.errors import WaveError
from wasinet.wit import WORLD_NAMES
from wasinet.wit.values import Err

__all__ = ["command"]

_FORMATS = ("human", "wave")


def _format(text: str) -> str:
    if text not in _FORMATS:
        raise BadValue(f"{text!r} is no format; choose {' or '.join(_FORMATS)}")
    return text


def command(
    ctx: typer.Context,
    calls: Annotated[str, typer.Argument(metavar="CALLS|-", help="Calls, separated by ; or on lines; - reads them.")],
    form: Annotated[
        str,
        typer.Option(
            "--format", parser=checked(_format, "FORMAT"), metavar="|".join(_FORMATS), help="Short forms, or pure WAVE."
        ),
    ] = "human",
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Go on after a call that fails.")] = False,
) -> None:
    """Make calls in one session and print each outcome on a line.

    s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1:0); s.finish-bind(); s.local-address()

    The network of this machine is net. The first call that fails ends it and decides the exit code: 1 for
    an error, 3 for a trap. Text that is no call ends it with 2 before anything is called.
    """
    settings: Settings = ctx.obj
    text = _read() if calls == "-" else calls
    first = 0
    with Session(settings, host=make_host(settings.host, settings.world), worlds=WORLD_NAMES) as session:
        steps = Calls(lambda: session.host)
        try:
            prepared = steps.prepare(text)
        except WaveError as error:
            raise _bad_text(error) from None
        for bound in prepared:
            try:
                step = steps.run(bound)
                _show(step, settings, form)
                failure = _failure(steps, step)
            except WaveError as error:
                failure = _bad_text(error)
            if failure is None:
                continue
            if not keep_going:
                raise failure
            code = report(failure, settings, [])
            first = first or code
    if first:
        raise typer.Exit(first)


def _read() -> str:
    try:
        return read_stream(sys.stdin.buffer, MOST).decode() if sys.stdin is not None else ""
    except OSError as error:
        raise BadValue(f"standard input cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadValue(f"standard input is not UTF-8: {error.reason} at byte {error.start}") from None


def _bad_text(error: WaveError) -> BadValue:
    where = f"line {error.line}: " if "\n" in error.text.strip() else ""
    return BadValue(f"{where}{error.message}", *(f"  {line}" for line in error.place()))


def _show(step: Step, settings: Settings, form: str) -> None:
    stream = results(settings)
    if settings.json:
        from wasinet.render.jsontext import call_json

        write_json(stream, call_json(step.record, step.time, step.assigned))
        return
    if form == "wave":
        from wasinet.wave.printer import Printer

        write_line(stream, outcome_text(step.function, step.outcome, Printer()))
    else:
        from wasinet.wave.human import HumanPrinter

        write_line(stream, outcome_text(step.function, step.outcome, HumanPrinter()))


def _failure(steps: Calls, step: Step) -> Exception | None:
    outcome = step.outcome
    if isinstance(outcome, Trapped):
        return Trap(steps.reason(step), outcome.clause)
    if isinstance(outcome, Err):
        code, reason = code_of(outcome, steps.reason(step))
        bound = step.bound
        target = bound.text[bound.statement.calls : bound.statement.end]
        return CallFailed(step.function.name, " ".join(target.split()), code, reason)
    return None
