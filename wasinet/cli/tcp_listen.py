"""``wasinet tcp listen``."""

from __future__ import annotations

from typing import Annotated

import typer

from wasinet.cli import tcp_options as options
from wasinet.cli.params import COUNT, LOCAL, WRITTEN
from wasinet.cli.received import shown
from wasinet.cli.session import Session
from wasinet.cli.values import BadValue, Endpoint, to_socket_address
from wasinet.programs.guest import WORLDS, guest
from wasinet.programs.net import Net
from wasinet.programs.tcp_listen import ListenOptions, tcp_listen
from wasinet.wit.values import Case

__all__ = ["command", "listen_addresses"]


def command(
    ctx: typer.Context,
    address: Annotated[
        Endpoint,
        typer.Argument(parser=LOCAL, metavar="ADDRESS", help="HOST:PORT, [V6]:PORT; :PORT is both families."),
    ],
    keep_open: Annotated[bool, typer.Option("-k", "--keep-open", help="Serve many connections, and go on.")] = False,
    most: Annotated[
        int | None, typer.Option("--max", parser=COUNT, metavar="N", help="With --keep-open: end after N connections.")
    ] = None,
    echo: Annotated[bool, typer.Option("--echo", help="Send back what is received.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Throw away what is received.")] = False,
    send: options.Send = None,
    output: options.Output = None,
    crlf: options.Crlf = False,
    hex_dump: options.HexDump = False,
    recv_only: options.RecvOnly = False,
    send_only: options.SendOnly = False,
    no_half_close: options.NoHalfClose = False,
    idle_timeout: options.IdleTimeout = None,
    port_file: Annotated[
        str | None, typer.Option(parser=WRITTEN, metavar="FILE", help="Write the bound port to FILE.")
    ] = None,
    backlog: Annotated[
        int | None, typer.Option(parser=COUNT, metavar="N", help="How many connections may wait.")
    ] = None,
    hop_limit: options.HopLimit = None,
    receive_buffer: options.ReceiveBuffer = None,
    send_buffer: options.SendBuffer = None,
    keep_alive: options.KeepAlive = False,
    keep_alive_params: options.KeepAliveParams = None,
    ipv4: options.Ipv4 = False,
    ipv6: options.Ipv6 = False,
) -> None:
    """Wait for a connection on ADDRESS: standard input goes to the peer, what it sends is printed.

    Ends when both directions have. With --keep-open many connections are served at once; standard
    input is not read then, and each gets what --send says. At a terminal the peer's end ends it.
    """
    if most == 0:
        raise BadValue("--max is at least 1")
    family = options.family_of(ipv4, ipv6)
    properties = options.properties_of(
        hop_limit=hop_limit,
        receive_buffer=receive_buffer,
        send_buffer=send_buffer,
        keep_alive=keep_alive,
        keep_alive_params=keep_alive_params,
        backlog=backlog,
    )
    with Session(ctx.obj, worlds=WORLDS, many_files=keep_open) as session:
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
            echo=echo,
            discard=discard,
            keep_open=keep_open,
        )
        net = guest(session.host)
        events = tcp_listen(
            net,
            listen_addresses(net, address, family),
            ListenOptions(properties, keep_open, most),
            streams,
            until_peer_ends=options.at_terminal(streams),
        )
        at_terminal = options.shows_received(streams, hex_dump=hex_dump)
        session.run(shown(session, events, hex_dump=hex_dump, port_file=port_file, at_terminal=at_terminal))


def listen_addresses(net: Net, endpoint: Endpoint, family: int | None) -> list[Case]:
    """The addresses that an ADDRESS for listening means: both families where it names no host.

    Raises:
        BadValue: the address is not of the wanted family.
        CallFailed: the name does not resolve.
    """
    if endpoint.host is None:
        wildcards = {4: "0.0.0.0", 6: "::"}
        return [
            to_socket_address(Endpoint(text, endpoint.port, number))
            for number, text in wildcards.items()
            if family in (None, number)
        ]
    if endpoint.family is None:
        found = net.addresses(endpoint.host, endpoint.port, family)
        # A hosts file may give an address twice.
        return list({repr(address): address for address in found}.values())
    if family not in (None, endpoint.family):
        raise BadValue(f"'{endpoint}' is no IPv{family} address, but -{family} was given")
    return [to_socket_address(endpoint)]
