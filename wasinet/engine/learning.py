"""A policy that allows everything and remembers what was used: the smallest rules that a run needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wasinet.engine.policy import ALLOW, ALLOW_ALL, USES, Policy, Verdict, target_text
from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = ["Learned", "Learner"]

_ANY = "*"
# Whose targets are peers: the port is one that the peer's system chose, unless it was addressed before.
_PEERS = frozenset({"tcp-accept", "udp-receive"})
_BINDS = frozenset({"tcp-bind", "udp-bind"})


class Learned(Data):
    """A rule that was needed, and how often."""

    rule: str
    count: int


class Learner(Policy):
    """See the module. Ports that a system chose are learnt as ``*``, since another run will have others.

    Args:
        own: gives the local addresses of the session's live sockets, as text.
    """

    __slots__ = ("_addressed", "_chosen", "_counts", "_own", "_peers")

    def __init__(self, own: Callable[[], Iterable[str]]) -> None:
        super().__init__(ALLOW_ALL.allow)
        # Every use is to be seen.
        self.open = False
        self._own = own
        self._counts: dict[tuple[str, str, str], int] = {}
        # Ports that the run itself named: bound to, or sent and connected to.
        self._chosen: set[str] = set()
        self._addressed: set[str] = set()
        self._peers: set[str] = set()

    def decide(self, use: str, target: Case | str) -> Verdict:
        """Everything is allowed, and remembered."""
        text = target_text(target)
        if isinstance(target, str):
            key = (use, text, "")
        else:
            block, _, port = text.rpartition(":")
            key = (use, block, self._port(use, text, port))
        self._counts[key] = self._counts.get(key, 0) + 1
        return ALLOW

    def _port(self, use: str, text: str, port: str) -> str:
        if use in _BINDS:
            if port != "0":
                self._chosen.add(port)
            return port
        if use == "tcp-listen":
            return port if port == "0" or port in self._chosen else _ANY
        if use in _PEERS:
            self._peers.add(text)
            return port if text in self._addressed else _ANY
        if text in self._peers or (port not in self._chosen and port in self._own_ports()):
            return _ANY
        self._addressed.add(text)
        return port

    def _own_ports(self) -> set[str]:
        return {address.rpartition(":")[2] for address in self._own()}

    def learned(self) -> list[Learned]:
        """The rules, by use; none allows what another one does."""
        found: dict[str, int] = {}
        for (use, block, port), count in self._counts.items():
            if port and port != _ANY and (use, block, _ANY) in self._counts:
                port = _ANY
            rule = f"{use}:{block}:{port}" if port else f"{use}:{block}"
            found[rule] = found.get(rule, 0) + count
        order = {use: index for index, use in enumerate(USES)}
        return [
            Learned(rule, found[rule]) for rule in sorted(found, key=lambda rule: (order[rule.partition(":")[0]], rule))
        ]
