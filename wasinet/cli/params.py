"""Typed option and argument values for commands: the parsers of ``values`` as Typer takes them.

>>> import typer
>>> from typing import Annotated
>>> ConnectTimeout = Annotated[int | None, typer.Option(parser=DURATION, metavar="DURATION")]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from typer import BadParameter

from wasinet.cli import values

__all__ = [
    "BYTES",
    "COUNT",
    "DURATION",
    "ENDPOINT",
    "LOCAL",
    "PORT",
    "READ",
    "SECONDS",
    "SIZE",
    "WRITTEN",
    "checked",
    "default_text",
]

_T = TypeVar("_T")


def checked(parse: Callable[[str], _T], name: str, show: Callable[[_T], str] = str) -> Callable[[str], _T]:
    """A parser whose BadValue becomes the usage error of its option; values that are parsed already pass.

    Args:
        parse: reads the text.
        name: of the placeholder.
        show: gives a text that ``parse`` reads as this value, for defaults.
    """

    def convert(text: str) -> _T:
        if not isinstance(text, str):
            return text  # a default
        try:
            return parse(text)
        except values.BadValue as error:
            raise BadParameter(str(error)) from None

    convert.__name__ = name
    convert.show = show  # type: ignore[attr-defined]
    return convert


def default_text(param: Any, default: Any) -> str:
    """An option's default as a person would type it; empty for none.

    Args:
        param: the option as Typer has it.
        default: its value; text where it comes from the configuration.
    """
    if param.param_type_name != "option" or default is None:
        return ""
    if param.is_flag:
        return str((param.opts if default else param.secondary_opts)[0]) if param.secondary_opts else ""
    if isinstance(default, list | tuple):
        return ", ".join(map(str, default))
    show: Callable[[Any], str] = getattr(getattr(param.type, "func", None), "show", str)
    return default if isinstance(default, str) else show(default)


BYTES = checked(values.parse_bytes, "TEXT|@FILE")
COUNT = checked(values.parse_count, "N")
DURATION = checked(values.parse_duration, "DURATION", values.show_duration)
ENDPOINT = checked(values.parse_endpoint, "ADDRESS")
LOCAL = checked(values.parse_local, "ADDRESS")
PORT = checked(values.parse_port, "PORT")
READ = checked(values.parse_input, "FILE")
SECONDS = checked(values.parse_seconds, "DURATION", lambda seconds: values.show_duration(round(seconds * 1e9)))
SIZE = checked(values.parse_size, "SIZE")
WRITTEN = checked(values.parse_file, "FILE")
