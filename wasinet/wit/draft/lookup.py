"""The draft's ``ip-name-lookup``: names to addresses."""

from __future__ import annotations

from functools import partial

from wasinet.wit.declare import Error, Function, Interface, Note
from wasinet.wit.draft.network import ERROR, IP_ADDRESS, IP_ADDRESS_FAMILY, NETWORK
from wasinet.wit.draft.poll import POLLABLE, POLLABLES
from wasinet.wit.draft.shared import DONE
from wasinet.wit.types import BOOL, STRING, U32, Alias, Option, Resource, Result

__all__ = ["INTERFACES", "RESOLVE_ADDRESS_STREAM"]

RESOLVE_ADDRESS_STREAM = Alias("resolve-address-stream", U32, handle=Resource("resolve-address-stream"))

_THIS = ("this", RESOLVE_ADDRESS_STREAM)

_function = partial(Function, "ip-name-lookup")

_FUNCTIONS = (
    _function(
        "resolve-addresses",
        (
            ("network", NETWORK),
            ("name", STRING),
            ("address-family", Option(IP_ADDRESS_FAMILY)),
            ("include-unavailable", BOOL),
        ),
        Result(RESOLVE_ADDRESS_STREAM, ERROR),
        "Starts looking up the IP addresses of a name, of one family if it is given, without waiting for any of them.",
        posix="getaddrinfo(3)",
        errors=(
            Error("unknown", "the name is empty"),
            Error("unknown", "the name is an IP address"),
            Error("unknown", "the name is not a well-formed domain name for another reason"),
        ),
        notes=(
            Note(
                "The old ways to write IPv4 (127.1, 0x7f.1) fail as well: they are an IP address or no name at all.",
                "draft/ip-name-lookup resolve-addresses, which does not say what an IP address is",
            ),
            Note(
                "A name that does not exist is no failure here, because the call never waits to find out: "
                "resolve-next-address tells.",
                "draft/ip-name-lookup resolve-addresses",
            ),
            Note(
                "localhost and all names below it are answered with ::1 and 127.0.0.1, and no resolver is asked: a "
                "name server would learn what a guest puts into such a name.",
                "RFC 6761, section 6.3",
            ),
        ),
    ),
    _function(
        "resolve-next-address",
        (_THIS,),
        Result(Option(IP_ADDRESS), ERROR),
        "Returns the next address in the order in which to try them, or none after the last.",
        posix="getaddrinfo(3)",
        errors=(Error("again", "the stream is non-blocking and the call would have to wait"),),
        notes=(
            Note(
                "A lookup that fails gives unknown here; the text names no failure.",
                "draft/ip-name-lookup resolve-next-address",
            ),
            Note(
                "IPv4-mapped IPv6 addresses are never returned, whatever the system's resolver says.",
                "draft/ip-name-lookup resolve-next-address",
            ),
        ),
        blocking=True,
    ),
    _function(
        "drop-resolve-address-stream",
        (_THIS,),
        None,
        "Gives up a lookup with the addresses that it has left; its handle may not be used after that.",
        posix="freeaddrinfo(3)",
        notes=(POLLABLES,),
    ),
    _function(
        "non-blocking",
        (_THIS,),
        Result(BOOL, ERROR),
        "Tells whether resolve-next-address gives again instead of waiting; a new stream waits.",
    ),
    _function(
        "set-non-blocking",
        (_THIS, ("value", BOOL)),
        DONE,
        "Chooses whether resolve-next-address gives again instead of waiting.",
    ),
    _function(
        "subscribe",
        (_THIS,),
        POLLABLE,
        "Makes a pollable that is ready when resolve-next-address would not have to wait.",
        posix="poll(2)",
        notes=(POLLABLES,),
    ),
)

INTERFACES = (
    Interface(
        "ip-name-lookup",
        {"resolve-address-stream": RESOLVE_ADDRESS_STREAM},
        _FUNCTIONS,
        uses=(
            ("poll", ("pollable",)),
            ("network", ("network",)),
            ("network", ("error",)),
            ("network", ("ip-address",)),
            ("network", ("ip-address-family",)),
        ),
        summary="Names to IP addresses.",
    ),
)
