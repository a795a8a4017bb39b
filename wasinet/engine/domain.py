"""What a network handle gives access to: a policy, and what the lookups through it gave."""

from __future__ import annotations

from collections.abc import Sequence

from wasinet.engine import addresses
from wasinet.engine.answers import Answers
from wasinet.engine.faults import Fail
from wasinet.engine.policy import Policy, Target, Verdict
from wasinet.wit.values import Case

__all__ = ["Domain"]


class Domain:
    """What a network handle gives access to; handles with the same domain are the same network.

    Args:
        name: for people.
        policy: decides.

    Attributes:
        answers: what lookups through this network gave.
    """

    __slots__ = ("answers", "name", "policy")

    def __init__(self, name: str, policy: Policy) -> None:
        self.name = name
        self.policy = policy
        self.answers = Answers()

    def decide(self, use: str, target: Target) -> Verdict:
        """Whether a use is allowed here."""
        return self.policy.decide(use, target, self.answers)

    def denied(self, use: str, target: Target) -> Fail:
        """The failure of a use that the policy forbids, naming the rule that would allow it; who listens is told."""
        self.policy.tell(use, target, self.answers)
        name = self.answers.name_of(addresses.known(target).wire) if isinstance(target, Case) else ""
        origin = f" (an address of {name})" if name else ""
        hint = self.policy.hint(use, target, self.answers)
        return Fail("access-denied", f"the policy does not allow it{origin}; {hint} would")

    def keep(self, name: str, found: Sequence[Case]) -> Sequence[Case]:
        """Take note of what a lookup of a canonical name gave; gives what counts (``Answers.keep``). Raises Fail."""
        if self.policy.open or not found:
            return found
        return self.answers.keep(name, found, pin=self.policy.pins(name))
