"""What makes, moves and removes names: where it does what it should and where it fails as documented."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import code, need
from tests.worlds.guest import FOLLOW, NOTHING, Guest
from wasinet.wit.values import Case, Ok, Value

RESOLVED = [
    ("", "no-entry"),
    ("missing/x", "no-entry"),
    ("f/x", "not-directory"),
    ("self/x", "loop"),
    ("n" * 256, "name-too-long"),
    ("d/" * 2048 + "x", "name-too-long"),
    ("a\0b", "invalid"),
    ("/x", "not-permitted"),
    ("..", "not-permitted"),
    ("../x", "not-permitted"),
    ("../root/x", "not-permitted"),
    ("d/../../x", "not-permitted"),
    ("out/x", "not-permitted"),
    ("out/../root/x", "not-permitted"),
    ("absolute/x", "not-permitted"),
]
"""Paths that no function resolves, and why."""

NOW = Case("now")


def every_call(root: int, path: str) -> list[tuple[str, tuple[Value, ...]]]:
    """Every function that takes a path, with this one."""
    return [
        ("create-directory-at", (path,)),
        ("link-at", (NOTHING, path, root, "new")),
        ("link-at", (FOLLOW, path, root, "new")),
        ("link-at", (NOTHING, "f", root, path)),
        ("metadata-hash-at", (NOTHING, path)),
        ("metadata-hash-at", (FOLLOW, path)),
        ("readlink-at", (path,)),
        ("remove-directory-at", (path,)),
        ("rename-at", (path, root, "new")),
        ("rename-at", ("f", root, path)),
        ("set-times-at", (NOTHING, path, NOW, NOW)),
        ("set-times-at", (FOLLOW, path, NOW, NOW)),
        ("stat-at", (NOTHING, path)),
        ("stat-at", (FOLLOW, path)),
        ("symlink-at", ("f", path)),
        ("unlink-file-at", (path,)),
    ]


@pytest.mark.parametrize(("path", "error"), RESOLVED)
def test_paths_that_lead_nowhere(guest: Guest, root: int, tree: Path, path: str, error: str) -> None:
    outside = sorted(os.listdir(tree.parent / "outside"))
    for function, arguments in every_call(root, path):
        assert code(guest.call(f"descriptor.{function}", root, *arguments)) == error, (function, arguments)
    assert sorted(os.listdir(tree.parent)) == ["outside", "root"]
    assert sorted(os.listdir(tree.parent / "outside")) == outside


@pytest.mark.parametrize("path", ["..", "f"])
def test_a_file_is_no_folder_to_start_from(guest: Guest, root: int, path: str) -> None:
    file = guest.file(root, "f", "read write")
    for function, arguments in every_call(file, path):
        assert code(guest.call(f"descriptor.{function}", file, *arguments)) == "not-directory", function
    assert code(guest.open(file, path)) == "not-directory"
    assert code(guest.call("descriptor.read-directory", file)) == "not-directory"
    assert code(guest.call("descriptor.link-at", root, NOTHING, "f", file, "new")) == "not-directory"
    assert code(guest.call("descriptor.rename-at", root, "f", file, "new")) == "not-directory"


def test_listing_needs_read(guest: Guest, root: int) -> None:
    folder = guest.file(root, "d", "mutate-directory")
    assert code(guest.call("descriptor.read-directory", folder)) == "bad-descriptor"


# Each of these: function, arguments (ROOT stands for the folder), the path to look at and whether it is there then.

ROOT = object()
DID = [
    ("create-directory-at", ("new",), "new", True),
    ("create-directory-at", ("new/",), "new", True),
    ("create-directory-at", ("ld/new",), "d/new", True),
    ("create-directory-at", ("d/../new",), "new", True),
    ("remove-directory-at", ("empty",), "empty", False),
    ("remove-directory-at", ("./empty/",), "empty", False),
    ("unlink-file-at", ("f",), "f", False),
    ("unlink-file-at", ("lf",), "lf", False),
    ("unlink-file-at", ("out",), "out", False),
    ("unlink-file-at", ("absolute",), "absolute", False),
    ("unlink-file-at", ("p",), "p", False),
    ("link-at", (NOTHING, "f", ROOT, "d/new"), "d/new", True),
    ("link-at", (FOLLOW, "lf", ROOT, "new"), "new", True),
    ("link-at", (NOTHING, "lf", ROOT, "new"), "new", True),
    ("symlink-at", ("anything/../at all", "new"), "new", True),
    ("symlink-at", ("../outside", "d/new"), "d/new", True),
    ("rename-at", ("f", ROOT, "new"), "f", False),
    ("rename-at", ("f", ROOT, "d/inner"), "f", False),
    ("rename-at", ("d", ROOT, "empty"), "empty/inner", True),
    ("rename-at", ("d/", ROOT, "new/"), "new/inner", True),
    ("rename-at", ("lf", ROOT, "d/lf"), "d/lf", True),
    ("rename-at", ("ld/inner", ROOT, "ld/other"), "d/other", True),
    ("rename-at", ("f", ROOT, "f"), "f", True),
]


@pytest.mark.parametrize(("function", "arguments", "path", "there"), DID)
def test_it_does(
    guest: Guest, root: int, tree: Path, function: str, arguments: tuple[Value, ...], path: str, there: bool
) -> None:
    values = [root if value is ROOT else value for value in arguments]
    assert guest.call(f"descriptor.{function}", root, *values) == Ok()
    assert os.path.lexists(tree / path) is there
    assert (tree.parent / "outside" / "f").read_text(encoding="utf-8") == "secret"


FAILED = [
    ("create-directory-at", ("f",), "exist"),
    ("create-directory-at", ("d",), "exist"),
    ("create-directory-at", ("gone",), "exist"),
    ("create-directory-at", (".",), "exist"),
    ("create-directory-at", ("d/..",), "exist"),
    ("remove-directory-at", ("d",), "not-empty"),
    ("remove-directory-at", ("f",), "not-directory"),
    ("remove-directory-at", ("ld",), "not-directory"),
    ("remove-directory-at", ("missing",), "no-entry"),
    ("remove-directory-at", (".",), "invalid"),
    ("remove-directory-at", ("empty/..",), "not-empty"),
    ("unlink-file-at", ("d",), "is-directory"),
    ("unlink-file-at", ("d/",), "is-directory"),
    ("unlink-file-at", (".",), "is-directory"),
    ("unlink-file-at", ("f/",), "not-directory"),
    ("unlink-file-at", ("ld/",), "not-directory"),
    ("unlink-file-at", ("missing",), "no-entry"),
    ("link-at", (NOTHING, "f", ROOT, "d"), "exist"),
    ("link-at", (NOTHING, "f", ROOT, "."), "exist"),
    ("link-at", (NOTHING, "f", ROOT, "new/"), "no-entry"),
    ("link-at", (NOTHING, "f", ROOT, "d/"), "exist"),
    ("link-at", (NOTHING, "d", ROOT, "new"), "not-permitted"),
    ("link-at", (NOTHING, "d/", ROOT, "new"), "not-permitted"),
    ("link-at", (NOTHING, "f/", ROOT, "new"), "not-directory"),
    ("link-at", (NOTHING, "missing", ROOT, "new"), "no-entry"),
    ("link-at", (FOLLOW, "gone", ROOT, "new"), "no-entry"),
    ("link-at", (FOLLOW, "out", ROOT, "new"), "not-permitted"),
    ("link-at", (FOLLOW, "absolute", ROOT, "new"), "not-permitted"),
    ("link-at", (FOLLOW, "self", ROOT, "new"), "loop"),
    ("symlink-at", ("f", "f"), "exist"),
    ("symlink-at", ("f", "gone"), "exist"),
    ("symlink-at", ("f", "."), "exist"),
    ("symlink-at", ("f", "d/"), "exist"),
    ("symlink-at", ("f", "new/"), "no-entry"),
    ("symlink-at", ("", "new"), "no-entry"),
    ("symlink-at", ("/etc", "new"), "not-permitted"),
    ("symlink-at", ("a\0b", "new"), "invalid"),
    ("symlink-at", ("x" * 4096, "new"), "name-too-long"),
    ("rename-at", ("missing", ROOT, "new"), "no-entry"),
    ("rename-at", ("f", ROOT, "d"), "is-directory"),
    ("rename-at", ("d", ROOT, "f"), "not-directory"),
    ("rename-at", ("empty", ROOT, "d"), "not-empty"),
    ("rename-at", ("d", ROOT, "d/below"), "invalid"),
    ("rename-at", (".", ROOT, "new"), "busy"),
    ("rename-at", ("d/.", ROOT, "new"), "busy"),
    ("rename-at", ("d", ROOT, "empty/.."), "busy"),
    ("rename-at", ("f/", ROOT, "new"), "not-directory"),
    ("rename-at", ("f", ROOT, "new/"), "not-directory"),
    ("rename-at", ("ld/", ROOT, "new"), "not-directory"),
    ("readlink-at", ("f",), "invalid"),
    ("readlink-at", ("d",), "invalid"),
    ("readlink-at", (".",), "invalid"),
    ("readlink-at", ("ld/",), "invalid"),
    ("readlink-at", ("missing",), "no-entry"),
    ("readlink-at", ("absolute",), "not-permitted"),
    ("stat-at", (FOLLOW, "gone"), "no-entry"),
    ("stat-at", (FOLLOW, "self"), "loop"),
    ("stat-at", (FOLLOW, "out"), "not-permitted"),
    ("stat-at", (FOLLOW, "absolute"), "not-permitted"),
    ("stat-at", (NOTHING, "f/"), "not-directory"),
    ("metadata-hash-at", (FOLLOW, "out"), "not-permitted"),
    ("set-times-at", (FOLLOW, "out", NOW, NOW), "not-permitted"),
    ("set-times-at", (FOLLOW, "gone", NOW, NOW), "no-entry"),
    ("set-times-at", (NOTHING, "f/", NOW, NOW), "not-directory"),
]


@pytest.mark.parametrize(("function", "arguments", "error"), FAILED)
def test_it_fails(guest: Guest, root: int, tree: Path, function: str, arguments: tuple[Value, ...], error: str) -> None:
    before = sorted(map(str, tree.rglob("*")))
    values = [root if value is ROOT else value for value in arguments]
    assert code(guest.call(f"descriptor.{function}", root, *values)) == error
    assert sorted(map(str, tree.rglob("*"))) == before


def test_a_second_name_is_of_the_same_file(guest: Guest, root: int, tree: Path) -> None:
    need(guest.call("descriptor.link-at", root, FOLLOW, "lf", root, "new"))
    need(guest.call("descriptor.link-at", root, NOTHING, "lf", root, "link"))
    assert (tree / "new").samefile(tree / "f")
    assert (tree / "link").is_symlink()


def test_reading_links(guest: Guest, root: int, tree: Path) -> None:
    assert guest.call("descriptor.readlink-at", root, "lf") == Ok("f")
    assert guest.call("descriptor.readlink-at", root, "out") == Ok("../outside")
    os.symlink(b"\xff", os.fsencode(tree / "bytes"))
    assert code(guest.call("descriptor.readlink-at", root, "bytes")) == "illegal-byte-sequence"


def test_between_two_folders(guest: Guest, root: int, tree: Path) -> None:
    folder = guest.file(root, "d", "read mutate-directory")
    assert guest.call("descriptor.rename-at", root, "f", folder, "moved") == Ok()
    assert guest.call("descriptor.link-at", folder, NOTHING, "moved", root, "linked") == Ok()
    assert code(guest.call("descriptor.rename-at", folder, "../linked", root, "new")) == "not-permitted"
    assert code(guest.call("descriptor.rename-at", root, "linked", folder, "../new")) == "not-permitted"
    assert (tree / "d" / "moved").samefile(tree / "linked")


def test_a_descriptor_stays_with_its_folder_when_that_is_moved(guest: Guest, root: int, tree: Path) -> None:
    folder = guest.file(root, "d", "read mutate-directory")
    need(guest.call("descriptor.rename-at", root, "d", root, "empty"))
    assert guest.call("descriptor.unlink-file-at", folder, "inner") == Ok()
    assert code(guest.open(folder, "../f")) == "not-permitted"
    assert os.listdir(tree / "empty") == []
