"""What completion offers, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repl.support import Fed, fed
from wasinet.repl.completion import Candidate, candidates, current_call

BIND = ("s = create-tcp-socket(ipv4)", "s.start-bind(net, 127.0.0.1:0)", "s.finish-bind()")


def offered(enter: Fed, text: str) -> list[Candidate]:
    return candidates(enter.repl, text, len(text))


def words(enter: Fed, text: str) -> list[str]:
    return [candidate.text for candidate in offered(enter, text)]


@pytest.mark.parametrize(
    ("calls", "state", "first", "illegal"),
    [
        (BIND[:1], "unbound", {"start-bind(", "start-connect("}, "accept()"),
        (BIND, "bound", {"start-connect(", "start-listen()"}, "start-bind("),
        ((*BIND, "s.start-listen()", "s.finish-listen()"), "listening", {"accept()"}, "start-connect("),
    ],
)
def test_legal_functions_come_first(
    enter: Fed, calls: tuple[str, ...], state: str, first: set[str], illegal: str
) -> None:
    enter(*calls)
    assert enter.repl.session.host.state(1) == state
    found = offered(enter, "s.")
    legal = [candidate.legal for candidate in found]
    assert legal == sorted(legal, reverse=True)
    assert {candidate.text for candidate in found[: len(first)]} == first
    refused = next(candidate for candidate in found if candidate.text == illegal)
    assert not refused.legal
    assert refused.help.startswith("needs ")
    # Nothing is hidden.
    assert len(found) == len(enter.repl.session.names.methods["tcp-socket"])


def test_arguments(enter: Fed) -> None:
    enter(BIND[0], "p = s.subscribe()", "u = create-udp-socket(ipv4)")
    assert words(enter, "create-tcp-socket(") == ["ipv4", "ipv6"]
    assert words(enter, "create-tcp-socket(ipv6") == ["ipv6"]
    assert words(enter, "s.start-bind(") == ["net"]
    assert words(enter, "poll([") == ["p"]
    assert words(enter, "drop(") == ["u", "p", "s"]
    assert words(enter, "s.set-keep-alive-enabled(") == ["true", "false"]
    assert {"none", "some("} <= set(words(enter, "u.stream("))


def test_beginnings_and_strings(enter: Fed) -> None:
    enter(BIND[0])
    assert {"create-tcp-socket(", "s.", "drop("} <= set(words(enter, ""))
    assert words(enter, "create-u") == ["create-udp-socket("]
    assert words(enter, "x = create-u") == ["create-udp-socket("]
    assert words(enter, 'resolve-addresses(net, "cre') == []
    assert words(enter, "s.local-address() | cre") == []


def test_dot_commands(enter: Fed, tmp_path: Path) -> None:
    enter(BIND[0], "p = s.subscribe()")
    assert words(enter, ".ha") == [".handles"]
    assert words(enter, "\\sa") == ["\\save "]
    assert words(enter, ".trace ") == ["on", "off"]
    assert words(enter, ".format w") == ["wave"]
    assert words(enter, ".world d") == ["draft"]
    assert words(enter, ".states ") == ["s"]
    assert words(enter, ".wait ") == ["p", "s"]
    assert "start-bind" in words(enter, ".explain start-b")
    (tmp_path / "one.wasinet").touch()
    assert words(enter, f".load {tmp_path}/o") == [f"{tmp_path}/one.wasinet"]
    found = offered(enter, ".watch 1s s.is-l")
    assert [(candidate.text, candidate.start) for candidate in found] == [("is-listening()", 12)]
    assert words(enter, ".nonsense ") == []


def test_the_draft_has_both_ways_to_call() -> None:
    with fed(world="draft") as enter:
        enter("s = create-tcp-socket(ipv4)")
        assert words(enter, "s.b")[0] == "bind("
        assert "bind(" in words(enter, "tcp.b")
        assert {"s"} <= set(words(enter, "tcp.bind("))


def test_the_call_under_the_cursor(enter: Fed) -> None:
    enter(BIND[0])
    text = "s.start-bind(net, "
    function, argument = current_call(enter.repl, text, len(text))
    assert function is not None
    assert (function.name, argument) == ("tcp-socket.start-bind", 1)
    assert current_call(enter.repl, ".help", 5) == (None, -1)
    assert current_call(enter.repl, "", 0) == (None, -1)


def test_any_text_is_completed_without_an_exception(enter: Fed) -> None:
    enter(*BIND)
    for text in (
        "(",
        "(a, ",
        "s..",
        "#",
        "#1.",
        "#99.",
        "s.accept(",
        "poll([p",
        '"',
        ". ",
        ".",
        "\\",
        "x = ",
        "|",
        ")",
    ):
        for position in range(len(text) + 1):
            candidates(enter.repl, text, position)
            current_call(enter.repl, text, position)
    assert "start-listen()" in words(enter, "#1.")
