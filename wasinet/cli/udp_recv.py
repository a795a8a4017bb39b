"""``wasinet udp recv``."""

from __future__ import annotations

from typing import Annotated

import typer

from wasinet.cli import tcp_options as options
from wasinet.cli import udp_options
from wasinet.cli.params import COUNT, LOCAL, WRITTEN
from wasinet.cli.received import shown
from wasinet.cli.session import Session
from wasinet.cli.tcp_listen import listen_addresses
from wasinet.cli.values import BadValue, Endpoint
from wasinet.programs.guest import WORLDS, guest
from wasinet.programs.udp_recv import RECEIVE_BUFFER, ReceiveOptions, udp_recv

__all__ = ["command"]


def command(
    ctx: typer.Context,
    address: Annotated[
        Endpoint,
        typer.Argument(parser=LOCAL, metavar="ADDRESS", help="HOST:PORT, [V6]:PORT; :PORT is both families."),
    ],
    count: Annotated[int | None, typer.Option(parser=COUNT, metavar="N", help="End after N datagrams.")] = None,
    echo: Annotated[
        bool, typer.Option("--echo", help="Send each datagram back to its sender, instead of printing it.")
    ] = False,
    raw: udp_options.Raw = False,
    hex_dump: udp_options.HexDump = False,
    port_file: Annotated[
        str | None, typer.Option(parser=WRITTEN, metavar="FILE", help="Write the bound port to FILE.")
    ] = None,
    hop_limit: options.HopLimit = None,
    receive_buffer: options.ReceiveBuffer = None,
    send_buffer: options.SendBuffer = None,
    ipv4: options.Ipv4 = False,
    ipv6: options.Ipv6 = False,
) -> None:
    """Receive datagrams on ADDRESS and print them.

    A line end follows each datagram that does not end with one, so that every datagram begins a line;
    --raw leaves it out. Goes on until --count datagrams have come; --timeout ends it with 124. Unless
    --receive-buffer says otherwise, the system is asked for 4 MiB, so that bursts are not lost.
    """
    if count == 0:
        raise BadValue("--count is at least 1")
    family = options.family_of(ipv4, ipv6)
    properties = [
        ("receive-buffer-size", RECEIVE_BUFFER if receive_buffer is None else receive_buffer),
        *([] if send_buffer is None else [("send-buffer-size", send_buffer)]),
        *([] if hop_limit is None else [("unicast-hop-limit", hop_limit)]),
    ]
    with Session(ctx.obj, worlds=WORLDS) as session:
        sink = udp_options.sink_of(session, raw=raw, hex_dump=hex_dump, echo=echo, announce=session.settings.verbose)
        net = guest(session.host)
        receiving = ReceiveOptions(properties, count, echo, udp_options.progress_of(session, sink))
        events = udp_recv(net, listen_addresses(net, address, family), receiving, sink)
        if hex_dump and not session.settings.json:
            events = udp_options.dumped(session, events)
        session.run(shown(session, events, port_file=port_file))
