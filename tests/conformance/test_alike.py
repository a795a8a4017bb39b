"""What counts as the same outcome: handles, ports and moments by their role, all else by value."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.support import WORLD
from wasinet.conformance.alike import Roles
from wasinet.conformance.pair import Waits
from wasinet.hosts import Trapped
from wasinet.hosts.native import NativeHost
from wasinet.script.session import Session, Step
from wasinet.wit.values import Case, Err, Ok, Some, Value

F = WORLD.functions


def v4(port: int, last: int = 1) -> Value:
    return Case("ipv4", {"port": port, "address": (127, 0, 0, last)})


@pytest.mark.parametrize(
    ("function", "left", "right", "same"),
    [
        ("create-tcp-socket", Ok(1), Ok(9), True),
        ("create-tcp-socket", Ok(1), Err("not-supported"), False),
        ("tcp-socket.start-listen", Ok(), Ok(), True),
        ("tcp-socket.start-listen", Err("invalid-state"), Err("invalid-state", "for another reason"), True),
        ("tcp-socket.start-listen", Err("invalid-state"), Err("address-in-use"), False),
        ("tcp-socket.finish-connect", Ok((1, 2)), Ok((5, 6)), True),
        ("tcp-socket.hop-limit", Ok(64), Ok(63), False),
        ("tcp-socket.keep-alive-idle-time", Ok(10**9), Ok(2 * 10**9), False),
        ("tcp-socket.is-listening", True, False, False),
        ("tcp-socket.local-address", Ok(v4(1000)), Ok(v4(2000)), True),
        ("tcp-socket.local-address", Ok(v4(1000)), Ok(v4(2000, 2)), False),
        ("tcp-socket.local-address", Ok(v4(0)), Ok(v4(2000)), False),
        ("tcp-socket.local-address", Ok(v4(80)), Ok(v4(2000)), False),
        ("tcp-socket.local-address", Ok(v4(80)), Ok(v4(80)), True),
        ("now", 5, 700, True),
        ("resolution", 5, 700, False),
        ("poll", [0, 1], [1, 0], False),
        ("input-stream.read", Ok(b"ab"), Ok(bytearray(b"ab")), True),
        ("input-stream.read", Ok(b"ab"), Ok(b"a"), False),
        ("input-stream.read", Err(Case("closed")), Err(Case("last-operation-failed", 4)), False),
        ("input-stream.read", Err(Case("last-operation-failed", 7)), Err(Case("last-operation-failed", 4)), True),
        ("error.to-debug-string", "Connection reset", "os error 104", True),
        ("network-error-code", Some("connection-reset"), Some("connection-reset"), True),
        ("network-error-code", Some("connection-reset"), None, False),
        ("pollable.block", None, None, True),
        ("poll", Trapped("empty"), Trapped("poll list is empty"), True),
        ("poll", Trapped("empty"), [], False),
        ("pollable.block", Waits(), None, False),
        ("pollable.block", Waits(), Trapped("x"), False),
        (
            "incoming-datagram-stream.receive",
            Ok([{"data": b"x", "remote-address": v4(1000)}]),
            Ok([{"data": b"x", "remote-address": v4(3000)}]),
            True,
        ),
        (
            "incoming-datagram-stream.receive",
            Ok([{"data": b"x", "remote-address": v4(1000)}]),
            Ok([{"data": b"y", "remote-address": v4(1000)}]),
            False,
        ),
        ("incoming-datagram-stream.receive", Ok([]), Ok([{"data": b"", "remote-address": v4(1000)}]), False),
    ],
)
def test_outcomes(function: str, left: Any, right: Any, same: bool) -> None:
    for one, other in ((left, right), (right, left)):
        roles = Roles()
        roles.choose(80)
        assert roles.alike(F[function], one, other) is same


def test_a_port_keeps_its_role() -> None:
    roles, function = Roles(), F["tcp-socket.local-address"]
    assert roles.alike(function, Ok(v4(1000)), Ok(v4(2000)))
    assert roles.alike(function, Ok(v4(1001)), Ok(v4(2001)))
    assert roles.alike(function, Ok(v4(1000)), Ok(v4(2000)))
    assert not roles.alike(function, Ok(v4(1000)), Ok(v4(2001)))
    assert not roles.alike(function, Ok(v4(1002)), Ok(v4(2000)))


def test_tcp_and_udp_have_ports_of_their_own() -> None:
    roles = Roles()
    assert roles.alike(F["tcp-socket.local-address"], Ok(v4(1000)), Ok(v4(2000)))
    assert roles.alike(F["udp-socket.local-address"], Ok(v4(1000)), Ok(v4(2001)))
    assert not roles.alike(F["tcp-socket.local-address"], Ok(v4(1000)), Ok(v4(2001)))


def step(session: Session, text: str, outcome: Value) -> Step:
    found = Step(session.prepare(text)[0], F["tcp-socket.local-address"], [], 1, "")
    found.outcome = outcome
    return found


def test_a_port_is_free_again_with_its_last_socket(host: NativeHost) -> None:
    session, roles, function = Session(lambda: host), Roles(), F["tcp-socket.local-address"]
    (made,) = session.evaluate("s = create-tcp-socket(ipv4)")
    assert not made.failed
    steps = [step(session, "s.local-address()", Ok(v4(port))) for port in (1000, 2000)]
    assert roles.alike(function, steps[0].outcome, steps[1].outcome)
    roles.own(steps[0], steps[1])
    assert not roles.alike(function, Ok(v4(1000)), Ok(v4(2001)))
    gone = step(session, "drop(s)", None)
    roles.own(gone, gone)
    assert roles.alike(function, Ok(v4(1000)), Ok(v4(2001)))
