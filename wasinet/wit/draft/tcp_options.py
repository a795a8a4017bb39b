"""The options of the draft's TCP sockets, each with its getter and setter."""

from __future__ import annotations

from functools import partial

from wasinet.wit.declare import Error, Function, Note
from wasinet.wit.draft.machines import TCP
from wasinet.wit.draft.network import ERROR
from wasinet.wit.draft.shared import (
    BUFFER_READ_BACK,
    DONE,
    IPV4_SOCKET,
    NO_DUAL_STACK,
    ONE_LISTENER,
    TCP_SOCKET,
    V6_ONLY,
    ZERO,
)
from wasinet.wit.types import BOOL, U8, U64, Result

__all__ = ["OPTIONS"]

_THIS = ("this", TCP_SOCKET)

_NOT_CLOSED = tuple(state for state in TCP.states if state != "closed")

_LISTENS = Error("unknown", "the socket is in the listening state")

_CLOSED = Note(
    "It fails in closed, a state of ours that the text does not know.",
    "draft/tcp connect, listen",
)
_BOTH_SIZES = Note(
    "The text describes all four functions of the two sizes together, so the failure while listening is that of each.",
    "draft/tcp receive-buffer-size",
)
_MODE = Note(
    "The mode is for connect and accept and may be asked for and changed in any state. Streams have none: whether a "
    "function of a stream waits depends on the function.",
    "draft/tcp non-blocking against streams",
)

_option = partial(Function, "tcp", states=_NOT_CLOSED)
_buffer = partial(Function, "tcp", states=tuple(state for state in _NOT_CLOSED if state != "listener"))

OPTIONS = (
    _option(
        "ipv6-only",
        (_THIS,),
        Result(BOOL, ERROR),
        "Tells whether an IPv6 socket refuses IPv4.",
        posix="getsockopt(IPV6_V6ONLY)",
        errors=(IPV4_SOCKET,),
        notes=(V6_ONLY, _CLOSED),
    ),
    Function(
        "tcp",
        "set-ipv6-only",
        (_THIS, ("value", BOOL)),
        DONE,
        "Chooses whether an IPv6 socket that is not bound yet will refuse IPv4.",
        states=("unbound",),
        posix="setsockopt(IPV6_V6ONLY)",
        errors=(NO_DUAL_STACK, IPV4_SOCKET),
        notes=(V6_ONLY,),
    ),
    Function(
        "tcp",
        "set-listen-backlog-size",
        (_THIS, ("value", U64)),
        DONE,
        "Suggests how many clients may wait to be accepted.",
        states=("unbound", "bound", "listener"),
        posix="listen(2)",
        notes=(
            Note(
                "It fails once the socket connects or has connected, as in 0.2; the text names no failure.",
                "draft/tcp set-listen-backlog-size",
            ),
            ZERO,
        ),
    ),
    _option(
        "keep-alive",
        (_THIS,),
        Result(BOOL, ERROR),
        "Tells whether an idle connection is probed.",
        posix="getsockopt(SO_KEEPALIVE)",
        notes=(_CLOSED,),
    ),
    _option(
        "set-keep-alive",
        (_THIS, ("value", BOOL)),
        DONE,
        "Turns the probing of an idle connection on or off.",
        posix="setsockopt(SO_KEEPALIVE)",
        notes=(_CLOSED,),
    ),
    _option(
        "no-delay",
        (_THIS,),
        Result(BOOL, ERROR),
        "Tells whether small pieces are sent at once instead of being gathered into larger packets.",
        posix="getsockopt(TCP_NODELAY)",
        notes=(_CLOSED,),
    ),
    _option(
        "set-no-delay",
        (_THIS, ("value", BOOL)),
        DONE,
        "Chooses whether small pieces are sent at once instead of being gathered into larger packets.",
        posix="setsockopt(TCP_NODELAY)",
        notes=(_CLOSED,),
    ),
    _option(
        "unicast-hop-limit",
        (_THIS,),
        Result(U8, ERROR),
        "Returns how many routers a packet may pass.",
        posix="getsockopt(IP_TTL), getsockopt(IPV6_UNICAST_HOPS)",
        notes=(_CLOSED,),
    ),
    _option(
        "set-unicast-hop-limit",
        (_THIS, ("value", U8)),
        DONE,
        "Sets how many routers a packet may pass.",
        posix="setsockopt(IP_TTL), setsockopt(IPV6_UNICAST_HOPS)",
        notes=(ZERO, _CLOSED),
    ),
    _buffer(
        "receive-buffer-size",
        (_THIS,),
        Result(U64, ERROR),
        "Returns how many bytes the system holds for data that was not read yet.",
        posix="getsockopt(SO_RCVBUF)",
        errors=(_LISTENS,),
        notes=(ONE_LISTENER, _BOTH_SIZES, BUFFER_READ_BACK, _CLOSED),
    ),
    _buffer(
        "set-receive-buffer-size",
        (_THIS, ("value", U64)),
        DONE,
        "Suggests how many bytes the system holds for data that was not read yet.",
        posix="setsockopt(SO_RCVBUF)",
        errors=(_LISTENS,),
        notes=(ONE_LISTENER, _BOTH_SIZES, BUFFER_READ_BACK, ZERO, _CLOSED),
    ),
    _buffer(
        "send-buffer-size",
        (_THIS,),
        Result(U64, ERROR),
        "Returns how many bytes the system holds for data that was not acknowledged yet.",
        posix="getsockopt(SO_SNDBUF)",
        errors=(_LISTENS,),
        notes=(ONE_LISTENER, _BOTH_SIZES, BUFFER_READ_BACK, _CLOSED),
    ),
    _buffer(
        "set-send-buffer-size",
        (_THIS, ("value", U64)),
        DONE,
        "Suggests how many bytes the system holds for data that was not acknowledged yet.",
        posix="setsockopt(SO_SNDBUF)",
        errors=(_LISTENS,),
        notes=(ONE_LISTENER, _BOTH_SIZES, BUFFER_READ_BACK, ZERO, _CLOSED),
    ),
    Function(
        "tcp",
        "non-blocking",
        (_THIS,),
        Result(BOOL, ERROR),
        "Tells whether connect and accept give again instead of waiting; a new socket waits.",
        posix="fcntl(F_GETFL)",
        notes=(_MODE,),
    ),
    Function(
        "tcp",
        "set-non-blocking",
        (_THIS, ("value", BOOL)),
        DONE,
        "Chooses whether connect and accept give again instead of waiting.",
        posix="fcntl(F_SETFL, O_NONBLOCK)",
        notes=(_MODE,),
    ),
)
