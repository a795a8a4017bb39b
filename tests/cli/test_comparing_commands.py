"""``wasinet diff``, ``conform`` and ``fuzz`` as a shell sees them."""

from __future__ import annotations

import json
import xml.etree.ElementTree
from pathlib import Path

import pytest

from tests.cli.command import run

SAME = "> s = create-tcp-socket(ipv4)\n> s.is-listening()\n"
PERMITS = """> u = create-udp-socket(ipv4)
> u.start-bind(net, 127.0.0.1:0)
> !retry u.finish-bind()
> (in, out) = u.stream(none)
> out.check-send()
"""
TWO = "'native' names 1 host, and two are compared; e.g. native,wasmtime"
ONLY = "the host wasmtime has the world 0.2, not draft"
VIOLATES = "> s = create-tcp-socket(ipv4)\n> s.start-connect(net, 127.0.0.1:0)\n> s.hop-limit()\n"

pytestmark = pytest.mark.usefixtures("wasmtime_runtime")


def test_hosts_that_agree(tmp_path: Path) -> None:
    path = tmp_path / "same.wasinet"
    path.write_text(SAME)
    done = run("diff", str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{path}: 2 calls, all alike\n")


def test_an_allowed_difference_is_shown_and_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    path.write_text(PERMITS)
    done = run("diff", str(path))
    assert done.returncode == 0
    head, row = done.stdout.splitlines()
    assert head.split() == ["where", "call", "native", "wasmtime", "verdict", "clause"]
    assert row.startswith(f"{path}:5  out.check-send()  ok(64)  ok(16)    allowed  wasi:sockets/udp ")
    assert done.stderr == f"{path}: 5 calls, 1 differ: 1 allowed\n"


def test_a_violation_is_exit_code_4_with_host_and_clause(tmp_path: Path) -> None:
    path = tmp_path / "bad.wasinet"
    path.write_text(VIOLATES)
    done = run("diff", "-q", "-v", str(path), "--hosts", "wasmtime,native")
    assert (done.returncode, done.stderr) == (4, "")
    assert "s.hop-limit()  ok(64)    err(invalid-state)  violation by wasmtime  TcpSocketOperational" in done.stdout
    assert done.stdout.splitlines()[1].endswith("as usable as before.")


def test_json_and_junit(tmp_path: Path) -> None:
    for name, text in (("a", SAME), ("b", VIOLATES), ("c", "%network x\n")):
        (tmp_path / f"{name}.wasinet").write_text(text)
    report = tmp_path / "report.xml"
    done = run("diff", "--json", "--junit", str(report), str(tmp_path))
    assert done.returncode == 4
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["event"], first["calls"], first["differences"]) == ("compared", 2, [])
    (difference,) = second["differences"]
    assert difference["outcomes"] == ["err(invalid-state)", "ok(64)"]
    assert difference["states"] == ["closed", "closed"]
    assert difference["verdict"]["kind"] == "violation"
    assert difference["verdict"]["host"] == "wasmtime"
    assert difference["verdict"]["known"] == "usable-after-bad-connect"
    assert "no networks with rules" in third["unable"]
    suite = xml.etree.ElementTree.parse(report).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    failure = suite[1].find("failure")
    assert failure is not None
    assert "s.hop-limit(): native err(invalid-state), wasmtime ok(64): TcpSocket" in (failure.text or "")


def test_known_divergences_reproduce() -> None:
    done = run("diff", "--known")
    assert done.returncode == 0, done.stdout
    rows = done.stdout.splitlines()[1:]
    assert rows
    assert all(" reproduces " in row for row in rows)
    assert f" {len(rows)} known divergences, 0 of them stale\n" in done.stderr
    done = run("diff", "--known", "--hosts", "native,native", "--json")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith(": 0 known divergences, 0 of them stale\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["diff"], "diff: nothing to compare; name a script, or --known"),
        (["diff", "FILE", "--hosts", "native"], f"diff: --hosts: {TWO}"),
        (["diff", "FILE", "--hosts", "native,b"], "diff: --hosts: 'b' is no host; there is native, wasmtime"),
        (["diff", "FILE", "--hosts", ""], "diff: --hosts: '' is no host; there is native, wasmtime"),
        (["diff", "FILE", "--world", "draft"], f"diff: {ONLY}"),
        (["diff", "FILE.no"], "diff: FILE.no: cannot be read: No such file or directory"),
        (["conform", "--host", "wasmtime", "--world", "draft"], f"conform: {ONLY}"),
        (["fuzz", "--calls", "many"], "fuzz: --calls: 'many' is no number; e.g. 0, 10, 1000"),
        (["fuzz", "--seed", "9" * 5000], f"fuzz: --seed: '{'9' * 5000}' is no seed; a number from 0 to 4294967295"),
        (["fuzz", "--seed", "-1"], "fuzz: --seed: '-1' is no seed; a number from 0 to 4294967295"),
        (["fuzz", "--world", "draft"], "fuzz: --world: this command speaks 0.2, not draft"),
    ],
)  # fmt: skip
def test_bad_input(tmp_path: Path, arguments: list[str], message: str) -> None:
    path = tmp_path / "a"
    path.write_text("# nothing\n")
    done = run(*(argument.replace("FILE", str(path)) for argument in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"wasinet: {message.replace('FILE', str(path))}\n"


def test_a_malformed_script_ends_it_before_any_call(tmp_path: Path) -> None:
    (tmp_path / "a.wasinet").write_text(SAME)
    (tmp_path / "b.wasinet").write_text("> s.x()\n")
    done = run("diff", "--trace", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"wasinet: diff: {tmp_path}/b.wasinet:1:3: no variable is named s\n> s.x()\n  ^\n"


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.wasinet").write_text(SAME)
    done = run("diff", "-q", "--junit", str(tmp_path / "no" / "x.xml"), str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == f"wasinet: diff: write {tmp_path}/no/x.xml: No such file or directory\n"


def test_traces_have_the_calls_of_both(tmp_path: Path) -> None:
    (tmp_path / "a.wasinet").write_text(SAME)
    done = run("diff", "-q", "--trace-file", "-", str(tmp_path))
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(record["host"], record["function"]) for record in records] == [
        ("native", "create-tcp-socket"),
        ("wasmtime", "create-tcp-socket"),
        ("native", "tcp-socket.is-listening"),
        ("wasmtime", "tcp-socket.is-listening"),
    ]


def test_conform_scores_the_native_host() -> None:
    done = run("conform")
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["interface", "expected", "allowed", "failed", "score"]
    assert rows[-1][0] == "all"
    assert all(row[2:] == ["0", "0", "100.0", "%"] for row in rows[1:])
    assert done.stderr.startswith("native ")
    assert ": 100.0 % of " in done.stderr


def test_conform_shows_what_fails() -> None:
    done = run("conform", "--host", "wasmtime", "--json")
    assert done.returncode == 4
    events = [json.loads(line) for line in done.stdout.splitlines()]
    failures = [event for event in events if event["event"] == "nonconforming"]
    whole = events[-1]
    assert whole["event"] == "conformance"
    assert whole["failed"] == len(failures) > 0
    assert whole["skipped"][0]["file"] == "networks.wasinet"
    assert sum(event["failed"] for event in events if event["event"] == "score") == len(failures)
    text = run("conform", "--host", "wasmtime").stdout
    assert "violation by wasmtime" in text


def test_fuzz_finds_nothing_new() -> None:
    done = run("fuzz", "--calls", "300", "--seed", "6")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("seed 6: 3")
    assert done.stderr.endswith("all differences known or allowed\n")
    event = json.loads(run("fuzz", "--calls", "100", "--json", "--hosts", "native,native").stdout)
    assert (event["event"], event["finding"], event["differences"]) == ("fuzzed", None, {})
    assert event["calls"] >= 100
