"""The options of TCP sockets, each with its getter and setter."""

from __future__ import annotations

from functools import partial

from wasinet.wit.declare import Error, Function, Note
from wasinet.wit.types import BOOL, U8, U32, U64, Result
from wasinet.wit.v0_2.clocks import DURATION
from wasinet.wit.v0_2.machines import TCP
from wasinet.wit.v0_2.network import ERROR_CODE
from wasinet.wit.v0_2.shared import BUFFER_READ_BACK, DONE, SEND_BUFFER_ZERO, TCP_SOCKET, ZERO

__all__ = ["OPTIONS"]

# In closed, everything that can fail is invalid-state.
_NOT_CLOSED = tuple(state for state in TCP.states if state != "closed")
_TAKES_BACKLOG = ("unbound", "bind-in-progress", "bound", "listen-in-progress", "listening")

_KEEP_ALIVE_ROUNDING = Note(
    "Times round up to whole seconds and are clamped to what the operating system takes.",
    "wasi:sockets/tcp tcp-socket.keep-alive-idle-time, keep-alive-interval",
)

_option = partial(Function, "tcp", resource=TCP_SOCKET, states=_NOT_CLOSED)

OPTIONS = (
    Function(
        "tcp",
        "tcp-socket.set-listen-backlog-size",
        (("value", U64),),
        DONE,
        "Suggests how many clients may wait to be accepted.",
        resource=TCP_SOCKET,
        states=_TAKES_BACKLOG,
        posix="listen(2)",
        errors=(
            Error("not-supported", "the socket listens and the platform cannot change the backlog any more"),
            ZERO,
            Error("invalid-state", "the socket connects or is connected"),
        ),
    ),
    _option(
        "tcp-socket.keep-alive-enabled",
        (),
        Result(BOOL, ERROR_CODE),
        "Tells whether an idle connection is probed.",
        posix="getsockopt(SO_KEEPALIVE)",
    ),
    _option(
        "tcp-socket.set-keep-alive-enabled",
        (("value", BOOL),),
        DONE,
        "Turns the probing of an idle connection on or off.",
        posix="setsockopt(SO_KEEPALIVE)",
    ),
    _option(
        "tcp-socket.keep-alive-idle-time",
        (),
        Result(DURATION, ERROR_CODE),
        "Returns how long the connection must be idle before the first probe.",
        posix="getsockopt(TCP_KEEPIDLE)",
        notes=(_KEEP_ALIVE_ROUNDING,),
    ),
    _option(
        "tcp-socket.set-keep-alive-idle-time",
        (("value", DURATION),),
        DONE,
        "Sets how long the connection must be idle before the first probe.",
        posix="setsockopt(TCP_KEEPIDLE)",
        errors=(ZERO,),
        notes=(_KEEP_ALIVE_ROUNDING,),
    ),
    _option(
        "tcp-socket.keep-alive-interval",
        (),
        Result(DURATION, ERROR_CODE),
        "Returns the pause between two probes.",
        posix="getsockopt(TCP_KEEPINTVL)",
        notes=(_KEEP_ALIVE_ROUNDING,),
    ),
    _option(
        "tcp-socket.set-keep-alive-interval",
        (("value", DURATION),),
        DONE,
        "Sets the pause between two probes.",
        posix="setsockopt(TCP_KEEPINTVL)",
        errors=(ZERO,),
        notes=(_KEEP_ALIVE_ROUNDING,),
    ),
    _option(
        "tcp-socket.keep-alive-count",
        (),
        Result(U32, ERROR_CODE),
        "Returns after how many unanswered probes the connection is given up.",
        posix="getsockopt(TCP_KEEPCNT)",
    ),
    _option(
        "tcp-socket.set-keep-alive-count",
        (("value", U32),),
        DONE,
        "Sets after how many unanswered probes the connection is given up.",
        posix="setsockopt(TCP_KEEPCNT)",
        errors=(ZERO,),
    ),
    _option(
        "tcp-socket.hop-limit",
        (),
        Result(U8, ERROR_CODE),
        "Returns how many routers a packet may pass.",
        posix="getsockopt(IP_TTL), getsockopt(IPV6_UNICAST_HOPS)",
    ),
    _option(
        "tcp-socket.set-hop-limit",
        (("value", U8),),
        DONE,
        "Sets how many routers a packet may pass.",
        posix="setsockopt(IP_TTL), setsockopt(IPV6_UNICAST_HOPS)",
        errors=(ZERO,),
    ),
    _option(
        "tcp-socket.receive-buffer-size",
        (),
        Result(U64, ERROR_CODE),
        "Returns how many bytes the system holds for data that was not read yet.",
        posix="getsockopt(SO_RCVBUF)",
        notes=(BUFFER_READ_BACK,),
    ),
    _option(
        "tcp-socket.set-receive-buffer-size",
        (("value", U64),),
        DONE,
        "Suggests how many bytes the system holds for data that was not read yet.",
        posix="setsockopt(SO_RCVBUF)",
        errors=(ZERO,),
        notes=(BUFFER_READ_BACK,),
    ),
    _option(
        "tcp-socket.send-buffer-size",
        (),
        Result(U64, ERROR_CODE),
        "Returns how many bytes the system holds for data that was not acknowledged yet.",
        posix="getsockopt(SO_SNDBUF)",
        notes=(BUFFER_READ_BACK,),
    ),
    _option(
        "tcp-socket.set-send-buffer-size",
        (("value", U64),),
        DONE,
        "Suggests how many bytes the system holds for data that was not acknowledged yet.",
        posix="setsockopt(SO_SNDBUF)",
        notes=(
            BUFFER_READ_BACK,
            SEND_BUFFER_ZERO,
        ),
    ),
)
