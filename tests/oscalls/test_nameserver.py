"""Names looked up at one server: answers, aliases, truncation, and every way in which a server fails."""

from __future__ import annotations

import time

import pytest

from tests.oscalls.name_server import name_server
from wasinet.oscalls import Found, LookupFailed
from wasinet.oscalls.nameserver import NameServer

LONG = ", ".join(f"A 192.0.2.{number}" for number in range(1, 255))


def look_up(answers: dict[str, str], name: str = "a.example", *, edns: bool = True, tcp: bool = True) -> list[Found]:
    with name_server(answers, edns=edns, tcp=tcp) as server:
        return NameServer("127.0.0.1", server.port, timeout=0.3)(name)


def failure(answers: dict[str, str], name: str = "a.example", *, tcp: bool = True) -> LookupFailed:
    with pytest.raises(LookupFailed) as caught:
        look_up(answers, name, tcp=tcp)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("A 192.0.2.1", {(4, "192.0.2.1")}),
        ("AAAA 2001:db8::1", {(6, "2001:db8::1")}),
        ("A 192.0.2.1, A 192.0.2.2, AAAA 2001:db8::1", {(4, "192.0.2.1"), (4, "192.0.2.2"), (6, "2001:db8::1")}),
        ("A 192.0.2.1, AAAA ::ffff:192.0.2.9", {(4, "192.0.2.1")}),
        ("tcp, A 192.0.2.3", {(4, "192.0.2.3")}),
    ],
)
def test_addresses(answer: str, found: set[Found]) -> None:
    got = look_up({"a.example": answer})
    assert set(got) == found
    assert len(got) == len(found)


def test_equal_addresses_stay_in_the_servers_order() -> None:
    assert look_up({"a.example": "A 192.0.2.9, A 192.0.2.1, A 192.0.2.5"}) == [
        (4, "192.0.2.9"),
        (4, "192.0.2.1"),
        (4, "192.0.2.5"),
    ]


def test_a_long_answer_comes_over_tcp_and_both_types_are_asked() -> None:
    with name_server({"a.example": f"tcp, {LONG}"}) as server:
        assert len(NameServer("127.0.0.1", server.port)("a.example")) == 254
    assert {(transport, kind) for transport, _, kind in server.asked} == {
        (transport, kind) for transport in ("udp", "tcp") for kind in ("A", "AAAA")
    }


def test_only_the_wanted_family_is_asked_for() -> None:
    with name_server({"a.example": "A 192.0.2.1, AAAA 2001:db8::1"}) as server:
        assert NameServer("127.0.0.1", server.port, families=(6,))("a.example") == [(6, "2001:db8::1")]
    assert [kind for _, _, kind in server.asked] == ["AAAA"]


@pytest.mark.parametrize("apart", ["", "apart, "])
def test_aliases_are_followed(apart: str) -> None:
    answers = {"a.example": "CNAME b.example.", "b.example": "CNAME c.example.", "c.example": f"{apart}A 192.0.2.7"}
    assert look_up(answers) == [(4, "192.0.2.7")]


@pytest.mark.parametrize(
    ("answers", "eai", "text"),
    [
        ({}, "EAI_NONAME", "does not exist"),
        ({"a.example": ""}, "EAI_NODATA", "no address"),
        ({"a.example": "CNAME b.example.", "b.example": "apart, "}, "EAI_NODATA", "no address"),
        ({"a.example": "CNAME b.example."}, "EAI_NONAME", "does not exist"),
        ({"a.example": "CNAME b.example.", "b.example": "apart, CNAME a.example."}, "EAI_FAIL", "aliases"),
        ({"a.example": "AAAA ::ffff:192.0.2.1"}, "EAI_NODATA", "no address"),
        ({"a.example": "SERVFAIL"}, "EAI_AGAIN", "SERVFAIL"),
        ({"a.example": "REFUSED"}, "EAI_FAIL", "REFUSED"),
        ({"a.example": "NOTIMP"}, "EAI_FAIL", "NOTIMP"),
        ({"a.example": "FORMERR"}, "EAI_FAIL", "FORMERR"),
        ({"a.example": "silence"}, "EAI_AGAIN", "does not answer"),
        ({"a.example": "garbage"}, "EAI_AGAIN", "does not answer"),
        ({"a.example": "forged, A 192.0.2.66"}, "EAI_AGAIN", "does not answer"),
        ({"a.example": "tcp, silence"}, "EAI_AGAIN", "TCP"),
        ({"a.example": "truncated"}, "EAI_AGAIN", "truncated over TCP"),
        ({"a.example": "truncated, A 192.0.2.1, AAAA 2001:db8::1"}, "EAI_AGAIN", "truncated over TCP"),
        ({"a.example": "stray, A 192.0.2.1, AAAA 2001:db8::1"}, "EAI_FAIL", "about something else"),
        ({"a.example": "referral"}, "EAI_FAIL", "other servers"),
    ],
)
def test_failures(answers: dict[str, str], eai: str, text: str) -> None:
    error = failure(answers)
    assert error.eai == eai
    assert text in error.text


@pytest.mark.parametrize("local", ["localhost", "secret.LOCALHOST"])
@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"LOCAL": "apart, A 127.0.0.1"},
        {"LOCAL": "A 127.0.0.1"},
        {"LOCAL": "CNAME b.example.", "b.example": "A 192.0.2.1"},
        {"a.example": "CNAME b.example.", "b.example": "apart, CNAME LOCAL."},
    ],
    ids=str,
)
def test_no_server_is_asked_for_local_names_nor_answers_them(local: str, answers: dict[str, str]) -> None:
    """An alias that leads to one fails: a server does not decide what this machine's names mean."""
    table = {"a.example": "CNAME LOCAL."} | answers
    table = {name.replace("LOCAL", local): answer.replace("LOCAL", local) for name, answer in table.items()}
    with name_server(table) as server:
        for name in ("a.example", local):
            with pytest.raises(LookupFailed, match=f"(?i){local} is a name of this machine") as caught:
                NameServer("127.0.0.1", server.port, timeout=0.3)(name)
            assert caught.value.eai == "EAI_FAIL"
    assert not [name for _, name, _ in server.asked if "localhost" in name.lower()]


@pytest.mark.parametrize("name", ["localhost.example", "notlocalhost"])
def test_what_only_looks_local_is_asked_for(name: str) -> None:
    assert look_up({name: "A 192.0.2.1"}, name) == [(4, "192.0.2.1")]


def test_truncated_without_tcp_is_temporary() -> None:
    error = failure({"a.example": "tcp, A 192.0.2.1"}, tcp=False)
    assert error.eai == "EAI_AGAIN"
    assert "TCP" in error.text


def test_a_server_that_knows_no_edns_is_asked_without() -> None:
    assert look_up({"a.example": "A 192.0.2.1"}, edns=False) == [(4, "192.0.2.1")]


def test_silence_is_bounded_and_asked_several_times() -> None:
    with name_server({"a.example": "silence"}) as server:
        start = time.monotonic()
        with pytest.raises(LookupFailed):
            NameServer("127.0.0.1", server.port, timeout=0.3, tries=3)("a.example")
        took = time.monotonic() - start
    assert 0.25 < took < 5
    assert sorted(kind for _, _, kind in server.asked) == ["A"] * 3 + ["AAAA"] * 3


def test_a_closed_port_fails_without_waiting() -> None:
    with name_server({}) as server:
        port = server.port
    start = time.monotonic()
    with pytest.raises(LookupFailed) as caught:
        NameServer("127.0.0.1", port, timeout=30)("a.example")
    assert caught.value.eai == "EAI_AGAIN"
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "a..example"])
def test_what_is_no_name_does_not_exist(name: str) -> None:
    with pytest.raises(LookupFailed) as caught:
        NameServer("127.0.0.1")(name)
    assert caught.value.eai == "EAI_NONAME"


@pytest.mark.parametrize("address", ["localhost", "", "127.0.0.1:53", "a\0b"])
def test_a_server_is_an_address(address: str) -> None:
    with pytest.raises(ValueError, match="no IP address"):
        NameServer(address)
