"""``wasinet config show``."""

from __future__ import annotations

import os
from typing import Any

import typer

from wasinet.cli.config import config_path
from wasinet.cli.config_keys import Key, keys, load
from wasinet.cli.output import results, write_json, write_line
from wasinet.cli.settings import Settings
from wasinet.render.theme import STYLES

__all__ = ["command"]


def command(ctx: typer.Context) -> None:
    """Show every key with its value, and where that comes from: the environment, the file, or built in."""
    settings: Settings = ctx.obj
    path = config_path()
    try:
        found = {one.key.name: one for one in load(path)}
    except FileNotFoundError:
        found = {}
    stream = results(settings)
    rows: list[tuple[str, Any, str]] = []
    for key in keys().values():
        variable = f"WASINET_{key.setting.upper()}" if key.setting else ""
        if os.environ.get(variable):
            rows.append((key.name, os.environ[variable], variable))
        elif key.name in found:
            rows.append((key.name, found[key.name].written, f"{path}:{found[key.name].line}"))
        else:
            rows.append((key.name, _built_in(key), "built in"))
    if settings.json:
        from wasinet.render.jsonvalue import dump_line

        for name, value, source in rows:
            write_json(stream, dump_line({"key": name, "value": value, "source": source}))
        return
    from wasinet.render.color import is_terminal, wants_color, width_of
    from wasinet.render.table import Column, Table, table_text

    table = Table(
        (Column("key", "function"), Column("value", "value"), Column("from", "muted")),
        [[name, _shown(value), source] for name, value, source in rows],
    )
    color = wants_color(settings.color, stream)
    write_line(stream, table_text(table, drawn=is_terminal(stream), color=color, width=width_of(stream)))


def _built_in(key: Key) -> Any:
    if key.setting:
        # Without groups, all of them are traced.
        return getattr(Settings(), key.setting) or (False if key.metavar == "true|false" else None)
    if key.name == "repl.keys":
        return "emacs"
    section, _, role = key.name.partition(".")
    return STYLES[role] if section == "theme" else [] if section == "policy" else None


def _shown(value: Any) -> str:
    """As TOML has it; a dash for what is not set."""
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
