"""The page of a group of commands."""

from __future__ import annotations

from wasinet.reference.document import ARG, PAGE, Item, Items, Page, Paragraph, Section, Subsection, Synopsis
from wasinet.reference.pages.shared import examples, exits, lower, options, page_name, placeholders, topics
from wasinet.reference.program import Program

__all__ = ["group_page"]


def group_page(program: Program, group: str) -> Page:
    """``wasinet-tcp(1)``: its commands, each with its page."""
    commands = [command for command in program.commands if command.path[0] == group]
    pages = [f"{page_name(command.path)}(1)" for command in commands]
    return Page(
        page_name((group,)),
        1,
        lower(program.groups[group]),
        (
            Section(
                "SYNOPSIS",
                tuple(
                    Synopsis((program.name, *command.path), (((ARG, "argument ..."), True),)) for command in commands
                ),
            ),
            Section(
                "DESCRIPTION",
                (
                    Paragraph(program.groups[group]),
                    Items(
                        tuple(
                            Item(((PAGE, page),), command.summary)
                            for page, command in zip(pages, commands, strict=True)
                        )
                    ),
                    Subsection("Common options"),
                    options(program.common),
                ),
            ),
            exits(program),
            examples(example for command in commands for example in command.examples),
        ),
        ("wasinet(1)", *pages, *topics(program.groups[group])),
        placeholders(program.common),
    )
