"""``wasinet tcp connect``."""

from __future__ import annotations

from typing import Annotated

import typer

from wasinet.cli import tcp_options as options
from wasinet.cli.address import local_address
from wasinet.cli.params import COUNT, ENDPOINT, SECONDS, checked
from wasinet.cli.received import shown
from wasinet.cli.session import Session
from wasinet.cli.values import BadValue, Endpoint, to_socket_address
from wasinet.programs.guest import WORLDS, guest
from wasinet.programs.tcp_connect import ConnectOptions, Target, probe, tcp_connect

__all__ = ["command", "target_of"]


def command(
    ctx: typer.Context,
    targets: Annotated[
        list[Endpoint], typer.Argument(parser=ENDPOINT, metavar="HOST:PORT...", help="The peer; several with --probe.")
    ],
    probing: Annotated[bool, typer.Option("--probe", help="Only connect, and report how long it took.")] = False,
    count: Annotated[int, typer.Option(parser=COUNT, metavar="N", help="With --probe: how often.")] = 1,
    interval: Annotated[
        float, typer.Option(parser=SECONDS, metavar="DURATION", help="With --probe: the pause between.")
    ] = 1.0,
    bind: Annotated[
        Endpoint | None,
        typer.Option(
            parser=checked(local_address, "ADDRESS"), metavar="ADDRESS", help="Connect from this local address."
        ),
    ] = None,
    connect_timeout: Annotated[
        float | None, typer.Option(parser=SECONDS, metavar="DURATION", help="Give up connecting after this long.")
    ] = None,
    send: options.Send = None,
    output: options.Output = None,
    crlf: options.Crlf = False,
    hex_dump: options.HexDump = False,
    recv_only: options.RecvOnly = False,
    send_only: options.SendOnly = False,
    no_half_close: options.NoHalfClose = False,
    idle_timeout: options.IdleTimeout = None,
    hop_limit: options.HopLimit = None,
    receive_buffer: options.ReceiveBuffer = None,
    send_buffer: options.SendBuffer = None,
    keep_alive: options.KeepAlive = False,
    keep_alive_params: options.KeepAliveParams = None,
    ipv4: options.Ipv4 = False,
    ipv6: options.Ipv6 = False,
) -> None:
    """Connect to HOST:PORT: standard input goes to the peer, what it sends is printed.

    A name's addresses are tried as RFC 8305 says. The end of standard input is told to the peer, and
    reading goes on until the peer ends too. At a terminal the peer's end ends it.
    """
    for target in targets:
        if target.host is None:
            raise BadValue(f"'{target}' has no host to connect to; e.g. localhost{target}")
        if target.port == 0:
            raise BadValue(f"'{target}': port 0 is no port to connect to")
    if len(targets) > 1 and not probing:
        raise BadValue("several targets need --probe; without it, give one")
    if count < 1:
        raise BadValue("--count is at least 1")
    if connect_timeout == 0:
        raise BadValue("--connect-timeout is more than 0; e.g. 3s")
    family = options.family_of(ipv4, ipv6)
    if bind is not None and family not in (None, bind.family):
        raise BadValue(f"'{bind}' of --bind is no IPv{family} address, but -{family} was given")
    connecting = ConnectOptions(
        family,
        None if bind is None else to_socket_address(bind),
        options.properties_of(
            hop_limit=hop_limit,
            receive_buffer=receive_buffer,
            send_buffer=send_buffer,
            keep_alive=keep_alive,
            keep_alive_params=keep_alive_params,
        ),
        connect_timeout,
    )
    with Session(ctx.obj, worlds=WORLDS) as session:
        net = guest(session.host)
        if probing:
            session.run(probe(net, [*map(target_of, targets)], connecting, count=count, interval=interval))
            return
        streams = options.stream_options(
            session,
            send=send,
            output=output,
            crlf=crlf,
            hex_dump=hex_dump,
            recv_only=recv_only,
            send_only=send_only,
            no_half_close=no_half_close,
            idle_timeout=idle_timeout,
        )
        events = tcp_connect(
            net, target_of(targets[0]), connecting, streams, until_peer_ends=options.at_terminal(streams)
        )
        at_terminal = options.shows_received(streams, hex_dump=hex_dump)
        session.run(shown(session, events, hex_dump=hex_dump, at_terminal=at_terminal))


def target_of(endpoint: Endpoint) -> Target:
    """An endpoint with a host as the programs take it."""
    assert endpoint.host is not None
    return Target(endpoint.host, endpoint.port, str(endpoint), endpoint.scope)
