"""The README's generated blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from wasinet.reference.program import Command, Program
from wasinet.render.fields import EVENTS
from wasinet.wit import load
from wasinet.wit.diagram import mermaid

__all__ = ["BLOCKS", "filled"]

_BLOCK = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def filled(text: str, program: Program) -> str:
    """The text with its blocks as they should be.

    Raises:
        ValueError: a block is unknown, missing, there twice or without an end.
    """
    names = [match["name"] for match in _BLOCK.finditer(text)]
    if sorted(names) != sorted(BLOCKS) or text.count("<!-- generated: ") != len(names):
        raise ValueError(f"README.md needs each of these blocks once: {', '.join(BLOCKS)}; it has {', '.join(names)}")
    return _BLOCK.sub(lambda match: f"{match[1]}\n{BLOCKS[match['name']](program)}\n\n{match[4]}", text)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _commands(program: Program) -> str:
    return _table(
        ("command", "what it does"), ((f"`{_usage(command)}`", command.summary) for command in program.commands)
    )


def _usage(command: Command) -> str:
    words = [command.name]
    for argument in command.arguments:
        name = argument.metavar + ("..." if argument.many else "")
        words.append(name if argument.required else f"[{name}]")
    return " ".join(words)


def _exits(program: Program) -> str:
    return _table(("code", "meaning"), ((entry.term, entry.text) for entry in program.exits))


def _events(program: Program) -> str:
    rows = ((f"`{name}`", ", ".join(f"`{field}`" for field in one.fields), one.text) for name, one in EVENTS.items())
    return _table(("event", "fields", "what it tells"), rows)


def _record(program: Program) -> str:
    return _table(("field", "value"), ((f"`{entry.term}`", entry.text) for entry in program.records))


def _states(program: Program) -> str:
    machines = load(program.worlds[0]).machines.values()
    return "\n\n".join(f"`{one.resource}`:\n\n```mermaid\n{mermaid(one)}```" for one in machines)


BLOCKS: Mapping[str, Callable[[Program], str]] = {
    "commands": _commands,
    "exit-codes": _exits,
    "json-events": _events,
    "trace-record": _record,
    "states": _states,
}
"""Block to what makes its content."""
