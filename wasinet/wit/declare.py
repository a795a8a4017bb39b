"""How functions, interfaces, packages and worlds are declared: once, as data.

Everything that lists, explains, parses, completes, links or documents a WASI function reads these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType

from wasinet.wit.data import Data
from wasinet.wit.machine import Machine
from wasinet.wit.types import Alias, Borrow, Resource, Result, Type, handle_of

__all__ = ["Error", "ErrorCode", "Function", "Interface", "Note", "Package", "World"]


class ErrorCode(Data):
    """One code of a world's error enum: what it means and what to do about it, in our words."""

    name: str
    meaning: str
    advice: str
    errnos: tuple[str, ...] = ()


class Error(Data):
    """A documented error of a function: the code, when it is given, and the errnos behind it.

    ``errnos`` are spelled as documented: ``EADDRINUSE`` or ``ENOBUFS on Windows``.
    """

    code: str
    when: str
    errnos: tuple[str, ...] = ()


class Note(Data):
    """A choice of ours where the documents disagree or are silent; ``explain`` prints it.

    ``clause`` names the text that leaves the choice: an interface and function, a document, an RFC.
    """

    text: str
    clause: str = ""


class Function(Data):
    """One WIT function.

    Args:
        interface: the interface that declares it, without the package: ``tcp``.
        name: as WIT names it, a method with its resource: ``tcp-socket.start-bind``.
        params: name and type of each parameter, without the receiver of a method.
        result: the result type, or None.
        summary: one sentence of ours that says what it does.
        resource: the receiver's type, for methods.
        states: where a getter or an option may be called; None for functions that need no state
            and for those whose states come from a machine's rows.
        late: what a socket says beside the refusal once nothing leads on from its state: ``failure``, why no
            connection was made; ``answer``, that, and the value where there was one. Empty: the refusal alone.
        posix: the POSIX counterpart, as a call or option: ``bind(2)``, ``SO_KEEPALIVE``.
        errors: the documented errors, in the documented order.
        notes: choices of ours.
        blocking: whether the call may wait.
        since: the feature gate, ``unstable network-error-code`` for instance.
    """

    interface: str
    name: str
    params: tuple[tuple[str, Type], ...]
    result: Type | None
    summary: str
    resource: Resource | None = None
    states: tuple[str, ...] | None = None
    late: str = ""
    posix: str = ""
    errors: tuple[Error, ...] = ()
    notes: tuple[Note, ...] = ()
    blocking: bool = False
    since: str = ""

    @property
    def qualified(self) -> str:
        """``interface.name``: unique in a world."""
        return f"{self.interface}.{self.name}"

    @property
    def member(self) -> str:
        """The name without the resource: ``start-bind``."""
        return self.name.rpartition(".")[2]

    @cached_property
    def arguments(self) -> tuple[tuple[str, Type], ...]:
        """All parameters as a call passes them: the receiver of a method first, as ``self``."""
        if self.resource is None:
            return self.params
        return (("self", Borrow(self.resource)), *self.params)

    @cached_property
    def receiver(self) -> Resource | None:
        """The resource that the call is about: of a method its own, else that of a first parameter ``this``.

        Worlds from before resources have plain functions whose first parameter is a handle.
        """
        if self.resource is not None:
            return self.resource
        if self.params and self.params[0][0] == "this":
            return handle_of(self.params[0][1])
        return None

    @cached_property
    def inputs(self) -> tuple[tuple[str, Type], ...]:
        """The parameters behind the receiver."""
        return self.params if self.resource is not None or self.receiver is None else self.params[1:]

    @property
    def err(self) -> Type | None:
        """The error type of the result, or None where the function cannot fail."""
        return self.result.err if isinstance(self.result, Result) else None

    def signature(self) -> str:
        """``tcp-socket.start-bind(network: borrow<network>, ...) -> result<_, error-code>``."""
        inside = ", ".join(f"{name}: {type_}" for name, type_ in self.params)
        return f"{self.name}({inside})" + (f" -> {self.result}" if self.result is not None else "")


class Interface(Data):
    """An interface: what it uses of others, its types by name, its functions in order.

    ``uses`` pairs an interface (with package and version when it is another package's) with names.
    ``exported`` is one that a program offers instead of using it: nobody else can call its functions.
    ``since`` is its feature gate, as a function's.
    """

    name: str
    types: Mapping[str, Type] = MappingProxyType({})
    functions: tuple[Function, ...] = ()
    uses: tuple[tuple[str, tuple[str, ...]], ...] = ()
    summary: str = ""
    exported: bool = False
    since: str = ""


class Package(Data):
    """A package with its version: ``wasi:sockets@0.2.12``; the draft's has no version."""

    name: str
    interfaces: tuple[Interface, ...]


class World(Data):
    """A generation of the API.

    Args:
        name: ``0.2``, ``draft``.
        packages: all that it declares.
        machines: the state machines by resource name: ``tcp-socket``, ``udp-socket``.
        error_codes: the codes of its error enum.
    """

    name: str
    packages: tuple[Package, ...]
    machines: Mapping[str, Machine]
    error_codes: tuple[ErrorCode, ...]

    @cached_property
    def interfaces(self) -> tuple[Interface, ...]:
        return tuple(interface for package in self.packages for interface in package.interfaces)

    @cached_property
    def functions(self) -> Mapping[str, Function]:
        """All that can be called, by key: the function's name where that is unique, else ``interface.name``."""
        every = [f for interface in self.interfaces if not interface.exported for f in interface.functions]
        count: dict[str, int] = {}
        for function in every:
            count[function.name] = count.get(function.name, 0) + 1
        return {f.name if count[f.name] == 1 else f.qualified: f for f in every}

    def find(self, name: str) -> Function | None:
        """The function of this key or qualified name, or None."""
        found = self.functions.get(name)
        if found is not None:
            return found
        return next((f for f in self.functions.values() if f.qualified == name), None)

    def methods(self, resource: str) -> Iterator[Function]:
        """The functions that are called on a handle of this resource."""
        return (f for f in self.functions.values() if f.receiver is not None and f.receiver.name == resource)

    @cached_property
    def resources(self) -> Mapping[str, Resource]:
        """The resource types by name, those that an alias of a number stands for included."""
        found = {}
        for interface in self.interfaces:
            for type_ in interface.types.values():
                resource = type_.handle if isinstance(type_, Alias) else type_
                if isinstance(resource, Resource):
                    found[resource.name] = resource
        return found

    def code(self, name: str) -> ErrorCode | None:
        return next((code for code in self.error_codes if code.name == name), None)

    def states_of(self, function: Function) -> tuple[str, ...] | None:
        """Where the function may be called: from the rows for what moves a machine, else as declared."""
        if function.receiver is not None:
            machine = self.machines.get(function.receiver.name)
            if machine is not None and machine.moves(function.member):
                return machine.states_for(function.member)
        return function.states
