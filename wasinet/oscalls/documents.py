"""Files that are read whole: within a limit, and as TOML or JSON with one kind of error.

Whatever is named on a command line may be a device or a pipe that never ends, and whatever is in it may be
nested as deeply, and hold numbers as long, as somebody liked. The parsers of the standard library answer that
with half a dozen kinds of exceptions, or with infinities; these functions answer with ``DocumentError``.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

from wasinet.oscalls.interruption import interruptible

if TYPE_CHECKING:
    from json import JSONDecoder

__all__ = ["DocumentError", "lines_of", "parse_json", "parse_toml", "read_stream", "read_whole"]

_PIECE = 1 << 20
# Values of the call language nest up to 100 deep, and each level may take two of JSON.
_DEEPEST = 250
_DEEP = f"nested more than {_DEEPEST} deep"
_INTEGERS = range(-(1 << 63), 1 << 64)
_DOTTED = re.compile(rb"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){%d}""" % _DEEPEST)
_WIDE = "an integer that does not fit into 64 bits"


class DocumentError(ValueError):
    """What is wrong with a text, in one line; ``line`` is where, from 1, and 0 where that is not known."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def read_whole(path: str | os.PathLike[str], limit: int) -> bytes:
    """All bytes of a file, a pipe or a device.

    Args:
        path: its name.
        limit: the most bytes that are read.

    Raises:
        OSError: it cannot be read, or is larger.
    """
    try:
        # A FIFO that nobody writes to keeps open(2) waiting.
        with interruptible():
            file = open(path, "rb", buffering=0)  # noqa: SIM115
    except ValueError as error:
        # A name with a NUL, or with half of a surrogate pair.
        raise OSError(errno.EINVAL, str(error), os.fspath(path)) from None
    with file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise _too_large(limit)
        return read_stream(file, limit)


def read_stream(file: BinaryIO, limit: int) -> bytes:
    """The same of a stream that is open already."""
    pieces: list[bytes] = []
    left = limit + 1
    try:
        with interruptible():
            while left > 0 and (piece := file.read(min(_PIECE, left))):
                pieces.append(piece)
                left -= len(piece)
        if left <= 0:
            raise _too_large(limit)
        return b"".join(pieces)
    except MemoryError:
        raise _no_memory() from None


def lines_of(file: BinaryIO, longest: int, limit: int) -> Iterator[bytes]:
    """The lines of a stream, one after the other.

    Args:
        file: what is read.
        longest: the most bytes of a line.
        limit: the most bytes of all.

    Raises:
        OSError: it cannot be read, or is larger.
    """
    left = limit
    try:
        while True:
            with interruptible():
                line = file.readline(longest + 1)
            if not line:
                return
            left -= len(line)
            if len(line) > longest:
                raise OSError(errno.EFBIG, f"a line is longer than {_mebibytes(longest)}")
            if left < 0:
                raise _too_large(limit)
            yield line
    except MemoryError:
        raise _no_memory() from None


def _too_large(limit: int) -> OSError:
    return OSError(errno.EFBIG, f"larger than {_mebibytes(limit)}, the most that is read")


def _no_memory() -> OSError:
    return OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def _mebibytes(count: int) -> str:
    return f"{count >> 20} MiB" if count < 1 << 30 else f"{count >> 30} GiB"


def parse_toml(raw: bytes) -> dict[str, Any]:
    """A TOML document.

    Raises:
        DocumentError: it is none, or beyond what TOML 1.0 demands of its readers: 64 bits, some depth.
    """
    import tomllib

    if _DOTTED.search(raw):
        # The time that tomllib takes for these grows with the square of their number.
        raise DocumentError(_DEEP)
    try:
        tree = tomllib.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise DocumentError(f"not UTF-8: {error.reason}", raw.count(b"\n", 0, error.start) + 1) from None
    except tomllib.TOMLDecodeError as error:
        message, line = str(error), 0
        match = re.search(r" \((?:at line (\d+), column \d+|at end of document)\)$", message)
        if match is not None:
            message = message[: match.start()]
            line = int(match[1]) if match[1] else raw.count(b"\n") + (not raw.endswith(b"\n"))
        raise DocumentError(f"not TOML: {message}", line) from None
    except RecursionError:
        raise DocumentError(_DEEP) from None
    except ValueError:
        # Python's limit of digits; whatever else tomllib refuses is a TOMLDecodeError.
        raise DocumentError(_WIDE) from None
    _check(tree)
    return tree


def parse_json(text: str) -> Any:
    """A JSON value, without what only Python's reader takes: NaN, infinities, integers above 64 bits.

    Raises:
        DocumentError: it is none, or nested too deeply.
    """
    from json import JSONDecodeError

    try:
        value = _json().decode(text)
    except JSONDecodeError as error:
        raise DocumentError(f"not JSON: {error.msg}", error.lineno) from None
    except RecursionError:
        raise DocumentError(_DEEP) from None
    if text.count("[") + text.count("{") > _DEEPEST:
        _check(value)
    return value


@cache
def _json() -> JSONDecoder:
    from json import JSONDecoder

    return JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _integer(text: str) -> int:
    if len(text) > 20 or int(text) not in _INTEGERS:
        raise DocumentError(_WIDE)
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise DocumentError("a number beyond 1.8e308")
    return value


def _constant(text: str) -> float:
    raise DocumentError(f"not JSON: {text}")


def _check(value: Any) -> None:
    """Refuse what is nested so deeply that walking it recursively would fail, and integers that TOML has not."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise DocumentError(_DEEP)
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below += one.values()
            elif isinstance(one, list):
                below += one
            elif isinstance(one, int) and one not in _INTEGERS:
                raise DocumentError(_WIDE)
        level = below
