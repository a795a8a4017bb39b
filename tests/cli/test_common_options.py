"""Common options: before and after the command, and below them the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import run
from wasinet.cli.lazy import root
from wasinet.cli.settings import Settings


def parsed(monkeypatch: pytest.MonkeyPatch, *arguments: str, **env: str) -> Settings:
    """The settings that a command is invoked with."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    seen = Settings()
    monkeypatch.setattr("wasinet.cli.wit.write_line", lambda stream, text: None)
    monkeypatch.setattr("wasinet.cli.wit.write_json", lambda stream, text: None)
    command = root()
    with command.make_context("wasinet", list(arguments), obj=seen) as ctx:
        command.invoke(ctx)
    return seen


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = parsed(monkeypatch, "wit")
    expected = Settings()
    expected.command = "wit"
    assert vars(settings) == vars(expected)


_GIVEN = [
    "--json",
    "--trace",
    "--trace-file",
    "f",
    "--trace-summary",
    "--trace-data",
    "5",
    "-q",
    "-v",
    "--color",
    "never",
]


# Not between an option and its value.
@pytest.mark.parametrize("before", [0, 1, 2, 4, 5, 7, 8, 9, 11])
def test_before_and_after(monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    settings = parsed(monkeypatch, *_GIVEN[:before], "wit", *_GIVEN[before:])
    assert (settings.json, settings.trace, settings.trace_file, settings.trace_summary) == (True, True, "f", True)
    assert (settings.trace_data, settings.quiet, settings.verbose, settings.color) == (5, True, True, "never")


def test_the_later_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parsed(monkeypatch, "--trace", "--trace-data", "1", "wit", "--trace-data", "2").trace_data == 2


def test_environment_lies_below_options(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"WASINET_TRACE_DATA": "9", "WASINET_COLOR": "always", "WASINET_JSON": "yes"}
    settings = parsed(monkeypatch, "--trace", "--trace-data", "7", "wit", **variables)
    assert (settings.trace_data, settings.color, settings.json) == (7, "always", True)
    assert parsed(monkeypatch, "wit", "--color", "never", WASINET_COLOR="always").color == "never"
    assert parsed(monkeypatch, "wit", WASINET_JSON="0").json is False


def test_in_a_group_too() -> None:
    for arguments in (
        ["--json", "tcp", "connect", "127.0.0.1:1"],
        ["tcp", "--json", "connect", "127.0.0.1:1"],
        ["tcp", "connect", "--json", "127.0.0.1:1"],
        ["tcp", "connect", "127.0.0.1:1", "--json"],
    ):
        done = run(*arguments)
        assert done.returncode == 1
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert events[-1]["event"] == "error"
        assert events[-1]["code"] == "connection-refused"


def test_verbose_gives_the_reason() -> None:
    short, long = run("tcp", "connect", "127.0.0.1:1"), run("tcp", "connect", "127.0.0.1:1", "-v")
    first = "wasinet: tcp connect 127.0.0.1:1: connection-refused"
    assert short.stderr.splitlines()[0] == first
    assert short.stderr.splitlines()[1].startswith("  Check host and port")
    assert f"{first}: Connection refused (tcp-socket.finish-connect)" in long.stderr.splitlines()


def test_trace_file(tmp_path: Path) -> None:
    file = tmp_path / "trace.ndjson"
    done = run("tcp", "connect", "127.0.0.1:1", "--trace-file", str(file))
    assert done.returncode == 1
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert {tuple(record) for record in records} == {
        (
            "time",
            "duration",
            "host",
            "interface",
            "function",
            "arguments",
            "outcome",
            "handle",
            "before",
            "after",
            "reason",
        )
    }
    (connect,) = (record for record in records if record["function"] == "tcp-socket.start-connect")
    assert connect["interface"] == "tcp"
    assert connect["arguments"]["remote-address"] == "127.0.0.1:1"
    assert connect["arguments"]["network"]["type"] == "network"
    assert (connect["outcome"], connect["before"], connect["after"]) == ({"ok": None}, "unbound", "connect-in-progress")


def test_trace_on_stdout_is_alone_there() -> None:
    done = run("tcp", "connect", "127.0.0.1:1", "--trace-file", "-", "--json")
    assert done.stdout
    assert all("function" in json.loads(line) for line in done.stdout.splitlines())
    assert '"event": "error"' in done.stderr
    done = run("wit", "--trace-file", "-")
    assert done.stdout == ""
    assert "interface poll" in done.stderr


def test_trace_lines_and_summary() -> None:
    done = run("tcp", "connect", "127.0.0.1:1", "--trace", "--trace-summary")
    assert " tcp-socket.start-connect(#" in done.stderr
    assert ", 127.0.0.1:1) → ok" in done.stderr
    assert "unbound → connect-in-progress" in done.stderr
    assert "err(connection-refused)" in done.stderr
    lines = done.stderr.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("function "))
    assert lines[head].split() == ["function", "calls", "errors", "total", "mean"]
    assert lines[-3].startswith("total ")
    assert lines[-2].startswith("wasinet: ")


def test_color() -> None:
    def colored(*arguments: str, **env: str) -> bool:
        return "\x1b[" in run("explain", "listening", *arguments, env=env).stdout

    assert not colored()
    assert colored("--color", "always")
    assert colored(FORCE_COLOR="1")
    assert colored(FORCE_COLOR="1", NO_COLOR="1")
    assert not colored("--color", "never", FORCE_COLOR="1")
    assert colored("--color", "always", NO_COLOR="1", TERM="dumb")
    assert colored(WASINET_COLOR="always")
    assert not colored("--color", "never", WASINET_COLOR="always")
