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
"""How many addresses are remembered with a name that they came from; the oldest go first."""

_NO_NAMES: Collection[str] = ()
_NONE: dict[str, None] = {}


class Answers:
    """What a run was told about names.

    A name that a rule speaks of is pinned: its first answer holds for the run, and later lookups are
    answered with it. So a name that changes its address lets nothing else in (DNS rebinding), and a
    guest that looks it up again is not given addresses that it may not use.
    """

    __slots__ = ("_given", "_names", "_origins", "_pinned")

    def __init__(self) -> None:
        self._pinned: dict[str, list[Case]] = {}
        self._names: dict[Wire, set[str]] = {}
        # Addresses with a name that they came from, and by address its names: the latest last.
        self._given: dict[tuple[Wire, str], None] = {}
        self._origins: dict[Wire, dict[str, None]] = {}

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
            self._remember(wire_of(address), name)
        return answer

    def _remember(self, wire: Wire, name: str) -> None:
        self._given.pop((wire, name), None)
        self._given[wire, name] = None
        names = self._origins.setdefault(wire, {})
        names.pop(name, None)
        names[name] = None
        if len(self._given) > _MOST_REMEMBERED:
            wire, name = next(iter(self._given))
            del self._given[wire, name]
            del self._origins[wire][name]
            if not self._origins[wire]:
                del self._origins[wire]

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
        return next(reversed(self._origins.get(wire, _NONE)), "")

    def names_of(self, wire: Wire) -> Collection[str]:
        """All names whose lookups gave this address."""
        return self._origins.get(wire, _NONE)


NO_ANSWERS = Answers()
"""Of a network through which nothing was looked up. Nobody adds to it."""
