"""Commands that are imported when they are invoked, and all commands' shape: help and common options."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from wasinet.cli.combinations import check, given
from wasinet.cli.commands import COMMANDS, Entry, Group
from wasinet.cli.options import CommonOption, common_options
from wasinet.cli.output import write_line
from wasinet.cli.params import default_text
from wasinet.cli.values import BadValue
from wasinet.oscalls.interruption import checkpoint, interruptible, start_timeout
from wasinet.render.color import is_terminal, wants_color
from wasinet.render.printable import Printable
from wasinet.render.theme import Painter
from wasinet.wit import WORLD_NAMES

if TYPE_CHECKING:
    # Typer vendors Click without a public name for this class; ``typer.Context`` is a subclass.
    from typer._click.core import Context

__all__ = ["SUMMARY", "LazyGroup", "Leaf", "leaf", "root"]

SUMMARY = "Call the WASI network APIs by hand, and see what the specification says."

# Longer lines are hard to read.
_CONTEXT = {"max_content_width": 100}


class _Shape:
    """How commands and groups show themselves: plain text, own options first, common ones last."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)  # type: ignore[misc, no-any-return]
        except TyperException as error:
            # The parser does not know where it was.
            if getattr(error, "ctx", ctx) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        pieces = ["[OPTIONS]"]
        for param in self.params:  # type: ignore[attr-defined]
            if param.param_type_name == "argument":
                name = param.metavar.removesuffix("...") + ("..." if param.nargs != 1 else "")
                pieces.append(name if param.required else f"[{name}]")
        return pieces

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], "Common options": []}
        for param in self.get_params(ctx):  # type: ignore[attr-defined]
            # Typer would show the value's Python text.
            param.show_default = False
            record = param.get_help_record(ctx)
            if record is not None:
                default = default_text(param, param.get_default(ctx, call=False))
                record = (record[0], f"{record[1]}  [default: {default}]" if default else record[1])
                argument = param.param_type_name == "argument"
                common = isinstance(param, CommonOption)
                sections["Arguments" if argument else "Common options" if common else "Options"].append(record)
        for title, rows in sections.items():
            _section(ctx, formatter, title, rows)


def _section(ctx: Any, formatter: Any, title: str, rows: Sequence[tuple[str, str]]) -> None:
    if rows:
        paint = Painter(wants_color(ctx.obj.color, sys.stdout))
        with formatter.section(paint("heading", title)):
            formatter.write_dl([(paint("function", name), text) for name, text in rows])


class Leaf(_Shape, TyperCommand):
    """A command proper; ``calls`` as of its ``Entry``."""

    calls = True

    # Commands that look after the configuration file run also when that is broken.
    needs_config = True

    def make_context(self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: Any) -> Any:
        if parent is not None and parent.obj.defaults:
            given = parent.obj.defaults
            extra["default_map"] = {
                param.name: given[option] for param in self.params for option in param.opts if option in given
            }
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Context) -> Any:
        if self.calls and ctx.obj.world not in WORLD_NAMES:
            choose = ", ".join(WORLD_NAMES)
            raise BadValue(f"--world: {ctx.obj.world!r} is for wit and explain only; choose {choose}")

        check(ctx.obj.command, given(ctx))

        # What was imported stays; the program's own garbage is collected from here on (see ``main``).
        gc.freeze()
        gc.enable()
        if ctx.obj.config_error is not None and self.needs_config:
            raise ctx.obj.config_error
        if ctx.obj.timeout:
            start_timeout(ctx.obj.timeout)
        checkpoint()
        # A command that calls a host says itself where it may be left; the others may be left anywhere.
        with nullcontext() if self.calls else interruptible():
            return super().invoke(ctx)


class LazyGroup(_Shape, TyperGroup):
    """A group that knows its commands by name and one line of help only.

    Args:
        name: as it is called.
        help: what it is for.
        table: its commands.
        path: the words that lead here, for the settings: ``tcp``.
    """

    def __init__(self, name: str, help: str, table: Mapping[str, Entry | Group], path: str = "") -> None:
        super().__init__(
            name=name,
            help=help,
            rich_markup_mode=None,
            # Typer's own suggestions only know commands that are imported.
            suggest_commands=False,
            params=list(common_options(environment=not path)),
            invoke_without_command=True,
            callback=_nothing,
            add_help_option=False,
            context_settings=dict(_CONTEXT),
        )
        self.table = table
        self.path = path

    def list_commands(self, ctx: Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: Context, cmd_name: str) -> Any:
        found = self.table.get(cmd_name)
        if found is None:
            return None
        path = f"{self.path} {cmd_name}".lstrip()
        if isinstance(found, Group):
            return LazyGroup(cmd_name, found.help, found.commands, path)
        ctx.obj.command = path
        return leaf(cmd_name, found)

    def collect_usage_pieces(self, ctx: Context) -> list[str]:
        return ["[OPTIONS]", "COMMAND", "[ARGS]..."]

    def format_commands(self, ctx: Context, formatter: Any) -> None:
        _section(ctx, formatter, "Commands", [(name, entry.help) for name, entry in self._flat()])

    def format_options(self, ctx: Context, formatter: Any) -> None:
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def _flat(self) -> list[tuple[str, Entry]]:
        rows: list[tuple[str, Entry]] = []
        for name, entry in self.table.items():
            if isinstance(entry, Group):
                rows += ((f"{name} {inner}", leaf) for inner, leaf in entry.commands.items())
            else:
                rows.append((name, entry))
        return rows

    def invoke(self, ctx: Context) -> Any:
        if not ctx._protected_args:
            if self.path:
                ctx.fail("Missing command.")
            if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
                write_line(sys.stdout, Printable(ctx.get_help()))
                return None
            ctx._protected_args = ["repl"]
        return super().invoke(ctx)


def _nothing() -> None:
    """A group does nothing by itself."""


def leaf(name: str, entry: Entry) -> Leaf:
    """Import a command's module and make its Typer command."""
    module = import_module(f"wasinet.cli.{entry.module}")
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    context = getattr(module, "CONTEXT", None)
    app.command(name, cls=Leaf, short_help=entry.help, add_help_option=False, context_settings=context)(module.command)
    command = get_command(app)
    for param in command.params:
        if param.metavar is None and not getattr(param, "is_flag", False):
            argument = param.param_type_name == "argument"
            param.metavar = (str(param.name) if argument else param.type.name).upper()
    command.params += common_options()
    assert isinstance(command, Leaf)
    command.needs_config = getattr(module, "NEEDS_CONFIG", True)
    command.calls = entry.calls
    return command


def root() -> LazyGroup:
    """The command ``wasinet``."""
    return LazyGroup("wasinet", SUMMARY, COMMANDS)
