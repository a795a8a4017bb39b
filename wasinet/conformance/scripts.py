"""Scripts to compare hosts with: transcripts, and plain calls as ``wasinet call`` takes them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from wasinet import wit
from wasinet.script.binding import Types, bind
from wasinet.script.names import names_of
from wasinet.script.syntax import one_line, parse
from wasinet.script.transcript import SUFFIX, CallLine, Transcript, TranscriptError, read_text
from wasinet.wave.errors import WaveError

__all__ = ["read_script", "shipped"]

_TIMEOUT = 5.0
_MARKS = (">", "<", "%")


def read_script(path: str | Path, world: str = "") -> Transcript:
    """Read a file with a transcript, or with calls one after the other.

    It is a transcript if its name says so, or if its first line that is no comment begins as theirs do.

    Raises:
        TranscriptError: it cannot be read, or is neither.
    """
    text = read_text(path)
    first = next((line for line in map(str.strip, text.splitlines()) if line and line[0] != "#"), "")
    if str(path).endswith(SUFFIX) or first.startswith(_MARKS):
        return Transcript.parse(text, str(path), world)
    world = world or wit.DEFAULT_WORLD
    try:
        return Transcript(str(path), text, world, "", tuple(_calls(text, world)))
    except WaveError as error:
        raise TranscriptError(str(path), error) from None


def _calls(text: str, world: str) -> Iterator[CallLine]:
    names = names_of(wit.load(world))
    types = Types(names)
    for statement in parse(text).statements:
        bound = bind(text, statement, names, types)
        line = text.count("\n", 0, statement.start) + 1
        yield CallLine(line, one_line(bound.source), bound, False, _TIMEOUT)


def shipped(world: str = wit.DEFAULT_WORLD) -> tuple[Transcript, ...]:
    """The transcripts of the conformance suite for a world."""
    folder = resources.files("wasinet.conformance") / "transcripts" / world
    files = sorted((file for file in folder.iterdir() if file.name.endswith(SUFFIX)), key=lambda file: file.name)
    return tuple(Transcript.parse(file.read_text("utf-8"), file.name, world) for file in files)
