"""The error codes of 0.2, in the order of the enum, with what a guest's author can do about each."""

from __future__ import annotations

from wasinet.wit.declare import ErrorCode

__all__ = ["CODES"]

CODES = (
    ErrorCode(
        "unknown",
        "Something failed that no other code describes.",
        "Run the call again under --trace and read the reason that the host gives beside the code.",
    ),
    ErrorCode(
        "access-denied",
        "The host or the operating system forbids this.",
        "Allow the address or name in the host's policy (--allow), or use a port above 1023.",
        ("EACCES", "EPERM"),
    ),
    ErrorCode(
        "not-supported",
        "This platform or this host cannot do it.",
        "Do without the feature, or fall back to the other address family.",
        ("EOPNOTSUPP",),
    ),
    ErrorCode(
        "invalid-argument",
        "An argument can never be right for this call.",
        "Check the address family against the socket's, port and address against zero, and sizes against 0.",
        ("EINVAL",),
    ),
    ErrorCode(
        "out-of-memory",
        "The system has no memory or buffer space left for this.",
        "Drop what is no longer needed, send less at once, and try again.",
        ("ENOMEM", "ENOBUFS", "EAI_MEMORY"),
    ),
    ErrorCode(
        "timeout",
        "The peer did not answer in the time that the system allows.",
        "Check that the peer is up and that no firewall drops packets silently, then try with a new socket.",
    ),
    ErrorCode(
        "concurrency-conflict",
        "Another operation in progress on the same resource is in the way.",
        "Finish the pending operation (finish-*) before starting another.",
        ("EALREADY",),
    ),
    ErrorCode(
        "not-in-progress",
        "There is nothing to finish: no start-* call is pending, or it was finished already.",
        "Call the matching start-* first, and finish-* only until it gives something other than would-block.",
    ),
    ErrorCode(
        "would-block",
        "The result is not there yet.",
        "Subscribe, wait for the pollable, then make the same call again.",
    ),
    ErrorCode(
        "invalid-state",
        "The socket is not in a state in which this may be called.",
        "Look up the states that the function needs, and do the missing step, or make a new socket.",
    ),
    ErrorCode(
        "new-socket-limit",
        "The system or the process has as many sockets open as it may.",
        "Drop sockets that are done, or raise the limit of open files (ulimit -n).",
    ),
    ErrorCode(
        "address-not-bindable",
        "The local address is not one that this machine or network can bind.",
        "Bind to an address of a local interface, or to 0.0.0.0 or :: for all of them.",
    ),
    ErrorCode(
        "address-in-use",
        "Another socket has this address and port, or no ephemeral port is free.",
        "Find and stop the other owner, choose another port, or bind port 0 and ask local-address.",
    ),
    ErrorCode(
        "remote-unreachable",
        "No route leads to the remote address, or a router said that it cannot be reached.",
        "Check the address, the routes and the interface; try the name's other addresses.",
    ),
    ErrorCode(
        "connection-refused",
        "The remote machine answered that nothing listens there.",
        "Check host and port, and that the server is running and listens on that address family.",
    ),
    ErrorCode(
        "connection-reset",
        "The peer ended the connection abruptly, and data may be lost.",
        "Make a new connection; look in the peer's log for why it closed without reading everything.",
    ),
    ErrorCode(
        "connection-aborted",
        "The connection was given up on this side of the network, or went away before it was accepted.",
        "After accept, simply accept again; otherwise make a new connection.",
    ),
    ErrorCode(
        "datagram-too-large",
        "The datagram is larger than the socket or the path can carry.",
        "Send smaller datagrams: 1200 bytes pass nearly everywhere, and IPv4 carries at most 65507.",
    ),
    ErrorCode(
        "name-unresolvable",
        "The name does not exist, or has no addresses of a usable kind.",
        "Check the spelling and the search domains, and ask the name server directly.",
    ),
    ErrorCode(
        "temporary-resolver-failure",
        "The name servers gave no usable answer for now.",
        "Try again in a moment; if it lasts, check that the name servers can be reached.",
    ),
    ErrorCode(
        "permanent-resolver-failure",
        "A name server refused to answer or is broken, and asking again will not help.",
        "Check the resolver's configuration, or ask another name server.",
    ),
)
