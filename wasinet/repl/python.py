"""A session as a Python program that makes the same calls."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator

from wasinet.hosts import Trapped
from wasinet.script.binding import Bound
from wasinet.script.names import DROP, NET, handles_in
from wasinet.script.outcomes import AGAIN
from wasinet.script.reader import Octets, Ref
from wasinet.script.replay import too_early
from wasinet.script.saving import superseded
from wasinet.script.session import NetworkMade, Step
from wasinet.wit.values import Case, Err, Ok, Some, Value

__all__ = ["python_text"]

_HEAD = '''"""A session of wasinet: its calls against a host."""

from wasinet.engine.faults import Trap
from wasinet.hosts import make_host
from wasinet.wit.values import Case, Err, Ok, Some

host = make_host({host!r}, {world!r})


def call(function, *arguments):
    """Make a call; while it is too early, wait and make it again."""
    outcome = host.call(function, *arguments)
    while isinstance(outcome, Err) and outcome.value in {again!r} and host.wait(arguments[0], 5.0):
        outcome = host.call(function, *arguments)
    print(function, outcome)
    return outcome.value if isinstance(outcome, Ok) else outcome


def trap(function, *arguments):
    """Make a call that breaks a rule."""
    try:
        return host.drop(*arguments) if function == "drop" else host.call(function, *arguments)
    except Trap as broken:
        print(function, "trap:", broken.message)


'''


def python_text(history: Iterable[Step | NetworkMade], world: str, host: str) -> str:
    """A session's history as a program.

    Args:
        history: of the session, from its beginning.
        world: the world's name.
        host: the host's name.
    """
    head = _HEAD.format(host=host, world=world, again=tuple(sorted(AGAIN)))
    return head + "\n".join([*_Writer(list(history)).lines(), "host.close(5.0)"]) + "\n"


class _Writer:
    def __init__(self, history: list[Step | NetworkMade]) -> None:
        self.history = history
        self.superseded = superseded(history)
        self.handles: dict[int, str] = {}
        self.known: set[str] = set()

    def lines(self) -> Iterator[str]:
        for index, entry in enumerate(self.history):
            if isinstance(entry, NetworkMade):
                self._learn(entry.handle, entry.name)
                yield f"{_name(entry.name)} = host.make_network({entry.name!r}, {list(entry.rules)!r})"
            elif index not in self.superseded:
                yield from self._call(entry)

    def _call(self, step: Step) -> Iterator[str]:
        bound = step.bound
        if NET not in self.known and any(isinstance(v, Ref) and v.name == NET for v in _refs(bound)):
            self.known.add(NET)
            yield f'{NET} = call("instance-network")'
        arguments = ", ".join(map(self._source, bound.values))
        key = DROP if bound.key == DROP else bound.key
        if isinstance(step.outcome, Trapped):
            yield f"trap({', '.join(filter(None, (repr(key), arguments)))})"
            return
        if key == DROP:
            yield f"host.drop({arguments})"
            return
        made = f"call({', '.join(filter(None, (repr(self._key(step)), arguments)))})"
        if too_early(step):
            made = f"print({key!r}, host.call({', '.join(filter(None, (repr(self._key(step)), arguments)))}))"
        found = [handle for handle, _ in handles_in(step.outcome, step.function.result)]
        for handle, name in zip(found, step.assigned, strict=False):
            self._learn(handle, name)
        grouped = bound.statement.grouped or len(step.assigned) > 1
        names = ", ".join(map(_name, step.assigned))
        yield f"{f'({names})' if grouped else names} = {made}" if names else made

    def _key(self, step: Step) -> str:
        return (
            step.bound.candidates.get(step.function.receiver.name, (step.bound.key,))[0]
            if (step.bound.candidates and step.function.receiver is not None)
            else step.bound.key
        )

    def _learn(self, handle: int, name: str) -> None:
        self.handles[handle] = _name(name)
        self.known.add(name)

    def _source(self, value: Value) -> str:
        match value:
            case Ref():
                text = _name(value.name)
                for _ in range(value.wraps):
                    text = f"Some({text})"
                return text
            case Octets():
                return f"bytes([{', '.join(map(self._source, value.items))}])"
            case Case(name, payload):
                return f"Case({name!r})" if payload is None else f"Case({name!r}, {self._source(payload)})"
            case Some() | Ok() | Err():
                return f"{type(value).__name__}({self._source(value.value)})"
            case dict():
                return "{" + ", ".join(f"{name!r}: {self._source(item)}" for name, item in value.items()) + "}"
            case list():
                return f"[{', '.join(map(self._source, value))}]"
            case tuple():
                return f"({', '.join(map(self._source, value))}{',' if len(value) == 1 else ''})"
            case _:
                return repr(value)


def _refs(bound: Bound) -> Iterator[Value]:
    yield from bound.values


def _name(name: str) -> str:
    """A variable's name as Python has it."""
    plain = name.replace("-", "_")
    return f"{plain}_" if keyword.iskeyword(plain) or plain in ("host", "call", "trap", "print") else plain
