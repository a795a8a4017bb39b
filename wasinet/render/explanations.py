"""What a name of a world stands for, gathered from the declarations as plain data: what ``explain --json`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wasinet.wit import WORLD_NAMES, load
from wasinet.wit.compare import PAIRS
from wasinet.wit.declare import Error, Function, World
from wasinet.wit.machine import Machine

__all__ = ["Explanation", "comparisons", "explanations", "known_names"]

Explanation = dict[str, Any]
"""``kind`` says what it is: ``function``, ``functions`` (several), ``error-code``, ``state``
or ``comparison``."""


def explanations(world: World, name: str) -> list[Explanation]:
    """Everything of this name; empty if there is nothing.

    A function may be written with its interface (``tcp.tcp-socket.start-bind``), with its package
    (``wasi:sockets/tcp``, then ``#`` or ``.`` or ``/``), or without its resource (``start-bind``).
    """
    name = name.strip().removesuffix("()")
    found: list[Explanation] = []
    functions = _functions(world, name) if name else []
    if len(functions) == 1:
        found.append(_function(world, functions[0]))
    elif functions:
        found.append(_several(world, name, functions))
    code = world.code(name)
    if code is not None:
        found.append(
            {
                "kind": "error-code",
                "name": code.name,
                "meaning": code.meaning,
                "advice": code.advice,
                "errnos": list(code.errnos),
                "functions": _given_by(world, name),
            }
        )
    found += (_state(world, machine, name) for machine in world.machines.values() if name in machine.states)
    return found


def comparisons(name: str) -> list[Explanation]:
    """What every world has for the functions of this name, whichever world it is a name of."""
    name = name.strip().removesuffix("()")
    worlds = {world: load(world) for world in WORLD_NAMES}
    wanted = {world: {f.qualified for f in _functions(declared, name)} for world, declared in worlds.items() if name}
    found: list[Explanation] = []
    for pair in PAIRS:
        sides = {world: [worlds[world].find(one) for one in names] for world, names in pair.items()}
        if any(f is not None and f.qualified in wanted.get(world, ()) for world, fs in sides.items() for f in fs):
            found.append(
                {
                    "kind": "comparison",
                    "name": name,
                    "worlds": {
                        world: [_function(worlds[world], f) for f in fs if f is not None] for world, fs in sides.items()
                    },
                }
            )
    return found


def known_names(world: World) -> list[str]:
    """All names that have an explanation, in their shortest and longer forms."""
    names: dict[str, None] = {}
    for key, function in world.functions.items():
        names |= dict.fromkeys((key, function.name, function.member))
    names |= dict.fromkeys(code.name for code in world.error_codes)
    for machine in world.machines.values():
        names |= dict.fromkeys(machine.states)
    names |= dict.fromkeys(function.interface for function in world.functions.values())
    names |= dict.fromkeys(world.resources)
    return list(names)


def _functions(world: World, name: str) -> list[Function]:
    name = name.replace("[method]", "")
    function = world.find(name)
    if function is not None:
        return [function]
    every = list(world.functions.values())
    packages = {interface.name: package.name for package in world.packages for interface in package.interfaces}
    for f in every:
        package, _, version = packages[f.interface].partition("@")
        paths = (f"{package}/{f.interface}", f"{package}/{f.interface}@{version}")
        if any(name == f"{path}{mark}{f.name}" for path in paths for mark in "#./"):
            return [f]
    members = [f for f in every if name in (f.member, f"{f.interface}.{f.member}")]
    return members or [f for f in every if name in (f.interface, f.receiver.name if f.receiver is not None else "")]


def _several(world: World, name: str, functions: Iterable[Function]) -> Explanation:
    return {
        "kind": "functions",
        "name": name,
        "functions": [_declared(world, f) for f in functions],
    }


def _declared(world: World, function: Function) -> Explanation:
    # In a world whose interfaces share names, the interface belongs to the name.
    name = function.name if world.functions.get(function.name) is function else function.qualified
    return {
        "name": name,
        "signature": name + function.signature().removeprefix(function.name),
        "params": [[name, str(type_)] for name, type_ in function.params],
        "result": None if function.result is None else str(function.result),
        "summary": function.summary,
    }


def _machine_of(world: World, function: Function) -> Machine | None:
    return None if function.receiver is None else world.machines.get(function.receiver.name)


def _function(world: World, function: Function) -> Explanation:
    machine = _machine_of(world, function)
    states = world.states_of(function)
    variants = () if machine is None else machine.variants(function.member)
    rows = [] if machine is None else [row for row in machine.rows if row.function in variants]
    package = next(p.name for p in world.packages if any(i.name == function.interface for i in p.interfaces))
    path, at, version = package.partition("@")
    return {
        "kind": "function",
        **_declared(world, function),
        "interface": f"{path}/{function.interface}{at}{version}",
        "posix": function.posix,
        "blocking": function.blocking,
        "since": function.since,
        "states": None if states is None else list(states),
        "other_states": [] if machine is None or states is None else [s for s in machine.states if s not in states],
        "refusal": None if machine is None or states is None else machine.refusal(function.member),
        "transitions": [[row.state, row.function, row.outcome, row.next] for row in rows],
        "errors": [_error(world, error) for error in function.errors],
        "notes": [{"text": note.text, "clause": note.clause} for note in function.notes],
    }


def _error(world: World, error: Error) -> dict[str, Any]:
    code = world.code(error.code)
    return {
        "code": error.code,
        "when": error.when,
        "errnos": list(error.errnos),
        "advice": "" if code is None else code.advice,
    }


def _given_by(world: World, code: str) -> list[dict[str, Any]]:
    return [
        {"function": key, "when": error.when, "errnos": list(error.errnos)}
        for key, function in world.functions.items()
        for error in function.errors
        if error.code == code
    ]


def _state(world: World, machine: Machine, state: str) -> Explanation:
    allowed = [
        function.name
        for function in world.methods(machine.resource)
        if not machine.moves(function.member) and state in (world.states_of(function) or (state,))
    ]
    return {
        "kind": "state",
        "name": state,
        "resource": machine.resource,
        "meaning": (machine.meanings or {}).get(state, ""),
        "ready": machine.ready.get(state, ""),
        "reached": [[r.state, r.function, r.outcome] for r in machine.rows if r.next == state and r.state != state],
        "created": [
            how
            for how, begins in ((machine.creation, machine.initial), ("accept", machine.accepted))
            if begins == state
        ],
        "transitions": [[row.function, row.outcome, row.next] for row in machine.rows if row.state == state],
        "functions": allowed,
        "refusals": dict(machine.refusals),
    }
