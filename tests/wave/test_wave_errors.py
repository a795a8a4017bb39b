"""Errors: where they point, and how they look."""

from __future__ import annotations

import pickle

import pytest

from wasinet import wave
from wasinet.wave.errors import WaveError
from wasinet.wit.types import STRING, U8, U16, List, Tuple, Type


def _error(text: str, type_: Type) -> WaveError:
    with pytest.raises(WaveError) as raised:
        wave.loads(text, type_)
    return raised.value


def test_line_and_column() -> None:
    error = _error("[1,\n  2,\n  300]", List(U8))
    assert (error.position, error.line, error.column) == (11, 3, 3)
    assert str(error) == "line 3, column 3: expected u8 (0 to 255), found '300'"
    assert error.message == "expected u8 (0 to 255), found '300'"
    assert error.expected == "u8 (0 to 255)"


def test_at_the_end_of_a_text() -> None:
    error = _error("[1,\n", List(U8))
    assert (error.line, error.column) == (2, 1)
    assert error.render() == "[1,\n   ^\nexpected u8 (0 to 255), found the end"


@pytest.mark.parametrize(
    ("text", "type_", "rendered"),
    [
        ("[1, 300]", List(U8), "[1, 300]\n    ^\nexpected u8 (0 to 255), found '300'"),
        ("[1,\r\n\t300]\r\n", List(U8), " 300]\n ^\nexpected u8 (0 to 255), found '300' (line 2)"),
        ("", U8, "expected u8 (0 to 255), found the end"),
        (
            '("日本é", 1)',
            Tuple((STRING, STRING)),
            '("日本é", 1)\n          ^\nexpected string, e.g. "text", found \'1\'',
        ),
        (
            '("e\u0301", 1)',
            Tuple((STRING, STRING)),
            '("e\u0301", 1)\n      ^\nexpected string, e.g. "text", found \'1\'',
        ),
        ("\x1b[31m", U8, "\ufffd[31m\n^\nexpected u8 (0 to 255), found '\\u{1b}'"),
    ],
)
def test_the_caret_stands_under_the_place(text: str, type_: Type, rendered: str) -> None:
    assert _error(text, type_).render() == rendered


@pytest.mark.parametrize("place", [0, 1, 30, 49, 50, 51, 150, 249, 299])
def test_long_lines_are_cut_around_the_place(place: int) -> None:
    text = "1, " * place + "!, " + "1, " * (299 - place)
    line, caret, message = _error(f"[{text}]", List(U8)).render(60).split("\n")
    assert len(line) <= 62
    assert line[caret.index("^")] == "!"
    assert message == "expected u8 (0 to 255), found '!'"


def test_errors_of_printing_have_a_path_and_no_text() -> None:
    with pytest.raises(WaveError) as raised:
        wave.dumps([(1, 2), (3, 70000)], List(Tuple((U16, U16))))
    error = raised.value
    assert error.path == "[1][1]"
    assert str(error) == error.render() == "[1][1]: expected u16 (0 to 65535), got 70000"
    assert (error.text, error.position, error.line, error.column) == ("", 0, 1, 1)


def test_errors_survive_pickling() -> None:
    for error in (_error("[1,", List(U8)), WaveError("m").inside("[1]").inside(".a").inside(".b")):
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error)
        assert vars(again) == vars(error)
    assert error.path == "b.a[1]"


def test_it_is_a_value_error() -> None:
    assert issubclass(WaveError, ValueError)
    assert wave.WaveError is WaveError
