"""What a network handle allows: rules over uses, addresses, ports and names; deny wins."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable
from typing import Final

from wasinet.engine import addresses
from wasinet.engine.faults import Fail
from wasinet.oscalls import Os
from wasinet.wit.addresses import show_address
from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = [
    "ALLOW",
    "ALLOW_ALL",
    "ASK",
    "DENY",
    "GUEST",
    "USES",
    "Policy",
    "PolicyError",
    "Rule",
    "Verdict",
    "target_text",
]

USES: Final = (
    "tcp-bind",
    "tcp-listen",
    "tcp-accept",
    "tcp-connect",
    "udp-bind",
    "udp-send",
    "udp-receive",
    "name-lookup",
)
"""Every use that is asked about, with the address (or, for the last, the name) that it concerns."""


_PORTS = re.compile(r"[0-9]{1,5}(?:-[0-9]{1,5})?\Z")


class Verdict(enum.Enum):
    ALLOW = "allow"
    DENY = "deny"
    ASK = "ask"


ALLOW, DENY, ASK = Verdict.ALLOW, Verdict.DENY, Verdict.ASK


class PolicyError(ValueError):
    """A rule that cannot be read; the message says what would be right."""


class Rule(Data):
    """One rule: a use (``*`` for every one), a block of addresses or a name pattern, a range of ports.

    ``text`` is the rule as written: ``tcp-connect:10.0.0.0/8:443``, ``udp-bind:*:5353``,
    ``tcp-connect:[2001:db8::/32]:443``, ``name-lookup:*.example.com``, ``all``.
    """

    text: str
    use: str
    name: str | None = None
    family: int | None = None
    bits: int = 0
    length: int = 0
    low: int = 0
    high: int = 65535

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Read a rule. Raises PolicyError."""
        text = text.strip()
        if text == "all":
            return cls(text, "*")
        use, _, rest = text.partition(":")
        if use not in USES:
            raise PolicyError(f"{text!r}: unknown use {use!r}; expected all or one of {', '.join(USES)}")
        if use == "name-lookup":
            name = (rest or "*").lower().rstrip(".")
            if "*" in name.removeprefix("*") or (name.startswith("*") and name != "*" and name[1] != "."):
                raise PolicyError(f"{text!r}: {rest!r} is no name; expected *, example.com or *.example.com")
            return cls(text, use, name=name)
        block, low, high = "*", 0, 65535
        if rest:
            block, separator, port = rest.rpartition(":") if not rest.endswith("]") else (rest, "", "*")
            if not separator and not rest.endswith("]"):
                block, port = rest, "*"
            low, high = _ports(text, port)
        if block == "*":
            return cls(text, use, low=low, high=high)
        family, bits, length = _block(text, block)
        return cls(text, use, family=family, bits=bits, length=length, low=low, high=high)

    def matches(self, use: str, target: Case | str) -> bool:
        """Whether the rule speaks of this use of this address or name."""
        if self.use not in ("*", use):
            return False
        if isinstance(target, str):
            return self.use == "*" or _name_matches(self.name or "*", target)
        known = addresses.known(target)
        if not self.low <= known.port <= self.high:
            return False
        if self.family is None:
            return True
        if known.family != self.family:
            return False
        if known.mapped and self.length < _MAPPED:
            # IPv4 on the wire: a rule for all of IPv6 does not speak of it.
            return False
        width = 32 if self.family == 4 else 128
        return _bits(target) >> (width - self.length) == self.bits >> (width - self.length)


# The length of the block of IPv4-mapped addresses, RFC 4291, section 2.5.5.2.
_MAPPED = 96


def _ports(rule: str, text: str) -> tuple[int, int]:
    if text == "*":
        return 0, 65535
    low, _, high = text.partition("-")
    if not _PORTS.match(text):
        raise PolicyError(f"{rule!r}: {text!r} is no port; expected 443, 8000-8100 or *")
    first, last = int(low), int(high or low)
    if not 0 <= first <= last <= 65535:
        raise PolicyError(f"{rule!r}: {text!r} is no range of ports between 0 and 65535")
    return first, last


def _block(rule: str, text: str) -> tuple[int, int, int]:
    family = 6 if text.startswith("[") and text.endswith("]") else 4
    base, separator, prefix = (text[1:-1] if family == 6 else text).partition("/")
    width = 128 if family == 6 else 32
    try:
        packed = Os.pack6(base) if family == 6 else Os.pack4(base)
    except (OSError, ValueError):
        raise PolicyError(f"{rule!r}: {text!r} is no address; expected *, 10.0.0.0/8 or [2001:db8::/32]") from None
    length = width
    if separator:
        length = int(prefix) if re.fullmatch("[0-9]{1,3}", prefix) else -1
    if not 0 <= length <= width:
        raise PolicyError(f"{rule!r}: {text!r} is no block of IPv{family} addresses")
    return family, int.from_bytes(packed, "big"), length


def _bits(address: Case) -> int:
    width = 8 if address.name == "ipv4" else 16
    bits = 0
    for word in address.payload["address"]:
        bits = bits << width | word
    return bits


def _name_matches(pattern: str, name: str) -> bool:
    name = name.lower().rstrip(".")
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return name == pattern


Asker = Callable[[str, Case | str, Callable[[Fail | None], None]], Callable[[], None] | None]


class Policy:
    """Rules that allow and rules that deny.

    Args:
        allow: what is allowed.
        deny: what is not, whatever ``allow`` says.
        asker: decides what no rule speaks of: called with use, target and a function that takes
            None for yes or a Fail; may call it later, and gives what withdraws the question where nobody waits
            for the answer any more. Without it such uses are denied.
        told: is told of every use that the rules deny: the use, the target, and what would allow it.
    """

    __slots__ = ("_asker", "_told", "allow", "deny", "open")

    def __init__(
        self,
        allow: Iterable[Rule] = (),
        deny: Iterable[Rule] = (),
        asker: Asker | None = None,
        told: Callable[[str, str, str], None] | None = None,
    ) -> None:
        self.allow = tuple(allow)
        self.deny = tuple(deny)
        self._asker = asker
        self._told = told
        # Lets per-datagram checks be skipped altogether for an operator's own commands.
        self.open = not self.deny and any(rule.use == "*" for rule in self.allow)

    @classmethod
    def parse(cls, allow: Iterable[str], deny: Iterable[str] = ()) -> Policy:
        """A policy from rules as text. Raises PolicyError."""
        return cls(map(Rule.parse, allow), map(Rule.parse, deny))

    def decide(self, use: str, target: Case | str) -> Verdict:
        """Whether a use of an address (``ip-socket-address``) or a name is allowed."""
        if self.open:
            return ALLOW
        if self._denies(use, target) is not None:
            return DENY
        if any(rule.matches(use, target) for rule in self.allow):
            return ALLOW
        return DENY if self._asker is None else ASK

    def _denies(self, use: str, target: Case | str) -> Rule | None:
        """The rule that forbids a use, if one does."""
        # A dual-stack socket reaches IPv4 under IPv4-mapped names, which must not lead around a rule.
        wire = target if isinstance(target, str) else addresses.unmapped(target)
        return next((rule for rule in self.deny if rule.matches(use, target) or rule.matches(use, wire)), None)

    def ask(self, use: str, target: Case | str, done: Callable[[Fail | None], None]) -> Callable[[], None] | None:
        """Hand an undecided use to the asker; gives what withdraws the question, if something does."""
        assert self._asker is not None
        return self._asker(use, target, done)

    def hint(self, use: str, target: Case | str) -> str:
        """The smallest rule that would allow a use: ``--allow tcp-connect:10.0.0.1:443``."""
        blocking = self._denies(use, target)
        return f"removing --deny {blocking.text}" if blocking else f"--allow {use}:{target_text(target)}"

    def tell(self, use: str, target: Case | str) -> None:
        """A use was denied by the rules: pass it on to who wants to know."""
        if self._told is not None:
            self._told(use, target_text(target), self.hint(use, target))


def target_text(target: Case | str) -> str:
    """A target as a rule names it: ``10.0.0.1:443``, ``[2001:db8::1]:443``, ``example.com``."""
    # Without the scope, which no rule speaks of.
    return target if isinstance(target, str) else re.sub("%[0-9]+", "", show_address(target))


ALLOW_ALL = Policy.parse(["all"])
_LOOPBACK = [f"{use}:{block}" for use in USES if use != "name-lookup" for block in ("127.0.0.0/8", "[::1]")]
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
