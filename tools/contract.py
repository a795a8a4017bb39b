"""The contract of the command line in words: exit codes, environment, files, and the fields of what is JSON.

Tests hold the fields to what is printed. Options and the keys of the configuration file are described where they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.program import Entry
from wasinet.cli import errors
from wasinet.wit.data import Data

__all__ = ["ENVIRONMENT", "EVENTS", "EXITS", "FILES", "RECORD", "EventFields"]


class EventFields(Data):
    """An event of ``--json``: what it tells, and its fields beside ``event`` and ``time``."""

    text: str
    fields: tuple[str, ...]


EXITS: tuple[Entry, ...] = (
    Entry(f"{errors.DONE}", "Done."),
    Entry(f"{errors.FAILED}", "A WASI call or a local resource failed; the code is named on standard error."),
    Entry(f"{errors.USAGE}", "Usage: malformed input, an unreadable file, an unknown name; nothing was called."),
    Entry(f"{errors.TRAP}", "Trap: the call broke a rule of the API, a real guest would have been killed."),
    Entry(f"{errors.MISMATCH}", "Mismatch: not what was expected."),
    Entry(f"{errors.TIMED_OUT}", "A timeout ended it before its goal."),
    Entry(
        f"{errors.INTERRUPTED}, {errors.BROKEN_PIPE}, {errors.TERMINATED}",
        "Interrupted, the reader of the output went away, or terminated.",
    ),
)
"""Exit codes."""

ENVIRONMENT: tuple[Entry, ...] = (
    Entry("FORCE_COLOR", "Not empty: colour, wherever the output goes. Goes before `NO_COLOR`."),
    Entry("NO_COLOR", "Not empty: no colour. `--color` goes before both."),
    Entry("TERM", "`dumb` is a terminal without colour."),
    Entry("COLUMNS", "The width of the page."),
    Entry("VISUAL, EDITOR", "What `wasinet config edit` starts."),
    Entry("MANPAGER, PAGER", "What `wasinet man` shows a page with on a terminal."),
    Entry("XDG_CONFIG_HOME", "The folder of the configuration; `~/.config` without it."),
    Entry("XDG_STATE_HOME", "The folder of the history; `~/.local/state` without it."),
)
"""Variables beside those of the common options."""

FILES: tuple[Entry, ...] = (
    Entry("~/.config/wasinet/config.toml", "Defaults of options, the keys of the prompt, colours."),
    Entry("~/.local/state/wasinet/history", "What was typed at the prompt of `wasinet repl`."),
)

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
