"""What could be entered next, best first, and which call is being typed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from wasinet.repl.commands import COMMANDS, find_command
from wasinet.script.cursor import Cursor, look
from wasinet.script.names import DROP, NET
from wasinet.script.reader import fits
from wasinet.script.syntax import Name, split_pipe
from wasinet.wit.data import Data
from wasinet.wit.declare import Function
from wasinet.wit.types import BOOL, Enum, Flags, Option, Result, Type, Variant, handle_of, resolve

if TYPE_CHECKING:
    from wasinet.repl.repl import Repl

__all__ = ["Candidate", "candidates", "current_call"]

_MOST = 100
"""More than this nobody reads in a menu; the rest comes with another letter."""


class Candidate(Data):
    """Something that could be entered.

    Args:
        text: of it.
        start: where it begins in the text; what is there up to the cursor is replaced.
        help: beside it.
        legal: False for a function that the receiver's state refuses.
    """

    text: str
    start: int
    help: str = ""
    legal: bool = True


def candidates(repl: Repl, text: str, position: int) -> list[Candidate]:
    """What could stand at the cursor, the likeliest first."""
    before = text[:position]
    if split_pipe(before)[1] is not None:
        return []
    head = before.lstrip()
    if head[:1] in (".", "\\"):
        return list(_dot(repl, before, len(before) - len(head)))
    cursor = look(text, position, repl.session.names, repl.session)
    return _take(_calls(repl, cursor, text[position : position + 1]), cursor.place.word)


def _take(found: Iterable[Candidate], word: str) -> list[Candidate]:
    """Those that begin with what has been typed, then those that have it inside."""
    starts: list[Candidate] = []
    inside: list[Candidate] = []
    for candidate in found:
        if candidate.text.startswith(word):
            starts.append(candidate)
            if len(starts) >= _MOST:
                break
        elif len(word) > 1 and word in candidate.text:
            inside.append(candidate)
    # Legal before illegal, however well the word fits.
    both = [*starts, *inside]
    return [c for c in both if c.legal][:_MOST] + [c for c in both if not c.legal]


def _calls(repl: Repl, cursor: Cursor, after: str) -> Iterator[Candidate]:
    kind, start = cursor.place.kind, cursor.place.start
    if kind == "start":
        yield from _beginnings(repl, start, after)
    elif kind == "member" and cursor.receiver is not None:
        if cursor.resource:
            yield from _members(repl, cursor, start, after)
        else:
            yield from _inside(repl, cursor.receiver.text, start, after)
    elif kind == "argument":
        yield from _values(repl, cursor, start)


def _opened(name: str, function: Function, after: str, *, method: bool) -> str:
    if after == "(":
        return name
    return f"{name}(" if (function.inputs if method else function.arguments) else f"{name}()"


def _beginnings(repl: Repl, start: int, after: str) -> Iterator[Candidate]:
    """Functions without a receiver, the variables that have some, and interfaces."""
    session = repl.session
    functions = session.host.world.functions
    for key, function in functions.items():
        if "." not in key and function.receiver is None:
            yield Candidate(_opened(key, function, after, method=False), start, function.summary)
    yield Candidate(DROP if after == "(" else f"{DROP}(", start, "Dispose of a handle.")
    for name, variable in reversed(session.variables.items()):
        resource = handle_of(variable.type)
        if resource is not None and name != NET:
            state = session.host.state(variable.value)
            yield Candidate(f"{name}.", start, f"{resource.name} {state}".rstrip())
    seen: dict[str, None] = {}
    for key, function in functions.items():
        if "." in key and function.resource is None:
            seen.setdefault(function.interface)
    for interface in seen:
        yield Candidate(f"{interface}.", start, "interface")
    if not session.host.world.functions:
        return
    for key, function in functions.items():
        if "." not in key and function.receiver is not None:
            yield Candidate(_opened(key, function, after, method=False), start, function.summary)


def _members(repl: Repl, cursor: Cursor, start: int, after: str) -> Iterator[Candidate]:
    """The functions of a receiver: those that its state allows, those that move it on first."""
    session = repl.session
    world = session.host.world
    machine = world.machines.get(cursor.resource)
    state = _state(repl, cursor.receiver)
    ranked: list[tuple[int, Candidate]] = []
    for member, (_, function) in session.names.methods.get(cursor.resource, {}).items():
        states = world.states_of(function)
        legal = not state or states is None or state in states
        moves = machine is not None and machine.moves(member)
        helps = function.summary if legal or states is None else f"needs {' or '.join(states[:3])}"
        rank = (0 if moves else 1) if legal else 2
        ranked.append((rank, Candidate(_opened(member, function, after, method=True), start, helps, legal)))
    ranked.sort(key=lambda entry: entry[0])
    for _, candidate in ranked:
        yield candidate


def _state(repl: Repl, receiver: Name | None) -> str:
    """The receiver's state; empty where it has none, or will get it on this line."""
    if receiver is None:
        return ""
    if receiver.text.startswith("#"):
        return repl.session.host.state(int(receiver.text[1:]))
    found = repl.session.variables.get(receiver.text)
    return "" if found is None or not isinstance(found.value, int) else repl.session.host.state(found.value)


def _inside(repl: Repl, interface: str, start: int, after: str) -> Iterator[Candidate]:
    """The functions of an interface."""
    for qualified, (_, function) in repl.session.names.functions.items():
        if qualified.startswith(f"{interface}.") and function.qualified == qualified:
            name = qualified[len(interface) + 1 :]
            yield Candidate(_opened(name, function, after, method=False), start, function.summary)


def _values(repl: Repl, cursor: Cursor, start: int) -> Iterator[Candidate]:
    """Cases and words of the types that fit, and the variables of these types."""
    session = repl.session
    statement = cursor.place.statement
    if statement is not None and statement.callee == DROP:
        for name, variable in reversed(session.variables.items()):
            resource = handle_of(variable.type)
            if resource is not None:
                yield Candidate(name, start, resource.name)
        return
    given: set[str] = set()
    for type_ in cursor.wanted:
        for word, helps in _words(type_):
            if word not in given:
                given.add(word)
                yield Candidate(word, start, helps)
    wanted = cursor.wanted[:1] + tuple(t for t in cursor.wanted[1:] if handle_of(t) is not None)
    fitting: dict[int, bool] = {}
    names = list(dict.fromkeys([*cursor.scope.types, *reversed(session.variable_names())]))
    for name in names:
        type_of = cursor.scope.type_of(name)
        if type_of is None or name in given:
            continue
        fit = fitting.get(id(type_of))
        if fit is None:
            fit = fitting[id(type_of)] = any(_fits(type_of, type_) for type_ in wanted)
        if fit:
            resource = handle_of(type_of)
            yield Candidate(name, start, str(type_of) if resource is None else resource.name)


def _fits(have: Type, want: Type) -> bool:
    mine, theirs = handle_of(have), handle_of(want)
    if mine is not None and theirs is not None:
        return mine.name == theirs.name
    return fits(have, want) is not None


def _words(type_: Type) -> Iterator[tuple[str, str]]:
    plain = resolve(type_)
    match plain:
        case Enum():
            yield from ((case, plain.name) for case in plain.cases)
        case Flags():
            yield from ((flag, plain.name) for flag in plain.flags)
        case Variant():
            yield from ((case if of is None else f"{case}(", plain.name) for case, of in plain.cases)
        case Option():
            yield from _words(plain.payload)
            yield "none", str(plain)
            yield "some(", str(plain)
        case Result():
            yield ("ok" if plain.ok is None else "ok("), str(plain)
            yield ("err" if plain.err is None else "err("), str(plain)
        case _ if plain == BOOL:
            yield "true", "bool"
            yield "false", "bool"


# Dot commands


def _dot(repl: Repl, before: str, indent: int) -> Iterator[Candidate]:
    text = before[indent:]
    name, blank, rest = text[1:].partition(" ")
    if not blank:
        for command in COMMANDS.values():
            if command.name.startswith(name):
                more = " " if command.arguments else ""
                yield Candidate(f"{text[0]}{command.name}{more}", indent, command.help)
        return
    found = find_command(name)
    if found is None or not found.completes:
        return
    rest = rest.lstrip()
    # The last one has all that is left, blanks included.
    words = rest.split(" ", len(found.completes) - 1)
    kind = found.completes[min(len(words), len(found.completes)) - 1]
    if kind == "call":
        call = rest.partition(" ")[2]
        offset = len(before) - len(call)
        for candidate in candidates(repl, call, len(call)):
            yield Candidate(candidate.text, candidate.start + offset, candidate.help, candidate.legal)
        return
    word = words[-1]
    start = len(before) - len(word)
    quote = word[:1] if kind == "file" and word[:1] in ("'", '"') else ""
    word = word.removeprefix(quote)
    taken = 0
    for text, helps in _arguments(repl, kind, word):
        if text.startswith(word):
            if kind == "file" and (quote or " " in text):
                # A folder is not the end of the name.
                mark = quote or '"'
                text = f"{mark}{text}{'' if text.endswith('/') else mark}"
            yield Candidate(text, start, helps)
            taken += 1
            if taken >= _MOST:
                return


def _arguments(repl: Repl, kind: str, word: str) -> Iterator[tuple[str, str]]:
    session = repl.session
    world = session.host.world
    if "|" in kind:
        yield from ((choice, "") for choice in kind.split("|"))
    elif kind == "world":
        from wasinet.wit import WORLD_NAMES

        yield from ((name, "") for name in WORLD_NAMES)
    elif kind == "host":
        from wasinet.hosts import HOST_NAMES

        yield from ((name, "") for name in HOST_NAMES)
    elif kind == "topic":
        from wasinet.render.explanations import known_names

        yield from ((name, "") for name in known_names(world))
    elif kind == "file":
        yield from _files(word)
    elif kind in ("handle", "stateful", "waitable"):
        from wasinet.repl.waiting import can_wait

        for name, variable in reversed(session.variables.items()):
            resource = handle_of(variable.type)
            if resource is None or (kind == "stateful" and resource.name not in world.machines):
                continue
            if kind == "waitable" and not can_wait(session.names, resource.name):
                continue
            yield name, f"{resource.name} {session.host.state(variable.value)}".rstrip()


def _files(word: str) -> Iterator[tuple[str, str]]:
    folder, slash, _ = word.rpartition("/")
    try:
        with os.scandir(os.path.expanduser(folder + slash) or ".") as found:
            entries = sorted((entry.name, entry.is_dir()) for entry in found)
    except OSError:
        return
    for name, is_folder in entries:
        if not name.startswith(".") or word.rpartition("/")[2].startswith("."):
            yield f"{folder}{slash}{name}{'/' if is_folder else ''}", "folder" if is_folder else ""


# The call under the cursor


def current_call(repl: Repl, text: str, position: int) -> tuple[Function | None, int]:
    """The function that is being called at the cursor, and the index of the argument that the cursor is in.

    The index counts the parameters of ``Function.params``; it is -1 outside of the parentheses.
    """
    head = text.lstrip()
    if head[:1] in (".", "\\", ""):
        return None, -1
    cursor = look(text, position, repl.session.names, repl.session)
    function = cursor.function
    if function is None:
        return None, -1
    if cursor.place.kind != "argument":
        return function, -1
    return function, cursor.argument + len(function.params) - len(cursor.params)
