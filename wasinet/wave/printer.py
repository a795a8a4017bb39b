"""Values to WAVE text: one function for each type, compiled once."""

from __future__ import annotations

from collections.abc import Callable
from math import isinf
from typing import NoReturn

from wasinet.wave.errors import WaveError
from wasinet.wave.floats import f32_text, f64_text, round_f32
from wasinet.wave.text import MAX_DEPTH, char_text, describe, escape_case, show, string_text
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

__all__ = ["Printer", "Write", "buffer", "dumps", "misfit"]

Write = Callable[[Value], str]
"""A compiled function: a value of one type to its text; raises ``WaveError`` where the value does not fit."""

_CACHED = 4096


def misfit(type_: Type, value: object) -> NoReturn:
    """Raise the error of a value that is not of its type."""
    expected = describe(type_)
    raise WaveError(f"expected {expected}, got {show(value)}", expected=expected)


class Printer:
    """Prints values as pure WAVE.

    A subclass changes a form by overriding the ``compile_*`` method of its kind of type. Each takes the
    type and gives the function that prints its values; it runs once per type, so that all decisions
    that depend on the type alone are made there. Payloads are compiled with ``self.compile``.
    """

    def __init__(self) -> None:
        # Hashing a type walks all of it, so the cache goes by identity and keeps the type alive.
        self._compiled: dict[int, tuple[Type, Write]] = {}
        self._depth = 0

    def dumps(self, value: Value, type_: Type) -> str:
        """The text of a value of this type.

        Raises:
            WaveError: the value does not fit the type; ``path`` says which part of it.
        """
        found = self._compiled.get(id(type_))
        try:
            return (found[1] if found is not None else self.compile(type_))(value)
        except RecursionError:
            # Types that were compiled from the inside out, one by one, or a caller who has used up the stack.
            raise WaveError("the value nests too deeply") from None

    def compile(self, type_: Type) -> Write:
        """The function that prints values of this type.

        Raises:
            WaveError: the type is nested too deeply.
            TypeError: ``type_`` is not a type.
        """
        found = self._compiled.get(id(type_))
        if found is not None:
            return found[1]
        method = _METHODS.get(type_.__class__)
        if method is None:
            raise TypeError(f"expected a type, got {show(type_)}")
        if self._depth > MAX_DEPTH:
            raise WaveError(f"the type is nested deeper than {MAX_DEPTH} levels")
        step = 0 if isinstance(type_, Alias) else 1
        self._depth += step
        try:
            write: Write = getattr(self, method)(type_)
        finally:
            self._depth -= step
        if len(self._compiled) >= _CACHED:
            self._compiled.clear()
        self._compiled[id(type_)] = (type_, write)
        return write

    def compile_alias(self, type_: Alias) -> Write:
        """A named type; prints as its target, or as the handle that it stands for."""
        return self.compile(type_.target if type_.handle is None else Own(type_.handle))

    def compile_primitive(self, type_: Primitive) -> Write:
        """Any primitive type: goes on to the method of its kind."""
        if type_.is_integer:
            return self.compile_integer(type_)
        write: Write = getattr(self, _PRIMITIVES[type_.name])(type_)
        return write

    def compile_bool(self, type_: Primitive) -> Write:
        """``true`` or ``false``."""

        def write(value: Value) -> str:
            if value is True:
                return "true"
            if value is False:
                return "false"
            misfit(type_, value)

        return write

    def compile_integer(self, type_: Primitive) -> Write:
        """Decimal digits, for all of ``u8`` to ``s64``."""
        minimum, maximum = type_.minimum, type_.maximum

        def write(value: Value) -> str:
            if not isinstance(value, int) or value.__class__ is bool or not minimum <= value <= maximum:
                misfit(type_, value)
            return int.__repr__(value)

        return write

    def compile_float(self, type_: Primitive) -> Write:
        """The shortest digits that read back equal; a value for ``f32`` is rounded to 32 bits first."""
        short = type_.name == "f32"

        def write(value: Value) -> str:
            if not isinstance(value, (float, int)) or value.__class__ is bool:
                misfit(type_, value)
            try:
                number = float(value)
            except OverflowError:
                misfit(type_, value)
            if not short:
                return f64_text(number)
            rounded = round_f32(number)
            if isinf(rounded) and not isinf(number):
                misfit(type_, value)
            return f32_text(rounded)

        return write

    def compile_char(self, type_: Primitive) -> Write:
        """One character in single quotes."""

        def write(value: Value) -> str:
            if isinstance(value, str) and len(value) == 1:
                try:
                    return char_text(value)
                except ValueError:
                    pass
            misfit(type_, value)

        return write

    def compile_string(self, type_: Primitive) -> Write:
        """Text in double quotes."""

        def write(value: Value) -> str:
            if isinstance(value, str):
                try:
                    return string_text(value)
                except ValueError:
                    pass
            misfit(type_, value)

        return write

    def compile_list(self, type_: List) -> Write:
        """``[a, b]``; ``list<u8>`` goes on to ``compile_bytes``."""
        if resolve(type_.element) == U8:
            return self.compile_bytes(type_)
        element = self.compile(type_.element)

        def write(value: Value) -> str:
            if not isinstance(value, (list, tuple)):
                misfit(type_, value)
            parts: list[str] = []
            try:
                for item in value:
                    parts.append(element(item))  # noqa: PERF401
            except WaveError as error:
                raise error.inside(f"[{len(parts)}]") from None
            return f"[{', '.join(parts)}]"

        return write

    def compile_bytes(self, type_: List) -> Write:
        """``list<u8>``, whose values are buffers: a list of numbers."""

        def write(value: Value) -> str:
            return f"[{', '.join(map(str, buffer(type_, value).tobytes()))}]"

        return write

    def compile_tuple(self, type_: Tuple) -> Write:
        """``(a, b)``."""
        items = [self.compile(item) for item in type_.items]
        size = len(items)

        def write(value: Value) -> str:
            if not isinstance(value, (tuple, list)) or len(value) != size:
                misfit(type_, value)
            parts: list[str] = []
            try:
                for item, part in zip(items, value, strict=True):
                    parts.append(item(part))
            except WaveError as error:
                raise error.inside(f"[{len(parts)}]") from None
            return f"({', '.join(parts)})"

        return write

    def compile_record(self, type_: Record) -> Write:
        """``{a: 1, b: 2}`` in the declared order, without the fields that are ``none``."""
        fields = [(name, isinstance(resolve(field), Option), self.compile(field)) for name, field in type_.fields]
        names = frozenset(name for name, _, _ in fields)
        size = len(names)

        def write(value: Value) -> str:
            if not isinstance(value, dict):
                misfit(type_, value)
            parts = []
            name = ""
            try:
                for name, optional, field in fields:
                    item = value[name]
                    if item is not None or not optional:
                        parts.append(f"{name}: {field(item)}")
            except KeyError:
                raise WaveError(f"the record {type_.name} lacks its field {name}", expected=name) from None
            except WaveError as error:
                raise error.inside(f".{name}") from None
            if len(value) != size:
                unknown = next(key for key in value if key not in names)
                raise WaveError(f"the record {type_.name} has no field of the name {show(unknown)}")
            return f"{{{', '.join(parts)}}}" if parts else "{:}"

        return write

    def compile_variant(self, type_: Variant) -> Write:
        """``case`` or ``case(payload)``."""
        cases = {
            name: (escape_case(name), None if payload is None else self.compile(payload))
            for name, payload in type_.cases
        }

        def write(value: Value) -> str:
            if value.__class__ is not Case or not isinstance(value.name, str) or value.name not in cases:
                misfit(type_, value if value.__class__ is not Case else value.name)
            name, payload = cases[value.name]
            return _payload(name, payload, value.payload)

        return write

    def compile_enum(self, type_: Enum) -> Write:
        """The name of the case."""
        cases = {case: escape_case(case) for case in type_.cases}

        def write(value: Value) -> str:
            if not isinstance(value, str) or value not in cases:
                misfit(type_, value)
            return cases[value]

        return write

    def compile_option(self, type_: Option) -> Write:
        """``none`` or ``some(value)``; never the flat form, which is not always possible."""
        payload = self.compile(type_.payload)

        def write(value: Value) -> str:
            if value is None:
                return "none"
            if value.__class__ is not Some:
                misfit(type_, value)
            return _payload("some", payload, value.value)

        return write

    def compile_result(self, type_: Result) -> Write:
        """``ok``, ``ok(value)``, ``err`` or ``err(value)``; never the flat form."""
        ok = None if type_.ok is None else self.compile(type_.ok)
        err = None if type_.err is None else self.compile(type_.err)

        def write(value: Value) -> str:
            if value.__class__ is Ok:
                return _payload("ok", ok, value.value)
            if value.__class__ is Err:
                return _payload("err", err, value.value)
            misfit(type_, value)

        return write

    def compile_flags(self, type_: Flags) -> Write:
        """``{read, write}`` in the declared order."""
        flags = type_.flags
        known = frozenset(flags)

        def write(value: Value) -> str:
            if not isinstance(value, (frozenset, set)):
                misfit(type_, value)
            if not value <= known:
                unknown = next(flag for flag in value if flag not in known)
                raise WaveError(f"the flags {type_.name} have no flag of the name {show(unknown)}")
            return f"{{{', '.join([flag for flag in flags if flag in value])}}}"

        return write

    def compile_handle(self, type_: Own | Borrow | Resource) -> Write:
        """``#3``, which is for people: WAVE has no text for handles."""

        def write(value: Value) -> str:
            if not isinstance(value, int) or value.__class__ is bool or not 0 <= value < 1 << 64:
                expected = f"a handle of {describe(type_)}"
                raise WaveError(f"expected {expected}, got {show(value)}", expected=expected)
            return f"#{int(value)}"

        return write


def buffer(type_: List, value: Value) -> memoryview:
    """A view of a value of ``list<u8>``, which may be any buffer; raises ``WaveError`` where it is none."""
    try:
        return memoryview(value)
    except (TypeError, ValueError, BufferError):
        misfit(type_, value)


def _payload(name: str, payload: Write | None, value: Value) -> str:
    if payload is None:
        if value is not None:
            raise WaveError(f"{name} has no payload, got {show(value)}")
        return name
    try:
        return f"{name}({payload(value)})"
    except WaveError as error:
        raise error.inside(f".{name.removeprefix('%')}") from None


_METHODS: dict[type, str] = {
    Alias: "compile_alias",
    Borrow: "compile_handle",
    Enum: "compile_enum",
    Flags: "compile_flags",
    List: "compile_list",
    Option: "compile_option",
    Own: "compile_handle",
    Primitive: "compile_primitive",
    Record: "compile_record",
    Resource: "compile_handle",
    Result: "compile_result",
    Tuple: "compile_tuple",
    Variant: "compile_variant",
}
_PRIMITIVES = {
    "bool": "compile_bool",
    "char": "compile_char",
    "f32": "compile_float",
    "f64": "compile_float",
    "string": "compile_string",
}

_PURE = Printer()


def dumps(value: Value, type_: Type) -> str:
    """The value as WAVE text, which ``loads`` reads back equal (handles excepted).

    Raises:
        WaveError: the value does not fit the type; ``path`` says which part of it.
    """
    return _PURE.dumps(value, type_)
