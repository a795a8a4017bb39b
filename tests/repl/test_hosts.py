"""Another host at the prompt: its states are expected ones, and a host that cannot begin leaves the old one."""

from __future__ import annotations

import pytest

from tests.repl.support import Fed

pytestmark = pytest.mark.usefixtures("wasmtime_runtime")


def test_a_session_on_wasmtime(enter: Fed) -> None:
    assert enter(".host wasmtime") == ["a new session on the host wasmtime"]
    (line,) = enter("s = create-tcp-socket(ipv4)")
    assert line.endswith("s is a tcp-socket, unbound")
    assert "expected state" in enter(".handles")[0]
    assert any("expected" in line for line in enter(".states s")[:1])
    assert enter(".host") == ["wasmtime; there is native, wasmtime"]


def test_a_trap_leaves_no_handles(enter: Fed) -> None:
    enter(".host wasmtime", "s = create-tcp-socket(ipv4)", "s.start-bind(net, 127.0.0.1:0)")
    assert "Wasmtime ended the instance, so its 2 handles are gone" in " ".join(enter("poll([])"))
    assert enter(".handles") == ["no live handles"]
    assert "is gone: a trap ended the instance" in " ".join(enter("s.is-listening()"))
    # The network is there for every session, and so it is after that.
    assert enter("u = create-udp-socket(ipv4); u.start-bind(net, 127.0.0.1:0)")[-1].startswith("ok")


@pytest.mark.parametrize(
    ("first", "second", "host", "world"),
    [(".world draft", ".host wasmtime", "native", "draft"), (".host wasmtime", ".world draft", "wasmtime", "0.2")],
)
def test_a_host_without_the_world(enter: Fed, first: str, second: str, host: str, world: str) -> None:
    enter(first)
    assert enter(second)[-1] == "the host wasmtime has the world 0.2, not draft"
    assert (enter.repl.host, enter.repl.world) == (host, world)
    assert (enter.repl.session.host.name, enter.repl.session.host.world.name) == (host, world)
    assert enter(".handles") == ["no live handles"]


def test_no_networks_with_rules(enter: Fed) -> None:
    enter(".host wasmtime")
    assert enter(".network fenced all")[-1].startswith(".network: the host wasmtime has no networks with rules")
