"""Options that do nothing without another one, or beside another one: said, instead of silently ignored.

What was given on the command line counts, not what comes from the environment or the configuration: a default
for many commands may be without use in one of them. What depends on an option's value is the command's to check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from typer.core import TyperOption

from wasinet.cli.values import BadValue

if TYPE_CHECKING:
    from typer._click.core import Context

__all__ = ["EXCLUDED", "NEEDED", "WITHOUT", "check", "given"]

_ANY_TRACE = ("--trace", "--trace-file", "--trace-summary")

NEEDED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "": {"--trace-data": ("--trace",), "--trace-only": _ANY_TRACE, "--trace-errors": _ANY_TRACE},
    # It shows calls with their data, traced or not.
    "demo": {"--trace-data": ()},
    "tcp connect": {"--count": ("--probe",), "--interval": ("--probe",)},
    "tcp listen": {"--max": ("--keep-open",)},
    "udp send": {"--raw": ("--wait",), "--hex": ("--wait",)},
    "resolve": {"--server-timeout": ("--server",)},
    "replay": {"--strict": ("--update",)},
}
"""By command, the empty name for all: an option, and those of which it needs one."""

_IN_EVENTS = "what is received is in the events"
EXCLUDED: Mapping[str, Sequence[tuple[str, tuple[str, ...], str]]] = {
    "tcp connect": (
        ("--probe", ("--send", "--output", "--crlf", "--hex", "--recv-only", "--send-only"), "it only connects"),
        ("--probe", ("--no-half-close", "--idle-timeout"), "it only connects"),
        ("--json", ("--hex",), _IN_EVENTS),
    ),
    "tcp listen": (("--json", ("--hex",), _IN_EVENTS),),
    "udp send": (("--json", ("--hex", "--raw"), _IN_EVENTS),),
    "udp recv": (("--json", ("--hex", "--raw"), _IN_EVENTS),),
    "call": (("--json", ("--format",), "values have one form there"),),
    "states": (("--json", ("--format",), "it is a format"),),
    "trace view": (("--json", ("--html",), "it is the timeline for programs"),),
    "explain": (("--compare", ("--world",), "it shows every world"),),
}
"""By command: an option, those that it leaves without use, and why."""

WITHOUT: Mapping[str, Mapping[str, str]] = {
    "man": {"--json": "a manual page has no such form"},
    "completion": {"--json": "a shell's script has no such form"},
    "config edit": {"--json": "an editor has no such form"},
}
"""By command: common options that can do nothing there, and why."""


def given(ctx: Context) -> set[str]:
    """The long names of the options on the command line, as far as they say something."""
    found: set[str] = set()
    at: Context | None = ctx
    while at is not None:
        for param in at.command.params:
            source = at.get_parameter_source(str(param.name))
            if isinstance(param, TyperOption) and source is not None and source.name == "COMMANDLINE":
                found.add(max(param.opts, key=len))
        at = at.parent
    return found


def check(command: str, options: AbstractSet[str]) -> None:
    """Look for options without use. Raises BadValue with the first.

    Args:
        command: ``tcp connect``.
        options: the long names of those that were given.
    """
    for option, needed in {**NEEDED[""], **NEEDED.get(command, {})}.items():
        if option in options and needed and options.isdisjoint(needed):
            raise BadValue(f"{option} is for {' or '.join(needed)}, which is not given")
    for option, others, why in EXCLUDED.get(command, ()):
        for other in others:
            if option in options and other in options:
                raise BadValue(f"{other} has no use beside {option}: {why}")
    for option, why in WITHOUT.get(command, {}).items():
        if option in options:
            raise BadValue(f"{option}: {why}")
