"""The TCP and UDP machines of 0.2, row by row.

The TCP rows are the published diagram; it doesn't split ``accept`` and ``shutdown`` by outcome, the
rows do. No diagram is published for UDP: its rows are ours, derived from the function texts.
"""

from __future__ import annotations

from wasinet.wit.machine import ANY, ERROR, OK_OUTCOME, TERMINATED, WOULD_BLOCK, Machine, Row

__all__ = ["TCP", "UDP"]

_REFUSALS = {"finish-*": "not-in-progress", "*": "invalid-state"}

_ALWAYS = "always"
_RESOLVED = "when resolved"
_PENDING = "when a connection is pending"

TCP = Machine(
    resource="tcp-socket",
    creation="create-tcp-socket",
    initial="unbound",
    states=(
        "unbound",
        "bind-in-progress",
        "bound",
        "listen-in-progress",
        "listening",
        "connect-in-progress",
        "connected",
        "closed",
    ),
    rows=(
        Row("unbound", "start-bind", OK_OUTCOME, "bind-in-progress"),
        Row("unbound", "start-bind", ERROR, "unbound"),
        Row("unbound", "start-connect", OK_OUTCOME, "connect-in-progress"),
        Row("unbound", "start-connect", ERROR, "closed"),
        Row("connect-in-progress", "finish-connect", WOULD_BLOCK, "connect-in-progress"),
        Row("connect-in-progress", "finish-connect", ERROR, "closed"),
        Row("connect-in-progress", "finish-connect", OK_OUTCOME, "connected"),
        Row("connected", "shutdown", OK_OUTCOME, "connected"),
        Row("connected", "shutdown", ERROR, "connected"),
        Row("connected", TERMINATED, ANY, "closed"),
        Row("bind-in-progress", "finish-bind", WOULD_BLOCK, "bind-in-progress"),
        Row("bind-in-progress", "finish-bind", ERROR, "unbound"),
        Row("bind-in-progress", "finish-bind", OK_OUTCOME, "bound"),
        Row("bound", "start-connect", OK_OUTCOME, "connect-in-progress"),
        Row("bound", "start-connect", ERROR, "closed"),
        Row("bound", "start-listen", OK_OUTCOME, "listen-in-progress"),
        Row("bound", "start-listen", ERROR, "closed"),
        Row("listen-in-progress", "finish-listen", WOULD_BLOCK, "listen-in-progress"),
        Row("listen-in-progress", "finish-listen", ERROR, "closed"),
        Row("listen-in-progress", "finish-listen", OK_OUTCOME, "listening"),
        Row("listening", "accept", OK_OUTCOME, "listening"),
        Row("listening", "accept", WOULD_BLOCK, "listening"),
        Row("listening", "accept", ERROR, "listening"),
    ),
    refusals=_REFUSALS,
    ready={
        "unbound": _ALWAYS,
        "bind-in-progress": _RESOLVED,
        "bound": _ALWAYS,
        "listen-in-progress": _RESOLVED,
        "listening": _PENDING,
        "connect-in-progress": _RESOLVED,
        "connected": _ALWAYS,
        "closed": _ALWAYS,
    },
    source="WebAssembly/wasi-sockets TcpSocketOperationalSemantics.md (0.2)",
    accepted="connected",
    meanings={
        "unbound": "The socket is new and has no local address.",
        "bind-in-progress": "A local address was asked for, and finish-bind has not yet told whether it was given.",
        "bound": "The socket owns a local address and may listen or connect from it.",
        "listen-in-progress": "Listening was asked for, and finish-listen has not yet told whether it was granted.",
        "listening": "Clients may connect, and accept hands them out one at a time.",
        "connect-in-progress": "The handshake with the peer runs, and finish-connect will tell how it ended.",
        "connected": "The connection is up, and data moves through its two streams.",
        "closed": "The socket has failed or its connection has ended, and all that is left is to drop it.",
    },
)

UDP = Machine(
    resource="udp-socket",
    creation="create-udp-socket",
    initial="unbound",
    states=("unbound", "bind-in-progress", "bound", "connected"),
    rows=(
        Row("unbound", "start-bind", OK_OUTCOME, "bind-in-progress"),
        Row("unbound", "start-bind", ERROR, "unbound"),
        Row("bind-in-progress", "finish-bind", WOULD_BLOCK, "bind-in-progress"),
        Row("bind-in-progress", "finish-bind", ERROR, "unbound"),
        Row("bind-in-progress", "finish-bind", OK_OUTCOME, "bound"),
        Row("bound", "stream(none)", OK_OUTCOME, "bound"),
        Row("bound", "stream(some)", OK_OUTCOME, "connected"),
        Row("bound", "stream(some)", ERROR, "bound"),
        Row("connected", "stream(none)", OK_OUTCOME, "bound"),
        Row("connected", "stream(some)", OK_OUTCOME, "connected"),
        # Only once the old peer was left; an argument refused before that changes nothing.
        Row("connected", "stream(some)", ERROR, "bound"),
    ),
    refusals=_REFUSALS,
    ready={
        "unbound": _ALWAYS,
        "bind-in-progress": _RESOLVED,
        "bound": _ALWAYS,
        "connected": _ALWAYS,
    },
    source="ours, derived from the texts of wasi:sockets/udp (no diagram is published)",
    meanings={
        "unbound": "The socket is new and has no local address.",
        "bind-in-progress": "A local address was asked for, and finish-bind has not yet told whether it was given.",
        "bound": "The socket owns a local address and exchanges datagrams with any peer.",
        "connected": "The socket exchanges datagrams with one peer only, the one last given to stream.",
    },
)
