"""WIT socket addresses to and from the operating system's, and what may be said about them."""

from __future__ import annotations

import struct

from wasinet.oscalls.os import Os, Sockaddr
from wasinet.wit.values import Case

__all__ = [
    "family_of",
    "from_os",
    "ip_value",
    "is_mapped",
    "is_unicast",
    "is_unspecified",
    "show",
    "to_os",
]

_FAMILY = {"ipv4": 4, "ipv6": 6}
_KEEP = 4096
_from_cache: dict[Sockaddr, Case] = {}
_to_cache: dict[tuple[object, ...], Sockaddr] = {}


def family_of(address: Case) -> int:
    """4 or 6 for an ``ip-socket-address`` or ``ip-address``."""
    return _FAMILY[address.name]


def to_os(address: Case) -> Sockaddr:
    """An ``ip-socket-address`` as the socket module takes it."""
    value = address.payload
    if address.name == "ipv4":
        key: tuple[object, ...] = (value["port"], value["address"])
    else:
        key = (value["port"], value["address"], value["flow-info"], value["scope-id"])
    found = _to_cache.get(key)
    if found is None:
        if len(_to_cache) >= _KEEP:
            _to_cache.clear()
        if address.name == "ipv4":
            found = ("%d.%d.%d.%d" % value["address"], value["port"])
        else:
            text = Os.text6(struct.pack("!8H", *value["address"]))
            found = (text, value["port"], value["flow-info"], value["scope-id"])
        _to_cache[key] = found
    return found


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


def show(address: Case) -> str:
    """``127.0.0.1:80`` or ``[::1]:80``, with the scope where there is one."""
    sockaddr = to_os(address)
    if address.name == "ipv4":
        return f"{sockaddr[0]}:{sockaddr[1]}"
    scope = f"%{sockaddr[3]}" if sockaddr[3] else ""
    return f"[{sockaddr[0]}{scope}]:{sockaddr[1]}"


def is_unspecified(address: Case) -> bool:
    """``0.0.0.0`` or ``::``."""
    return not any(address.payload["address"])


def is_mapped(address: Case) -> bool:
    """An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2)."""
    if address.name == "ipv4":
        return False
    words = address.payload["address"]
    return words[5] == 0xFFFF and not any(words[:5])


def is_unicast(address: Case) -> bool:
    """Neither multicast (RFC 5771, RFC 4291 section 2.7) nor the limited broadcast (RFC 919)."""
    words = address.payload["address"]
    if address.name == "ipv4":
        return not 224 <= words[0] <= 239 and words != (255, 255, 255, 255)
    return words[0] >> 8 != 0xFF
