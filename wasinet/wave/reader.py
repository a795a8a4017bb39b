"""WAVE text to values, led by the declared type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wasinet.wave.errors import WaveError
from wasinet.wave.floats import read_f32
from wasinet.wave.lexer import Lexer
from wasinet.wave.text import KEYWORDS, MAX_DEPTH, describe
from wasinet.wit.types import (
    U8,
    Alias,
    Borrow,
    Enum,
    Flags,
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

__all__ = ["Reader", "loads"]


class Reader(Lexer):
    """Reads values in a text, one after the other.

    ``Reader(text, position).read(type)`` gives the value of that type that stands at the position and
    leaves ``reader.position`` right behind it.

    A subclass adds forms to a kind of type by overriding its ``read_*`` method (look at the text, and
    call ``super()`` when nothing special is there), to all types by overriding ``read``, to names such as
    ``duration`` in ``read_alias``, and says so in ``describe``, which words what an error expected.
    Every ``read_*`` method is called with ``position`` at a token, not at blanks.
    """

    def __init__(self, text: str, position: int = 0) -> None:
        super().__init__(text, position)
        self._depth = 0

    def read(self, type_: Type) -> Value:
        """Read one value of this type.

        Raises:
            WaveError: no value of the type stands here.
            TypeError: ``type_`` is not a type.
        """
        method = _METHODS.get(type_.__class__)
        if method is None:
            raise TypeError(f"expected a type, got a value of the Python type {type(type_).__name__}")
        self.skip()
        step = 0 if isinstance(type_, Alias) else 1
        if self._depth + step > MAX_DEPTH + 1:
            raise self.error(f"values may not nest deeper than {MAX_DEPTH} levels")
        self._depth += step
        try:
            return getattr(self, method)(type_)
        except RecursionError:
            # Only where the caller has used up the stack: the limit above is far below Python's.
            raise self.error("values nest too deeply here") from None
        finally:
            self._depth -= step

    def read_arguments(self, params: Sequence[tuple[str, Type]]) -> list[Value]:
        """Read the arguments of a call with their parentheses; ``none`` arguments at the end may be left out."""
        values: list[Value] = []
        for index in self.sequence("(", ")"):
            if index == len(params):
                raise self.unexpected(f"')' after {_count(len(params), 'argument')}")
            values.append(self.read(params[index][1]))
        for name, type_ in params[len(values) :]:
            if not isinstance(resolve(type_), Option):
                raise self.unexpected(f"the argument {name}, {self.describe(type_)}", self.position - 1)
            values.append(None)
        return values

    def describe(self, type_: Type) -> str:
        """The type as errors word it behind ``expected``."""
        return describe(type_)

    def read_alias(self, type_: Alias) -> Value:
        """A named type: read as its target, or as the handle that it stands for."""
        return self.read(type_.target if type_.handle is None else Own(type_.handle))

    def read_primitive(self, type_: Primitive) -> Value:
        """Any primitive type: goes on to the method of its kind."""
        if type_.is_integer:
            return self.read_integer(type_)
        return getattr(self, _PRIMITIVES[type_.name])(type_)

    def read_bool(self, type_: Primitive) -> bool:
        """``true`` or ``false``."""
        word = self.peek_word()
        if word not in ("true", "false"):
            raise self.unexpected(self.describe(type_))
        self.position += len(word)
        return word == "true"

    def read_integer(self, type_: Primitive) -> int:
        """Decimal digits within the range of the type."""
        start = self.position
        text = self.number(self.describe(type_))
        # No integer type has numbers of more than 20 characters, and Python refuses very long ones.
        if len(text) <= 20 and text.removeprefix("-").isdigit():
            value = int(text)
            if type_.minimum <= value <= type_.maximum:
                return value
        raise self.unexpected(self.describe(type_), start)

    def read_float(self, type_: Primitive) -> float:
        """A number, ``nan``, ``inf`` or ``-inf``; rounded to the nearest float of the type."""
        text = self.number(self.describe(type_))
        return read_f32(text) if type_.name == "f32" else float(text)

    def read_char(self, type_: Primitive) -> str:
        """One character in single quotes."""
        return self.char(self.describe(type_))

    def read_string(self, type_: Primitive) -> str:
        """A string, multi-line or not."""
        return self.string(self.describe(type_))

    def read_list(self, type_: List) -> Value:
        """``[a, b]``; ``list<u8>`` goes on to ``read_bytes``."""
        if resolve(type_.element) == U8:
            return self.read_bytes(type_)
        return self._items(type_)

    def read_bytes(self, type_: List) -> bytes:
        """``list<u8>``: a list of numbers, as bytes."""
        return bytes(self._items(type_))

    def _items(self, type_: List) -> list[Value]:
        self._open("[", type_)
        return [self.read(type_.element) for _ in self.sequence("[", "]")]

    def read_tuple(self, type_: Tuple) -> tuple[Value, ...]:
        """``(a, b)``."""
        self._open("(", type_)
        items = type_.items
        values: list[Value] = []
        for index in self.sequence("(", ")"):
            if index == len(items):
                raise self.unexpected(f"')' after {_count(len(items), 'item')} of {self.describe(type_)}")
            values.append(self.read(items[index]))
        if len(values) < len(items):
            missing = self.describe(items[len(values)])
            raise self.unexpected(f"item {len(values) + 1} of {len(items)}, {missing}", self.position - 1)
        return tuple(values)

    def read_record(self, type_: Record) -> dict[str, Value]:
        """``{a: 1, b: 2}`` in any order; ``none`` fields may be left out, and ``{:}`` leaves out all of them."""
        self._open("{", type_)
        start = self.position
        types = dict(type_.fields)
        values: dict[str, Value] = {}
        self.position += 1
        if self.accept(":"):
            self.require("}")
        elif self.accept("}"):
            raise self.error("a record without fields is written {:}", start, expected="{:}")
        else:
            self.position = start
            for _ in self.sequence("{", "}"):
                at = self.skip()
                name = self.label(f"a field of {type_.name}")
                if name not in types:
                    raise self._unknown("a field", type_.name, types, at)
                if name in values:
                    raise self.error(f"the field {name} is here twice", at)
                self.require(":")
                values[name] = self.read(types[name])
        missing = [name for name in types if name not in values and not isinstance(resolve(types[name]), Option)]
        if missing:
            what = f"the field {missing[0]} of {type_.name}, {self.describe(types[missing[0]])}"
            raise self.unexpected(what, self.position - 1)
        return {name: values.get(name) for name in types}

    def read_variant(self, type_: Variant) -> Case:
        """``case`` or ``case(payload)``."""
        cases = dict(type_.cases)
        name = self._case(type_, cases)
        payload = cases[name]
        return Case(name) if payload is None else Case(name, self._payload(payload))

    def read_enum(self, type_: Enum) -> str:
        """The name of a case."""
        return self._case(type_, type_.cases)

    def read_option(self, type_: Option) -> Some | None:
        """``none``, ``some(value)``, or the bare value where that is not an option or result itself."""
        if self.accept_word("none"):
            return None
        if self.accept_word("some"):
            return Some(self._payload(type_.payload))
        if not _flat(type_.payload):
            raise self.unexpected(f"{self.describe(type_)}: none or some(...)")
        return Some(self.read(type_.payload))

    def read_result(self, type_: Result) -> Ok | Err:
        """``ok``, ``ok(value)``, ``err``, ``err(value)``, or the bare value, as for options."""
        if self.accept_word("ok"):
            return Ok() if type_.ok is None else Ok(self._payload(type_.ok))
        if self.accept_word("err"):
            return Err() if type_.err is None else Err(self._payload(type_.err))
        if type_.ok is None or not _flat(type_.ok):
            ok = "ok" if type_.ok is None else "ok(...)"
            raise self.unexpected(f"{self.describe(type_)}: {ok} or {'err' if type_.err is None else 'err(...)'}")
        return Ok(self.read(type_.ok))

    def read_flags(self, type_: Flags) -> frozenset[str]:
        """``{read, write}`` in any order."""
        self._open("{", type_)
        found: set[str] = set()
        for _ in self.sequence("{", "}"):
            at = self.skip()
            name = self.label(f"a flag of {type_.name}")
            if name not in type_.flags:
                raise self._unknown("a flag", type_.name, type_.flags, at)
            if name in found:
                raise self.error(f"the flag {name} is here twice", at)
            found.add(name)
        return frozenset(found)

    def read_handle(self, type_: Own | Borrow | Resource) -> int:
        """Handles have no text in WAVE, so this always raises; a subclass may know some."""
        message = f"expected a handle of {self.describe(type_)}, which has no text in WAVE"
        raise self.error(message, expected=f"a handle of {self.describe(type_)}")

    def _open(self, bracket: str, type_: Type) -> None:
        if not self.text.startswith(bracket, self.position):
            raise self.unexpected(self.describe(type_))

    def _payload(self, type_: Type) -> Value:
        self.require("(", f"'(' and {self.describe(type_)}")
        value = self.read(type_)
        self.require(")")
        return value

    def _case(self, type_: Variant | Enum, cases: Iterable[str]) -> str:
        at = self.position
        word = self.peek_word()
        if not word:
            raise self.unexpected(self.describe(type_))
        if word in KEYWORDS:
            if word in cases:
                message = f"the case {word} of {type_.name} is called like a keyword: write %{word}"
                raise self.error(message, expected=f"%{word}")
            raise self.unexpected(self.describe(type_))
        name = word.removeprefix("%")
        if name not in cases:
            raise self._unknown(self.describe(type_), "", cases, at)
        self.position += len(word)
        return name

    def _unknown(self, what: str, owner: str, names: Iterable[str], position: int) -> WaveError:
        from difflib import get_close_matches

        self.position = position
        word = self.peek_word().removeprefix("%")
        error = self.unexpected(f"{what} of {owner}" if owner else what, position)
        near = get_close_matches(word, list(names), 1) if len(word) <= 60 else []
        return self.error(f"{error.message}; did you mean {near[0]}?", position, expected=near[0]) if near else error


def _flat(type_: Type) -> bool:
    return not isinstance(resolve(type_), Option | Result)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_METHODS: dict[type, str] = {
    Alias: "read_alias",
    Borrow: "read_handle",
    Enum: "read_enum",
    Flags: "read_flags",
    List: "read_list",
    Option: "read_option",
    Own: "read_handle",
    Primitive: "read_primitive",
    Record: "read_record",
    Resource: "read_handle",
    Result: "read_result",
    Tuple: "read_tuple",
    Variant: "read_variant",
}
_PRIMITIVES = {
    "bool": "read_bool",
    "char": "read_char",
    "f32": "read_float",
    "f64": "read_float",
    "string": "read_string",
}


def loads(text: str, type_: Type) -> Value:
    """The value of this type that the text encodes, blanks and comments around it aside.

    Raises:
        WaveError: the text is not a value of the type; ``render()`` shows the place.
    """
    reader = Reader(text)
    value = reader.read(type_)
    reader.finish()
    return value
