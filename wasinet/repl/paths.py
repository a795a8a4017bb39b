"""The states of all handles, and the calls that brought them there."""

from __future__ import annotations

from wasinet.hosts import Host
from wasinet.wit.data import Data

__all__ = ["Change", "Paths"]

_LONGEST = 64
"""How many moves of one handle are remembered: a path is for reading."""


class Change(Data):
    """What happened to a handle: ``before`` is empty for a new one, ``gone`` says that it was dropped."""

    handle: int
    type: str
    before: str
    after: str
    gone: bool = False


class Paths:
    """Follows a host's handles: what changed since it last looked, and the way of each.

    Args:
        host: whose handles; it tells which have changed.

    Attributes:
        live: type and state by handle, oldest first.
        moves: per handle the states that it was in, each with the call that led there.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._changed: set[int] = set()
        self.live: dict[int, tuple[str, str]] = {}
        self.moves: dict[int, list[tuple[str, str]]] = {}
        host.follow(self._changed.add)

    def look(self, call: str) -> list[Change]:
        """What changed, put down to this call: what is there, then what is gone, each by age."""
        changes: list[Change] = []
        gone: list[Change] = []
        for handle in sorted(self._changed):
            kind = self._host.kind(handle)
            old = self.live.get(handle)
            if not kind:
                if old is not None:
                    gone.append(Change(handle, old[0], old[1], "", True))
                    del self.live[handle]
                    self.moves.pop(handle, None)
                continue
            # The readiness of a pollable comes and goes; that is no path.
            state = self._host.state(handle) if kind in self._host.world.machines else ""
            if old is not None and old[1] == state:
                continue
            self.live[handle] = (kind, state)
            changes.append(Change(handle, kind, old[1] if old else "", state))
            if state:
                moves = self.moves.setdefault(handle, [])
                moves.append((call, state))
                del moves[:-_LONGEST]
        self._changed.clear()
        return changes + gone
