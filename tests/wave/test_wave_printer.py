"""The printer: forms, and values that do not fit their types."""

from __future__ import annotations

from array import array
from math import inf, nan

import pytest

from wasinet import wave
from wasinet.wave.printer import Printer, Write
from wasinet.wit.types import (
    BOOL,
    CHAR,
    F32,
    F64,
    S8,
    STRING,
    U8,
    U16,
    U64,
    Alias,
    Borrow,
    Enum,
    Flags,
    List,
    Option,
    Own,
    Primitive,
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
)
from wasinet.wit.values import OK, Case, Err, Ok, Some, Value

CODE = Enum("code", ("would-block", "err"))
POINT = Record("point", (("x", U8), ("y", Option(U8))))
SHAPE = Variant("shape", (("empty", None), ("circle", U8), ("ok", POINT)))
FLAGS = Flags("how", ("read", "write"))
SOCKET = Resource("tcp-socket")


class _Int(int):
    def __repr__(self) -> str:
        return "not digits"


PRINTED: list[tuple[Type, Value, str]] = [
    (BOOL, True, "true"),
    (U8, 255, "255"),
    (U8, _Int(7), "7"),
    (S8, -128, "-128"),
    (F64, 1.0, "1"),
    (F64, 3, "3"),
    (F64, -0.0, "-0"),
    (F64, 0.1, "0.1"),
    (F64, 1e16, "1e16"),
    (F64, 6.022e23, "6.022e23"),
    (F64, 1e-7, "1e-7"),
    (F64, 5e-324, "5e-324"),
    (F64, 123456.75, "123456.75"),
    (F64, nan, "nan"),
    (F64, -inf, "-inf"),
    (F32, 0.10000000149011612, "0.1"),
    (F32, 0.1, "0.1"),
    (F32, 16777216.0, "16777216"),
    (F32, 3.4028234663852886e38, "3.4028235e38"),
    (F32, 1.401298464324817e-45, "1e-45"),
    (F32, 2.0**-96, "1.2621775e-29"),
    (F32, -(2.0**90), "-1.2379401e27"),
    (F32, inf, "inf"),
    (F32, nan, "nan"),
    (CHAR, "'", r"'\''"),
    (CHAR, '"', "'\"'"),
    (CHAR, "\n", r"'\n'"),
    (CHAR, "\0", r"'\u{0}'"),
    (CHAR, "☃", "'☃'"),
    (STRING, "a'b", '"a\'b"'),
    (STRING, 'a"b\\\r\n\t', r'"a\"b\\\r\n\t"'),
    (STRING, "\x7f\x9b\u2028\U000e0001", r'"\u{7f}\u{9b}\u{2028}\u{e0001}"'),
    (List(U8), bytearray(b"\0a"), "[0, 97]"),
    (List(U8), memoryview(b"\0abc")[::2], "[0, 98]"),
    (List(U8), array("B", [1, 2]), "[1, 2]"),
    (List(U16), (1, 2), "[1, 2]"),
    (Tuple((U8, STRING)), (1, "a"), '(1, "a")'),
    (POINT, {"y": Some(2), "x": 1}, "{x: 1, y: some(2)}"),
    (POINT, {"x": 1, "y": None}, "{x: 1}"),
    (SHAPE, Case("empty"), "empty"),
    (SHAPE, Case("ok", {"x": 1, "y": None}), "%ok({x: 1})"),
    (CODE, "err", "%err"),
    (Option(CODE), Some("would-block"), "some(would-block)"),
    (Result(None, CODE), OK, "ok"),
    (Result(None, CODE), Err("would-block", "reasons are not printed"), "err(would-block)"),
    (Result(U8, CODE), Ok(3), "ok(3)"),
    (FLAGS, {"write", "read"}, "{read, write}"),
    (Own(SOCKET), 3, "#3"),
    (List(Borrow(SOCKET)), [1, 2], "[#1, #2]"),
    (Alias("tcp-socket", U8, handle=SOCKET), 4, "#4"),
    (Alias("a", Alias("b", POINT)), {"x": 0, "y": None}, "{x: 0}"),
]

MISFITS: list[tuple[Type, Value, str]] = [
    (BOOL, 1, "expected bool (true or false), got 1"),
    (BOOL, None, "expected bool (true or false), got None"),
    (U8, 256, "expected u8 (0 to 255), got 256"),
    (U8, -1, "got -1"),
    (U8, True, "got True"),
    (U8, 1.0, "got the float 1.0"),
    (U64, 10**10_000, "got an int of more than 128 bits"),
    (F64, "1", "expected f64, e.g. 1.5, got the str '1'"),
    (F64, True, "got True"),
    (F64, 10**400, "got an int of more than 128 bits"),
    (F32, 1e39, "expected f32, e.g. 1.5, got the float 1e+39"),
    (F32, -3.5e38, "got the float -3.5e+38"),
    (CHAR, "", "expected char, e.g. 'x', got the str ''"),
    (CHAR, "ab", "got the str 'ab'"),
    (CHAR, "\ud800", r"got the str '\u{d800}'"),
    (CHAR, 65, "got 65"),
    (STRING, b"a", "got a value of the Python type bytes"),
    (STRING, "x" * 500 + "\udcff", "got the str 'xxx"),
    (List(U8), [1], "expected list<u8>, got a value of the Python type list"),
    (List(U8), "a", "expected list<u8>, got the str 'a'"),
    (List(U8), None, "expected list<u8>, got None"),
    (List(U16), b"a", "expected list<u16>"),
    (List(U16), [1, 2, "3"], "[2]: expected u16 (0 to 65535), got the str '3'"),
    (Tuple((U8, U8)), (1,), "expected tuple<u8, u8>"),
    (Tuple((U8, U8)), (1, 2, 3), "expected tuple<u8, u8>"),
    (Tuple((U8, U8)), (1, None), "[1]: expected u8"),
    (POINT, {"x": 1}, "the record point lacks its field y"),
    (POINT, {"x": 1, "y": None, "z": 1}, "the record point has no field of the name the str 'z'"),
    (POINT, {"x": 1, "y": 5}, "y: expected option<u8>, got 5"),
    (POINT, {"x": 1, "y": Some(500)}, "y.some: expected u8"),
    (POINT, [1], "expected point"),
    (SHAPE, "empty", "expected shape (empty, circle(...) or %ok(...)), got the str 'empty'"),
    (SHAPE, Case("square"), "got the str 'square'"),
    (SHAPE, Case([]), "got a value of the Python type list"),  # type: ignore[arg-type]
    (SHAPE, Case("empty", 1), "empty has no payload, got 1"),
    (SHAPE, Case("circle"), "circle: expected u8 (0 to 255), got None"),
    (SHAPE, Case("ok", {"x": 1, "y": Some("")}), "ok.y.some: expected u8"),
    (CODE, "ok", "expected code (would-block or %err), got the str 'ok'"),
    (CODE, [], "expected code"),
    (Option(U8), 1, "expected option<u8>, got 1"),
    (Option(U8), Some(None), "some: expected u8"),
    (Result(), None, "expected result, got None"),
    (Result(), Ok(1), "ok has no payload, got 1"),
    (Result(U8), OK, "ok: expected u8"),
    (FLAGS, ["read"], "expected how"),
    (FLAGS, {"execute"}, "the flags how have no flag of the name the str 'execute'"),
    (FLAGS, {1}, "of the name 1"),
    (Own(SOCKET), -1, "expected a handle of tcp-socket, got -1"),
    (Own(SOCKET), "s", "expected a handle of tcp-socket, got the str 's'"),
    (Borrow(SOCKET), True, "expected a handle of borrow<tcp-socket>, got True"),
    (List(Tuple((POINT, U8))), [({"x": 0, "y": None}, 0), ({"x": "", "y": None}, 0)], "[1][0].x: expected u8"),
]


@pytest.mark.parametrize(
    ("type_", "value", "text"), PRINTED, ids=lambda part: repr(part)[:40] if isinstance(part, str) else None
)
def test_printed(type_: Type, value: Value, text: str) -> None:
    assert wave.dumps(value, type_) == text


@pytest.mark.parametrize(("type_", "value", "message"), MISFITS, ids=[row[2] for row in MISFITS])
def test_misfits(type_: Type, value: Value, message: str) -> None:
    with pytest.raises(wave.WaveError) as raised:
        wave.dumps(value, type_)
    assert message in str(raised.value)
    assert str(raised.value) == raised.value.render()


def test_types_nest_up_to_the_limit_and_no_deeper() -> None:
    type_: Type = U16
    value: Value = 7
    for _ in range(100):
        type_, value = List(type_), [value]
    assert wave.dumps(value, type_) == "[" * 100 + "7" + "]" * 100
    for _ in range(50_000):
        type_ = Option(type_)
    with pytest.raises(wave.WaveError, match="nested deeper than 100 levels"):
        Printer().dumps(None, type_)


def test_a_type_that_was_compiled_from_the_inside_out() -> None:
    printer = Printer()
    type_: Type = U16
    value: Value = 7
    for _ in range(3000):
        type_, value = List(type_), [value]
        printer.compile(type_)
    with pytest.raises(wave.WaveError, match="nests too deeply"):
        printer.dumps(value, type_)


def test_what_is_not_a_type_is_the_caller_s_mistake() -> None:
    with pytest.raises(TypeError, match="expected a type"):
        wave.dumps(1, "u8")  # type: ignore[arg-type]


def test_a_released_buffer_is_a_misfit() -> None:
    view = memoryview(b"abc")
    view.release()
    with pytest.raises(wave.WaveError, match=r"expected list<u8>"):
        wave.dumps(view, List(U8))


def test_many_types_do_not_pile_up() -> None:
    printer = Printer()
    for index in range(10_000):
        assert printer.dumps("a", Enum(f"e{index}", ("a",))) == "a"
    assert len(printer._compiled) <= 4096


class _Shouting(Printer):
    def compile_string(self, type_: Primitive) -> Write:
        pure = super().compile_string(type_)
        return lambda value: pure(value).upper()

    def compile_alias(self, type_: Alias) -> Write:
        return (lambda value: f"{value}ns") if type_.name == "duration" else super().compile_alias(type_)


def test_a_subclass_changes_forms_everywhere() -> None:
    type_ = Option(Tuple((STRING, Alias("duration", U64), Alias("other", U64))))
    assert _Shouting().dumps(Some(("a", 5, 6)), type_) == 'some(("A", 5ns, 6))'
    assert wave.dumps(Some(("a", 5, 6)), type_) == 'some(("a", 5, 6))'
