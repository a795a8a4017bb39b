"""``wasinet completion``."""

from __future__ import annotations

from typing import Annotated

import typer

from wasinet.cli.output import results, write_line
from wasinet.cli.params import checked
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.reference.shells import SHELLS
from wasinet.render.printable import Printable

__all__ = ["command"]


def _shell(text: str) -> str:
    if text not in SHELLS:
        raise BadValue(f"{text!r} is no shell that has completions; choose {', '.join(SHELLS)}")
    return text


def command(
    ctx: typer.Context,
    shell: Annotated[
        str, typer.Argument(parser=checked(_shell, "SHELL"), metavar="|".join(SHELLS), help="For which shell.")
    ],
) -> None:
    """Print the completions for a shell: commands, options, their values, names of functions, files, addresses.

    Nothing is needed where a package has installed them. By hand, bash and zsh take them with eval, and fish
    looks for a file in its completions folder.
    """
    from wasinet.cli.describe import program

    settings: Settings = ctx.obj
    write_line(results(settings), Printable(SHELLS[shell](program()).rstrip("\n")))
