"""The program's own page."""

from __future__ import annotations

from wasinet.reference.document import ARG, PAGE, Item, Items, Literal, Page, Paragraph, Section, Subsection, Synopsis
from wasinet.reference.pages.shared import (
    entries,
    environment,
    examples,
    exits,
    files,
    options,
    page_name,
    placeholders,
)
from wasinet.reference.program import Program

__all__ = ["main_page"]

_CONFIG = """\
color = "never"
idle-timeout = "30s"

[repl]
keys = "vi"

[theme]
state = "bold cyan\""""


def main_page(program: Program) -> Page:
    """``wasinet(1)``."""
    commands = Items(
        tuple(Item(((PAGE, f"{page_name(command.path)}(1)"),), command.summary) for command in program.commands)
    )
    return Page(
        program.name,
        1,
        "call the WASI network APIs by hand",
        (
            Section(
                "SYNOPSIS",
                (
                    Synopsis(
                        (program.name,),
                        (((ARG, "option ..."), True), ((ARG, "command"), False), ((ARG, "argument ..."), True)),
                    ),
                ),
            ),
            Section(
                "DESCRIPTION",
                (
                    Paragraph(program.summary),
                    Paragraph(
                        "Every call of the WASI network APIs is typed and explained, goes through a table of handles "
                        "whose state machines are the documented ones, and can be watched with the state before and "
                        "after it. A world is a generation of the API: "
                        f"{' or '.join(f'`{world}`' for world in program.worlds)}; the first is the default."
                    ),
                    Paragraph(
                        "Received data and results go to standard output, everything else to standard error. "
                        "Without a command, `wasinet` on a terminal is `wasinet repl`. A file named `-` is standard "
                        "output where it is written, and standard input where it is read."
                    ),
                    Subsection("Commands"),
                    commands,
                    Subsection("Common options"),
                    Paragraph("Every command has these, and they may stand before it, too."),
                    options(program.common),
                    Subsection("JSON"),
                    Paragraph(
                        "With --json every event is one line on standard output: an object with `event`, `time` "
                        "(seconds since the start) and fields of its own. Addresses are strings, data is "
                        '`{"base64": "..."}`, handles are `{"handle": 3, "type": "tcp-socket"}`.'
                    ),
                    entries(program.events, compact=True),
                    Subsection("Configuration"),
                    Paragraph(
                        "Options go before variables of the environment, these before the configuration file, and "
                        "that before what is built in. The file is TOML; `wasinet config show` tells what is set and "
                        "where. These are its keys:"
                    ),
                    entries(program.config),
                    Paragraph("A file may look like this:"),
                    Literal(_CONFIG),
                ),
            ),
            environment(program),
            files(program),
            exits(program),
            examples(program.examples),
        ),
        (
            *(f"{page_name(command.path)}(1)" for command in program.commands),
            "wasinet-trace(5)",
            "wasinet-transcript(5)",
            "wasinet-states(7)",
            "wasinet-wave(7)",
        ),
        placeholders(program.common),
    )
