"""``wasinet repl``: calls at a prompt, or from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from wasinet.cli.output import results, write_line
from wasinet.cli.session import drain_limit
from wasinet.cli.settings import Settings
from wasinet.cli.tracing import readers
from wasinet.cli.values import BadValue
from wasinet.oscalls.documents import lines_of
from wasinet.oscalls.interruption import leave
from wasinet.programs.events import LocalFailed
from wasinet.render.color import is_terminal, wants_color, width_of
from wasinet.render.theme import Painter
from wasinet.repl.repl import Repl
from wasinet.script.transcript import MOST

__all__ = ["command"]

# What the prompt's event loop opens, which fails aloud where it cannot, and one for a file or a socket.
_DESCRIPTORS = 4


def command(
    ctx: typer.Context,
    vi: Annotated[bool, typer.Option("--vi/--emacs", help="The keys of vi, or those of emacs.")] = False,
) -> None:
    """Make calls at a prompt: every state machine by hand, call by call.

    s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1:0)

    .help shows the commands beside the calls; Ctrl-D leaves. Lines from a pipe are run one after the other,
    to the end; the first failure decides the exit code: 1 for an error, 2 for a line that is no call, 3 for a trap.
    """
    settings: Settings = ctx.obj
    stream = results(settings)
    at_prompt = is_terminal(sys.stdin) and is_terminal(sys.stdout)
    told = []
    if settings.trace or settings.trace_file or settings.trace_summary:
        told = readers(settings, Painter(wants_color(settings.color, sys.stderr)))

    def write(text: str) -> None:
        write_line(stream, text)

    def complain(text: str) -> None:
        write_line(sys.stderr, text)

    repl = Repl(
        write,
        write if at_prompt else complain,
        color=wants_color(settings.color, stream) and (at_prompt or settings.color == "always"),
        width=lambda: width_of(stream),
        world=settings.world,
        host=settings.host,
        drawn=at_prompt,
        debug=settings.debug,
        readers=tuple(told),
    )
    if settings.json:
        repl.form = "json"
    interrupted = True
    delivered = True
    try:
        if at_prompt:
            from wasinet.oscalls.files import descriptor_limit, has_descriptors
            from wasinet.repl.prompt import interact

            if not has_descriptors(_DESCRIPTORS):
                raise LocalFailed(
                    "open a prompt", f"it needs {_DESCRIPTORS} more file descriptors; {descriptor_limit()}"
                )
            interact(repl, vi=vi)
        else:
            repl.feed(_lines())
        interrupted = False
    finally:
        limit = drain_limit(interrupted=interrupted)
        leave()
        # Nobody is there to be told what was open at the end of a pipe.
        delivered = repl.close(limit) if at_prompt else repl.session.host.close(limit)
        for reader in told:
            reader.finish()
    if not delivered:
        raise LocalFailed("send what was written", f"the peer took not all of it in {limit:.3g} seconds")
    if repl.code and not at_prompt:
        raise typer.Exit(repl.code)


def _lines() -> Iterator[str]:
    """Standard input, line by line as it comes."""
    if sys.stdin is None:
        return
    try:
        for raw in lines_of(sys.stdin.buffer, MOST, sys.maxsize):
            yield raw.decode("utf-8", "replace").rstrip("\r\n")
    except OSError as error:
        raise BadValue(f"standard input cannot be read: {error.strerror}") from None
