"""Rules of a policy: a use, the addresses or names that it concerns, and ports.

A rule that could never match, or that would match everything by accident, is refused when it is read:
it would be a lock that is not locked, and nobody would notice.
"""

from __future__ import annotations

import re
from typing import Final

from wasinet.engine import addresses
from wasinet.engine.addresses import Wire, wire_of
from wasinet.engine.answers import NO_ANSWERS, Answers
from wasinet.engine.faults import Fail
from wasinet.engine.names import LOCAL, canonical, ends_in_number, is_local
from wasinet.oscalls import Os
from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = ["CREATES", "LOOKUP", "USES", "PolicyError", "Rule", "Target"]

USES: Final = (
    "tcp-create",
    "tcp-bind",
    "tcp-listen",
    "tcp-accept",
    "tcp-connect",
    "udp-create",
    "udp-bind",
    "udp-send",
    "udp-receive",
    "name-lookup",
)
"""Every use that is asked about."""

CREATES: Final = frozenset({"tcp-create", "udp-create"})
"""The uses that concern no address."""

LOOKUP: Final = "name-lookup"
"""The use that concerns a name."""

Target = Case | str | None
"""What a use concerns: an ``ip-socket-address``, a name, or nothing."""

# Uses of a peer's address, which is neither unspecified nor of port 0.
_PEERS = frozenset({"tcp-accept", "tcp-connect", "udp-send", "udp-receive"})
# Uses in which an address may be that of a group: sockets join none, but they may send to one.
_GROUPS = frozenset({"udp-bind", "udp-send"})

_PORTS = re.compile(r"[0-9]{1,5}(?:-[0-9]{1,5})?\Z")
_WIDTH = {4: 32, 6: 128}
# The length of the block of IPv4-mapped addresses, RFC 4291, section 2.5.5.2.
_MAPPED = 96
# What is no unicast address: family, bits, and the length of the block.
_NOT_UNICAST = ((4, 0xE0000000, 4), (4, 0xFFFFFFFF, 32), (6, 0xFF << 120, 8))
_LOCAL = frozenset(map(wire_of, LOCAL))


class PolicyError(ValueError):
    """A rule that cannot be read; the message says what would be right."""


class Rule(Data):
    """One rule: a use (``*`` for every one), a block of addresses or a name pattern, a range of ports.

    ``text`` is the rule as written: ``tcp-connect:10.0.0.0/8:443``, ``udp-bind:*:5353``,
    ``tcp-connect:[2001:db8::/32]:443``, ``tcp-connect:api.example.com:443``, ``name-lookup:*.example.com``,
    ``all``. ``name`` is in canonical form, and so are family and bits: those of IPv4 for an IPv4-mapped block.
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
        try:
            return cls._parse(text)
        except PolicyError as error:
            raise PolicyError(f"{text!r}: {error}") from None

    @classmethod
    def _parse(cls, text: str) -> Rule:
        if text == "all":
            return cls(text, "*")
        use, colon, rest = text.partition(":")
        if use not in USES:
            raise PolicyError(f"unknown use {use!r}; expected all or one of {', '.join(USES)}")
        if not colon:
            return cls(text, use)
        if use in CREATES:
            raise PolicyError(f"creating a socket concerns no address; expected {use} alone")
        if not rest:
            raise PolicyError(f"nothing after the colon; expected {use}:* for all of them, or {_example(use)}")
        if "://" in rest:
            raise PolicyError(f"unexpected URL {rest!r}; expected {_example(use)}")
        if use == LOOKUP:
            return cls(text, use, name=None if rest == "*" else _pattern(rest, f"expected *, {_NAMES}"))
        host, low, high = _split(rest)
        if use in _PEERS and not high:
            raise PolicyError("port 0 is never a peer's; expected 443, 8000-8100 or *")
        if host == "*":
            return cls(text, use, low=low, high=high)
        if host[:1] != "[" and "/" not in host and not ends_in_number(host):
            _check_listened(use, high, host, 1)
            return cls(
                text,
                use,
                name=_pattern(host, f"expected *, {_NAMES}, 10.0.0.0/8 or [2001:db8::/32]"),
                low=low,
                high=high,
            )
        family, bits, length = _block(host)
        _check_usable(use, host, family, bits, length)
        _check_listened(use, high, host, bits >> _WIDTH[family] - length)
        return cls(text, use, family=family, bits=bits, length=length, low=low, high=high)

    @property
    def host(self) -> str | None:
        """The name pattern of a rule about addresses; None for any other rule."""
        return None if self.use == LOOKUP else self.name

    def matches(self, use: str, target: Target, answers: Answers = NO_ANSWERS) -> bool:
        """Whether the rule speaks of this use of this address or name.

        Args:
            use: one of USES.
            target: what it concerns.
            answers: of the network, for rules that name a host.

        Raises:
            Fail: the target is no domain name.
        """
        if self.use == "*":
            return True
        if self.use != use:
            return False
        if target is None:
            return True
        if isinstance(target, str):
            return self.name is None or name_matches(self.name, target)
        known = addresses.known(target)
        if not self.low <= known.port <= self.high:
            return False
        if self.name is not None:
            return _is_address_of(self.name, known.wire, answers)
        if self.family is None:
            return True
        family, bits = known.wire
        shift = _WIDTH[self.family] - self.length
        return family == self.family and bits >> shift == self.bits >> shift

    def implies(self, use: str, target: Target) -> bool:
        """Whether a rule that allows its use allows this one as well, without which there would be none.

        Any use of TCP (UDP) needs a socket, and an address that a rule names by its host needs the lookup.
        """
        if use in CREATES:
            return self.use[:4] == use[:4]
        return isinstance(target, str) and self.host is not None and name_matches(self.host, target)


_NAMES = "example.com or *.example.com"


def _example(use: str) -> str:
    return _NAMES if use == LOOKUP else "example.com:443, 10.0.0.0/8:443 or [2001:db8::/32]:443"


def _split(text: str) -> tuple[str, int, int]:
    """Host and ports of a rule."""
    host, separator, port = (text, "", "") if text.endswith("]") else text.rpartition(":")
    if not separator:
        return text, 0, 65535
    if not host:
        raise PolicyError(f"nothing before the port {port!r}; expected *:{port} for any address")
    if ":" in host and host[0] != "[":
        raise PolicyError(f"{text!r} has too many colons; IPv6 addresses stand in brackets: [2001:db8::1]:443")
    if port == "*":
        return host, 0, 65535
    low, _, high = port.partition("-")
    if not _PORTS.match(port) or not int(low) <= int(high or low) <= 65535:
        raise PolicyError(f"invalid port {port!r}; expected 443, 8000-8100 or *, from 0 to 65535")
    return host, int(low), int(high or low)


def _pattern(text: str, expected: str) -> str:
    """A name, or ``*.`` and the name that others are below, in canonical form."""
    star = "*." if text.startswith("*.") else ""
    try:
        return star + canonical(text.removeprefix(star))
    except Fail:
        raise PolicyError(f"invalid name {text!r}; {expected}") from None


def _block(text: str) -> tuple[int, int, int]:
    """Family, bits and length of a block of addresses, or of one."""
    family = 6 if text[0] == "[" and text[-1] == "]" else 4
    base, separator, prefix = (text[1:-1] if family == 6 else text).partition("/")
    if "%" in base:
        raise PolicyError(f"{text!r} has a zone; a rule speaks of an address in every zone")
    try:
        packed = Os.pack6(base) if family == 6 else Os.pack4(base)
    except (OSError, ValueError):
        raise PolicyError(f"invalid address {text!r}; expected *, {_NAMES}, 10.0.0.0/8 or [2001:db8::/32]") from None
    length = _WIDTH[family]
    if separator:
        length = int(prefix) if re.fullmatch("[0-9]{1,3}", prefix) else -1
    if not 0 <= length <= _WIDTH[family]:
        raise PolicyError(f"invalid block {text!r}; the length of a block of IPv{family} is 0 to {_WIDTH[family]}")
    bits = int.from_bytes(packed, "big")
    if family == 6 and length >= _MAPPED and bits >> 32 == 0xFFFF:
        # What goes to these addresses is IPv4 on the wire, so the rule speaks of IPv4.
        return 4, bits & 0xFFFFFFFF, length - _MAPPED
    return family, bits, length


def _check_usable(use: str, text: str, family: int, bits: int, length: int) -> None:
    """Refuse addresses for which the use fails whatever the policy says."""
    if use in _PEERS and not bits and length == _WIDTH[family]:
        raise PolicyError(f"{text} is never a peer's address; expected * for any address")
    for other, prefix, least in _NOT_UNICAST:
        shift = _WIDTH[family] - least
        if use not in _GROUPS and family == other and length >= least and bits >> shift == prefix >> shift:
            raise PolicyError(f"{text} is no unicast address, as {use} needs one")


def _check_listened(use: str, high: int, host: str, prefix: int) -> None:
    """Refuse port 0 for a listener at specific addresses: its socket was bound, and has the port that the system chose.

    Only of the unspecified address, which a prefix of zeros has, port 0 is asked about: before the
    implicit bind of ``listen``.
    """
    if use == "tcp-listen" and not high and prefix:
        raise PolicyError(f"a listener at {host} never has port 0, but the one that the system chose; expected *")


def name_matches(pattern: str, name: str) -> bool:
    """Whether a name is the one of a pattern, or below it. Raises Fail for what is no domain name."""
    name = canonical(name)
    return name.endswith(pattern[1:]) if pattern[0] == "*" else name == pattern


def _is_address_of(pattern: str, wire: Wire, answers: Answers) -> bool:
    """Whether an address is one of those that the network's lookups gave for the names of a pattern."""
    if wire in _LOCAL and is_local(pattern.removeprefix("*.")):
        return True
    return any(name_matches(pattern, name) for name in answers.names(wire))
