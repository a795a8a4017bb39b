"""Statements to calls: what is called, with which values, and what may be assigned, checked against the types.

Binding needs the types of the variables only, so a whole script is checked before its first call.
What it cannot know, the values, stands in the arguments as ``Ref`` until the call is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from wasinet.hosts.recording import drop_function
from wasinet.script.names import DROP, NET, Found, Names, near
from wasinet.script.reader import Octets, Ref, Scope, ValueReader
from wasinet.script.syntax import Name, Script, Statement
from wasinet.wave.errors import WaveError
from wasinet.wit.declare import Function
from wasinet.wit.english import counted
from wasinet.wit.types import Option, Own, Primitive, Resource, Result, Tuple, Type, handle_of, resolve
from wasinet.wit.values import Case, Err, Ok, Some, Value

__all__ = ["Bound", "KnownScope", "Types", "bind", "bind_all", "fill", "find", "value_type"]


class KnownScope(Scope, Protocol):
    """A scope that knows handles too."""

    def kind_of(self, handle: int) -> str | None:
        """The resource of a handle, or None where that is not known."""
        ...


class Types:
    """The types of variables while a script is checked: a ``KnownScope`` that can grow."""

    def __init__(self, names: Names, types: Mapping[str, Type] | None = None, base: KnownScope | None = None) -> None:
        self.names = names
        self.types = dict(types or {})
        self.base = base

    def type_of(self, name: str) -> Type | None:
        found = self.types.get(name)
        if found is None and self.base is not None:
            found = self.base.type_of(name)
        return found or self.names.default_type(name)

    def variable_names(self) -> list[str]:
        return [*self.types, *(self.base.variable_names() if self.base is not None else (NET,))]

    def why_not(self, name: str) -> str:
        return "" if self.base is None else self.base.why_not(name)

    def kind_of(self, handle: int) -> str | None:
        return None if self.base is None else self.base.kind_of(handle)


class Bound:
    """A call that is ready to be made.

    Attributes:
        text: the text that it was read from.
        statement: where in it.
        key: the world's key of the function; ``drop`` for the drop of a handle.
        function: its declaration; for a drop, whose resource may not be known, one that says so.
        candidates: the functions by resource, where only the handle tells which one it is.
        values: the arguments; variables as ``Ref``.
        constant: whether there are no variables among them.
        targets: the names that it assigns.
        result: the type of what is assigned or shown: the result without its ``err``.
        receiver: the resource that the first argument is a handle of, or None.
        handles: the places of handles like ``#3`` in the text: start, end and number.
        ports: of the addresses in its text.
    """

    __slots__ = (
        "candidates",
        "constant",
        "function",
        "handles",
        "key",
        "ports",
        "receiver",
        "result",
        "statement",
        "targets",
        "text",
        "values",
    )

    def __init__(self, text: str, statement: Statement, found: Found, names: Names) -> None:
        self.text = text
        self.statement = statement
        self.key, self.function = found
        self.candidates: dict[str, Found] = {}
        self.values: list[Value] = []
        self.constant = True
        self.targets = tuple(target.text for target in statement.targets)
        self.result = value_type(self.function)
        self.receiver = None if self.function.receiver is None else self.function.receiver.name
        self.handles: list[tuple[int, int, int]] = []
        self.ports: list[int] = []

    @property
    def source(self) -> str:
        """The text of the statement."""
        return self.text[self.statement.start : self.statement.end]


def value_type(function: Function) -> Type | None:
    """The type of what a function gives when it succeeds, or None."""
    result = None if function.result is None else resolve(function.result)
    return result.ok if isinstance(result, Result) else function.result


def bind_all(script: Script, names: Names, scope: KnownScope) -> list[Bound]:
    """The calls of a script, each checked as if all before it succeeded.

    Raises:
        WaveError: the first mistake.
    """
    types = Types(names, base=scope)
    return [bind(script.text, statement, names, types) for statement in script.statements]


def bind(text: str, statement: Statement, names: Names, types: Types) -> Bound:
    """The call of a statement; its assigned variables enter ``types``.

    Raises:
        WaveError: a mistake in the statement.
    """
    if statement.error is not None:
        raise statement.error
    reader = ValueReader(text, statement.open or 0, types)
    bound = _bound(text, statement, names, types, reader)
    if reader.position != (statement.close or 0) + 1:
        raise reader.unexpected("')'", reader.position)
    bound.constant = not reader.refs
    bound.handles += reader.handles
    bound.ports = reader.ports
    for name, type_ in _assigned(reader, statement, bound, names):
        types.types[name] = type_
    return bound


def _bound(text: str, statement: Statement, names: Names, types: KnownScope, reader: ValueReader) -> Bound:
    if statement.callee == DROP:
        return _drop(text, statement, names, reader)
    found, receiver, candidates = find(text, statement, names, types)
    bound = Bound(text, statement, found, names)
    bound.candidates = candidates
    params = bound.function.arguments
    if receiver is not None:
        first = params[0][1]
        params = bound.function.inputs
        if receiver.text.startswith("#"):
            number = int(receiver.text[1:])
            bound.values.append(number)
            bound.handles.append((receiver.start, receiver.end, number))
        else:
            ref = Ref(receiver.text, first, receiver.start)
            bound.values.append(ref)
            reader.refs.append(ref)
    bound.values += reader.read_arguments(params)
    return bound


def find(
    text: str, statement: Statement, names: Names, scope: KnownScope
) -> tuple[Found, Name | None, dict[str, Found]]:
    """What a statement calls: the function, the receiver before the dot, and what else the receiver may decide.

    Raises:
        WaveError: nothing that exists.
    """
    path = statement.path
    first = path[0]
    direct = names.functions.get(statement.callee)
    if direct is not None:
        return direct, None, {}
    if len(path) == 1:
        hint = near(first.text, [*names.callable_names(), *names.reserved])
        methods = names.candidates(first.text)
        if methods:
            resource = next(iter(methods))
            hint = f"; it is called on a {resource}, e.g. {names.prefix(resource)}1.{first.text}(...)"
        raise WaveError(f"no function is named {first.text}{hint}", text, first.start)
    member = path[-1]
    kind: str | None = None
    if first.text.startswith("#"):
        kind = scope.kind_of(int(first.text[1:]))
        if kind is None:
            candidates = names.candidates(member.text)
            if not candidates:
                raise WaveError(f"no function is named {member.text}", text, member.start)
            return next(iter(candidates.values())), first, candidates
    else:
        type_ = scope.type_of(first.text)
        if type_ is None:
            raise _no_receiver(text, statement, names, scope)
        resource_of = handle_of(type_)
        if resource_of is None:
            raise WaveError(f"{first.text} is a value of the type {type_} and has no functions", text, first.start)
        kind = resource_of.name
    methods = names.methods.get(kind, {})
    found = methods.get(member.text)
    if len(path) > 2 or found is None:
        offer = near(member.text, methods) or (f"; there is {', '.join(sorted(methods))}" if methods else "")
        raise WaveError(f"a {kind} has no function {member.text}{offer}", text, member.start, expected=kind)
    return found, first, {}


def _no_receiver(text: str, statement: Statement, names: Names, scope: Scope) -> WaveError:
    first, last = statement.path[0], statement.path[-1]
    reason = scope.why_not(first.text)
    if reason:
        return WaveError(f"{first.text} is not set: {reason}", text, first.start)
    what = names.reserved.get(first.text)
    if what is not None:
        inside = [name.removeprefix(f"{first.text}.") for name in names.functions if name.startswith(f"{first.text}.")]
        hint = near(".".join(name.text for name in statement.path[1:]), inside)
        return WaveError(f"{first.text} is {what} without a function {last.text}{hint}", text, last.start)
    hint = near(first.text, [*scope.variable_names(), *names.reserved])
    return WaveError(f"no variable is named {first.text}{hint}", text, first.start)


def _drop(text: str, statement: Statement, names: Names, reader: ValueReader) -> Bound:
    bound = Bound(text, statement, (DROP, _ANY_DROP), names)
    index = 0
    for index in reader.sequence("(", ")"):
        if index:
            raise reader.unexpected("')' after 1 argument", reader.skip())
        bound.values.append(_any_handle(reader))
    if not bound.values:
        raise reader.unexpected("a handle to drop, a variable or #3", reader.position - 1)
    return bound


_ANY = Resource("any resource")
_ANY_DROP = drop_function("resource")


def _any_handle(reader: ValueReader) -> Value:
    start = reader.skip()
    word = reader.peek_word()
    type_ = reader.scope.type_of(word) if word and reader.scope is not None else None
    resource = None if type_ is None else handle_of(type_)
    if word and type_ is not None and resource is None:
        raise reader.error(f"expected a handle; {word} is a value of the type {type_}", start, expected="a handle")
    # Whatever the variable is a handle of is what is expected here.
    return reader.read(Own(resource or _ANY))


def _assigned(reader: ValueReader, statement: Statement, bound: Bound, names: Names) -> list[tuple[str, Type]]:
    """The names and types of the variables that a call assigns."""
    targets = statement.targets
    if not targets:
        return []
    seen: set[str] = set()
    for target in targets:
        what = names.reserved.get(target.text)
        if what is not None or target.text.startswith("%"):
            what = what or "an escaped name"
            raise reader.error(f"{target.text} is {what} and cannot be assigned; choose another name", target.start)
        if target.text in seen:
            raise reader.error(f"{target.text} is here twice", target.start)
        seen.add(target.text)
    type_ = bound.result
    if type_ is None:
        name = "drop" if bound.key == DROP else bound.function.name
        raise reader.error(f"{name} gives nothing that could be assigned", targets[0].start)
    if not statement.grouped:
        return [(targets[0].text, type_)]
    plain = resolve(type_)
    items = plain.items if isinstance(plain, Tuple) else ()
    if len(items) != len(targets):
        gives = f"{len(items)} values, {type_}" if items else f"one value, {type_}"
        raise reader.error(
            f"{bound.function.name} gives {gives}; {counted(len(targets), 'name')} given", targets[0].start
        )
    return [(target.text, item) for target, item in zip(targets, items, strict=True)]


class Lookup(Protocol):
    """Gives the values of variables."""

    def __call__(self, ref: Ref) -> Value:
        """The value; raises WaveError where the variable is not set."""
        ...


def fill(value: Value, lookup: Lookup) -> Value:
    """The value with every ``Ref`` in it replaced."""
    cls = value.__class__
    if cls is Ref:
        found = lookup(value)
        plain = resolve(value.type)
        for _ in range(value.wraps):
            assert isinstance(plain, Option)
            plain = resolve(plain.payload)
        if isinstance(plain, Primitive) and plain.is_integer and not plain.minimum <= found <= plain.maximum:
            message = f"{value.name} is {found}; expected {plain.name} ({plain.minimum} to {plain.maximum})"
            raise WaveError(message, "", value.position)
        for _ in range(value.wraps):
            found = Some(found)
        return found
    if cls is list:
        return [fill(item, lookup) for item in value]
    if cls is tuple:
        return tuple([fill(item, lookup) for item in value])
    if cls is dict:
        return {name: fill(item, lookup) for name, item in value.items()}
    if cls is Case:
        return value if value.payload is None else Case(value.name, fill(value.payload, lookup))
    if cls is Some or cls is Ok or cls is Err:
        return cls(fill(value.value, lookup))
    if cls is Octets:
        return bytes(fill(value.items, lookup))
    filled = getattr(value, "filled", None)
    return value if filled is None else filled(lookup)
