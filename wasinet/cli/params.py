"""Typed option and argument values for commands: the parsers of ``values`` as Typer takes them.

>>> import typer
>>> from typing import Annotated
>>> ConnectTimeout = Annotated[int | None, typer.Option(parser=DURATION, metavar="DURATION")]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from typer import BadParameter

from wasinet.cli import values

__all__ = ["BYTES", "COUNT", "DURATION", "ENDPOINT", "PORT", "SECONDS", "SIZE", "checked"]

_T = TypeVar("_T")


def checked(parse: Callable[[str], _T], name: str) -> Callable[[str], _T]:
    """A parser whose BadValue becomes the usage error of its option; values that are parsed already pass."""

    def convert(text: str) -> _T:
        if not isinstance(text, str):
            return text  # a default
        try:
            return parse(text)
        except values.BadValue as error:
            raise BadParameter(str(error)) from None

    convert.__name__ = name
    return convert


BYTES = checked(values.parse_bytes, "TEXT|@FILE")
COUNT = checked(values.parse_count, "N")
DURATION = checked(values.parse_duration, "DURATION")
ENDPOINT = checked(values.parse_endpoint, "ADDRESS")
PORT = checked(values.parse_port, "PORT")
SECONDS = checked(values.parse_seconds, "DURATION")
SIZE = checked(values.parse_size, "SIZE")
