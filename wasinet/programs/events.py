"""What programs yield: events with plain fields. They never print; the command line shows events."""

from __future__ import annotations

from typing import Any

from wasinet.wit.data import Data

__all__ = ["CallFailed", "Event", "HandleRef", "Idle", "LocalFailed", "NotInWorld", "SomeFailed"]


class HandleRef(Data):
    """A handle in an event's fields: its number and resource type."""

    handle: int
    type: str


class Event:
    """Something that a program did or saw.

    Args:
        name: of the event, as ``--json`` shows it: ``listening``, ``connected``, ``data``.
        fields: what belongs to it, in the order to show. Values are strings, numbers, booleans, None,
            ``bytes`` (shown as base64), ``HandleRef``, and lists and dicts of these. Socket
            addresses are strings: ``127.0.0.1:80``.
    """

    __slots__ = ("fields", "name")

    def __init__(self, name: str, /, **fields: Any) -> None:
        self.name = name
        self.fields = fields

    def __repr__(self) -> str:
        return f"Event({self.name!r}, {self.fields!r})"


class CallFailed(Exception):
    """A WASI call failed and the program cannot go on.

    Args:
        function: the call's name, ``tcp-socket.finish-connect``.
        target: what it was about, ``127.0.0.1:9``; may be empty.
        code: the error code.
        reason: the precise reason, for people.
    """

    def __init__(self, function: str, target: str, code: str, reason: str = "") -> None:
        super().__init__(function, target, code, reason)
        self.function = function
        self.target = target
        self.code = code
        self.reason = reason

    @property
    def precise(self) -> str:
        """The precise code, also where the world says only ``unknown`` and names it in the reason."""
        return self.reason.rpartition("(")[2].removesuffix(")") if self.code == "unknown" else self.code


class NotInWorld(Exception):
    """The world has nothing for what was asked for. Carries what to say about it."""


class LocalFailed(Exception):
    """Something on this side failed: a file, standard output.

    Args:
        what: what was tried: ``write standard output``.
        reason: the operating system's words.
        errno: its number, None if it gave none. EPIPE ends the command as a broken pipe.
    """

    def __init__(self, what: str, reason: str, errno: int | None = None) -> None:
        super().__init__(what, reason, errno)
        self.what = what
        self.reason = reason
        self.errno = errno


class Idle(Exception):
    """Nothing moved for longer than the idle timeout. Carries the peer and the seconds."""

    def __init__(self, peer: str, seconds: float) -> None:
        super().__init__(peer, seconds)
        self.peer = peer
        self.seconds = seconds


class SomeFailed(Exception):
    """Some of several names, probes or datagrams failed; the events have said which and why."""
