"""The engine for notebooks and tests: open a session, call functions by their WIT names or as methods.

    import wasinet

    with wasinet.Session() as session:
        s = session.call("create-tcp-socket", "ipv4")
        s.start_bind(session.net, "127.0.0.1:0")
        s.finish_bind()
        print(s.state, s.local_address())

What goes in may be a Python value or text of the call language: ``127.0.0.1:0``, ``5s``, ``64KiB``.
What comes out are Python values: ``ok(v)`` is ``v``, ``err(code)`` raises ``CallError``, a broken
rule raises ``Trap``; handles are ``Handle``s, options are the value or None, records are dicts and
socket addresses strings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wasinet.engine.faults import Trap
from wasinet.engine.records import CallRecord
from wasinet.hosts import DEFAULT_HOST, HandleInfo, make_host
from wasinet.script.names import near
from wasinet.script.outcomes import code_of
from wasinet.script.reader import ValueReader
from wasinet.script.replay import Report, replay
from wasinet.script.session import Session as Calls
from wasinet.script.session import Step
from wasinet.script.transcript import read_file
from wasinet.wave.human import HumanPrinter
from wasinet.wit import DEFAULT_WORLD
from wasinet.wit.declare import Function
from wasinet.wit.english import counted
from wasinet.wit.types import (
    STRING,
    U8,
    Borrow,
    Enum,
    List,
    Option,
    Own,
    Primitive,
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
    resolve,
)
from wasinet.wit.values import Case, Err, Ok, Some, Value

__all__ = ["CallError", "CallRecord", "Handle", "HandleInfo", "Report", "Session", "Step", "Trap"]

_ADDRESSES = frozenset({"ip-socket-address", "ip-address"})
_PRINTER = HumanPrinter()


class CallError(Exception):
    """A call gave ``err``.

    Attributes:
        function: the function's WIT name: ``tcp-socket.start-bind``.
        code: the error code: ``address-in-use``.
        reason: the precise reason, for people; may be empty.
        value: the WIT value that came with ``err``.
    """

    def __init__(self, function: str, code: str, reason: str, value: Value) -> None:
        super().__init__(f"{function}: {code}" + (f": {reason}" if reason else ""))
        self.function = function
        self.code = code
        self.reason = reason
        self.value = value


class Handle(int):
    """A handle of a session. Its functions are its methods, dashes are underscores: ``s.start_bind(...)``.

    Attributes:
        type: the resource's name: ``tcp-socket``.
    """

    type: str
    _session: Session

    def __new__(cls, number: int, type_: str, session: Session) -> Self:
        handle = super().__new__(cls, number)
        handle.type = type_
        handle._session = session
        return handle

    @property
    def state(self) -> str:
        """The documented state; empty for resources without one, and after the drop."""
        return self._session.host.state(self)

    def drop(self) -> None:
        """Dispose of it. Raises Trap where that is not allowed."""
        self._session.host.drop(self)

    def wait(self, timeout: float = 10.0) -> bool:
        """Wait until a pollable of it would be ready; False when ``timeout`` seconds came first."""
        return self._session.host.wait(self, timeout)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        functions = self._session.methods(self.type)
        function = functions.get(name.replace("_", "-"))
        if function is None or name.startswith("_"):
            raise AttributeError(f"a {self.type} has no function {name}{near(name.replace('_', '-'), functions)}")
        return lambda *arguments: self._session.invoke(function, (self, *arguments))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name.replace("-", "_") for name in self._session.methods(self.type))]

    def __repr__(self) -> str:
        return f"<{self.type} #{int(self)}>"


class Session:
    """A host with its handles, which are all closed at the end.

    Args:
        host: what answers the calls: ``native`` or ``wasmtime``.
        world: the generation of the API: ``0.2`` or ``draft``.

    Raises:
        ValueError: there is no such host or world, or the host cannot be used.
    """

    def __init__(self, host: str = DEFAULT_HOST, world: str = DEFAULT_WORLD) -> None:
        self._calls = Calls(lambda: make_host(host, world))
        self.host = self._calls.host
        self.world = self.host.world
        self._keys = {function.qualified: key for key, function in self.world.functions.items()}
        self._methods: dict[str, dict[str, Function]] = {}
        self._net: Handle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def net(self) -> Handle:
        """The predefined network, with everything allowed."""
        if self._net is None:
            self._net = self.call("instance-network")
        return self._net

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function by its WIT name.

        Args:
            function: ``tcp-socket.start-bind``, ``poll``; with the interface where the name is not unique.
            arguments: of its parameters, the receiver first; an option at the end may be left out.

        Returns:
            The result, see the module.

        Raises:
            CallError: it gave ``err``.
            Trap: it broke a rule of the API.
            LookupError: there is no such function.
            TypeError: there are too many arguments, or too few.
            ValueError: an argument is none of its type.
        """
        found = self.world.find(function)
        if found is None:
            raise LookupError(f"no function is named {function!r}{near(function, self.world.functions)}")
        return self.invoke(found, arguments)

    def invoke(self, function: Function, arguments: tuple[Any, ...]) -> Any:
        """``call``, with the declaration."""
        params = function.arguments
        if len(arguments) > len(params) or any(
            not isinstance(resolve(type_), Option) for _, type_ in params[len(arguments) :]
        ):
            raise TypeError(f"{function.signature()} takes {counted(len(params), 'argument')}, not {len(arguments)}")
        values = [self._in(argument, type_, name) for argument, (name, type_) in zip(arguments, params, strict=False)]
        values += [None] * (len(params) - len(arguments))
        outcome = self.host.call(self._keys[function.qualified], *values)
        if isinstance(outcome, Err):
            code, reason = code_of(outcome, outcome.reason)
            raise CallError(function.name, code, reason, outcome.value)
        type_ = function.result
        if isinstance(type_, Result):
            return (
                None if type_.ok is None else self._out(outcome.value if isinstance(outcome, Ok) else outcome, type_.ok)
            )
        return None if type_ is None else self._out(outcome, type_)

    def run(self, text: str) -> list[Step]:
        """Run text of the call language: ``s = create-tcp-socket(ipv4); s.address-family()``.

        Returns:
            What each call gave; failures among them, which raise nothing.

        Raises:
            ValueError: the text is no calls (``wasinet.wave.WaveError``).
        """
        return list(self._calls.evaluate(text))

    def variable(self, name: str) -> Any:
        """What a variable that ``run`` has set is. Raises LookupError for a name that is not set."""
        found = self._calls.variables.get(name)
        if found is None:
            raise LookupError(f"no variable is named {name!r}")
        return self._out(found.value, found.type)

    def methods(self, resource: str) -> Mapping[str, Function]:
        """The functions of a resource by their names without it."""
        known = self._methods.get(resource)
        if known is None:
            known = self._methods[resource] = {function.member: function for function in self.world.methods(resource)}
        return known

    def handles(self) -> Iterator[HandleInfo]:
        """All live handles, oldest first."""
        return self.host.handles()

    def on_call(self, reader: Callable[[CallRecord], None]) -> None:
        """Have every call from now on told to ``reader``, right after it."""
        self.host.attach(reader)

    def replay(self, path: str | PathLike[str]) -> Report:
        """Run a transcript, on a host of its own like this one; ``passed`` tells whether all was as expected.

        Raises:
            ValueError: the file is no transcript.
        """
        return replay(read_file(Path(path), self.world.name, self.host.name))

    def close(self) -> None:
        """Close all handles; bytes that were written and are not out yet are given a second."""
        self.host.close(1.0)

    # Values

    def _in(self, value: Any, type_: Type, name: str) -> Value:
        try:
            return self._value(value, type_)
        except (TypeError, KeyError, AttributeError):
            raise ValueError(f"{name}: {value!r} is no {type_}") from None
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None

    def _value(self, value: Any, declared: Type) -> Value:
        type_ = resolve(declared)
        match type_:
            case Own() | Borrow() | Resource():
                return int(value)
            case Option(payload):
                return value if value is None or isinstance(value, Some) else Some(self._value(value, payload))
            case List(element) if resolve(element) == U8:
                return value.encode() if isinstance(value, str) else bytes(value)
            case List(element) if not isinstance(value, str):
                return [self._value(item, element) for item in value]
            case Tuple(items) if not isinstance(value, str):
                return tuple(self._value(item, part) for item, part in zip(value, items, strict=True))
            case Record(_, fields) if not isinstance(value, str):
                return {field: self._value(value.get(field), part) for field, part in fields}
            case Enum() if value in type_.cases:
                return value
            case Primitive() if type_ == STRING or not isinstance(value, str):
                return value
        if isinstance(value, str):
            reader = ValueReader(value)
            found = reader.read(declared)
            reader.finish()
            return found
        return value

    def _out(self, value: Value, declared: Type) -> Any:
        type_ = resolve(declared)
        match type_:
            case Own(resource) | Borrow(resource):
                return Handle(value, resource.name, self)
            case Option(payload):
                return None if value is None else self._out(value.value, payload)
            case List(element) if resolve(element) != U8:
                return [self._out(item, element) for item in value]
            case Tuple(items):
                return tuple(self._out(item, part) for item, part in zip(value, items, strict=True))
            case Record(_, fields):
                return {field: self._out(value[field], part) for field, part in fields}
            case Variant(name) if name in _ADDRESSES:
                return _PRINTER.dumps(value, type_)
            case Variant(_, cases) if isinstance(value, Case):
                inner = dict(cases)[value.name]
                return value.name if inner is None else (value.name, self._out(value.payload, inner))
        return value
