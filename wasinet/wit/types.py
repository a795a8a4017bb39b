"""The value types of WIT, as immutable descriptions.

``str(t)`` is the type as WIT writes it where it is used: a named type gives its name, an owned
resource its name, a borrowed one ``borrow<name>``. The Python value of each type is fixed in
``wasinet.wit.values``.
"""

from __future__ import annotations

from wasinet.wit.data import Data

__all__ = [
    "BOOL",
    "CHAR",
    "F32",
    "F64",
    "S8",
    "S16",
    "S32",
    "S64",
    "STRING",
    "U8",
    "U16",
    "U32",
    "U64",
    "Alias",
    "Borrow",
    "Enum",
    "Flags",
    "List",
    "Option",
    "Own",
    "Primitive",
    "Record",
    "Resource",
    "Result",
    "Tuple",
    "Type",
    "Variant",
    "handle_of",
    "resolve",
]


class Primitive(Data):
    """``bool``, an integer (``bits`` and ``signed`` say which), ``f32``, ``f64``, ``char`` or ``string``."""

    name: str
    bits: int = 0
    signed: bool = False

    @property
    def is_integer(self) -> bool:
        return self.bits > 0

    @property
    def minimum(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        return (1 << (self.bits - int(self.signed))) - 1

    def __str__(self) -> str:
        return self.name


BOOL = Primitive("bool")
CHAR = Primitive("char")
STRING = Primitive("string")
F32 = Primitive("f32")
F64 = Primitive("f64")
U8, U16, U32, U64 = (Primitive(f"u{bits}", bits) for bits in (8, 16, 32, 64))
S8, S16, S32, S64 = (Primitive(f"s{bits}", bits, signed=True) for bits in (8, 16, 32, 64))


class List(Data):
    element: Type

    def __str__(self) -> str:
        return f"list<{self.element}>"


class Option(Data):
    payload: Type

    def __str__(self) -> str:
        return f"option<{self.payload}>"


class Result(Data):
    ok: Type | None = None
    err: Type | None = None

    def __str__(self) -> str:
        if self.err is None:
            return "result" if self.ok is None else f"result<{self.ok}>"
        return f"result<{'_' if self.ok is None else self.ok}, {self.err}>"


class Tuple(Data):
    items: tuple[Type, ...]

    def __str__(self) -> str:
        return f"tuple<{', '.join(map(str, self.items))}>"


class Record(Data):
    name: str
    fields: tuple[tuple[str, Type], ...]

    def __str__(self) -> str:
        return self.name


class Variant(Data):
    name: str
    cases: tuple[tuple[str, Type | None], ...]

    def __str__(self) -> str:
        return self.name


class Enum(Data):
    name: str
    cases: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


class Flags(Data):
    name: str
    flags: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


class Resource(Data):
    """A resource type; values are always ``Own`` or ``Borrow`` of it."""

    name: str

    def __str__(self) -> str:
        return self.name


class Own(Data):
    resource: Resource

    def __str__(self) -> str:
        return self.resource.name


class Borrow(Data):
    resource: Resource

    def __str__(self) -> str:
        return f"borrow<{self.resource.name}>"


class Alias(Data):
    """A ``type name = target``.

    ``handle`` names the resource that the alias stands for in worlds from before handle types,
    where ``type tcp-socket = u32`` was all that could be written.
    """

    name: str
    target: Type
    handle: Resource | None = None

    def __str__(self) -> str:
        return self.name


Type = Primitive | List | Option | Result | Tuple | Record | Variant | Enum | Flags | Resource | Own | Borrow | Alias


def resolve(type_: Type) -> Type:
    """The type behind any chain of aliases; an alias that stands for a handle gives ``Own`` of its resource."""
    while isinstance(type_, Alias):
        if type_.handle is not None:
            return Own(type_.handle)
        type_ = type_.target
    return type_


def handle_of(type_: Type) -> Resource | None:
    """The resource whose handle a value of this type is, or None."""
    type_ = resolve(type_)
    return type_.resource if isinstance(type_, Own | Borrow) else None
