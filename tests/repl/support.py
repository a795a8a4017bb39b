"""A REPL that is fed with lines, and what it said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wasinet.render.printable import printed
from wasinet.repl.repl import Repl

__all__ = ["Fed", "fed"]


class Fed:
    """A REPL without a terminal.

    Attributes:
        repl: itself.
        lines: all that it said.
    """

    def __init__(self, **options: Any) -> None:
        self.lines: list[str] = []
        self.repl = Repl(lambda text: self.lines.extend(printed(text).split("\n")), **options)

    def __call__(self, *texts: str) -> list[str]:
        """Enter these; gives what was said meanwhile."""
        before = len(self.lines)
        for text in texts:
            self.repl.run(text)
        return self.lines[before:]


@contextmanager
def fed(**options: Any) -> Iterator[Fed]:
    """A REPL that is closed at the end."""
    it = Fed(**options)
    try:
        yield it
    finally:
        it.repl.session.host.close()
