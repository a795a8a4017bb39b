"""``wasi:sockets/ip-name-lookup``: names to addresses."""

from __future__ import annotations

from wasinet.wit.declare import Error, Function, Interface, Note
from wasinet.wit.types import STRING, Borrow, Option, Own, Resource, Result
from wasinet.wit.v0_2.io import POLLABLE
from wasinet.wit.v0_2.network import ERROR_CODE, IP_ADDRESS, NETWORK
from wasinet.wit.v0_2.shared import WOULD_BLOCK

__all__ = ["INTERFACES", "RESOLVE_ADDRESS_STREAM"]

RESOLVE_ADDRESS_STREAM = Resource("resolve-address-stream")

_FUNCTIONS = (
    Function(
        "ip-name-lookup",
        "resolve-address-stream.resolve-next-address",
        (),
        Result(Option(IP_ADDRESS), ERROR_CODE),
        "Returns the next address in the order in which to try them, or none after the last.",
        resource=RESOLVE_ADDRESS_STREAM,
        posix="getaddrinfo(3)",
        errors=(
            Error(
                "name-unresolvable",
                "the name does not exist or has no usable addresses",
                ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY"),
            ),
            Error("temporary-resolver-failure", "no name server answered for now", ("EAI_AGAIN",)),
            Error("permanent-resolver-failure", "the name servers refuse or fail for good", ("EAI_FAIL",)),
            WOULD_BLOCK,
        ),
        notes=(
            Note(
                "IPv4-mapped IPv6 addresses are never returned, whatever the system's resolver says.",
                "wasi:sockets/ip-name-lookup resolve-next-address",
            ),
        ),
    ),
    Function(
        "ip-name-lookup",
        "resolve-address-stream.subscribe",
        (),
        Own(POLLABLE),
        "Makes a pollable that is ready when resolve-next-address has something other than would-block to say.",
        resource=RESOLVE_ADDRESS_STREAM,
        posix="poll(2)",
    ),
    Function(
        "ip-name-lookup",
        "resolve-addresses",
        (("network", Borrow(NETWORK)), ("name", STRING)),
        Result(Own(RESOLVE_ADDRESS_STREAM), ERROR_CODE),
        "Starts looking up the IP addresses of a name, without waiting for any of them.",
        posix="getaddrinfo(3)",
        errors=(Error("invalid-argument", "the name is neither a well-formed domain name nor an IP address"),),
        notes=(
            Note(
                "An IP address is parsed and returned as the only result, without asking anyone.",
                "wasi:sockets/ip-name-lookup resolve-addresses",
            ),
            Note(
                "An IPv4-mapped IPv6 address is invalid-argument, because results may never be IPv4-mapped; so are the "
                "old ways to write IPv4 (127.1, 0x7f.1), which are neither a name nor an address that all hosts "
                "read alike.",
                "wasi:sockets/ip-name-lookup resolve-addresses, which does not say what an IP address string is",
            ),
            Note(
                "localhost and all names below it are answered with ::1 and 127.0.0.1, and no resolver is asked, on "
                "every host: a name server would learn what a guest puts into such a name.",
                "RFC 6761, section 6.3",
            ),
        ),
    ),
)

INTERFACES = (
    Interface(
        "ip-name-lookup",
        {"resolve-address-stream": RESOLVE_ADDRESS_STREAM},
        _FUNCTIONS,
        uses=(
            ("wasi:io/poll@0.2.12", ("pollable",)),
            ("network", ("network", "error-code", "ip-address")),
        ),
        summary="Names to IP addresses.",
    ),
)
