"""The standard library that a guest of a world has."""

from __future__ import annotations

from wasinet.hosts import Host
from wasinet.programs.net import Net

__all__ = ["WORLDS", "guest"]

WORLDS = ("0.2", "draft")
"""The worlds that there is a library for, and so the ones in which programs run."""


def guest(host: Host) -> Net:
    """The library for the world of a host."""
    if host.world.name == "draft":
        # Not at the top: the other world's programs would start later for it.
        from wasinet.programs.net_draft import NetDraft

        return NetDraft(host)
    return Net(host)
