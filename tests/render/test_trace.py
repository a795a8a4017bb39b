"""Trace lines, trace files and summaries."""

from __future__ import annotations

import json
import re

import pytest

from tests.render.golden import check
from tests.render.records import RECORDS, record
from wasinet.engine.records import CallRecord
from wasinet.hosts.native import NativeHost
from wasinet.render.jsontext import record_json
from wasinet.render.summary import Summary
from wasinet.render.table import Table, table_text
from wasinet.render.theme import Painter
from wasinet.render.trace import TraceFile, TraceLines, record_line
from wasinet.wave.human import HumanPrinter
from wasinet.wit.values import Ok


def lines(*, color: bool = False, limit: int = 64, width: int | None = None) -> str:
    written: list[str] = []
    reader = TraceLines(written.append, Painter(color), limit, width)
    for each in RECORDS:
        reader(each)
    reader.finish()
    return "\n".join(written)


def test_one_line_each_in_a_pipe() -> None:
    assert len(lines().splitlines()) == len(RECORDS)
    check("trace-plain", lines())


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal(width: int) -> None:
    colored = lines(color=True, limit=16, width=width)
    check(f"trace-color-{width}", colored)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    assert plain == lines(limit=16, width=width)
    assert max(map(len, plain.splitlines())) <= width


def test_without_times() -> None:
    line = record_line(RECORDS[1], Painter(False), HumanPrinter(64), timed=False)
    assert line == "#3 tcp-socket.start-bind(#1, 127.0.0.1:80) → ok  unbound → bind-in-progress"


def test_file() -> None:
    written: list[str] = []
    closed: list[bool] = []
    reader = TraceFile(written.append, lambda: closed.append(True))
    for each in RECORDS:
        reader(each)
    reader.finish()
    assert closed == [True]
    assert all("\n" not in line for line in written)
    check("trace-file", "\n".join(written))


def test_json_fields() -> None:
    assert record_json(RECORDS[1]) == {
        "time": 0.001234,
        "duration": 0.000012,
        "host": "native",
        "interface": "tcp",
        "function": "tcp-socket.start-bind",
        "arguments": {"network": {"handle": 1, "type": "network"}, "local-address": "127.0.0.1:80"},
        "outcome": {"ok": None},
        "handle": 3,
        "before": "unbound",
        "after": "bind-in-progress",
        "reason": "",
    }
    assert record_json(RECORDS[3])["outcome"] == {"err": "connection-refused"}
    assert record_json(RECORDS[3])["reason"] == "Connection refused"
    assert record_json(RECORDS[6])["outcome"] == {"trap": "80 bytes, but the permit is 5"}
    assert record_json(RECORDS[8])["outcome"] == {"value": [1]}


def test_every_call_of_a_real_session_is_shown() -> None:
    host = NativeHost()
    seen: list[CallRecord] = []
    host.attach(seen.append)
    host.call("instance-network")
    socket = host.call("create-tcp-socket", "ipv6").value
    host.call("tcp-socket.set-hop-limit", socket, 9)
    pollable = host.call("tcp-socket.subscribe", socket)
    host.call("poll", [pollable])
    host.drop(pollable)
    host.close()
    assert len(seen) == 6
    for each in seen:
        assert record_line(each, Painter(True), HumanPrinter(64))
        assert json.loads(json.dumps(record_json(each)))["function"] == each.function.name


def summary(*records: CallRecord) -> Table:
    shown: list[Table] = []
    reader = Summary(shown.append)
    for each in records:
        reader(each)
    reader.finish()
    (table,) = shown
    return table


@pytest.mark.parametrize("drawn", [True, False], ids=["drawn", "plain"])
def test_summary(drawn: bool) -> None:
    table = summary(*RECORDS)
    check(f"summary-{'drawn' if drawn else 'plain'}", table_text(table, drawn=drawn, color=drawn, width=80))


def test_summary_of_nothing_and_means() -> None:
    assert [getattr(cell, "text", cell) for cell in summary().rows[0]] == ["total", "0", "0", "0 µs", ""]
    calls = [record("now", outcome=Ok(1), duration=seconds) for seconds in (0.001, 0.003)]
    assert [getattr(cell, "text", cell) for cell in summary(*calls).rows[0]] == ["now", "2", "0", "4 ms", "2 ms"]
