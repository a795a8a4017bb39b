"""The progress line: amounts, its width, and that it goes away."""

from __future__ import annotations

import io

import pytest

from wasinet.programs.events import Event
from wasinet.render.progress import ProgressLine, progress_text, show_amount


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1024, "1.00 KiB"),
        (10_239, "10.0 KiB"),
        (100 * 1024, "100 KiB"),
        (999 * 1024, "999 KiB"),
        (1 << 20, "1.00 MiB"),
        (1_288_490_189, "1.20 GiB"),
        (1 << 70, "1024 EiB"),
        (512.4, "512 B"),
    ],
)
def test_amounts(count: float, shown: str) -> None:
    assert show_amount(count) == shown


@pytest.mark.parametrize(
    ("received", "sent", "seconds", "shown"),
    [
        (1 << 30, 0, 2.0, "1.00 GiB received, 512 B/s, 2.0 s"),
        (0, 2048, 61.5, "2.00 KiB sent, 512 B/s, 1:01"),
        (10, 20, 3723.0, "10 B received, 20 B sent, 512 B/s, 1:02:03"),
    ],
)
def test_what_is_said(received: int, sent: int, seconds: float, shown: str) -> None:
    assert progress_text(received, sent, 512, seconds) == shown


def event(received: int, seconds: float) -> Event:
    return Event("progress", received=received, sent=0, seconds=seconds)


def test_each_line_replaces_the_one_before_and_the_last_goes_away() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    line.clear()
    assert stream.getvalue() == ""
    line.show(event(1024, 1.0))
    line.show(event(3072, 2.0))
    line.clear()
    line.clear()
    lines = stream.getvalue().split("\r\x1b[K")
    assert lines == ["", "1.00 KiB received, 1.00 KiB/s, 1.0 s", "3.00 KiB received, 2.00 KiB/s, 2.0 s", ""]


def test_it_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = io.StringIO()
    ProgressLine(stream).show(event(1 << 40, 100_000.0))
    assert len(stream.getvalue().removeprefix("\r\x1b[K")) == 19


def test_a_terminal_that_has_gone_is_no_failure() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    stream.close()
    line.show(event(1, 1.0))
    line.clear()
