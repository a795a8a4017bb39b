"""The words that the reader and the printers share: keywords, quoting, and phrases for messages."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from wasinet.wit.types import Enum, Flags, Primitive, Type, Variant

__all__ = [
    "KEYWORDS",
    "MAX_DEPTH",
    "cells",
    "char_text",
    "cut",
    "describe",
    "display",
    "escape_case",
    "printable",
    "show",
    "string_text",
]

KEYWORDS = frozenset(("true", "false", "inf", "nan", "some", "none", "ok", "err"))
"""The reserved words: a case of the same name is written with ``%``."""

MAX_DEPTH = 100
"""How deep values may nest."""

_LONGEST = 60
_EXAMPLES = {
    "bool": "bool (true or false)",
    "char": "char, e.g. 'x'",
    "string": 'string, e.g. "text"',
    "f32": "f32, e.g. 1.5",
    "f64": "f64, e.g. 1.5",
}


class _Escapes(dict[int, str]):
    """Code point to text, for ``str.translate``."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if not char.isprintable():
            if 0xD800 <= code <= 0xDFFF:
                raise ValueError("a lone surrogate")
            char = f"\\u{{{code:x}}}"
        if code < 0x250:  # Keeps the memory small, whatever is printed.
            self[code] = char
        return char


_COMMON = {ord("\t"): "\\t", ord("\n"): "\\n", ord("\r"): "\\r", ord("\\"): "\\\\"}
_IN_STRING = _Escapes({**_COMMON, ord('"'): '\\"'})
_IN_CHAR = _Escapes({**_COMMON, ord("'"): "\\'"})


def string_text(value: str) -> str:
    """The string in quotes, escaped where it must be; ValueError for a lone surrogate."""
    return f'"{value.translate(_IN_STRING)}"'


def char_text(value: str) -> str:
    """The character in quotes, escaped where it must be; ValueError for a lone surrogate."""
    return f"'{value.translate(_IN_CHAR)}'"


def escape_case(name: str) -> str:
    """The name of a case as a value writes it: a keyword gets a ``%``."""
    return f"%{name}" if name in KEYWORDS else name


def printable(text: str) -> str:
    """The text in one line, whatever it holds: escapes as in Python stand for what a terminal could act upon.

    Those are control characters, line ends, marks of writing direction and others that take no room, lone
    surrogates, and code points without a character.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def cells(text: str) -> int:
    """The columns of a terminal that a printable text takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return len(text) + sum(_cells(char) - 1 for char in _unusual().findall(text))


@cache
def _unusual() -> re.Pattern[str]:
    """What may take another room than one column: Latin, arrows, dashes and the lines of tables do not."""
    return re.compile("[^\x20-\u02ff\u2010-\u2026\u2190-\u21ff\u2500-\u257f]")


@lru_cache(1000)
def _cells(char: str) -> int:
    from unicodedata import category, east_asian_width

    # The vowels and final consonants of Hangul join the syllable before them.
    if category(char)[0] == "M" or "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff":
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """The text's beginning that fits in so many columns."""
    if text.isascii():
        return text[: max(columns, 0)]
    used = 0
    for index, char in enumerate(text):
        used += _cells(char)
        if used > columns:
            return text[:index]
    return text


def display(text: str) -> str:
    """A piece of a text, quoted for a message, without anything that disturbs a terminal."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "..."
    return "'" + "".join(char if char.isprintable() else f"\\u{{{ord(char):x}}}" for char in text) + "'"


def show(value: object) -> str:
    """A Python value for a message: briefly, and whatever it is."""
    if value is None or value is True or value is False:
        return str(value)
    if isinstance(value, str):
        return f"the str {display(value)}"
    if isinstance(value, int):
        # Python refuses to write integers of many thousand digits.
        return str(int(value)) if value.bit_length() <= 128 else "an int of more than 128 bits"
    if isinstance(value, float):
        return f"the float {float(value)!r}"
    return f"a value of the Python type {type(value).__name__}"


def describe(type_: Type) -> str:
    """The type for a message: ``u16 (0 to 65535)``, ``hand (left or right)``."""
    if isinstance(type_, Primitive):
        if type_.is_integer:
            return f"{type_.name} ({type_.minimum} to {type_.maximum})"
        return _EXAMPLES[type_.name]
    if isinstance(type_, Enum):
        return f"{type_.name} ({_choice([escape_case(case) for case in type_.cases])})"
    if isinstance(type_, Variant):
        names = [escape_case(name) + ("" if payload is None else "(...)") for name, payload in type_.cases]
        return f"{type_.name} ({_choice(names)})"
    if isinstance(type_, Flags):
        return f"{type_.name}, e.g. {{{', '.join(type_.flags[:2])}}}"
    try:
        text = str(type_)
    except RecursionError:
        return f"{type(type_).__name__.lower()} of a deeply nested type"
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _choice(names: list[str]) -> str:
    if len(names) > 6:
        return ", ".join(names[:5]) + ", ..."
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "no cases"
