"""Calls on Wasmtime from the command line: what ends a wait, what a trap says, and what is traced."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.cli.support import Lab

pytest.importorskip("wasmtime", reason="the package wasmtime is not installed")

WAITS = {
    "block": "p = subscribe-duration(1000s); p.block()",
    "poll": "p = subscribe-duration(1000s); poll([p])",
    "blocking-read": "; ".join((
        "l = create-tcp-socket(ipv4)", "l.start-bind(net, 127.0.0.1:0)", "l.finish-bind()", "l.start-listen()",
        "l.finish-listen()", "a = l.local-address()", "c = create-tcp-socket(ipv4)", "c.start-connect(net, a)",
        "p = c.subscribe()", "p.block()", "(rx, tx) = c.finish-connect()", "rx.blocking-read(1)",
    )),
}  # fmt: skip


@pytest.mark.parametrize("name", WAITS)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_a_wait(lab: Lab, tmp_path: Path, name: str, number: int, code: int) -> None:
    us = lab.wasinet("call", "--host", "wasmtime", WAITS[name])
    for _ in range(WAITS[name].count(";")):
        us.line()
    us.signal(number)
    assert us.ends(code)[1] == ""


def test_the_timeout_ends_a_wait() -> None:
    done = run("call", "--host", "wasmtime", "--timeout", "1s", WAITS["block"])
    assert (done.returncode, done.stderr) == (124, "wasinet: call: timed out after 1s\n")
    # A busy machine may need the time to begin.
    assert done.stdout in ("", "#1\n")


def test_a_trap() -> None:
    done = run("call", "--host", "wasmtime", "s = create-tcp-socket(ipv4); p = s.subscribe(); drop(s)")
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("wasinet: call: trap: resource has children; Wasmtime ended the instance")


def test_few_descriptors() -> None:
    """Where Wasmtime cannot open what it needs, it would abort the process."""
    done = run("call", "--host", "wasmtime", "create-tcp-socket(ipv4)", prefix=["prlimit", "--nofile=5:5"])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "wasinet: call: the host wasmtime needs 3 more file descriptors; the limit is 5 (ulimit -n)\n"
    )


def test_what_is_missing() -> None:
    calls = "\n".join([*WAITS["blocking-read"].split("; ")[:-1], "c.network-error-code()"])
    assert run("call", "--host", "wasmtime", calls).returncode == 2
    done = run("call", "--host", "wasmtime", "network-error-code(#1)")
    assert done.returncode == 3
    assert done.stderr.startswith("wasinet: call: trap: network-error-code is not there: Wasmtime 47.")
    assert len(done.stderr.splitlines()) == 1


def test_a_trace_names_the_host(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    done = run("call", "--host", "wasmtime", "--trace-file", str(file), "s = create-tcp-socket(ipv4); drop(s)")
    assert done.returncode == 0
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [(record["host"], record["function"]) for record in records] == [
        ("wasmtime", "create-tcp-socket"),
        ("wasmtime", "drop tcp-socket"),
    ]
    assert records[1]["before"] == "unbound"


def test_no_networks_with_rules(tmp_path: Path) -> None:
    (tmp_path / "t.wasinet").write_text("%world 0.2\n%network fenced all\n> now()\n", encoding="utf-8")
    done = run("replay", "--host", "wasmtime", str(tmp_path / "t.wasinet"))
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("wasinet: replay: the host wasmtime has no networks with rules, so fenced cannot be made")
