"""Dot commands that write and read files."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

from wasinet.oscalls.interruption import interruptible
from wasinet.render.printable import lines
from wasinet.repl.faults import CommandError, choice
from wasinet.script.replay import too_early
from wasinet.script.transcript import TranscriptError, read_text
from wasinet.wit.english import counted

if TYPE_CHECKING:
    from wasinet.repl.repl import Repl

_DEEPEST = 8
_RETRY = "!retry "
_PATIENCE = 5.0


def save(repl: Repl, text: str) -> None:
    """Write the session as a transcript."""
    _write(repl, _name(text, "save"), _transcript(repl))


def export(repl: Repl, text: str) -> None:
    """Write the session as a program or a transcript."""
    kind, _, name = text.partition(" ")
    kind = choice(kind, "export", ("python", "transcript"))
    path = _name(name.strip(), f"export {kind}")
    if kind == "transcript":
        _write(repl, path, _transcript(repl))
    else:
        from wasinet.repl.python import python_text

        _write(repl, path, python_text(repl.session.history, repl.world, repl.host))


def _transcript(repl: Repl) -> str:
    from wasinet.script.saving import transcript_text

    session = repl.session
    return transcript_text(session.history, session.host.world, repl.host)


def _name(text: str, name: str) -> str:
    """The name of a file as it was entered; quotes as in a shell, where there are any."""
    if text[:1] in ("'", '"'):
        try:
            words = shlex.split(text)
        except ValueError:
            raise CommandError(f".{name}: {text} has no closing quote") from None
        if len(words) != 1:
            raise CommandError(f".{name} takes one file, not {len(words)}: {text}")
        text = words[0]
    if not text:
        raise CommandError(f".{name} needs a file; e.g. .{name} session")
    return text


def _path(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def _write(repl: Repl, name: str, text: str) -> None:
    """Write a file; ``-`` is where results go."""
    if name == "-":
        repl.write(lines(text.removesuffix("\n").split("\n")))
        return
    path = _path(name)
    try:
        # A FIFO that nobody reads keeps open(2) waiting, and then write(2).
        with interruptible():
            path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None
    repl.write(f"wrote {counted(len(repl.session.history), 'call')} to {path}")


def load(repl: Repl, text: str) -> None:
    """Run what is in a file: calls and dot commands, or a transcript's calls."""
    name = _name(text, "load")
    if name == "-":
        raise CommandError(".load reads a file; lines are entered or pasted at the prompt")
    path = _path(name)
    try:
        text = read_text(path)
    except TranscriptError as error:
        raise CommandError(str(error)) from None
    entered = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    if repl.loading >= _DEEPEST:
        raise CommandError(f"{path} is loaded by itself")
    repl.loading += 1
    try:
        if any(line.startswith((">", "%")) for line in entered):
            _transcript_lines(repl, path, entered)
        else:
            repl.feed(entered)
    finally:
        repl.loading -= 1


def _transcript_lines(repl: Repl, path: Path, lines: list[str]) -> None:
    """The calls of a transcript; whether its expectations hold is for ``replay`` to say."""
    for number, line in enumerate(lines, 1):
        _, _, rest = line[1:].strip().partition(" ")
        if line.startswith(">"):
            call = line[1:].strip()
            repl.write(repl.paint("muted", f"> {call}"))
            if call.startswith(_RETRY):
                _retry(repl, call.removeprefix(_RETRY))
            else:
                repl.run(call)
        elif line.startswith("%network"):
            repl.run(f".network {rest}")
        elif line.startswith("%world") and rest.strip() != repl.world:
            raise CommandError(f"{path}:{number}: this is for the world {rest.strip()}; first .world {rest.strip()}")


def _retry(repl: Repl, call: str) -> None:
    """Make a call again while it is too early, and show the last outcome."""
    session = repl.session
    deadline = time.monotonic() + _PATIENCE
    for bound in session.prepare(call):
        step = session.run(bound)
        while too_early(step) and step.handle is not None:
            left = deadline - time.monotonic()
            if left <= 0 or not session.host.wait(step.handle, left):
                break
            step = session.run(bound)
        repl.show(step)
