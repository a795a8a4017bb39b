"""A REPL for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.repl.support import Fed, fed


@pytest.fixture
def enter() -> Iterator[Fed]:
    """A REPL that is fed with lines."""
    with fed() as it:
        yield it
