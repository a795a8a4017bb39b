"""The declarations of 0.2 against the facts, and against what every declaration must have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from wasinet.wit import ErrorCode, Function, Machine, Note, load
from wasinet.wit.types import Resource

DATA = Path(__file__).parent.parent / "data"
WORLD = load("0.2")
FUNCTIONS = list(WORLD.functions.values())
CODES = {code.name for code in WORLD.error_codes}

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.qualified)
every_machine = pytest.mark.parametrize(
    ("machine", "file"),
    [(WORLD.machines["tcp-socket"], "tcp-states.json"), (WORLD.machines["udp-socket"], "udp-states.json")],
    ids=["tcp", "udp"],
)


def read(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def machine_of(function: Function) -> Machine | None:
    return None if function.resource is None else WORLD.machines.get(function.resource.name)


def test_all_76_functions_are_there_and_have_names_of_their_own() -> None:
    assert len(FUNCTIONS) == 76
    assert len({function.qualified for function in FUNCTIONS}) == 76
    assert set(WORLD.functions) == {function.name for function in FUNCTIONS}


def test_error_codes_are_the_enum_in_its_order() -> None:
    enum = read("0.2.json")["wasi:sockets@0.2.12"]["network"]["types"]["error-code"]["enum"]
    assert [code.name for code in WORLD.error_codes] == enum


@pytest.mark.parametrize("code", WORLD.error_codes, ids=lambda code: code.name)
def test_each_code_says_what_it_means_and_what_to_do(code: ErrorCode) -> None:
    assert code.meaning.endswith(".")
    assert code.advice.endswith(".")
    assert code.meaning != code.advice
    assert all(re.fullmatch(r"E[A-Z_]+", errno) for errno in code.errnos)


@every_function
def test_the_summary_is_one_sentence(function: Function) -> None:
    assert re.fullmatch(r"[A-Z][^.]*\.", function.summary.replace("0.0.0.0", "").replace("0.2", ""))


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
def test_each_error_is_a_code_of_the_enum_with_a_clause_that_says_when(function: Function) -> None:
    assert not function.errors or str(function.err) == "error-code"
    for error in function.errors:
        assert error.code in CODES
        assert re.fullmatch(r"[a-z].*[^.]", error.when)
    whens = [(error.code, error.when) for error in function.errors]
    assert len(set(whens)) == len(whens)


@every_function
def test_notes_are_sentences_that_name_their_text(function: Function) -> None:
    for note in function.notes:
        assert note.text.endswith(".")
        assert note.clause
    assert len(set(function.notes)) == len(function.notes)


@every_function
def test_states_are_declared_or_derived_never_both(function: Function) -> None:
    machine = machine_of(function)
    if machine is None:
        assert function.states is None
        return
    if machine.moves(function.member):
        assert function.states is None
    elif str(function.err) == "error-code":
        assert function.states
        assert [state for state in machine.states if state in function.states] == list(function.states)
    else:
        assert function.states is None


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


def test_everything_that_has_a_posix_counterpart_names_it() -> None:
    without = {"output-stream.flush", "output-stream.blocking-flush", "instance-network"}
    assert {function.name for function in FUNCTIONS if not function.posix} == without


def test_every_type_is_declared_once_under_its_own_name() -> None:
    names = [name for interface in WORLD.interfaces for name in interface.types]
    assert len(set(names)) == len(names)
    for interface in WORLD.interfaces:
        assert [str(type_) for type_ in interface.types.values()] == list(interface.types)
    assert all(isinstance(resource, Resource) for resource in WORLD.resources.values())


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


@every_machine
def test_the_rows_are_the_documented_ones(machine: Machine, file: str) -> None:
    documented = read(file)["0.2"]
    assert [[row.state, row.function, row.outcome, row.next] for row in machine.rows] == documented["transitions"]
    assert list(machine.states) == documented["states"]
    assert machine.initial == documented["initial"]
    assert machine.source == documented["source"]
    assert machine.refusals == documented["wrong-state"]
    assert machine.ready == {state: "always" if when is True else when for state, when in documented["ready"].items()}


@every_machine
def test_each_cell_has_one_outcome_of_a_kind_and_leads_to_a_state(machine: Machine, file: str) -> None:
    cells = [(row.state, row.function, row.outcome) for row in machine.rows]
    assert len(set(cells)) == len(cells)
    assert {row.state for row in machine.rows} | {row.next for row in machine.rows} <= set(machine.states)
    assert machine.accepted is None or machine.accepted in machine.states


@every_machine
def test_every_function_with_rows_is_declared(machine: Machine, file: str) -> None:
    declared = {function.member for function in WORLD.methods(machine.resource)}
    assert {name.partition("(")[0] for name in machine.functions} <= declared
    assert machine.creation in WORLD.functions


@every_machine
def test_every_state_has_a_meaning(machine: Machine, file: str) -> None:
    assert machine.meanings is not None
    assert list(machine.meanings) == list(machine.states)
    assert all(meaning.endswith(".") for meaning in machine.meanings.values())


@every_machine
def test_refusals_are_codes(machine: Machine, file: str) -> None:
    assert set(machine.refusals.values()) <= CODES
