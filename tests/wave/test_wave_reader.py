"""The reader: a table of accepted and rejected texts for every construct, and how it is extended."""

from __future__ import annotations

from math import inf, nan

import pytest
from wave_strategies import KEYWORDS, same

from wasinet import wave
from wasinet.wave.reader import Reader
from wasinet.wit.types import (
    BOOL,
    CHAR,
    F32,
    F64,
    S8,
    S64,
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
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
)
from wasinet.wit.values import OK, Case, Err, Ok, Some, Value

CODE = Enum("code", ("would-block", "access-denied", "none"))
SHAPE = Variant(
    "shape", (("empty", None), ("circle", U8), ("box", Tuple((U8, U8))), ("err", STRING), ("maybe", Option(U8)))
)
KEYS = Enum("keys", KEYWORDS)
KEYED = Variant("keyed", tuple((word, U8 if word in ("true", "inf", "some", "ok") else None) for word in KEYWORDS))
FLAGS = Flags("how", ("read", "write", "none"))
EXAMPLE = Record("example", (("must-have", U8), ("optional", Option(U8))))
OPTIONALS = Record("optionals", (("a", Option(U8)), ("b", Option(Option(U8))), ("c", Alias("maybe", Option(STRING)))))
RESPONSE = Variant("response", (("empty", None), ("body", List(U8)), ("err", STRING)))
SOCKET = Resource("tcp-socket")

ACCEPTED: list[tuple[Type, str, Value]] = [
    (BOOL, "true", True),
    (BOOL, " false\n", False),
    (U8, "0", 0),
    (U8, "255", 255),
    (U8, "-0", 0),
    (S8, "-128", -128),
    (U64, "18446744073709551615", 2**64 - 1),
    (S64, "-9223372036854775808", -(2**63)),
    (Alias("duration", Alias("time", U64)), "5", 5),
    (F64, "0", 0.0),
    (F64, "-0", -0.0),
    (F64, "-0.0e-0", -0.0),
    (F64, "3.14", 3.14),
    (F64, "6.022e+23", 6.022e23),
    (F64, "6E5", 6e5),
    (F64, "1e007", 1e7),
    (F64, "nan", nan),
    (F64, "inf", inf),
    (F64, "-inf", -inf),
    (F64, "1e400", inf),
    (F64, "-1e-400", -0.0),
    (F64, "9" * 5000, inf),
    (F32, "0.1", 0.10000000149011612),
    (F32, "3.4028234664e38", 3.4028234663852886e38),
    (F32, "3.4028234664123e38", 3.4028234663852886e38),
    (F32, "3.4028234664e39", inf),
    (F32, "1.4012984643e-45", 1.401298464324817e-45),
    (F32, "1.4012984643e-46", 0.0),
    (F32, "16777217", 16777216.0),
    # Just above the middle between two floats: rounding to 64 bits first would lose the last digit.
    (F32, "16777217.000000000000000000000000000000001", 16777218.0),
    (F32, "16777216.999999999999999999999999999999999", 16777216.0),
    (F32, "nan", nan),
    (CHAR, "'x'", "x"),
    (CHAR, "'☃'", "☃"),
    (CHAR, "'🌊'", "🌊"),
    (CHAR, "'\"'", '"'),
    (CHAR, "'\t'", "\t"),
    (CHAR, "' '", " "),
    (CHAR, r"'\''", "'"),
    (CHAR, r"'\"'", '"'),
    (CHAR, r"'\\'", "\\"),
    (CHAR, r"'\n'", "\n"),
    (CHAR, r"'\u{0}'", "\0"),
    (CHAR, r"'\u{000078}'", "x"),
    (CHAR, r"'\u{10FFFF}'", "\U0010ffff"),
    (STRING, '""', ""),
    (STRING, '"abc\\t123"', "abc\t123"),
    (STRING, r'"\\\'\"\t\n\r"', "\\'\"\t\n\r"),
    (STRING, r'"☃\u{2603}\u{002603}"', "☃☃☃"),
    (STRING, '"it\'s // no comment"', "it's // no comment"),
    (STRING, '"tab\tcr\r"', "tab\tcr\r"),
    (STRING, '"""\n"""', ""),
    (STRING, '"""\n\n"""', ""),
    (STRING, '"""\n\n\n"""', "\n"),
    (STRING, '"""\nA single line\n"""', "A single line"),
    (STRING, '"""\n    deeper\n  first\n      deepest\n  """', "  deeper\nfirst\n    deepest"),
    (STRING, '"""\r\n  a\r\n  b\\r\r\n  """', "a\nb\r"),
    (STRING, '"""\n  a\rb\n  """', "a\rb"),
    (STRING, '"""\n""\\""\n"""', '""""'),
    (STRING, '"""\n\\u{41} \'"\\"// \\\\\n"""', 'A \'""// \\'),
    (List(U8), "[]", b""),
    (List(U8), "[ 1 ,2, ]", b"\1\2"),
    (List(Alias("byte", U8)), "[255]", b"\xff"),
    (List(CHAR), "['a', 'b', 'c']", ["a", "b", "c"]),
    (List(List(U16)), "[[], [1],]", [[], [1]]),
    (Tuple((U8, STRING)), '(123, "abc")', (123, "abc")),
    (Tuple((U8,)), "(1,)", (1,)),
    (Tuple((U8,)), "(1)", (1,)),
    (Tuple(()), "()", ()),
    (EXAMPLE, "{must-have: 123}", {"must-have": 123, "optional": None}),
    (EXAMPLE, "{must-have: 123, optional: none,}", {"must-have": 123, "optional": None}),
    (EXAMPLE, "{optional:7,must-have:123}", {"must-have": 123, "optional": Some(7)}),
    (EXAMPLE, "{%optional: some(7), %must-have: 1}", {"must-have": 1, "optional": Some(7)}),
    (OPTIONALS, "{:}", {"a": None, "b": None, "c": None}),
    (OPTIONALS, "{ : }", {"a": None, "b": None, "c": None}),
    (OPTIONALS, '{c: "x"}', {"a": None, "b": None, "c": Some("x")}),
    (OPTIONALS, "{b: some(none)}", {"a": None, "b": Some(None), "c": None}),
    (Record("unit", ()), "{:}", {}),
    (Record("r", (("ok", Result()), ("nan", F32))), "{nan: nan, ok: ok}", {"ok": OK, "nan": nan}),
    (SHAPE, "empty", Case("empty")),
    (SHAPE, "%empty", Case("empty")),
    (SHAPE, "circle(30)", Case("circle", 30)),
    (SHAPE, "circle // how big\n ( 30 )", Case("circle", 30)),
    (SHAPE, "box((1, 2))", Case("box", (1, 2))),
    (SHAPE, '%err("oops")', Case("err", "oops")),
    (SHAPE, "maybe(none)", Case("maybe", None)),
    (SHAPE, "maybe(3)", Case("maybe", Some(3))),
    (RESPONSE, "body([79, 75])", Case("body", b"OK")),
    (CODE, "would-block", "would-block"),
    (CODE, "%none", "none"),
    (Enum("e", ("HTTP3", "method-GET", "a-2A-5d")), "method-GET", "method-GET"),
    (Enum("e", ("HTTP3", "method-GET", "a-2A-5d")), "a-2A-5d", "a-2A-5d"),
    (Option(U8), "none", None),
    (Option(U8), "some(1)", Some(1)),
    (Option(U8), "some ( 1 )", Some(1)),
    (Option(U8), "1", Some(1)),
    (Option(STRING), '"flat some"', Some("flat some")),
    (Option(CODE), "%none", Some("none")),
    (Option(CODE), "some(%none)", Some("none")),
    (Option(BOOL), "true", Some(True)),
    (Option(List(Option(U8))), "[1, none]", Some([Some(1), None])),
    (Option(Option(U8)), "none", None),
    (Option(Option(U8)), "some(none)", Some(None)),
    (Option(Option(U8)), "some(1)", Some(Some(1))),
    (Option(Result(U8)), "some(1)", Some(Ok(1))),
    (Result(U8), "123", Ok(123)),
    (Result(U8), "ok(123)", Ok(123)),
    (Result(U8), "err", Err()),
    (Result(None, STRING), "ok", OK),
    (Result(None, STRING), 'err("oops")', Err("oops")),
    (Result(), "ok", OK),
    (Result(), "err", Err()),
    (Result(STRING, CODE), '"flat ok"', Ok("flat ok")),
    (Result(STRING, CODE), "err(would-block)", Err("would-block")),
    (Result(SHAPE), "empty", Ok(Case("empty"))),
    (Result(SHAPE), '%err("x")', Ok(Case("err", "x"))),
    (Result(Option(U8)), "ok(none)", Ok(None)),
    (Result(Option(U8)), "ok(1)", Ok(Some(1))),
    (FLAGS, "{}", frozenset()),
    (FLAGS, "{ }", frozenset()),
    (FLAGS, "{write, read,}", frozenset({"read", "write"})),
    (FLAGS, "{none, %read}", frozenset({"none", "read"})),
    (EXAMPLE, "// a\n{ // b\n must-have // c\n: // d\n 1 // e\n, // f\n} // g", {"must-have": 1, "optional": None}),
    (U8, "//\r\n1//", 1),
    *[(KEYS, f"%{word}", word) for word in KEYWORDS],
    (List(KEYED), "[%true(1), %false, %some(2)]", [Case("true", 1), Case("false"), Case("some", 2)]),
]

_DEEP: Type = U8
for _ in range(150):
    _DEEP = List(_DEEP)

REJECTED: list[tuple[Type, str, int, str]] = [
    (BOOL, "True", 0, "expected bool (true or false), found 'True'"),
    (BOOL, "%true", 0, "expected bool (true or false), found '%true'"),
    (BOOL, "1", 0, "found '1'"),
    (BOOL, "", 0, "expected bool (true or false), found the end"),
    (BOOL, " // true", 8, "found the end"),
    (BOOL, "true false", 5, "expected the end of the text, found 'false'"),
    (U8, "256", 0, "expected u8 (0 to 255), found '256'"),
    (U8, "-1", 0, "expected u8 (0 to 255), found '-1'"),
    (S8, " 128", 1, "expected s8 (-128 to 127), found '128'"),
    (U8, "1.0", 0, "found '1.0'"),
    (U8, "1e1", 0, "found '1e1'"),
    (U8, "01", 0, "found '01'"),
    (U8, "+1", 0, "found '+1'"),
    (U8, "0x1", 0, "found '0x1'"),
    (U8, "1_0", 0, "found '1_0'"),
    (U8, "٣", 0, "found '٣'"),
    (U8, "5s", 0, "found '5s'"),
    (U8, "- 1", 0, "found '-'"),
    (U8, "nan", 0, "found 'nan'"),
    (U8, "9" * 5000, 0, "expected u8 (0 to 255), found '999"),
    (U8, '"1"', 0, "found '\"'"),
    (F64, ".5", 0, "found '.5'"),
    (F64, "1.", 0, "found '1.'"),
    (F64, "1e", 0, "found '1e'"),
    (F64, "01.5", 0, "found '01.5'"),
    *[(F32, text, 0, f"found '{text}'") for text in ("-nan", "NaN", "infinity", "-Infinity", "Inf", "-INF", "%inf")],
    (CHAR, "''", 1, "expected a character behind the quote"),
    (CHAR, "'''", 1, "expected a character behind the quote"),
    (CHAR, "'", 1, "expected a character behind the quote"),
    (CHAR, "'\n'", 1, "expected a character behind the quote"),
    (CHAR, "'ab'", 2, "expected ' behind the one character"),
    (CHAR, "'☃☃'", 2, "expected ' behind the one character"),
    (CHAR, "'x", 2, "expected ' behind the one character"),
    (CHAR, r"'\'", 3, "expected ' behind the one character"),
    (CHAR, "x'", 0, "expected char, e.g. 'x', found 'x'"),
    (CHAR, '"x"', 0, "expected char"),
    *[
        (CHAR, f"'{escape}'", 1, "this is not an escape")
        for escape in (r"\z", r"\x1f", r"\u1f", r"\u{}", r"\u{x}", r"\u{12345678}")
    ],
    *[(CHAR, f"'\\u{{{code}}}'", 1, "is not a Unicode scalar value") for code in ("110000", "D800", "dfff")],
    (STRING, '"', 0, "this string has no closing quote on its line"),
    (STRING, '"a\nb"', 0, "no closing quote on its line"),
    (STRING, '"\\"', 0, "no closing quote"),
    (STRING, '"\\', 1, "this is not an escape"),
    (STRING, '"\\\n"', 1, "this is not an escape"),
    (STRING, r'"\u{-1}"', 1, "this is not an escape"),
    (STRING, r'"ab\u{d800}\u{dc00}"', 3, "is not a Unicode scalar value"),
    (STRING, r'"\u{ffffffff}"', 1, "this is not an escape"),
    (STRING, '"\ud800"', 1, "a string cannot hold a lone surrogate"),
    (STRING, "'a'", 0, 'expected string, e.g. "text"'),
    (STRING, "abc", 0, "found 'abc'"),
    (STRING, '""""""', 3, "begins on the line after"),
    (STRING, '""" """', 3, "begins on the line after"),
    (STRING, '""""\n"""', 3, "begins on the line after"),
    (STRING, '"""a\n"""', 3, "begins on the line after"),
    (STRING, '"""\na"""', 5, "only spaces may stand before the closing"),
    (STRING, '"""\n\t"""', 5, "only spaces may stand before the closing"),
    (STRING, '"""\n', 0, "is not closed"),
    (STRING, '"""\n""', 0, "is not closed"),
    (STRING, '"""\n""""', 7, "expected the end of the text"),
    (STRING, '"""\n  a\n b\n  """', 8, "must be indented at least as far"),
    (STRING, '"""\n\n  """', 4, "must be indented at least as far"),
    (STRING, '"""\nx """ y\n"""', 6, "only spaces may stand before"),
    (STRING, '"""\na \\j\n"""', 6, "this is not an escape"),
    (STRING, '"""\n\\u{d800}\n"""', 4, "is not a Unicode scalar value"),
    (STRING, '"""\nab\udfff\n"""', 6, "a string cannot hold a lone surrogate"),
    (List(U8), '"ab"', 0, "expected list<u8>"),
    (List(U8), "[1,,]", 3, "expected u8 (0 to 255), found ','"),
    (List(U8), "[,1]", 1, "found ','"),
    (List(U8), "[,]", 1, "found ','"),
    (List(U8), "[1 2]", 3, "expected ',' or ']', found '2'"),
    (List(U8), "[1)", 2, "expected ',' or ']', found ')'"),
    (List(U8), "[1", 2, "expected ',' or ']', found the end"),
    (List(U8), "[1, 256]", 4, "found '256'"),
    (List(STRING), "(]", 0, "expected list<string>, found '('"),
    (Tuple((U8, U16)), "(1)", 2, "expected item 2 of 2, u16 (0 to 65535), found ')'"),
    (Tuple((U8, U16)), "(1, 2, 3)", 7, "expected ')' after 2 items of tuple<u8, u16>, found '3'"),
    (Tuple((U8, U16)), "()", 1, "expected item 1 of 2"),
    (Tuple((U8, U16)), "[1, 2]", 0, "expected tuple<u8, u16>, found '['"),
    (EXAMPLE, "{optional: 1}", 12, "expected the field must-have of example, u8 (0 to 255), found '}'"),
    (EXAMPLE, "{:}", 2, "expected the field must-have of example"),
    (EXAMPLE, "{must-have: 0, must-have: 0}", 15, "the field must-have is here twice"),
    (EXAMPLE, "{must-have: 0, optional: 1, optional: none}", 28, "the field optional is here twice"),
    (EXAMPLE, "{must-have: 0,,}", 14, "expected a field of example, found ','"),
    (EXAMPLE, "{, must-have: 0}", 1, "expected a field of example, found ','"),
    (EXAMPLE, "{must-have 0}", 11, "expected ':', found '0'"),
    (EXAMPLE, "{must-have}", 10, "expected ':', found '}'"),
    (EXAMPLE, "{must-hve: 0}", 1, "expected a field of example, found 'must-hve:'; did you mean must-have?"),
    (EXAMPLE, "{zzz: 0}", 1, "expected a field of example, found 'zzz:'"),
    (EXAMPLE, "{must-have: 0 optional: 1}", 14, "expected ',' or '}', found 'optional:'"),
    (EXAMPLE, "{must-have: 300}", 12, "expected u8 (0 to 255), found '300'"),
    (OPTIONALS, "{}", 0, "a record without fields is written {:}"),
    (OPTIONALS, "{:,}", 2, "expected '}', found ','"),
    (OPTIONALS, "{:", 2, "expected '}', found the end"),
    (EXAMPLE, "(1, 2)", 0, "expected example, found '('"),
    (EXAMPLE, "{\n//}", 5, "expected a field of example, found the end"),
    (SHAPE, "square", 0, "expected shape (empty, circle(...), box(...), %err(...) or maybe(...)), found 'square'"),
    (SHAPE, "circl(1)", 0, "did you mean circle?"),
    (SHAPE, "circle", 6, "expected '(' and u8 (0 to 255), found the end"),
    (SHAPE, "circle()", 7, "expected u8 (0 to 255), found ')'"),
    (SHAPE, "circle(1, 2)", 8, "expected ')', found ','"),
    (SHAPE, "empty()", 5, "expected the end of the text, found '('"),
    (SHAPE, "box(1, 2)", 4, "expected tuple<u8, u8>, found '1'"),
    (SHAPE, 'err("x")', 0, "the case err of shape is called like a keyword: write %err"),
    (SHAPE, "% empty", 0, "found '%'"),
    (SHAPE, "Empty", 0, "found 'Empty'"),
    (SHAPE, "empty-", 0, "found 'empty-'"),
    (SHAPE, "1", 0, "found '1'"),
    *[(KEYS, word, 0, f"the case {word} of keys is called like a keyword: write %{word}") for word in KEYWORDS],
    *[(KEYED, f"{word}(1)", 0, f"write %{word}") for word in KEYWORDS],
    (CODE, "ok", 0, "expected code (would-block, access-denied or %none), found 'ok'"),
    (CODE, '"would-block"', 0, "expected code"),
    (Option(U8), "some", 4, "expected '(' and u8 (0 to 255), found the end"),
    (Option(U8), "some()", 5, "expected u8 (0 to 255), found ')'"),
    (Option(U8), "some(some(0))", 5, "found 'some'"),
    (Option(U8), "none()", 4, "expected the end of the text, found '('"),
    (Option(U8), "some(none)", 5, "found 'none'"),
    (Option(U8), "%none", 0, "found '%none'"),
    (Option(U8), "256", 0, "expected u8 (0 to 255), found '256'"),
    (Option(Option(U8)), "1", 0, "expected option<option<u8>>: none or some(...), found '1'"),
    (Option(Result(U8)), "ok(1)", 0, "expected option<result<u8>>: none or some(...), found 'ok'"),
    (Option(Alias("maybe", Option(U8))), "1", 0, "expected option<maybe>: none or some(...)"),
    (Result(U8), "ok", 2, "expected '(' and u8 (0 to 255), found the end"),
    (Result(U8), "ok()", 3, "found ')'"),
    (Result(U8), "err(0)", 3, "expected the end of the text, found '('"),
    (Result(None, U8), "ok(0)", 2, "expected the end of the text"),
    (Result(None, U8), "err", 3, "expected '('"),
    (Result(None, U8), "0", 0, "expected result<_, u8>: ok or err(...), found '0'"),
    (Result(), "ok()", 2, "expected the end of the text"),
    (Result(), "e", 0, "expected result: ok or err, found 'e'"),
    (Result(Option(U8)), "none", 0, "expected result<option<u8>>: ok(...) or err, found 'none'"),
    (Result(Result()), "ok", 2, "expected '(' and result, found the end"),
    (FLAGS, "{read, read}", 7, "the flag read is here twice"),
    (FLAGS, "{read, %read}", 7, "the flag read is here twice"),
    (FLAGS, "{read, execute}", 7, "expected a flag of how, found 'execute'"),
    (FLAGS, "{reed}", 1, "did you mean read?"),
    (FLAGS, "{read write}", 6, "expected ',' or '}', found 'write'"),
    (FLAGS, "{:}", 1, "expected a flag of how, found ':'"),
    (FLAGS, "{,}", 1, "expected a flag of how, found ','"),
    (FLAGS, "read", 0, "expected how, e.g. {read, write}, found 'read'"),
    (Own(SOCKET), "#3", 0, "expected a handle of tcp-socket, which has no text in WAVE"),
    (Borrow(SOCKET), "3", 0, "expected a handle of borrow<tcp-socket>"),
    (SOCKET, "", 0, "expected a handle of tcp-socket"),
    (Alias("tcp-socket", U8, handle=SOCKET), "3", 0, "expected a handle of tcp-socket"),
    (_DEEP, "[" * 150, 101, "values may not nest deeper than 100 levels"),
    (U8, "1 # 2", 2, "found '#'"),
    (U8, "1 / 2", 2, "found '/'"),
    (U8, "\0", 0, "found '\\u{0}'"),
    (U8, "\ufeff1", 0, "found '\\u{feff}1'"),
    (U8, "\xa01", 0, "found '\\u{a0}'"),
]


@pytest.mark.parametrize(("type_", "text", "value"), ACCEPTED, ids=lambda part: str(part)[:40])
def test_accepted(type_: Type, text: str, value: Value) -> None:
    assert same(wave.loads(text, type_), value)


@pytest.mark.parametrize(("type_", "text", "position", "message"), REJECTED, ids=lambda part: repr(part)[:40])
def test_rejected(type_: Type, text: str, position: int, message: str) -> None:
    with pytest.raises(wave.WaveError) as raised:
        wave.loads(text, type_)
    assert message in raised.value.message
    assert raised.value.position == position


def test_nesting_up_to_the_limit() -> None:
    type_: Type = U16
    for _ in range(100):
        type_ = List(type_)
    text = "[" * 100 + "7" + "]" * 100
    assert wave.dumps(wave.loads(text, type_), type_) == text


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
