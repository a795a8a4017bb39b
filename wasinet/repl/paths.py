"""The states of all handles, and the calls that brought them there."""

from __future__ import annotations

from collections.abc import Sequence

from wasinet.hosts import HandleInfo, Host
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
    """Watches a host's handles: what changed since it last looked, and the way of each.

    Attributes:
        live: type and state by handle.
        moves: per handle the states that it was in, each with the call that led there.
    """

    def __init__(self, machines: Sequence[str] = ()) -> None:
        self._machines = frozenset(machines)
        self.live: dict[int, tuple[str, str]] = {}
        self.moves: dict[int, list[tuple[str, str]]] = {}

    def look(self, host: Host, call: str) -> list[Change]:
        """What changed, put down to this call."""
        changes: list[Change] = []
        live: dict[int, tuple[str, str]] = {}
        for info in host.handles():
            state = self._state(info)
            live[info.handle] = (info.type, state)
            old = self.live.get(info.handle)
            if old is not None and old[1] == state:
                continue
            changes.append(Change(info.handle, info.type, old[1] if old else "", state))
            if state:
                moves = self.moves.setdefault(info.handle, [])
                moves.append((call, state))
                del moves[:-_LONGEST]
        for handle, (kind, state) in self.live.items():
            if handle not in live:
                changes.append(Change(handle, kind, state, "", True))
                self.moves.pop(handle, None)
        self.live = live
        return changes

    def _state(self, info: HandleInfo) -> str:
        # The readiness of a pollable comes and goes; that is no path.
        return info.state if info.type in self._machines else ""
