"""The interfaces of this machine, as the zones of IPv6 addresses (RFC 4007, section 11)."""

from __future__ import annotations

import socket

__all__ = ["missing_zone", "zone_number"]

_MOST = (1 << 32) - 1


def zone_number(zone: str) -> int:
    """The number of a zone, which is written as the name or the number of an interface.

    A number is taken as it is: whether an interface has it is for the operating system to say.

    Raises:
        ValueError: no interface has this name. The message names those that there are.
    """
    if zone.isascii() and zone.isdigit() and len(zone) <= 10 and int(zone) <= _MOST:
        return int(zone)
    try:
        return socket.if_nametoindex(zone)
    except (OSError, ValueError):
        raise ValueError(f"there is no interface {zone!r}; the interfaces are {_offer()}") from None


def missing_zone(address: str) -> str:
    """What to say about a link-local address without a zone."""
    names = _names()
    example = next((name for name in names if not name.startswith("lo")), names[0] if names else "eth0")
    return (
        f"{address} is a link-local address and needs a zone, as in {address}%{example}; the interfaces are {_offer()}"
    )


def _names() -> list[str]:
    try:
        return [name for _, name in socket.if_nameindex()]
    except OSError:
        return []


def _offer() -> str:
    return ", ".join(_names()) or "none"
