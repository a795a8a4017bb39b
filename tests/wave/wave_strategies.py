"""Random types, random values of them, and what it means that two values are equal."""

from __future__ import annotations

from math import copysign, isnan
from struct import pack, unpack

from hypothesis import strategies as st

from wasinet.wit.types import (
    BOOL,
    CHAR,
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    STRING,
    U8,
    U16,
    U32,
    U64,
    Alias,
    Enum,
    Flags,
    List,
    Option,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
    resolve,
)
from wasinet.wit.values import Case, Err, Ok, Some, Value

PRIMITIVES = (BOOL, CHAR, F32, F64, S8, S16, S32, S64, STRING, U8, U16, U32, U64)
KEYWORDS = ("true", "false", "inf", "nan", "some", "none", "ok", "err")
DEPTH = 4

labels = st.one_of(
    st.sampled_from(KEYWORDS),
    st.sampled_from(("a", "b", "ipv4", "ip-address", "HTTP3", "method-GET", "color-42-2A-5d", "a-true", "X1-y2")),
    st.from_regex(r"(?:[a-z][a-z0-9]{0,3}|[A-Z][A-Z0-9]{0,3})(?:-[a-z][a-z0-9]?|-[A-Z][A-Z0-9]?){0,2}", fullmatch=True),
)
name_sets = st.lists(labels, max_size=4, unique=True).map(tuple)
characters = st.characters(codec="utf-8")
texts = st.text(characters, max_size=8)
floats32 = st.integers(0, 2**32 - 1).map(lambda bits: float(unpack("<f", pack("<I", bits))[0]))

_PRIMITIVE_VALUES: dict[str, st.SearchStrategy[Value]] = {
    "bool": st.booleans(),
    "f32": floats32,
    "f64": st.floats(),
    "char": characters,
    "string": texts,
}
_INTEGERS = {type_.name: st.integers(type_.minimum, type_.maximum) for type_ in PRIMITIVES if type_.is_integer}
_PRIMITIVES = st.sampled_from(PRIMITIVES)
_KINDS = st.sampled_from(
    ("primitive", "list", "option", "result", "tuple", "record", "optionals", "variant", "enum", "flags", "alias")
)
_SIZES = st.integers(0, 3)
_BYTES = st.binary(max_size=8)
_COIN = st.booleans()


def _draw_type(draw: st.DrawFn, depth: int) -> Type:
    kind = draw(_KINDS) if depth else "primitive"
    if kind == "primitive":
        return draw(_PRIMITIVES)
    if kind == "enum":
        return Enum(draw(labels), draw(name_sets) or ("only",))
    if kind == "flags":
        return Flags(draw(labels), draw(name_sets))
    if kind == "result":
        return Result(_draw_payload(draw, depth), _draw_payload(draw, depth))
    if kind == "tuple":
        return Tuple(tuple(_draw_type(draw, depth - 1) for _ in range(draw(_SIZES))))
    if kind == "record":
        return Record(draw(labels), tuple((name, _draw_type(draw, depth - 1)) for name in draw(name_sets)))
    if kind == "optionals":
        return Record(draw(labels), tuple((name, Option(_draw_type(draw, depth - 1))) for name in draw(name_sets)))
    if kind == "variant":
        cases = draw(name_sets) or ("only",)
        return Variant(draw(labels), tuple((name, _draw_payload(draw, depth)) for name in cases))
    inner = _draw_type(draw, depth - 1)
    if kind == "alias":
        return Alias(draw(labels), inner)
    return List(inner) if kind == "list" else Option(inner)


def _draw_payload(draw: st.DrawFn, depth: int) -> Type | None:
    return _draw_type(draw, depth - 1) if draw(_COIN) else None


def _draw_value(draw: st.DrawFn, type_: Type | None) -> Value:
    if type_ is None:
        return None
    match resolve(type_):
        case Primitive(name=name):
            return draw(_INTEGERS[name] if name in _INTEGERS else _PRIMITIVE_VALUES[name])
        case List(element=element):
            if resolve(element) == U8:
                return draw(_BYTES)
            return [_draw_value(draw, element) for _ in range(draw(_SIZES))]
        case Option(payload=payload):
            return Some(_draw_value(draw, payload)) if draw(_COIN) else None
        case Result(ok=ok, err=err):
            return Ok(_draw_value(draw, ok)) if draw(_COIN) else Err(_draw_value(draw, err))
        case Tuple(items=items):
            return tuple(_draw_value(draw, item) for item in items)
        case Record(fields=fields):
            return {name: _draw_value(draw, field) for name, field in fields}
        case Variant(cases=cases):
            name, content = draw(st.sampled_from(cases))
            return Case(name, _draw_value(draw, content))
        case Enum(cases=names):
            return draw(st.sampled_from(names))
        case Flags(flags=flags):
            return frozenset(flag for flag in flags if draw(_COIN))
    raise AssertionError(f"no values of {type_}")


@st.composite
def types(draw: st.DrawFn) -> Type:
    """Any type without handles."""
    return _draw_type(draw, DEPTH)


@st.composite
def typed_values(draw: st.DrawFn) -> tuple[Type, Value]:
    """A type and a value of it."""
    type_ = _draw_type(draw, DEPTH)
    return type_, _draw_value(draw, type_)


def same(left: Value, right: Value) -> bool:
    """Whether two values are equal: of the same Python type, with nan equal to nan, and 0 unequal to -0."""
    if left.__class__ is not right.__class__:
        return False
    match left:
        case float():
            if isnan(left):
                return isnan(right)
            return bool(left == right) and copysign(1, left) == copysign(1, right)
        case list() | tuple():
            return len(left) == len(right) and all(map(same, left, right))
        case dict():
            return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
        case Some() | Ok() | Err():
            return same(left.value, right.value)
        case Case():
            return left.name == right.name and same(left.payload, right.payload)
    return bool(left == right)
