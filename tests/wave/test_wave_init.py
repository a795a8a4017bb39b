"""The package: what it exports, and what importing it costs."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest

from wasinet import wave


def test_all_names_are_there() -> None:
    for name in wave.__all__:
        assert getattr(wave, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        wave.nonsense  # noqa: B018


def test_printing_imports_neither_the_reader_nor_the_human_printer() -> None:
    program = (
        "import sys; from wasinet import wave; from wasinet.wit.types import U8; wave.dumps(1, U8)\n"
        "print(*(name for name in sys.modules if name.startswith('wasinet.wave.')), *('decimal' in sys.modules,"
        " 'ipaddress' in sys.modules, 'difflib' in sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert out[-3:] == ["False"] * 3
    assert sorted(out[:-3]) == [f"wasinet.wave.{name}" for name in ("errors", "floats", "printer", "text")]


def test_the_examples_of_the_documentation_hold() -> None:
    failed, attempted = doctest.testmod(wave)
    assert attempted >= 5
    assert failed == 0
