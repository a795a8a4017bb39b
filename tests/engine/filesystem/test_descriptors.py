"""Descriptors: every function, where it does what it should and where it fails as documented."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.filesystem.support import snapshot
from tests.support import code, need
from tests.worlds.guest import FOLLOW, NOTHING, Guest, flags, granted
from wasinet.wit.values import Case, Ok, Some, Value

NOW = Case("now")
SAME = Case("no-change")
HUGE = 1 << 63


def moment(seconds: int, nanoseconds: int = 0) -> Case:
    return Case("timestamp", {"seconds": seconds, "nanoseconds": nanoseconds})


# Folders


def test_the_folders_that_it_has(guest: Guest, tree: Path) -> None:
    ((first, path),) = guest.call("get-directories")
    ((second, _),) = guest.call("get-directories")
    assert path == "/data"
    assert first != second
    assert guest.target(first) == guest.target(second) == str(tree)
    assert guest.call("descriptor.is-same-object", first, second)
    guest.drop(first)
    assert guest.call("descriptor.get-flags", second) == Ok(flags("read mutate-directory"))
    assert guest.call("descriptor.get-type", second) == Ok("directory")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        Guest(granted(tmp_path / "missing"))
    assert raised.value.filename == str(tmp_path / "missing")


def test_listing(guest: Guest, root: int, tree: Path) -> None:
    def entries(stream: int) -> dict[str, str]:
        found = {}
        while (entry := need(guest.call("directory-entry-stream.read-directory-entry", stream))) is not None:
            found[entry.value["name"]] = entry.value["type"]
        return found

    first, second = (need(guest.call("descriptor.read-directory", root)) for _ in "ab")
    one = need(guest.call("directory-entry-stream.read-directory-entry", first))
    links = dict.fromkeys(("absolute", "gone", "ld", "lf", "out", "self"), "symbolic-link")
    wanted = {**links, "d": "directory", "empty": "directory", "f": "regular-file", "p": "fifo", "s": "socket"}
    assert entries(second) == wanted
    guest.drop(root)
    assert {**entries(first), one.value["name"]: one.value["type"]} == wanted
    assert guest.call("directory-entry-stream.read-directory-entry", first) == Ok(None)


def test_a_name_that_is_no_text_is_told_and_passed(guest: Guest, root: int, tree: Path) -> None:
    folder = os.fsencode(tree / "empty")
    for name in (b"a\xff", b"b"):
        with open(folder + b"/" + name, "wb"):
            pass
    stream = need(guest.call("descriptor.read-directory", guest.file(root, "empty")))
    outcomes = [guest.call("directory-entry-stream.read-directory-entry", stream) for _ in range(3)]
    assert Ok(Some({"type": "regular-file", "name": "b"})) in outcomes
    assert "illegal-byte-sequence" in [code(one) for one in outcomes if not isinstance(one, Ok)]
    assert outcomes[2] == Ok(None)


# Opening


@pytest.mark.parametrize(
    ("path", "opened_for", "how", "kind"),
    [
        ("f", "read", "", "regular-file"),
        ("f", "write", "", "regular-file"),
        ("f", "", "", "regular-file"),
        ("f", "read write", "create", "regular-file"),
        ("f", "read write", "truncate", "regular-file"),
        ("new", "read write", "create exclusive", "regular-file"),
        ("new", "read", "create", "regular-file"),
        ("f", "read write file-integrity-sync data-integrity-sync requested-write-sync", "", "regular-file"),
        ("lf", "read", "", "regular-file"),
        ("gone", "read write", "create", "regular-file"),
        ("d", "read", "", "directory"),
        ("d", "read mutate-directory", "directory", "directory"),
        ("ld/", "read", "directory", "directory"),
        (".", "read mutate-directory", "", "directory"),
        ("d/..", "read", "", "directory"),
        ("p", "read", "", "fifo"),
    ],
)
def test_opening(guest: Guest, root: int, path: str, opened_for: str, how: str, kind: str) -> None:
    handle = guest.file(root, path, opened_for, how)
    assert guest.call("descriptor.get-type", handle) == Ok(kind)
    assert guest.call("descriptor.get-flags", handle) == Ok(flags(opened_for))


def test_mutate_directory_is_for_folders_only(guest: Guest, root: int) -> None:
    handle = guest.file(root, "f", "read mutate-directory")
    assert guest.call("descriptor.get-flags", handle) == Ok(flags("read"))


def test_truncating(guest: Guest, root: int, tree: Path) -> None:
    guest.file(root, "f", "write", "truncate")
    assert (tree / "f").read_bytes() == b""


@pytest.mark.parametrize(
    ("path", "opened_for", "how", "follow", "error"),
    [
        ("missing", "read", "", True, "no-entry"),
        ("missing/f", "read", "", True, "no-entry"),
        ("", "read", "", True, "no-entry"),
        ("f", "read write", "create exclusive", True, "exist"),
        ("gone", "read write", "create exclusive", True, "exist"),
        ("f/inner", "read", "", True, "not-directory"),
        ("f/", "read", "", True, "not-directory"),
        ("f", "read", "directory", True, "not-directory"),
        ("d", "read write", "", True, "is-directory"),
        ("d", "read", "create", True, "is-directory"),
        ("new/", "read write", "create", True, "is-directory"),
        ("lf", "read", "", False, "loop"),
        ("self", "read", "", True, "loop"),
        ("n" * 256, "read", "", True, "name-too-long"),
        ("d/" * 2048 + "f", "read", "", True, "name-too-long"),
        ("a\0b", "read", "", True, "invalid"),
        ("d", "read", "directory create", True, "invalid"),
        ("d", "read", "directory exclusive", True, "invalid"),
        ("d", "read write", "directory truncate", True, "invalid"),
        ("f", "read", "truncate", True, "invalid"),
        ("..", "read", "", True, "not-permitted"),
        ("../outside/f", "read", "", True, "not-permitted"),
        ("../root/f", "read", "", True, "not-permitted"),
        ("d/../../outside/f", "read", "", True, "not-permitted"),
        ("/etc/passwd", "read", "", True, "not-permitted"),
        ("/", "read", "", True, "not-permitted"),
        ("absolute", "read", "", True, "not-permitted"),
        ("absolute/passwd", "read", "", False, "not-permitted"),
        ("out", "read", "", True, "not-permitted"),
        ("out/f", "read", "", False, "not-permitted"),
        ("out/new", "write", "create", True, "not-permitted"),
        ("s", "read", "", True, "no-such-device"),
        ("p", "write", "", True, "no-such-device"),
    ],
)
def test_not_opening(guest: Guest, root: int, path: str, opened_for: str, how: str, follow: bool, error: str) -> None:
    before = len(guest.engine.table)
    assert code(guest.open(root, path, opened_for, how, follow=follow)) == error
    assert len(guest.engine.table) == before


def test_why_a_path_is_not_permitted(guest: Guest, root: int) -> None:
    assert guest.open(root, "../outside").reason == "the path leads out of its folder"


@pytest.fixture
def nobody() -> Iterator[None]:
    """A user who may not do everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.fixture
def locked(tree: Path) -> Iterator[Path]:
    """A file that nobody reads, and a folder that nobody searches."""
    (tree / "f").chmod(0)
    (tree / "d").chmod(0)
    yield tree
    (tree / "d").chmod(0o700)


def test_what_the_system_forbids(guest: Guest, root: int, locked: Path, nobody: None) -> None:
    assert code(guest.open(root, "f")) == "access"
    assert code(guest.open(root, "d/inner")) == "access"
    assert code(guest.call("descriptor.stat-at", root, NOTHING, "d/inner")) == "access"
    assert need(guest.call("descriptor.stat-at", root, NOTHING, "f"))["size"] == 5


# Data


def test_reading(guest: Guest, root: int) -> None:
    file = guest.file(root, "f")
    read = "descriptor.read"
    assert guest.call(read, file, 3, 0) == Ok((b"hel", False))
    assert guest.call(read, file, 100, 3) == Ok((b"lo", False))
    assert guest.call(read, file, 100, 5) == Ok((b"", True))
    assert guest.call(read, file, 100, 1 << 40) == Ok((b"", True))
    assert guest.call(read, file, 0, 0) == Ok((b"", False))
    assert guest.call(read, file, (1 << 64) - 1, 0) == Ok((b"hello", False))


def test_one_read_is_bounded(guest: Guest, root: int, tree: Path) -> None:
    (tree / "big").write_bytes(bytes(guest.engine.chunk + 1))
    data, ended = need(guest.call("descriptor.read", guest.file(root, "big"), 1 << 40, 0))
    assert (len(data), ended) == (guest.engine.chunk, False)


def test_writing(guest: Guest, root: int, tree: Path) -> None:
    file = guest.file(root, "f", "read write")
    assert guest.call("descriptor.write", file, b"J", 0) == Ok(1)
    assert guest.call("descriptor.write", file, b"!", 7) == Ok(1)
    assert guest.call("descriptor.write", file, b"", 99) == Ok(0)
    assert (tree / "f").read_bytes() == b"Jello\0\0!"
    assert guest.call("descriptor.set-size", file, 2) == Ok()
    assert guest.call("descriptor.set-size", file, 4) == Ok()
    assert (tree / "f").read_bytes() == b"Je\0\0"
    assert guest.call("descriptor.sync", file) == Ok()
    assert guest.call("descriptor.sync-data", file) == Ok()


@pytest.mark.parametrize("function", ["sync", "sync-data"])
def test_what_was_not_opened_for_writing_needs_no_sync(guest: Guest, root: int, function: str) -> None:
    assert guest.call(f"descriptor.{function}", root) == Ok()
    assert guest.call(f"descriptor.{function}", guest.file(root, "f")) == Ok()
    assert guest.call(f"descriptor.{function}", guest.file(root, "p")) == Ok()


@pytest.mark.parametrize("advice", ["normal", "sequential", "random", "will-need", "dont-need", "no-reuse"])
def test_advice(guest: Guest, root: int, advice: str) -> None:
    assert guest.call("descriptor.advise", guest.file(root, "f"), 0, 5, advice) == Ok()


DATA: dict[str, tuple[Value, ...]] = {
    "read-via-stream": (0,),
    "write-via-stream": (0,),
    "append-via-stream": (),
    "advise": (0, 0, "normal"),
    "set-size": (0,),
    "read": (1, 0),
    "write": (b"x", 0),
}


@pytest.mark.parametrize("function", DATA)
def test_data_of_a_folder(guest: Guest, root: int, function: str) -> None:
    assert code(guest.call(f"descriptor.{function}", root, *DATA[function])) == "is-directory"


@pytest.mark.parametrize(
    ("function", "opened_for"),
    [
        ("read-via-stream", "write"),
        ("read", "write"),
        ("write-via-stream", "read"),
        ("append-via-stream", "read"),
        ("set-size", "read"),
        ("write", "read"),
    ],
)
def test_data_of_what_was_opened_for_something_else(
    guest: Guest, root: int, tree: Path, function: str, opened_for: str
) -> None:
    file = guest.file(root, "f", opened_for)
    assert code(guest.call(f"descriptor.{function}", file, *DATA[function])) == "bad-descriptor"
    assert (tree / "f").read_bytes() == b"hello"


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("read-via-stream", (HUGE,)),
        ("write-via-stream", (HUGE,)),
        ("advise", (HUGE, 0, "normal")),
        ("advise", (0, HUGE, "normal")),
        ("set-size", (HUGE,)),
        ("read", (1, HUGE)),
        ("write", (b"x", HUGE)),
    ],
)
def test_numbers_that_no_file_has(guest: Guest, root: int, function: str, arguments: tuple[Value, ...]) -> None:
    file = guest.file(root, "f", "read write")
    assert code(guest.call(f"descriptor.{function}", file, *arguments)) == "invalid"


def test_a_pipe_has_no_offsets(guest: Guest, root: int) -> None:
    assert code(guest.call("descriptor.read", guest.file(root, "p", "read write"), 1, 0)) == "invalid-seek"
    assert code(guest.call("descriptor.write", guest.file(root, "p", "read write"), b"x", 0)) == "invalid-seek"


def test_a_file_that_would_get_too_large(guest: Guest, root: int) -> None:
    file = guest.file(root, "f", "read write")
    assert code(guest.call("descriptor.write", file, b"xx", HUGE - 1)) in ("file-too-large", "invalid")
    assert code(guest.call("descriptor.set-size", file, HUGE - 1)) in ("file-too-large", "invalid")


# Attributes


def attributes(guest: Guest, handle: int) -> dict[str, Any]:
    found: dict[str, Any] = need(guest.call("descriptor.stat", handle))
    return found


def test_attributes(guest: Guest, root: int, tree: Path) -> None:
    os.utime(tree / "f", ns=(1_500_000_007, 2_000_000_009))
    os.link(tree / "f", tree / "second")
    found = attributes(guest, guest.file(root, "f"))
    changed = (tree / "f").stat().st_ctime_ns
    assert found == {
        "type": "regular-file",
        "link-count": 2,
        "size": 5,
        "data-access-timestamp": Some({"seconds": 1, "nanoseconds": 500_000_007}),
        "data-modification-timestamp": Some({"seconds": 2, "nanoseconds": 9}),
        "status-change-timestamp": Some({"seconds": changed // 10**9, "nanoseconds": changed % 10**9}),
    }
    assert need(guest.call("descriptor.stat-at", root, FOLLOW, "lf")) == found
    link = need(guest.call("descriptor.stat-at", root, NOTHING, "lf"))
    assert (link["type"], link["size"]) == ("symbolic-link", 1)


def test_a_time_before_1970_is_none(guest: Guest, root: int, tree: Path) -> None:
    os.utime(tree / "f", ns=(-1, 0))
    found = attributes(guest, guest.file(root, "f"))
    assert found["data-access-timestamp"] is None
    assert found["data-modification-timestamp"] == Some({"seconds": 0, "nanoseconds": 0})


@pytest.mark.parametrize(("path", "opened_for"), [("f", "read"), ("d", "read mutate-directory")])
def test_setting_times(guest: Guest, root: int, tree: Path, path: str, opened_for: str) -> None:
    handle = guest.file(root, path, opened_for)
    assert guest.call("descriptor.set-times", handle, moment(7, 1), moment(8, 999_999_999)) == Ok()
    assert guest.call("descriptor.set-times", handle, SAME, moment(9)) == Ok()
    found = (tree / path).stat()
    assert (found.st_atime_ns, found.st_mtime_ns) == (7_000_000_001, 9_000_000_000)
    assert guest.call("descriptor.set-times", handle, NOW, SAME) == Ok()
    found = (tree / path).stat()
    assert found.st_atime_ns > 10**18
    assert found.st_mtime_ns == 9_000_000_000


setting_a_link = pytest.mark.parametrize(("follow", "changed", "kept"), [(FOLLOW, "f", "lf"), (NOTHING, "lf", "f")])


@setting_a_link
def test_setting_times_at(guest: Guest, root: int, tree: Path, follow: frozenset[str], changed: str, kept: str) -> None:
    before = (tree / kept).lstat().st_mtime_ns
    assert guest.call("descriptor.set-times-at", root, follow, "lf", SAME, moment(5)) == Ok()
    assert (tree / changed).lstat().st_mtime_ns == 5 * 10**9
    assert (tree / kept).lstat().st_mtime_ns == before


@pytest.mark.parametrize("bad", [moment(0, 10**9), moment(HUGE), moment((1 << 64) - 1, 5)])
def test_times_that_are_none(guest: Guest, root: int, bad: Case) -> None:
    assert code(guest.call("descriptor.set-times", guest.file(root, "f"), bad, SAME)) == "invalid"
    assert code(guest.call("descriptor.set-times-at", root, NOTHING, "f", SAME, bad)) == "invalid"


def test_the_same_object(guest: Guest, root: int) -> None:
    one, other, link, folder = (guest.file(root, path) for path in ("f", "d/inner", "lf", "d/.."))
    same = "descriptor.is-same-object"
    assert guest.call(same, one, link)
    assert not guest.call(same, one, other)
    assert guest.call(same, folder, root)


def test_hashes_tell_change_and_replacement(guest: Guest, root: int, tree: Path) -> None:
    def hashed(path: str = "f") -> Any:
        return need(guest.call("descriptor.metadata-hash-at", root, FOLLOW, path))

    first = hashed()
    assert need(guest.call("descriptor.metadata-hash", guest.file(root, "f"))) == first == hashed("lf")
    assert hashed("d/inner") != first
    os.utime(tree / "f", ns=(0, 1))
    second = hashed()
    (tree / "f").write_bytes(b"longer than before")
    os.utime(tree / "f", ns=(0, 1))
    third = hashed()
    (tree / "f").rename(tree / "old")
    (tree / "f").write_bytes(b"longer than before")
    os.utime(tree / "f", ns=(0, 1))
    hashes = [first, second, third, hashed()]
    assert len({tuple(one.values()) for one in hashes}) == 4
    assert all(
        set(one) == {"lower", "upper"} and 0 <= min(one.values()) <= max(one.values()) < 1 << 64 for one in hashes
    )


def test_hashes_differ_between_sessions(tree: Path, make_guest: Callable[..., Guest]) -> None:
    one, other = make_guest(tree), make_guest(tree)
    assert one.call("descriptor.metadata-hash", one.folder()) != other.call("descriptor.metadata-hash", other.folder())


# Read-only


def test_a_read_only_folder_refuses_every_change(tree: Path, make_guest: Callable[..., Guest]) -> None:
    guest = make_guest(tree, read_only=True)
    root = guest.folder()
    assert guest.call("descriptor.get-flags", root) == Ok(flags("read"))
    below = guest.file(root, "d")
    file = guest.file(root, "f")
    before = snapshot(tree)
    for folder in (root, below):
        for function, arguments in {
            "create-directory-at": ("new",),
            "link-at": (NOTHING, "f", folder, "new"),
            "remove-directory-at": ("empty",),
            "rename-at": ("f", folder, "new"),
            "set-times": (NOW, NOW),
            "set-times-at": (NOTHING, "f", NOW, NOW),
            "symlink-at": ("f", "new"),
            "unlink-file-at": ("f",),
        }.items():
            assert code(guest.call(f"descriptor.{function}", folder, *arguments)) == "read-only", function
        for opened_for, how in (
            ("write", ""),
            ("read write", "truncate"),
            ("read", "create"),
            ("read mutate-directory", ""),
            ("read mutate-directory", "directory"),
        ):
            assert code(guest.open(folder, "f", opened_for, how)) == "read-only"
    assert code(guest.call("descriptor.set-times", file, NOW, NOW)) == "read-only"
    assert code(guest.call("descriptor.write", file, b"x", 0)) == "bad-descriptor"
    assert code(guest.call("descriptor.set-size", file, 0)) == "bad-descriptor"
    assert snapshot(tree) == before


def test_what_mutate_directory_is_not_asked_for_below(guest: Guest, root: int) -> None:
    fixed, open_ = guest.file(root, "d"), guest.file(root, "d", "read mutate-directory")
    assert code(guest.call("descriptor.create-directory-at", fixed, "new")) == "read-only"
    assert code(guest.open(fixed, ".", "read mutate-directory")) == "read-only"
    assert guest.call("descriptor.create-directory-at", open_, "new") == Ok()


@pytest.mark.parametrize("function", ["link-at", "rename-at"])
def test_both_folders_must_be_for_changes(guest: Guest, root: int, function: str) -> None:
    fixed = guest.file(root, "d")
    first = (NOTHING,) if function == "link-at" else ()
    assert code(guest.call(f"descriptor.{function}", fixed, *first, "inner", root, "new")) == "read-only"
    assert code(guest.call(f"descriptor.{function}", root, *first, "f", fixed, "new")) == "read-only"
