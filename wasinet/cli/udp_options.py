"""What ``udp send`` and ``udp recv`` have in common on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from wasinet.cli.output import write_line
from wasinet.cli.received import hex_lines
from wasinet.cli.session import Session
from wasinet.cli.values import BadValue
from wasinet.programs.datagrams import EVENTS, LINES, NOWHERE, RAW, SinkOptions
from wasinet.programs.events import Event
from wasinet.render.color import is_terminal
from wasinet.render.printable import lines
from wasinet.render.theme import Painter
from wasinet.wit.english import counted

__all__ = ["HexDump", "Raw", "dumped", "progress_of", "sink_of"]

_PROGRESS_INTERVAL = 0.25

HexDump = Annotated[bool, typer.Option("--hex", help="Show each datagram as a hex dump, under its sender.")]
Raw = Annotated[
    bool, typer.Option("--raw", help="Write just the bytes, as nc and socat do: no line end between datagrams.")
]


def sink_of(session: Session, *, raw: bool, hex_dump: bool, echo: bool = False, announce: bool = False) -> SinkOptions:
    """Where received datagrams go, from the flags.

    Raises:
        BadValue: flags exclude each other.
    """
    chosen = [name for name, given in (("--raw", raw), ("--hex", hex_dump), ("--echo", echo)) if given]
    if len(chosen) > 1 and chosen != ["--hex", "--echo"]:
        raise BadValue(f"{' and '.join(chosen)} exclude each other: received bytes go to one place")
    fd = session.output_fd
    name = "standard output" if fd == 1 else "standard error"
    if hex_dump or session.settings.json:
        return SinkOptions(EVENTS, fd, name)
    return SinkOptions(NOWHERE if echo else RAW if raw else LINES, fd, name, announce)


def dumped(session: Session, events: Iterable[Event]) -> Iterator[Event]:
    """Write received datagrams to the stream for data as hex dumps, and pass the other events on.

    Raises:
        LocalFailed: standard output does not take it.
    """
    out = sys.stderr if session.output_fd == 2 else sys.stdout
    paint = session.paint if out is sys.stderr else Painter(False)
    for event in events:
        if event.name == "received":
            head = paint("address", event.fields["peer"]) + f" {counted(event.fields['bytes'], 'byte')}"
            write_line(out, lines((head, *hex_lines(event.fields["data"]))))
        else:
            yield event


def progress_of(session: Session, sink: SinkOptions | None) -> float | None:
    """How often progress is told: not at all where nobody sees it, or where it would stand in what is seen."""
    settings = session.settings
    if settings.json:
        return _PROGRESS_INTERVAL if settings.verbose else None
    if settings.quiet or settings.trace or not is_terminal(sys.stderr):
        return None
    seen = sink is not None and (sink.announce or (sink.kind != NOWHERE and _is_terminal(sink.fd)))
    return None if seen else _PROGRESS_INTERVAL


def _is_terminal(fd: int) -> bool:
    try:
        return os.isatty(fd)
    except OSError:
        return False
