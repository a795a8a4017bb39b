"""Values as JSON: the contract of ``--json``, of trace files and of everything else that prints JSON.

| value                        | JSON                                                        |
|------------------------------|-------------------------------------------------------------|
| bool, integer, finite float  | itself; other floats as ``"nan"``, ``"inf"``, ``"-inf"``    |
| char, string                 | a string                                                    |
| ``list<u8>``                 | ``{"base64": "..."}``                                       |
| other lists, tuples          | an array                                                    |
| record                       | an object                                                   |
| enum, case without payload   | a string                                                    |
| case with payload            | ``{"case": value}``                                         |
| ``none``, ``some(v)``        | null, ``{"some": v}``                                       |
| result                       | ``{"ok": v}`` or ``{"err": v}``, null where it has no value |
| flags                        | an array of strings, in the declared order                  |
| handle                       | ``{"handle": 3, "type": "tcp-socket"}``                     |
| ``ip-socket-address``        | ``"127.0.0.1:80"``, ``"[::1]:80"``                          |
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from math import isfinite
from typing import Any

from wasinet.programs.events import HandleRef
from wasinet.wave.human import HumanPrinter
from wasinet.wit.types import (
    U8,
    Borrow,
    Enum,
    Flags,
    List,
    Option,
    Own,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
    resolve,
)
from wasinet.wit.values import Err, Ok, Some, Value

__all__ = ["dump_line", "event_json", "plain_json", "to_json"]

_ADDRESSES = HumanPrinter()


def to_json(value: Value, type_: Type) -> Any:
    """A value of this type as what ``json.dumps`` takes."""
    type_ = resolve(type_)
    match type_:
        case List(element):
            if resolve(element) == U8:
                return base64(value)
            return [to_json(item, element) for item in value]
        case Tuple(items):
            return [to_json(item, of) for item, of in zip(value, items, strict=True)]
        case Record():
            return {name: to_json(value[name], of) for name, of in type_.fields}
        case Variant():
            if type_.name == "ip-socket-address":
                return _ADDRESSES.dumps(value, type_)
            payload = dict(type_.cases)[value.name]
            return value.name if payload is None else {value.name: to_json(value.payload, payload)}
        case Option(payload):
            return {"some": to_json(value.value, payload)} if isinstance(value, Some) else None
        case Result(ok, err):
            name, of = ("ok", ok) if isinstance(value, Ok) else ("err", err)
            return {name: None if of is None else to_json(value.value, of)}
        case Flags():
            return [flag for flag in type_.flags if flag in value]
        case Own(resource) | Borrow(resource):
            return {"handle": value, "type": resource.name}
        case Enum():
            return value
        case _:
            return plain_json(value)


def outcome_json(value: Value, type_: Type | None) -> dict[str, Any]:
    """What a call gave: ``{"ok": v}``, ``{"err": v}``, or ``{"value": v}`` where it has no result type."""
    if isinstance(value, Ok | Err) and type_ is not None:
        outcome = to_json(value, type_)
        assert isinstance(outcome, dict)
        return outcome
    return {"value": None if type_ is None else to_json(value, type_)}


def base64(data: Any) -> dict[str, str]:
    return {"base64": b64encode(data).decode("ascii")}


def plain_json(value: Any) -> Any:
    """A field of an event: what it is in JSON without a declared type."""
    match value:
        case HandleRef():
            return {"handle": value.handle, "type": value.type}
        case float():
            return value if isfinite(value) else str(value)
        case bytes() | bytearray() | memoryview():
            return base64(value)
        case Mapping():
            return {str(key): plain_json(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain_json(item) for item in value]
        case _:
            return value


def event_json(name: str, time: float, fields: Mapping[str, Any]) -> str:
    """One line of NDJSON, without its end: the event's name, its time, and its fields."""
    return dump_line({"event": name, "time": round(time, 6), **{key: plain_json(v) for key, v in fields.items()}})


def dump_line(value: Any) -> str:
    """JSON in one line, without anything that a terminal could act upon, and in valid Unicode."""
    return escaped(json.dumps(value, ensure_ascii=False, separators=(", ", ": ")))


def escaped(text: str) -> str:
    """A line of JSON, with escapes for what is not printable; only strings can hold such.

    Bytes that are no UTF-8, and so came as lone surrogates, are U+FFFD: not every reader of JSON takes an escape
    for half of a pair.
    """
    if (text.isascii() and "\x7f" not in text) or text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    if "\ud800" <= char <= "\udfff":
        return "\N{REPLACEMENT CHARACTER}"
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]
