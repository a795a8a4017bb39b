"""``wasinet resolve``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from wasinet.cli import tcp_options as options
from wasinet.cli.address import parse_address
from wasinet.cli.errors import report
from wasinet.cli.output import results, write_line
from wasinet.cli.params import SECONDS, checked
from wasinet.cli.session import Session
from wasinet.cli.values import BadValue, Endpoint
from wasinet.hosts.native import NativeHost
from wasinet.programs.events import CallFailed, Event
from wasinet.programs.guest import WORLDS, guest
from wasinet.programs.resolve import resolve
from wasinet.render.color import is_terminal, wants_color, width_of
from wasinet.render.printable import lines

if TYPE_CHECKING:
    from wasinet.oscalls import Found

__all__ = ["command", "parse_server"]

_PORT = 53
_TIMEOUT = 5.0


def parse_server(text: str) -> Endpoint:
    """``ADDRESS``, ``ADDRESS:PORT`` or ``[V6]:PORT`` of a name server.

    Raises:
        BadValue: it is no address.
    """
    what = "name server's address; e.g. 9.9.9.9, 127.0.0.1:5353, [::1]:5353"
    server = parse_address(text, _PORT, what)
    if not server.port:
        raise BadValue(f"{text!r} is no {what}")
    return server


def command(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names, also international ones.")],
    server: Annotated[
        Endpoint | None,
        typer.Option(
            parser=checked(parse_server, "ADDRESS[:PORT]"),
            metavar="ADDRESS[:PORT]",
            help="Ask this name server, not the system; no hosts file and no search list then.",
        ),
    ] = None,
    server_timeout: Annotated[
        float | None,
        typer.Option(parser=SECONDS, metavar="DURATION", help="With --server: how long one name may take; 5s."),
    ] = None,
    ipv4: options.Ipv4 = False,
    ipv6: options.Ipv6 = False,
) -> None:
    """Look up the addresses of each NAME, all names at once.

    Answers come in the order of the names, each one's addresses in the order in which to try them.
    """
    if "" in names:
        raise BadValue("a NAME is empty; e.g. example.com")
    family = options.family_of(ipv4, ipv6)
    if server_timeout == 0:
        raise BadValue("--server-timeout is longer than 0; e.g. 2s")
    host = None
    if server is not None:
        if ctx.obj.host != NativeHost.name:
            raise BadValue(f"--server: the host {ctx.obj.host} asks whom the system asks; use --host {NativeHost.name}")
        resolver = _resolver(server, family, _TIMEOUT if server_timeout is None else server_timeout)
        host = NativeHost(resolver=resolver, world=ctx.obj.world)
    with Session(ctx.obj, worlds=WORLDS, host=host) as session:
        shown: list[Event] = []
        tabular = not session.settings.json and is_terminal(results(session.settings))
        try:
            for event in resolve(guest(session.host), names, family):
                _show(session, event)
                shown.append(event)
                if not tabular:
                    shown.clear()
        finally:
            if shown:
                _table(session, shown)


def _resolver(server: Endpoint, family: int | None, timeout: float) -> Callable[[str], list[Found]]:
    from wasinet.oscalls.nameserver import NameServer

    assert server.host is not None
    address = f"{server.host}%{server.scope}" if server.scope else server.host
    return NameServer(address, server.port, families=(4, 6) if family is None else (family,), timeout=timeout)


def _show(session: Session, event: Event) -> None:
    settings = session.settings
    if settings.json:
        session.show(event)
    elif event.name == "resolved" and not is_terminal(results(settings)):
        write_line(results(settings), lines(f"{event.fields['name']} {one}" for one in event.fields["addresses"]))
    if event.name == "unresolved":
        fields = event.fields
        error = CallFailed(fields["function"], fields["name"], fields["code"], fields["reason"])
        report(error, settings, [])


def _table(session: Session, events: list[Event]) -> None:
    from wasinet.render.table import Cell, Column, Table, table_text
    from wasinet.render.units import show_seconds

    rows: list[list[str | Cell]] = []
    for event in events:
        if event.name != "resolved":
            continue
        for number, address in enumerate(event.fields["addresses"]):
            first = number == 0
            rows.append(
                [event.fields["name"] if first else "", address, show_seconds(event.fields["seconds"]) if first else ""]
            )
    if rows:
        out = results(session.settings)
        table = Table((Column("name"), Column("address", "address"), Column("took", "muted", right=True)), rows)
        color = wants_color(session.settings.color, out)
        write_line(out, table_text(table, drawn=True, color=color, width=width_of(out)))
