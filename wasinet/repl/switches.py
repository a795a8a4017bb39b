"""Dot commands that change the session or how it shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasinet.hosts import HOST_NAMES, HostError
from wasinet.repl.faults import CommandError, choice, handle, no_more
from wasinet.repl.outcomes import FORMATS
from wasinet.wit import WORLD_NAMES

if TYPE_CHECKING:
    from wasinet.repl.repl import Repl

_ON_OFF = ("on", "off")


def trace(repl: Repl, text: str) -> None:
    """Show every call, or no longer."""
    on = choice(text, "trace", _ON_OFF) == "on"
    if not on and repl.tracer is not None:
        repl.session.host.detach(repl.tracer)
        repl.readers.remove(repl.tracer)
        repl.tracer = None
    elif on and repl.tracer is None:
        from wasinet.render.trace import TraceLines

        width = repl.width() if repl.drawn else None
        # Looked up at each call: a pipe takes the lines of results elsewhere, and traces are no results.
        repl.tracer = TraceLines(repl.complain, repl.paint, 64, width)
        repl.readers.append(repl.tracer)
        repl.session.host.attach(repl.tracer)


def time(repl: Repl, text: str) -> None:
    """Show durations, or no longer."""
    repl.timed = choice(text, "time", _ON_OFF) == "on"


def format_(repl: Repl, text: str) -> None:
    """Choose how outcomes are shown."""
    repl.form = choice(text, "format", FORMATS)


def world(repl: Repl, text: str) -> None:
    """Show the world, or begin anew in another one."""
    if not text:
        repl.write(f"{repl.world}; there is {', '.join(WORLD_NAMES)}")
        return
    if text not in WORLD_NAMES:
        raise CommandError(f"no world is named {text!r}; there is {', '.join(WORLD_NAMES)}")
    _begin(repl, text, repl.host)
    repl.write(f"a new session in the world {text}")


def host(repl: Repl, text: str) -> None:
    """Show the host, or begin anew on another one."""
    if not text:
        repl.write(f"{repl.host}; there is {', '.join(HOST_NAMES)}")
        return
    if text not in HOST_NAMES:
        raise CommandError(f"no host is named {text!r}; there is {', '.join(HOST_NAMES)}")
    _begin(repl, repl.world, text)
    repl.write(f"a new session on the host {text}")


def _begin(repl: Repl, world: str, host: str) -> None:
    """Begin anew in this world and on this host; where that host cannot, in those that were."""
    before = repl.world, repl.host
    repl.world, repl.host = world, host
    try:
        repl.reset()
    except HostError as error:
        repl.world, repl.host = before
        repl.reset()
        raise CommandError(str(error)) from None


def network(repl: Repl, text: str) -> None:
    """Make a network with rules."""
    name, *rules = text.split() or [""]
    if not name or not rules:
        raise CommandError(".network needs a name and rules; e.g. .network fenced tcp-connect:127.0.0.1")
    try:
        repl.session.make_network(name, rules)
    except ValueError as error:
        raise CommandError(f".network: {error}") from None
    repl.paths.look("network")
    repl.write(repl.paint("handle", name) + f" is a network that allows {' '.join(rules)}")


def drop(repl: Repl, text: str) -> None:
    """Dispose of a handle, as the call ``drop`` does."""
    number = handle(repl.session, text, "drop")
    repl.calls(f"drop({text if not text.startswith('#') else f'#{number}'})")


def reset(repl: Repl, text: str) -> None:
    """Close all handles and forget all variables."""
    no_more(text, "reset")
    repl.reset()
    repl.write("a new session")


def quit_(repl: Repl, text: str) -> None:
    """Leave."""
    no_more(text, "quit")
    repl.done = True
