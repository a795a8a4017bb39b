"""Events as lines for people."""

from __future__ import annotations

import pytest

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
        (Event("novel", data=b"a"), "novel data=1 byte"),
        (Event("probe", target="a:1", number=1, ok=False, code="timeout", reason="x"), "a:1: timeout"),
        (
            Event("summary", target="a:1", sent=2, lost=2, min=None, median=None, max=None),
            "a:1: 2 tried, 2 lost",
        ),
        (
            Event("summary", target="a:1", sent=2, lost=1, min=0.001, median=0.001, max=0.002),
            "a:1: 2 tried, 1 lost, min 1 ms, median 1 ms, max 2 ms",
        ),
        # Without a template, or without its fields.
        (
            Event("novel", handle=HandleRef(3, "x"), ok=True, none=None, data=b"ab", some=[1, "b"], map={"a": 1.5}),
            "novel handle=#3 ok=yes data=2 bytes some=1, b map=a=1.5",
        ),
        (Event("listening", nothing="x"), "listening nothing=x"),
        (Event("novel", text="a\x1b[31m\nb"), "novel text=a\\x1b[31m\\nb"),
    ],
)
def test_lines(event: Event, line: str) -> None:
    assert event_line(event, PLAIN) == line


def test_who_sees_what() -> None:
    assert is_shown(Event("listening"), verbose=False)
    assert is_shown(Event("novel"), verbose=False)
    assert not is_shown(Event("connecting"), verbose=False)
    assert is_shown(Event("connecting"), verbose=True)
    assert not is_shown(Event("data"), verbose=True)


def test_colors() -> None:
    line = event_line(Event("listening", address="127.0.0.1:80"), Painter(True))
    assert line == "listening on \x1b[94m127.0.0.1:80\x1b[0m"


def test_braces_in_fields_are_no_templates() -> None:
    assert event_line(Event("listening", address="{peer}"), PLAIN) == "listening on {peer}"


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_needs_all_of_an_event(name: str) -> None:
    assert event_line(Event(name), PLAIN) == name
