"""Every value of every type prints and reads back equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wave.wave_strategies import characters, floats32, labels, same, typed_values
from wasinet import wave
from wasinet.wave.floats import f32_text, read_f32
from wasinet.wit.types import (
    BOOL,
    F32,
    STRING,
    U8,
    Alias,
    Enum,
    Flags,
    List,
    Option,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
)
from wasinet.wit.values import OK, Case, Err, Ok, Some, Value

NONE_CASE = Enum("e", ("none", "some", "ok", "err"))
ALL_OPTIONAL = Record("r", (("a", Option(U8)), ("b", Option(Option(U8)))))


@given(typed_values())
def test_every_value_reads_back_equal(pair: tuple[Type, Value]) -> None:
    type_, value = pair
    text = wave.dumps(value, type_)
    assert same(wave.loads(text, type_), value), text
    assert wave.dumps(wave.loads(text, type_), type_) == text


@given(typed_values(), st.sampled_from(["", " ", "\n\t", "// (\n", " \r\n // { \" '\n"]))
def test_blanks_and_comments_around_a_value_change_nothing(pair: tuple[Type, Value], blanks: str) -> None:
    type_, value = pair
    text = wave.dumps(value, type_)
    assert same(wave.loads(blanks + text + blanks, type_), value)
    reader = wave.Reader(f"(({blanks}{text}, {text}", 2)
    assert same(reader.read(type_), value)
    assert reader.text[reader.position :] == f", {text}"


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        (Some(None), Option(Option(U8)), "some(none)"),
        (Some(Some(1)), Option(Option(U8)), "some(some(1))"),
        (Ok(None), Result(Option(U8)), "ok(none)"),
        (Ok(Err(None)), Result(Result()), "ok(err)"),
        (Some(OK), Option(Result()), "some(ok)"),
        (Some("none"), Option(NONE_CASE), "some(%none)"),
        (None, Option(NONE_CASE), "none"),
        (Err("ok"), Result(NONE_CASE, NONE_CASE), "err(%ok)"),
        (Case("ok", Ok(1)), Variant("v", (("ok", Result(U8)), ("nan", None))), "%ok(ok(1))"),
        (Case("nan"), Variant("v", (("ok", Result(U8)), ("nan", None))), "%nan"),
        (Case("a", None), Variant("v", (("a", Option(U8)),)), "a(none)"),
        ({"a": None, "b": None}, ALL_OPTIONAL, "{:}"),
        ({"a": None, "b": Some(None)}, ALL_OPTIONAL, "{b: some(none)}"),
        ({"true": True}, Record("r", (("true", BOOL),)), "{true: true}"),
        ({}, Record("r", ()), "{:}"),
        ((), Tuple(()), "()"),
        (frozenset(), Flags("f", ("ok",)), "{}"),
        (frozenset(), Flags("f", ()), "{}"),
        (frozenset({"b", "ok"}), Flags("f", ("ok", "a", "b")), "{ok, b}"),
        (b"\x00\xff", List(U8), "[0, 255]"),
        (b"ab", List(Alias("byte", U8)), "[97, 98]"),
        ([b"", b"a"], List(List(U8)), "[[], [97]]"),
        ("\0\x1b\u200b\u2028\u00e9\U0001f30a\"'\\\t", STRING, '"\\u{0}\\u{1b}\\u{200b}\\u{2028}é🌊\\"\'\\\\\\t"'),
    ],
)
def test_ambiguities(value: Value, type_: Type, text: str) -> None:
    assert wave.dumps(value, type_) == text
    assert same(wave.loads(text, type_), value)


@given(floats32)
def test_f32_prints_digits_that_read_back_and_none_too_many(value: float) -> None:
    text = wave.dumps(value, F32)
    assert same(wave.loads(text, F32), value)
    digits = text.partition("e")[0].replace(".", "").strip("-0")
    if digits.isdigit():
        assert len(digits) <= 9


def test_f32_is_shortest_at_powers_of_two() -> None:
    for value in (2.0**exponent for exponent in range(-149, 128)):
        digits = len(f32_text(value).partition("e")[0].replace(".", "").strip("0"))
        for precision in range(digits - 1):
            mantissa, _, power = f"{value:.{precision}e}".replace(".", "").partition("e")
            for step in (-1, 0, 1):
                assert read_f32(f"{int(mantissa) + step}e{int(power) - precision}") != value


@given(labels, characters)
def test_names_and_characters_in_all_places(label: str, char: str) -> None:
    type_ = Record(
        label, ((label, Enum("e", (label,))), ("x1", Variant("v", ((label, STRING),))), ("x2", Flags("f", (label,))))
    )
    if len({name for name, _ in type_.fields}) == 3:
        value = {label: label, "x1": Case(label, char * 3), "x2": frozenset({label})}
        assert same(wave.loads(wave.dumps(value, type_), type_), value)
