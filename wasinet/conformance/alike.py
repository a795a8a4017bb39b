"""Outcomes of two hosts, compared by what they mean.

Handles, ports that nobody chose and moments differ from host to host and mean nothing by their value:
a port is the same as another if both were first seen at the same place.
"""

from __future__ import annotations

from wasinet.engine.records import Trapped
from wasinet.script.names import DROP
from wasinet.script.outcomes import MOMENTS
from wasinet.script.session import Step
from wasinet.wit.declare import Function
from wasinet.wit.types import U8, Alias, List, Option, Record, Result, Tuple, Type, Variant, handle_of, resolve
from wasinet.wit.values import Case, Err, Ok, Some, Value

__all__ = ["Roles"]

# What is for people only; "the wording may change at any time".
_WORDING = frozenset({"error.to-debug-string"})
_PORT = "port"


class Roles:
    """What the ports of two sessions stand for."""

    def __init__(self) -> None:
        self._chosen = {0}
        # TCP and UDP have ports of their own, so that one number may well be there twice.
        self._roles: dict[str, tuple[dict[int, int], dict[int, int]]] = {"tcp": ({}, {}), "udp": ({}, {})}
        self._protocol = "tcp"
        self._owned: dict[int, tuple[str, int, int]] = {}
        self._count = 0

    def choose(self, *ports: int) -> None:
        """Ports that the script names; they stand for themselves."""
        self._chosen.update(ports)

    def own(self, step: Step, other: Step) -> None:
        """Take note of whose ports these are: a port is free again, and may get another role, once its socket is gone.

        Args:
            step: a call of the first host.
            other: the same call of the second.
        """
        if step.bound.key == DROP and step.handle in self._owned and not isinstance(step.outcome, Trapped):
            protocol, ours, theirs = owned = self._owned.pop(step.handle)
            if owned not in self._owned.values():
                self._roles[protocol][0].pop(ours, None)
                self._roles[protocol][1].pop(theirs, None)
            return
        if step.function.member != "local-address" or step.handle is None:
            return
        if isinstance(step.outcome, Ok) and isinstance(other.outcome, Ok):
            ports = step.outcome.value.payload[_PORT], other.outcome.value.payload[_PORT]
            self._owned[step.handle] = (_protocol(step.function), *ports)

    def alike(self, function: Function, left: Value | Trapped, right: Value | Trapped) -> bool:
        """Whether two outcomes of a function mean the same. Traps are alike, however they are worded."""
        if isinstance(left, Trapped) or isinstance(right, Trapped):
            return left.__class__ is right.__class__
        self._protocol = _protocol(function)
        return function.name in _WORDING or function.result is None or self._same(function.result, left, right)

    def _same(self, type_: Type | None, left: Value, right: Value) -> bool:
        if type_ is None:
            return True
        if handle_of(type_) is not None or (isinstance(type_, Alias) and type_.name in MOMENTS):
            return True
        match resolve(type_):
            case Result(ok, err):
                if isinstance(left, Ok) and isinstance(right, Ok):
                    return self._same(ok, left.value, right.value)
                return isinstance(left, Err) and isinstance(right, Err) and self._same(err, left.value, right.value)
            case Option(payload):
                if isinstance(left, Some) and isinstance(right, Some):
                    return self._same(payload, left.value, right.value)
                return left is None and right is None
            case List(element) if resolve(element) == U8:
                return bytes(left) == bytes(right)
            case List(element):
                return len(left) == len(right) and all(
                    self._same(element, one, other) for one, other in zip(left, right, strict=True)
                )
            case Tuple(items):
                return all(map(self._same, items, left, right))
            case Record(_, fields):
                return all(
                    self._ports(left[name], right[name]) if name == _PORT else self._same(of, left[name], right[name])
                    for name, of in fields
                )
            case Variant(_, cases):
                assert isinstance(left, Case)
                assert isinstance(right, Case)
                return left.name == right.name and self._same(dict(cases)[left.name], left.payload, right.payload)
        return bool(left == right)

    def _ports(self, left: int, right: int) -> bool:
        if left in self._chosen or right in self._chosen:
            return left == right
        ours, theirs = self._roles[self._protocol]
        if left not in ours and right not in theirs:
            self._count += 1
            ours[left] = theirs[right] = self._count
            return True
        return ours.get(left) == theirs.get(right)


def _protocol(function: Function) -> str:
    return "udp" if function.interface == "udp" else "tcp"
