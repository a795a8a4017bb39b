"""Files that are read whole, within limits, and texts that parsers of the standard library choke on."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wasinet.oscalls.documents import DocumentError, lines_of, parse_json, parse_toml, read_stream, read_whole

_DEEP = "nested more than 250 deep"
_WIDE = "an integer that does not fit into 64 bits"


def test_what_fits_is_read_and_what_is_larger_is_not(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    assert read_whole(path, 100) == read_stream(io.BytesIO(b"x" * 100), 100) == b"x" * 100
    reads: list[Callable[[], bytes]] = [lambda: read_whole(path, 99), lambda: read_stream(io.BytesIO(b"x" * 100), 99)]
    for read in reads:
        with pytest.raises(OSError, match="larger than 0 MiB, the most that is read") as caught:
            read()
        assert caught.value.errno == errno.EFBIG


def test_devices_and_pipes_that_never_end(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="larger than 1 MiB"):
        read_whole("/dev/zero", 1 << 20)
    with open("/dev/zero", "rb") as zero, pytest.raises(OSError, match="a line is longer than 1 MiB"):
        list(lines_of(zero, 1 << 20, 1 << 30))
    blank = io.BytesIO(b"\n" * 1000)
    with pytest.raises(OSError, match="larger than 0 MiB"):
        list(lines_of(blank, 10, 500))
    assert list(lines_of(io.BytesIO(b"a\nbc"), 2, 4)) == [b"a\n", b"bc"]


def test_memory_that_runs_out_is_an_error_of_reading() -> None:
    class Full(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise MemoryError

        def readline(self, size: int | None = -1, /) -> bytes:
            raise MemoryError

    calls: tuple[Callable[[Any], Any], ...] = (
        lambda file: read_stream(file, 9),
        lambda file: list(lines_of(file, 9, 9)),
    )
    for read in calls:
        with pytest.raises(OSError, match=os.strerror(errno.ENOMEM)):
            read(Full())


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_names_that_no_file_has(name: str) -> None:
    with pytest.raises(OSError, match=r"null byte|surrogates"):
        read_whole(name, 1)


@pytest.mark.parametrize(
    ("raw", "line", "message"),
    [
        (b"a = 1\nb = \xff\n", 2, "not UTF-8: invalid start byte"),
        (b"a = 1\nb = [1\n", 2, "not TOML: Unclosed array"),
        (b"a = 1\nb\nc = 2", 2, "not TOML: Expected '=' after a key in a key/value pair"),
        (b"a = " + b"[" * 100_000, 0, _DEEP),
        (b"a = " + b"[" * 900 + b"]" * 900, 0, _DEEP),
        (b"a = " + b"[" * 300 + b"]" * 300, 0, _DEEP),
        (b"a = " + b"{a=" * 400, 0, _DEEP),
        (b".".join([b"a"] * 100_000) + b" = 1", 0, _DEEP),
        (b"[" + b" . ".join([b'"a"'] * 100_000) + b"]", 0, _DEEP),
        (b"a = " + b"9" * 5000, 0, _WIDE),
        (b"a = 0x" + b"f" * 5000, 0, _WIDE),
        (b"a = [-9223372036854775809]", 0, _WIDE),
    ],
    ids=range(12),
)
def test_toml_that_is_refused(raw: bytes, line: int, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_toml(raw)
    assert (caught.value.line, str(caught.value)) == (line, message)


def test_toml_that_is_right() -> None:
    raw = b"a = " + b"[" * 200 + b"]" * 200 + b"\nb = [" + b"'1.2.3.4:5', " * 500 + b"]\nc = 18446744073709551615"
    assert len(parse_toml(raw)["b"]) == 500


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes"),
        ("NaN", "not JSON: NaN"),
        ("[-Infinity]", "not JSON: -Infinity"),
        ("[1e999]", "a number beyond 1.8e308"),
        ("9" * 5000, _WIDE),
        ("[18446744073709551616]", _WIDE),
        ("[" * 200_000, _DEEP),
        ("[" * 300 + "]" * 300, _DEEP),
        ('{"a":' * 300 + "1" + "}" * 300, _DEEP),
    ],
    ids=range(9),
)
def test_json_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_json(text)
    assert str(caught.value) == message


def test_json_that_is_right() -> None:
    assert parse_json('{"a": [1.5, -0, 18446744073709551615, null, "\\ud800"]}')["a"][2] == 2**64 - 1
    assert len(parse_json(f"[{'[],' * 400}[]]")) == 401
