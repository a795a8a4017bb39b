"""``wasinet config path``."""

from __future__ import annotations

import typer

from wasinet.cli.config import config_path
from wasinet.cli.output import results, write_json, write_line
from wasinet.cli.settings import Settings

__all__ = ["NEEDS_CONFIG", "command"]

NEEDS_CONFIG = False


def command(ctx: typer.Context) -> None:
    """Print where the configuration file is, or would be."""
    settings: Settings = ctx.obj
    stream = results(settings)
    if settings.json:
        from wasinet.render.jsonvalue import dump_line

        write_json(stream, dump_line({"path": config_path()}))
    else:
        write_line(stream, config_path())
