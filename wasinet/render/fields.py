"""The fields of what is printed as JSON, for the documentation: a test holds them to what is printed."""

from __future__ import annotations

from collections.abc import Mapping

from wasinet.wit.data import Data

__all__ = ["EVENTS", "RECORD", "EventFields"]


class EventFields(Data):
    """An event of ``--json``: what it tells, and its fields beside ``event`` and ``time``."""

    text: str
    fields: tuple[str, ...]


EVENTS: Mapping[str, EventFields] = {
    "listening": EventFields("a socket waits", ("address", "handle")),
    "connecting": EventFields("an address is tried", ("address",)),
    "attempt-failed": EventFields("an address does not answer", ("address", "code", "reason")),
    "connected": EventFields("a connection stands", ("peer", "local", "handle", "seconds")),
    "accepted": EventFields("a peer has come", ("peer", "local", "handle")),
    "accept-failed": EventFields("a peer could not be let in", ("code", "reason")),
    "data": EventFields("what was received", ("peer", "data")),
    "receiving": EventFields("a transfer has begun", ("peer",)),
    "progress": EventFields("how far a transfer is, with --verbose", ("received", "sent", "seconds", "datagrams")),
    "ended": EventFields("the peer sends no more", ("peer", "received")),
    "closed": EventFields("a connection is over", ("peer", "received", "sent", "seconds")),
    "failed": EventFields("one of several connections broke", ("peer", "code", "reason")),
    "probe": EventFields("one try of --probe", ("target", "number", "ok", "address", "seconds", "code", "reason")),
    "summary": EventFields("all tries of a target", ("target", "sent", "lost", "min", "median", "max")),
    "sent": EventFields("datagrams went out", ("peer", "local", "datagrams", "bytes")),
    "all-sent": EventFields(
        "all datagrams that went out", ("peer", "local", "datagrams", "sent", "replies", "received", "seconds")
    ),
    "received": EventFields("a datagram came", ("peer", "bytes", "data")),
    "all-received": EventFields("all datagrams that came", ("datagrams", "received", "sent", "seconds")),
    "echo-failed": EventFields("a datagram could not go back", ("peer", "code", "reason")),
    "resolved": EventFields("a name has addresses", ("name", "addresses", "seconds")),
    "unresolved": EventFields("a name has none", ("name", "function", "code", "reason")),
    "ready": EventFields(
        "a source of poll is ready; more fields by its kind",
        ("source", "seconds", "handle", "state", "outcome", "failed"),
    ),
    "call": EventFields("one call of call or repl, with the fields of a trace record", ("assigned",)),
    "replayed": EventFields(
        "one transcript", ("file", "passed", "updated", "calls", "checked", "duration", "mismatches")
    ),
    "compared": EventFields(
        "one script on two hosts; what is there for each is in their order",
        ("file", "hosts", "calls", "skipped", "unable", "duration", "differences"),
    ),
    "known": EventFields(
        "a known divergence, with diff --known", ("name", "host", "versions", "verdict", "clause", "why", "stale")
    ),
    "nonconforming": EventFields(
        "an outcome that fails the suite", ("file", "line", "call", "function", "expected", "got", "verdict")
    ),
    "score": EventFields("an interface in the suite", ("interface", "expected", "allowed", "failed", "score")),
    "conformance": EventFields(
        "the whole suite",
        ("host", "version", "expected", "allowed", "failed", "score", "uncounted", "skipped"),
    ),
    "fuzzed": EventFields(
        "random calls on two hosts", ("hosts", "seed", "calls", "sequences", "duration", "differences", "finding")
    ),
    "step": EventFields("a part of the demo begins", ("title",)),
    "saw": EventFields("what the demo saw", ("text",)),
    "handles": EventFields("the handles of the demo at that point", ("live",)),
    "error": EventFields(
        "what ended the command: a call with its code, or a local failure with its errno",
        ("function", "target", "code", "reason"),
    ),
}

RECORD: Mapping[str, str] = {
    "time": "seconds since the session's start when the call began",
    "duration": "seconds that it took",
    "host": "what answered: `native`",
    "interface": "`tcp`; empty for the drop of a handle",
    "function": "`tcp-socket.start-bind`; `drop tcp-socket`",
    "arguments": "an object: parameter name to value, without the receiver",
    "outcome": '`{"ok": v}`, `{"err": v}`, `{"value": v}` (no result type), `{"trap": "..."}`, `{"interrupted": true}`',
    "handle": "the receiver's number, null for free functions",
    "before": "the receiver's state before; empty where it has none",
    "after": "and after",
    "reason": "the precise reason of a failure, for people; else empty",
}
"""The fields of a line of ``--trace-file``, and what they hold."""
