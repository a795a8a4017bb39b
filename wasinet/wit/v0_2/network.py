"""``wasi:sockets/{network,instance-network}``: addresses, error codes, and the network as a capability."""

from __future__ import annotations

from wasinet.wit.declare import Function, Interface, Note
from wasinet.wit.types import U8, U16, U32, Alias, Borrow, Enum, Option, Own, Record, Resource, Tuple, Variant
from wasinet.wit.v0_2.codes import CODES
from wasinet.wit.v0_2.io import ERROR

__all__ = [
    "ERROR_CODE",
    "INTERFACES",
    "IP_ADDRESS",
    "IP_ADDRESS_FAMILY",
    "IP_SOCKET_ADDRESS",
    "NETWORK",
]

NETWORK = Resource("network")
ERROR_CODE = Enum("error-code", tuple(code.name for code in CODES))
IP_ADDRESS_FAMILY = Enum("ip-address-family", ("ipv4", "ipv6"))
IPV4_ADDRESS = Alias("ipv4-address", Tuple((U8,) * 4))
IPV6_ADDRESS = Alias("ipv6-address", Tuple((U16,) * 8))
IP_ADDRESS = Variant("ip-address", (("ipv4", IPV4_ADDRESS), ("ipv6", IPV6_ADDRESS)))
IPV4_SOCKET_ADDRESS = Record("ipv4-socket-address", (("port", U16), ("address", IPV4_ADDRESS)))
IPV6_SOCKET_ADDRESS = Record(
    "ipv6-socket-address", (("port", U16), ("flow-info", U32), ("address", IPV6_ADDRESS), ("scope-id", U32))
)
IP_SOCKET_ADDRESS = Variant("ip-socket-address", (("ipv4", IPV4_SOCKET_ADDRESS), ("ipv6", IPV6_SOCKET_ADDRESS)))

_NETWORK_ERROR_CODE = Function(
    "network",
    "network-error-code",
    (("err", Borrow(ERROR)),),
    Option(ERROR_CODE),
    "Finds the network error code behind a stream's error, if there is one.",
    posix="errno(3)",
    notes=(
        Note(
            "It is unstable: a guest must ask for the feature, and Wasmtime 47 does not link it.",
            "wasi:sockets/network network-error-code",
        ),
        Note(
            "A write on a broken connection (EPIPE) gives connection-aborted: 0.2 names no code for it, and 0.3 puts "
            "EPIPE beside ECONNABORTED on Windows under connection-broken.",
            "wasi:sockets/network error-code; wasi:sockets/types 0.3 tcp-socket.send",
        ),
    ),
    since="unstable network-error-code",
)

_INSTANCE_NETWORK = Function(
    "instance-network",
    "instance-network",
    (),
    Own(NETWORK),
    "Returns a handle of the network that this guest was given.",
    notes=(
        Note(
            "All handles that it returns are the same network, so any of them may be used with a socket that was bound "
            "with another.",
            "wasi:sockets/instance-network instance-network; wasi:sockets/tcp tcp-socket.start-connect",
        ),
    ),
)

INTERFACES = (
    Interface(
        "network",
        {
            type_.name: type_
            for type_ in (
                NETWORK,
                ERROR_CODE,
                IP_ADDRESS_FAMILY,
                IPV4_ADDRESS,
                IPV6_ADDRESS,
                IP_ADDRESS,
                IPV4_SOCKET_ADDRESS,
                IPV6_SOCKET_ADDRESS,
                IP_SOCKET_ADDRESS,
            )
        },
        (_NETWORK_ERROR_CODE,),
        uses=(("wasi:io/error@0.2.12", ("error",)),),
        summary="Addresses, error codes, and access to a network.",
    ),
    Interface(
        "instance-network",
        functions=(_INSTANCE_NETWORK,),
        uses=(("network", ("network",)),),
        summary="The network that a guest has from the start.",
    ),
)
