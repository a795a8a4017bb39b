"""Whatever paths and links a program thinks of, it neither changes nor sees what is outside its folder."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.filesystem.support import snapshot
from tests.worlds.guest import FOLLOW, NOTHING, Guest, flags, granted
from wasinet.oscalls import beneath
from wasinet.wit.values import Case, Err, Ok

PARTS = st.sampled_from(["a", "b", "c", "outside", "root", "..", "..", ".", "", "a\0", "x" * 300])
# Half of them begin where something is: a plain path, or one of the links.
BEGINNINGS = st.sampled_from(["", "", "", "/", "./", "a/b/", "a/b/a/", "a/b/b/", "a/b/b", "b/", "c/", "c/a/b/"])
PATHS = st.tuples(BEGINNINGS, st.lists(PARTS, max_size=6)).map(lambda both: both[0] + "/".join(both[1]))
PATH_FLAGS = st.sampled_from([FOLLOW, NOTHING])
TIMES = st.sampled_from([Case("now"), Case("no-change"), Case("timestamp", {"seconds": 1, "nanoseconds": 2})])
OPEN = st.sampled_from([flags(text) for text in ("", "create", "directory", "create exclusive", "create truncate")])
MODES = st.sampled_from([flags(text) for text in ("read", "read write", "read mutate-directory", "mutate-directory")])
# The folder that a call starts from: an earlier answer of open-at, or the root.
BASES = st.integers(0, 3)

CALLS = st.one_of(
    st.tuples(st.just("open-at"), BASES, PATH_FLAGS, PATHS, OPEN, MODES),
    st.tuples(st.just("create-directory-at"), BASES, PATHS),
    st.tuples(st.just("symlink-at"), BASES, PATHS, PATHS),
    st.tuples(st.just("link-at"), BASES, PATH_FLAGS, PATHS, BASES, PATHS),
    st.tuples(st.just("rename-at"), BASES, PATHS, BASES, PATHS),
    st.tuples(st.just("unlink-file-at"), BASES, PATHS),
    st.tuples(st.just("remove-directory-at"), BASES, PATHS),
    st.tuples(st.just("set-times-at"), BASES, PATH_FLAGS, PATHS, TIMES, TIMES),
    st.tuples(st.just("stat-at"), BASES, PATH_FLAGS, PATHS),
    st.tuples(st.just("readlink-at"), BASES, PATHS),
)


def play(top: Path, calls: list[Any], *, read_only: bool = False) -> list[Any]:
    """Make the calls on a fresh tree; their outcomes, without what differs between two trees."""
    outside, root = top / "outside", top / "root"
    (outside / "a").mkdir(parents=True)
    (outside / "a" / "b").write_text("secret", encoding="utf-8")
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "c").write_text("inside", encoding="utf-8")
    (root / "b").symlink_to("..")
    (root / "c").symlink_to("a/b/../..")
    (root / "a" / "b" / "a").symlink_to("../../../outside")
    (root / "a" / "b" / "b").symlink_to(outside)
    before = snapshot(outside), snapshot(root)
    outcomes: list[Any] = []
    with closing(Guest(granted(root, read_only=read_only))) as guest:
        handles = [guest.folder()]
        for name, base, *arguments in calls:
            if name in ("link-at", "rename-at"):
                arguments[-2] = handles[arguments[-2] % len(handles)]
            outcome = guest.call(f"descriptor.{name}", handles[base % len(handles)], *arguments)
            if name == "open-at" and isinstance(outcome, Ok):
                handles.append(outcome.value)
                target = guest.target(outcome.value)
                assert target == str(root) or target.startswith(f"{root}/"), target
                guest.call("descriptor.write", outcome.value, b"written", 0)
            seen: Any = outcome if isinstance(outcome, Err) else None
            if isinstance(outcome, Ok) and name == "stat-at":
                seen = outcome.value["type"]
            elif isinstance(outcome, Ok) and name == "readlink-at":
                seen = outcome.value
            outcomes.append(seen)
    assert snapshot(outside) == before[0]
    assert sorted(os.listdir(top)) == ["outside", "root"]
    if read_only:
        assert snapshot(root) == before[1]
    return outcomes


@given(calls=st.lists(CALLS, max_size=12))
def test_nothing_outside_is_touched_and_both_ways_agree(monkeypatch: pytest.MonkeyPatch, calls: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first = play(Path(one).resolve(), calls)
        with monkeypatch.context() as patch:
            patch.setattr(beneath, "openat2", lambda: None)
            assert play(Path(other).resolve(), calls) == first


@given(calls=st.lists(CALLS, max_size=12))
def test_nothing_at_all_is_changed_in_a_read_only_folder(calls: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as top:
        play(Path(top).resolve(), calls, read_only=True)
