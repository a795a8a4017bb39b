"""Paths below a folder: neither way of resolving them leads out, and both lead to the same."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wasinet.oscalls import beneath

Open = Callable[[int, bytes, int, int], int]

CALL = beneath.openat2()
WAYS = [
    pytest.param(CALL, id="openat2", marks=pytest.mark.skipif(CALL is None, reason="this system has no openat2")),
    pytest.param(beneath.walk_open, id="walk"),
]
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with links of every kind, beside one that nobody may reach."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_text("secret", encoding="utf-8")
    root = tmp_path / "root"
    (root / "d" / "e").mkdir(parents=True)
    for path in ("f", "d/f", "d/e/f"):
        (root / path).write_text(path, encoding="utf-8")
    links = {
        "self": "self", "toFile": "f", "toFolder": "d", "slashed": "d/", "slashedFile": "f/", "up": "..",
        "d/up": "..", "d/e/up2": "../..", "d/e/up3": "../../..", "absolute": "/", "absoluteInside": str(root),
        "gone": "nothing", "d/chain": "../toFolder/e", "here": ".", "outAndIn": "../root/f", "d/upFile": "../f",
        "through": "f/../f",
    }  # fmt: skip
    for name, content in links.items():
        (root / name).symlink_to(content)
    return root


def resolved(way: Open, root: Path, path: bytes, flags: int) -> str | tuple[int, int]:
    """The name of the error, or which file it was."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fd = way(folder, path, flags | os.O_CLOEXEC, 0o600)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    finally:
        os.close(folder)
    try:
        status = os.fstat(fd)
        return status.st_dev, status.st_ino
    finally:
        os.close(fd)


def file_id(path: Path, *, follow: bool = True) -> tuple[int, int]:
    status = path.stat(follow_symlinks=follow)
    return status.st_dev, status.st_ino


@every_way
@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("f", "f"),
        (".", "."),
        ("./", "."),
        ("d/", "d"),
        ("d//e///f", "d/e/f"),
        ("./d/./e/../f", "d/f"),
        ("d/e/../..", "."),
        ("toFile", "f"),
        ("toFolder", "d"),
        ("toFolder/f", "d/f"),
        ("toFolder/../f", "f"),
        ("slashed", "d"),
        ("slashed/e", "d/e"),
        ("d/up/f", "f"),
        ("d/e/up2/toFolder/chain/f", "d/e/f"),
        ("d/up", "."),
        ("d/upFile", "f"),
        ("here/here/f", "f"),
    ],
)
def test_it_leads_to(way: Open, tree: Path, path: str, leads: str) -> None:
    assert resolved(way, tree, path.encode(), os.O_RDONLY) == file_id(tree / leads)


@every_way
@pytest.mark.parametrize(
    ("path", "fails"),
    [
        ("..", "EPERM"),
        ("../root/f", "EPERM"),
        ("d/../..", "EPERM"),
        ("d/e/../../../root", "EPERM"),
        ("up", "EPERM"),
        ("up/outside/f", "EPERM"),
        ("d/up/..", "EPERM"),
        ("d/e/up3", "EPERM"),
        ("absolute", "EPERM"),
        ("absolute/etc", "EPERM"),
        ("absoluteInside/f", "EPERM"),
        ("outAndIn", "EPERM"),
        ("self", "ELOOP"),
        ("self/f", "ELOOP"),
        ("gone", "ENOENT"),
        ("missing/..", "ENOENT"),
        ("f/", "ENOTDIR"),
        ("f/..", "ENOTDIR"),
        ("f/.", "ENOTDIR"),
        ("through", "ENOTDIR"),
        ("slashedFile", "ENOTDIR"),
        ("toFile/", "ENOTDIR"),
        ("x" * 256, "ENAMETOOLONG"),
    ],
)
def test_it_fails(way: Open, tree: Path, path: str, fails: str) -> None:
    assert resolved(way, tree, path.encode(), os.O_RDONLY) == fails


@pytest.mark.parametrize(
    ("path", "fails"),
    [(b"", "ENOENT"), (b"/", "EPERM"), (b"/etc", "EPERM"), (b"a\0b", "EINVAL"), (b"d/" * 2048, "ENAMETOOLONG")],
)
def test_what_is_no_path_is_refused_before_anything_is_opened(tree: Path, path: bytes, fails: str) -> None:
    for operation in (
        lambda: beneath.open_beneath(-1, path, os.O_RDONLY),
        lambda: beneath.parent_of(-1, path),
        lambda: beneath.locate(-1, path, follow=True),
    ):
        with pytest.raises(OSError) as raised:  # noqa: PT011  # by its number, below
            operation()
        assert raised.value.errno == getattr(errno, fails)


@every_way
def test_40_links_are_followed_and_no_more(way: Open, tree: Path) -> None:
    for index in range(41):
        (tree / f"l{index}").symlink_to(f"l{index + 1}" if index < 40 else "f")
    assert resolved(way, tree, b"l1", os.O_RDONLY) == file_id(tree / "f")
    assert resolved(way, tree, b"l0", os.O_RDONLY) == "ELOOP"


@every_way
def test_a_last_link_can_be_what_is_opened(way: Open, tree: Path) -> None:
    flags = os.O_PATH | os.O_NOFOLLOW
    assert resolved(way, tree, b"toFile", flags) == file_id(tree / "toFile", follow=False)
    assert resolved(way, tree, b"absolute", flags) == file_id(tree / "absolute", follow=False)
    assert resolved(way, tree, b"slashed/", flags) == file_id(tree / "d")
    assert resolved(way, tree, b"toFile", os.O_RDONLY | os.O_NOFOLLOW) == "ELOOP"


@every_way
def test_making_a_file(way: Open, tree: Path) -> None:
    make = os.O_CREAT | os.O_RDWR
    assert resolved(way, tree, b"d/up/new", make) == file_id(tree / "new")
    assert resolved(way, tree, b"gone", make) == file_id(tree / "nothing")
    assert resolved(way, tree, b"gone", make | os.O_EXCL) == "EEXIST"
    assert resolved(way, tree, b"up/new", make) == "EPERM"
    (tree / "toOutside").symlink_to("../outside/new")
    assert resolved(way, tree, b"toOutside", make) == "EPERM"
    assert not (tree.parent / "outside" / "new").exists()


@every_way
def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(way: Open, tree: Path) -> None:
    """While something swaps a folder for a link out of the tree, what is opened is always inside."""
    (tree / "swapped").mkdir()
    (tree / "swapped" / "f").write_text("inside", encoding="utf-8")
    (tree / "bad").symlink_to("../outside")
    inside = file_id(tree / "swapped" / "f")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(tree / "swapped", tree / "kept")
            os.rename(tree / "bad", tree / "swapped")
            os.rename(tree / "swapped", tree / "bad")
            os.rename(tree / "kept", tree / "swapped")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        seen = {resolved(way, tree, b"d/../swapped/f", os.O_RDONLY) for _ in range(3000)}
    finally:
        stop.set()
        thread.join()
    # ENOTDIR: it was a link when it was opened, and none when it was read.
    assert seen <= {inside, "EPERM", "ENOENT", "ENOTDIR"}
    assert resolved(way, tree, b"d/../swapped/f", os.O_RDONLY) == inside


class Libc:
    """A C library whose ``syscall`` fails as told, the first time aside where it has to do once."""

    def __init__(self, fails: int, *, first: bool = False) -> None:
        self.fails = fails
        self.first = first
        self.calls = 0

    @property
    def syscall(self) -> Callable[..., int]:
        def call(*arguments: object) -> int:
            self.calls += 1
            if self.first and self.calls == 1:
                return os.open("/", os.O_RDONLY)
            ctypes.set_errno(self.fails)
            return -1

        return call


@pytest.mark.parametrize("fails", [errno.ENOSYS, errno.EPERM])
def test_a_system_without_the_call(monkeypatch: pytest.MonkeyPatch, fails: int) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Libc(fails))
    assert beneath.openat2.__wrapped__() is None


def test_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert beneath.openat2.__wrapped__() is None


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's")
def test_what_the_kernel_cannot_tell_is_walked(monkeypatch: pytest.MonkeyPatch, tree: Path) -> None:
    libc = Libc(errno.EAGAIN, first=True)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: libc)
    call = beneath.openat2.__wrapped__()
    assert call is not None
    assert resolved(call, tree, b"d/up/toFolder/f", os.O_RDONLY) == file_id(tree / "d" / "f")
    assert libc.calls > 2


PARTS = st.sampled_from(
    ["", ".", "..", "d", "e", "f", "self", "toFile", "toFolder", "slashed", "slashedFile", "up", "up2", "up3",
     "absolute", "absoluteInside", "gone", "chain", "here", "outAndIn", "upFile", "through", "missing"]
)  # fmt: skip
PATHS = st.lists(PARTS, min_size=1, max_size=8).map(lambda parts: "/".join(parts).encode())
FLAGS = st.sampled_from([os.O_RDONLY, os.O_RDONLY | os.O_NOFOLLOW, os.O_PATH, os.O_PATH | os.O_NOFOLLOW])


@given(path=PATHS, flags=FLAGS)
@example(path=b"d/up/../root", flags=os.O_RDONLY)
def test_both_ways_lead_to_the_same_and_stay_inside(tree: Path, path: bytes, flags: int) -> None:
    walked = resolved(beneath.walk_open, tree, path, flags) if path and path[:1] != b"/" else "EPERM"
    if CALL is not None and path and path[:1] != b"/":
        assert resolved(CALL, tree, path, flags) == walked
    if not isinstance(walked, str):
        inside = {file_id(one, follow=False) for one in (tree, *tree.rglob("*"))}
        assert walked in inside


@pytest.mark.parametrize(
    ("path", "parent", "name"),
    [
        ("f", ".", "f"),
        ("d/e/", "d", "e"),
        ("d/up/toFolder/x", "d", "x"),
        ("toFile", ".", "toFile"),
        (".", ".", "."),
        ("d/..", ".", "."),
        ("d/.", "d", "."),
    ],
)
@pytest.mark.parametrize("call", [True, False], ids=["openat2", "walk"])
def test_the_parent_of(
    tree: Path, monkeypatch: pytest.MonkeyPatch, call: bool, path: str, parent: str, name: str
) -> None:
    if not call:
        monkeypatch.setattr(beneath, "openat2", lambda: None)
    folder = os.open(tree, os.O_RDONLY)
    fd, last = beneath.parent_of(folder, path.encode())
    status = os.fstat(fd)
    os.close(fd)
    os.close(folder)
    assert ((status.st_dev, status.st_ino), last.decode()) == (file_id(tree / parent), name)


@pytest.mark.parametrize(
    ("path", "follow", "parent", "name"),
    [
        ("toFile", False, ".", "toFile"),
        ("toFile", True, ".", "f"),
        ("gone", True, ".", "nothing"),
        ("d/chain", True, "d", "e"),
        ("d/chain/", True, "d/e", "."),
        ("d/upFile", True, ".", "f"),
    ],
)
def test_where_a_path_leads(tree: Path, path: str, follow: bool, parent: str, name: str) -> None:
    folder = os.open(tree, os.O_RDONLY)
    fd, last = beneath.locate(folder, path.encode(), follow=follow)
    status = os.fstat(fd)
    os.close(fd)
    os.close(folder)
    assert ((status.st_dev, status.st_ino), last.decode()) == (file_id(tree / parent), name)
