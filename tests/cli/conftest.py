"""Fixtures for tests that run the command."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.command import CLEAN
from tests.cli.support import Lab
from wasinet.hosts import DEFAULT_HOST


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Starts processes, and ends those that a test leaves."""
    lab = Lab(tmp_path)
    yield lab
    lab.dispose()


@pytest.fixture(autouse=True)
def runtime(wasmtime_runtime: None) -> None:
    """Commands run in this process, and Wasmtime's runtime stays when one has started it."""


_WASMTIME = find_spec("wasmtime") is not None


@pytest.fixture(
    params=[
        "0.2",
        "draft",
        pytest.param(
            "0.2 on wasmtime", marks=pytest.mark.skipif(not _WASMTIME, reason="the package wasmtime is not installed")
        ),
    ]
)
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The world in which the commands of a test run, and the host that answers them, each in turn."""
    name, _, host = request.param.partition(" on ")
    monkeypatch.setitem(CLEAN, "WASINET_WORLD", name)
    monkeypatch.setitem(CLEAN, "WASINET_HOST", host or DEFAULT_HOST)
    return str(name)
