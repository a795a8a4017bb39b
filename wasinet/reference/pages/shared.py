"""What several pages have in common."""

from __future__ import annotations

from collections.abc import Iterable

from wasinet.reference.document import (
    ARG,
    FLAG,
    PATH,
    TEXT,
    VARIABLE,
    WORD,
    Block,
    Item,
    Items,
    Literal,
    Paragraph,
    Section,
    Span,
)
from wasinet.reference.program import Entry, Example, Parameter, Program

__all__ = [
    "entries",
    "environment",
    "examples",
    "exits",
    "files",
    "lower",
    "options",
    "page_name",
    "placeholders",
    "topics",
]


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


def lower(summary: str) -> str:
    """As the NAME line wants it: no capital, no full stop."""
    text = summary.rstrip(".")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def topics(text: str) -> tuple[str, ...]:
    """The pages about what a text speaks of."""
    text = text.lower()
    about = {
        "wasinet-transcript(5)": "transcript" in text,
        "wasinet-states(7)": "state" in text,
        "wasinet-wave(7)": "calls" in text or "wave" in text,
        "wasinet-trace(5)": "trace" in text,
    }
    return tuple(name for name, wanted in about.items() if wanted)
