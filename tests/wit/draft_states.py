"""The draft's machines a second time, in the shape of the published ones, to hold the declarations against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["DRAFT"]


def _rows(text: str) -> list[list[str]]:
    """``state function outcome:next ...`` a line."""
    rows = []
    for line in text.strip().splitlines():
        state, function, *ends = line.split()
        rows += [[state, function, *end.split(":")] for end in ends]
    return rows


_SOURCE = "ours, derived from the texts of the example world"

DRAFT: Mapping[str, Mapping[str, Any]] = {
    "tcp-socket": {
        "source": _SOURCE,
        "initial": "unbound",
        "states": ["unbound", "bound", "connecting", "connection", "listener", "closed"],
        "transitions": _rows("""
            unbound     bind      ok:bound error:unbound
            unbound     connect   ok:connection would-block:connecting error:closed
            bound       connect   ok:connection would-block:connecting error:closed
            connecting  connect   ok:connection would-block:connecting error:closed
            unbound     listen    ok:listener error:closed
            bound       listen    ok:listener error:closed
            listener    accept    ok:listener would-block:listener error:listener
            connection  shutdown  ok:connection error:connection
        """),
        "wrong-state": {"*": "invalid-state"},
        "ready": {
            "unbound": True,
            "bound": True,
            "connecting": "when resolved",
            "connection": True,
            "listener": "when a connection is pending",
            "closed": True,
        },
    },
    "udp-socket": {
        "source": _SOURCE,
        "initial": "unbound",
        "states": ["unbound", "bound", "connected"],
        "transitions": _rows("""
            unbound    bind     ok:bound error:unbound
            unbound    connect  ok:connected error:unbound
            bound      connect  ok:connected error:bound
            connected  connect  ok:connected error:bound
        """),
        "wrong-state": {"*": "invalid-state"},
        "ready": {"unbound": True, "bound": "when a datagram is there", "connected": "when a datagram is there"},
    },
}
