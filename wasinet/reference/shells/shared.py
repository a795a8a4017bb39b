"""What the scripts for all shells have in common."""

from __future__ import annotations

from collections.abc import Iterator

from wasinet.reference.program import Command, Parameter, Program

__all__ = ["HEADER", "names", "positions", "quoted", "spellings"]

HEADER = """\
# Completions of wasinet for {shell}, made of its definitions by "python -m tools.generate".
# {install}
# Changes here are lost; no Python is started.
"""


def quoted(text: str) -> str:
    """One word for any shell of the family of sh."""
    return "'" + text.replace("'", "'\\''") + "'"


def spellings(parameter: Parameter) -> tuple[str, ...]:
    """All ways to write an option."""
    return (*parameter.options, *parameter.off)


def names(program: Program) -> list[tuple[str, str]]:
    """Per world, the default last, the names that it has, as one line."""
    ordered = [*program.worlds[1:], program.worlds[0]]
    return [(world, " ".join(program.names[world])) for world in ordered]


def positions(command: Command) -> Iterator[tuple[str, Parameter]]:
    """A command's arguments with their places, from 0; ``*`` for one that takes all the rest."""
    for index, argument in enumerate(command.arguments):
        yield "*" if argument.many else str(index), argument
