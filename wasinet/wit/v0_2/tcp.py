"""``wasi:sockets/{tcp,tcp-create-socket}``: TCP sockets."""

from __future__ import annotations

from functools import partial

from wasinet.wit.declare import Error, Function, Interface, Note
from wasinet.wit.types import BOOL, Borrow, Enum, Own, Result, Tuple
from wasinet.wit.v0_2.io import INPUT_STREAM, OUTPUT_STREAM, POLLABLE
from wasinet.wit.v0_2.network import ERROR_CODE, IP_ADDRESS_FAMILY, IP_SOCKET_ADDRESS, NETWORK
from wasinet.wit.v0_2.shared import (
    BIND_FAILURES,
    CHILDREN,
    CREATION,
    DONE,
    FAILED_CONNECTION,
    NEW_SOCKET_LIMIT,
    NO_SUCH_FAMILY,
    TCP_SOCKET,
    V6_ONLY,
    WOULD_BLOCK,
)
from wasinet.wit.v0_2.tcp_options import OPTIONS

__all__ = ["INTERFACES", "SHUTDOWN_TYPE"]

SHUTDOWN_TYPE = Enum("shutdown-type", ("receive", "send", "both"))

_STREAMS = (Own(INPUT_STREAM), Own(OUTPUT_STREAM))

_HAS_LOCAL_ADDRESS = ("bound", "listen-in-progress", "listening", "connect-in-progress", "connected")

_SEMANTICS = "TcpSocketOperationalSemantics.md"

_PENDING_START = Note(
    "While a start-* is pending, a second one is invalid-state, as the operational semantics say; some hosts give "
    "concurrency-conflict.",
    f"{_SEMANTICS}; wasi:sockets/network error-code",
)
_BIND_SPLIT = Note(
    "Argument and policy errors come from start-bind, the operating system's from finish-bind. The text lists the "
    "errors of both together and leaves the split to the host.",
    "wasi:sockets/tcp tcp-socket.start-bind",
)
_LISTEN_SPLIT = Note(
    "State and policy errors come from start-listen, the operating system's from finish-listen. The text lists the "
    "errors of both together and leaves the split to the host.",
    "wasi:sockets/tcp tcp-socket.start-listen",
)
_CONNECT_SPLIT = Note(
    "Argument and policy errors come from start-connect, the operating system's from finish-connect. The text lists "
    "the errors of both together and leaves the split to the host.",
    "wasi:sockets/tcp tcp-socket.start-connect",
)
_CONNECT_CLOSES = Note(
    "A start-connect that fails for whatever reason, a wrong argument included, leaves the socket closed.",
    f"{_SEMANTICS}, diagram",
)
_ENDING = Note(
    "The socket goes from connected to closed when both directions have ended (end of data read, FIN sent) or a fatal "
    "error was seen, and we notice that only inside a call or a wait.",
    f"{_SEMANTICS}, connection terminated",
)

# What the operating system says when a connect or a listen is carried out.
_CONNECT_FAILURES = (
    Error("timeout", "the peer did not answer in time", ("ETIMEDOUT",)),
    Error("connection-refused", "nothing listens at the remote address", ("ECONNREFUSED",)),
    Error("connection-reset", "the peer reset the connection", ("ECONNRESET",)),
    Error("connection-aborted", "the attempt was given up locally", ("ECONNABORTED",)),
    Error(
        "remote-unreachable",
        "no route leads to the remote address",
        ("EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENONET"),
    ),
    Error(
        "address-in-use",
        "the socket is unbound and no ephemeral port is free",
        ("EADDRINUSE", "EADDRNOTAVAIL on Linux", "EAGAIN on BSD"),
    ),
)
_LISTEN_FAILURES = (Error("address-in-use", "no ephemeral port is free", ("EADDRINUSE",)),)

_method = partial(Function, "tcp", resource=TCP_SOCKET)

_LIFE = (
    _method(
        "tcp-socket.start-bind",
        (("network", Borrow(NETWORK)), ("local-address", IP_SOCKET_ADDRESS)),
        DONE,
        "Asks for a local address; port 0 leaves the choice of the port to the system.",
        posix="bind(2)",
        errors=(
            Error("invalid-argument", "the address has the other family", ("EAFNOSUPPORT", "EFAULT on Windows")),
            Error("invalid-argument", "the address is not unicast, or is an IPv4-mapped IPv6 address", ("EINVAL",)),
            Error("invalid-state", "the socket is bound already", ("EINVAL",)),
            *BIND_FAILURES,
        ),
        notes=(_BIND_SPLIT, _PENDING_START),
    ),
    _method(
        "tcp-socket.finish-bind",
        (),
        DONE,
        "Tells whether the local address that start-bind asked for was given.",
        posix="bind(2)",
        errors=(*BIND_FAILURES, Error("not-in-progress", "no bind is pending"), WOULD_BLOCK),
        notes=(_BIND_SPLIT,),
    ),
    _method(
        "tcp-socket.start-connect",
        (("network", Borrow(NETWORK)), ("remote-address", IP_SOCKET_ADDRESS)),
        DONE,
        "Begins to connect to a remote address, from an ephemeral port if the socket is unbound.",
        posix="connect(2)",
        errors=(
            Error("invalid-argument", "the address has the other family", ("EAFNOSUPPORT",)),
            Error(
                "invalid-argument",
                "the address is not unicast",
                ("EINVAL", "ENETUNREACH on Linux", "EAFNOSUPPORT on MacOS"),
            ),
            Error(
                "invalid-argument",
                "the address is an IPv4-mapped IPv6 address",
                ("EINVAL", "EADDRNOTAVAIL on Illumos"),
            ),
            Error(
                "invalid-argument",
                "the address is unspecified (0.0.0.0 or ::), or the port is 0",
                ("EADDRNOTAVAIL on Windows",),
            ),
            Error("invalid-argument", "the network is not the one that the socket was bound with"),
            Error("invalid-state", "the socket is connected already", ("EISCONN",)),
            Error("invalid-state", "the socket listens", ("EOPNOTSUPP", "EINVAL on Windows")),
            *_CONNECT_FAILURES,
        ),
        notes=(_CONNECT_SPLIT, _CONNECT_CLOSES, _PENDING_START),
    ),
    _method(
        "tcp-socket.finish-connect",
        (),
        Result(Tuple(_STREAMS), ERROR_CODE),
        "Tells how the attempt of start-connect ended, and returns the connection's two streams.",
        posix="getsockopt(SO_ERROR)",
        errors=(*_CONNECT_FAILURES, Error("not-in-progress", "no connect is pending"), WOULD_BLOCK),
        notes=(_CONNECT_SPLIT, CHILDREN),
    ),
    _method(
        "tcp-socket.start-listen",
        (),
        DONE,
        "Asks to listen for clients on the bound address.",
        posix="listen(2)",
        errors=(
            Error("invalid-state", "the socket is not bound", ("EDESTADDRREQ",)),
            Error("invalid-state", "the socket is connected", ("EISCONN", "EINVAL on BSD")),
            Error("invalid-state", "the socket listens already"),
            *_LISTEN_FAILURES,
        ),
        notes=(_LISTEN_SPLIT, _PENDING_START),
    ),
    _method(
        "tcp-socket.finish-listen",
        (),
        DONE,
        "Tells whether the listening that start-listen asked for was granted.",
        posix="listen(2)",
        errors=(*_LISTEN_FAILURES, Error("not-in-progress", "no listen is pending"), WOULD_BLOCK),
        notes=(_LISTEN_SPLIT,),
    ),
    _method(
        "tcp-socket.accept",
        (),
        Result(Tuple((Own(TCP_SOCKET), *_STREAMS)), ERROR_CODE),
        "Takes the next waiting client, as a connected socket with its two streams.",
        posix="accept(2)",
        errors=(
            Error("invalid-state", "the socket does not listen", ("EINVAL",)),
            Error("would-block", "no client is waiting", ("EWOULDBLOCK", "EAGAIN")),
            Error("connection-aborted", "the client that was waiting has gone", ("ECONNABORTED",)),
            NEW_SOCKET_LIMIT,
        ),
        notes=(CHILDREN,),
    ),
)

_QUERIES = (
    _method(
        "tcp-socket.local-address",
        (),
        Result(IP_SOCKET_ADDRESS, ERROR_CODE),
        "Returns the local address, with the port that the system chose if port 0 was asked for.",
        states=_HAS_LOCAL_ADDRESS,
        late="answer",
        posix="getsockname(2)",
        errors=(Error("invalid-state", "the socket is not bound"),),
        notes=(
            Note(
                "It answers while the socket connects, because bound without backticks means bound or any later state.",
                "wasi:sockets/tcp tcp-socket, note on bound",
            ),
            FAILED_CONNECTION,
            Note(
                "After both directions of a connection have ended it goes on to answer, although a closed socket may "
                "refuse every call.",
                f"{_SEMANTICS}, closed",
            ),
        ),
    ),
    _method(
        "tcp-socket.remote-address",
        (),
        Result(IP_SOCKET_ADDRESS, ERROR_CODE),
        "Returns the address of the peer.",
        states=("connected",),
        late="failure",
        posix="getpeername(2)",
        errors=(Error("invalid-state", "the socket is not connected", ("ENOTCONN",)),),
        notes=(
            Note(
                "It answers as long as the socket is connected, also when the peer has reset the connection and the "
                "system has forgotten the address.",
                f"{_SEMANTICS}, connected",
            ),
            FAILED_CONNECTION,
        ),
    ),
    _method(
        "tcp-socket.is-listening",
        (),
        BOOL,
        "Tells whether the socket listens; false in every other state.",
        posix="getsockopt(SO_ACCEPTCONN)",
    ),
    _method(
        "tcp-socket.address-family",
        (),
        IP_ADDRESS_FAMILY,
        "Tells whether the socket was made for IPv4 or IPv6.",
        posix="getsockopt(SO_DOMAIN)",
    ),
)

_REST = (
    _method(
        "tcp-socket.subscribe",
        (),
        Own(POLLABLE),
        "Makes a pollable that is ready when the pending finish-* or an accept would not give would-block.",
        posix="poll(2)",
        notes=(CHILDREN,),
    ),
    _method(
        "tcp-socket.shutdown",
        (("shutdown-type", SHUTDOWN_TYPE),),
        DONE,
        "Ends receiving, sending or both; ending a direction again changes nothing.",
        posix="shutdown(2)",
        errors=(Error("invalid-state", "the socket is not connected", ("ENOTCONN",)),),
        notes=(
            Note(
                "receive closes the input stream at once, even with data queued that was not read, and leaves sending "
                "alone.",
                "wasi:sockets/tcp tcp-socket.shutdown",
            ),
            Note(
                "send closes the output stream at once; the FIN follows the bytes that were written before. Dropping "
                "the output stream alone sends no FIN and loses none of them.",
                "wasi:sockets/tcp tcp-socket.shutdown; wasi:io/streams output-stream",
            ),
            Note(
                "On a connection that the peer has reset it succeeds as well: the socket is connected until a read, a "
                "write or a wait meets the reset.",
                f"{_SEMANTICS}, connected",
            ),
            _ENDING,
        ),
    ),
)

_CREATE = Function(
    "tcp-create-socket",
    "create-tcp-socket",
    (("address-family", IP_ADDRESS_FAMILY),),
    Result(Own(TCP_SOCKET), ERROR_CODE),
    "Makes an unbound TCP socket for one address family; it needs no network yet.",
    posix="socket(2)",
    errors=(NO_SUCH_FAMILY, NEW_SOCKET_LIMIT),
    notes=(V6_ONLY, CREATION),
)

INTERFACES = (
    Interface(
        "tcp",
        {"shutdown-type": SHUTDOWN_TYPE, "tcp-socket": TCP_SOCKET},
        (*_LIFE, *_QUERIES, *OPTIONS, *_REST),
        uses=(
            ("wasi:io/streams@0.2.12", ("input-stream", "output-stream")),
            ("wasi:io/poll@0.2.12", ("pollable",)),
            ("wasi:clocks/monotonic-clock@0.2.12", ("duration",)),
            ("network", ("network", "error-code", "ip-socket-address", "ip-address-family")),
        ),
        summary="TCP sockets.",
    ),
    Interface(
        "tcp-create-socket",
        functions=(_CREATE,),
        uses=(
            ("network", ("network", "error-code", "ip-address-family")),
            ("tcp", ("tcp-socket",)),
        ),
        summary="Making TCP sockets.",
    ),
)
