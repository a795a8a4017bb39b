"""What the declarations of the socket interfaces have in common: resources, results, errors and notes."""

from __future__ import annotations

from wasinet.wit.declare import Error, Note
from wasinet.wit.types import Resource, Result
from wasinet.wit.v0_2.network import ERROR_CODE

__all__ = [
    "BIND_FAILURES",
    "BUFFER_READ_BACK",
    "CHILDREN",
    "CREATION",
    "DONE",
    "FAILED_CONNECTION",
    "NEW_SOCKET_LIMIT",
    "NO_SUCH_FAMILY",
    "SEND_BUFFER_ZERO",
    "TCP_SOCKET",
    "UDP_SOCKET",
    "V6_ONLY",
    "WOULD_BLOCK",
    "ZERO",
]

TCP_SOCKET = Resource("tcp-socket")
UDP_SOCKET = Resource("udp-socket")

DONE = Result(None, ERROR_CODE)

WOULD_BLOCK = Error("would-block", "the result is not there yet", ("EWOULDBLOCK", "EAGAIN"))
NEW_SOCKET_LIMIT = Error("new-socket-limit", "no more files or sockets may be opened", ("EMFILE", "ENFILE"))
NO_SUCH_FAMILY = Error("not-supported", "the system has no such address family", ("EAFNOSUPPORT",))
ZERO = Error("invalid-argument", "the value is 0")

BIND_FAILURES = (
    Error("address-in-use", "no ephemeral port is free", ("EADDRINUSE", "ENOBUFS on Windows")),
    Error("address-in-use", "another socket has this address", ("EADDRINUSE",)),
    Error("address-not-bindable", "the address does not belong to this network", ("EADDRNOTAVAIL",)),
)
"""What the operating system says when a bind is carried out."""

CHILDREN = Note(
    "Dropping a socket or a stream while its streams or pollables live traps: drop the children first. The texts say "
    "for streams that hosts may trap and are silent about sockets; under the strict rule a guest works everywhere.",
    "wasi:io/streams input-stream.subscribe, output-stream.subscribe",
)
FAILED_CONNECTION = Note(
    "After a start-connect or finish-connect that failed, it gives that call's error again. A closed socket may give "
    "invalid-state as well, but common C libraries abort on that.",
    "TcpSocketOperationalSemantics.md, closed",
)
BUFFER_READ_BACK = Note(
    "Linux doubles the size that is set, for its own bookkeeping; we report what was set where the kernel took it.",
    "wasi:sockets/tcp tcp-socket.receive-buffer-size; wasi:sockets/udp udp-socket.receive-buffer-size",
)
SEND_BUFFER_ZERO = Note(
    "0 is invalid-argument, as for the receive buffer: the text describes both sizes together.",
    "wasi:sockets/tcp tcp-socket.receive-buffer-size; wasi:sockets/udp udp-socket.receive-buffer-size",
)
CREATION = Note(
    "Where the policy allows no use of TCP (of UDP) at all, creation is denied already: access-denied, as Wasmtime "
    "does. The text names no error for it.",
    "wasi:sockets/tcp-create-socket create-tcp-socket; wasi:sockets/udp-create-socket create-udp-socket",
)
V6_ONLY = Note(
    "An IPv6 socket speaks IPv6 only (IPV6_V6ONLY is on): for both families make two sockets.",
    "wasi:sockets/tcp-create-socket create-tcp-socket; wasi:sockets/udp-create-socket create-udp-socket",
)
