"""What a transcript expects of a call: ``ok(_)``, ``[0, ...]``, ``ok | err(would-block)``, ``trap "text"``.

Patterns are read by the type of the call's result: they are values of it, with objects in the place of
``_`` and ``...``.
"""

from __future__ import annotations

import re

from wasinet.engine.records import Trapped
from wasinet.script.binding import Lookup, fill
from wasinet.script.reader import Ref, Scope, ValueReader
from wasinet.wit.types import U8, Enum, List, Option, Record, Type, Variant, resolve
from wasinet.wit.values import Case, Err, Ok, Some, Value

__all__ = ["Expectation", "PatternReader", "read_expectation"]

_ANY_WORD = re.compile(r"_(?![\w-])")


class _Pattern:
    """What stands for more than one value."""

    __slots__ = ()

    def fits(self, value: object) -> bool:
        """Whether it stands for this one."""
        raise NotImplementedError


class _Any(_Pattern):
    """Any value."""

    __slots__ = ()

    def fits(self, value: object) -> bool:
        return True


_ANY = _Any()


class _Items(_Pattern):
    """A list that is, or begins with, these items; and bytes likewise."""

    __slots__ = ("items", "rest")

    def __init__(self, items: list[Value], rest: bool) -> None:
        self.items = items
        self.rest = rest

    def fits(self, value: object) -> bool:
        if not isinstance(value, list | tuple | bytes | bytearray | memoryview):
            return False
        found = list(value)
        return _fits(self.items, found[: len(self.items)] if self.rest else found)

    def filled(self, lookup: Lookup) -> _Items:
        """With the variables' values."""
        return _Items(fill(self.items, lookup), self.rest)


class _Fields(_Pattern):
    """A record that has these fields, and others."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Value]) -> None:
        self.fields = fields

    def fits(self, value: object) -> bool:
        return isinstance(value, dict) and all(_fits(field, value.get(name)) for name, field in self.fields.items())

    def filled(self, lookup: Lookup) -> _Fields:
        """With the variables' values."""
        return _Fields(fill(self.fields, lookup))


class _Trap(_Pattern):
    """A trap whose message has this text in it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def fits(self, value: object) -> bool:
        return isinstance(value, Trapped) and self.text in value.message


class _NoTrap(_Pattern):
    """Every outcome but a trap."""

    __slots__ = ()

    def fits(self, value: object) -> bool:
        return not isinstance(value, Trapped)


def _fits(pattern: Value, value: Value) -> bool:
    """Whether a value is what a pattern, or a value with patterns in it, stands for."""
    cls = pattern.__class__
    if isinstance(pattern, _Pattern):
        return pattern.fits(value)
    if value.__class__ is not cls:
        # Lists of bytes come as any buffer.
        return bool(pattern == value)
    if cls is Ok or cls is Err or cls is Some:
        return _fits(pattern.value, value.value)
    if cls is Case:
        return bool(pattern.name == value.name) and _fits(pattern.payload, value.payload)
    if cls is list or cls is tuple:
        return len(pattern) == len(value) and all(map(_fits, pattern, value))
    if cls is dict:
        return pattern.keys() == value.keys() and all(_fits(item, value[name]) for name, item in pattern.items())
    return bool(pattern == value)


class PatternReader(ValueReader):
    """Reads values in which ``_`` and ``...`` stand for what may differ."""

    def read(self, type_: Type) -> Value:
        if self._any():
            return _ANY
        return super().read(type_)

    def _any(self) -> bool:
        if not self.text.startswith("_", self.skip()) or not _ANY_WORD.match(self.text, self.position):
            return False
        self.position += 1
        return True

    def describe(self, type_: Type) -> str:
        return f"{super().describe(type_)}, or _" if isinstance(type_, Enum | Variant) else super().describe(type_)

    def port(self, text: str, position: int) -> Value:
        return _ANY if text == "_" else super().port(text, position)

    def read_list(self, type_: List) -> Value:
        if resolve(type_.element) == U8 and not self.text.startswith("[", self.position):
            return self.read_bytes(type_)
        self._open("[", type_)
        items: list[Value] = []
        rest = False
        for _ in self.sequence("[", "]"):
            if self.accept("..."):
                rest = True
                self.accept(",")
                if not self.text.startswith("]", self.skip()):
                    raise self.unexpected("']' after ...")
                continue
            items.append(self.read(type_.element))
        if rest or (resolve(type_.element) == U8 and any(item is _ANY or isinstance(item, Ref) for item in items)):
            return _Items(items, rest)
        return bytes(items) if resolve(type_.element) == U8 else items

    def read_record(self, type_: Record) -> Value:
        start = self.position
        self._open("{", type_)
        self.position += 1
        if self.text[self.skip() : self.position + 1] in (":", "}"):
            self.position = start
            return super().read_record(type_)
        self.position = start
        types = dict(type_.fields)
        fields: dict[str, Value] = {}
        rest = False
        for _ in self.sequence("{", "}"):
            if self.accept("..."):
                rest = True
                self.accept(",")
                if not self.text.startswith("}", self.skip()):
                    raise self.unexpected("'}' after ...")
                continue
            at = self.skip()
            name = self.label(f"a field of {type_.name}, or ...")
            if name not in types:
                raise self._unknown("a field", type_.name, types, at)
            if name in fields:
                raise self.error(f"the field {name} is here twice", at)
            self.require(":")
            fields[name] = self.read(types[name])
        if rest:
            return _Fields(fields)
        missing = [name for name in types if name not in fields and not isinstance(resolve(types[name]), Option)]
        if missing:
            raise self.unexpected(f"the field {missing[0]} of {type_.name}, or ...", self.position - 1)
        return {name: fields.get(name) for name in types}


class Expectation:
    """What may come of a call.

    Attributes:
        start: of the expectation in its text.
        end: behind it.
        alternatives: of which one must fit.
        constant: whether no variables stand in them.
    """

    __slots__ = ("alternatives", "constant", "end", "start")

    def __init__(self, start: int, end: int, alternatives: list[Value], constant: bool) -> None:
        self.start = start
        self.end = end
        self.alternatives = alternatives
        self.constant = constant

    @property
    def traps(self) -> bool:
        """Whether a trap is among the alternatives, however it is worded."""
        return any(isinstance(alternative, _Trap) for alternative in self.alternatives)

    def fits(self, outcome: Value | Trapped, lookup: Lookup) -> bool:
        """Whether the outcome is one of the alternatives.

        Raises:
            WaveError: a variable in the expectation is not set.
        """
        for alternative in self.alternatives:
            if _fits(alternative if self.constant else fill(alternative, lookup), outcome):
                return True
        return False


def read_expectation(text: str, type_: Type | None, scope: Scope) -> Expectation:
    """Read the expectation that a text is, by the type of the call's result.

    Raises:
        WaveError: it is none.
    """
    reader = PatternReader(text, 0, scope)
    start = reader.skip()
    if start >= len(text):
        raise reader.unexpected("an outcome, e.g. ok(_) or trap", start)
    alternatives = []
    end = start
    while True:
        alternatives.append(_alternative(reader, type_))
        end = reader.position
        if not reader.accept("|"):
            break
    if reader.skip() < len(text):
        raise reader.unexpected("'|' or the end of the line")
    return Expectation(start, end, alternatives, not reader.refs)


def _alternative(reader: PatternReader, type_: Type | None) -> Value:
    if reader.accept_word("trap"):
        following = reader.position
        if reader.text.startswith('"', reader.skip()):
            return _Trap(reader.string("a string"))
        reader.position = following
        return _Trap("")
    if reader._any():
        return _NoTrap()
    if type_ is not None:
        return reader.read(type_)
    # A call without a result succeeds or traps.
    if not reader.accept_word("ok"):
        raise reader.unexpected("ok or trap; the call has no result")
    return None
