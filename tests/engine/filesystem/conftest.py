"""A folder with files of every kind, and a program that was given it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.worlds.guest import Guest, granted
from wasinet.oscalls import beneath


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a file, folders, links, a pipe and a socket, beside one that nobody may reach."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_text("secret", encoding="utf-8")
    root = tmp_path / "root"
    (root / "d").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "f").write_bytes(b"hello")
    (root / "d" / "inner").write_bytes(b"inner")
    for name, content in {
        "lf": "f", "ld": "d", "self": "self", "out": "../outside", "absolute": "/etc", "gone": "nothing",
    }.items():  # fmt: skip
        (root / name).symlink_to(content)
    os.mkfifo(root / "p")
    with socket.socket(socket.AF_UNIX) as sock:
        # A path of its own: that of a test may be too long for an address.
        here = os.open(root, os.O_RDONLY)
        sock.bind(f"/proc/self/fd/{here}/s")
        os.close(here)
    return root


@pytest.fixture(params=["openat2", "walk"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How paths are resolved."""
    way: str = request.param
    if way == "walk":
        monkeypatch.setattr(beneath, "openat2", lambda: None)
    elif beneath.openat2() is None:
        pytest.skip("this system has no openat2")
    return way


@pytest.fixture
def make_guest() -> Iterator[Callable[..., Guest]]:
    made: list[Guest] = []

    def make(folder: Path, *, read_only: bool = False) -> Guest:
        made.append(Guest(granted(folder, read_only=read_only)))
        return made[-1]

    yield make
    for guest in made:
        guest.close()


@pytest.fixture
def guest(way: str, tree: Path, make_guest: Callable[..., Guest]) -> Guest:
    """A program that may change everything in the tree."""
    return make_guest(tree)


@pytest.fixture
def root(guest: Guest) -> int:
    return guest.folder()
