from __future__ import annotations

from wasinet.wit import Function, Interface, Package, World, load
from wasinet.wit.types import U64, Alias, Borrow, Resource


def test_functions_are_found_by_name_and_by_qualified_name() -> None:
    world = load("0.2")
    found = world.find("tcp-socket.start-bind")
    assert found is not None
    assert found is world.find("tcp.tcp-socket.start-bind")
    assert found.member == "start-bind"
    assert world.find("tcp-socket.fly") is None


def test_names_that_two_interfaces_share_are_keyed_with_their_interface() -> None:
    def now(interface: str) -> Interface:
        return Interface(interface, functions=(Function(interface, "now", (), U64, "Reads the clock."),))

    world = World("x", (Package("wasi:clocks@0.2.12", (now("monotonic-clock"), now("wall-clock"))),), {}, ())
    assert list(world.functions) == ["monotonic-clock.now", "wall-clock.now"]
    assert world.find("now") is None
    assert world.find("wall-clock.now") is world.interfaces[1].functions[0]


def test_signature_and_arguments() -> None:
    function = load("0.2").functions["tcp-socket.set-keep-alive-interval"]
    assert function.signature() == "tcp-socket.set-keep-alive-interval(value: duration) -> result<_, error-code>"
    assert function.arguments == (
        ("self", Borrow(Resource("tcp-socket"))),
        ("value", Alias("duration", U64)),
    )
    assert str(function.err) == "error-code"


def test_a_function_without_a_result_has_a_short_signature() -> None:
    function = load("0.2").functions["pollable.block"]
    assert function.signature() == "pollable.block()"
    assert function.err is None


def test_resources_and_their_methods() -> None:
    world = load("0.2")
    assert "resolve-address-stream" in world.resources
    assert [function.member for function in world.methods("pollable")] == ["ready", "block"]


def test_states_come_from_the_rows_or_from_the_declaration() -> None:
    world = load("0.2")
    assert world.states_of(world.functions["tcp-socket.accept"]) == ("listening",)
    assert world.states_of(world.functions["udp-socket.stream"]) == ("bound", "connected")
    assert world.states_of(world.functions["tcp-socket.remote-address"]) == ("connected",)
    assert world.states_of(world.functions["tcp-socket.is-listening"]) is None


def test_states_of_plain_functions_come_from_the_machine_of_their_handle() -> None:
    world = load("draft")
    assert world.states_of(world.functions["listen"]) == ("unbound", "bound")
    assert world.states_of(world.functions["udp.connect"]) == ("unbound", "bound", "connected")
    assert world.states_of(world.functions["receive"]) == ("bound", "connected")
    assert world.states_of(world.functions["tcp.non-blocking"]) is None


def test_codes_are_found_by_name() -> None:
    code = load("0.2").code("would-block")
    assert code is not None
    assert code.name == "would-block"
    assert load("0.2").code("again") is None
    assert load("draft").code("again") is not None
