"""Where colour goes, and how wide the page is."""

from __future__ import annotations

import io

import pytest

from wasinet.render.color import DEFAULT_WIDTH, is_terminal, wants_color, width_of


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choice", "environ", "on_terminal", "on_pipe"),
    [
        ("auto", {}, True, False),
        ("auto", {"TERM": "dumb"}, False, False),
        ("auto", {"NO_COLOR": "1"}, False, False),
        ("auto", {"NO_COLOR": ""}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, True, True),
        ("auto", {"FORCE_COLOR": "", "NO_COLOR": "x"}, False, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "dumb"}, True, True),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, True, True),
        ("never", {"FORCE_COLOR": "1"}, False, False),
    ],
)
def test_wants_color(choice: str, environ: dict[str, str], on_terminal: bool, on_pipe: bool) -> None:
    assert wants_color(choice, Terminal(), environ) is on_terminal
    assert wants_color(choice, io.StringIO(), environ) is on_pipe


def test_streams_that_are_none() -> None:
    closed = io.StringIO()
    closed.close()
    assert not is_terminal(closed)
    assert not is_terminal(None)


def test_width() -> None:
    assert width_of(io.StringIO(), {}) == DEFAULT_WIDTH
    assert width_of(None, {}) == DEFAULT_WIDTH
    assert width_of(io.StringIO(), {"COLUMNS": "132"}) == 132
    assert width_of(io.StringIO(), {"COLUMNS": "0"}) == DEFAULT_WIDTH
    assert width_of(io.StringIO(), {"COLUMNS": "many"}) == DEFAULT_WIDTH
    assert width_of(io.StringIO(), {"COLUMNS": "1" * 5000}) == DEFAULT_WIDTH
