"""The page of a command."""

from __future__ import annotations

from wasinet.reference.document import ARG, Block, Page, Paragraph, Section, Span, Subsection, Synopsis
from wasinet.reference.pages.shared import examples, exits, files, lower, options, page_name, placeholders, topics
from wasinet.reference.program import Command, Program

__all__ = ["command_page"]


def command_page(program: Program, command: Command) -> Page:
    """``wasinet-tcp-listen(1)``."""
    pieces: list[tuple[Span, bool]] = [((ARG, "option ..."), True)]
    for argument in command.arguments:
        name = f"{argument.metavar} ..." if argument.many else argument.metavar
        pieces.append(((ARG, name), not argument.required))
    body: list[Block] = [Paragraph(text) for text in command.help]
    if command.arguments:
        body += [Subsection("Arguments"), options(command.arguments)]
    if command.options:
        body += [Subsection("Options"), options(command.options)]
    body += [
        Subsection("Common options"),
        Paragraph("These may also stand before the command; wasinet(1) has their variables in the environment."),
        options(program.common),
    ]
    siblings = [
        f"{page_name(other.path)}(1)"
        for other in program.commands
        if other is not command and len(command.path) > 1 and other.path[0] == command.path[0]
    ]
    return Page(
        page_name(command.path),
        1,
        lower(command.summary),
        (
            Section("SYNOPSIS", (Synopsis((program.name, *command.path), tuple(pieces)),)),
            Section("DESCRIPTION", tuple(body)),
            Section(
                "ENVIRONMENT",
                (
                    Paragraph(
                        "Every common option has a variable, `WASINET_COLOR` for --color; wasinet(1) has them all, "
                        "and what else is read."
                    ),
                ),
            ),
            files(program),
            exits(program),
            examples(command.examples),
        ),
        ("wasinet(1)", *siblings, *topics(" ".join((command.summary, *command.help)))),
        placeholders((*command.arguments, *command.options, *program.common)),
    )
