"""Values in calls: WAVE, and where the declared type allows it the short forms that people write.

| type                  | short forms                                                         |
|-----------------------|---------------------------------------------------------------------|
| ``ip-socket-address`` | ``127.0.0.1:80``, ``[::1]:80``, ``[fe80::1%eth0]:80``, ``%2``       |
| ``ip-address``        | ``10.0.0.1``, ``::1``                                               |
| ``duration``          | ``5s``, ``250ms``, ``1us``, ``2m``, ``1h``                          |
| other ``u64``         | ``64KiB``, ``1MiB``, ``10kB``                                       |
| ``list<u8>``          | ``"text\\xff"`` (UTF-8), ``b64"..."``                                |
| handles               | ``#3``                                                              |
| any                   | the name of a variable; a case of the expected type goes before it  |
"""

from __future__ import annotations

import binascii
import re
from typing import Protocol

from wasinet.oscalls import Os
from wasinet.oscalls.interfaces import zone_number
from wasinet.script.names import near
from wasinet.script.syntax import BLANKS
from wasinet.wave.errors import WaveError
from wasinet.wave.reader import Reader
from wasinet.wave.text import KEYWORDS
from wasinet.wit.types import (
    U8,
    U64,
    Alias,
    Borrow,
    Enum,
    List,
    Option,
    Own,
    Primitive,
    Record,
    Resource,
    Result,
    Type,
    Variant,
    handle_of,
    resolve,
)
from wasinet.wit.values import Case, Value

__all__ = ["Octets", "Ref", "Scope", "ValueReader", "fits"]

_SOCKET = re.compile(
    r"(?:([0-9]++(?:\.[0-9]++)+)|\[([0-9A-Fa-f:.]*+)(?:%([^\]\s]++))?\]):(_|[0-9]++)(?![\w.:%-])", re.ASCII
)
_IP = re.compile(r"(?:([0-9A-Fa-f]*+:[0-9A-Fa-f:.]*+)|([0-9]++(?:\.[0-9]++)+))(?![\w:.%-])", re.ASCII)
_HANDLE = re.compile(r"#([0-9]{1,15})(?![\w-])")
_MEASURE = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,20}))?([A-Za-zµμ]++)(?![\w.-])")
_BYTE = re.compile(r"\\x([0-9a-fA-F]{2})")
_BASE64 = re.compile(r'b64"([A-Za-z0-9+/=]*+)"')
_DURATIONS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # micro sign
    "μs": 1_000,  # Greek mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_SIZES = {
    "B": 1,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}
_SOCKET_ADDRESS = "ip-socket-address"
_ADDRESS = "ip-address"
_EXAMPLES = {
    _SOCKET_ADDRESS: "127.0.0.1:80",
    _ADDRESS: "10.0.0.1 or ::1",
    "duration": "5s or 250ms",
    "u64": "10 or 64KiB",
}


class Scope(Protocol):
    """Which variables there are."""

    def type_of(self, name: str) -> Type | None:
        """The type of a variable, or None."""
        ...

    def variable_names(self) -> list[str]:
        """All names, for suggestions."""
        ...

    def why_not(self, name: str) -> str:
        """Why a name that might be expected has no value; empty where there is nothing to say."""
        ...


class Ref:
    """The place of a variable in a value that is not known yet.

    Args:
        name: of the variable.
        type: what is expected there.
        position: in the text.
        wraps: how many ``some(...)`` to put around the value.
    """

    __slots__ = ("name", "position", "type", "wraps")

    def __init__(self, name: str, type_: Type, position: int, wraps: int = 0) -> None:
        self.name = name
        self.type = type_
        self.position = position
        self.wraps = wraps


class Octets:
    """A ``list<u8>`` with variables among its items."""

    __slots__ = ("items",)

    def __init__(self, items: list[Value]) -> None:
        self.items = items


class ValueReader(Reader):
    """Reads the arguments of calls.

    Args:
        text: the whole text.
        position: where to begin.
        scope: the variables; without it none is known.

    Attributes:
        refs: the variables that were read, in order.
        handles: the places of ``#3``: start, end and number.
        ports: the ports of the socket addresses that were read.
        wanted: the types that were expected where the text ended, the outer before the inner ones.
    """

    BLANKS = BLANKS

    def __init__(self, text: str, position: int = 0, scope: Scope | None = None) -> None:
        super().__init__(text, position)
        self.scope = scope
        self.refs: list[Ref] = []
        self.handles: list[tuple[int, int, int]] = []
        self.ports: list[int] = []
        self.wanted: list[Type] = []

    def read(self, type_: Type) -> Value:
        start = self.skip()
        first = self.text[start : start + 1]
        if not first:
            self.wanted.append(type_)
        elif first.isalpha():
            word = self.peek_word()
            if word and word not in KEYWORDS and not self._claims(resolve(type_), word):
                return self._variable(word, type_)
        return super().read(type_)

    def describe(self, type_: Type) -> str:
        resource = handle_of(type_)
        if resource is not None:
            return f"{resource.name}, a variable or a handle like #3"
        plain = resolve(type_)
        if isinstance(plain, Option):
            return f"{self.describe(plain.payload)}, or none"
        if plain == _BYTES:
            return 'list<u8>, e.g. "text" or b64"AAE="'
        example = _EXAMPLES.get(str(type_))
        return super().describe(type_) if example is None else f"{type_}, e.g. {example}"

    # Variables

    def _claims(self, type_: Type, word: str) -> bool:
        """Whether the type itself has a use for this word, so that it is no variable."""
        match type_:
            case Variant():
                if any(word == name for name, _ in type_.cases):
                    return True
                return type_.name == _ADDRESS and _IP.match(self.text, self.position) is not None
            case Enum():
                return word in type_.cases
            case Option(payload):
                return self._claims(resolve(payload), word)
            case Result(ok):
                return ok is not None and self._claims(resolve(ok), word)
            case List(element):
                return resolve(element) == U8 and self.text.startswith('b64"', self.position)
        return False

    def _variable(self, word: str, type_: Type) -> Ref:
        start = self.position
        found = self.scope.type_of(word) if self.scope is not None else None
        if found is None:
            raise self._no_variable(word, type_)
        wraps = fits(found, type_)
        if wraps is None:
            what = self.describe(type_)
            raise self.error(f"expected {what}; {word} is {_a(found)}", start, expected=what)
        self.position += len(word)
        ref = Ref(word, type_, start, wraps)
        self.refs.append(ref)
        return ref

    def _no_variable(self, word: str, type_: Type) -> WaveError:
        what = self.describe(type_)
        scope = self.scope
        reason = scope.why_not(word) if scope is not None else ""
        if reason:
            return self.error(f"{word} is not set: {reason}", expected=what)
        names = (
            [] if scope is None else [n for n in scope.variable_names() if fits(scope.type_of(n), type_) is not None]
        )
        plain = resolve(type_)
        while isinstance(plain, Option):
            plain = resolve(plain.payload)
        if isinstance(plain, Variant):
            names += [name for name, _ in plain.cases]
        elif isinstance(plain, Enum):
            names += plain.cases
        return self.error(f"expected {what}, found '{word}'{near(word, names)}", expected=what)

    # Forms of single types

    def read_alias(self, type_: Alias) -> Value:
        if type_.handle is not None:
            if self.text[self.position : self.position + 1].isdigit():
                return self.read_integer(type_.target)  # type: ignore[arg-type]
            return self.read_handle(Own(type_.handle))
        if type_.name == "duration" and resolve(type_) == U64:
            return self._measure(type_, _DURATIONS)
        return super().read_alias(type_)

    def read_integer(self, type_: Primitive) -> int:
        return self._measure(type_, _SIZES) if type_ == U64 else super().read_integer(type_)

    def _measure(self, type_: Type, units: dict[str, int]) -> int:
        found = _MEASURE.match(self.text, self.position)
        if found is None:
            try:
                return super().read_integer(U64)
            except WaveError as error:
                raise self.unexpected(self.describe(type_), error.position) from None
        fraction = found[2] or ""
        value = int(found[1] + fraction) * units.get(found[3], 0)
        scale = int(10 ** len(fraction))
        if found[3] not in units or value % scale or value // scale > U64.maximum:
            raise self.unexpected(self.describe(type_))
        self.position = found.end()
        return int(value // scale)

    def read_handle(self, type_: Own | Borrow | Resource) -> int:
        found = _HANDLE.match(self.text, self.position)
        if found is None:
            raise self.unexpected(self.describe(type_))
        self.handles.append((self.position, found.end(), int(found[1])))
        self.position = found.end()
        return int(found[1])

    def read_bytes(self, type_: List) -> Value:
        start = self.position
        if self.text.startswith('"', start):
            return self.string(self.describe(type_), self._byte).encode("utf-8", "surrogateescape")
        if self.text.startswith('b64"', start):
            found = _BASE64.match(self.text, start)
            try:
                if found is not None:
                    data = binascii.a2b_base64(found[1], strict_mode=True)
                    self.position = found.end()
                    return data
            except binascii.Error:
                pass
            raise self.error('expected base64 between the quotes, e.g. b64"AAE="', start + 4, expected="base64")
        self._open("[", type_)
        items = [self.read(type_.element) for _ in self.sequence("[", "]")]
        return Octets(items) if self.refs and Ref in map(type, items) else bytes(items)

    def _byte(self) -> str:
        found = _BYTE.match(self.text, self.position)
        if found is None:
            return self.escape()
        self.position = found.end()
        byte = int(found[1], 16)
        # Lone surrogates stand for bytes beyond ASCII until the whole string is encoded.
        return chr(byte if byte < 0x80 else 0xDC00 + byte)

    def escape(self) -> str:
        if self.text.startswith("\\x", self.position):
            raise self.error("\\xNN is for list<u8>; a string has \\u{...}", expected="\\u{...}")
        return super().escape()

    def read_variant(self, type_: Variant) -> Case:
        if type_.name == _SOCKET_ADDRESS:
            address = self._socket_address(type_) or super().read_variant(type_)
            if isinstance(address.payload, dict) and isinstance(address.payload.get("port"), int):
                self.ports.append(address.payload["port"])
            return address
        if type_.name == _ADDRESS:
            found = _IP.match(self.text, self.position)
            if found is not None:
                case = self._ip(type_, "ipv6" if found[2] is None else "ipv4", found[0])
                self.position = found.end()
                return case
        return super().read_variant(type_)

    def _socket_address(self, type_: Variant) -> Case | None:
        start = self.position
        found = _SOCKET.match(self.text, start)
        if found is None:
            return None
        v4, v6, scope, port = found.groups()
        case = self._ip(type_, "ipv4" if v6 is None else "ipv6", v4 or v6)
        values = {
            "port": self.port(port, found.start(4)),
            "address": case.payload,
            "flow-info": 0,
            "scope-id": 0 if scope is None else self._zone(scope, found.start(3)),
        }
        self.position = found.end()
        record = resolve(dict(type_.cases)[case.name] or U8)
        names = [name for name, _ in record.fields] if isinstance(record, Record) else list(values)
        return Case(case.name, {name: values[name] for name in names})

    def _zone(self, text: str, position: int) -> int:
        try:
            return zone_number(text)
        except ValueError as error:
            raise self.error(str(error), position, expected="the name or number of an interface") from None

    def port(self, text: str, position: int) -> Value:
        """The port of a socket address in short form."""
        if text == "_" or len(text) > 5 or int(text) > 0xFFFF:
            raise self.unexpected("a port (0 to 65535)", position)
        return int(text)

    def _ip(self, type_: Variant, case: str, text: str) -> Case:
        try:
            packed = Os.pack4(text) if case == "ipv4" else Os.pack6(text)
        except (OSError, ValueError):
            raise self.unexpected(self.describe(type_)) from None
        if case == "ipv4":
            return Case(case, tuple(packed))
        return Case(case, tuple(packed[at] << 8 | packed[at + 1] for at in range(0, 16, 2)))


_BYTES = List(U8)


def fits(have: Type | None, want: Type) -> int | None:
    """How many ``some(...)`` a value of one type needs to be one of another; None where it cannot be."""
    if have is None:
        return None
    one, other = resolve(have), resolve(want)
    if one == other:
        return 0
    if isinstance(other, Option):
        inner = fits(have, other.payload)
        return None if inner is None else inner + 1
    mine, theirs = handle_of(one), handle_of(other)
    if mine is not None or theirs is not None:
        return 0 if mine == theirs else None
    if isinstance(one, Primitive) and isinstance(other, Primitive) and one.is_integer and other.is_integer:
        return 0
    return None


def _a(type_: Type) -> str:
    resource = handle_of(type_)
    name = str(type_) if resource is None else resource.name
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"
