"""The manual pages of the program, its groups of commands and its commands, in section 1."""

from __future__ import annotations

from collections.abc import Iterable

from tools.mdoc import (
    ARG,
    FLAG,
    PAGE,
    PATH,
    TEXT,
    VARIABLE,
    WORD,
    Block,
    Item,
    Items,
    Literal,
    Page,
    Paragraph,
    Section,
    Span,
    Subsection,
    Synopsis,
)
from tools.program import Command, Entry, Example, Parameter, Program

__all__ = ["command_page", "entries", "group_page", "main_page"]

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
        _lower(command.summary),
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
        ("wasinet(1)", *siblings, *_topics(" ".join((command.summary, *command.help)))),
        placeholders((*command.arguments, *command.options, *program.common)),
    )


def group_page(program: Program, group: str) -> Page:
    """``wasinet-tcp(1)``: its commands, each with its page."""
    commands = [command for command in program.commands if command.path[0] == group]
    pages = [f"{page_name(command.path)}(1)" for command in commands]
    return Page(
        page_name((group,)),
        1,
        _lower(program.groups[group]),
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
        ("wasinet(1)", *pages, *_topics(program.groups[group])),
        placeholders(program.common),
    )


def _topics(text: str) -> tuple[str, ...]:
    """The pages about what a text speaks of."""
    text = text.lower()
    about = {
        "wasinet-transcript(5)": "transcript" in text,
        "wasinet-states(7)": "state" in text,
        "wasinet-wave(7)": "calls" in text or "wave" in text,
        "wasinet-trace(5)": "trace" in text,
    }
    return tuple(name for name, wanted in about.items() if wanted)


def _lower(summary: str) -> str:
    """As the NAME line wants it: no capital, no full stop."""
    text = summary.rstrip(".")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def page_name(path: tuple[str, ...]) -> str:
    """``wasinet-tcp-listen``."""
    return "-".join(("wasinet", *path))


def placeholders(parameters: Iterable[Parameter]) -> frozenset[str]:
    """The words in capitals that texts speak of."""
    return frozenset(
        word
        for parameter in parameters
        for word in parameter.metavar.split("|")
        if word.isupper() and (len(word) > 1 or word == "N")
    )


def options(parameters: Iterable[Parameter]) -> Items:
    """A list of options."""
    return Items(tuple(Item(_term(parameter), parameter.help) for parameter in parameters))


def _term(parameter: Parameter) -> tuple[Span, ...]:
    if not parameter.options:
        return ((ARG, parameter.metavar),)
    term: list[Span] = []
    for option in (*parameter.options, *parameter.off):
        if term:
            term.append((TEXT, ","))
        term.append((FLAG, option))
    if parameter.metavar:
        term.append((ARG, parameter.metavar))
    return tuple(term)


def entries(items: Iterable[Entry], role: str = WORD, *, compact: bool = False) -> Items:
    """A list of names and what they mean."""
    return Items(tuple(Item(((role, entry.term),), entry.text) for entry in items), compact)


def examples(items: Iterable[Example]) -> Section:
    """EXAMPLES."""
    blocks: list[Block] = []
    for example in items:
        blocks += [Paragraph(example.text), Literal(example.line)]
    return Section("EXAMPLES", tuple(blocks))


def environment(program: Program) -> Section:
    """ENVIRONMENT."""
    return Section("ENVIRONMENT", (entries(program.environment, VARIABLE),))


def files(program: Program) -> Section:
    """FILES."""
    return Section("FILES", (entries(program.files, PATH),))


def exits(program: Program) -> Section:
    """EXIT STATUS."""
    return Section("EXIT STATUS", (entries(program.exits, compact=True),))
