"""The README's generated blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial

from tools.contract import EVENTS
from tools.program import Command, Program
from wasinet.conformance.deviations import host_version, known
from wasinet.conformance.judge import Judge
from wasinet.conformance.scripts import shipped
from wasinet.conformance.suite import Score, conform
from wasinet.hosts import DEFAULT_HOST, HOST_NAMES, make_host
from wasinet.render.verdicts import score_text
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


@cache
def _conformance(world: str) -> str:
    judges = {host: (DEFAULT_HOST, host) for host in HOST_NAMES}
    found = [
        conform(host, partial(make_host, host), make_host, shipped(), Judge(load(world), hosts, known(hosts)))
        for host, hosts in judges.items()
    ]
    head = ("interface", *(f"{one.host} {host_version(one.host)}" for one in found))
    scores = [{score.interface: score for score in (*one.scores, one.total)} for one in found]
    names = list(dict.fromkeys(name for one in scores for name in one if name != "all"))
    rows = ((name, *(_score(one.get(name)) for one in scores)) for name in (*names, "all"))
    return _table(head, rows)


def _score(score: Score | None) -> str:
    if score is None:
        return "not run"
    return f"{score_text(score)} of {score.expected + score.allowed + score.failed}"


BLOCKS: Mapping[str, Callable[[Program], str]] = {
    "commands": _commands,
    "exit-codes": _exits,
    "json-events": _events,
    "trace-record": _record,
    "states": _states,
    "conformance": lambda program: _conformance(program.worlds[0]),
}
"""Block to what makes its content."""
