"""Domain names: their canonical form, which rules and requests share, and names that are local by definition."""

from __future__ import annotations

import re
import struct
from functools import lru_cache

from wasinet.engine import addresses
from wasinet.engine.faults import Fail
from wasinet.oscalls import Os
from wasinet.wit.values import Case

__all__ = ["LOCAL", "canonical", "ends_in_number", "host_name", "is_local", "literal", "loosely"]

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)\Z")
# A name whose last label is a number was an address in one of inet_aton(3)'s old forms.
_NUMBER = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)\Z")
# Python refuses to read very many digits, so their number is looked at first.
_OCTET = re.compile(r"(?:0|[1-9][0-9]{0,2})\Z")

LOCAL = (addresses.ip_value(6, "::1"), addresses.ip_value(4, "127.0.0.1"))
"""The addresses of ``localhost`` and all names below it (RFC 6761, section 6.3), in the order of RFC 6724."""


def ends_in_number(name: str) -> bool:
    """Whether the last label of a name is a number, so that resolvers would take it for an address."""
    return _NUMBER.match(name.removesuffix(".").rpartition(".")[2]) is not None


def literal(name: str) -> Case | None:
    """The ``ip-address`` that a name spells, None if it is a name.

    Raises:
        Fail: invalid-argument for addresses in old or IPv4-mapped forms, or with a scope.
    """
    if ":" in name:
        try:
            words = struct.unpack("!8H", Os.pack6(name))
        except (OSError, ValueError, UnicodeError):
            raise Fail("invalid-argument", f"{name!r} is no IPv6 address, and names have no colon") from None
        address = Case("ipv6", words)
        if addresses.is_mapped(words):
            raise Fail("invalid-argument", f"{name!r} is an IPv4-mapped address; give the IPv4 address itself")
        return address
    if not ends_in_number(name):
        return None
    parts = name.split(".")
    if len(parts) == 4 and all(_OCTET.match(part) and int(part) < 256 for part in parts):
        return Case("ipv4", tuple(map(int, parts)))
    raise Fail("invalid-argument", f"{name!r} is no IPv4 address of four decimal numbers, and names end in no number")


def host_name(name: str) -> str:
    """A name as it is looked up: in ASCII, by IDNA 2008 where it is not (RFC 5891).

    Raises:
        Fail: invalid-argument where it is no domain name.
    """
    written = name
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise Fail("invalid-argument", f"{written!r} is no domain name: {error}") from None
    if ends_in_number(name):
        # Digits of another script, too: what looked like a name would reach the resolver as an address.
        raise Fail("invalid-argument", f"{written!r} is an address in digits that are not ASCII, or none at all")
    bare = name.removesuffix(".")
    if not bare or len(bare) > 253:
        raise Fail("invalid-argument", "a domain name has 1 to 253 characters")
    for label in bare.split("."):
        if not _LABEL.match(label):
            raise Fail("invalid-argument", f"{written!r} is no domain name: label {label!r}")
    return name


@lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """The form in which names are compared: in ASCII, lower case, without the dot at the end.

    Raises:
        Fail: as ``host_name``.
    """
    return host_name(name).lower().removesuffix(".")


def loosely(name: str) -> str:
    """What another reader of names may take a name for: its canonical form, or the nearest where it has none.

    Wasmtime reads names as URLs have them, percent-encoded (url.spec.whatwg.org, host parsing), and takes
    labels that are none here.
    """
    from urllib.parse import unquote

    name = unquote(name)
    try:
        return canonical(name)
    except Fail:
        import idna

        try:
            name = idna.uts46_remap(name, std3_rules=False)
        except idna.IDNAError:
            # Nobody's name.
            pass
        return name.lower().rstrip(".")


def is_local(name: str) -> bool:
    """Whether a canonical name is ``localhost`` or below it: never a resolver's to answer (RFC 6761, section 6.3)."""
    return name == "localhost" or name.endswith(".localhost")
