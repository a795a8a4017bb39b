"""WAVE, the WebAssembly Value Encoding: values of component types as text, and back.

>>> from wasinet import wave
>>> from wasinet.wit.types import U8, Option, Record
>>> point = Record("point", (("x", U8), ("y", Option(U8))))
>>> wave.loads("{x: 1, y: 2}", point)
{'x': 1, 'y': Some(2)}
>>> wave.dumps({"x": 1, "y": None}, point)
'{x: 1}'

The declared type decides how a text is read; ``wasinet.wit.types`` has the types and
``wasinet.wit.values`` says which Python value each of them has.

| type            | text                                                                             |
|-----------------|----------------------------------------------------------------------------------|
| bool            | ``true``, ``false``                                                              |
| integers        | ``123``, ``-9``: decimal, checked against the range of the type                  |
| f32, f64        | ``3.14``, ``6e23``, ``nan``, ``inf``, ``-inf``                                   |
| char            | ``'x'``, ``'\\n'``, ``'\\u{2603}'``                                                |
| string          | ``"text"``, or lines between triple quotes, indented as the closing quotes are   |
| list            | ``[1, 2]``; ``list<u8>`` too                                                     |
| tuple           | ``(1, "a")``                                                                     |
| record          | ``{port: 80, address: (127, 0, 0, 1)}``: any order, ``none`` fields may be left  |
|                 | out, ``{:}`` when all of them are                                                |
| variant, enum   | ``forever``, ``days(30)``; ``%ok`` for a case that is called like a keyword      |
| option          | ``none``, ``some(1)``; plain ``1`` unless the payload is an option or a result   |
| result          | ``ok``, ``ok(1)``, ``err``, ``err("x")``; plain ``1`` as for options             |
| flags           | ``{read, write}``, ``{}``                                                        |
| handles         | have no WAVE form: written ``#3`` for people, and never read                     |

A comma may follow the last item, blanks may stand between all tokens, and ``//`` starts a comment.
The keywords are ``true false inf nan some none ok err``.

``loads`` and ``dumps`` do whole texts. ``Reader`` reads values within a larger text, and ``Reader`` and
``Printer`` have a method for each kind of type, so that a subclass can add or change forms;
``HumanPrinter`` is such a subclass. ``WaveError`` is the only exception that texts and values cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasinet.wave.errors import WaveError
from wasinet.wave.printer import Printer, dumps
from wasinet.wave.text import KEYWORDS

if TYPE_CHECKING:
    from wasinet.wave.human import HumanPrinter
    from wasinet.wave.lexer import Lexer
    from wasinet.wave.reader import Reader, loads

__all__ = ["KEYWORDS", "HumanPrinter", "Lexer", "Printer", "Reader", "WaveError", "dumps", "loads"]

_LAZY = {"HumanPrinter": "human", "Lexer": "lexer", "Reader": "reader", "loads": "reader"}


def __getattr__(name: str) -> object:
    # Who only prints does not pay for the reader.
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value
