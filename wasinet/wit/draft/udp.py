"""The draft's ``udp`` and ``udp-create-socket``: UDP sockets."""

from __future__ import annotations

from functools import partial

from wasinet.wit.declare import Error, Function, Interface, Note
from wasinet.wit.draft.machines import UDP
from wasinet.wit.draft.network import ERROR, IP_ADDRESS_FAMILY, IP_SOCKET_ADDRESS, NETWORK
from wasinet.wit.draft.poll import POLLABLE, POLLABLES
from wasinet.wit.draft.shared import (
    AGAIN,
    BUFFER_READ_BACK,
    CREATION,
    DONE,
    IPV4_SOCKET,
    IS_BOUND,
    NO_DUAL_STACK,
    NOT_BOUND,
    OTHER_NETWORK,
    UDP_SOCKET,
    V6_ONLY,
    ZERO,
)
from wasinet.wit.types import BOOL, U8, U64, List, Record, Result

__all__ = ["DATAGRAM", "INTERFACES"]

DATAGRAM = Record("datagram", (("data", List(U8)), ("remote-address", IP_SOCKET_ADDRESS)))

_THIS = ("this", UDP_SOCKET)
_NETWORK = ("network", NETWORK)

_HAS_LOCAL_ADDRESS = ("bound", "connected")

_IMPLICIT_BIND = Note(
    "Of connect, send and receive only connect binds an unbound socket. The text under bind says that all three do; "
    "those of send and receive say that they fail when the socket is not bound, and the more specific text wins.",
    "draft/udp bind against receive, send",
)
_NEVER_LISTENS = Note(
    "The text says that this fails in the Listening state. It was written for TCP: a UDP socket never listens, so this "
    "never happens.",
    "draft/udp receive-buffer-size",
)
_MODE = Note(
    "The mode is for receive and send and may be asked for and changed in any state.",
    "draft/udp non-blocking",
)

_function = partial(Function, "udp")
_option = partial(Function, "udp", states=UDP.states)

_LIFE = (
    _function(
        "bind",
        (_THIS, _NETWORK, ("local-address", IP_SOCKET_ADDRESS)),
        DONE,
        "Binds the socket to a network and a local address; port 0 leaves the choice of the port to the system.",
        posix="bind(2)",
        errors=(IS_BOUND,),
        notes=(_IMPLICIT_BIND,),
    ),
    _function(
        "connect",
        (_THIS, _NETWORK, ("remote-address", IP_SOCKET_ADDRESS)),
        DONE,
        "Limits the socket to one peer, for receiving and for sending, and binds it if it is unbound.",
        posix="connect(2)",
        errors=(OTHER_NETWORK,),
        notes=(
            _IMPLICIT_BIND,
            Note(
                "An argument that is refused (another network, address or port 0) leaves the state as it was. From "
                "connected, a later failure comes after the old peer was left, so the socket is then bound.",
                "draft/udp connect",
            ),
            Note(
                "Datagrams from others that were queued before connect are thrown away.",
                "draft/udp connect",
            ),
        ),
    ),
    _function(
        "receive",
        (_THIS,),
        Result(DATAGRAM, ERROR),
        "Takes the next datagram, with the address of its sender.",
        states=_HAS_LOCAL_ADDRESS,
        posix="recvmsg(2)",
        errors=(NOT_BOUND, AGAIN),
        notes=(
            _IMPLICIT_BIND,
            Note(
                "The text speaks of the sender and the number of bytes read; the type holds the bytes themselves.",
                "draft/udp receive",
            ),
        ),
        blocking=True,
    ),
    _function(
        "send",
        (_THIS, ("datagram", DATAGRAM)),
        DONE,
        "Sends one datagram to the address in it, which for a connected socket must be that of its peer.",
        states=_HAS_LOCAL_ADDRESS,
        posix="sendmsg(2)",
        errors=(
            NOT_BOUND,
            Error("unknown", "the socket is connected and the datagram names another address than its peer's"),
            AGAIN,
        ),
        notes=(
            _IMPLICIT_BIND,
            Note(
                "The text calls the remote address a required option; in the type it is no option, so no datagram can "
                "lack it.",
                "draft/udp send against datagram",
            ),
        ),
        blocking=True,
    ),
)

_QUERIES = (
    _function(
        "local-address",
        (_THIS,),
        Result(IP_SOCKET_ADDRESS, ERROR),
        "Returns the local address, with the port that the system chose if port 0 was asked for.",
        states=_HAS_LOCAL_ADDRESS,
        posix="getsockname(2)",
        errors=(NOT_BOUND,),
    ),
    _function(
        "remote-address",
        (_THIS,),
        Result(IP_SOCKET_ADDRESS, ERROR),
        "Returns the address of the one peer that connect was called with.",
        states=("connected",),
        posix="getpeername(2)",
        notes=(
            Note(
                "It fails when no address was set with connect; the text names no failure.",
                "draft/udp remote-address",
            ),
        ),
    ),
    _function(
        "address-family",
        (_THIS,),
        IP_ADDRESS_FAMILY,
        "Tells whether the socket was made for IPv4 or IPv6.",
        posix="getsockopt(SO_DOMAIN)",
    ),
)

_OPTIONS = (
    _option(
        "ipv6-only",
        (_THIS,),
        Result(BOOL, ERROR),
        "Tells whether an IPv6 socket refuses IPv4.",
        posix="getsockopt(IPV6_V6ONLY)",
        errors=(IPV4_SOCKET,),
        notes=(V6_ONLY,),
    ),
    _function(
        "set-ipv6-only",
        (_THIS, ("value", BOOL)),
        DONE,
        "Chooses whether an IPv6 socket that is not bound yet will refuse IPv4.",
        states=("unbound",),
        posix="setsockopt(IPV6_V6ONLY)",
        errors=(NO_DUAL_STACK, IPV4_SOCKET),
        notes=(V6_ONLY,),
    ),
    _option(
        "unicast-hop-limit",
        (_THIS,),
        Result(U8, ERROR),
        "Returns how many routers a datagram may pass.",
        posix="getsockopt(IP_TTL), getsockopt(IPV6_UNICAST_HOPS)",
    ),
    _option(
        "set-unicast-hop-limit",
        (_THIS, ("value", U8)),
        DONE,
        "Sets how many routers a datagram may pass.",
        posix="setsockopt(IP_TTL), setsockopt(IPV6_UNICAST_HOPS)",
        notes=(ZERO,),
    ),
    _option(
        "receive-buffer-size",
        (_THIS,),
        Result(U64, ERROR),
        "Returns how many bytes the system holds for datagrams that were not received yet.",
        posix="getsockopt(SO_RCVBUF)",
        notes=(_NEVER_LISTENS, BUFFER_READ_BACK),
    ),
    _option(
        "set-receive-buffer-size",
        (_THIS, ("value", U64)),
        DONE,
        "Suggests how many bytes the system holds for datagrams that were not received yet.",
        posix="setsockopt(SO_RCVBUF)",
        notes=(_NEVER_LISTENS, BUFFER_READ_BACK, ZERO),
    ),
    _option(
        "send-buffer-size",
        (_THIS,),
        Result(U64, ERROR),
        "Returns how many bytes the system holds for datagrams that are on their way out.",
        posix="getsockopt(SO_SNDBUF)",
        notes=(_NEVER_LISTENS, BUFFER_READ_BACK),
    ),
    _option(
        "set-send-buffer-size",
        (_THIS, ("value", U64)),
        DONE,
        "Suggests how many bytes the system holds for datagrams that are on their way out.",
        posix="setsockopt(SO_SNDBUF)",
        notes=(_NEVER_LISTENS, BUFFER_READ_BACK, ZERO),
    ),
    _function(
        "non-blocking",
        (_THIS,),
        Result(BOOL, ERROR),
        "Tells whether receive and send give again instead of waiting; a new socket waits.",
        posix="fcntl(F_GETFL)",
        notes=(_MODE,),
    ),
    _function(
        "set-non-blocking",
        (_THIS, ("value", BOOL)),
        DONE,
        "Chooses whether receive and send give again instead of waiting.",
        posix="fcntl(F_SETFL, O_NONBLOCK)",
        notes=(_MODE,),
    ),
)

_REST = (
    _function(
        "subscribe",
        (_THIS,),
        POLLABLE,
        "Makes a pollable that is ready when a datagram can be received, and at once while the socket is unbound.",
        posix="poll(2) for POLLIN",
        notes=(
            Note(
                "The text says ready for I/O. We leave out sending, for which a socket nearly always is: with it the "
                "pollable could not be used to wait for a datagram.",
                "draft/udp subscribe",
            ),
            POLLABLES,
        ),
    ),
    _function(
        "drop-udp-socket",
        (_THIS,),
        None,
        "Gives up a UDP socket, which may not be used after that.",
        posix="close(2)",
        notes=(POLLABLES,),
    ),
)

_CREATE = Function(
    "udp-create-socket",
    "create-udp-socket",
    (("address-family", IP_ADDRESS_FAMILY),),
    Result(UDP_SOCKET, ERROR),
    "Makes an unbound UDP socket for one address family, in blocking mode; it needs no network yet.",
    posix="socket(2)",
    notes=(V6_ONLY, CREATION),
)

INTERFACES = (
    Interface(
        "udp",
        {"udp-socket": UDP_SOCKET, "datagram": DATAGRAM},
        (*_LIFE, *_QUERIES, *_OPTIONS, *_REST),
        uses=(
            ("poll", ("pollable",)),
            ("network", ("network",)),
            ("network", ("error",)),
            ("network", ("ip-socket-address",)),
            ("network", ("ip-address-family",)),
        ),
        summary="UDP sockets.",
    ),
    Interface(
        "udp-create-socket",
        functions=(_CREATE,),
        uses=(
            ("network", ("network",)),
            ("network", ("error",)),
            ("network", ("ip-address-family",)),
            ("udp", ("udp-socket",)),
        ),
        summary="Making UDP sockets.",
    ),
)
