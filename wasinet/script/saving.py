"""Writing a session as a transcript that replays.

What differs from run to run is written as ``_``. A person is slower than a replay, so calls that may
come too early are repeated there, and a read is preceded by a wait for what was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from wasinet.engine.records import Trapped
from wasinet.hosts import DEFAULT_HOST
from wasinet.script.names import NET, Names, default_name, handles_in, names_of
from wasinet.script.outcomes import AGAIN, Masked, PureMasked, outcome_text, trap_text
from wasinet.script.replay import too_early
from wasinet.script.session import NetworkMade, Step
from wasinet.script.syntax import one_line
from wasinet.wave.printer import Printer
from wasinet.wit.declare import World
from wasinet.wit.types import List, Tuple, handle_of, resolve
from wasinet.wit.values import Ok

__all__ = ["superseded", "transcript_text"]


def transcript_text(
    history: Iterable[Step | NetworkMade], world: World, host: str = DEFAULT_HOST, *, strict: bool = False
) -> str:
    """A session's history as a transcript.

    Args:
        history: of the session, from its beginning.
        world: of its host.
        host: its host's name.
        strict: whether to write pure WAVE, without the short forms of addresses and bytes.
    """
    ports: set[int] = set()
    writer = _Writer(names_of(world), (PureMasked if strict else Masked)(ports), ports, list(history))
    return "\n".join([f"%world {world.name}", f"%host {host}", *writer.lines()]) + "\n"


class _Writer:
    def __init__(self, names: Names, printer: Printer, ports: set[int], history: list[Step | NetworkMade]) -> None:
        self.names = names
        self.printer = printer
        self.ports = ports
        self.history = history
        self.handles: dict[int, str] = {}
        taken = {name for entry in history if isinstance(entry, Step) for name in entry.assigned}
        self.pollable = default_name("arrival", dict.fromkeys(taken))
        self.superseded = superseded(history, by=lambda later: not too_early(later))

    def lines(self) -> Iterator[str]:
        for index, entry in enumerate(self.history):
            if isinstance(entry, NetworkMade):
                self.handles[entry.handle] = entry.name
                yield " ".join((f"%network {entry.name}", *entry.rules))
                continue
            self.ports.update(entry.bound.ports)
            if index not in self.superseded:
                yield from self._call(entry)
            self._learn(entry)

    def _call(self, step: Step) -> Iterator[str]:
        waits = "subscribe" in self.names.methods.get(step.bound.receiver or "", {})
        call = self._source(step)
        if waits and _took(step):
            receiver = self.handles.get(step.handle or 0) or f"#{step.handle}"
            yield f"> {self.pollable} = {receiver}.subscribe()"
            yield f"> {self.pollable}.block()"
            yield f"> drop({self.pollable})"
        retry = waits and not too_early(step) and any(error.code in AGAIN for error in step.function.errors)
        yield f"> {'!retry ' if retry else ''}{call}"
        outcome = step.outcome
        trapped = isinstance(outcome, Trapped)
        yield f"< {trap_text(outcome) if trapped else outcome_text(step.function, outcome, self.printer)}"

    def _source(self, step: Step) -> str:
        """The call's text with names for handles, and with the names that it gave as an assignment."""
        bound = step.bound
        text = bound.text[: bound.statement.end]
        for start, end, number in sorted(bound.handles, reverse=True):
            text = text[:start] + self.handles.get(number, f"#{number}") + text[end:]
        text = one_line(text[bound.statement.start :])
        if bound.targets or not step.assigned or not isinstance(step.outcome, Ok | int):
            return text
        result = None if bound.result is None else resolve(bound.result)
        if result is not None and handle_of(result) is not None:
            return f"{step.assigned[0]} = {text}"
        if isinstance(result, Tuple) and len(step.assigned) == len(result.items):
            return f"({', '.join(step.assigned)}) = {text}"
        return text

    def _learn(self, step: Step) -> None:
        if isinstance(step.outcome, Trapped):
            return
        found = [handle for handle, _ in handles_in(step.outcome, step.function.result)]
        self.handles.update(zip(found, step.assigned, strict=False))
        for value, argument in zip(step.arguments, step.function.arguments, strict=False):
            resource = handle_of(argument[1])
            if resource is not None and resource.name == "network" and isinstance(value, int):
                self.handles.setdefault(value, NET)


def superseded(history: Sequence[Step | NetworkMade], by: Callable[[Step], bool] = lambda later: True) -> set[int]:
    """The places of calls that came too early, and were made again later by one of which ``by`` is true."""
    found: set[int] = set()
    made: set[tuple[int | None, str]] = set()
    for index in reversed(range(len(history))):
        step = history[index]
        if isinstance(step, NetworkMade):
            continue
        call = step.handle, step.function.qualified
        if too_early(step) and call in made:
            found.add(index)
        if by(step):
            made.add(call)
    return found


def _took(step: Step) -> bool:
    """Whether the call took what had arrived, without waiting for it."""
    result = None if step.bound.result is None else resolve(step.bound.result)
    return (
        not step.function.blocking
        and isinstance(result, List)
        and isinstance(step.outcome, Ok)
        and len(step.outcome.value) > 0
    )
