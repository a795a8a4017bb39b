"""``wasinet udp send``."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from wasinet.cli import tcp_options as options
from wasinet.cli import udp_options
from wasinet.cli.address import local_address
from wasinet.cli.output import write_line
from wasinet.cli.params import BYTES, COUNT, ENDPOINT, SECONDS, checked
from wasinet.cli.received import shown
from wasinet.cli.session import Session
from wasinet.cli.values import BadValue, Endpoint, to_socket_address
from wasinet.programs.guest import WORLDS, guest
from wasinet.programs.net import Net
from wasinet.programs.udp_send import Feed, Lines, Repeat, SendOptions, read_whole, udp_send
from wasinet.wit.values import Case

__all__ = ["command", "peers_of"]


def command(
    ctx: typer.Context,
    target: Annotated[Endpoint, typer.Argument(parser=ENDPOINT, metavar="HOST:PORT", help="Where to send.")],
    texts: Annotated[
        list[bytes] | None,
        typer.Argument(
            parser=BYTES,
            metavar="TEXT|@FILE",
            help="Each is one datagram; @@ begins a text with one @. Without any, standard input is sent.",
        ),
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Send each line of standard input, without its end, as it comes.")
    ] = False,
    count: Annotated[int, typer.Option(parser=COUNT, metavar="N", help="Send everything N times.")] = 1,
    interval: Annotated[
        float | None, typer.Option(parser=SECONDS, metavar="DURATION", help="Time from one datagram to the next.")
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(
            parser=SECONDS, metavar="DURATION", help="Print replies, until this long after the last datagram."
        ),
    ] = None,
    bind: Annotated[
        Endpoint | None,
        typer.Option(parser=checked(local_address, "ADDRESS"), metavar="ADDRESS", help="Send from this local address."),
    ] = None,
    raw: udp_options.Raw = False,
    hex_dump: udp_options.HexDump = False,
    hop_limit: options.HopLimit = None,
    send_buffer: options.SendBuffer = None,
    receive_buffer: options.ReceiveBuffer = None,
    ipv4: options.Ipv4 = False,
    ipv6: options.Ipv6 = False,
) -> None:
    """Send datagrams to HOST:PORT: the arguments, or standard input as one datagram.

    With --wait replies are printed, each followed by a line end if it has none. The socket is limited to
    the one peer, so a refusal by the peer's machine ends it where the system tells of it.
    """
    if count == 0:
        raise BadValue("--count is at least 1")
    if lines and texts:
        raise BadValue("--lines is for standard input; the arguments are datagrams already")
    family = options.family_of(ipv4, ipv6)
    properties = [
        (name, value)
        for name, value in (
            ("unicast-hop-limit", hop_limit),
            ("send-buffer-size", send_buffer),
            ("receive-buffer-size", receive_buffer),
        )
        if value is not None
    ]
    with Session(ctx.obj, worlds=WORLDS) as session:
        net = guest(session.host)
        settings = session.settings
        sink = udp_options.sink_of(session, raw=raw, hex_dump=hex_dump, announce=not settings.quiet)
        peers = peers_of(net, target, _family_for(family, bind))
        sending = SendOptions(
            None if bind is None else to_socket_address(bind),
            properties,
            interval or 0.0,
            wait,
            settings.json or settings.verbose,
            udp_options.progress_of(session, None if wait is None else sink),
        )
        feed = _feed(session, net, texts, lines=lines, count=count)
        events = shown(session, udp_send(net, peers, feed, sending, sink))
        session.run(udp_options.dumped(session, events) if hex_dump and not settings.json else events)


def peers_of(net: Net, target: Endpoint, family: int | None) -> list[Case]:
    """The addresses of a peer.

    Raises:
        BadValue: there can be none.
        CallFailed: the name does not resolve.
    """
    if target.host is None:
        raise BadValue(f"'{target}' has no host to send to; e.g. localhost{target}")
    if target.port == 0:
        raise BadValue(f"'{target}': port 0 is no port to send to")
    if target.family is None:
        return net.addresses(target.host, target.port, family)
    if family not in (None, target.family):
        raise BadValue(f"'{target}' is no IPv{family} address")
    return [to_socket_address(target)]


def _family_for(family: int | None, bind: Endpoint | None) -> int | None:
    """The family of -4, -6 and --bind."""
    if bind is None:
        return family
    if family not in (None, bind.family):
        raise BadValue(f"--bind: '{bind}' is no IPv{family} address, but -{family} was given")
    return bind.family


def _feed(session: Session, net: Net, texts: list[bytes] | None, *, lines: bool, count: int) -> Feed:
    if texts:
        return Repeat(net, texts, count)
    if os.isatty(0) and not session.settings.quiet and not session.settings.json:
        what = "each line is a datagram" if lines else "one datagram"
        write_line(sys.stderr, f"sending what you type, {what}; Ctrl-D ends it")
    source = net.open_input(0, "standard input")
    if lines:
        return Lines(net, source, count)
    data = read_whole(net, source)
    return Repeat(net, [data] if data else [], count)
