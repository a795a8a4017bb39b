"""``resolve``: the addresses of names, all looked up at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wasinet.programs.events import CallFailed, Event, SomeFailed
from wasinet.programs.lookup import Lookup
from wasinet.programs.net import Net
from wasinet.wit.addresses import show_ip

__all__ = ["AT_ONCE", "resolve"]

AT_ONCE = 64
"""How many lookups are under way at the most: each costs the host a thread, and a server its patience."""


def resolve(net: Net, names: Sequence[str], family: int | None = None, at_once: int = AT_ONCE) -> Iterator[Event]:
    """Look up names concurrently, and tell the answers in the order of the names.

    Args:
        net: the calls.
        names: which; the same one may come twice.
        family: 4 or 6 for only such addresses.
        at_once: how many lookups are under way at the most.

    Yields:
        ``resolved`` (``name``, ``addresses`` in order of preference, ``seconds``) or ``unresolved``
        (``name``, ``function``, ``code``, ``reason``) for each name.

    Raises:
        SomeFailed: at the end, when any name has no address.
    """
    answers: dict[int, Event] = {}
    under_way: dict[int, tuple[Lookup, float]] = {}
    told = begun = 0
    failed = False
    while told < len(names):
        while begun < len(names) and len(under_way) < at_once:
            start = net.now()
            try:
                under_way[begun] = (Lookup(net, names[begun]), start)
            except CallFailed as error:
                answers[begun] = _unresolved(names[begun], error)
            begun += 1
        for index, (lookup, start) in list(under_way.items()):
            try:
                if not lookup.advance():
                    continue
                addresses = [show_ip(address) for address in lookup.of_family(family)]
                seconds = round(net.now() - start, 6)
                answers[index] = Event("resolved", name=names[index], addresses=addresses, seconds=seconds)
            except CallFailed as error:
                answers[index] = _unresolved(names[index], error)
            del under_way[index]
            lookup.drop()
        while told in answers:
            event = answers.pop(told)
            failed = failed or event.name == "unresolved"
            told += 1
            yield event
        if under_way and (begun == len(names) or len(under_way) == at_once):
            net.wait([lookup.pollable for lookup, _ in under_way.values()])
    if failed:
        raise SomeFailed


def _unresolved(name: str, error: CallFailed) -> Event:
    return Event("unresolved", name=name, function=error.function, code=error.code, reason=error.reason)
