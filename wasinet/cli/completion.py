"""``wasinet completion``: the scripts that are shipped with the package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from wasinet.cli.output import results, write_line
from wasinet.cli.params import checked
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.render.printable import Printable

__all__ = ["SHELLS", "command"]

SHELLS: Mapping[str, str] = {
    "bash": "bash-completion/completions/wasinet",
    "zsh": "zsh/site-functions/_wasinet",
    "fish": "fish/vendor_completions.d/wasinet.fish",
}
"""Shell to its script, below ``wasinet/share`` and below the ``share`` of an installation."""


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
    from importlib.resources import files

    settings: Settings = ctx.obj
    script = files("wasinet").joinpath("share", SHELLS[shell]).read_text("utf-8")
    write_line(results(settings), Printable(script.rstrip("\n")))
