"""The draft's states and what moves none: each getter and option in each state, and arguments that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import ipv4, ipv6, loopback
from tests.wit.draft_states import DRAFT
from tests.worlds.support import Bench, refused
from wasinet.wit import load
from wasinet.wit.values import Case, Err, Value

WORLD = load("draft")
RESOURCES = {"tcp": "tcp-socket", "udp": "udp-socket"}

VALUES: dict[str, Value] = {
    "set-ipv6-only": True,
    "set-listen-backlog-size": 5,
    "set-keep-alive": True,
    "set-no-delay": True,
    "set-unicast-hop-limit": 5,
    "set-receive-buffer-size": 4096,
    "set-send-buffer-size": 4096,
    "set-non-blocking": True,
}

OPEN = ("unbound", "bound", "connecting", "connection", "listener")
ANY = (*OPEN, "closed")
BUFFERS = [f"{verb}{side}-buffer-size" for verb in ("", "set-") for side in ("receive", "send")]
SWITCHES = [f"{verb}{name}" for verb in ("", "set-") for name in ("keep-alive", "no-delay", "unicast-hop-limit")]
ALLOWED: dict[str, tuple[str, ...]] = {
    "tcp.local-address": ("bound", "connecting", "connection", "listener"),
    "tcp.remote-address": ("connection",),
    "tcp.address-family": ANY,
    "tcp.ipv6-only": OPEN,
    "tcp.set-ipv6-only": ("unbound",),
    "tcp.set-listen-backlog-size": ("unbound", "bound", "listener"),
    **{f"tcp.{option}": OPEN for option in SWITCHES},
    **{f"tcp.{option}": ("unbound", "bound", "connecting", "connection") for option in BUFFERS},
    "tcp.non-blocking": ANY,
    "tcp.set-non-blocking": ANY,
    "tcp.subscribe": ANY,
    "udp.receive": ("bound", "connected"),
    "udp.send": ("bound", "connected"),
    "udp.local-address": ("bound", "connected"),
    "udp.remote-address": ("connected",),
    "udp.set-ipv6-only": ("unbound",),
    **{
        f"udp.{name}": ("unbound", "bound", "connected")
        for name in [
            *("address-family", "ipv6-only", "unicast-hop-limit", "set-unicast-hop-limit"),
            *BUFFERS,
            *("non-blocking", "set-non-blocking", "subscribe"),
        ]
    },
}
"""Where what moves no state may be called, read out of the text a second time."""

FAMILY = ("ipv6-only", "set-ipv6-only")


def still() -> list[tuple[str, str, str]]:
    """Each function that moves nothing, in each state: interface, name, state."""
    found = []
    for interface, resource in RESOURCES.items():
        machine = DRAFT[resource]
        moving = {row[1] for row in machine["transitions"]}
        found += [
            (interface, function.name, state)
            for function in WORLD.methods(resource)
            if function.name not in moving and not function.name.startswith("drop-")
            for state in machine["states"]
        ]
    return found


@pytest.mark.parametrize(("interface", "name", "state"), still())
def test_getters_and_options_in_each_state(bench: Bench, interface: str, name: str, state: str) -> None:
    sock = bench.tcp(state) if interface == "tcp" else bench.udp(state)
    to = bench.remote if state == "connected" else loopback(9)
    values = {**VALUES, "send": {"data": b"x", "remote-address": to}}
    if name == "receive":
        bench.need("udp.set-non-blocking", sock, True)
    function = WORLD.find(f"{interface}.{name}")
    (key,) = (key for key, found in WORLD.functions.items() if found is function)
    outcome = bench.call(key, sock, *((values[name],) if name in values else ()))
    if state == "closed" and function is not None and function.late:
        assert refused(outcome, "connection-refused")
    elif state not in ALLOWED[f"{interface}.{name}"]:
        assert refused(outcome, "invalid-state")
        assert f"#{sock} is {state}" in outcome.reason
    elif name in FAMILY:
        assert refused(outcome, "not-supported")
    elif name == "receive":
        assert outcome == Err("again")
    else:
        assert not isinstance(outcome, Err), outcome.reason
    assert bench.state(sock) == state


def test_every_function_of_a_socket_is_in_one_table() -> None:
    names = {f"{interface}.{name}" for interface, name, _ in still()}
    assert names == set(ALLOWED)
    moving = {f"{kind}.{row[1]}" for kind, resource in RESOURCES.items() for row in DRAFT[resource]["transitions"]}
    drops = {f"{kind}.drop-{kind}-socket" for kind in RESOURCES}
    every = {function.qualified for resource in RESOURCES.values() for function in WORLD.methods(resource)}
    assert names | moving | drops == every


# Arguments that are refused before anything is touched

REMOTES = {
    "unspecified": ipv4("0.0.0.0", 80),
    "port 0": loopback(),
    "multicast": ipv4("224.0.0.1", 80),
    "broadcast": ipv4("255.255.255.255", 80),
    "other family": ipv6("::1", 80),
}


@pytest.mark.parametrize("state", ["unbound", "bound"])
@pytest.mark.parametrize("why", REMOTES)
def test_a_refused_remote_address_leaves_tcp_as_it_was(bench: Bench, state: str, why: str) -> None:
    sock = bench.tcp(state)
    assert refused(bench.call("tcp.connect", sock, bench.net, REMOTES[why]), "invalid-argument")
    assert bench.state(sock) == state
    bench.need("tcp.connect", sock, bench.net, bench.server()[1])


@pytest.mark.parametrize("why", ["unspecified", "port 0", "other family"])
@pytest.mark.parametrize("state", DRAFT["udp-socket"]["states"])
def test_a_refused_remote_address_leaves_udp_as_it_was(bench: Bench, state: str, why: str) -> None:
    sock = bench.udp(state)
    assert refused(bench.call("udp.connect", sock, bench.net, REMOTES[why]), "invalid-argument")
    assert bench.state(sock) == state


def test_a_rival_that_listens_first_closes_the_other(bench: Bench) -> None:
    rival, address = bench.taken(listening=False)
    sock = bench.tcp()
    bench.need("tcp.bind", sock, bench.net, address)
    rival.listen()
    assert refused(bench.call("listen", sock, bench.net), "address-in-use")
    assert bench.state(sock) == "closed"


# Records


@pytest.mark.parametrize(
    ("call", "states"), [("tcp.connect", ("unbound", "connection")), ("udp.connect", ("unbound", "connected"))]
)
def test_records_have_the_states_of_a_whole_blocking_call(bench: Bench, call: str, states: tuple[str, str]) -> None:
    address: Case = bench.server()[1]
    sock: Any = bench.tcp() if call.startswith("tcp") else bench.udp()
    bench.need(call, sock, bench.net, address)
    assert (bench.records[-1].before, bench.records[-1].after) == states
