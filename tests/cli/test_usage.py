"""Usage errors: exit code 2, and one line that says what was wrong and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import run
from wasinet.cli.commands import COMMANDS
from wasinet.cli.config import read_config
from wasinet.cli.lazy import root
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.hosts import HostError
from wasinet.wit import WORLD_NAMES


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nonsense"], "wasinet: there is no option --nonsense; see wasinet --help"),
        (["--jsn"], "wasinet: there is no option --jsn; did you mean --json?"),
        (["tpc"], "wasinet: there is no command 'tpc'; did you mean tcp?"),
        (["connect", "a:1"], "wasinet: there is no command 'connect'; did you mean tcp connect?"),
        (["zzz"], f"wasinet: there is no command 'zzz'; there is {', '.join(COMMANDS)}"),
        (["tcp"], "wasinet: tcp: which command? connect or listen"),
        (["tcp", "lisen"], "wasinet: tcp: there is no command 'lisen'; did you mean listen?"),
        (["states"], "wasinet: states: tcp|udp is missing; usage: wasinet states [OPTIONS] tcp|udp"),
        (["states", "ip"], "wasinet: states: 'ip' has no state machine; choose tcp or udp"),
        (
            ["states", "tcp", "--format", "png"],
            "wasinet: states: --format: 'png' is no format; choose table, mermaid, dot, json",
        ),
        (["wit", "extra"], "wasinet: wit: unexpected 'extra'; usage: wasinet wit [OPTIONS]"),
        (["--timeout"], "wasinet: --timeout needs a value: --timeout DURATION"),
        (["wit", "--timeout"], "wasinet: wit: --timeout needs a value: --timeout DURATION"),
        (["--timeout", "5x", "wit"], "wasinet: --timeout: '5x' is no duration; e.g. 5s, 250ms"),
        (["wit", "--timeout", "5x"], "wasinet: wit: --timeout: '5x' is no duration; e.g. 5s, 250ms"),
        (["wit", "--world", "9"], f"wasinet: wit: --world: '9' is no world; choose {', '.join(WORLD_NAMES)}"),
        (["--host", "x", "wit"], "wasinet: --host: 'x' is no host; choose native, wasmtime"),
        (
            ["--host", "wasmtime", "--world", "draft", "tcp", "listen", ":0"],
            "wasinet: tcp listen: the host wasmtime has the world 0.2, not draft",
        ),
        (
            ["--host", "wasmtime", "--world", "draft", "call", "s = create-tcp-socket(ipv4)"],
            "wasinet: call: the host wasmtime has the world 0.2, not draft",
        ),
        (
            ["--host", "wasmtime", "--world", "draft", "repl"],
            "wasinet: repl: the host wasmtime has the world 0.2, not draft",
        ),
        (["--color", "red", "wit"], "wasinet: --color: 'red' is no colour choice; choose auto, always, never"),
        (["--trace-data", "x", "wit"], "wasinet: --trace-data: 'x' is no number; e.g. 0, 10, 1000"),
        (
            ["--trace-file", "", "wit"],
            "wasinet: --trace-file: the name of the file is empty; e.g. trace.ndjson, or - for standard output",
        ),
        (["tcp", "connect", "localhost"], "wasinet: tcp connect: 'localhost' has no port; e.g. localhost:80"),
        (
            ["tcp", "connect", "::1:80"],
            "wasinet: tcp connect: '::1:80' needs brackets around the IPv6 address: [::1]:80",
        ),
        (
            ["tcp", "connect", "127.0.0.1:1", "--trace-file", "/nonexistent/trace"],
            "wasinet: tcp connect: --trace-file: '/nonexistent/trace' cannot be written: No such file or directory",
        ),
        (
            ["explain", "conection-refused"],
            "wasinet: explain: 'conection-refused' is no function, error code or state of 0.2; "
            "did you mean connection-refused, connection-reset, connection-aborted?",
        ),
        (["states", "tcp", "--json=1"], "wasinet: states: '--json' does not take a value"),
    ],
)
def test_usage_error(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.stderr == message + "\n"
    assert (done.stdout, done.returncode) == ("", 2)


def test_environment_is_checked_too() -> None:
    done = run("wit", env={"WASINET_WORLD": "9"})
    assert done.stderr == f"wasinet: WASINET_WORLD: '9' is no world; choose {', '.join(WORLD_NAMES)}\n"
    assert done.returncode == 2
    done = run("wit", env={"WASINET_JSON": "maybe"})
    assert done.stderr == "wasinet: WASINET_JSON: 'maybe' is neither yes nor no; e.g. 1, 0\n"
    assert done.returncode == 2


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 0
    assert done.stderr == ""
    for name in (
        "tcp connect",
        "tcp listen",
        "udp send",
        "udp recv",
        "resolve",
        "poll",
        "states",
        "explain",
        "wit",
        "demo",
    ):
        assert f"\n  {name} " in done.stdout
    assert "--trace-summary" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [["tcp", "-h"], ["wit", "-h"], ["tcp", "connect", "--help"]])
def test_help_of_commands(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: wasinet {' '.join(arguments[:-1])} [OPTIONS]")
    assert "Common options:" in done.stdout


@pytest.mark.parametrize(
    ("env", "config", "message"),
    [
        ({"WASINET_WORLD": "draft"}, "", "wasinet: fuzz: WASINET_WORLD: this command speaks 0.2, not draft"),
        ({}, 'world = "draft"', "wasinet: fuzz: PATH:1: world: this command speaks 0.2, not draft"),
        ({"WASINET_WORLD": "0.2"}, 'world = "draft"', ""),
    ],
)
def test_the_source_of_a_value_is_named(
    env: dict[str, str], config: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wasinet" / "config.toml"
    path.parent.mkdir()
    path.write_text(config)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    read_config(settings)
    with root().make_context("wasinet", ["fuzz", "--calls", "0"], obj=settings) as ctx:
        try:
            ctx.command.invoke(ctx)
        except (BadValue, HostError) as error:
            said = "" if "world" not in str(error) else f"wasinet: fuzz: {settings.blamed(str(error))}"
            assert said == message.replace("PATH", str(path))
        else:
            assert not message
