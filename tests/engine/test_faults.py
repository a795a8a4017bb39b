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
# Documented errnos of refusals that the engine gives itself, before it asks the operating system.
OURS = {
    ("start-bind", "EINVAL"): "a wrong address or a second bind",
    ("start-connect", "EINVAL"): "an address that is not unicast, or port 0",
    ("start-connect", "EISCONN"): "a wrong state",
    ("start-connect", "EOPNOTSUPP"): "a wrong state",
    ("start-listen", "EDESTADDRREQ"): "a socket that is not bound",
    ("start-listen", "EISCONN"): "a wrong state",
    ("stream", "EADDRNOTAVAIL"): "port 0; from the system it means that no port is free",
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


@pytest.mark.parametrize(("member", "name", "code"), documented(), ids=lambda value: str(value))
def test_every_documented_errno_gives_its_code(member: str, name: str, code: str) -> None:
    codes = {entry[2] for entry in documented() if entry[:2] == (member, name)}
    given = code_of(SEEN_BY.get(member, member), getattr(errno, name))
    if (member, name) in OURS:
        assert given in CODES | {"unknown"}
    elif len(codes) > 1:
        assert given in codes
    else:
        assert given == code


def test_the_enumeration_has_all_functions_with_errnos() -> None:
    assert len(documented()) >= 60
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
