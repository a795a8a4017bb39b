"""The 0.2 world: every declared function is there, and errors have its shapes."""

from __future__ import annotations

import pytest

from tests.support import connected_to_peer, need, reset, wait_ready
from wasinet.engine.resource import Resource
from wasinet.hosts.native import NativeHost
from wasinet.wit.values import Case, Err, Some
from wasinet.worlds.v0_2 import RESOURCES, WORLD, operations


def test_every_function_is_bound(host: NativeHost) -> None:
    assert operations(host.engine).keys() == WORLD.functions.keys()
    assert len(WORLD.functions) == 76


def test_every_resource_has_a_class_of_its_own() -> None:
    assert RESOURCES.keys() == WORLD.resources.keys()
    assert all(issubclass(cls, Resource) and cls.kind == kind for kind, cls in RESOURCES.items())


def test_socket_errors_are_codes(host: NativeHost) -> None:
    sock = need(host.call("create-tcp-socket", "ipv4"))
    assert host.call("tcp-socket.set-hop-limit", sock, 0) == Err("invalid-argument")


def test_stream_errors_are_a_variant_with_an_error_handle(host: NativeHost) -> None:
    client, peer = connected_to_peer(host)
    reset(peer)
    wait_ready(host, client.rx, "input-stream")
    outcome = host.call("input-stream.read", client.rx, 1)
    assert isinstance(outcome, Err)
    assert outcome.value.name == "last-operation-failed"
    error = outcome.value.payload
    assert host.call("network-error-code", error) == Some("connection-reset")
    assert "connection-reset" in host.call("error.to-debug-string", error)
    assert host.state(error) == "connection-reset"
    assert outcome.errno is not None
    assert host.call("input-stream.read", client.rx, 1) == Err(Case("closed"))


@pytest.mark.parametrize("function", [name for name, f in WORLD.functions.items() if not f.params and not f.resource])
def test_functions_without_arguments_answer(host: NativeHost, function: str) -> None:
    assert host.call(function) > 0
