"""Files that somebody made wrong: seeds with random changes, the same ones for the same seed number."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["mutated"]

# Where parsers of many kinds go wrong: depth, length, ranges, kinds of text, and marks of all our formats.
_TOKENS = [
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r\n", b"\x1b[2J", b"\xe2\x80\xae", b"\xc2\x9b", b"\\ud800",
    b"1e999", b"-1e300", b"NaN", b"Infinity", b"-0", b"0x" + b"f" * 40, b"9" * 30, b"9" * 5000, b"1e400", b"-1",
    b"true", b"null", b'""', b"[]", b"{}", b"[[]]", b'{"handle": 1, "type": "x"}', b'{"base64": 5}', b"inf", b"nan",
    b"[" * 400, b"[" * 3000, b'{"a":' * 600, b"(" * 2000, b"(component " * 700, b"a." * 400, b"some(" * 500, b'"',
    b"'", b'"""', b"'''", b"\\", b"\\u{110000}", b"\\u{", b"#", b"//", b"|", b"...", b"_", b"> ", b"< ", b"%world ",
    b"%network ", b"%timeout ", b"%host ", b"!retry ", b"trap", b"= [", b"[[deviation]]\n", b"1979-05-27T07:32:00Z",
    b"25:61:00", b"=", b"*", b":", b"/129", b"::ffff:", b"[::1%lo]", b"deny:", b"2147483648", b"18446744073709551616",
    b"%", b"@", b"\x80" * 9,
]  # fmt: skip

_VALUES: list[Any] = [
    None, True, False, 0, -1, 2**31, 2**63, 2**64, 10**400, 1.5, -1e300, 1e300, float("inf"), float("nan"), "", "x",
    "\x1b[2J", "\r\n", "\u202e", "\ud800", "again", "interrupted", [], [[]], [1], {},
    {"handle": 3, "type": "pollable"}, {"handle": True, "type": 5}, {"handle": 1.5, "type": []}, {"base64": "AAAA"},
    {"base64": 5}, {"base64": "é"}, {"ok": 5}, {"err": {"x": 1}}, {"err": []}, {"trap": 5}, {"interrupted": True},
    {"ok": -5}, {"ok": 1e300}, {"value": {"ok": 1}},
]  # fmt: skip


def mutated(seeds: Sequence[bytes], count: int, seed: int = 0) -> Iterator[bytes]:
    """So many files, each one of the seeds with one to four changes.

    Args:
        seeds: files that are right. Those that consist of JSON objects, a line each, get other values, too.
        count: how many.
        seed: of the random numbers.
    """
    rng = random.Random(seed)
    for _ in range(count):
        data = rng.choice(seeds)
        for _ in range(rng.choice((1, 1, 2, 4))):
            data = _values(data, rng) if data[:1] == b"{" and rng.random() < 0.6 else _bytes(data, rng)
        yield data


def _bytes(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    end = min(at + rng.choice((0, 1, 1, 2, 8, 40)), len(data))
    match rng.randrange(6):
        case 0 | 1:
            return data[:at] + rng.choice(_TOKENS) + data[end:]
        case 2:
            return data[:at] + bytes(rng.randrange(256) for _ in range(end - at)) + data[end:]
        case 3:
            return data[:at] + data[end:]
        case 4:
            return data[:end] + data[at:end] * rng.choice((1, 1, 3, 50)) + data[end:]
        case _:
            return data[:at]


def _values(data: bytes, rng: random.Random) -> bytes:
    """Another value, or another key, somewhere in one of the lines."""
    lines = data.split(b"\n")
    number = rng.randrange(len(lines))
    try:
        value = json.loads(lines[number])
    except (ValueError, RecursionError):
        return _bytes(data, rng)
    places: list[tuple[Any, Any]] = []
    stack = [value]
    while stack:
        one = stack.pop()
        inner = list(one.items()) if isinstance(one, dict) else list(enumerate(one)) if isinstance(one, list) else []
        places += ((one, key) for key, _ in inner)
        stack += (below for _, below in inner)
    if not places:
        return _bytes(data, rng)
    where, key = rng.choice(places)
    if isinstance(where, dict) and rng.random() < 0.2:
        where[rng.choice(("x", "", "\x1b[1m", "datagrams", "len", "handle"))] = where.pop(key)
    else:
        where[key] = rng.choice(_VALUES)
    try:
        lines[number] = json.dumps(value).encode()
    except (ValueError, RecursionError):
        # 10**400 has fewer digits than Python's limit; a cycle cannot come about.
        return _bytes(data, rng)
    return b"\n".join(lines)
