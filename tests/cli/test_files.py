"""``-`` as the name of a file: standard output or input, for everything that takes a file, or one line that says no."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.command import run
from wasinet.cli.commands import COMMANDS, Group
from wasinet.cli.lazy import leaf

CALL = "s = create-udp-socket(ipv4)"
TRANSCRIPT = f"%world 0.2\n> {CALL}\n< ok(_)\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a file named ``-`` would be left behind."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "given", "begins"),
    [
        (["trace", "view", "-", "--html", "-"], "TRACE", "<!DOCTYPE html>"),
        (["trace", "view", "-", "--json"], "TRACE", '{"handle": 1, "type": "udp-socket", "born": '),
        (["trace", "summary", "-"], "TRACE", "function "),
        (["replay", "-", "--junit", "-"], TRANSCRIPT, "<?xml "),
        (["diff", "-", "--hosts", "native,native", "--junit", "-"], TRANSCRIPT, "<?xml "),
        (["call", "-"], CALL, "ok(#1)"),
        (["call", CALL, "--trace-file", "-"], "", '{"time": '),
    ],
)
def test_it_is_a_standard_stream(folder: Path, arguments: list[str], given: str, begins: str) -> None:
    if given == "TRACE":
        given = run("call", CALL, "--trace-file", "-").stdout
    done = run(*arguments, stdin=None, input=given)
    assert (done.returncode, done.stdout[: len(begins)]) == (0, begins), done.stderr
    assert os.listdir(folder) == []


def test_a_timeline_as_json() -> None:
    """A line for each handle, with its states and calls."""
    trace = run("call", f"{CALL}; s.start-bind(net, 127.0.0.1:0); drop(s)", "--trace-file", "-").stdout
    first, second = map(json.loads, run("trace", "view", "--json", "-", stdin=None, input=trace).stdout.splitlines())
    assert [state["state"] for state in first["states"]] == ["unbound", "bind-in-progress"]
    assert [call["function"] for call in first["calls"]][-1] == "drop udp-socket"
    assert (second["type"], second["gone"]) == ("network", None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "-"], "wasinet: run: a component is read from a file: standard input is the guest's"),
        (["replay", "-", "--update"], "wasinet: replay: --update: standard input cannot be written; name a file"),
        (["trace", "view", "-", "--html", ""], "wasinet: trace view: --html: the name of the file is empty; e.g. "),
        (
            ["tcp", "listen", ":0", "--json", "--output", "-"],
            "wasinet: tcp listen: --output -: standard output has the events of --json; name a file",
        ),
    ],
)
def test_where_that_cannot_be(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


def test_every_option_that_takes_a_file_knows_it() -> None:
    """By its parser, which also refuses an empty name."""
    entries = [
        (name, inner, one)
        for name, entry in COMMANDS.items()
        for inner, one in (entry.commands.items() if isinstance(entry, Group) else [(name, entry)])
    ]
    without = [
        f"{name} {param.opts}"
        for name, inner, entry in entries
        for param in leaf(inner, entry).params
        if param.param_type_name == "option" and "FILE" in str(param.metavar) and not hasattr(param.type, "func")
    ]
    assert without == []


def test_the_port_on_standard_output() -> None:
    done = run("udp", "recv", "127.0.0.1:0", "--port-file", "-", "--timeout", "1s")
    assert done.returncode == 124
    assert done.stderr.startswith(f"listening on 127.0.0.1:{done.stdout}")


def test_bytes_that_are_no_text() -> None:
    """Arguments may be any bytes; JSON is valid Unicode all the same."""
    done = run("resolve", "--json", os.fsdecode(b"bad\xff.test"))
    assert json.loads(done.stdout)["name"] == "bad\N{REPLACEMENT CHARACTER}.test"
