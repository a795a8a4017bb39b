"""Records as lines of JSON, with the text of each function made once.

The same text as ``dump_line(record_json(record))`` in a third of the time: a trace file is written
while a guest runs, and is to cost it no more than its calls do. Whatever is not what its type says
goes the long way.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache
from json.encoder import encode_basestring
from typing import Any

from wasinet.engine.records import INTERRUPTED, CallRecord, Trapped
from wasinet.render.jsonvalue import dump_line, escaped, event_json, outcome_json, to_json
from wasinet.wit.declare import Function
from wasinet.wit.types import BOOL, STRING, U8, Borrow, Enum, List, Option, Own, Primitive, Result, Tuple, Type, resolve
from wasinet.wit.values import Err, Ok, Some, Value

__all__ = ["call_json", "record_json", "record_text", "value_json"]

_Text = Callable[[Value], str]


@cache
def _writer(type_: Type) -> _Text:
    """What gives the JSON of a value of this type."""
    type_ = resolve(type_)

    def long_way(value: Value) -> str:
        return dump_line(value_json(value, type_))

    match type_:
        case Primitive() if type_ == BOOL:
            return lambda value: "true" if value is True else "false" if value is False else long_way(value)
        case Primitive() if type_.is_integer:
            return lambda value: str(value) if value.__class__ is int else long_way(value)
        case Primitive() if type_ == STRING:
            return lambda value: encode_basestring(value) if value.__class__ is str else long_way(value)
        case Enum():
            names = {case: encode_basestring(case) for case in type_.cases}
            return lambda value: names[value] if value.__class__ is str and value in names else long_way(value)
        case Own(resource) | Borrow(resource):
            name = encode_basestring(resource.name)
            return lambda value: f'{{"handle": {value}, "type": {name}}}' if value.__class__ is int else long_way(value)
        case List(element) if resolve(element) == U8:
            return lambda value: (
                f'{{"base64": "{b64encode(value).decode()}"}}' if value.__class__ is bytes else long_way(value)
            )
        case List(element):
            item = _writer(element)
            return lambda value: f"[{', '.join(map(item, value))}]" if value.__class__ is list else long_way(value)
        case Tuple(items):
            return _tuple_writer(tuple(map(_writer, items)), long_way)
        case Option(payload):
            return _option_writer(_writer(payload), long_way)
        case Result():
            return _result_writer(type_, long_way)
        case _:
            return long_way


def _tuple_writer(items: tuple[_Text, ...], long_way: _Text) -> _Text:
    def write(value: Value) -> str:
        if value.__class__ is not tuple or len(value) != len(items):
            return long_way(value)
        return f"[{', '.join([item(part) for item, part in zip(items, value, strict=True)])}]"

    return write


def _option_writer(payload: _Text, long_way: _Text) -> _Text:
    def write(value: Value) -> str:
        if value is None:
            return "null"
        return f'{{"some": {payload(value.value)}}}' if value.__class__ is Some else long_way(value)

    return write


def _result_writer(type_: Result, long_way: _Text) -> _Text:
    ok = None if type_.ok is None else _writer(type_.ok)
    err = None if type_.err is None else _writer(type_.err)

    def write(value: Value) -> str:
        if value.__class__ is Ok:
            return '{"ok": null}' if ok is None else f'{{"ok": {ok(value.value)}}}'
        if value.__class__ is Err:
            return '{"err": null}' if err is None else f'{{"err": {err(value.value)}}}'
        return long_way(value)

    return write


class _Shape:
    """What is the same in all records of a function."""

    def __init__(self, function: Function, host: str) -> None:
        # Shapes are found by the function's identity, which must not become another's.
        self.function = function
        self.host = host
        words = (host, function.interface, function.name)
        names = ("host", "interface", "function")
        self.head = "".join(f', "{name}": {encode_basestring(word)}' for name, word in zip(names, words, strict=True))
        self.inputs = [(encode_basestring(name), _writer(type_)) for name, type_ in function.inputs]
        self.skipped = 0 if function.receiver is None else 1
        self.fallible = isinstance(function.result, Result)
        self.result = None if function.result is None else _writer(function.result)


_shapes: dict[int, _Shape] = {}


def record_text(record: CallRecord) -> str:
    """A record as one line, without its end: the fields of ``wasinet.render.trace``."""
    function = record.function
    shape = _shapes.get(id(function))
    if shape is None or shape.function is not function or shape.host != record.host:
        shape = _shapes[id(function)] = _Shape(function, record.host)
    outcome: Any = record.outcome
    kind = outcome.__class__
    if outcome is INTERRUPTED:
        told = '{"interrupted": true}'
    elif kind is Trapped:
        told = f'{{"trap": {encode_basestring(outcome.message)}}}'
    elif shape.result is None:
        told = '{"value": null}'
    elif shape.fallible is not (kind is Ok or kind is Err):
        return dump_line(record_json(record))
    else:
        told = shape.result(outcome) if shape.fallible else f'{{"value": {shape.result(outcome)}}}'
    arguments = ""
    if shape.inputs:
        values = record.arguments[shape.skipped :]
        arguments = ", ".join(
            [f"{name}: {write(value)}" for value, (name, write) in zip(values, shape.inputs, strict=False)]
        )
    handle = "null" if record.handle is None else record.handle
    reason = record.reason
    text = (
        f'{{"time": {round(record.time, 6)!r}, "duration": {round(record.duration, 9)!r}{shape.head}, '
        f'"arguments": {{{arguments}}}, "outcome": {told}, "handle": {handle}, '
        f'"before": "{record.before}", "after": "{record.after}", '
        f'"reason": {encode_basestring(reason) if reason else _EMPTY}}}'
    )
    return escaped(text)


_EMPTY = '""'


def record_json(record: CallRecord) -> dict[str, Any]:
    """The record with the fields that wasinet-trace(5) lists."""
    function = record.function
    values = record.arguments if function.receiver is None else record.arguments[1:]
    outcome = record.outcome
    return {
        "time": round(record.time, 6),
        "duration": round(record.duration, 9),
        "host": record.host,
        "interface": function.interface,
        "function": function.name,
        "arguments": {
            name: value_json(value, type_) for value, (name, type_) in zip(values, function.inputs, strict=False)
        },
        "outcome": {"interrupted": True}
        if outcome is INTERRUPTED
        else {"trap": outcome.message}
        if isinstance(outcome, Trapped)
        else outcome_json(outcome, function.result),
        "handle": record.handle,
        "before": record.before,
        "after": record.after,
        "reason": record.reason,
    }


def value_json(value: Value, type_: Type) -> Any:
    """A value as JSON; as Python shows it where it is none of its type."""
    try:
        return to_json(value, type_)
    except (TypeError, ValueError, AttributeError, KeyError):
        return repr(value)


def call_json(record: CallRecord, time: float, assigned: Sequence[str]) -> str:
    """The event of a call made by hand, as one line of JSON: the record's fields and the variables that it set.

    Args:
        record: the call.
        time: seconds since the session's start.
        assigned: names of variables.
    """
    fields = record_json(record)
    # The event has its own.
    del fields["time"]
    return event_json("call", time, {**fields, "assigned": list(assigned)})
