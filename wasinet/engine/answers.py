"""The answers that lookups through one network gave: which name an address came from, and what is pinned."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wasinet.engine.addresses import Wire, wire_of
from wasinet.engine.faults import Fail
from wasinet.wit.values import Case

__all__ = ["NO_ANSWERS", "Answers"]

_MOST_PINNED = 4096
"""How many names are pinned at the most: a rule for ``*.example.com`` speaks of any number."""

_MOST_REMEMBERED = 4096
"""How many addresses are remembered with the name that they came from; the oldest go first."""

_NO_NAMES: Collection[str] = ()


class Answers:
    """What a run was told about names.

    A name that a rule speaks of is pinned: its first answer holds for the run, and later lookups are
    answered with it. So a name that changes its address lets nothing else in (DNS rebinding), and a
    guest that looks it up again is not given addresses that it may not use.
    """

    __slots__ = ("_latest", "_names", "_pinned")

    def __init__(self) -> None:
        self._pinned: dict[str, list[Case]] = {}
        self._names: dict[Wire, set[str]] = {}
        self._latest: dict[Wire, str] = {}

    def pinned(self, name: str) -> list[Case] | None:
        """The answer that holds for a canonical name; None while it has none."""
        return self._pinned.get(name)

    def keep(self, name: str, found: Sequence[Case], *, pin: bool) -> list[Case]:
        """Take note of an answer.

        Args:
            name: the canonical name that was looked up.
            found: its addresses (``ip-address``).
            pin: whether a rule speaks of the name.

        Returns:
            The answer that counts: of a pinned name the first one.

        Raises:
            Fail: temporary-resolver-failure where no more names can be pinned.
        """
        answer = self._pinned.get(name) if pin else None
        if answer is None:
            answer = list(found)
            if pin:
                self._pin(name, answer)
        for address in answer:
            wire = wire_of(address)
            self._latest.pop(wire, None)
            self._latest[wire] = name
        while len(self._latest) > _MOST_REMEMBERED:
            del self._latest[next(iter(self._latest))]
        return answer

    def _pin(self, name: str, answer: list[Case]) -> None:
        if len(self._pinned) >= _MOST_PINNED:
            raise Fail("temporary-resolver-failure", f"{name}: no more than {_MOST_PINNED} names are pinned for rules")
        self._pinned[name] = answer
        for address in answer:
            self._names.setdefault(wire_of(address), set()).add(name)

    def names(self, wire: Wire) -> Collection[str]:
        """The pinned names that have this address."""
        return self._names.get(wire, _NO_NAMES)

    def name_of(self, wire: Wire) -> str:
        """The name whose lookup gave this address last; empty where none did."""
        return self._latest.get(wire, "")


NO_ANSWERS = Answers()
"""Of a network through which nothing was looked up. Nobody adds to it."""
