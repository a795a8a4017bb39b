"""The reader as others use it: within larger texts, for arguments, for prompts, and extended by a subclass."""

from __future__ import annotations

import inspect
import sys

import pytest

from wasinet import wave
from wasinet.wave.reader import Reader
from wasinet.wit.types import (
    CHAR,
    STRING,
    U8,
    U16,
    U64,
    Alias,
    Borrow,
    Enum,
    List,
    Option,
    Own,
    Record,
    Resource,
    Tuple,
    Type,
    Variant,
)
from wasinet.wit.values import Case, Some, Value

CODE = Enum("code", ("would-block", "access-denied", "none"))
SHAPE = Variant("shape", (("empty", None), ("circle", U8)))
EXAMPLE = Record("example", (("must-have", U8), ("optional", Option(U8))))
SOCKET = Resource("tcp-socket")


@pytest.mark.parametrize(
    ("text", "type_", "incomplete"),
    [
        ("[1, ", List(U8), True),
        ("[1", List(U8), True),
        ("{must-have:", EXAMPLE, True),
        ('"""\nab', STRING, True),
        ("", U8, True),
        ("some(", Option(U8), True),
        ('"abc', STRING, False),
        ("'a", CHAR, False),
        ("[1)", List(U8), False),
        ("256", U8, False),
    ],
)
def test_incomplete_texts_are_told_apart(text: str, type_: Type, incomplete: bool) -> None:
    with pytest.raises(wave.WaveError) as raised:
        wave.loads(text, type_)
    assert raised.value.incomplete is incomplete


def test_expected_is_kept_for_completion() -> None:
    with pytest.raises(wave.WaveError) as raised:
        wave.loads("x", CODE)
    assert raised.value.expected == "code (would-block, access-denied or %none)"


def test_reading_within_a_larger_text() -> None:
    reader = Reader("s.send([1, 2], some(3)) ; next", 7)
    assert reader.read(List(U8)) == b"\1\2"
    assert reader.text[reader.position :] == ", some(3)) ; next"
    assert reader.accept(",")
    assert reader.read(Option(U8)) == Some(3)
    assert not reader.accept(",")
    reader.require(")")
    assert reader.text[reader.position :] == " ; next"
    assert reader.accept(";")
    assert reader.peek_word() == "next"
    assert reader.label("a call") == "next"
    reader.finish()


def test_a_case_without_payload_does_not_eat_what_follows() -> None:
    reader = Reader("(empty \n , 1)", 1)
    assert reader.read(SHAPE) == Case("empty")
    assert reader.position == 6


PARAMS = (("a", U8), ("b", Option(U8)), ("c", Option(STRING)))


@pytest.mark.parametrize("text", ["(1)", "(1,)", "( 1, none )", "(1, none, none,)"])
def test_arguments_may_leave_out_none_at_the_end(text: str) -> None:
    reader = Reader(text)
    assert reader.read_arguments(PARAMS) == [1, None, None]
    reader.finish()


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("()", 1, "expected the argument a, u8 (0 to 255), found ')'"),
        ("(1, 2, none, 4)", 13, "expected ')' after 3 arguments, found '4'"),
        ("(1", 2, "expected ',' or ')', found the end"),
        ("1", 0, "expected '(', found '1'"),
    ],
)
def test_arguments_rejected(text: str, position: int, message: str) -> None:
    with pytest.raises(wave.WaveError) as raised:
        Reader(text).read_arguments(PARAMS)
    assert (raised.value.position, raised.value.message) == (position, message)


def test_no_arguments() -> None:
    assert Reader(" ( ) ").read_arguments(()) == []


class _Calls(Reader):
    """What a language on top may add: handles, durations, byte strings, sentinels, other comments."""

    ANY = object()

    def read(self, type_: Type) -> Value:
        if self.accept("_"):
            return self.ANY
        return super().read(type_)

    def read_handle(self, type_: Own | Borrow | Resource) -> int:
        self.require("#", self.describe(type_))
        return int(self.number("a handle"))

    def read_alias(self, type_: Alias) -> Value:
        if type_.name == "duration" and self.text.startswith("5s", self.position):
            self.position += 2
            return 5_000_000_000
        return super().read_alias(type_)

    def read_bytes(self, type_: List) -> bytes:
        if self.text.startswith('"', self.position):
            return self.string("bytes", self._byte).encode(errors="surrogateescape")
        return super().read_bytes(type_)

    def _byte(self) -> str:
        if not self.text.startswith("\\x", self.position):
            return self.escape()
        self.position += 4
        return bytes([int(self.text[self.position - 2 : self.position], 16)]).decode(errors="surrogateescape")

    def describe(self, type_: Type) -> str:
        return "a variable or #3" if isinstance(type_, Own | Borrow | Resource) else super().describe(type_)


def test_a_subclass_adds_forms() -> None:
    duration = Alias("duration", U64)
    type_ = Tuple((Own(SOCKET), duration, Option(duration), List(List(U8)), Option(Borrow(SOCKET))))
    reader = _Calls('(#3, 5s, 5s, ["a\\xff\\x41\\n", [1], _], #4)')
    assert reader.read(type_) == (3, 5_000_000_000, Some(5_000_000_000), [b"a\xffA\n", b"\1", _Calls.ANY], Some(4))
    with pytest.raises(wave.WaveError, match=r"expected a variable or #3, found 'x'"):
        _Calls("x").read(Own(SOCKET))


def test_what_is_not_a_type_is_the_caller_s_mistake() -> None:
    with pytest.raises(TypeError, match="expected a type"):
        Reader("1").read("u8")  # type: ignore[arg-type]


def test_a_used_up_stack_is_an_error_of_its_own() -> None:
    type_: Type = U16
    for _ in range(90):
        type_ = List(type_)
    text = "[" * 90 + "]" * 90
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        with pytest.raises(wave.WaveError, match="nest too deeply"):
            wave.loads(text, type_)
    finally:
        sys.setrecursionlimit(limit)
