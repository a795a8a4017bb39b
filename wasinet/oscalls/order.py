"""The order in which to try the addresses of a name: destination address selection (RFC 6724, section 6).

A resolver that asks a name server itself has to do what getaddrinfo(3) does for the system's.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Sequence
from functools import cmp_to_key
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from wasinet.oscalls.os import Found
from wasinet.wit.data import Data

__all__ = ["Source", "order", "source_of"]

# RFC 6724, section 2.1: prefix, precedence, label. The longest prefix that matches counts.
_POLICY = sorted(
    (
        (IPv6Network("::1/128"), 50, 0),
        (IPv6Network("::/0"), 40, 1),
        (IPv6Network("::ffff:0:0/96"), 35, 4),
        (IPv6Network("2002::/16"), 30, 2),
        (IPv6Network("2001::/32"), 5, 5),
        (IPv6Network("fc00::/7"), 3, 13),
        (IPv6Network("::/96"), 1, 3),
        (IPv6Network("fec0::/10"), 1, 11),
        (IPv6Network("3ffe::/16"), 1, 12),
    ),
    key=lambda row: -row[0].prefixlen,
)

_LINK_LOCAL = 2
_SITE_LOCAL = 5
_GLOBAL = 14

# Flags of an interface's address in /proc/net/if_inet6 (linux/if_addr.h).
_HOME = 0x10
_DEPRECATED = 0x20


class Source(Data):
    """The local address that would be used for a destination.

    Args:
        address: itself.
        deprecated: its preferred lifetime is over (RFC 4862).
        home: a home address of Mobile IPv6.
        prefix: the length of its subnet's prefix; 64 where that is not known.
    """

    address: IPv4Address | IPv6Address
    deprecated: bool = False
    home: bool = False
    prefix: int = 64


class _Destination:
    """A destination with all that the rules compare."""

    def __init__(self, found: Found, source: Source | None) -> None:
        self.found = found
        self.address = ip_address(found[1])
        self.source = source
        self.scope = _scope(self.address)
        self.precedence, self.label = _policy(self.address)
        self.matches_scope = source is not None and _scope(source.address) == self.scope
        self.matches_label = source is not None and _policy(source.address)[1] == self.label
        self.deprecated = source is not None and source.deprecated
        self.home = source is not None and source.home
        self.common = _common_prefix(self.address, source)


# The rules of section 6 in their order: what makes the one with the smaller value preferred. Rule 7
# (native transport before encapsulated) is left out, since no portable call tells how a packet will
# travel; rule 10 (as they came) is the sort's stability.
_RULES: tuple[Callable[[_Destination], int], ...] = (
    lambda d: d.source is None,
    lambda d: not d.matches_scope,
    lambda d: d.deprecated,
    lambda d: not d.home,
    lambda d: not d.matches_label,
    lambda d: -d.precedence,
    lambda d: d.scope,
)


def order(found: Sequence[Found], source: Callable[[Found], Source | None] | None = None) -> list[Found]:
    """Sort addresses by preference, those that cannot be reached last; equals stay as they were.

    Args:
        found: the addresses.
        source: gives the local address for a destination, None where there is no route to it;
            otherwise ``source_of``.
    """
    source = source or source_of
    destinations = [_Destination(one, source(one)) for one in found]
    return [destination.found for destination in sorted(destinations, key=cmp_to_key(_compare))]


def source_of(found: Found) -> Source | None:
    """The local address that the system would use for a destination, without sending anything."""
    family, text = found
    try:
        with socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            # For datagrams connect only chooses a route and a source.
            sock.connect((text, 53))
            local = str(sock.getsockname()[0]).partition("%")[0]
    except OSError:
        return None
    if family == 4:
        return Source(IPv4Address(local))
    address = IPv6Address(local)
    prefix, flags = _interface_addresses().get(address, (64, 0))
    return Source(address, bool(flags & _DEPRECATED), bool(flags & _HOME), prefix)


def _interface_addresses() -> dict[IPv6Address, tuple[int, int]]:
    """Prefix length and flags of this machine's IPv6 addresses, where the platform tells."""
    if sys.platform != "linux":
        return {}
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            rows = [line.split() for line in file]
        return {IPv6Address(bytes.fromhex(row[0])): (int(row[2], 16), int(row[4], 16)) for row in rows}
    except (OSError, ValueError, IndexError):
        return {}


def _compare(one: _Destination, other: _Destination) -> int:
    for rule in _RULES:
        difference = rule(one) - rule(other)
        if difference:
            return difference
    # Rule 9 compares within a family only. For IPv4 it is left out, as section 6 allows: it would put
    # one server of a round robin before all others for everybody in the same part of the address space.
    if one.address.version == other.address.version == 6:
        return other.common - one.common
    return 0


def _scope(address: IPv4Address | IPv6Address) -> int:
    """RFC 6724, sections 3.1 and 3.2."""
    if isinstance(address, IPv4Address):
        return _LINK_LOCAL if address.is_loopback or address.is_link_local else _GLOBAL
    if address.is_multicast:
        return address.packed[1] & 0xF
    if address.is_link_local or address.is_loopback:
        return _LINK_LOCAL
    return _SITE_LOCAL if address.is_site_local else _GLOBAL


def _policy(address: IPv4Address | IPv6Address) -> tuple[int, int]:
    """Precedence and label."""
    if isinstance(address, IPv4Address):
        address = IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
    return next((precedence, label) for network, precedence, label in _POLICY if address in network)


def _common_prefix(address: IPv4Address | IPv6Address, source: Source | None) -> int:
    """How many leading bits destination and source share, within the source's subnet prefix (section 2.2)."""
    if source is None or address.version != source.address.version:
        return 0
    same = address.max_prefixlen - (int(address) ^ int(source.address)).bit_length()
    return min(same, source.prefix)
