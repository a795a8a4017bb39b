"""The shape of calls: statements, positions, mistakes, and what stands at a cursor."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wasinet.script.syntax import Statement, one_line, parse, place, split_pipe

RULE = "words of letters and digits with hyphens between, e.g. my-socket"
ALPHABET = "abs-_%#319.,;:()[]{}=\"'\\/ \n\t|xnu\u00e9\U0001f600\0"


def shape(statement: Statement, text: str) -> tuple[list[str], str, list[str]]:
    """Targets, callee and argument texts."""
    assert statement.error is None, statement.error
    assert statement.open is not None
    assert statement.close is not None
    edges = [statement.open, *statement.commas, statement.close]
    arguments = [text[one + 1 : other].strip() for one, other in pairwise(edges)]
    return [target.text for target in statement.targets], statement.callee, [a for a in arguments if a]


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("", []),
        (" \n ; # nothing\n // more", []),
        ("now()", [([], "now", [])]),
        ("s = create-tcp-socket(ipv4)", [(["s"], "create-tcp-socket", ["ipv4"])]),
        ("s.start-bind(net, 127.0.0.1:0)", [([], "s.start-bind", ["net", "127.0.0.1:0"])]),
        ("(c, rx, tx) = s.accept()", [(["c", "rx", "tx"], "s.accept", [])]),
        ("( c ,\n rx , ) = s.accept( )", [(["c", "rx"], "s.accept", [])]),
        ("(c) = f()", [(["c"], "f", [])]),
        ("poll([p, q])", [([], "poll", ["[p, q]"])]),
        ("#3.accept()", [([], "#3.accept", [])]),
        ("drop(#3)", [([], "drop", ["#3"])]),
        ("a();b() ; c()\nd()", [([], name, []) for name in "abcd"]),
        ('w("a;b\\"c)\n") ', None),
        ('w("a;b\\"c)")', [([], "w", ['"a;b\\"c)"'])]),
        ('w("""\n a;)\n """)', [([], "w", ['"""\n a;)\n """'])]),
        ("w(';', ')', '\\'')", [([], "w", ["';'", "')'", "'\\''"])]),
        ("f(a, // not , this )\n b)", [([], "f", ["a", "// not , this )\n b"])]),
        ("f(a) # g()\ng()", [([], "f", ["a"]), ([], "g", [])]),
        ("f({a: [1, 2]}, (3, 4),)", [([], "f", ["{a: [1, 2]}", "(3, 4)"])]),
        ("f([::1]:80)", [([], "f", ["[::1]:80"])]),
        ("tcp.tcp-socket.accept(s)", [([], "tcp.tcp-socket.accept", ["s"])]),
    ],
)
def test_statements(text: str, shapes: list[tuple[list[str], str, list[str]]] | None) -> None:
    script = parse(text)
    if shapes is None:
        assert script.error is not None
    else:
        assert [shape(statement, text) for statement in script.statements] == shapes


@pytest.mark.parametrize(
    ("text", "position", "message", "incomplete"),
    [
        ("3()", 0, "expected a call, e.g. create-tcp-socket(ipv4), found '3'", False),
        ("s", 1, "expected '(' after s, found the end", False),
        ("s.accept", 8, "expected '(' after s.accept, found the end", False),
        ("s.", 2, "expected the name of a function after the dot, found the end", False),
        ("s = ", 4, "expected a call, e.g. create-tcp-socket(ipv4), found the end", False),
        ("#3", 2, "expected '.' and a function after #3, found the end", False),
        ("#3 = f()", 0, "a handle cannot be assigned; give it a name", False),
        ("()", 1, "expected the names of variables between the parentheses", False),
        ("(a, 3) = f()", 4, "expected the name of a variable, found '3'", False),
        ("(a, b)", 6, "expected '=' and a call after the variables, found the end", False),
        ("f(1", 3, "expected ')', found the end", True),
        ("f([1, ", 6, "expected ']', found the end", True),
        ("f([1)", 4, "expected ']', found ')'", False),
        ('f("abc', 2, "this string has no closing quote on its line", False),
        ('f("""abc', 8, "expected ')', found the end", True),
        ("f() g()", 4, "expected ';' or a new line after a call, found 'g'", False),
        ("f() | wc", 4, "expected ';' or a new line after a call, found '|'", False),
        ("my_name = f()", 0, f"my_name is no name: {RULE}", False),
        ("a()\nb(]\nc()", 6, "expected ')', found ']'", False),
    ],
)  # fmt: skip
def test_mistakes(text: str, position: int, message: str, incomplete: bool) -> None:
    script = parse(text)
    assert script.error is not None
    assert (script.error.position, script.error.message) == (position, message)
    assert script.incomplete is incomplete


def test_a_mistake_does_not_hide_the_other_statements() -> None:
    script = parse("a(); b(]; c()")
    assert [s.callee for s in script.statements] == ["a", "b", "c"]
    assert [s.error is None for s in script.statements] == [True, False, True]


@given(st.text(alphabet=ALPHABET, max_size=60))
@example("(")
@example('f("\\')
@example('f("""""')
def test_any_text_parses(text: str) -> None:
    script = parse(text)
    end = 0
    for statement in script.statements:
        assert end <= statement.start <= statement.end <= len(text)
        end = statement.end
    for cursor in range(len(text) + 1):
        found = place(script, cursor)
        assert text[found.start : cursor] == found.word


@given(st.text(alphabet=ALPHABET, max_size=60))
def test_one_line_says_the_same(text: str) -> None:
    for statement in parse(text).statements:
        if statement.error is None:
            source = text[statement.start : statement.end]
            try:
                flat = one_line(source)
            except ValueError:
                # A multi-line string that is none: its mistake is found when it is read.
                continue
            again = parse(flat)
            assert "\n" not in flat
            assert again.error is None
            assert [s.callee for s in again.statements] == [statement.callee]
            assert one_line(flat) == flat


@pytest.mark.parametrize(
    ("text", "flat"),
    [
        ("f( // one\n  1,\n  2\n)", "f(1, 2)"),
        ("(a,\nb) = f()", "(a, b) = f()"),
        ('f("a  b // c")', 'f("a  b // c")'),
        ('f("""\n  one\n  \\x00\\\\two\\u{41}\n  """)', 'f("one\\n\\x00\\\\two\\u{41}")'),
        ("f('\"', # quote\n 2)", "f('\"', 2)"),
    ],
)
def test_one_line(text: str, flat: str) -> None:
    assert one_line(text) == flat


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("f() | wc -l", ("f() ", " wc -l")),
        ("f()", ("f()", None)),
        ('f("a|b", [1 | 2]) | x | y', ('f("a|b", [1 | 2]) ', " x | y")),
        ("f() // a | b", ("f() // a | b", None)),
    ],
)
def test_pipes_are_found_outside_of_values(text: str, parts: tuple[str, str | None]) -> None:
    assert split_pipe(text) == parts


@pytest.mark.parametrize(
    ("text", "kind", "word", "argument"),
    [
        ("|", "start", "", 0),
        ("cre|", "start", "cre", 0),
        ("s = cre|", "start", "cre", 0),
        ("s.sta|", "member", "sta", 0),
        ("s.|", "member", "", 0),
        ("#3.|", "member", "", 0),
        ("f(|", "argument", "", 0),
        ("f(a|, b)", "argument", "a", 0),
        ("f(a, b|)", "argument", "b", 1),
        ("f(a, [b, c|", "argument", "c", 1),
        ("f(a)|", "end", "", 0),
        ("f(a); |", "start", "", 0),
        ("f(a)\n|", "start", "", 0),
        ('f("x|', "text", "x", 0),
        ('f("x|")', "text", "x", 0),
        ('f("x"|)', "argument", "", 0),
        ('f("""x|', "text", "x", 0),
        ("f() // x|", "text", "x", 0),
        ("f() # x|", "text", "x", 0),
    ],
)
def test_places(text: str, kind: str, word: str, argument: int) -> None:
    cursor = text.index("|")
    found = place(parse(text.replace("|", "", 1)), cursor)
    assert (found.kind, found.word, found.argument) == (kind, word, argument)


def test_a_long_path_is_read_in_one_go_and_cut_in_the_message() -> None:
    error = parse(".".join(["a"] * 20_000) + " = 1").error
    assert error is not None
    assert len(error.message) < 200
