"""The values at the ends of a type's range, found from the type itself: where mistakes are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from wasinet.wit.types import (
    BOOL,
    CHAR,
    STRING,
    U8,
    Borrow,
    Enum,
    Flags,
    List,
    Option,
    Own,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
    resolve,
)
from wasinet.wit.values import Case, Err, Ok, Some, Value

__all__ = ["Given", "ends"]

Given = Callable[[Type], Sequence[Value]]
"""What to take for a type instead of its own ends; empty for those."""

_CHARS = ("\0", "\ud7ff", "\ue000", "\U0010ffff")
# Numbers of more digits than Python reads, alone and where an address has one.
_DIGITS = "9" * 5_000
_STRINGS = ("", "\0", "\U0010ffff", _DIGITS, f"{_DIGITS}.0.0.1", "x" * 70_000)
_FLOATS = (0.0, -0.0, float("inf"), float("-inf"), float("nan"))
# More than one datagram, one read or one permit takes.
_LONG = 200_000
_MANY = 1000


def ends(type_: Type, given: Given = lambda type_: ()) -> list[Value]:
    """The least and the greatest values, of what has parts in each part; the first is an ordinary one where ``given``
    says what that is.

    Args:
        type_: the type; handles need ``given``.
        given: see ``Given``; asked for every type within this one, too.
    """
    return list(_ends(type_, given))


def _ends(type_: Type, given: Given) -> Iterator[Value]:
    known = given(type_)
    if known:
        yield from known
        return
    type_ = resolve(type_)
    match type_:
        case Primitive():
            yield from _of_primitive(type_)
        case List() if resolve(type_.element) == U8:
            yield from (b"", b"\0", b"\xff" * _LONG)
        case List():
            yield []
            of_element = ends(type_.element, given)
            yield from ([value] for value in of_element)
            if of_element:
                yield [of_element[0]] * _MANY
        case Option():
            yield None
            yield from map(Some, ends(type_.payload, given))
        case Result():
            for wrap, inner in ((Ok, type_.ok), (Err, type_.err)):
                yield from map(wrap, [None] if inner is None else ends(inner, given))
        case Tuple():
            yield from map(tuple, _of_parts([ends(item, given) for item in type_.items]))
        case Record():
            names = [name for name, _ in type_.fields]
            for values in _of_parts([ends(field, given) for _, field in type_.fields]):
                yield dict(zip(names, values, strict=True))
        case Variant():
            for name, payload in type_.cases:
                yield from (Case(name, value) for value in ([None] if payload is None else ends(payload, given)))
        case Enum():
            yield from type_.cases
        case Flags():
            yield frozenset()
            yield from (frozenset({flag}) for flag in type_.flags)
            yield frozenset(type_.flags)
        case Own() | Borrow():
            # There is no such handle unless somebody gives one.
            return
        case _:
            raise TypeError(f"{type_} is not the type of a value")


def _of_primitive(type_: Primitive) -> Sequence[Value]:
    if type_.is_integer:
        return tuple(dict.fromkeys((type_.minimum, type_.minimum + 1, type_.maximum - 1, type_.maximum)))
    return {BOOL: (False, True), CHAR: _CHARS, STRING: _STRINGS}.get(type_, _FLOATS)


def _of_parts(parts: Sequence[Sequence[Value]]) -> Iterator[list[Value]]:
    """The first value of every part with each other value of one of them, and the last value of all."""
    if not all(parts):
        return
    first = [values[0] for values in parts]
    yield first
    for place, values in enumerate(parts):
        for value in values[1:]:
            yield [*first[:place], value, *first[place + 1 :]]
    yield [values[-1] for values in parts]
