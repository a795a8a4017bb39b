"""What is being typed at a cursor: which call, which argument, and what types would fit. For prompts."""

from __future__ import annotations

from wasinet.script.binding import KnownScope, Types, bind, find
from wasinet.script.names import DROP, Found, Names
from wasinet.script.reader import ValueReader
from wasinet.script.syntax import Name, Place, Script, parse, place
from wasinet.wave.errors import WaveError
from wasinet.wit.data import Data
from wasinet.wit.declare import Function
from wasinet.wit.types import Type, handle_of

__all__ = ["Cursor", "look"]


class Cursor(Data):
    """What is at a cursor.

    Args:
        place: of the cursor in the text: its kind, and the word that is being typed.
        function: what is called there, where that is known.
        receiver: the name or handle before the dot, or None.
        resource: what the receiver is a handle of; empty where that is not known.
        argument: the index of the argument among ``params``.
        params: name and type of each argument between the parentheses.
        wanted: the types that would fit at the word, the outer before the inner ones: ``option<u64>``, ``u64``.
        scope: the types of the variables at this place, earlier calls on the line included.
    """

    place: Place
    function: Function | None
    receiver: Name | None
    resource: str
    argument: int
    params: tuple[tuple[str, Type], ...]
    wanted: tuple[Type, ...]
    scope: Types


def look(text: str, position: int, names: Names, scope: KnownScope) -> Cursor:
    """What is at a position of a text, whether it is complete or not. Never raises for any text."""
    script = parse(text)
    here = place(script, position)
    types = _types_before(script, here, names, scope)
    statement = here.statement
    receiver: Name | None = None
    found: Found | None = None
    params: tuple[tuple[str, Type], ...] = ()
    wanted: tuple[Type, ...] = ()
    if statement is not None and statement.path:
        first = statement.path[0]
        if len(statement.path) > 1 or here.kind == "member":
            receiver = first
        try:
            if statement.callee != DROP:
                found, receiver, _ = find(text, statement, names, types)
                params = found[1].arguments if receiver is None else found[1].inputs
        except WaveError:
            pass
        if here.kind == "argument" and found is not None and statement.open is not None:
            reader = ValueReader(text[: here.start], statement.open, types)
            try:
                reader.read_arguments(params)
            except WaveError:
                wanted = tuple(reader.wanted)
    return Cursor(
        here,
        None if found is None else found[1],
        receiver,
        _resource(receiver, types),
        here.argument,
        params,
        wanted,
        types,
    )


def _types_before(script: Script, here: Place, names: Names, scope: KnownScope) -> Types:
    types = Types(names, base=scope)
    for statement in script.statements:
        if statement is here.statement or statement.start >= here.start:
            break
        try:
            bind(script.text, statement, names, types)
        except WaveError:
            continue
    return types


def _resource(receiver: Name | None, types: Types) -> str:
    if receiver is None:
        return ""
    if receiver.text.startswith("#"):
        return types.kind_of(int(receiver.text[1:])) or ""
    type_ = types.type_of(receiver.text)
    resource = None if type_ is None else handle_of(type_)
    return "" if resource is None else resource.name
