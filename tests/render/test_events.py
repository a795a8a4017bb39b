"""Events as lines for people."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from wasinet import cli, programs
from wasinet.programs.events import Event, HandleRef
from wasinet.render.events import TEMPLATES, event_line, is_shown
from wasinet.render.theme import Painter

PLAIN = Painter(False)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Event("listening", address="127.0.0.1:80", handle=HandleRef(3, "tcp-socket")), "listening on 127.0.0.1:80"),
        (Event("connected", peer="[::1]:80", local="[::1]:9"), "connected to [::1]:80 from [::1]:9"),
        (
            Event("closed", peer="127.0.0.1:80", received=5, sent=7, seconds=0.25),
            "closed 127.0.0.1:80: 5 bytes received, 7 sent, 250 ms",
        ),
        (Event("closed", peer="127.0.0.1:80"), "closed 127.0.0.1:80"),
        (Event("received", peer="a:1", bytes=1), "1 byte from a:1"),
        (Event("received", peer="a:1", bytes=0), "0 bytes from a:1"),
        (Event("all-received", datagrams=1, received=1, seconds=2), "received 1 datagram, 1 byte, in 2.00 s"),
        (
            Event("all-sent", datagrams=2, sent=1, peer="a:1", seconds=2),
            "sent 2 datagrams, 1 byte, to a:1 in 2.00 s",
        ),
        (Event("probe", target="a:1", number=1, ok=False, code="timeout", reason="x"), "a:1: timeout"),
        (
            Event("summary", target="a:1", sent=2, lost=2, min=None, median=None, max=None),
            "a:1: 2 tried, 2 lost",
        ),
        (
            Event("summary", target="a:1", sent=2, lost=1, min=0.001, median=0.001, max=0.002),
            "a:1: 2 tried, 1 lost, min 1 ms, median 1 ms, max 2 ms",
        ),
        # An address that the host does not know, and no address at all.
        (Event("accepted", peer=None, local="[::1]:9"), "connection from unknown to [::1]:9"),
        (Event("closed", peer="", received=5, sent=7, seconds=2), "closed unknown: 5 bytes received, 7 sent, 2.00 s"),
        (Event("failed", peer=None, code="idle", reason=""), "unknown: idle"),
        (Event("listening"), "listening on unknown"),
        (Event("failed", peer="a", code="x", reason="a\x1b[31m\nb"), "a: x: a\\x1b[31m\\nb"),
    ],
)
def test_lines(event: Event, line: str) -> None:
    assert event_line(event, PLAIN) == line


def test_who_sees_what() -> None:
    assert is_shown(Event("listening"), verbose=False)
    assert not is_shown(Event("progress"), verbose=True)
    assert not is_shown(Event("connecting"), verbose=False)
    assert is_shown(Event("connecting"), verbose=True)
    assert not is_shown(Event("data"), verbose=True)


def test_colors() -> None:
    line = event_line(Event("listening", address="127.0.0.1:80"), Painter(True))
    assert line == "listening on \x1b[94m127.0.0.1:80\x1b[0m"


def test_braces_in_fields_are_no_templates() -> None:
    assert event_line(Event("listening", address="{peer}"), PLAIN) == "listening on {peer}"


@pytest.mark.parametrize("name", [name for name, template in TEMPLATES.items() if template.texts])
def test_no_event_is_shown_as_its_fields(name: str) -> None:
    line = event_line(Event(name, novel="x"), PLAIN)
    assert "unknown" in line
    assert "novel" not in line
    assert name not in line.split("=")


def test_every_event_of_a_program_has_a_template() -> None:
    made = set()
    for path in (*Path(programs.__file__).parent.glob("*.py"), *Path(cli.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
                "Event",
                "describe",
            ):
                made |= {argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant)}
    assert made == set(TEMPLATES)
