"""The command line as data: commands with their parameters, exit codes, environment and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wasinet.wit.data import Data

__all__ = [
    "ADDRESS",
    "ANYTHING",
    "FILE",
    "NAME",
    "PLACE",
    "WORDS",
    "Command",
    "Entry",
    "Example",
    "Parameter",
    "Program",
    "ValueKind",
]

ANYTHING = "anything"
"""Nothing is known of the value beforehand."""
WORDS = "words"
"""One of a few words. One that ends in ``:`` is the beginning of a value."""
FILE = "file"
"""A file, with one of ``words`` as its extension where there are any, or a folder."""
ADDRESS = "address"
"""``HOST:PORT``: the addresses of this machine are a start."""
PLACE = "place"
"""An address of this machine, perhaps without a port."""
NAME = "name"
"""What the world has a name for: functions, error codes, states."""


class ValueKind(Data):
    """What can stand for a value.

    Args:
        kind: one of the constants of this module.
        words: the words of WORDS, the extensions of FILE without a dot.
    """

    kind: str = ANYTHING
    words: tuple[str, ...] = ()


class Parameter(Data):
    """An option or an argument.

    Args:
        name: as Python has it: ``connect_timeout``.
        options: ``--echo``, ``-4``; empty for an argument.
        off: the options that turn a flag off.
        metavar: what stands for the value; empty for a flag.
        help: one sentence.
        value: what can stand there; None for a flag.
        required: it cannot be left out.
        many: it may be given again and again.
        environment: the variable that sets it, or empty.
    """

    name: str
    options: tuple[str, ...]
    off: tuple[str, ...]
    metavar: str
    help: str
    value: ValueKind | None
    required: bool = False
    many: bool = False
    environment: str = ""

    @property
    def spellings(self) -> tuple[str, ...]:
        """All ways to write an option."""
        return (*self.options, *self.off)


class Example(Data):
    """What it shows, and the command line, perhaps of several lines."""

    text: str
    line: str


class Command(Data):
    """A command.

    Args:
        path: the words that call it: ``("tcp", "listen")``.
        summary: one line.
        help: paragraphs, without line ends inside.
        arguments: in order.
        options: its own.
        examples: at least one.
    """

    path: tuple[str, ...]
    summary: str
    help: tuple[str, ...]
    arguments: tuple[Parameter, ...]
    options: tuple[Parameter, ...]
    examples: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        """``tcp listen``."""
        return " ".join(self.path)

    def positions(self) -> Iterator[tuple[str, Parameter]]:
        """The arguments with their places, from 0; ``*`` for one that takes all the rest."""
        for index, argument in enumerate(self.arguments):
            yield "*" if argument.many else str(index), argument


class Entry(Data):
    """A term and what it means: an exit code, a variable, a file."""

    term: str
    text: str


class Program(Data):
    """All of it.

    Args:
        name: ``wasinet``.
        version: of the program.
        summary: one line.
        commands: in the order of the table.
        groups: a group's first word to its one line of help.
        common: the options that every command has.
        exits, environment, files: for the pages.
        config: keys of the configuration file.
        names: per world what ``NAME`` stands for.
        worlds: the names of the worlds, the default first.
        events: the events of ``--json``: names and fields.
        records: the fields of a record in a trace file.
        examples: of the program as a whole.
    """

    name: str
    version: str
    summary: str
    commands: tuple[Command, ...]
    groups: Mapping[str, str]
    common: tuple[Parameter, ...]
    exits: tuple[Entry, ...]
    environment: tuple[Entry, ...]
    files: tuple[Entry, ...]
    config: tuple[Entry, ...]
    names: Mapping[str, tuple[str, ...]]
    worlds: tuple[str, ...]
    events: tuple[Entry, ...]
    records: tuple[Entry, ...]
    examples: tuple[Example, ...]

    def children(self, path: tuple[str, ...]) -> dict[str, str]:
        """The words that may follow these, with their help; empty after a whole command."""
        found: dict[str, str] = {}
        for command in self.commands:
            if command.path[: len(path)] == path and len(command.path) > len(path):
                word = command.path[len(path)]
                last = len(command.path) == len(path) + 1
                found.setdefault(word, command.summary if last else self.groups[word])
        return found

    def paths(self) -> list[tuple[str, ...]]:
        """The root, the groups and the commands."""
        found: dict[tuple[str, ...], None] = {(): None}
        for command in self.commands:
            for length in range(1, len(command.path) + 1):
                found[command.path[:length]] = None
        return list(found)

    def command(self, path: tuple[str, ...]) -> Command | None:
        """The command of this path, if it is one."""
        return next((command for command in self.commands if command.path == path), None)

    def known_names(self) -> list[tuple[str, str]]:
        """Per world, the default last, what ``NAME`` stands for, as one line."""
        return [(world, " ".join(self.names[world])) for world in (*self.worlds[1:], self.worlds[0])]
