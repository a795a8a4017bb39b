"""How a call ends other than well, and the one table from errno to error code."""

from __future__ import annotations

import errno
from collections.abc import Mapping

__all__ = ["EAI_CODES", "Fail", "Trap", "code_of"]


class Fail(Exception):
    """An effect's error outcome.

    Args:
        code: an error code of ``wasi:sockets/network``, or ``closed`` for a stream.
        reason: the precise reason, for people.
        untouched: refused before the socket was touched, so that the state stays although a row of
            the machine says where the error leads.
        errno: of the operating system's error, where there was one.
    """

    def __init__(self, code: str, reason: str = "", *, untouched: bool = False, errno: int | None = None) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
        self.untouched = untouched
        self.errno = errno


class Trap(Exception):
    """The caller broke a rule of the API; a real guest would be killed.

    Args:
        message: what was done and which rule forbids it.
        clause: the interface and function whose text has the rule.
        ended: it took all handles with it, as it does on hosts where a trap ends the instance.
    """

    def __init__(self, message: str, clause: str = "", *, ended: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.clause = clause
        self.ended = ended


def _numbers(names: Mapping[str, str]) -> dict[int, str]:
    """Errnos that this platform has, by number."""
    return {getattr(errno, name): code for name, code in names.items() if hasattr(errno, name)}


_GENERIC = _numbers(
    {
        "EACCES": "access-denied",
        "EPERM": "access-denied",
        "EOPNOTSUPP": "not-supported",
        "EAFNOSUPPORT": "not-supported",
        "EPROTONOSUPPORT": "not-supported",
        "ENOPROTOOPT": "not-supported",
        "EINVAL": "invalid-argument",
        "EDESTADDRREQ": "invalid-argument",
        "EISCONN": "invalid-state",
        "ENOTCONN": "invalid-state",
        "ENOMEM": "out-of-memory",
        "ENOBUFS": "out-of-memory",
        "ETIMEDOUT": "timeout",
        "EALREADY": "concurrency-conflict",
        "EWOULDBLOCK": "would-block",
        "EAGAIN": "would-block",
        "EMFILE": "new-socket-limit",
        "ENFILE": "new-socket-limit",
        "EADDRINUSE": "address-in-use",
        "EADDRNOTAVAIL": "address-not-bindable",
        "EHOSTUNREACH": "remote-unreachable",
        "EHOSTDOWN": "remote-unreachable",
        "ENETUNREACH": "remote-unreachable",
        "ENETDOWN": "remote-unreachable",
        "ENONET": "remote-unreachable",
        "ENETRESET": "remote-unreachable",
        "ECONNREFUSED": "connection-refused",
        "ECONNRESET": "connection-reset",
        "ECONNABORTED": "connection-aborted",
        # 0.3 lists EPIPE beside "ECONNABORTED on Windows" for connection-broken, which 0.2 does not have.
        "EPIPE": "connection-aborted",
        "EMSGSIZE": "datagram-too-large",
    }
)

# Where a function's own documentation gives an errno another meaning.
# ENODEV: the zone of the address is no interface.
_BIND = _numbers({"EAFNOSUPPORT": "invalid-argument", "ENOBUFS": "address-in-use", "ENODEV": "address-not-bindable"})
_CONNECT = _numbers(
    {
        "EAFNOSUPPORT": "invalid-argument",
        # An implicit bind found no ephemeral port: EADDRNOTAVAIL on Linux, EAGAIN on BSD.
        "EADDRNOTAVAIL": "address-in-use",
        "EAGAIN": "address-in-use",
    }
)
_DATAGRAM = _numbers(
    {"EAFNOSUPPORT": "invalid-argument", "EADDRNOTAVAIL": "invalid-argument", "ECONNRESET": "remote-unreachable"}
)
# A connection that is gone, whatever the kernel has already said about why.
_STREAM = _numbers({"ENOTCONN": "connection-aborted"})
_EXCEPTIONS: Mapping[str, Mapping[int, str]] = {
    "bind": _BIND,
    "connect": _CONNECT,
    "start-bind": _BIND,
    "finish-bind": _BIND,
    "accept": _numbers({"EINVAL": "invalid-state"}),
    "start-connect": _CONNECT,
    "finish-connect": _CONNECT,
    "stream": {**_DATAGRAM, **_numbers({"EADDRNOTAVAIL": "address-in-use", "EAGAIN": "address-in-use"})},
    "send": {**_DATAGRAM, **_numbers({"EISCONN": "invalid-argument"})},
    "receive": _DATAGRAM,
    "read": _STREAM,
    "write": _STREAM,
}
_NONE: Mapping[int, str] = {}

EAI_CODES: Mapping[str, str] = {
    "EAI_NONAME": "name-unresolvable",
    "EAI_NODATA": "name-unresolvable",
    "EAI_ADDRFAMILY": "name-unresolvable",
    "EAI_AGAIN": "temporary-resolver-failure",
    "EAI_FAIL": "permanent-resolver-failure",
    "EAI_MEMORY": "out-of-memory",
}


def code_of(member: str, number: int | None) -> str:
    """The error code of an errno for a function.

    Args:
        member: the function's name without its resource: ``finish-bind``.
        number: the errno, None if the OS gave none.

    Returns:
        An error code; ``unknown`` for an errno that no documentation mentions.
    """
    if number is None:
        return "unknown"
    return _EXCEPTIONS.get(member, _NONE).get(number) or _GENERIC.get(number, "unknown")
