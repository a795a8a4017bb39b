"""``wasinet config edit``."""

from __future__ import annotations

import os

import typer

from wasinet.cli.config import config_path
from wasinet.cli.config_keys import keys, load
from wasinet.cli.foreground import NOT_FOUND, in_front, program_of
from wasinet.programs.events import LocalFailed

__all__ = ["NEEDS_CONFIG", "command", "template"]

# A broken file is what needs an editor most.
NEEDS_CONFIG = False


def command(ctx: typer.Context) -> None:
    """Open the configuration file in $VISUAL, $EDITOR or vi, and check what was written.

    A file that is not there yet begins with all keys as comments. A mistake ends it with 2, and what was
    written stays.
    """
    path = config_path()
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "x", encoding="utf-8") as file:
            file.write(template())
    editor = program_of(("VISUAL", "EDITOR"), "vi")
    code = in_front([*editor, path])
    if code == NOT_FOUND:
        raise LocalFailed(editor[0], "no such program; set EDITOR")
    if code:
        raise LocalFailed(editor[0], f"ended with {code}")
    load(path)


def template() -> str:
    """A file with every key, all of them comments."""
    lines = ["# The configuration of wasinet. Options and WASINET_* variables go before it; see wasinet man.", ""]
    table = ""
    for key in keys().values():
        section, dot, name = key.name.rpartition(".")
        if dot and section != table:
            table = section
            lines += ["", f"[{table}]"]
        lines.append(f"# {key.text} {key.metavar}.")
        lines.append(f"# {name} = ")
    return "\n".join(lines) + "\n"
