"""Immutable data classes without the cost of ``dataclasses``.

The standard module compiles source for every class and imports ``inspect``, together a third of a
command's start-up; these few methods serve all classes at once. Type checkers treat a subclass as
a frozen dataclass.
"""

from __future__ import annotations

from typing import Any, dataclass_transform

__all__ = ["Data"]


@dataclass_transform(frozen_default=True)
class Data:
    """Base of an immutable class: its annotations are its fields, in order; class attributes are defaults.

    Instances compare and hash by class and fields. A default is shared, so it must be immutable.
    """

    _fields: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__dict__.get("__annotations__", ()))  # noqa: RUF063  # inspect costs milliseconds
        cls.__match_args__ = cls._fields  # type: ignore[misc,attr-defined,unused-ignore]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        fields = self._fields
        if len(args) > len(fields):
            raise TypeError(f"{type(self).__name__} has {len(fields)} fields, {len(args)} were given")
        values = dict(zip(fields, args, strict=False))
        values.update(kwargs)
        if len(values) < len(args) + len(kwargs) or not kwargs.keys() <= set(fields):
            raise TypeError(f"{type(self).__name__}: fields {', '.join(kwargs)} do not fit {', '.join(fields)}")
        for name in fields:
            if name not in values:
                try:
                    values[name] = getattr(type(self), name)
                except AttributeError:
                    raise TypeError(f"{type(self).__name__} needs {name}") from None
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def _values(self) -> tuple[Any, ...]:
        values = self.__dict__
        return tuple(values[name] for name in self._fields)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return other.__class__ is self.__class__ and other._values() == self._values()

    def __hash__(self) -> int:
        # Types are keys of caches, and hashing a nested one anew each time would cost more than the cache saves.
        found = self.__dict__.get("_hash")
        if found is None:
            found = self.__dict__["_hash"] = hash((self.__class__, self._values()))
        return found

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self._values(), strict=True))
        return f"{type(self).__name__}({inside})"
