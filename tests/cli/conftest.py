"""Fixtures for tests that run the command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import CLEAN
from tests.cli.support import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Starts processes, and ends those that a test leaves."""
    lab = Lab(tmp_path)
    yield lab
    lab.dispose()


@pytest.fixture(params=["0.2", "draft"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The world in which the commands of a test run, each in turn."""
    name: str = request.param
    monkeypatch.setitem(CLEAN, "WASINET_WORLD", name)
    return name
