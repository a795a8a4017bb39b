"""All manual pages: the program's, one for each command and group, the formats and the state machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wasinet.reference.document import Page
from wasinet.reference.pages.command import command_page
from wasinet.reference.pages.group import group_page
from wasinet.reference.pages.main import main_page
from wasinet.reference.pages.states import states_page
from wasinet.reference.pages.trace import trace_page
from wasinet.reference.pages.transcript import transcript_page
from wasinet.reference.pages.wave import wave_page
from wasinet.reference.program import Program

__all__ = ["TOPICS", "all_pages", "find_page"]

TOPICS: Mapping[str, Callable[[Program], Page]] = {
    "transcript": transcript_page,
    "trace": trace_page,
    "states": states_page,
    "wave": wave_page,
}
"""Pages that are about no command; a command or group of the same name has the name first."""


def all_pages(program: Program) -> list[Page]:
    """Every page, in the manual's order."""
    topics = (make(program) for make in TOPICS.values())
    commands = (command_page(program, command) for command in program.commands)
    groups = (group_page(program, group) for group in program.groups)
    pages = [main_page(program), *groups, *commands, *topics]
    return sorted(pages, key=lambda page: (page.number, page.name))


def find_page(program: Program, words: tuple[str, ...]) -> Page | None:
    """The page of a command, ``("tcp", "listen")``, of a topic, ``("wave",)``, or of a page's own name.

    No word at all is the program's page, and a group's word the group's. ``wasinet-states`` and ``states.7`` are
    accepted, too.
    """
    name = "-".join(words).removeprefix("wasinet").lstrip("-")
    stem, dot, number = name.rpartition(".")
    if not (dot and number.isdigit()):
        stem, number = name, ""
    pages = all_pages(program)
    wanted = f"wasinet-{stem}" if stem else "wasinet"
    for page in pages:
        if page.name == wanted and number in ("", str(page.number)):
            return page
    return None
