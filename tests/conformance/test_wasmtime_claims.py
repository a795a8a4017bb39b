"""What is said of Wasmtime that no script can show, or that is not so: the list in ``docs/compare-hosts.md``."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.conformance.support import BOTH, judge
from tests.conformance.test_compare import LISTEN
from wasinet.conformance.compare import compare
from wasinet.hosts import make_host
from wasinet.script.transcript import Transcript
from wasinet.wit.values import Err

pytestmark = pytest.mark.usefixtures("wasmtime_runtime")

REFUSED = """
> c = create-tcp-socket(ipv4)
> c.start-connect(net, 127.0.0.1:1)
> !retry c.finish-connect()
> c.is-listening()
> c.address-family()
> c.hop-limit()
> c.keep-alive-enabled()
> c.receive-buffer-size()
"""
CLAMPS = """
> s = create-tcp-socket(ipv4)
> s.set-keep-alive-idle-time(40000s)
> s.keep-alive-idle-time()
> s.set-keep-alive-interval(40000s)
> s.keep-alive-interval()
> s.set-keep-alive-count(200)
> s.keep-alive-count()
> s.set-receive-buffer-size(1)
> s.receive-buffer-size()
"""
PERMITS = "".join(
    f"> u{n} = create-udp-socket(ipv4)\n> u{n}.start-bind(net, 127.0.0.1:0)\n> !retry u{n}.finish-bind()\n"
    f"> (in{n}, out{n}) = u{n}.stream(none)\n> out{n}.check-send()\n"
    for n in range(1, 31)
)


ADDRESSES = """
> c = create-tcp-socket(ipv4)
> c.start-connect(net, 127.0.0.1:1)
> !retry c.finish-connect()
> c.local-address()
> c.remote-address()
"""


def test_after_a_refused_connection_the_address_getters_may_answer_or_refuse() -> None:
    found = compare(Transcript.parse(ADDRESSES), [partial(make_host, host) for host in BOTH], judge(BOTH))
    assert [(one.verdict.kind, one.verdict.known) for one in found.differences] == [("allowed", "")] * 2


@pytest.mark.parametrize("text", [REFUSED, CLAMPS, LISTEN], ids=["refused", "clamps", "listen"])
def test_it_is_as_on_the_native_host(text: str) -> None:
    found = compare(Transcript.parse(text), [partial(make_host, host) for host in BOTH], judge(BOTH))
    assert found.differences == ()
    assert found.calls == text.count(">")


def test_a_permit_that_takes_a_moment_is_waited_for() -> None:
    found = compare(Transcript.parse(PERMITS), [partial(make_host, host) for host in BOTH], judge(BOTH))
    assert {one.verdict.known for one in found.differences} == {"send-permit"}


def test_a_lookup_that_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    from wasmtime import _bindings

    def network_only(config: Any) -> None:
        _bindings.wasi_config_inherit_network(config.ptr())

    monkeypatch.setattr("wasinet.hosts.runtime._grant", network_only)
    host = make_host("wasmtime")
    try:
        network = host.call("instance-network")
        assert host.call("resolve-addresses", network, "name.test") == Err("permanent-resolver-failure")
    finally:
        host.close()
    declared = {error.code for error in host.world.functions["resolve-addresses"].errors}
    assert "permanent-resolver-failure" not in declared
