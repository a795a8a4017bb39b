"""The Python values of WIT types.

| WIT                        | Python                                                     |
|----------------------------|------------------------------------------------------------|
| ``bool``, integers, floats | ``bool``, ``int``, ``float``                               |
| ``char``, ``string``       | ``str``                                                    |
| ``list<u8>``               | ``bytes`` (any buffer is accepted as an argument)          |
| other lists, tuples        | ``list``, ``tuple``                                        |
| ``option<T>``              | ``None`` or ``Some(value)``                                |
| ``result<T, E>``           | ``Ok(value)`` or ``Err(value)``                            |
| record                     | ``dict`` with the WIT field names                          |
| variant                    | ``Case(name, payload)``                                    |
| enum                       | ``str``                                                    |
| flags                      | ``frozenset`` of ``str``                                   |
| a handle (own or borrow)   | ``int``                                                    |

Values are shared and cached: treat them, records included, as immutable.
"""

from __future__ import annotations

from typing import Any, final

__all__ = ["OK", "Case", "Err", "Ok", "Some", "Value"]

Value = Any
"""A value of some WIT type; the declared type tells which."""


class _Wrapper:
    """One wrapped value, compared and hashed by class and value."""

    __slots__ = ("value",)
    __match_args__ = ("value",)

    def __init__(self, value: Value = None) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return other.__class__ is self.__class__ and other.value == self.value

    def __hash__(self) -> int:
        return hash((self.__class__, self.value))

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self.value!r})"


@final
class Some(_Wrapper):
    """``some(value)``."""

    __slots__ = ()


@final
class Ok(_Wrapper):
    """``ok(value)``; ``Ok()`` where the result has no value."""

    __slots__ = ()


@final
class Err(_Wrapper):
    """``err(value)``, and beside it what takes no part in comparison.

    ``reason`` is the precise reason, for people; ``errno`` the operating system's number behind it, None
    where it gave none.
    """

    __slots__ = ("errno", "reason")

    def __init__(self, value: Value = None, reason: str = "", errno: int | None = None) -> None:
        self.value = value
        self.reason = reason
        self.errno = errno


@final
class Case:
    """One case of a variant: its name, and its payload where the case has one."""

    __slots__ = ("name", "payload")
    __match_args__ = ("name", "payload")

    def __init__(self, name: str, payload: Value = None) -> None:
        self.name = name
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return other.__class__ is Case and other.name == self.name and other.payload == self.payload

    def __hash__(self) -> int:
        return hash((self.name, repr(self.payload)))

    def __repr__(self) -> str:
        return f"Case({self.name!r})" if self.payload is None else f"Case({self.name!r}, {self.payload!r})"


OK = Ok()
"""The shared ``ok`` without a value."""
