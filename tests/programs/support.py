"""What tests of programs share: a host with a name resolver of their own, and a program run to its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from wasinet.hosts.native import NativeHost
from wasinet.oscalls import Found, LookupFailed
from wasinet.programs.events import Event


def names(**table: list[Found]) -> Callable[[str], list[Found]]:
    """A resolver that knows these names only."""

    def look_up(name: str) -> list[Found]:
        if name not in table:
            raise LookupFailed("EAI_NONAME", "no such name")
        return table[name]

    return look_up


def left(host: NativeHost) -> list[str]:
    """The handles that are live, but for the network."""
    return [f"#{info.handle} {info.type}" for info in host.handles() if info.type != "network"]


def first(events: Iterable[Event], name: str) -> Event:
    """The first event of this name."""
    for event in events:
        if event.name == name:
            return event
    raise AssertionError(f"no event {name}")


def named(events: Iterable[Event], name: str) -> list[Event]:
    return [event for event in events if event.name == name]


class Pipe:
    """A pipe's two ends; closed in any order, each once."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self._open = {self.reader, self.writer}

    def close(self, fd: int) -> None:
        # Not twice: the number may be another's by then.
        if fd in self._open:
            self._open.remove(fd)
            os.close(fd)


@contextmanager
def pipe() -> Iterator[Pipe]:
    ends = Pipe()
    try:
        yield ends
    finally:
        ends.close(ends.reader)
        ends.close(ends.writer)
