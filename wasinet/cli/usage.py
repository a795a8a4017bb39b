"""Typer's usage errors as one line that says what was wrong and what would be right."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from typer.exceptions import TyperException

from wasinet.cli.commands import COMMANDS, Group
from wasinet.cli.settings import Settings

__all__ = ["usage_line"]


def usage_line(error: TyperException, settings: Settings) -> str:
    """``wasinet: tcp connect: --timeout: '5x' is no duration; e.g. 5s, 250ms``."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "wasinet"
    _, _, command = path.partition(" ")
    return ": ".join(part for part in ("wasinet", command, _message(error, ctx, path)) if part)


def _message(error: Any, ctx: Any, path: str) -> str:
    # The vendored exception classes have no public name; their names have not changed in ten years.
    kind = type(error).__name__
    message = str(error.message).rstrip(".")
    if kind == "NoSuchOption":
        near = _near(error.option_name, ctx)
        return f"there is no option {error.option_name}{_did_you_mean(near)}{_see(path, near)}"
    if kind == "MissingParameter":
        return f"{_name(error.param)} is missing; usage: {_usage(ctx)}"
    if kind == "BadParameter":
        # The value of an argument, which the message quotes, says itself which one it is.
        option = error.param is not None and error.param.param_type_name == "option"
        name = _given_by(error.param, ctx) if option else ""
        return f"{name}: {_lower(message)}" if name else _lower(message)
    if kind == "BadOptionUsage":
        if "requires an argument" in message:
            return f"{error.option_name} needs a value{_value_of(error.option_name, ctx)}"
        return message.replace("Option ", "", 1)
    if message.startswith("No such command"):
        return _no_command(message.split("'", 1)[-1].rstrip("'"), ctx, path)
    if message == "Missing command":
        return f"which command? {_either(ctx.command.list_commands(ctx))}"
    if message.startswith("Got unexpected extra"):
        return f"unexpected {message.rpartition('(')[2].rstrip(')')!r}; usage: {_usage(ctx)}"
    return _lower(message)


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar or param.name).removesuffix("...")
    return str(max(param.opts, key=len))


def _given_by(param: Any, ctx: Any) -> str:
    """What the value stands behind: the option, or the variable that was the source of it."""
    source = None if ctx is None else ctx.get_parameter_source(param.name)
    return str(param.envvar) if source is not None and source.name == "ENVIRONMENT" else _name(param)


def _usage(ctx: Any) -> str:
    return " ".join((ctx.command_path, *ctx.command.collect_usage_pieces(ctx)))


def _value_of(option: str, ctx: Any) -> str:
    for param in ctx.command.params if ctx is not None else ():
        if option in param.opts:
            return f": {option} {param.metavar}" if param.metavar else ""
    return ""


def _near(option: str, ctx: Any) -> list[str]:
    known = [name for param in ctx.command.get_params(ctx) for name in param.opts] if ctx is not None else []
    return get_close_matches(option, known, 1, 0.7)


def _did_you_mean(names: list[str]) -> str:
    return f"; did you mean {_either(sorted(names))}?" if names else ""


def _see(path: str, near: list[str]) -> str:
    return "" if near else f"; see {path} --help"


def _no_command(name: str, ctx: Any, path: str) -> str:
    names: list[str] = ctx.command.list_commands(ctx)
    inner = [
        f"{group} {name}" for group, entry in COMMANDS.items() if isinstance(entry, Group) and name in entry.commands
    ]
    near = inner if path == "wasinet" and inner else get_close_matches(name, names, 1)
    return f"there is no command {name!r}" + (_did_you_mean(near) or f"; there is {', '.join(names)}")


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:] if message[:2].istitle() or message[:1].isupper() else message
