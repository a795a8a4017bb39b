"""What ``tcp connect`` and ``tcp listen`` have in common on the command line."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

import typer

from wasinet.cli.params import SECONDS, SIZE, WRITTEN, checked
from wasinet.cli.session import Session
from wasinet.cli.values import BadValue, parse_bytes, parse_count, parse_duration, parse_input
from wasinet.oscalls.interruption import interruptible
from wasinet.programs.events import LocalFailed
from wasinet.programs.net import Properties
from wasinet.programs.tcp import DISCARD, ECHO, EVENTS, OUTPUT, StreamOptions
from wasinet.render.color import is_terminal
from wasinet.wit.data import Data

__all__ = [
    "PROGRESS_INTERVAL",
    "Crlf",
    "HexDump",
    "HopLimit",
    "IdleTimeout",
    "Ipv4",
    "Ipv6",
    "KeepAlive",
    "KeepAliveParams",
    "NoHalfClose",
    "Output",
    "ReceiveBuffer",
    "RecvOnly",
    "Send",
    "SendBuffer",
    "SendOnly",
    "at_terminal",
    "family_of",
    "properties_of",
    "shows_received",
    "stream_options",
]


PROGRESS_INTERVAL = 0.25
"""Seconds between two tellings of how far a transfer is."""


class KeepAliveTimes(Data):
    """When an idle peer is probed: nanoseconds, and how often. No tuple, which Typer takes for three arguments."""

    idle: int
    interval: int
    count: int


def _keep_alive(text: str) -> KeepAliveTimes:
    parts = text.split(",")
    if len(parts) != 3:
        raise BadValue(f"{text!r} is not IDLE,INTERVAL,COUNT; e.g. 30s,5s,3")
    return KeepAliveTimes(parse_duration(parts[0]), parse_duration(parts[1]), parse_count(parts[2]))


def _hop_limit(text: str) -> int:
    value = parse_count(text)
    if not 1 <= value <= 255:
        raise BadValue(f"{text!r} is no hop limit; 1 to 255")
    return value


def _send(text: str) -> str:
    # Tried once here so that a missing file ends the command before the first call.
    if _is_file(text):
        text = f"@{parse_input(text[1:])}"
        path = text[1:]
        try:
            if _can_be_opened_again(path):
                with open(path, "rb"):
                    pass
        except OSError as error:
            raise BadValue(f"{path!r} cannot be read: {error.strerror}") from None
    return text


def _is_file(send: str) -> bool:
    return send.startswith("@") and not send.startswith("@@")


def _can_be_opened_again(path: str) -> bool:
    """Whether each opening reads the file from its beginning; a pipe's data come once. Raises OSError."""
    mode = os.stat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


Ipv4 = Annotated[bool, typer.Option("-4", "--ipv4", help="IPv4 only.")]
Ipv6 = Annotated[bool, typer.Option("-6", "--ipv6", help="IPv6 only.")]
Send = Annotated[
    str | None,
    typer.Option(parser=checked(_send, "TEXT|@FILE"), metavar="TEXT|@FILE", help="Send this, not standard input."),
]
Output = Annotated[str | None, typer.Option(parser=WRITTEN, metavar="FILE", help="Write what is received to FILE.")]
Crlf = Annotated[bool, typer.Option("--crlf", help="Send each line end as CR LF.")]
HexDump = Annotated[bool, typer.Option("--hex", help="Show what is received as a hex dump.")]
RecvOnly = Annotated[bool, typer.Option("--recv-only", help="Send nothing; standard input is not read.")]
SendOnly = Annotated[bool, typer.Option("--send-only", help="End when all is sent; what is received is thrown away.")]
NoHalfClose = Annotated[
    bool, typer.Option("--no-half-close", help="Do not tell the peer when there is no more to send.")
]
IdleTimeout = Annotated[
    float | None,
    typer.Option(parser=SECONDS, metavar="DURATION", help="Give a connection up after this long without a byte."),
]
HopLimit = Annotated[
    int | None,
    typer.Option(parser=checked(_hop_limit, "N"), metavar="N", help="Hop limit (TTL), 1 to 255."),
]
ReceiveBuffer = Annotated[int | None, typer.Option(parser=SIZE, metavar="SIZE", help="Receive buffer, e.g. 256KiB.")]
SendBuffer = Annotated[int | None, typer.Option(parser=SIZE, metavar="SIZE", help="Send buffer, e.g. 256KiB.")]
KeepAlive = Annotated[bool, typer.Option("--keep-alive", help="Probe an idle peer.")]
KeepAliveParams = Annotated[
    KeepAliveTimes | None,
    typer.Option(
        parser=checked(_keep_alive, "IDLE,INTERVAL,COUNT"),
        metavar="IDLE,INTERVAL,COUNT",
        help="When and how often, e.g. 30s,5s,3; turns --keep-alive on.",
    ),
]


def family_of(ipv4: bool, ipv6: bool) -> int | None:
    """4, 6 or None for both. Raises BadValue for a contradiction."""
    if ipv4 and ipv6:
        raise BadValue("-4 and -6 exclude each other; without either both families are used")
    return 4 if ipv4 else 6 if ipv6 else None


def properties_of(
    *,
    hop_limit: int | None,
    receive_buffer: int | None,
    send_buffer: int | None,
    keep_alive: bool,
    keep_alive_params: KeepAliveTimes | None,
    backlog: int | None = None,
) -> Properties:
    """The socket properties that were asked for, by the names of their setters."""
    times = keep_alive_params
    wanted: list[tuple[str, Any]] = [
        ("listen-backlog-size", backlog),
        ("hop-limit", hop_limit),
        ("receive-buffer-size", receive_buffer),
        ("send-buffer-size", send_buffer),
        ("keep-alive-idle-time", None if times is None else times.idle),
        ("keep-alive-interval", None if times is None else times.interval),
        ("keep-alive-count", None if times is None else times.count),
        ("keep-alive-enabled", True if keep_alive or times is not None else None),
    ]
    return [(name, value) for name, value in wanted if value is not None]


def at_terminal(streams: StreamOptions) -> bool:
    """Whether a person types what is sent."""
    return streams.send is _standard_input and _is_terminal(0)


def shows_received(streams: StreamOptions, *, hex_dump: bool) -> bool:
    """Whether what is received is shown on a terminal."""
    return (hex_dump or (streams.sink == OUTPUT and not streams.send_only)) and _is_terminal(streams.output_fd)


def _progress(session: Session, *, in_the_way: bool) -> float | None:
    """How often progress is told: not at all where nobody sees it, or where it would stand in what is seen."""
    settings = session.settings
    if settings.json:
        return PROGRESS_INTERVAL if settings.verbose else None
    if in_the_way or settings.quiet or settings.trace or not is_terminal(sys.stderr):
        return None
    return PROGRESS_INTERVAL


def stream_options(
    session: Session,
    *,
    send: str | None,
    output: str | None,
    crlf: bool,
    hex_dump: bool,
    recv_only: bool,
    send_only: bool,
    no_half_close: bool,
    idle_timeout: float | None,
    echo: bool = False,
    discard: bool = False,
    keep_open: bool = False,
) -> StreamOptions:
    """What goes to the peer and where its bytes go, from the flags.

    Raises:
        BadValue: flags exclude each other, or a file cannot be opened.
    """
    takers = [("--echo", echo), ("--discard", discard), ("--output", output is not None), ("--hex", hex_dump)]
    chosen = [name for name, given in takers if given]
    if len(chosen) > 1:
        raise BadValue(f"{' and '.join(chosen)} exclude each other: received bytes go to one place")
    if recv_only and (send_only or send is not None):
        raise BadValue(f"--recv-only sends nothing, so {'--send-only' if send_only else '--send'} has no use beside it")
    if send_only and chosen:
        raise BadValue(f"--send-only receives nothing, so {chosen[0]} has no use beside it")
    if idle_timeout == 0:
        raise BadValue("--idle-timeout is more than 0; e.g. 30s")
    if echo and send is not None:
        raise BadValue("--echo sends back what is received, so --send has no use beside it")
    if output == "-" and session.settings.json:
        raise BadValue("--output -: standard output has the events of --json; name a file")
    sink, fd, name = OUTPUT, session.output_fd, "standard output" if session.output_fd == 1 else "standard error"
    if echo:
        sink = ECHO
    elif discard:
        sink = DISCARD
    elif output not in (None, "-"):
        assert output is not None
        try:
            # A FIFO that nobody reads keeps open(2) waiting.
            with interruptible():
                fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
            name = output
        except OSError as error:
            raise BadValue(f"{output!r} cannot be written: {error.strerror}") from None
    elif hex_dump or (session.settings.json and output is None):
        sink = EVENTS
    elif not send_only and not _is_writable(fd):
        # Said before anything is received and lost.
        raise LocalFailed(f"write {name}", os.strerror(errno.EBADF), errno.EBADF)
    source = None if recv_only or echo else _source(send, from_input=not keep_open and not discard)
    if source is None and crlf:
        raise BadValue("--crlf is for what is sent, and nothing is")
    if source is None and no_half_close and sink != ECHO:
        raise BadValue("--no-half-close is about the end of what is sent, and nothing is")
    shown = (hex_dump or (sink == OUTPUT and not send_only)) and _is_terminal(fd)
    return StreamOptions(
        send=source,
        sink=sink,
        output_fd=fd,
        output_name=name,
        own_output=output not in (None, "-"),
        crlf=crlf,
        half_close=not no_half_close,
        send_only=send_only,
        idle_timeout=idle_timeout,
        progress=_progress(session, in_the_way=shown and source is _standard_input and _is_terminal(0)),
    )


_Source = bytes | tuple[int, str, bool]


def _source(send: str | None, *, from_input: bool) -> Callable[[], _Source] | None:
    if send is None:
        return _standard_input if from_input else None
    if not _is_file(send):
        data = parse_bytes(send)
        return lambda: data
    path = send[1:]
    if _can_be_opened_again(path):
        return lambda: (_open(path), path, True)
    # A pipe or a device is opened once, and all connections share it.
    once = cache(_open)
    return lambda: (once(path), path, False)


def _standard_input() -> _Source:
    return (0, "standard input", False) if _is_open(0) else b""


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise LocalFailed(f"open {path}", error.strerror or str(error), error.errno) from None


def _is_terminal(fd: int) -> bool:
    try:
        return os.isatty(fd)
    except OSError:
        return False


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _is_writable(fd: int) -> bool:
    try:
        from fcntl import F_GETFL, fcntl
    except ImportError:
        return True
    try:
        return fcntl(fd, F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    except OSError:
        return False
