"""Entered text: calls, outcomes, errors, pipes."""

from __future__ import annotations

import json

import pytest

from tests.repl.support import Fed, fed
from tests.support import lines_of
from wasinet.repl.highlight import pieces
from wasinet.repl.repl import needs_more


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("create-tcp-socket(", True),
        ("create-tcp-socket(\n ipv4", True),
        ("create-tcp-socket(ipv4)", False),
        ("poll([p,", True),
        ("poll([p]", True),
        ("s.start-bind(net, ipv4({port: 80,", True),
        ('resolve-addresses(net, "(")', False),
        ("s.", False),
        ("s.accept() | cat (", False),
        (".help (", False),
        ("help (", False),
        ("# a comment (", False),
        (")", False),
        ("", False),
    ],
)
def test_more_lines_until_brackets_close(text: str, more: bool) -> None:
    assert needs_more(text) is more


def test_outcomes_tell_what_changed(enter: Fed) -> None:
    assert enter("create-tcp-socket(ipv4)") == ["ok(#1)  tcp1 is a tcp-socket, unbound"]
    assert enter("s = create-tcp-socket(ipv4)") == ["ok(#2)  s is a tcp-socket, unbound"]
    assert enter("s.start-bind(net, 127.0.0.1:0)") == ["ok  s: unbound → bind-in-progress"]
    assert enter("drop(s)") == ["ok  s is gone"]
    assert enter("f = tcp1.address-family()") == ["ipv4  f set"]


def test_errors_explain_themselves_and_offer_help(enter: Fed) -> None:
    enter("s = create-tcp-socket(ipv4)")
    (line,) = enter("s.start-listen()")
    assert line.startswith("err(invalid-state)  ")
    assert "Try: s.start-bind" in line
    enter("s.start-bind(net, 127.0.0.1:0)", "s.finish-bind()", "s.start-listen()", "s.finish-listen()")
    (line,) = enter("s.accept()")
    assert line == "err(would-block)  nothing is there yet. Try: .wait s"
    assert enter.repl.code == 1


def test_traps_say_the_rule(enter: Fed) -> None:
    (line,) = enter("poll([])")
    assert line.startswith("trap  poll needs at least one pollable")
    assert line.endswith("(rule: poll.poll)")
    assert enter.repl.code == 3


def test_mistakes_have_a_caret(enter: Fed) -> None:
    lines = enter("create-tcp-socket(ipv5)")
    assert lines[:2] == ["  create-tcp-socket(ipv5)", "                    ^"]
    assert enter.repl.code == 2


def test_a_crash_does_not_end_the_session(enter: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wasinet.repl.views.tree", lambda repl, text: 1 // 0)
    (line,) = enter(".tree")
    assert (
        line == "internal error: ZeroDivisionError: integer division or modulo by zero; run with --debug to see where"
    )
    assert enter(".handles") == ["no live handles"]
    with fed(debug=True) as debugged:
        assert "Traceback (most recent call last):" in debugged(".tree")


def test_pipes(enter: Fed) -> None:
    enter("s = create-tcp-socket(ipv4)")
    assert enter("s.address-family() | tr a-z A-Z") == ["IPV4"]
    assert enter(".handles | wc -l")[0].strip() == "2"
    assert enter("s.address-family() | exit 3") == ["exit ended with exit code 3"]
    assert enter("s.address-family() |") == ["a shell command is missing behind |; e.g. s.local-address() | cat"]
    assert enter("| cat") == ["a call is missing before |; e.g. s.local-address() | cat"]
    # What is piped has no colours, and afterwards all is as before.
    with fed(color=True) as coloured:
        coloured("s = create-tcp-socket(ipv4)")
        assert coloured("s.address-family() | cat") == ["ipv4"]
        assert coloured("s.address-family()") == ["\x1b[32mipv4\x1b[0m"]


def test_ctrl_c_ends_a_blocking_call_only(enter: Fed, interrupt: object) -> None:
    enter("p = subscribe-duration(60s)")
    assert callable(interrupt)
    interrupt()
    assert enter("poll([p])") == ["interrupted"]
    assert enter("p.ready()") == ["false"]


def test_ctrl_c_ends_a_wait(enter: Fed, interrupt: object) -> None:
    enter("p = subscribe-duration(60s)")
    assert callable(interrupt)
    interrupt()
    assert enter(".wait p") == ["interrupted"]


def test_json_is_one_event_a_call(enter: Fed) -> None:
    enter(".format json")
    (line,) = enter("s = create-tcp-socket(ipv4)")
    event = json.loads(line)
    assert (event["event"], event["function"], event["assigned"]) == ("call", "create-tcp-socket", ["s"])


def test_highlighting_keeps_the_text() -> None:
    text = 's = create-tcp-socket(ipv4) # c\ns.start-bind(net, [::1]:80); x("a\\"b", #3, """x\ny""", 5ms)'
    found = pieces(text)
    assert "".join(piece for _, piece in found) == text
    assert ("function", "create-tcp-socket") in found
    assert ("address", "[::1]:80") in found
    assert ("handle", "#3") in found
    assert pieces(".help x")[0] == ("command", ".help")


def test_records_are_tables(enter: Fed) -> None:
    enter(
        "u = create-udp-socket(ipv4)",
        "u.start-bind(net, 127.0.0.1:0)",
        "u.finish-bind()",
        "a = u.local-address()",
        "(rx, tx) = u.stream(none)",
        "tx.check-send()",
        'tx.send([{data: "one", remote-address: a}])',
        ".wait rx",
    )
    said = enter("rx.receive(5)")
    assert said[0].startswith("ok")
    assert said[1].split() == ["data", "remote-address"]
    assert said[2].split()[:2] == ["0", '"one"']
    enter(".format wave", "tx.check-send()", 'tx.send([{data: "two", remote-address: a}])', ".wait rx")
    assert enter("rx.receive(5)")[0].startswith("ok([{")


@pytest.mark.parametrize("text", ["create-udp-socket(ipv4)", "s = create-udp-socket(ipv4); drop(s)", ".drop nobody"])
def test_a_line_costs_the_same_beside_many_handles(enter: Fed, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enter.repl.session.host, "handles", lambda: pytest.fail("all handles were asked about"))
    costs = []
    for count in (10, 90):
        enter(*["create-udp-socket(ipv4)"] * count, text)
        costs.append(lines_of(lambda: enter(text)))
    assert costs[0] == costs[1]
    assert enter("udp1.start-bind(net, 127.0.0.1:0)") == ["ok  udp1: unbound → bind-in-progress"]


def test_tables_follow_what_other_calls_change(enter: Fed) -> None:
    """A stream that sees its connection end moves the socket."""
    enter(
        "l = create-tcp-socket(ipv4); l.start-bind(net, 127.0.0.1:0); l.finish-bind(); l.start-listen()",
        "l.finish-listen(); a = l.local-address(); c = create-tcp-socket(ipv4); c.start-connect(net, a)",
        ".wait c",
        "(ci, co) = c.finish-connect()",
        ".wait l",
        "(s, si, so) = l.accept(); c.shutdown(send)",
        "drop(so); drop(si); drop(s)",
    )
    (line,) = enter("ci.blocking-read(1)")
    assert "c: connected → closed" in line
