"""What the declarations of the draft's sockets have in common: handles, results, errors and notes."""

from __future__ import annotations

from wasinet.wit.declare import Error, Note
from wasinet.wit.draft.network import ERROR
from wasinet.wit.types import U32, Alias, Resource, Result

__all__ = [
    "AGAIN",
    "BUFFER_READ_BACK",
    "CREATION",
    "DONE",
    "IPV4_SOCKET",
    "IS_BOUND",
    "NOT_BOUND",
    "NO_DUAL_STACK",
    "ONE_LISTENER",
    "OTHER_NETWORK",
    "TCP_SOCKET",
    "UDP_SOCKET",
    "V6_ONLY",
    "ZERO",
]

TCP_SOCKET = Alias("tcp-socket", U32, handle=Resource("tcp-socket"))
UDP_SOCKET = Alias("udp-socket", U32, handle=Resource("udp-socket"))

DONE = Result(None, ERROR)

AGAIN = Error("again", "the socket is non-blocking and the call would have to wait")
IS_BOUND = Error("unknown", "the socket is bound already")
NOT_BOUND = Error("unknown", "the socket is not bound")
OTHER_NETWORK = Error("unknown", "the network is not the one that the socket was bound with")
IPV4_SOCKET = Error("unknown", "the socket is an IPv4 socket")
NO_DUAL_STACK = Error("unknown", "the value is false and the platform has no dual-stack mode")

ONE_LISTENER = Note(
    "Listening is the state that is called Listener elsewhere: the text uses both words, and there is one state, "
    "listener.",
    "draft/tcp accept, receive-buffer-size against listen, connect",
)
CREATION = Note(
    "Where the policy allows no use of TCP (of UDP) at all, creation is denied already: unknown. The text names no "
    "error for it.",
    "draft/tcp-create-socket create-tcp-socket; draft/udp-create-socket create-udp-socket",
)
V6_ONLY = Note(
    "An IPv6 socket starts with IPv6 only, and the mode can be set only before the socket is bound. The text names "
    "neither a default nor a time.",
    "draft/tcp ipv6-only; draft/udp ipv6-only",
)
BUFFER_READ_BACK = Note(
    "Linux doubles the size that is set, for its own bookkeeping; we report what was set where the kernel took it.",
    "draft/tcp receive-buffer-size; draft/udp receive-buffer-size",
)
ZERO = Note(
    "A value of 0 fails (invalid-argument), as in 0.2; the text sets no limits.",
    "draft/tcp set-listen-backlog-size, set-unicast-hop-limit, receive-buffer-size; draft/udp set-unicast-hop-limit, "
    "receive-buffer-size",
)
