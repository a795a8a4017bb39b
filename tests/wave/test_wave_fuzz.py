"""No text makes the reader raise anything but its own error."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import THOROUGH
from tests.wave.wave_strategies import PRIMITIVES, same, typed_values, types
from wasinet import wave
from wasinet.wit.types import (
    CHAR,
    F32,
    STRING,
    U8,
    U16,
    Alias,
    Borrow,
    Enum,
    Flags,
    List,
    Option,
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
)
from wasinet.wit.values import Value

POINT = Record("point", (("x", U8), ("y", Option(U8)), ("name", STRING)))
CHOICE = Variant("choice", (("none", None), ("ok", U8), ("point", POINT), ("many", List(POINT))))
TYPES: tuple[Type, ...] = (
    *PRIMITIVES,
    POINT,
    CHOICE,
    List(U8),
    List(List(STRING)),
    Option(Option(Result(U8, STRING))),
    Result(),
    Result(CHOICE, Enum("code", ("would-block", "none"))),
    Tuple((U16, F32, CHOICE)),
    Flags("how", ("read", "write", "ok")),
    Alias("duration", Alias("time", U16)),
    Borrow(Resource("tcp-socket")),
)
TOKENS = (
    *"{}()[],:%'\"\\-.0129eE \t\r\n/#ab",
    *("//", '"""', "\\u{", "}", "\\u{d800}", "\ud800", "é", "\0", "x:", "y: ", "name:", "{:}", "point(", "many(["),
    *(
        "some(",
        "none",
        "ok(",
        "err(",
        "ok",
        "true",
        "nan",
        "-inf",
        "1e999",
        "9" * 30,
        "read, ",
        '"a"',
        "'a'",
        "would-block",
    ),
)
SEEDS: tuple[tuple[str, Type], ...] = (
    ('{x: 1, y: some(2), name: "a\\n\\u{2603}"}', POINT),
    ('point({x: 1, name: """\n  two\n  lines\n  """, })', CHOICE),
    ('many([{name: "", x: 0}, {x: 255, y: none, name: "\'"}])', CHOICE),
    ("some(some(ok(1)))", Option(Option(Result(U8, STRING)))),
    ("ok(%ok(3))", Result(CHOICE)),
    ("err(would-block)", Result(None, Enum("code", ("would-block", "none")))),
    ("(65535, -1.5e+3, %none) // done", Tuple((U16, F32, CHOICE))),
    ("{ read, %write, }", Flags("how", ("read", "write", "ok"))),
    ("[1, 2, 3,]", List(U8)),
    ('[["a"], [], ["b", "c"]]', List(List(STRING))),
    ("('x', '\\'', '\\u{10ffff}')", Tuple((CHAR, CHAR, CHAR))),
)


def _check(text: str, type_: Type) -> bool:
    """Read it: what was read prints and reads back equal, an error lies within the text. Gives whether it was read."""
    error = None
    value: Value = None
    try:
        value = wave.loads(text, type_)
    except wave.WaveError as raised:
        error = raised
    if error is None:
        assert same(wave.loads(wave.dumps(value, type_), type_), value)
        return True
    assert 0 <= error.position <= len(text)
    assert error.line >= 1
    assert error.column >= 1
    assert error.message
    # Nothing that a terminal or a UTF-8 stream could not take.
    assert error.render().replace("\n", "").replace("\t", "").isprintable()
    return False


def _mutate(random: Random, text: str) -> str:
    for _ in range(random.randint(1, 3)):
        start = random.randint(0, len(text))
        end = min(len(text), start + random.choice((0, 0, 1, 1, 2, 8)))
        text = text[:start] + random.choice((random.choice(TOKENS), "", text[start:end] * 2)) + text[end:]
    return text


def _random(random: Random) -> tuple[str, Type]:
    kind = random.random()
    if kind < 0.6:
        text, type_ = random.choice(SEEDS)
        return _mutate(random, text), type_ if kind < 0.5 else random.choice(TYPES)
    if kind < 0.8:
        return "".join(random.choices(TOKENS, k=random.randint(0, 20))), random.choice(TYPES)
    limit = 0x110000 if random.random() < 0.1 else 0x100
    return "".join(chr(random.randrange(limit)) for _ in range(random.randint(0, 20))), random.choice(TYPES)


def _run(seed: int, count: int) -> None:
    random = Random(seed)
    read = sum(_check(*_random(random)) for _ in range(count))
    # Both ways out must have been taken often, or the texts test nothing.
    assert count // 20 < read < count // 2


def test_random_texts() -> None:
    _run(1, 100_000 if THOROUGH else 10_000)


@given(types(), st.text())
def test_any_text_for_any_type(type_: Type, text: str) -> None:
    _check(text, type_)


@given(typed_values(), st.randoms(use_true_random=False))
def test_mutations_of_valid_texts(pair: tuple[Type, Value], random: Random) -> None:
    type_, value = pair
    _check(_mutate(random, wave.dumps(value, type_)), type_)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        "(" * 100_000,
        "{x:" * 50_000,
        "some(" * 50_000,
        "ok(" * 50_000,
        "-" * 100_000,
        "9" * 100_000,
        "-" + "9" * 100_000,
        "0." + "9" * 100_000,
        "1e" + "9" * 100_000,
        "1e-" + "9" * 100_000,
        "%" * 100_000,
        "a-" * 50_000,
        "a-1" * 50_000,
        "1-1" * 50_000,
        "a-1-" * 50_000 + "_",
        "//" * 50_000,
        " \n" * 50_000,
        " //\n" * 30_000 + "%",
        '"' + "\\u{1}" * 30_000,
        '"""\n' + " \n" * 50_000,
        "'" * 100_000,
        "\ud800",
        "'\ud800'",
        '"a\udfffb"',
        '"""\n\ud800\n"""',
        "\0",
    ],
    ids=lambda text: repr(text[:8]),
)
def test_extreme_texts(text: str) -> None:
    for type_ in TYPES:
        _check(text, type_)
