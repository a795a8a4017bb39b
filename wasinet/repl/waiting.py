"""Dot commands that take time, until Ctrl-C."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wasinet.hosts import Trapped
from wasinet.oscalls.interruption import sleep
from wasinet.render.units import show_seconds
from wasinet.repl.faults import CommandError, handle
from wasinet.script.names import Names
from wasinet.script.reader import ValueReader
from wasinet.wave.errors import WaveError
from wasinet.wit.types import U64, Alias

if TYPE_CHECKING:
    from wasinet.repl.repl import Repl

__all__ = ["can_wait", "wait", "watch"]

_DURATION = Alias("duration", U64)
_SHORTEST = 0.01
_AT_ONCE = 60.0


def can_wait(names: Names, kind: str) -> bool:
    """Whether handles of this type can become ready: they are pollables or have them."""
    if kind == "pollable" or "subscribe" in names.methods.get(kind, {}):
        return True
    return f"subscribe-to-{kind}" in names.functions


def wait(repl: Repl, text: str) -> None:
    """Wait until a handle is ready."""
    number = handle(repl.session, text, "wait")
    session = repl.session
    kind = session.kind_of(number) or ""
    if not can_wait(session.names, kind):
        raise CommandError(f"{text} is a {kind}, which has no pollable to wait for")
    start = time.monotonic()
    while not session.host.wait(number, _AT_ONCE):
        pass
    repl.paths.look("wait")
    repl.write(repl.paint("handle", text) + " is " + repl.paint("ok", "ready") + f" after {_took(start)}")


def _took(start: float) -> str:
    return show_seconds(time.monotonic() - start)


def watch(repl: Repl, text: str) -> None:
    """Repeat a call at an interval, until Ctrl-C or a trap."""
    interval, _, call = text.partition(" ")
    if not interval or not call.strip():
        raise CommandError(".watch needs an interval and a call; e.g. .watch 500ms s.is-listening()")
    seconds = _seconds(interval)
    prepared = repl.session.prepare(call)
    try:
        while True:
            for bound in prepared:
                if isinstance(repl.call(bound).outcome, Trapped):
                    return
            sleep(seconds)
    except KeyboardInterrupt as interruption:
        if type(interruption) is not KeyboardInterrupt:
            raise


def _seconds(text: str) -> float:
    wrong = CommandError(f".watch: {text!r} is no interval; e.g. 500ms, 2s")
    reader = ValueReader(text)
    try:
        nanoseconds = reader.read(_DURATION)
    except WaveError:
        raise wrong from None
    if reader.position != len(text) or not isinstance(nanoseconds, int):
        raise wrong
    if nanoseconds / 1e9 < _SHORTEST:
        raise CommandError(f".watch: {text} is too short; 10ms is the shortest")
    return nanoseconds / 1e9
