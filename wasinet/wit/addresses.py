"""Socket addresses as text, the short form for people: ``127.0.0.1:80``, ``[fe80::1%2]:80``."""

from __future__ import annotations

from functools import lru_cache

from wasinet.wit.values import Case

__all__ = ["ipv6_text", "show_address", "show_ip", "socket_address"]


@lru_cache(maxsize=1024)
def ipv6_text(words: tuple[int, ...]) -> str:
    """Eight words as RFC 5952 writes them: lower case, the longest run of zeroes (the first of equals) as ``::``."""
    if not any(words[:5]) and words[5] == 0xFFFF:
        return f"::ffff:{words[6] >> 8}.{words[6] & 255}.{words[7] >> 8}.{words[7] & 255}"
    start = length = run = 0
    for index, word in enumerate((*words, 1)):
        if word == 0 and index < 8:
            run += 1
            continue
        if run > length and run > 1:
            start, length = index - run, run
        run = 0
    parts = [f"{word:x}" for word in words]
    if not length:
        return ":".join(parts)
    return ":".join(parts[:start]) + "::" + ":".join(parts[start + length :])


def show_ip(address: Case) -> str:
    """An ``ip-address``: ``10.0.0.1`` or ``::1``."""
    if address.name == "ipv4":
        return ".".join(map(str, address.payload))
    return ipv6_text(address.payload)


def show_address(address: Case) -> str:
    """An ``ip-socket-address``, with the scope where there is one; flow information is not shown."""
    value = address.payload
    if address.name == "ipv4":
        return f"{'.'.join(map(str, value['address']))}:{value['port']}"
    scope = f"%{value['scope-id']}" if value["scope-id"] else ""
    return f"[{ipv6_text(value['address'])}{scope}]:{value['port']}"


def socket_address(ip: Case, port: int, scope: int = 0) -> Case:
    """The ``ip-socket-address`` of an ``ip-address`` and a port."""
    if ip.name == "ipv4":
        return Case("ipv4", {"port": port, "address": ip.payload})
    return Case("ipv6", {"port": port, "flow-info": 0, "address": ip.payload, "scope-id": scope})
