"""The draft's ``tcp`` and ``tcp-create-socket``: TCP sockets."""

from __future__ import annotations

from functools import partial

from wasinet.wit.declare import Error, Function, Interface, Note
from wasinet.wit.draft.network import ERROR, IP_ADDRESS_FAMILY, IP_SOCKET_ADDRESS, NETWORK
from wasinet.wit.draft.poll import POLLABLE, POLLABLES
from wasinet.wit.draft.shared import (
    AGAIN,
    CREATION,
    DONE,
    IS_BOUND,
    NOT_BOUND,
    ONE_LISTENER,
    OTHER_NETWORK,
    TCP_SOCKET,
    V6_ONLY,
)
from wasinet.wit.draft.streams import INPUT_STREAM, NOT_CHILDREN, OUTPUT_STREAM
from wasinet.wit.draft.tcp_options import OPTIONS
from wasinet.wit.types import Enum, Result, Tuple

__all__ = ["INTERFACES", "SHUTDOWN_TYPE"]

SHUTDOWN_TYPE = Enum("shutdown-type", ("receive", "send", "both"))

_THIS = ("this", TCP_SOCKET)
_NETWORK = ("network", NETWORK)

_IN_USE = Error("unknown", "the socket is in the connection or the listener state already")
_NOT_A_CONNECTION = Error("unknown", "the socket is not in the connection state")

_UNTOUCHED = Note(
    "An argument that is refused (another network, address or port 0, another address while connecting) leaves the "
    "state as it was, and so does what the policy denies. The text does not tell apart the ways to fail.",
    "draft/tcp connect, listen",
)
_CONNECT_CLOSES = Note(
    "A connect that was tried and failed leaves the socket closed, a state of ours: the text says nothing of what "
    "follows, and POSIX leaves such a socket unspecified.",
    "draft/tcp connect",
)
_LISTEN_CLOSES = Note(
    "A listen that was tried and failed leaves the socket closed, a state of ours: the text says nothing of what "
    "follows.",
    "draft/tcp listen",
)
_TWO_CALLS = Note(
    "In non-blocking mode the first call gives again and the attempt goes on. Once the pollable is ready, the same "
    "call again returns the streams or the failure; another address or network fails meanwhile. In blocking mode the "
    "same call waits. The text does not say how the streams are fetched.",
    "draft/tcp connect, non-blocking",
)
_NO_END = Note(
    "The connection state has no end: the text describes none, so a socket stays in it when both directions have ended "
    "or broken, and its streams tell.",
    "draft/tcp connect, shutdown",
)

_FAILED_CONNECTION = Note(
    "After a connect that was tried and failed, it gives that call's error again, as in 0.2.",
    "draft/tcp connect, local-address, remote-address",
)

_function = partial(Function, "tcp")

_LIFE = (
    _function(
        "bind",
        (_THIS, _NETWORK, ("local-address", IP_SOCKET_ADDRESS)),
        DONE,
        "Binds the socket to a network and a local address; port 0 leaves the choice of the port to the system.",
        posix="bind(2)",
        errors=(IS_BOUND,),
    ),
    _function(
        "connect",
        (_THIS, _NETWORK, ("remote-address", IP_SOCKET_ADDRESS)),
        Result(Tuple((INPUT_STREAM, OUTPUT_STREAM)), ERROR),
        "Connects to a remote address, from an ephemeral port if the socket is unbound, and returns the two streams.",
        posix="connect(2)",
        errors=(
            OTHER_NETWORK,
            Error("unknown", "the network does not allow connections to the remote address"),
            _IN_USE,
            Error("unknown", "the remote IP address or the port is 0"),
            AGAIN,
        ),
        notes=(_TWO_CALLS, _UNTOUCHED, _CONNECT_CLOSES, _NO_END, NOT_CHILDREN),
        blocking=True,
    ),
    _function(
        "listen",
        (_THIS, _NETWORK),
        DONE,
        "Begins to listen for clients, on a free port of every local address if the socket is unbound.",
        posix="listen(2)",
        errors=(
            OTHER_NETWORK,
            Error("unknown", "the network does not allow listening on the local address"),
            _IN_USE,
        ),
        notes=(
            Note(
                "A bound socket has its network from bind and must be given the same one again; only an unbound socket "
                "takes it from this argument. The text does not say why a bound socket needs one.",
                "draft/tcp listen against bind",
            ),
            Note(
                "An unbound socket is bound to the unspecified address of its family and a free port; the text says "
                "that it is bound, not where.",
                "draft/tcp bind",
            ),
            _UNTOUCHED,
            _LISTEN_CLOSES,
        ),
    ),
    _function(
        "accept",
        (_THIS,),
        Result(Tuple((TCP_SOCKET, INPUT_STREAM, OUTPUT_STREAM)), ERROR),
        "Takes the next client, as a socket in the connection state with its two streams.",
        posix="accept(2)",
        errors=(Error("unknown", "the socket is not in the listening state"), AGAIN),
        notes=(
            ONE_LISTENER,
            Note(
                "The new socket has the listener's options, as in 0.2, but is in blocking mode like every new socket. "
                "The text speaks of neither.",
                "draft/tcp accept, non-blocking",
            ),
            _NO_END,
            NOT_CHILDREN,
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
        states=("bound", "connecting", "connection", "listener"),
        late="failure",
        posix="getsockname(2)",
        errors=(NOT_BOUND,),
        notes=(
            Note(
                "It answers while the socket connects, because connect has bound it.",
                "draft/tcp bind, local-address",
            ),
            _FAILED_CONNECTION,
        ),
    ),
    _function(
        "remote-address",
        (_THIS,),
        Result(IP_SOCKET_ADDRESS, ERROR),
        "Returns the address of the peer.",
        states=("connection",),
        late="failure",
        posix="getpeername(2)",
        errors=(_NOT_A_CONNECTION,),
        notes=(
            Note(
                "It answers as long as the socket is in the connection state, also when the peer has reset the "
                "connection and the system has forgotten the address.",
                "draft/tcp connect, remote-address",
            ),
            _FAILED_CONNECTION,
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

_REST = (
    _function(
        "subscribe",
        (_THIS,),
        POLLABLE,
        "Makes a pollable that is ready when connect or accept would not have to wait, and in other states at once.",
        posix="poll(2)",
        notes=(
            Note(
                "The text says ready for I/O; we take that as the call that the state waits for. Bytes of a connection "
                "have pollables of their own, on its streams.",
                "draft/tcp subscribe",
            ),
            POLLABLES,
        ),
    ),
    _function(
        "shutdown",
        (_THIS, ("shutdown-type", SHUTDOWN_TYPE)),
        DONE,
        "Ends receiving, sending or both; ending a direction again changes nothing.",
        posix="shutdown(2)",
        errors=(_NOT_A_CONNECTION,),
        notes=(
            Note(
                "After receive, reads give the end of the stream at once and what was queued is gone; sending is left "
                "alone.",
                "draft/tcp shutdown",
            ),
            Note(
                "After send, writes fail; the FIN follows the bytes that were written before.",
                "draft/tcp shutdown",
            ),
            _NO_END,
        ),
    ),
    _function(
        "drop-tcp-socket",
        (_THIS,),
        None,
        "Gives up a TCP socket, which may not be used after that.",
        posix="close(2)",
        notes=(POLLABLES, NOT_CHILDREN),
    ),
)

_CREATE = Function(
    "tcp-create-socket",
    "create-tcp-socket",
    (("address-family", IP_ADDRESS_FAMILY),),
    Result(TCP_SOCKET, ERROR),
    "Makes an unbound TCP socket for one address family, in blocking mode; it needs no network yet.",
    posix="socket(2)",
    notes=(V6_ONLY, CREATION),
)

INTERFACES = (
    Interface(
        "tcp",
        {"tcp-socket": TCP_SOCKET, "shutdown-type": SHUTDOWN_TYPE},
        (*_LIFE, *_QUERIES, *OPTIONS, *_REST),
        uses=(
            ("streams", ("input-stream",)),
            ("streams", ("output-stream",)),
            ("poll", ("pollable",)),
            ("network", ("network",)),
            ("network", ("error",)),
            ("network", ("ip-socket-address",)),
            ("network", ("ip-address-family",)),
        ),
        summary="TCP sockets.",
    ),
    Interface(
        "tcp-create-socket",
        functions=(_CREATE,),
        uses=(
            ("network", ("network",)),
            ("network", ("error",)),
            ("network", ("ip-address-family",)),
            ("tcp", ("tcp-socket",)),
        ),
        summary="Making TCP sockets.",
    ),
)
