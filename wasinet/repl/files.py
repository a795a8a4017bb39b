"""Dot commands that write and read files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from wasinet.repl.faults import CommandError, choice
from wasinet.script.outcomes import AGAIN
from wasinet.script.session import Step
from wasinet.script.transcript import TranscriptError, read_text
from wasinet.wit.values import Err

if TYPE_CHECKING:
    from wasinet.repl.repl import Repl

_DEEPEST = 8
_RETRY = "!retry "
_PATIENCE = 5.0


def save(repl: Repl, text: str) -> None:
    """Write the session as a transcript."""
    _write(repl, _path(text, "save"), _transcript(repl))


def export(repl: Repl, text: str) -> None:
    """Write the session as a program or a transcript."""
    kind, _, name = text.partition(" ")
    kind = choice(kind, "export", ("python", "transcript"))
    path = _path(name.strip(), f"export {kind}")
    if kind == "transcript":
        _write(repl, path, _transcript(repl))
    else:
        from wasinet.repl.python import python_text

        _write(repl, path, python_text(repl.session.history, repl.world, repl.host))


def _transcript(repl: Repl) -> str:
    from wasinet.script.saving import transcript_text

    session = repl.session
    return transcript_text(session.history, session.host.world, repl.host)


def _path(text: str, name: str) -> Path:
    if not text:
        raise CommandError(f".{name} needs a file; e.g. .{name} session")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def _write(repl: Repl, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None
    repl.write(f"wrote {len(repl.session.history)} calls to {path}")


def load(repl: Repl, text: str) -> None:
    """Run what is in a file: calls and dot commands, or a transcript's calls."""
    path = _path(text, "load")
    try:
        text = read_text(path)
    except TranscriptError as error:
        raise CommandError(str(error)) from None
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    if repl.loading >= _DEEPEST:
        raise CommandError(f"{path} is loaded by itself")
    repl.loading += 1
    try:
        if any(line.startswith((">", "%")) for line in lines):
            _transcript_lines(repl, path, lines)
        else:
            feed(repl, lines)
    finally:
        repl.loading -= 1


def feed(repl: Repl, lines: list[str]) -> None:
    """Run lines as if they had been entered."""
    from wasinet.repl.repl import needs_more

    entered = ""
    for line in lines:
        entered = f"{entered}\n{line}" if entered else line
        if not needs_more(entered):
            repl.run(entered)
            entered = ""
        if repl.done:
            return
    if entered:
        repl.run(entered)


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
    names = dict(session.handle_names)
    for bound in session.prepare(call):
        step = session.run(bound)
        while _too_early(step) and step.handle is not None:
            left = deadline - time.monotonic()
            if left <= 0 or not session.host.wait(step.handle, left):
                break
            step = session.run(bound)
        repl.show(step, names)


def _too_early(step: Step) -> bool:
    outcome = step.outcome
    return isinstance(outcome, Err) and isinstance(outcome.value, str) and outcome.value in AGAIN
