"""A name being looked up, by whatever the world has for it."""

from __future__ import annotations

from typing import Protocol

from wasinet.programs.events import CallFailed
from wasinet.wit.values import Case

__all__ = ["Lookup", "Names"]


class Names(Protocol):
    """The calls that a lookup needs; ``Net`` has them for each world."""

    @property
    def RESOLVE(self) -> str: ...  # noqa: N802  # a constant of each world's class

    def look_up(self, name: str) -> int | Case: ...

    def next_addresses(self, handle: int, name: str, found: list[Case]) -> bool: ...

    def pollable(self, kind: str, handle: int) -> int: ...

    def timer(self, seconds: float) -> int: ...

    def drop(self, handle: int) -> None: ...


class Lookup:
    """A name being looked up.

    Args:
        net: the calls.
        name: which.

    Attributes:
        handle: the lookup's; None where the name is an address, which the world does not look up.
        pollable: ready when ``advance`` can get further.
        found: the addresses (``ip-address``) so far, in order of preference.

    Raises:
        CallFailed: the name cannot be one.
    """

    def __init__(self, net: Names, name: str) -> None:
        self.net = net
        self.name = name
        self.found: list[Case] = []
        self.handle: int | None = None
        begun = net.look_up(name)
        if isinstance(begun, Case):
            self.found.append(begun)
            self.pollable = net.timer(0)
        else:
            self.handle = begun
            self.pollable = net.pollable("resolve-address-stream", begun)

    def advance(self) -> bool:
        """Take what is there; whether that was all. Raises CallFailed."""
        return self.handle is None or self.net.next_addresses(self.handle, self.name, self.found)

    def of_family(self, family: int | None) -> list[Case]:
        """The addresses of one family, or all; raises CallFailed where there is none."""
        wanted = [address for address in self.found if family is None or address.name == f"ipv{family}"]
        if not wanted:
            reason = f"{self.name} has no {'' if family is None else f'IPv{family} '}address"
            raise CallFailed(self.net.RESOLVE, self.name, "name-unresolvable", reason)
        return wanted

    def drop(self) -> None:
        """Dispose of it, answered or not."""
        self.net.drop(self.pollable)
        if self.handle is not None:
            self.net.drop(self.handle)
