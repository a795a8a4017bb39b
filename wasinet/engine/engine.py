"""The engine: the one function through which every call goes, over what ``Context`` holds.

``Engine.operation`` builds the callable of a declared function. Only there is a row looked up or
the call refused, the effect run, its outcome classified and an ``OSError`` turned into an error code;
``Context.step`` alone assigns a socket's state. The engine knows no world: names, machines and the
shape of errors come from the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from errno import EAGAIN
from functools import lru_cache
from typing import Any

from wasinet.engine.context import Context
from wasinet.engine.draining import Undelivered, drain
from wasinet.engine.faults import Fail, Trap, code_of
from wasinet.engine.resource import Resource
from wasinet.oscalls.interruption import PENDING, checkpoint
from wasinet.wit.declare import Function
from wasinet.wit.machine import ANY, ERROR, OK_OUTCOME, WOULD_BLOCK, Machine
from wasinet.wit.types import STRING, Borrow, Option, Own, Primitive, Result, Type, resolve
from wasinet.wit.values import OK, Err, Ok, Value

__all__ = ["Codes", "Engine", "ErrShape", "Operation"]

Operation = Callable[..., Value]
"""A bound WIT function: WIT values in, a WIT value out; raises Trap."""

ErrShape = Callable[[Fail], Err]
"""How a world's error type says a failure."""

Codes = Callable[[str, int | None], str]
"""A function's name without its resource, and an errno or None, to the error code."""

Rows = Mapping[str, Mapping[str, str]]
"""State to outcome to next state."""

_WRONG_STATE = "invalid-state"
_KEPT_OKS = 64


class Engine(Context):
    """One session's resources and how they are called; see ``Context`` for the arguments."""

    undelivered: Sequence[Undelivered] = ()
    """What the last drain could not deliver."""

    # Calls

    def operation(
        self,
        function: Function,
        effect: Callable[..., Value],
        receiver: type[Resource] | None,
        resources: Mapping[str, type[Resource]],
        err_shape: ErrShape,
        codes: Codes = code_of,
    ) -> Operation:
        """The callable of a declared function.

        Args:
            function: its declaration.
            effect: what it does: called with the receiver (or the engine, where there is none) and
                the arguments, handles resolved; gives the value, raises Fail, OSError or Trap.
            receiver: the class that the first argument must be a handle of.
            resources: classes by resource name, for borrowed handles among the parameters.
            err_shape: makes the ``err`` of this function.
            codes: the error codes of errnos; those of the network without it.
        """
        member = function.member
        machine = self.machines.get(receiver.kind) if receiver is not None else None
        moves = machine is not None and machine.moves(member)
        allowed = frozenset(function.states) if function.states is not None else None
        refused = self._late if function.late else self._refused
        fallible = isinstance(function.result, Result)
        unit = isinstance(function.result, Result) and function.result.ok is None
        borrows = _borrows(function, resources)
        fails = self._fails(function, err_shape, codes)
        ok = _oks(function.result)
        kept = ok is not Ok
        new = object.__new__
        table = self.table
        # Below, a call with a star costs twice what one without does, and most have one argument or none:
        # the ellipsis stands for none, and is no WIT value.

        def resolved(args: Sequence[Value]) -> list[Value]:
            values = list(args)
            for index, cls in borrows:
                handle = values[index]
                values[index] = resource = table.get(handle)
                if type(resource) is not cls:
                    raise self.wrong_handle(handle, cls.kind)
            return values

        if receiver is None:

            def call_free(first: Value = ..., *rest: Value) -> Value:
                if PENDING:
                    checkpoint()
                if borrows:
                    first, *rest = resolved((first, *rest))  # type: ignore[assignment]
                try:
                    if rest:
                        value = effect(self, first, *rest)
                    else:
                        value = effect(self) if first is ... else effect(self, first)
                except (Fail, OSError) as error:
                    return fails(error)[0]
                return ok(value) if fallible else value

            return call_free

        if not moves:

            def call_method(handle: int, first: Value = ..., *rest: Value) -> Value:
                if PENDING:
                    checkpoint()
                this = table.get(handle)
                if type(this) is not receiver:
                    raise self.wrong_handle(handle, receiver.kind)
                if borrows:
                    first, *rest = resolved((first, *rest))  # type: ignore[assignment]
                if allowed is not None and this.state not in allowed:
                    return refused(this, function, err_shape, effect)
                try:
                    if rest:
                        value = effect(this, first, *rest)
                    else:
                        value = effect(this) if first is ... else effect(this, first)
                except (Fail, OSError) as error:
                    return fails(error)[0]
                if not fallible:
                    return value
                if unit:
                    return OK
                if kept:
                    return ok(value)
                result = new(Ok)
                result.value = value
                return result

            return call_method

        assert machine is not None
        rows = machine.cells(member)
        choose = _chooser(machine, function)
        step = self.step

        def call_moving(handle: int, *given: Value) -> Value:
            if PENDING:
                checkpoint()
            socket: Any = table.get(handle)
            if type(socket) is not receiver:
                raise self.wrong_handle(handle, receiver.kind)
            args = resolved(given) if borrows else given
            before = socket.state
            row = (rows or choose(args)).get(before)
            if row is None:
                return self._refused(socket, function, err_shape, effect)
            result: Value
            try:
                value = effect(socket, *args) if len(args) > 1 else effect(socket, args[0]) if args else effect(socket)
            except (Fail, OSError) as error:
                result, outcome = fails(error)
            else:
                outcome = OK_OUTCOME
                if unit:
                    result = OK
                else:
                    result = new(Ok)
                    result.value = value
            # An effect that ended the connection has moved the socket already; its row is of the past.
            if socket.state is before:
                step(socket, row, outcome)
            return result

        return call_moving

    def _fails(self, function: Function, err_shape: ErrShape, codes: Codes) -> Callable[[Exception], tuple[Err, str]]:
        """The classifier of one function's failures: the ``err`` value and the rows' outcome.

        A function whose type has no error traps where the operating system fails it.
        """
        member = function.member
        would_block: Err | None = None
        # A connect that finds no port free says EAGAIN too, and that is no reason to call again.
        waits = codes(member, EAGAIN) == "would-block"

        def classify(error: Exception) -> tuple[Err, str]:
            nonlocal would_block
            if waits and error.__class__ is BlockingIOError:
                if would_block is None:
                    would_block = err_shape(Fail("would-block", "nothing is there yet"))
                return would_block, WOULD_BLOCK
            if function.err is None:
                raise Trap(f"{function.name} failed: {error}") from error
            if isinstance(error, OSError):
                reason = error.strerror or str(error)
                code = codes(member, error.errno)
                if code == _WRONG_STATE:
                    # Our state allows the call. What the kernel says of another one must not contradict that.
                    code = "unknown"
                error = Fail(code, reason, errno=error.errno)
            assert isinstance(error, Fail)
            if error.code == "would-block":
                return err_shape(error), WOULD_BLOCK
            return err_shape(error), ANY if error.untouched else ERROR

        return classify

    def _late(self, socket: Any, function: Function, err_shape: ErrShape, effect: Callable[..., Value]) -> Ok | Err:
        """What a getter says in a state that does not allow it (``Function.late``)."""
        if socket.state in self.machines[socket.kind].finals:
            try:
                if socket.had_connection() and function.late == "answer":
                    return Ok(effect(socket))
            except Fail as error:
                return err_shape(error)
        return self._refused(socket, function, err_shape, effect)

    def _refused(
        self, resource: Resource, function: Function, err_shape: ErrShape, effect: Callable[..., Value]
    ) -> Err:
        machine = self.machines[resource.kind]
        code = machine.refusal(function.member)
        states = function.states if function.states is not None else machine.states_for(function.member)
        way = machine.way(resource.state, states)
        advice = f". Try: {way}" if way else ""
        needed = _either(states, machine.states)
        state = resource.state
        if tuple(states) == (machine.initial,) and state == "bound":
            # A second bind: the first one's address is what its caller has forgotten.
            state = f"bound to {resource.local}"
        return err_shape(Fail(code, f"{function.name} needs {needed}; #{resource.handle} is {state}{advice}"))

    # The end

    def drain(self, timeout: float) -> bool:
        """Wait until all pending writes are out, ``timeout`` seconds at the most.

        Returns:
            False if some are not; ``undelivered`` says which.
        """
        self.undelivered = drain(self, timeout)
        return not self.undelivered

    def close(self, timeout: float = 0.0) -> bool:
        """End the session: drain pending writes, then close everything; False if bytes were lost."""
        try:
            return self.drain(timeout) if self.pending else True
        finally:
            # Also when Ctrl-C ends the wait.
            for writer in list(self.pending):
                writer.abandon()
            for resource in reversed(list(self.table.values())):
                resource.close()
            self.table.clear()
            while self.held:
                self.held.pop()()
            self.poller.close()


def _oks(result: Type | None) -> Callable[[Value], Ok]:
    """What makes the ``ok`` of a function; small numbers and their like come again and again, and are kept."""
    of = resolve(result.ok) if isinstance(result, Result) and result.ok is not None else None
    return lru_cache(_KEPT_OKS)(Ok) if isinstance(of, Primitive) and of != STRING else Ok


def _either(states: Sequence[str], every: Sequence[str]) -> str:
    others = [state for state in every if state not in states]
    if len(others) == 1 and len(states) > 2:
        return f"any state but {others[0]}"
    return " or ".join(states) if len(states) < 3 else f"{', '.join(states[:-1])} or {states[-1]}"


def _borrows(function: Function, resources: Mapping[str, type[Resource]]) -> list[tuple[int, type[Resource]]]:
    """Where borrowed handles stand among the parameters: index and class.

    A list of handles is left to the effect: ``poll`` looks at its list only where it changed.
    """
    found = []
    for index, (_, declared) in enumerate(function.inputs):
        type_ = resolve(declared)
        if isinstance(type_, Borrow | Own):
            found.append((index, resources[type_.resource.name]))
    return found


def _chooser(machine: Machine, function: Function) -> Callable[[Sequence[Value]], Rows]:
    """Which rows a call follows: the function's own, or its variant's by the option it is given."""
    member = function.member
    if machine.variants(member) == (member,):
        rows = machine.cells(member)
        return lambda args: rows
    index = next(i for i, (_, type_) in enumerate(function.inputs) if isinstance(resolve(type_), Option))
    none, some = machine.cells(f"{member}(none)"), machine.cells(f"{member}(some)")
    return lambda args: none if args[index] is None else some
