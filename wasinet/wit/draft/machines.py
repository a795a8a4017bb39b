"""The TCP and UDP machines of the draft, row by row.

The text names the states Connection, Listener and bound, and draws no diagram. ``connecting`` is
ours, for what lies between the first non-blocking ``connect`` and its result, and so is ``closed``.
"""

from __future__ import annotations

from wasinet.wit.machine import ERROR, OK_OUTCOME, WOULD_BLOCK, Machine, Row

__all__ = ["TCP", "UDP"]

# The precise code: the draft's own enum has no such case, so a guest sees it as unknown.
_REFUSALS = {"*": "invalid-state"}

_SOURCE = "ours, derived from the texts of the example world"

_ALWAYS = "always"
_RESOLVED = "when resolved"
_PENDING = "when a connection is pending"
_DATAGRAM = "when a datagram is there"

TCP = Machine(
    resource="tcp-socket",
    creation="create-tcp-socket",
    initial="unbound",
    states=("unbound", "bound", "connecting", "connection", "listener", "closed"),
    rows=(
        Row("unbound", "bind", OK_OUTCOME, "bound"),
        Row("unbound", "bind", ERROR, "unbound"),
        Row("unbound", "connect", OK_OUTCOME, "connection"),
        Row("unbound", "connect", WOULD_BLOCK, "connecting"),
        Row("unbound", "connect", ERROR, "closed"),
        Row("bound", "connect", OK_OUTCOME, "connection"),
        Row("bound", "connect", WOULD_BLOCK, "connecting"),
        Row("bound", "connect", ERROR, "closed"),
        Row("connecting", "connect", OK_OUTCOME, "connection"),
        Row("connecting", "connect", WOULD_BLOCK, "connecting"),
        Row("connecting", "connect", ERROR, "closed"),
        Row("unbound", "listen", OK_OUTCOME, "listener"),
        Row("unbound", "listen", ERROR, "closed"),
        Row("bound", "listen", OK_OUTCOME, "listener"),
        Row("bound", "listen", ERROR, "closed"),
        Row("listener", "accept", OK_OUTCOME, "listener"),
        Row("listener", "accept", WOULD_BLOCK, "listener"),
        Row("listener", "accept", ERROR, "listener"),
        # Nothing leads on from connection: the text describes no end of it.
        Row("connection", "shutdown", OK_OUTCOME, "connection"),
        Row("connection", "shutdown", ERROR, "connection"),
    ),
    refusals=_REFUSALS,
    ready={
        "unbound": _ALWAYS,
        "bound": _ALWAYS,
        "connecting": _RESOLVED,
        "connection": _ALWAYS,
        "listener": _PENDING,
        "closed": _ALWAYS,
    },
    source=_SOURCE,
    accepted="connection",
    meanings={
        "unbound": "The socket is new and has no local address.",
        "bound": "The socket owns a local address and may connect or listen from it.",
        "connecting": "The handshake with the peer runs, and the same connect again will tell how it ended.",
        "connection": "The connection was made, and data moves through its two streams.",
        "listener": "Clients may connect, and accept hands them out one at a time.",
        "closed": "A connect or a listen has failed, and all that is left is to drop the socket.",
    },
)

UDP = Machine(
    resource="udp-socket",
    creation="create-udp-socket",
    initial="unbound",
    states=("unbound", "bound", "connected"),
    rows=(
        Row("unbound", "bind", OK_OUTCOME, "bound"),
        Row("unbound", "bind", ERROR, "unbound"),
        Row("unbound", "connect", OK_OUTCOME, "connected"),
        Row("unbound", "connect", ERROR, "unbound"),
        Row("bound", "connect", OK_OUTCOME, "connected"),
        Row("bound", "connect", ERROR, "bound"),
        Row("connected", "connect", OK_OUTCOME, "connected"),
        # Only once the old peer was left; an argument refused before that changes nothing.
        Row("connected", "connect", ERROR, "bound"),
    ),
    refusals=_REFUSALS,
    ready={
        "unbound": _ALWAYS,
        "bound": _DATAGRAM,
        "connected": _DATAGRAM,
    },
    source=_SOURCE,
    meanings={
        "unbound": "The socket is new and has no local address.",
        "bound": "The socket owns a local address and exchanges datagrams with any peer.",
        "connected": "The socket exchanges datagrams with one peer only, the one last given to connect.",
    },
)
