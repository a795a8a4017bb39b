"""``wasi:sockets/{udp,udp-create-socket}``: UDP sockets and their datagram streams."""

from __future__ import annotations

from functools import partial

from wasinet.wit.declare import Error, Function, Interface, Note
from wasinet.wit.types import U8, U64, Borrow, List, Option, Own, Record, Resource, Result, Tuple
from wasinet.wit.v0_2.io import POLLABLE
from wasinet.wit.v0_2.machines import UDP
from wasinet.wit.v0_2.network import ERROR_CODE, IP_ADDRESS_FAMILY, IP_SOCKET_ADDRESS, NETWORK
from wasinet.wit.v0_2.shared import (
    BIND_FAILURES,
    BUFFER_READ_BACK,
    CHILDREN,
    CREATION,
    DONE,
    NEW_SOCKET_LIMIT,
    NO_SUCH_FAMILY,
    SEND_BUFFER_ZERO,
    UDP_SOCKET,
    V6_ONLY,
    WOULD_BLOCK,
    ZERO,
)

__all__ = [
    "INCOMING_DATAGRAM",
    "INCOMING_DATAGRAM_STREAM",
    "INTERFACES",
    "OUTGOING_DATAGRAM",
    "OUTGOING_DATAGRAM_STREAM",
]

INCOMING_DATAGRAM_STREAM = Resource("incoming-datagram-stream")
OUTGOING_DATAGRAM_STREAM = Resource("outgoing-datagram-stream")
INCOMING_DATAGRAM = Record("incoming-datagram", (("data", List(U8)), ("remote-address", IP_SOCKET_ADDRESS)))
OUTGOING_DATAGRAM = Record("outgoing-datagram", (("data", List(U8)), ("remote-address", Option(IP_SOCKET_ADDRESS))))

_BIND_SPLIT = Note(
    "Argument and policy errors come from start-bind, the operating system's from finish-bind. The text lists the "
    "errors of both together and leaves the split to the host.",
    "wasi:sockets/udp udp-socket.start-bind",
)
_PERMIT = Note(
    "check-send permits a bounded number of datagrams, and the permit serves one call. Sending without a permit or "
    "beyond it traps. An empty list needs no permit and gives ok(0).",
    "wasi:sockets/udp outgoing-datagram-stream.check-send, outgoing-datagram-stream.send",
)

_OTHER_FAMILY = Error("invalid-argument", "the address has the other family", ("EAFNOSUPPORT",))
_NO_DESTINATION = Error(
    "invalid-argument",
    "the address is unspecified (0.0.0.0 or ::), or the port is 0",
    ("EDESTADDRREQ", "EADDRNOTAVAIL"),
)
_REFUSED = Error("connection-refused", "the peer said that nothing listens there", ("ECONNREFUSED",))
# Sending and receiving meet ENETRESET on Windows only.
_UNREACHABLE = Error(
    "remote-unreachable",
    "no route leads to the peer",
    ("ECONNRESET", "ENETRESET on Windows", "EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENONET"),
)

_method = partial(Function, "udp", resource=UDP_SOCKET)
_option = partial(Function, "udp", resource=UDP_SOCKET, states=UDP.states)
_incoming = partial(Function, "udp", resource=INCOMING_DATAGRAM_STREAM)
_outgoing = partial(Function, "udp", resource=OUTGOING_DATAGRAM_STREAM)

_LIFE = (
    _method(
        "udp-socket.start-bind",
        (("network", Borrow(NETWORK)), ("local-address", IP_SOCKET_ADDRESS)),
        DONE,
        "Asks for a local address; port 0 leaves the choice of the port to the system.",
        posix="bind(2)",
        errors=(
            Error("invalid-argument", "the address has the other family", ("EAFNOSUPPORT", "EFAULT on Windows")),
            Error("invalid-state", "the socket is bound already", ("EINVAL",)),
            *BIND_FAILURES,
        ),
        notes=(
            _BIND_SPLIT,
            Note(
                "While a bind is pending, a second start-bind is invalid-state, as for TCP; some hosts give "
                "concurrency-conflict.",
                "wasi:sockets/network error-code",
            ),
        ),
    ),
    _method(
        "udp-socket.finish-bind",
        (),
        DONE,
        "Tells whether the local address that start-bind asked for was given.",
        posix="bind(2)",
        errors=(*BIND_FAILURES, Error("not-in-progress", "no bind is pending"), WOULD_BLOCK),
        notes=(_BIND_SPLIT,),
    ),
    _method(
        "udp-socket.stream",
        (("remote-address", Option(IP_SOCKET_ADDRESS)),),
        Result(Tuple((Own(INCOMING_DATAGRAM_STREAM), Own(OUTGOING_DATAGRAM_STREAM))), ERROR_CODE),
        "Returns the two datagram streams, for one peer or, with none, for all.",
        posix="connect(2)",
        errors=(
            _OTHER_FAMILY,
            _NO_DESTINATION,
            Error("invalid-state", "the socket is not bound"),
            Error(
                "address-in-use",
                "no ephemeral port is free",
                ("EADDRINUSE", "EADDRNOTAVAIL on Linux", "EAGAIN on BSD"),
            ),
            Error(
                "remote-unreachable",
                "no route leads to the peer",
                ("ECONNRESET", "ENETRESET", "EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENONET"),
            ),
            _REFUSED,
        ),
        notes=(
            Note(
                "Calling it while streams of an earlier call live traps; the text says that hosts may.",
                "wasi:sockets/udp udp-socket.stream",
            ),
            Note(
                "From connected it fails only after the old peer was left, so the socket is then bound; an argument "
                "that is refused before that (wrong family, unspecified address, port 0) leaves the state as it was.",
                "wasi:sockets/udp udp-socket.stream, pseudo-code",
            ),
            CHILDREN,
        ),
    ),
)

_QUERIES = (
    _method(
        "udp-socket.local-address",
        (),
        Result(IP_SOCKET_ADDRESS, ERROR_CODE),
        "Returns the local address, with the port that the system chose if port 0 was asked for.",
        states=("bound", "connected"),
        posix="getsockname(2)",
        errors=(Error("invalid-state", "the socket is not bound"),),
    ),
    _method(
        "udp-socket.remote-address",
        (),
        Result(IP_SOCKET_ADDRESS, ERROR_CODE),
        "Returns the address of the one peer that stream was called with.",
        states=("connected",),
        posix="getpeername(2)",
        errors=(Error("invalid-state", "the socket has no single peer", ("ENOTCONN",)),),
    ),
    _method(
        "udp-socket.address-family",
        (),
        IP_ADDRESS_FAMILY,
        "Tells whether the socket was made for IPv4 or IPv6.",
        posix="getsockopt(SO_DOMAIN)",
    ),
)

_OPTIONS = (
    _option(
        "udp-socket.unicast-hop-limit",
        (),
        Result(U8, ERROR_CODE),
        "Returns how many routers a datagram may pass.",
        posix="getsockopt(IP_TTL), getsockopt(IPV6_UNICAST_HOPS)",
    ),
    _option(
        "udp-socket.set-unicast-hop-limit",
        (("value", U8),),
        DONE,
        "Sets how many routers a datagram may pass.",
        posix="setsockopt(IP_TTL), setsockopt(IPV6_UNICAST_HOPS)",
        errors=(ZERO,),
    ),
    _option(
        "udp-socket.receive-buffer-size",
        (),
        Result(U64, ERROR_CODE),
        "Returns how many bytes the system holds for datagrams that were not received yet.",
        posix="getsockopt(SO_RCVBUF)",
        notes=(BUFFER_READ_BACK,),
    ),
    _option(
        "udp-socket.set-receive-buffer-size",
        (("value", U64),),
        DONE,
        "Suggests how many bytes the system holds for datagrams that were not received yet.",
        posix="setsockopt(SO_RCVBUF)",
        errors=(ZERO,),
        notes=(BUFFER_READ_BACK,),
    ),
    _option(
        "udp-socket.send-buffer-size",
        (),
        Result(U64, ERROR_CODE),
        "Returns how many bytes the system holds for datagrams that are on their way out.",
        posix="getsockopt(SO_SNDBUF)",
        notes=(BUFFER_READ_BACK,),
    ),
    _option(
        "udp-socket.set-send-buffer-size",
        (("value", U64),),
        DONE,
        "Suggests how many bytes the system holds for datagrams that are on their way out.",
        posix="setsockopt(SO_SNDBUF)",
        notes=(
            BUFFER_READ_BACK,
            SEND_BUFFER_ZERO,
        ),
    ),
)

_SUBSCRIBE = _method(
    "udp-socket.subscribe",
    (),
    Own(POLLABLE),
    "Makes a pollable that is ready when finish-bind would not give would-block, and whenever no bind is pending.",
    posix="poll(2)",
)

_INCOMING = (
    _incoming(
        "incoming-datagram-stream.receive",
        (("max-results", U64),),
        Result(List(INCOMING_DATAGRAM), ERROR_CODE),
        "Takes up to max-results datagrams that have already arrived; an empty list means that none has.",
        posix="recvmsg(2)",
        errors=(_UNREACHABLE, _REFUSED),
        notes=(
            Note(
                "With a single peer, datagrams from others that were queued before stream was called are thrown away.",
                "wasi:sockets/udp incoming-datagram, udp-socket.stream",
            ),
        ),
    ),
    _incoming(
        "incoming-datagram-stream.subscribe",
        (),
        Own(POLLABLE),
        "Makes a pollable that is ready when a datagram or an error can be received.",
        posix="poll(2) for POLLIN",
    ),
)

_OUTGOING = (
    _outgoing(
        "outgoing-datagram-stream.check-send",
        (),
        Result(U64, ERROR_CODE),
        "Permits the next send and says how many datagrams it may carry; 0 means not now.",
        posix="poll(2) for POLLOUT",
        notes=(_PERMIT,),
    ),
    _outgoing(
        "outgoing-datagram-stream.send",
        (("datagrams", List(OUTGOING_DATAGRAM)),),
        Result(U64, ERROR_CODE),
        "Sends the datagrams in order up to the first that fails, and returns how many went out.",
        posix="sendmsg(2)",
        errors=(
            _OTHER_FAMILY,
            _NO_DESTINATION,
            Error("invalid-argument", "the stream has one peer and the datagram names another", ("EISCONN",)),
            Error("invalid-argument", "the stream has no peer and the datagram names none", ("EDESTADDRREQ",)),
            _UNREACHABLE,
            _REFUSED,
            Error("datagram-too-large", "the datagram exceeds what the socket can send", ("EMSGSIZE",)),
        ),
        notes=(_PERMIT,),
    ),
    _outgoing(
        "outgoing-datagram-stream.subscribe",
        (),
        Own(POLLABLE),
        "Makes a pollable that is ready when check-send would permit at least one datagram or give an error.",
        posix="poll(2) for POLLOUT",
    ),
)

_CREATE = Function(
    "udp-create-socket",
    "create-udp-socket",
    (("address-family", IP_ADDRESS_FAMILY),),
    Result(Own(UDP_SOCKET), ERROR_CODE),
    "Makes an unbound UDP socket for one address family; it needs no network yet.",
    posix="socket(2)",
    errors=(NO_SUCH_FAMILY, NEW_SOCKET_LIMIT),
    notes=(V6_ONLY, CREATION),
)

INTERFACES = (
    Interface(
        "udp",
        {
            type_.name: type_
            for type_ in (
                INCOMING_DATAGRAM,
                OUTGOING_DATAGRAM,
                UDP_SOCKET,
                INCOMING_DATAGRAM_STREAM,
                OUTGOING_DATAGRAM_STREAM,
            )
        },
        (*_LIFE, *_QUERIES, *_OPTIONS, _SUBSCRIBE, *_INCOMING, *_OUTGOING),
        uses=(
            ("wasi:io/poll@0.2.12", ("pollable",)),
            ("network", ("network", "error-code", "ip-socket-address", "ip-address-family")),
        ),
        summary="UDP sockets and their datagram streams.",
    ),
    Interface(
        "udp-create-socket",
        functions=(_CREATE,),
        uses=(
            ("network", ("network", "error-code", "ip-address-family")),
            ("udp", ("udp-socket",)),
        ),
        summary="Making UDP sockets.",
    ),
)
