"""What a transcript expects of a call: ``ok(_)``, ``[0, ...]``, ``ok | err(would-block)``, ``trap "text"``.

Patterns are read by the call's result type and are compared with ``==``: what stands for ``_`` and
``...`` equals whatever it should.
"""

from __future__ import annotations

import re

from wasinet.engine.records import Trapped
from wasinet.script.binding import Lookup, fill
from wasinet.script.reader import Ref, Scope, ValueReader
from wasinet.wit.types import U8, Enum, List, Option, Record, Type, Variant, resolve
from wasinet.wit.values import Value

__all__ = ["Expectation", "PatternReader", "read_expectation"]

_ANY_WORD = re.compile(r"_(?![\w-])")


class _Any:
    """Equals everything."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


ANY = _Any()


class _Rest:
    """Equals a list that begins with these items, and bytes likewise."""

    __slots__ = ("items", "open")

    def __init__(self, items: list[Value], open_: bool) -> None:
        self.items = items
        self.open = open_

    def __eq__(self, other: object) -> bool:
        items = list(other) if isinstance(other, list | tuple | bytes | bytearray | memoryview) else None
        if items is None:
            return False
        return self.items == (items[: len(self.items)] if self.open else items)

    def __hash__(self) -> int:
        return 0

    def filled(self, lookup: Lookup) -> _Rest:
        return _Rest(fill(self.items, lookup), self.open)


class _Fields:
    """Equals a record that has these fields."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Value]) -> None:
        self.fields = fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and all(other.get(name) == value for name, value in self.fields.items())

    def __hash__(self) -> int:
        return 0

    def filled(self, lookup: Lookup) -> _Fields:
        return _Fields(fill(self.fields, lookup))


class _Trap:
    """Equals a trap whose message has this text in it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trapped) and self.text in other.message

    def __hash__(self) -> int:
        return 0


class _NoTrap:
    """Equals every outcome but a trap."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return not isinstance(other, Trapped)

    def __hash__(self) -> int:
        return 0


class PatternReader(ValueReader):
    """Reads values in which ``_`` and ``...`` stand for what may differ."""

    def read(self, type_: Type) -> Value:
        if self._any():
            return ANY
        return super().read(type_)

    def _any(self) -> bool:
        if not self.text.startswith("_", self.skip()) or not _ANY_WORD.match(self.text, self.position):
            return False
        self.position += 1
        return True

    def describe(self, type_: Type) -> str:
        return f"{super().describe(type_)}, or _" if isinstance(type_, Enum | Variant) else super().describe(type_)

    def port(self, text: str, position: int) -> Value:
        return ANY if text == "_" else super().port(text, position)

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
        if rest or (resolve(type_.element) == U8 and any(item is ANY or isinstance(item, Ref) for item in items)):
            return _Rest(items, rest)
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

    def fits(self, outcome: Value | Trapped, lookup: Lookup) -> bool:
        """Whether the outcome is one of the alternatives.

        Raises:
            WaveError: a variable in the expectation is not set.
        """
        for alternative in self.alternatives:
            if (alternative if self.constant else fill(alternative, lookup)) == outcome:
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
