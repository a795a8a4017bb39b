"""Socket options by WIT property name, with the quirks of each platform as data."""

from __future__ import annotations

import socket
import sys
from typing import NamedTuple

__all__ = ["INHERITED", "OPTIONS", "Option", "option"]


class Option(NamedTuple):
    """One option: its level and number, and how its numbers differ from WIT's.

    Args:
        unit: WIT units in one unit of the option; keep-alive times are nanoseconds in WIT and seconds here.
        most: the largest value that the kernel takes; larger ones are clamped to it.
        doubled: the kernel reports twice what was set (Linux, socket(7), SO_RCVBUF).
    """

    level: int
    number: int
    unit: int = 1
    most: int = 0x7FFFFFFF
    doubled: bool = False


_LINUX = sys.platform == "linux"
_SECOND = 1_000_000_000
# Linux takes at most these (tcp(7): MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT).
_KEEP_SECONDS = 32_767
_KEEP_COUNT = 127

_IDLE = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", 0x10))

OPTIONS: dict[str, Option] = {
    "keep-alive-enabled": Option(socket.SOL_SOCKET, socket.SO_KEEPALIVE, most=1),
    "keep-alive-idle-time": Option(socket.IPPROTO_TCP, _IDLE, _SECOND, _KEEP_SECONDS),
    "keep-alive-interval": Option(socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPINTVL", 0x101), _SECOND, _KEEP_SECONDS),
    "keep-alive-count": Option(socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPCNT", 0x102), most=_KEEP_COUNT),
    "hop-limit/4": Option(socket.IPPROTO_IP, socket.IP_TTL, most=255),
    "hop-limit/6": Option(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, most=255),
    # Half of the largest int: Linux doubles the value it is given.
    "receive-buffer-size": Option(socket.SOL_SOCKET, socket.SO_RCVBUF, most=0x3FFFFFFF, doubled=_LINUX),
    "send-buffer-size": Option(socket.SOL_SOCKET, socket.SO_SNDBUF, most=0x3FFFFFFF, doubled=_LINUX),
    "ipv6-only": Option(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, most=1),
    "no-delay": Option(socket.IPPROTO_TCP, socket.TCP_NODELAY, most=1),
}

INHERITED: tuple[str, ...] = (
    ()
    if _LINUX
    else ("keep-alive-enabled", "keep-alive-idle-time", "keep-alive-interval", "keep-alive-count", "hop-limit")
)
"""What ``accept`` must set again because the kernel does not pass it on (macOS and the BSDs keep
only some; which ones varies, so all that are not buffers are set)."""


def option(name: str, family: int) -> Option:
    """The option behind a WIT property for a socket of this family (4 or 6)."""
    return OPTIONS.get(name) or OPTIONS[f"{name}/{family}"]
