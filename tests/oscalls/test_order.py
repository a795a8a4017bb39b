"""Destination address selection: the examples of RFC 6724, section 10.2, and each rule by itself."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from wasinet.oscalls import Found
from wasinet.oscalls.order import Source, order, source_of


def found(text: str) -> Found:
    return (ip_address(text).version, text)


def ordered(*pairs: tuple[str, str | Source | None]) -> list[str]:
    """The destinations in order; each comes with its source address, None for no route."""
    sources = {
        destination: Source(ip_address(source)) if isinstance(source, str) else source for destination, source in pairs
    }
    return [text for _, text in order([found(text) for text, _ in pairs], lambda one: sources[one[1]])]


@pytest.mark.parametrize(
    ("pairs", "wanted"),
    [
        # RFC 6724, section 10.2, in its order.
        ((("2001:db8:1::1", "2001:db8:1::2"), ("198.51.100.121", "169.254.13.78")), "2001:db8:1::1"),
        ((("2001:db8:1::1", "fe80::1"), ("198.51.100.121", "198.51.100.117")), "198.51.100.121"),
        ((("2001:db8:1::1", "2001:db8:1::2"), ("10.1.2.3", "10.1.2.4")), "2001:db8:1::1"),
        ((("2001:db8:1::1", "2001:db8:1::2"), ("fe80::1", "fe80::2")), "fe80::1"),
        ((("2002:c633:6401::1", "2002:c633:6401::2"), ("2001:db8:1::1", "2002:c633:6401::2")), "2002:c633:6401::1"),
        ((("2002:c633:6401::1", "2002:c633:6401::2"), ("2001:db8:1::1", "2001:db8:1::2")), "2001:db8:1::1"),
    ],
)
def test_the_examples_of_the_rfc(pairs: tuple[tuple[str, str], ...], wanted: str) -> None:
    assert ordered(*pairs)[0] == wanted
    assert ordered(*reversed(pairs))[0] == wanted


HOME = Source(ip_address("2001:db8:1::2"), home=True)
OLD = Source(ip_address("2001:db8:1::2"), deprecated=True)
FRESH = "2001:db8:1::3"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (("198.51.100.1", "198.51.100.2"), ("2001:db8::1", None)),  # rule 1
        (("2001:db8::1", "2001:db8::2"), ("2001:db8::5", "fe80::1")),  # rule 2
        (("2001:db8:1::1", FRESH), ("2001:db8:1::9", OLD)),  # rule 3
        (("2001:db8:1::9", HOME), ("2001:db8:1::1", FRESH)),  # rule 4
        (("198.51.100.1", "198.51.100.2"), ("2001:db8::1", "2002::2")),  # rule 5
        (("::1", "::1"), ("127.0.0.1", "127.0.0.1")),  # rule 6
        (("2001:db8::1", "2001:db8::2"), ("fd00::1", "fd00::2")),  # rule 6, unique local addresses last
        (("fe80::1", "fe80::2"), ("2001:db8::1", "2001:db8::2")),  # rule 8
        (("2001:db8:1::1", FRESH), ("2001:db8:3ffe::1", FRESH)),  # rule 9
    ],
)
def test_each_rule(better: tuple[str, str | Source | None], worse: tuple[str, str | Source | None]) -> None:
    assert ordered(worse, better) == [better[0], worse[0]]
    assert ordered(better, worse) == [better[0], worse[0]]


def test_the_common_prefix_ends_with_the_subnet() -> None:
    # Bits of the interface identifier say nothing about closeness (section 2.2).
    assert ordered(("2001:db8:1::f000", FRESH), ("2001:db8:1::3", FRESH)) == ["2001:db8:1::f000", "2001:db8:1::3"]


def test_a_round_robin_of_ipv4_stays_as_it_was() -> None:
    texts = ("198.51.100.9", "192.0.2.1", "10.0.0.77", "198.51.100.1")
    assert ordered(*((text, "10.0.0.1") for text in texts)) == list(texts)


def test_what_cannot_be_reached_is_last_and_still_there() -> None:
    assert ordered(("2001:db8::1", None), ("192.0.2.1", None), ("192.0.2.2", "192.0.2.3")) == [
        "192.0.2.2",
        "2001:db8::1",
        "192.0.2.1",
    ]


def test_scopes_of_multicast_and_site_local() -> None:
    assert ordered(("ff0e::1", "2001:db8::2"), ("ff02::1", "fe80::2"))[0] == "ff02::1"
    assert ordered(("fec0::1", "fec0::2"), ("2001:db8::1", "2001:db8::2"))[0] == "2001:db8::1"


def test_sources_come_from_the_system() -> None:
    assert source_of((4, "127.0.0.1")) == Source(ip_address("127.0.0.1"))
    local = source_of((6, "::1"))
    assert local is None or local.address == ip_address("::1")
    assert source_of((6, "fe80::1")) is None
