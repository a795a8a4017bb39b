"""What a network handle allows: rules that allow and rules that deny; deny wins."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable

from wasinet.engine import addresses
from wasinet.engine.answers import NO_ANSWERS, Answers
from wasinet.engine.faults import Fail
from wasinet.engine.names import canonical, is_local
from wasinet.engine.rules import CREATES, LOOKUP, USES, PolicyError, Rule, Target, name_matches
from wasinet.wit.addresses import show_address
from wasinet.wit.values import Case

__all__ = [
    "ALLOW",
    "ALLOW_ALL",
    "ASK",
    "CREATES",
    "DENY",
    "GUEST",
    "LOOKUP",
    "USES",
    "Policy",
    "PolicyError",
    "Rule",
    "Target",
    "Told",
    "Verdict",
    "rule_for",
    "target_text",
]


class Verdict(enum.Enum):
    ALLOW = "allow"
    DENY = "deny"
    ASK = "ask"


ALLOW, DENY, ASK = Verdict.ALLOW, Verdict.DENY, Verdict.ASK


Asker = Callable[[str, Case | str, str, Callable[[Fail | None], None]], Callable[[], None] | None]

Told = Callable[[str, str, str], None]
"""Is told of a denial: the use, the target as text, and what would allow it."""


class Policy:
    """Rules that allow and rules that deny.

    What lookups gave belongs to the network that they went through (``Answers``), not to the policy,
    which other sessions may share.

    Args:
        allow: what is allowed.
        deny: what is not, whatever ``allow`` says.
        asker: decides what no rule speaks of: called with use, target,
            the smallest rule that would allow it, and a function that takes None for yes or a Fail; may call it
            later, and gives what withdraws the question where nobody waits for the answer any more. Without it
            such uses are denied. Nobody is asked about the creation of sockets: the question comes with the
            address.
        told: is told of every use that the rules deny.
    """

    __slots__ = ("_asker", "_hosts", "_told", "allow", "deny", "open")

    def __init__(
        self,
        allow: Iterable[Rule] = (),
        deny: Iterable[Rule] = (),
        asker: Asker | None = None,
        told: Told | None = None,
    ) -> None:
        self.allow = tuple(allow)
        self.deny = tuple(deny)
        self._asker = asker
        self._told = told
        self._hosts = tuple({rule.host for rule in (*self.allow, *self.deny) if rule.host is not None})
        # Lets per-datagram checks be skipped altogether for an operator's own commands.
        self.open = not self.deny and any(rule.use == "*" for rule in self.allow)

    @classmethod
    def parse(cls, allow: Iterable[str], deny: Iterable[str] = ()) -> Policy:
        """A policy from rules as text. Raises PolicyError."""
        return cls(map(Rule.parse, allow), map(Rule.parse, deny))

    def decide(self, use: str, target: Target, answers: Answers = NO_ANSWERS) -> Verdict:
        """Whether a use of an address (``ip-socket-address``) or a name is allowed.

        Raises:
            Fail: the name is none.
        """
        if self.open:
            return ALLOW
        if self._denies(use, target, answers) is not None:
            return DENY
        if any(rule.matches(use, target, answers) or rule.implies(use, target) for rule in self.allow):
            return ALLOW
        if self._asker is None:
            return DENY
        return ALLOW if target is None else ASK

    def _denies(self, use: str, target: Target, answers: Answers) -> Rule | None:
        """The rule that forbids a use, if one does."""
        return next((rule for rule in self.deny if rule.matches(use, target, answers)), None)

    def pins(self, name: str) -> bool:
        """Whether the answers for a canonical name are pinned: a rule about addresses speaks of it."""
        return not is_local(name) and any(name_matches(host, name) for host in self._hosts)

    def ask(
        self, use: str, target: Case | str, done: Callable[[Fail | None], None], answers: Answers = NO_ANSWERS
    ) -> Callable[[], None] | None:
        """Hand an undecided use to the asker; gives what withdraws the question, if something does."""
        assert self._asker is not None
        target = canonical(target) if isinstance(target, str) else addresses.unmapped(target)
        return self._asker(use, target, rule_for(use, target, answers), done)

    def hint(self, use: str, target: Target, answers: Answers = NO_ANSWERS) -> str:
        """The smallest rule that would allow a use: ``--allow tcp-connect:10.0.0.1:443``."""
        blocking = self._denies(use, target, answers)
        return f"removing --deny {blocking.text}" if blocking else f"--allow {rule_for(use, target, answers)}"

    def tell(self, use: str, target: Target, answers: Answers = NO_ANSWERS) -> None:
        """A use was denied by the rules: pass it on to who wants to know."""
        if self._told is not None:
            name = answers.name_of(addresses.known(target).wire) if isinstance(target, Case) else ""
            text = f"{target_text(target)} ({name})" if name else target_text(target)
            self._told(use, text, self.hint(use, target, answers))


def rule_for(use: str, target: Target, answers: Answers = NO_ANSWERS) -> str:
    """The smallest rule that speaks of a use: by the name that the address came from, where it came from one."""
    text = target_text(target)
    if isinstance(target, Case):
        name = answers.name_of(addresses.known(target).wire)
        if name:
            text = f"{name}:{target.payload['port']}"
    return f"{use}:{text}" if text else use


def target_text(target: Target) -> str:
    """A target as a rule names it: ``10.0.0.1:443``, ``[2001:db8::1]:443``, ``example.com``; empty for none."""
    if target is None:
        return ""
    # Without the scope, which no rule speaks of, and without an IPv4 mapping.
    return target if isinstance(target, str) else re.sub("%[0-9]+", "", show_address(addresses.unmapped(target)))


ALLOW_ALL = Policy.parse(["all"])
_LOOPBACK = [
    f"{use}:{block}" for use in USES if use not in CREATES and use != LOOKUP for block in ("127.0.0.0/8", "[::1]")
]
GUEST = Policy.parse(
    [
        *_LOOPBACK,
        # Binding the unspecified address with port 0 reveals nothing and reserves nothing that matters.
        *(f"{use}:{block}:0" for use in ("tcp-bind", "udp-bind") for block in ("0.0.0.0", "[::]")),
        "name-lookup:localhost",
        "name-lookup:*.localhost",
    ]
)
"""What guests may do unless told otherwise: loopback only."""
