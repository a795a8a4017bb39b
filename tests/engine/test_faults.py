"""The one table from errnos to error codes, against the documented errors."""

from __future__ import annotations

import errno

import pytest

from tests.support import facts
from wasinet.engine.faults import EAI_CODES, Trap, code_of
from wasinet.wit import load

INTERFACES = facts("errors.json")["0.2"]
CODES = {code.name for code in load("0.2").error_codes}

# What the operating system says where the engine looks: binds, connects and listens begin in start-*, but their
# outcome is told by finish-*.
SEEN_BY = {
    "start-bind": "finish-bind",
    "start-connect": "finish-connect",
    "start-listen": "finish-listen",
}
# Documented for refusals that the engine gives itself, before it asks the operating system.
OURS = {
    ("start-bind", "EINVAL"),
    ("start-connect", "EINVAL"),
    ("start-connect", "EISCONN"),
    ("start-connect", "EOPNOTSUPP"),
    ("start-listen", "EDESTADDRREQ"),
    ("start-listen", "EISCONN"),
}
# Documented with two codes, of which the engine gives one itself; from the system the errno means the other.
MEANT = {
    # The first is for addresses that are not unicast.
    ("start-connect", "ENETUNREACH"): "remote-unreachable",
    # The first is for a connect in progress, which connect(2) never calls so.
    ("finish-connect", "EAGAIN"): "address-in-use",
    ("finish-connect", "EWOULDBLOCK"): "address-in-use",
    # The first is for port 0.
    ("stream", "EADDRNOTAVAIL"): "address-in-use",
}


def documented() -> list[tuple[str, str, str]]:
    """Function, errno and code of everything that applies to Linux."""
    found = []
    for functions in INTERFACES.values():
        for name, errors in functions.items():
            member = name.rpartition(".")[2]
            for code, errnos in errors:
                for text in errnos:
                    number, _, platform = text.partition(" on ")
                    if platform in ("", "Linux") and not number.startswith("EAI_") and hasattr(errno, number):
                        found.append((member, number, code))
    return sorted(set(found))


def seen() -> list[tuple[str, str, str]]:
    """Of these, what the operating system can say to the engine."""
    return sorted(
        {
            (SEEN_BY.get(member, member), name, MEANT.get((member, name), code))
            for member, name, code in documented()
            if (member, name) not in OURS
        }
    )


@pytest.mark.parametrize(("member", "name", "code"), seen(), ids=str)
def test_every_documented_errno_gives_its_code(member: str, name: str, code: str) -> None:
    assert code_of(member, getattr(errno, name)) == code


def test_the_enumeration_has_all_functions_with_errnos() -> None:
    assert len(documented()) >= 60
    assert OURS | MEANT.keys() <= {entry[:2] for entry in documented()}
    assert {entry[0] for entry in documented()} >= {
        "start-bind",
        "finish-bind",
        "finish-connect",
        "finish-listen",
        "accept",
        "shutdown",
        "stream",
        "send",
        "receive",
        "create-tcp-socket",
        "create-udp-socket",
    }


@pytest.mark.parametrize(
    ("eai", "code"),
    [
        (eai, code)
        for code, names in INTERFACES["ip-name-lookup"]["resolve-address-stream.resolve-next-address"]
        for eai in names
        if eai.startswith("EAI_")
    ],
)
def test_every_documented_lookup_error_gives_its_code(eai: str, code: str) -> None:
    assert EAI_CODES[eai] == code


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_errno_gives_a_code_of_the_enum(number: int) -> None:
    for member in ("finish-bind", "finish-connect", "finish-listen", "accept", "stream", "send", "receive", "read"):
        assert code_of(member, number) in CODES


def test_an_errno_that_nobody_documents_is_unknown() -> None:
    assert code_of("accept", None) == code_of("accept", errno.ENOTTY) == "unknown"


def test_a_trap_says_what_and_where() -> None:
    trap = Trap("too much", "streams.output-stream.write")
    assert (trap.message, trap.clause, str(trap)) == ("too much", "streams.output-stream.write", "too much")
