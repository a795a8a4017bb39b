"""WIT socket addresses to and from the operating system's, and what may be said about them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from wasinet.oscalls.os import Os, Sockaddr
from wasinet.wit.values import Case

__all__ = ["FAMILY", "Known", "Wire", "from_os", "ip_value", "is_mapped", "known", "to_os", "unmapped", "wire_of"]

Wire = tuple[int, int]
"""An address as it is on the wire: family and bits. An IPv4-mapped one is the IPv4 address behind it."""

FAMILY = {"ipv4": 4, "ipv6": 6}
"""The number of each family, by its name."""
_KEEP = 4096
_MOST_FLOW = 0xFFFFF
_from_cache: dict[Sockaddr, Case] = {}
_known: dict[tuple[object, ...], Known] = {}


class Known:
    """What there is to know about an ``ip-socket-address``, worked out once.

    Args:
        family: 4 or 6.
        sockaddr: as the socket module takes it.
        port: 0 to 65535.
        mapped: an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2).
        wire: the address as it is on the wire, in the form in which addresses are compared.
        unspecified: ``0.0.0.0`` or ``::``.
        unicast: neither multicast (RFC 5771, RFC 4291 section 2.7) nor the limited broadcast (RFC 919).
        zoneless: link-local without a zone, so that nobody can say on which interface it is (RFC 4007).
        flaw: why no operating system takes it; empty where it may.

    What an address is, it is behind an IPv4 mapping, too.
    """

    __slots__ = ("family", "flaw", "mapped", "port", "sockaddr", "unicast", "unspecified", "wire", "zoneless")

    def __init__(self, address: Case) -> None:
        value = address.payload
        words = value["address"]
        self.family = FAMILY[address.name]
        self.port: int = value["port"]
        self.zoneless = False
        self.flaw = ""
        self.sockaddr: Sockaddr
        if self.family == 4:
            self.sockaddr = (".".join(map(str, words)), self.port)
            self.mapped = False
        else:
            text = Os.text6(struct.pack("!8H", *words))
            self.sockaddr = (text, self.port, value["flow-info"], value["scope-id"])
            self.mapped = is_mapped(words)
            self.zoneless = words[0] & 0xFFC0 == 0xFE80 and not value["scope-id"]
            if value["flow-info"] > _MOST_FLOW:
                self.flaw = f"flow-info {value['flow-info']} is more than the 20 bits of a flow label (RFC 8200)"
        self.wire = wire_of(Case(address.name, words))
        family, bits = self.wire
        self.unspecified = not bits
        self.unicast = (bits >> 28 != 0xE and bits != 0xFFFFFFFF) if family == 4 else bits >> 120 != 0xFF


def known(address: Case) -> Known:
    """What there is to know about an ``ip-socket-address``."""
    value = address.payload
    if address.name == "ipv4":
        key: tuple[object, ...] = (value["port"], value["address"])
    else:
        key = (value["port"], value["address"], value["flow-info"], value["scope-id"])
    found = _known.get(key)
    if found is None:
        if len(_known) >= _KEEP:
            _known.clear()
        found = _known[key] = Known(address)
    return found


def to_os(address: Case) -> Sockaddr:
    """An ``ip-socket-address`` as the socket module takes it."""
    return known(address).sockaddr


def is_mapped(words: Sequence[int]) -> bool:
    """Whether the eight words of an IPv6 address are an IPv4-mapped one."""
    return words[5] == 0xFFFF and not any(words[:5])


def wire_of(ip: Case) -> Wire:
    """An ``ip-address`` in the form in which addresses are compared."""
    if ip.name == "ipv4":
        return 4, int.from_bytes(bytes(ip.payload), "big")
    words = ip.payload
    if is_mapped(words):
        return 4, words[6] << 16 | words[7]
    return 6, int.from_bytes(struct.pack("!8H", *words), "big")


def unmapped(address: Case) -> Case:
    """The IPv4 ``ip-socket-address`` behind an IPv4-mapped one; any other as it is."""
    if not known(address).mapped:
        return address
    high, low = address.payload["address"][6:]
    return Case("ipv4", {"port": address.payload["port"], "address": (high >> 8, high & 255, low >> 8, low & 255)})


def ip_value(family: int, text: str) -> Case:
    """An ``ip-address`` from its text without scope."""
    if family == 4:
        return Case("ipv4", tuple(Os.pack4(text)))
    return Case("ipv6", struct.unpack("!8H", Os.pack6(text)))


def from_os(address: Sockaddr) -> Case:
    """An ``ip-socket-address`` from what the socket module gives."""
    found = _from_cache.get(address)
    if found is None:
        if len(_from_cache) >= _KEEP:
            _from_cache.clear()
        if len(address) == 2:
            found = Case("ipv4", {"port": address[1], "address": tuple(Os.pack4(address[0]))})
        else:
            host, port, flow, scope = address
            words = struct.unpack("!8H", Os.pack6(host.partition("%")[0]))
            found = Case("ipv6", {"port": port, "flow-info": flow, "address": words, "scope-id": scope})
        _from_cache[address] = found
    return found
