"""A policy that allows everything and remembers what was used: the smallest rules that a run needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wasinet.engine import addresses
from wasinet.engine.answers import NO_ANSWERS, Answers
from wasinet.engine.names import is_local
from wasinet.engine.policy import (
    ALLOW,
    ALLOW_ALL,
    CREATES,
    LOOKUP,
    USES,
    Policy,
    Target,
    Verdict,
    target_text,
)
from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = ["Learned", "Learner"]

_ANY = "*"
# Whose targets are peers: the port is one that the peer's system chose, unless it was addressed before.
_PEERS = frozenset({"tcp-accept", "udp-receive"})
_BINDS = frozenset({"tcp-bind", "udp-bind"})
_ORDER = {use: index for index, use in enumerate(USES)}

# A rule: use, address or name (empty where the use concerns none), port (empty for names).
_Key = tuple[str, str, str]


class Learned(Data):
    """A rule that was needed, and how often."""

    rule: str
    count: int


class Learner(Policy):
    """See the module. Ports that a system chose are learnt as ``*``, since another run will have others.

    An address that lookups of the run gave is learnt by its names, since another run may be given another one;
    local names always have the same.

    Args:
        own: gives the local addresses of the session's live sockets, as text.
    """

    __slots__ = ("_addressed", "_chosen", "_counts", "_own", "_peers")

    def __init__(self, own: Callable[[], Iterable[str]]) -> None:
        super().__init__(ALLOW_ALL.allow)
        # Every use is to be seen.
        self.open = False
        self._own = own
        self._counts: dict[_Key, int] = {}
        # Ports that the run itself named: bound to, or sent and connected to.
        self._chosen: set[str] = set()
        self._addressed: set[str] = set()
        self._peers: set[str] = set()

    def decide(self, use: str, target: Target, answers: Answers = NO_ANSWERS) -> Verdict:
        """Everything is allowed, and remembered."""
        text = target_text(target)
        if isinstance(target, Case):
            port = self._port(use, text, text.rpartition(":")[2])
            # The names may have different addresses next time, and nobody knows which of them is meant.
            # A local name always has the addresses of the loopback, so these say the same.
            names = [name for name in answers.names_of(addresses.known(target).wire) if not is_local(name)]
            hosts = names or [text.rpartition(":")[0]]
            keys = [(use, host, port) for host in hosts]
        else:
            keys = [(use, text, "")]
        for key in keys:
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
        found: dict[_Key, int] = {}
        for key, count in self._counts.items():
            stronger = self._stronger(key)
            found[stronger] = found.get(stronger, 0) + count
        uses = {use for use, _, _ in found}
        hosts = {block for use, block, _ in found if use != LOOKUP}

        def implied(key: _Key) -> bool:
            use, block, _ = key
            if use in CREATES:
                return any(other[:4] == use[:4] for other in uses - {use})
            return use == LOOKUP and block in hosts

        return [
            Learned(":".join(filter(None, key)), found[key])
            for key in sorted(found, key=lambda key: (_ORDER[key[0]], key))
            if not implied(key)
        ]

    def _stronger(self, key: _Key) -> _Key:
        """The rule that allows the same at every port, where one was learnt."""
        use, name, port = key
        every = (use, name, _ANY)
        return every if port and every in self._counts else key
