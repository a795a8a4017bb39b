"""Waits in slices: one timer for many waits, deadlines, and what is ready by position."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from time import monotonic

import pytest

from wasinet.hosts.runtime import Forward, Instance
from wasinet.hosts.slices import SLICE, Slices


class Counted:
    """An instance whose calls are counted."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.calls: dict[str, int] = {}

    def function(self, export: str) -> Forward:
        forward = self.instance.function(export)

        def call(arguments: bytes) -> bytes:
            self.calls[export] = self.calls.get(export, 0) + 1
            return forward(arguments)

        return call


@pytest.fixture
def counted(wasmtime_runtime: None) -> Iterator[Counted]:
    instance = Instance()
    yield Counted(instance)
    instance.close()


@pytest.fixture
def slices(counted: Counted) -> Slices:
    return Slices(counted)  # type: ignore[arg-type]


def timer(counted: Counted, seconds: float) -> int:
    result = counted.instance.function("monotonic-clock-subscribe-duration")(struct.pack("<Q", round(seconds * 1e9)))
    index: int = struct.unpack_from("<I", result)[0]
    return index


def test_what_is_ready_is_told_by_position(counted: Counted, slices: Slices) -> None:
    far, now = timer(counted, 1000), timer(counted, 0)
    assert slices.wait([far, now, far]) == [1]
    assert sorted(slices.wait([now, far, now])) == [0, 2]


def test_a_timer_serves_many_waits(counted: Counted, slices: Slices) -> None:
    now = timer(counted, 0)
    start = monotonic()
    for _ in range(100):
        slices.wait([now])
    most = 1 + (monotonic() - start) / SLICE
    assert counted.calls["poll-poll"] == 100
    assert counted.calls["monotonic-clock-subscribe-duration"] <= most
    assert counted.calls.get("drop-pollable", 0) <= most


def test_a_wait_comes_back_after_each_slice(counted: Counted, slices: Slices) -> None:
    # A busy machine may make one slice last as long as several.
    for _ in range(10):
        counted.calls.clear()
        assert slices.wait([timer(counted, SLICE * 3.5)]) == [0]
        if counted.calls["poll-poll"] >= 4:
            break
    assert counted.calls["poll-poll"] >= 4


@pytest.mark.parametrize("seconds", [-1, 0, SLICE / 4, SLICE * 1.5])
def test_a_deadline(counted: Counted, slices: Slices, seconds: float) -> None:
    start = monotonic()
    assert slices.wait([timer(counted, 1000)], start + seconds) == []
    assert monotonic() - start >= seconds
    assert slices.wait([timer(counted, 0)], start) == [0]
