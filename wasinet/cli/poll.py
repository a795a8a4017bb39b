"""``wasinet poll``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from wasinet.cli import tcp_options as options
from wasinet.cli.errors import report
from wasinet.cli.output import results, write_line
from wasinet.cli.session import Session
from wasinet.cli.tcp_listen import listen_addresses
from wasinet.cli.values import BadValue, parse_endpoint, parse_local, parse_seconds
from wasinet.programs import poll as programs
from wasinet.programs.events import CallFailed, Event
from wasinet.programs.guest import WORLDS, guest
from wasinet.programs.net import Net
from wasinet.render.color import is_terminal, wants_color
from wasinet.render.printable import Printable, cells, padded, printed
from wasinet.render.theme import Painter
from wasinet.render.units import show_seconds
from wasinet.wit.english import counted

__all__ = ["KINDS", "command", "source_of"]

_Wait = Callable[[Net, programs.Subject], programs.Waiting]


def _tcp_connect(text: str, family: int | None) -> _Wait:
    target = parse_endpoint(text)
    if target.host is None or target.port == 0:
        raise BadValue(f"{text!r} needs a host and a port to connect to; e.g. localhost:80")
    if target.family is not None and family not in (None, target.family):
        raise BadValue(f"{text!r} is no IPv{family} address, but -{family} was given")
    return programs.tcp_connect(target.host, target.port, family, target.scope)


def _listening(kind: Callable[[programs.Addresses], _Wait]) -> Callable[[str, int | None], _Wait]:
    def make(text: str, family: int | None) -> _Wait:
        endpoint = parse_local(text)
        return kind(lambda net: listen_addresses(net, endpoint, family))

    return make


def _resolve(text: str, family: int | None) -> _Wait:
    if not text:
        raise BadValue("there is no name after resolve:; e.g. resolve:localhost")
    return programs.lookup(text, family)


def _timer(text: str, family: int | None) -> _Wait:
    return programs.timer(parse_seconds(text))


def _stdin(text: str, family: int | None) -> _Wait:
    return programs.stdin()


KINDS: dict[str, tuple[str, Callable[[str, int | None], _Wait]]] = {
    "tcp-connect": ("HOST:PORT", _tcp_connect),
    "tcp-listen": ("ADDRESS", _listening(programs.tcp_listen)),
    "udp": ("ADDRESS", _listening(programs.udp)),
    "resolve": ("NAME", _resolve),
    "timer": ("DURATION", _timer),
    "stdin": ("", _stdin),
}
"""What can be waited for: what follows the colon, and what makes it."""

_OFFER = ", ".join(f"{kind}:{rest}" if rest else kind for kind, (rest, _) in KINDS.items())


def source_of(text: str, family: int | None) -> programs.Source:
    """A source from its text.

    Raises:
        BadValue: with what would be right.
    """
    kind, colon, rest = text.partition(":")
    if kind not in KINDS:
        raise BadValue(f"{text!r} is no source; there is {_OFFER}")
    wanted, make = KINDS[kind]
    if bool(wanted) != bool(colon):
        example = f"{kind}:{wanted}" if wanted else kind
        raise BadValue(f"{text!r} is no source; it is written {example}")
    try:
        return programs.Source(text, make(rest, family))
    except BadValue as error:
        raise BadValue(f"{text!r}: {error}") from None


def command(
    ctx: typer.Context,
    texts: Annotated[list[str], typer.Argument(metavar="SOURCE...", help=f"What to wait for: {_OFFER}.")],
    every: Annotated[bool, typer.Option("--all", help="Wait until each has been ready.")] = False,
    ipv4: options.Ipv4 = False,
    ipv6: options.Ipv6 = False,
) -> None:
    """Wait until a SOURCE is ready, and tell which, when, in what state its handle is, and what came of it.

    What became ready is used at once: a connection is accepted and closed, datagrams are received, and
    up to 4 KiB of standard input are read; with --json they are in the event.
    """
    family = options.family_of(ipv4, ipv6)
    sources = [source_of(text, family) for text in texts]
    with Session(ctx.obj, worlds=WORLDS) as session:
        lines = _Lines(session, [source.text for source in sources])
        for event in programs.poll(guest(session.host), sources, every=every):
            if event.name == "ready":
                lines.show(event)
            else:
                session.show(event)


class _Lines:
    """Results as aligned lines that appear as they come, under a heading on a terminal."""

    def __init__(self, session: Session, texts: list[str]) -> None:
        self._session = session
        self._out = results(session.settings)
        self._paint = Painter(wants_color(session.settings.color, self._out))
        self._width = max(cells(printed(text)) for text in (*texts, "source"))
        self._headed = not is_terminal(self._out)

    def show(self, event: Event) -> None:
        """Tell of one source that is ready."""
        fields = event.fields
        if self._session.settings.json:
            self._session.show(event)
        else:
            if not self._headed:
                self._headed = True
                head = self._columns("source", "after", "handle", "state", "outcome")
                write_line(self._out, self._paint("heading", head))
            write_line(self._out, self._line(fields))
        if fields["failed"]:
            report(CallFailed("", fields["source"], fields["outcome"], fields["reason"]), self._session.settings, [])

    def _columns(self, source: str, after: str, handle: str, state: str, outcome: str) -> Printable:
        columns = (
            padded(source, self._width),
            padded(after, 8, right=True),
            padded(handle, 6),
            padded(state, 12),
            outcome,
        )
        return Printable("  ").join(columns)

    def _line(self, fields: dict[str, Any]) -> Printable:
        paint = self._paint
        handle = "-" if fields["handle"] is None else f"#{fields['handle'].handle}"
        outcome = paint("error" if fields["failed"] else "ok", fields["outcome"])
        more = _more(fields)
        return self._columns(
            paint("value", fields["source"]),
            show_seconds(fields["seconds"]),
            paint("handle", handle),
            paint("state", fields["state"] or "-"),
            outcome + f" {more}" if more else outcome,
        )


def _more(fields: dict[str, Any]) -> str:
    """What belongs to an outcome, in a few words."""
    if "datagrams" in fields:
        count = len(fields["datagrams"])
        return f"from {fields['peer']}" + (f" and {count - 1} more" if count > 1 else "")
    if "addresses" in fields:
        return ", ".join(fields["addresses"])
    if "peer" in fields:
        return f"{fields['local'] or 'unknown'} to {fields['peer'] or 'unknown'}"
    return counted(fields["bytes"], "byte") if "bytes" in fields else ""
