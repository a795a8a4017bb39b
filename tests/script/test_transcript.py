"""Transcripts: reading, running, differences, updating; and sessions that are saved replay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinet.hosts import Trapped
from wasinet.script.outcomes import trap_text
from wasinet.script.replay import Report, replay
from wasinet.script.saving import transcript_text
from wasinet.script.session import Session
from wasinet.script.transcript import CallLine, NetworkLine, Transcript, TranscriptError, read_file

GOOD = """\
# A comment.
%world 0.2
%host native
%timeout 250ms
%network fenced tcp-bind deny:udp-send

> s = create-tcp-socket(ipv4)
< ok(_)
>s.accept()   // a remark
<  err(invalid-state) | err(would-block)   # another
> s.start-bind(fenced, 127.0.0.1:0)
> !retry s.finish-bind()
< ok
> drop(s)
< ok
> s.accept()
< trap "dropped"
"""


def report_of(text: str, *, strict: bool = False) -> Report:
    return replay(Transcript.parse(text), strict=strict)


def test_a_transcript_is_read_line_by_line() -> None:
    transcript = Transcript.parse(GOOD)
    assert (transcript.world, transcript.host) == ("0.2", "native")
    network, *calls = transcript.lines
    assert isinstance(network, NetworkLine)
    assert (network.line, network.name, network.rules) == (5, "fenced", ("tcp-bind", "deny:udp-send"))
    assert all(isinstance(call, CallLine) for call in calls)
    found = [(c.line, c.source, c.retry, c.expected_source) for c in calls if isinstance(c, CallLine)]
    assert found == [
        (7, "s = create-tcp-socket(ipv4)", False, "ok(_)"),
        (9, "s.accept()   // a remark", False, "err(invalid-state) | err(would-block)"),
        (11, "s.start-bind(fenced, 127.0.0.1:0)", False, ""),
        (12, "!retry s.finish-bind()", True, "ok"),
        (14, "drop(s)", False, "ok"),
        (16, "s.accept()", False, 'trap "dropped"'),
    ]
    assert isinstance(calls[0], CallLine)
    assert calls[0].timeout == 0.25


def test_a_good_transcript_passes() -> None:
    report = report_of(GOOD)
    assert report.passed, report.diff()
    assert (report.calls, report.checked, report.diff()) == (6, 5, "")
    assert report.updated() == GOOD


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("now()", "1:1", "expected '> call', '< outcome', '%directive' or '# comment'"),
        ("> now()\n  < _", "2:1", "expected '> call', '< outcome', '%directive' or '# comment'"),
        (">", "1:2", "expected a call"),
        ("> # only a comment", "1:19", "expected a call"),
        (">  nou()", "1:4", "no function is named nou; did you mean now?"),
        ("> now(); now()", "1:10", "one call a line"),
        ("> poll([", "1:9", "expected ']', found the end"),
        ("> s.accept()", "1:3", "no variable is named s"),
        ("> !wait now()", "1:3", "expected !retry or a call"),
        ("> !retry now()", "1:3", "!retry waits for the receiver's pollable, and no receiver has none"),
        ("< ok", "1:3", "an expectation stands under its call"),
        ("%network n\n< ok", "2:3", "an expectation stands under its call"),
        ("> now()\n< _\n< _", "3:3", "a call has one expectation; alternatives are separated by |"),
        ("> now()\n<", "2:2", "expected an outcome, e.g. ok(_) or trap, found the end"),
        ("> now()\n< ok", "2:3", "expected u64, e.g. 10 or 64KiB, found 'ok'"),
        ("> resolution()\n< 1 2", "2:5", "expected '|' or the end of the line, found '2'"),
        ("> resolution()\n< 1 |", "2:6", "expected duration, e.g. 5s or 250ms, found the end"),
        ("> create-tcp-socket(ipv4)\n< err(would-blok)", "2:7", "expected error-code ("),
        ("> p = subscribe-duration(0)\n> p.block()\n< 5", "3:3", "expected ok or trap; the call has no result, "),
        ("> poll([#1])\n< [..., 1]", "2:9", "expected ']' after ..., found '1'"),
        ("%world 0.9", "1:8", "expected a world: "),
        ("%host x", "1:7", "expected a host: native, wasmtime"),
        ("> now()\n%world 0.2", "2:2", "%world stands before the first call"),
        ("%timeout 5x", "1:10", "expected duration, e.g. 5s or 250ms, found '5x'"),
        ("%timeout 5s 5s", "1:13", "expected the end of the text, found '5s'"),
        ("%tmeout 5s", "1:2", "no directive is named %tmeout; did you mean timeout?"),
        ("%", "1:2", "no directive is named %; there is %world, %host, %timeout, %network"),
        ("%network", "1:9", "expected a name for the network, and its rules"),
        ("%network 3", "1:10", "3 is no name for a network"),
        ("%network // all", "1:10", "// is no name for a network"),
        ("%network poll", "1:10", "poll is an interface and cannot be assigned"),
        ("%network n all nonsense", "1:16", "'nonsense': unknown use 'nonsense'; expected all or one of "),
    ],
)  # fmt: skip
def test_a_malformed_file_is_refused_with_the_place(text: str, where: str, message: str) -> None:
    for prefix, ending in (("", "\n"), ("\ufeff", "\r\n")):
        with pytest.raises(TranscriptError) as raised:
            Transcript.parse(prefix + text.replace("\n", ending), "some.wasinet")
        shown = str(raised.value).splitlines()
        if not prefix or not where.startswith("1:"):
            assert shown[0].startswith(f"some.wasinet:{where}: {message}")
            line, column = map(int, where.split(":"))
            assert shown[1] == text.split("\n")[line - 1].rstrip() or shown[1] == text.split("\n")[line - 1]
            assert shown[2] == " " * (column - 1) + "^"


PIECES = [
    ">",
    "<",
    "%",
    "#",
    "!",
    "!retry",
    "s",
    "net",
    "#1",
    ".",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "=",
    "|",
    "_",
    "...",
    "ok",
    "err",
    "trap",
    "none",
    "some(",
    '"x"',
    '"',
    '"""',
    "\\x4",
    'b64"',
    "'c'",
    "//",
    "5s",
    "64KiB",
    "1",
    "-1",
    "127.0.0.1:0",
    "[::1]:80",
    "%world",
    "%host",
    "%timeout",
    "%network",
    "0.2",
    "native",
    "all",
    "deny:",
    "now()",
    "create-tcp-socket(ipv4)",
    "poll",
    "drop",
    "é",
]


@given(st.lists(st.sampled_from([*PIECES, " ", " ", "\n", "\r\n", "\ufeff", "\ud800", "\0"]), max_size=20).map("".join))
def test_no_text_raises_anything_but_its_own_error(text: str) -> None:
    error = None
    try:
        Transcript.parse(text)
    except TranscriptError as raised:
        error = raised
    assert error is None or str(error)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match="cannot be read: No such file"):
        read_file(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(TranscriptError, match="is not UTF-8: invalid start byte at byte 0"):
        read_file(tmp_path / "binary")


SETUP = """\
> u = create-udp-socket(ipv4)
> u.start-bind(net, 127.0.0.1:0)
> !retry u.finish-bind()
> a = u.local-address()
> (in, out) = u.stream()
> out.check-send()
> out.send([{data: "one", remote-address: a}, {data: b64"/w==", remote-address: a}])
> arrival = in.subscribe()
> arrival.block()
"""


@pytest.mark.parametrize(
    ("call", "expected", "passes"),
    [
        ("u.local-address()", "ok(127.0.0.1:_)", True),
        ("u.local-address()", "ok(127.0.0.2:_)", False),
        ("u.local-address()", "ok(127.0.0.1:1)", False),
        ("u.local-address()", "ok(_)", True),
        ("u.local-address()", "_", True),
        ("u.local-address()", "err(_)", False),
        ("u.local-address()", "ok(a)", True),
        ("u.local-address()", "ok(ipv4({port: _, address: (127, _, 0, 1)}))", True),
        ("u.local-address()", "ok(ipv4({address: (127, 0, 0, 1), ...}))", True),
        ("u.local-address()", "ok(ipv4({...}))", True),
        ("u.local-address()", "ok(ipv6({...}))", False),
        ("u.remote-address()", "err(invalid-state) | ok(_)", True),
        ("u.remote-address()", "err(unknown) | ok(_)", False),
        ("u.address-family()", "ipv4", True),
        ("u.address-family()", "ipv6", False),
        ("u.address-family()", "ipv6 | ipv4", True),
        ("u.address-family()", "trap", False),
        ("poll([])", "trap", True),
        ("poll([])", "_", False),
        ("poll([])", "_ | trap", True),
        ("poll([])", 'trap "nothing of the kind"', False),
        ("poll([arrival])", "[0]", True),
        ("poll([arrival])", "[...]", True),
        ("poll([arrival])", "[0, ...]", True),
        ("poll([arrival])", "[_]", True),
        ("poll([arrival])", "[_, _, ...]", False),
        ("poll([arrival])", "[]", False),
        ("in.receive(10)", 'ok([{data: "one", remote-address: a}, {data: b64"/w==", remote-address: a}])', True),
        ("in.receive(10)", 'ok([{data: "one", ...}, ...])', True),
        ("in.receive(10)", "ok([{data: [111, ...], ...}, {data: [255], remote-address: _}])", True),
        ("in.receive(10)", "ok([{data: [_, 110, _], ...}, _])", True),
        ("in.receive(10)", "ok([{data: [_, 110], ...}, _])", False),
        ("in.receive(10)", 'ok([{data: "two", ...}, _])', False),
        ("u.stream()", "trap", True),
        ("out.check-send()", "ok(64)", True),
        ("drop(arrival)", "ok", True),
        ("drop(arrival)", "_", True),
        ("drop(u)", "ok", False),
        ("drop(u)", "trap", True),
    ],
)
def test_expectations(call: str, expected: str, passes: bool) -> None:
    assert report_of(f"{SETUP}> {call}\n< {expected}\n").passed is passes


def test_differences_are_readable_and_update_mends_them() -> None:
    text = (
        "\ufeff# caf\u00e9\r\n> s = create-tcp-socket(ipv4)\r\n"
        "<   err( unknown )   # stays\r\n\r\n> s.accept()\r\n< ok(_)\r\n> s.is-listening()\r\n<   false  // as is\r\n"
        "> drop(s)\n< ok\n> drop(s)\n< ok"
    )
    report = report_of(text)
    assert report.diff() == (
        "transcript:3\n"
        "  > s = create-tcp-socket(ipv4)\n"
        "- < err( unknown )\n"
        "+ < ok(#1)\n"
        "transcript:6\n"
        "  > s.accept()\n"
        "- < ok(_)\n"
        "+ < err(invalid-state)    # tcp-socket.accept needs listening; #1 is unbound. Try: start-bind\n"
        "transcript:12\n"
        "  > drop(s)\n"
        "- < ok\n"
        '+ < trap "#1 was dropped and may not be used any more"'
    )
    assert report.mended
    updated = report.updated()
    wanted = text.replace("err( unknown )", "ok(_)").replace("< ok(_)\r\n> s.is", "< err(invalid-state)\r\n> s.is")
    assert updated == wanted[:-2] + 'trap "was dropped and may not be used any more"'
    assert report_of(updated).passed


def test_update_writes_what_may_differ_as_blanks() -> None:
    text = "> now()\n< 1\n> s = create-tcp-socket(ipv4)\n< err(_)\n> s.start-bind(net, 127.0.0.1:0)\n< err(_)\n"
    text += "> !retry s.finish-bind()\n> s.local-address()\n< err(_)\n"
    assert report_of(text).updated().splitlines()[1::2] == ["< _", "< ok(_)", "< ok", "> s.local-address()"]
    assert report_of(text).updated().endswith("< ok(127.0.0.1:_)\n")
    strict = report_of(text, strict=True).updated()
    assert strict.endswith("< ok(ipv4({port: _, address: (127, 0, 0, 1)}))\n")
    assert report_of(strict).passed


def test_what_cannot_be_called_is_a_difference_that_update_cannot_mend() -> None:
    report = report_of("> s = create-tcp-socket(ipv4)\n> (a, b, c) = s.accept()\n> b.read(1)\n< _\n")
    assert report.diff() == (
        "transcript:4\n  > b.read(1)\n- < _\n+ # not called: b is not set: s.accept() gave err(invalid-state)"
    )
    assert not report.mended
    assert report.updated() == report.transcript.text


def test_retry_gives_up_after_the_timeout() -> None:
    text = "%timeout 20ms\n" + SETUP.replace("udp", "tcp").partition("> (in")[0]
    text += "> u.start-listen()\n> !retry u.finish-listen()\n> !retry u.accept()\n< ok(_)\n"
    report = report_of(text)
    assert [mismatch.got for mismatch in report.mismatches] == ["err(would-block)"]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("#3 was dropped", 'trap "was dropped"'),
        ("#3 may not: #4 (input-stream), #5 (output-stream)", 'trap "may not"'),
        ("#3", "trap"),
        ('said "no"', 'trap "said \\"no\\""'),
    ],
)
def test_traps_are_written_without_handles(message: str, text: str) -> None:
    assert trap_text(Trapped(message)) == text


def _saved(make: Callable[[Session], None], *, strict: bool = False) -> str:
    session = Session(keep=None)
    try:
        make(session)
        return transcript_text(session.history, session.host.world, strict=strict)
    finally:
        session.host.close()


def _conversation(session: Session) -> None:
    """A session as a person would have it: without names for handles, too early, over several lines."""
    session.make_network("fenced", ["all", "deny:tcp-connect"])

    def do(text: str) -> None:
        for call in session.prepare(text):
            session.run(call)

    do("create-tcp-socket(ipv4)")
    do("tcp1.start-bind(\n  net, // the usual\n  127.0.0.1:0)")
    do("tcp1.finish-bind()\ntcp1.start-listen()\ntcp1.finish-listen(); a = tcp1.local-address()")
    do("tcp1.accept()")
    do("c = create-tcp-socket(ipv4); c.start-connect(net, a)")
    for name in ("c", "tcp1"):
        session.host.wait(session.variables[name].value, 60)
    # What the prompt itself does takes handles, too.
    session.host.drop(session.host.call("subscribe-duration", 5))
    do("c.finish-connect(); tcp1.accept()")
    do('tx1.blocking-write-and-flush("hello \\xff")')
    session.host.wait(session.variables["rx2"].value, 60)
    do("rx2.read(100)")
    do("now(); p = c.subscribe(); p.block(); drop(p); drop(c)")
    do('#2.is-listening(); resolve-addresses(net, "127.0.0.1"); lookup1.resolve-next-address()')
    do("c.start-connect(fenced, a); tx1.write([1])")


@pytest.mark.parametrize("strict", [False, True])
def test_what_was_saved_replays(strict: bool) -> None:
    text = _saved(_conversation, strict=strict)
    for _ in range(3):
        report = report_of(text)
        assert report.passed, f"{text}\n{report.diff()}"
    assert "tcp1 = create-tcp-socket(ipv4)" in text
    assert "> tcp1.start-bind(net, 127.0.0.1:0)\n" in text
    assert "> !retry (rx1, tx1) = c.finish-connect()\n< ok((_, _))" in text
    assert "> tcp1.is-listening()\n< true" in text
    assert ("port: _" in text) is strict


def test_one_changed_expectation_is_found_and_mended() -> None:
    text = _saved(_conversation)
    changed = text.replace("> tcp1.is-listening()\n< true", "> tcp1.is-listening()\n< false")
    assert changed != text
    report = report_of(changed)
    assert [(m.expected, m.got) for m in report.mismatches] == [("false", "true")]
    assert report.updated() == text
