"""Call records for tests, with times that do not change."""

from __future__ import annotations

from typing import Any

from wasinet.engine.records import INTERRUPTED, CallRecord, Trapped
from wasinet.hosts.native import drop_function
from wasinet.wit import load
from wasinet.wit.values import OK, Case, Err, Ok

__all__ = ["RECORDS", "record"]

LOOPBACK = Case("ipv4", {"port": 80, "address": (127, 0, 0, 1)})


def record(function: str, *arguments: Any, outcome: Any, before: str = "", after: str = "", **more: Any) -> CallRecord:
    """A record of a call by the function's key, or of ``drop KIND``."""
    declared = (
        drop_function(function.removeprefix("drop ")) if function.startswith("drop ") else load().functions[function]
    )
    handle = arguments[0] if declared.resource is not None else None
    time, duration = more.get("time", 0.001234), more.get("duration", 0.000012)
    return CallRecord(time, duration, "native", declared, arguments, outcome, handle, before, after)


RECORDS = [
    record("create-tcp-socket", "ipv4", outcome=Ok(3)),
    record("tcp-socket.start-bind", 3, 1, LOOPBACK, outcome=OK, before="unbound", after="bind-in-progress"),
    record("tcp-socket.finish-bind", 3, outcome=Err("would-block", "not yet"), before="bound", after="bound"),
    record(
        "tcp-socket.finish-connect",
        3,
        outcome=Err("connection-refused", "Connection refused"),
        before="connect-in-progress",
        after="closed",
        duration=0.25,
    ),
    record(
        "tcp-socket.accept",
        3,
        outcome=Err("invalid-state", "tcp-socket.accept needs listening; #3 is bound. Try: start-listen"),
        before="bound",
        after="bound",
    ),
    record("output-stream.write", 5, b"hello\n" + bytes(200), outcome=OK, before="open", after="open"),
    record("output-stream.write", 5, b"x" * 80, outcome=Trapped("80 bytes, but the permit is 5", "wasi:io")),
    record("input-stream.read", 4, 65536, outcome=Ok(b"a long text of data that came in " * 5), duration=0.0035),
    record("poll", [7, 8], outcome=[1], time=12.5, duration=3.2),
    record("poll", [7, 8], outcome=INTERRUPTED, time=15.75),
    record("tcp-socket.set-hop-limit", 3, "64", outcome=Trapped("a u8 is expected")),
    record("drop tcp-socket", 3, outcome=None, before="closed", after=""),
]
