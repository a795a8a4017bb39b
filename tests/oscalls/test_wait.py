"""Waiting for descriptors, fresh and kept, in the same way."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from wasinet.oscalls.wait import BROKEN, LONGEST, READ, WRITE, Kept, make_kept, wait_many, wait_one


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.fixture(params=["the platform's", "selectors"])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    made = make_kept() if request.param == "the platform's" else Kept()
    yield made
    made.close()


def test_one(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    assert wait_one(reader, READ, 0) == 0
    assert wait_one(writer, WRITE, None) == WRITE
    os.write(writer, b"x")
    assert wait_one(reader, READ, None) == READ


def test_many(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    assert wait_many({}, 0) == []
    assert wait_many({reader: READ, writer: WRITE}, None) == [(writer, WRITE)]
    os.write(writer, b"x")
    assert sorted(wait_many({reader: READ, writer: WRITE}, 1)) == sorted([(reader, READ), (writer, WRITE)])


def test_a_hang_up_is_reported_unasked() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    try:
        assert wait_one(reader, READ, 1) & BROKEN
        assert wait_one(reader, 0, 1) & BROKEN
    finally:
        os.close(reader)


@pytest.mark.parametrize("timeout", [0.0005, 0.0101])
def test_timeouts_are_never_cut_short(pipe: tuple[int, int], timeout: float) -> None:
    start = time.monotonic()
    assert wait_one(pipe[0], READ, timeout) == 0
    assert wait_many({pipe[0]: READ}, timeout) == []
    assert time.monotonic() - start >= 2 * timeout


@pytest.mark.parametrize("timeout", [LONGEST, 1e9, 1e12, float("inf")])
def test_long_timeouts_are_no_error(pipe: tuple[int, int], timeout: float) -> None:
    os.write(pipe[1], b"x")
    assert wait_one(pipe[0], READ, timeout) == READ
    assert wait_many({pipe[0]: READ}, timeout) == [(pipe[0], READ)]


def test_the_kept_set(kept: Kept, pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    assert list(kept.wait(0, 1)) == []
    kept.set(reader, 0, READ)
    kept.set(writer, 0, WRITE)
    assert list(kept.wait(None, 2)) == [(writer, WRITE)]
    os.write(writer, b"x")
    assert sorted(kept.wait(1, 2)) == sorted([(reader, READ), (writer, WRITE)])
    kept.set(writer, WRITE, 0)
    for _ in range(2):
        assert list(kept.wait(1, 2)) == [(reader, READ)]
    kept.set(reader, READ, READ | WRITE)
    kept.set(reader, READ | WRITE, 0)
    assert list(kept.wait(0, 1)) == []
