"""The draft's ``network`` and ``instance-network``: addresses, errors, and the network as a capability."""

from __future__ import annotations

from wasinet.wit.declare import Function, Interface, Note
from wasinet.wit.draft.codes import CODES
from wasinet.wit.types import U8, U16, U32, Alias, Enum, Record, Resource, Tuple, Variant

__all__ = ["ERROR", "INTERFACES", "IP_ADDRESS", "IP_ADDRESS_FAMILY", "IP_SOCKET_ADDRESS", "NETWORK"]

NETWORK = Alias("network", U32, handle=Resource("network"))
ERROR = Enum("error", tuple(code.name for code in CODES))
IP_ADDRESS_FAMILY = Enum("ip-address-family", ("ipv4", "ipv6"))
IPV4_ADDRESS = Alias("ipv4-address", Tuple((U8,) * 4))
IPV6_ADDRESS = Alias("ipv6-address", Tuple((U16,) * 8))
IP_ADDRESS = Variant("ip-address", (("ipv4", IPV4_ADDRESS), ("ipv6", IPV6_ADDRESS)))
IPV4_SOCKET_ADDRESS = Record("ipv4-socket-address", (("port", U16), ("address", IPV4_ADDRESS)))
IPV6_SOCKET_ADDRESS = Record(
    "ipv6-socket-address", (("port", U16), ("flow-info", U32), ("address", IPV6_ADDRESS), ("scope-id", U32))
)
IP_SOCKET_ADDRESS = Variant("ip-socket-address", (("ipv4", IPV4_SOCKET_ADDRESS), ("ipv6", IPV6_SOCKET_ADDRESS)))

_DROP_NETWORK = Function(
    "network",
    "drop-network",
    (("this", NETWORK),),
    None,
    "Gives up a handle of a network, which may not be used after that.",
)

_INSTANCE_NETWORK = Function(
    "instance-network",
    "instance-network",
    (),
    NETWORK,
    "Returns a handle of the network that this guest was given.",
    notes=(
        Note(
            "All handles that it returns are the same network, so any of them may be used with a socket that was bound "
            "with another.",
            "draft/instance-network instance-network; draft/tcp connect, listen; draft/udp connect",
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
                IPV6_ADDRESS,
                IPV6_SOCKET_ADDRESS,
                IPV4_ADDRESS,
                IPV4_SOCKET_ADDRESS,
                IP_SOCKET_ADDRESS,
                IP_ADDRESS_FAMILY,
                IP_ADDRESS,
                ERROR,
            )
        },
        (_DROP_NETWORK,),
        summary="Addresses, errors, and access to a network.",
    ),
    Interface(
        "instance-network",
        functions=(_INSTANCE_NETWORK,),
        uses=(("network", ("network",)),),
        summary="The network that a guest has from the start.",
    ),
)
