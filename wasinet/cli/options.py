"""The common options, declared once; the root, every group and every command have them all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from typer import BadParameter, Context, Exit
from typer.core import TyperOption

from wasinet.cli.output import write_line
from wasinet.cli.params import checked
from wasinet.cli.values import BadValue, parse_count, parse_limit
from wasinet.hosts import HOST_NAMES
from wasinet.render.printable import Printable
from wasinet.wit import DECLARED_NAMES, WORLD_NAMES

__all__ = ["DECLARATIONS", "CommonOption", "common_options"]


class CommonOption(TyperOption):
    """An option whose value goes into the ``Settings`` instead of the command's arguments."""


def _choice(what: str, *choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            offer = f"there is {choices[0]}" if len(choices) == 1 else f"choose {', '.join(choices)}"
            raise BadValue(f"{text!r} is no {what}; {offer}")
        return text

    return parse


def _file(text: str) -> str:
    if not text:
        raise BadValue("the name of the file is empty; e.g. trace.ndjson, or - for standard output")
    return text


def _groups(text: str) -> tuple[str, ...]:
    from wasinet.render.tracefilter import GROUPS

    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in GROUPS:
            raise BadValue(f"{name!r} is no group of calls; choose {', '.join(GROUPS)}")
    return names


_ANY_WORLD = _choice("world", *WORLD_NAMES)


def _world(text: str) -> str:
    # Which command it is for is not known yet; ``Leaf`` refuses what that one cannot do.
    return text if text in DECLARED_NAMES else _ANY_WORLD(text)


_HOST = _choice("host", *HOST_NAMES)
_COLOR = _choice("colour choice", "auto", "always", "never")

_Declaration = tuple[tuple[str, ...], Callable[[str], Any] | None, str, str]
DECLARATIONS: tuple[_Declaration, ...] = (
    (("--world",), _world, "|".join(WORLD_NAMES), "The generation of the API."),
    (("--host",), _HOST, "|".join(HOST_NAMES), "What answers the calls."),
    (("--json",), None, "", "Events and results as JSON on standard output, one a line."),
    (("--trace",), None, "", "Show every WASI call on standard error."),
    (("--trace-file",), _file, "FILE", "Write every call as a line of JSON; - is standard output, alone there."),
    (("--trace-summary",), None, "", "At the end: counts, errors and times per function."),
    (("--trace-data",), parse_count, "N", "Show at most N bytes of data in a trace; 64 by default."),
    (("--trace-only",), _groups, "GROUPS", "Trace only these: tcp, udp, resolve, poll, streams, clocks, ..."),
    (("--trace-errors",), None, "", "Trace only calls that fail."),
    (("--timeout",), parse_limit, "DURATION", "End the whole command after 5s, 250ms, 2m; exit code 124."),
    (("--quiet", "-q"), None, "", "No progress on standard error."),
    (("--verbose", "-v"), None, "", "More progress, and the reasons of errors."),
    (("--color",), _COLOR, "auto|always|never", "Colour; auto is colour on a terminal."),
    (("--debug",), None, "", "Show Python's traceback of an error."),
)  # fmt: skip


def _store(ctx: Context, param: Any, value: Any) -> Any:
    # Flags that were not given are None here, and so they hide nothing that was given further left.
    if value is not None and not ctx.resilient_parsing:
        setattr(ctx.obj, param.name, value)
        source = ctx.get_parameter_source(param.name)
        option = max(param.opts, key=len)
        if source is not None and source.name == "ENVIRONMENT":
            ctx.obj.sources[option] = param.envvar
        else:
            ctx.obj.sources.pop(option, None)
    return value


def _help(ctx: Context, param: Any, value: Any) -> None:
    if value and not ctx.resilient_parsing:
        write_line(sys.stdout, Printable(ctx.get_help()))
        raise Exit


def common_options(*, environment: bool = False) -> list[CommonOption]:
    """The options, ``environment`` with their ``WASINET_*`` variables: for the root, which is read first."""
    options = [
        CommonOption(
            param_decls=list(names),
            type=_flag if parse is None else checked(parse, metavar),
            is_flag=parse is None,
            metavar=metavar or None,
            help=text,
            envvar="WASINET_" + names[0][2:].replace("-", "_").upper() if environment else None,
            expose_value=False,
            callback=_store,
            # So that a help page before it on the line is the only one that it comes too late for.
            is_eager=names == ("--color",),
        )
        for names, parse, metavar, text in DECLARATIONS
    ]
    # Typer's own would not say why a help page could not be printed.
    show = CommonOption(
        param_decls=["-h", "--help"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_help,
        help="Show this page.",
    )
    return [*options, show]


def _flag(value: object) -> bool:
    """A flag's value: True from the command line, a word from the environment."""
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise BadParameter(f"{str(value)!r} is neither yes nor no; e.g. 1, 0")
