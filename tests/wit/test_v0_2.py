"""What only the 0.2 world promises: its codes and errors, and its choices."""

from __future__ import annotations

import pytest

from tests.wit.documented import read
from wasinet.wit import Function, Note, load

WORLD = load("0.2")
FUNCTIONS = list(WORLD.functions.values())

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.qualified)


def test_no_function_needs_its_interface_to_be_found() -> None:
    assert set(WORLD.functions) == {function.name for function in FUNCTIONS}


def test_error_codes_are_the_enum_in_its_order() -> None:
    enum = read("0.2.json")["wasi:sockets@0.2.12"]["network"]["types"]["error-code"]["enum"]
    assert [code.name for code in WORLD.error_codes] == enum


@every_function
def test_errors_are_the_documented_ones_in_order(function: Function) -> None:
    documented = read("errors.json")["0.2"].get(function.interface, {}).get(function.name, [])
    assert [[error.code, list(error.errnos)] for error in function.errors] == documented


def test_no_documented_function_was_missed() -> None:
    documented = {
        f"{interface}.{name}" for interface, functions in read("errors.json")["0.2"].items() for name in functions
    }
    assert documented <= {function.qualified for function in FUNCTIONS}


@every_function
def test_the_receiver_is_the_resource_in_the_name(function: Function) -> None:
    resource = function.name.rpartition(".")[0]
    assert (function.resource.name if function.resource is not None else "") == resource


def test_the_states_of_the_address_getters_and_of_the_backlog() -> None:
    def states(name: str) -> set[str]:
        return set(WORLD.functions[name].states or ())

    tcp = set(WORLD.machines["tcp-socket"].states)
    assert states("tcp-socket.local-address") == tcp - {"unbound", "bind-in-progress", "closed"}
    assert states("tcp-socket.remote-address") == {"connected"}
    assert states("tcp-socket.set-listen-backlog-size") == tcp - {"connect-in-progress", "connected", "closed"}
    assert states("tcp-socket.hop-limit") == tcp - {"closed"}
    assert states("udp-socket.local-address") == {"bound", "connected"}
    assert states("udp-socket.remote-address") == {"connected"}
    assert states("udp-socket.unicast-hop-limit") == set(WORLD.machines["udp-socket"].states)


def test_only_calls_that_say_so_wait() -> None:
    assert {function.name for function in FUNCTIONS if function.blocking} == {"poll", "pollable.block"} | {
        function.name for function in FUNCTIONS if function.member.startswith("blocking-")
    }


def test_only_the_network_error_code_is_unstable() -> None:
    assert {function.name: function.since for function in FUNCTIONS if function.since} == {
        "network-error-code": "unstable network-error-code"
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tcp-socket.start-bind", "finish-bind"),
        ("tcp-socket.start-bind", "concurrency-conflict"),
        ("tcp-socket.start-connect", "leaves the socket closed"),
        ("tcp-socket.local-address", "while the socket connects"),
        ("tcp-socket.subscribe", "drop the children first"),
        ("tcp-socket.shutdown", "sends no FIN"),
        ("udp-socket.stream", "traps"),
        ("incoming-datagram-stream.receive", "thrown away"),
        ("outgoing-datagram-stream.send", "ok(0)"),
        ("poll", "traps"),
        ("resolve-addresses", "127.1"),
        ("network-error-code", "Wasmtime 47"),
        ("network-error-code", "EPIPE"),
        ("tcp-socket.receive-buffer-size", "doubles"),
        ("tcp-socket.set-keep-alive-interval", "whole seconds"),
        ("output-stream.write", "one call"),
        ("output-stream.blocking-write-and-flush", "4096"),
    ],
)
def test_where_the_texts_leave_a_choice_a_note_stands(name: str, words: str) -> None:
    notes: tuple[Note, ...] = WORLD.functions[name].notes
    assert any(words in note.text for note in notes)
