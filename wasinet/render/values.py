"""Values that are records, or lists of them, as tables."""

from __future__ import annotations

from wasinet.render.table import Column, Table
from wasinet.wave.printer import Printer
from wasinet.wit.types import List, Record, Result, Tuple, Type, resolve
from wasinet.wit.values import Err, Ok, Value

__all__ = ["value_table"]


def value_table(value: Value, type_: Type | None, printer: Printer) -> Table | None:
    """A record's fields, or a row for each record or tuple of a list; None for what reads better as text.

    Args:
        value: a function's outcome; of an ``ok`` what is in it.
        type_: the function's result type.
        printer: of what is in the cells.
    """
    inner = resolve(type_) if type_ is not None else None
    if isinstance(inner, Result):
        if isinstance(value, Err) or inner.ok is None:
            return None
        value = value.value if isinstance(value, Ok) else value
        inner = resolve(inner.ok)
    if isinstance(inner, Record):
        rows = [[name, printer.dumps(value[name], field)] for name, field in inner.fields]
        return Table([Column("field", "muted"), Column("value", wrap=True)], rows)
    if not isinstance(inner, List) or not value:
        return None
    element = resolve(inner.element)
    if isinstance(element, Record):
        columns, rows = (
            _columns([name for name, _ in element.fields]),
            [[printer.dumps(item[name], field) for name, field in element.fields] for item in value],
        )
    elif isinstance(element, Tuple):
        columns, rows = (
            _columns([str(item) for item in element.items]),
            [[printer.dumps(part, field) for part, field in zip(item, element.items, strict=True)] for item in value],
        )
    else:
        return None
    return Table([Column("", "muted", right=True), *columns], [[str(index), *row] for index, row in enumerate(rows)])


def _columns(names: list[str]) -> list[Column]:
    return [Column(name, wrap=True) for name in names]
