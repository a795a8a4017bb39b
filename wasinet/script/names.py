"""What things are called: a world's functions by every way to write them, handles by their type, names not to take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from wasinet.wave.text import KEYWORDS
from wasinet.wit.declare import Function, World
from wasinet.wit.types import List, Option, Own, Record, Resource, Result, Tuple, Type, Variant, handle_of, resolve
from wasinet.wit.values import Err, Ok, Value

__all__ = ["DROP", "NET", "Names", "default_name", "handles_in", "names_of", "near"]

DROP = "drop"
"""The one call that is no function of a world: it disposes of any handle."""

NET = "net"
"""The predefined variable: the default network."""

_PREFIXES = {
    "tcp-socket": "tcp",
    "udp-socket": "udp",
    "input-stream": "rx",
    "output-stream": "tx",
    "incoming-datagram-stream": "in",
    "outgoing-datagram-stream": "out",
    "pollable": "p",
    "network": NET,
    "resolve-address-stream": "lookup",
}

Found = tuple[str, Function]
"""The world's key of a function, and its declaration."""


class Names:
    """What a world's functions and handles are called.

    Attributes:
        world: whose.
        functions: by key and by qualified name.
        methods: by resource, then by member.
        reserved: what may not be assigned, and what it is.
        default_network: the function that gives the network of ``net``, or None.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.functions: dict[str, Found] = {}
        self.methods: dict[str, dict[str, Found]] = {}
        self.default_network: Found | None = None
        self.reserved: dict[str, str] = dict.fromkeys(KEYWORDS, "a keyword")
        self.reserved.update((interface.name, "an interface") for interface in world.interfaces)
        self.reserved.update((resource, "a resource") for resource in world.resources)
        self.reserved[DROP] = "a function"
        for key, function in world.functions.items():
            found = key, function
            self.functions[function.qualified] = found
            self.functions[key] = found
            if "." not in key:
                self.reserved.setdefault(key, "a function")
            if function.receiver is not None:
                self.methods.setdefault(function.receiver.name, {})[function.member] = found
            made = None if function.result is None else handle_of(function.result)
            if not function.arguments and made is not None and made.name == "network":
                self.default_network = found
        resources = world.resources
        self._prefixes = {name: _PREFIXES.get(name, name) for name in resources}
        self._by_prefix: dict[str, Type] = {self._prefixes[name]: Own(of) for name, of in resources.items()}
        self.network: Type | None = Own(resources["network"]) if "network" in resources else None

    def prefix(self, resource: str) -> str:
        """How the default names of such handles begin: ``tcp``."""
        return self._prefixes.get(resource, resource)

    def default_type(self, name: str) -> Type | None:
        """The type that a default name tells: ``rx2`` is an input stream."""
        if name == NET:
            return self.network
        prefix = name.rstrip("0123456789")
        digits = name[len(prefix) :]
        if not digits or digits[0] == "0":
            return None
        return self._by_prefix.get(prefix)

    def candidates(self, member: str) -> dict[str, Found]:
        """The functions of this member by resource, for a receiver whose type is not known."""
        return {resource: found[member] for resource, found in self.methods.items() if member in found}

    def callable_names(self) -> Iterator[str]:
        """All that may stand before a parenthesis without a receiver."""
        yield DROP
        yield from self.functions


def _handles(type_: Type | None) -> Iterator[Resource]:
    resource = None if type_ is None else handle_of(type_)
    if resource is not None:
        yield resource
        return
    for part in _parts(type_):
        yield from _handles(part)


def _parts(type_: Type | None) -> Iterable[Type | None]:
    type_ = None if type_ is None else resolve(type_)
    match type_:
        case List(element):
            return (element,)
        case Option(payload):
            return (payload,)
        case Result(ok, err):
            return (ok, err)
        case Tuple(items):
            return items
        case Record():
            return tuple(of for _, of in type_.fields)
        case Variant():
            return tuple(of for _, of in type_.cases)
    return ()


_names: dict[str, Names] = {}


def names_of(world: World) -> Names:
    """The names of a world, worked out once."""
    found = _names.get(world.name)
    if found is None or found.world is not world:
        found = _names[world.name] = Names(world)
    return found


_yields: dict[int, tuple[Type, bool]] = {}


def gives_handles(type_: Type | None) -> bool:
    """Whether values of the type may have handles in them."""
    if type_ is None:
        return False
    known = _yields.get(id(type_))
    if known is None:
        known = _yields[id(type_)] = (type_, next(_handles(type_), None) is not None)
    return known[1]


def handles_in(value: Value, type_: Type | None) -> Iterator[tuple[int, str]]:
    """Every handle in a value with its resource, in order."""
    if not gives_handles(type_):
        return
    assert type_ is not None
    resource = handle_of(type_)
    type_ = resolve(type_)
    if resource is not None:
        yield value, resource.name
        return
    match type_:
        case Result(ok, err):
            if isinstance(value, Ok | Err):
                yield from handles_in(value.value, ok if isinstance(value, Ok) else err)
        case Option(payload):
            if value is not None:
                yield from handles_in(value.value, payload)
        case Tuple(items):
            for item, of in zip(value, items, strict=True):
                yield from handles_in(item, of)
        case List(element):
            for item in value:
                yield from handles_in(item, element)
        case Record():
            for name, of in type_.fields:
                yield from handles_in(value[name], of)
        case Variant():
            yield from handles_in(value.payload, dict(type_.cases).get(value.name))


def default_name(prefix: str, taken: Mapping[str, object], first: int = 1) -> str:
    """The first free name with this beginning: ``tcp1``. The numbers below ``first`` are known to be taken."""
    number = first
    while f"{prefix}{number}" in taken:
        number += 1
    return f"{prefix}{number}"


def near(word: str, names: Iterable[str]) -> str:
    """``; did you mean poll?``, or nothing where no name is near."""
    found = get_close_matches(word, list(names), 1) if len(word) <= 60 else []
    return f"; did you mean {found[0]}?" if found else ""
