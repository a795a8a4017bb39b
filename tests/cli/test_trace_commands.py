"""``wasinet trace``, and the filters of traces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import run

CALLS = "s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1:0); s.finish-bind(); s.accept(); now()"


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "trace.ndjson"
    run("call", "--keep-going", "--trace-file", str(path), CALLS)
    return str(path)


def test_summary(trace: str) -> None:
    done = run("trace", "summary", trace)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["tcp-socket.accept", "1", "1"] in [line[:3] for line in lines]
    assert [line[-1] for line in lines if line and line[1:2] == ["tcp-socket"]] == ["leaked"]
    assert done.stdout.splitlines()[-1] == "2 handles, 2 never dropped"
    assert max(map(len, done.stdout.splitlines())) <= 120


def test_summary_as_json(trace: str) -> None:
    done = run("trace", "summary", "--json", trace)
    found = json.loads(done.stdout)
    assert found.keys() == {"functions", "handles", "times"}
    assert {one["function"]: one["errors"] for one in found["functions"]}["tcp-socket.accept"] == 1
    assert [one["state"] for one in found["handles"] if one["type"] == "tcp-socket"] == ["bound"]


def test_standard_input(trace: str) -> None:
    with open(trace, "rb") as file:
        assert run("trace", "summary", "-", stdin=file).stdout == run("trace", "summary", trace).stdout


def test_view(trace: str, tmp_path: Path) -> None:
    done = run("trace", "view", trace)
    assert "#1 tcp-socket" in done.stdout
    assert "! a call that failed" in done.stdout
    page = tmp_path / "page.html"
    done = run("trace", "view", trace, "--html", str(page))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "#1 tcp-socket" in page.read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file or directory"),
        ("{}\n", "1: no record: it has no field 'time'"),
        ("x\n", "1: not JSON: Expecting value"),
        ("\xff\n", "1: not UTF-8: invalid start byte"),
    ],
)
@pytest.mark.parametrize("command", ["summary", "view"])
def test_bad_files(command: str, text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "file").write_bytes(text.encode("latin-1"))
    done = run("trace", command, "file", cwd=tmp_path)
    separator = ":" if message[0].isdigit() else ": "
    assert done.stderr == f"wasinet: trace {command}: file{separator}{message}\n"
    assert (done.returncode, done.stdout) == (2, "")


def test_a_page_that_cannot_be_written(trace: str) -> None:
    done = run("trace", "view", trace, "--html", "/nonexistent/page.html")
    assert done.stderr == "wasinet: trace view: write /nonexistent/page.html: No such file or directory\n"
    assert done.returncode == 1


def functions(*options: str) -> list[str]:
    done = run("call", "--keep-going", "--trace-file", "-", *options, CALLS)
    return [json.loads(line)["function"] for line in done.stdout.splitlines()]


def test_filters() -> None:
    assert "now" in functions()
    assert functions("--trace-only", "clocks") == ["now"]
    assert functions("--trace-only", "tcp, clocks", "--trace-errors") == ["tcp-socket.accept"]
    assert functions("--trace-errors") == ["tcp-socket.accept"]


def test_filters_hold_for_lines_and_summaries() -> None:
    done = run("call", "--keep-going", "--trace", "--trace-summary", "--trace-only", "clocks", CALLS)
    assert "start-bind" not in done.stderr.replace("s.start-bind", "")
    assert "now()" in done.stderr
    assert done.stderr.splitlines()[-1].split()[:2] == ["total", "1"]


def test_no_such_group() -> None:
    done = run("call", "--trace-only", "tpc", "now()")
    assert done.stderr == (
        "wasinet: call: --trace-only: 'tpc' is no group of calls; "
        "choose tcp, udp, resolve, poll, streams, clocks, network, random, files, cli\n"
    )
    assert done.returncode == 2
