"""Every world's declarations against the facts, and against what every declaration must have."""

from __future__ import annotations

import re

import pytest

from tests.wit.documented import MACHINES, machine
from wasinet.wit import DECLARED_NAMES, ErrorCode, Function, Machine, World, load
from wasinet.wit.machine import ERROR, OK_OUTCOME, TERMINATED, WOULD_BLOCK
from wasinet.wit.types import Resource, handle_of

WORLDS = [load(name) for name in DECLARED_NAMES]

ERROR_TYPES = {"0.2": "error-code", "draft": "error", "0.2-command": "error-code"}
COUNTS = {"0.2": 76, "draft": 71, "0.2-command": 126}

TWICE = {"0.2": [], "draft": [], "0.2-command": ["error-code"]}
"""Names of two types, each in an interface of its own."""

NEED_NO_STATE = {"non-blocking", "set-non-blocking"}
"""What can fail by its type but answers in every state."""

NO_COUNTERPART = {
    "0.2": {"output-stream.flush", "output-stream.blocking-flush", "instance-network"},
    "draft": {
        "drop-network",
        "instance-network",
        "drop-pollable",
        "drop-input-stream",
        "drop-output-stream",
        "ip-name-lookup.non-blocking",
        "ip-name-lookup.set-non-blocking",
    },
    "0.2-command": {"output-stream.flush", "output-stream.blocking-flush", "instance-network"},
}

every_world = pytest.mark.parametrize("world", WORLDS, ids=DECLARED_NAMES)
every_code = pytest.mark.parametrize(
    "code",
    [pytest.param(code, id=f"{world.name} {code.name}") for world in WORLDS for code in world.error_codes],
)
every_machine = pytest.mark.parametrize(("name", "resource"), MACHINES)


def codes(world: World) -> set[str]:
    return {code.name for code in world.error_codes}


def machine_of(world: World, function: Function) -> Machine | None:
    return None if function.receiver is None else world.machines.get(function.receiver.name)


@every_world
def test_all_functions_are_there_and_have_keys_of_their_own(world: World) -> None:
    functions = [f for interface in world.interfaces if not interface.exported for f in interface.functions]
    assert len(functions) == COUNTS[world.name] == len(world.functions)
    assert len({function.qualified for function in functions}) == len(functions)
    assert list(world.functions.values()) == functions


@every_code
def test_each_code_says_what_it_means_and_what_to_do(code: ErrorCode) -> None:
    assert code.meaning.endswith(".")
    assert code.advice.endswith(".")
    assert code.meaning != code.advice
    assert all(re.fullmatch(r"E[A-Z_]+", errno) for errno in code.errnos)


@every_world
def test_it_knows_the_interface_that_declares_it(world: World) -> None:
    for function in world.functions.values():
        (declaring,) = [interface for interface in world.interfaces if function in interface.functions]
        assert function.interface == declaring.name


@every_world
def test_the_summary_is_one_sentence(world: World) -> None:
    for function in world.functions.values():
        assert re.fullmatch(r"[A-Z][^.]*\.", function.summary.replace("0.0.0.0", "").replace("0.2", ""))


@every_world
def test_each_error_is_a_code_of_the_enum_with_a_clause_that_says_when(world: World) -> None:
    for function in world.functions.values():
        assert not function.errors or str(function.err) == ERROR_TYPES[world.name]
        for error in function.errors:
            assert error.code in codes(world)
            assert re.fullmatch(r"[a-z].*[^.]", error.when)
        whens = [(error.code, error.when) for error in function.errors]
        assert len(set(whens)) == len(whens)


@every_world
def test_notes_are_sentences_that_name_their_text(world: World) -> None:
    for function in world.functions.values():
        for note in function.notes:
            assert note.text.endswith(".")
            assert note.clause
        assert len(set(function.notes)) == len(function.notes)


@every_world
def test_states_are_declared_or_derived_never_both(world: World) -> None:
    for function in world.functions.values():
        machine = machine_of(world, function)
        if machine is None or machine.moves(function.member):
            assert function.states is None
        elif str(function.err) == ERROR_TYPES[world.name] and function.member not in NEED_NO_STATE:
            assert function.states
            assert [state for state in machine.states if state in function.states] == list(function.states)
        else:
            assert function.states is None


@every_world
def test_everything_that_has_a_posix_counterpart_names_it(world: World) -> None:
    assert {key for key, function in world.functions.items() if not function.posix} == NO_COUNTERPART[world.name]


@every_world
def test_every_type_is_declared_once_under_its_own_name(world: World) -> None:
    names = [name for interface in world.interfaces for name in interface.types]
    assert sorted(names) == sorted([*set(names), *TWICE[world.name]])
    for interface in world.interfaces:
        assert [str(type_) for type_ in interface.types.values()] == list(interface.types)
    assert all(isinstance(resource, Resource) for resource in world.resources.values())


@every_world
def test_every_handle_that_a_function_takes_is_of_a_declared_resource(world: World) -> None:
    for function in world.functions.values():
        for _, type_ in function.arguments:
            resource = handle_of(type_)
            assert resource is None or world.resources[resource.name] == resource


@every_machine
def test_the_rows_are_the_documented_ones(name: str, resource: str) -> None:
    found = load(name).machines[resource]
    documented = machine(name, resource)
    assert [[row.state, row.function, row.outcome, row.next] for row in found.rows] == documented["transitions"]
    assert found.resource == resource
    assert list(found.states) == documented["states"]
    assert found.initial == documented["initial"]
    assert found.source == documented["source"]
    assert found.refusals == documented["wrong-state"]
    assert found.ready == {state: "always" if when is True else when for state, when in documented["ready"].items()}


@every_machine
def test_each_cell_has_one_outcome_of_a_kind_and_leads_to_a_state(name: str, resource: str) -> None:
    found = load(name).machines[resource]
    cells = [(row.state, row.function, row.outcome) for row in found.rows]
    assert len(set(cells)) == len(cells)
    assert {row.state for row in found.rows} | {row.next for row in found.rows} <= set(found.states)
    assert {row.outcome for row in found.rows if row.function != TERMINATED} <= {OK_OUTCOME, WOULD_BLOCK, ERROR}
    assert found.accepted is None or found.accepted in found.states


@every_machine
def test_every_function_with_rows_is_declared(name: str, resource: str) -> None:
    world = load(name)
    found = world.machines[resource]
    declared = {function.member for function in world.methods(resource)}
    assert {row.partition("(")[0] for row in found.functions} <= declared
    assert found.creation in world.functions


@every_machine
def test_every_state_has_a_meaning(name: str, resource: str) -> None:
    found = load(name).machines[resource]
    assert found.meanings is not None
    assert list(found.meanings) == list(found.states)
    assert all(meaning.endswith(".") for meaning in found.meanings.values())


@every_machine
def test_refusals_are_precise_codes(name: str, resource: str) -> None:
    # The engine's codes are those of 0.2; a world with fewer shows what it has.
    assert set(load(name).machines[resource].refusals.values()) <= codes(load("0.2"))
