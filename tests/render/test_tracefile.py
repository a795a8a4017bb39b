"""Trace files: what is read back, and what it comes to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.render.golden import check
from tests.support import accept, address_of, connect, listening, read_exactly, write
from wasinet.hosts.native import NativeHost
from wasinet.render.jsontext import record_json
from wasinet.render.theme import Painter
from wasinet.render.timeline import letters_of, timeline_text
from wasinet.render.tracefile import Call, TraceError, handles_of, read_trace
from wasinet.render.tracepage import trace_page
from wasinet.render.tracetables import counts_of, times_of

RECORD: dict[str, Any] = {
    "time": 0.0,
    "duration": 0.001,
    "host": "native",
    "interface": "tcp",
    "function": "tcp-socket.subscribe",
    "arguments": {},
    "outcome": {"value": {"handle": 9, "type": "pollable"}},
    "handle": 3,
    "before": "unbound",
    "after": "unbound",
    "reason": "",
}


def line(**changes: Any) -> str:
    return json.dumps({**RECORD, **changes})


def calls(*changes: dict[str, Any]) -> list[Call]:
    return list(read_trace(line(**change).encode() for change in changes))


@pytest.fixture
def recorded(make_host: Callable[..., NativeHost]) -> list[Call]:
    """A connection on which ten bytes go out and come in; the listener leaks."""
    host = make_host()
    lines: list[bytes] = []
    host.attach(lambda record: lines.append(json.dumps(record_json(record)).encode()))
    listener = listening(host)
    here = connect(host, address_of(host, listener))
    there = accept(host, listener)
    write(host, here.tx, b"0123456789")
    assert read_exactly(host, there.rx, 10) == b"0123456789"
    for handle in (here.rx, here.tx, here.socket, there.rx, there.tx, there.socket):
        host.drop(handle)
    return list(read_trace(lines))


def test_handles(recorded: list[Call]) -> None:
    handles = handles_of(recorded)
    found = {handle.type: handle for handle in handles if handle.gone is not None}
    leaked = [handle for handle in handles if handle.gone is None]
    assert {handle.type for handle in leaked} <= {"tcp-socket", "network"}
    (listener,) = (handle for handle in leaked if handle.type == "tcp-socket")
    assert [state for _, state in listener.states] == [
        "unbound", "bind-in-progress", "bound", "listen-in-progress", "listening",
    ]  # fmt: skip
    assert sum(handle.sent for handle in handles) == 10
    assert sum(handle.received for handle in handles) == 10
    assert found["tcp-socket"].state in ("connected", "closed")
    assert all(handle.born <= handle.gone for handle in found.values() if handle.gone is not None)


def test_counts_and_times(recorded: list[Call]) -> None:
    counts = {one.function: one for one in counts_of(recorded)}
    assert counts["tcp-socket.accept"].calls >= 1
    assert sum(one.calls for one in counts.values()) == len(recorded)
    assert all(one.p50 <= one.p99 <= one.total for one in counts.values())
    times = times_of(recorded)
    assert times.whole == pytest.approx(times.blocked + times.working + times.outside, abs=1e-4)


def test_quantiles_and_errors() -> None:
    (one,) = counts_of(
        calls(*({"duration": n / 100} for n in range(100, 0, -1)))
        + calls({"outcome": {"err": "would-block"}, "duration": 0}, {"outcome": {"err": "unknown"}, "duration": 0})
    )
    assert (one.calls, one.errors, one.p50, one.p99) == (102, 1, 0.49, 0.99)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ({"ok": None}, "ok"),
        ({"value": 5}, "ok"),
        (None, "ok"),
        ({"err": "would-block"}, "again"),
        ({"err": "again"}, "again"),
        ({"err": "unknown"}, "error"),
        ({"err": {"last-operation-failed": {"handle": 3, "type": "error"}}}, "error"),
        ({"trap": "no"}, "trap"),
        ({"interrupted": True}, "interrupted"),
    ],
)
def test_kinds(outcome: Any, kind: str) -> None:
    (call,) = calls({"outcome": outcome})
    assert call.kind == kind


@pytest.mark.parametrize(
    ("changes", "received", "sent"),
    [
        ({"function": "input-stream.read", "outcome": {"ok": {"base64": "YWJj"}}}, 3, 0),
        ({"function": "input-stream.skip", "outcome": {"ok": 7}}, 7, 0),
        ({"function": "input-stream.read", "outcome": {"err": "closed"}}, 0, 0),
        (
            {"function": "output-stream.write", "arguments": {"contents": {"base64": "YWJj"}}, "outcome": {"ok": None}},
            0,
            3,
        ),
        ({"function": "output-stream.write-zeroes", "arguments": {"len": 9}, "outcome": {"ok": None}}, 0, 9),
        ({"function": "output-stream.splice", "arguments": {"len": 9}, "outcome": {"ok": 4}}, 0, 4),
        ({"function": "output-stream.check-write", "outcome": {"ok": 4096}}, 0, 0),
        (
            {"function": "incoming-datagram-stream.receive", "outcome": {"ok": [{"data": {"base64": "YWJj"}}] * 2}},
            6,
            0,
        ),
        (
            {
                "function": "outgoing-datagram-stream.send",
                "arguments": {"datagrams": [{"data": {"base64": "YWJj"}}] * 3},
                "outcome": {"ok": 2},
            },
            0,
            6,
        ),
    ],
)
def test_bytes(changes: dict[str, Any], received: int, sent: int) -> None:
    (handle,) = handles_of(calls(changes))
    assert (handle.received, handle.sent) == (received, sent)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes"),
        ("[]", "no record: a record is an object"),
        ("{}", "no record: it has no field 'time'"),
        (line(time="now"), "no record: 'time' is \"now\", not seconds"),
        (line(handle="#3"), "no record: 'handle' is \"#3\", not a number or null"),
    ],
)
def test_what_is_no_record(text: str, message: str) -> None:
    with pytest.raises(TraceError, match=f"^{message.replace('#', chr(92) + '#')}$") as caught:
        list(read_trace([line().encode(), b"", text.encode()]))
    assert caught.value.line == 3


# Pictures

PLAYED = (
    {"time": 0.0, "function": "create-tcp-socket", "handle": None, "before": "", "after": "",
     "outcome": {"ok": {"handle": 1, "type": "tcp-socket"}}},
    {"time": 0.01, "duration": 0.02, "function": "tcp-socket.start-bind", "handle": 1, "before": "unbound",
     "after": "bind-in-progress", "outcome": {"ok": None}},
    {"time": 0.05, "function": "tcp-socket.finish-bind", "handle": 1, "before": "bind-in-progress", "after": "unbound",
     "outcome": {"err": "address-in-use"}, "reason": "<in use> & taken"},
    {"time": 0.06, "function": "tcp-socket.subscribe", "handle": 1, "before": "unbound", "after": "unbound",
     "outcome": {"value": {"handle": 2, "type": "pollable"}}},
    {"time": 0.09, "function": "drop tcp-socket", "interface": "", "handle": 1, "before": "unbound", "after": "",
     "outcome": {"value": None}},
)  # fmt: skip


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("color", [True, False], ids=["color", "mono"])
def test_timeline(width: int, color: bool) -> None:
    played = calls(*PLAYED)
    text = timeline_text(played, handles_of(played), Painter(color), width)
    if not color:
        assert max(map(len, text.splitlines())) <= width
    check(f"timeline-{'color' if color else 'mono'}-{width}", text)


def test_no_calls() -> None:
    assert timeline_text([], [], Painter(False), 80) == "no calls"
    assert "0 calls" in trace_page([], [], "empty")


def test_every_state_has_a_letter_of_its_own(recorded: list[Call]) -> None:
    letters = letters_of(handles_of(recorded))
    assert len(set(letters.values())) == len(letters)


def test_the_page_needs_nothing_and_escapes_all() -> None:
    played = calls(*PLAYED)
    page = trace_page(played, handles_of(played), "<title>")
    assert "http" not in page
    assert "&lt;title&gt;" in page
    assert "&lt;in use&gt; &amp; taken" in page
    assert "<in use>" not in page


@pytest.mark.slow
def test_the_page_in_a_browser(recorded: list[Call], tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium on PATH")
    page = tmp_path / "page.html"
    handles = handles_of(recorded)
    page.write_text(trace_page(recorded, handles, "a trace"), encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--virtual-time-budget=2000", "--dump-dom", page.as_uri()],
        capture_output=True,
        encoding="utf-8",
        timeout=250,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    dom = done.stdout
    assert 'data-drawn="yes"' in dom
    for handle in handles:
        assert f"#{handle.number} {handle.type}</text>" in dom
    assert dom.count('class="call ') == len(recorded)
    # The script has laid them out: whoever runs no script sees nothing of the calls.
    assert dom.count(" width=") > len(recorded)
    assert "connect-in-progress → connected" in dom
    assert "tcp-socket.start-connect(network: " in dom
