"""Completions in the real shells: what TAB inserts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.shells import SHELLS
from tools.generate import ROOT, SHARE
from tools.program import ADDRESS, WORDS, Program
from wasinet.cli import completion
from wasinet.render.explanations import known_names
from wasinet.wit import load

SCRIPTS = {shell: ROOT / SHARE / path for shell, path in completion.SHELLS.items()}


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A shell in a folder with a few files, the completions loaded."""
    folder = tmp_path_factory.mktemp(request.param)
    for name in ("one.wasinet", "two.wasinet", "guest.wasm", "guest.wat", "policy.toml", "other.txt", "a b.wasinet"):
        (folder / name).touch()
    (folder / "inner").mkdir()
    (folder / "inner" / "three.wasinet").touch()
    made = SHELLS[request.param](SCRIPTS[request.param], folder)
    yield made
    made.close()


def test_every_command(shell: Any, facts: Program) -> None:
    for path in facts.paths():
        children = facts.children(path)
        if children:
            line = " ".join(("wasinet", *path, ""))
            assert sorted(shell.complete(line)[len(path) :]) == sorted(children)


def test_every_option_of_every_command(shell: Any, facts: Program) -> None:
    for command in facts.commands:
        wanted = {
            spelling
            for option in (*command.options, *facts.common)
            for spelling in (*option.options, *option.off)
            if spelling.startswith("--")
        }
        line = f"wasinet {command.name} --"
        found = shell.complete(line)[len(command.path) :]
        assert {word.rstrip("=") for word in found} == wanted, command.name


def test_short_options(shell: Any) -> None:
    found = shell.complete("wasinet tcp listen -")[2:]
    assert {"-k", "-4", "-6", "-q", "-v", "-h"} <= set(found)


def test_the_words_of_every_option(shell: Any, facts: Program) -> None:
    tried = 0
    for command in facts.commands:
        for option in (*command.options, *facts.common[:3]):
            if option.value is not None and option.value.kind == WORDS:
                line = f"wasinet {command.name} {option.options[-1]} "
                assert sorted(shell.complete(line)[len(command.path) + 1 :]) == sorted(option.value.words)
                tried += 1
        for argument in command.arguments[:1]:
            if argument.value is not None and argument.value.kind == WORDS:
                found = shell.complete(f"wasinet {command.name} ")[len(command.path) :]
                assert sorted(found) == sorted(argument.value.words)
                tried += 1
    assert tried > len(facts.commands)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("wasinet --world=d", ["--world=draft"]),
        ("wasinet --json --world draft tcp l", ["--json", "--world", "draft", "tcp", "listen"]),
        # The value of an option is no command.
        ("wasinet --trace-file tcp udp r", ["--trace-file", "tcp", "udp", "recv"]),
        ("wasinet poll --all res", ["poll", "--all", "resolve:"]),
        ("wasinet poll timer:1s st", ["poll", "timer:1s", "stdin"]),
        ("wasinet states tcp --format m", ["states", "tcp", "--format", "mermaid"]),
        ("wasinet tcp connect --color nev", ["tcp", "connect", "--color", "never"]),
        ("wasinet replay on", ["replay", "one.wasinet"]),
        ("wasinet replay one.wasinet tw", ["replay", "one.wasinet", "two.wasinet"]),
        ("wasinet replay inner/t", ["replay", "inner/three.wasinet"]),
        ("wasinet tcp connect --output oth", ["tcp", "connect", "--output", "other.txt"]),
        ("wasinet explain tcp-socket.start-l", ["explain", "tcp-socket.start-listen"]),
        ("wasinet explain connect-in", ["explain", "connect-in-progress"]),
        ("wasinet explain address-in-", ["explain", "address-in-use"]),
        ("wasinet --world draft explain tcp.conn", ["--world", "draft", "explain", "tcp.connect"]),
        ("wasinet --world=draft explain tcp.conn", ["--world=draft", "explain", "tcp.connect"]),
        ("wasinet explain --world draft tcp.conn", ["explain", "--world", "draft", "tcp.connect"]),
        ("wasinet config e", ["config", "edit"]),
        ("wasinet man compl", ["man", "completion"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_match_is_inserted(shell: Any, line: str, wanted: list[str]) -> None:
    assert shell.complete(line) == wanted


def test_files_have_the_right_extension(shell: Any) -> None:
    found = {word.rstrip("/") for word in shell.complete("wasinet replay ")[1:]}
    assert found == {"one.wasinet", "two.wasinet", "a b.wasinet", "inner"}


def test_all_names(shell: Any) -> None:
    assert sorted(shell.complete("wasinet explain ")[1:]) == sorted(known_names(load()))


def test_addresses(shell: Any, facts: Program) -> None:
    for command in facts.commands:
        if command.arguments and command.arguments[0].value is not None and command.arguments[0].value.kind == ADDRESS:
            found = shell.complete(f"wasinet {command.name} ")[len(command.path) :]
            assert {"127.0.0.1:", "[::1]:", "localhost:"} <= set(found)
            assert all(re.fullmatch(r"localhost:|[0-9.]+:|\[[0-9a-f:.]+(%\d+)?\]:", word) for word in found)
    assert shell.complete("wasinet tcp listen 127.0.0.1") == ["tcp", "listen", "127.0.0.1:"]
    assert {"127.0.0.1", "::1"} <= set(shell.complete("wasinet resolve --server ")[2:])


_IP = """\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
1: lo    inet6 ::1/128 scope host noprefixroute \\       valid_lft forever preferred_lft forever
7: eth0    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever
7: eth0    inet6 2001:db8::7/64 scope global \\       valid_lft forever preferred_lft forever
7: eth0    inet6 fe80::7/64 scope link \\       valid_lft forever preferred_lft forever
"""
_IFCONFIG = """\
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384
\tinet 127.0.0.1 netmask 0xff000000
\tinet6 ::1 prefixlen 128
\tinet6 fe80::1%lo0 prefixlen 64 scopeid 0x1
eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
        inet 192.0.2.7  netmask 255.255.255.0  broadcast 192.0.2.255
        inet6 2001:db8::7  prefixlen 64  scopeid 0x0<global>
        ether 02:00:5e:00:53:01  txqueuelen 0  (Ethernet)
"""
_LOOPBACK = {"127.0.0.1:", "[::1]:", "localhost:"}
_GLOBAL = {"192.0.2.7:", "[2001:db8::7]:"}


@pytest.mark.parametrize(
    ("programs", "wanted"),
    [
        ({"ip": _IP, "ifconfig": "never asked"}, _LOOPBACK | _GLOBAL | {"[fe80::7%7]:"}),
        ({"ifconfig": _IFCONFIG}, _LOOPBACK | _GLOBAL),
        ({}, _LOOPBACK),
    ],
    ids=["ip", "ifconfig", "neither"],
)
@pytest.mark.parametrize("name", SHELLS)
def test_where_addresses_come_from(tmp_path: Path, name: str, programs: dict[str, str], wanted: set[str]) -> None:
    path = tmp_path / "bin"
    path.mkdir()
    for needed in (name, "cat", "sed"):
        (path / needed).symlink_to(shutil.which(needed) or pytest.skip(f"{needed} is not on PATH"))
    for program, output in programs.items():
        (path / f"{program}.txt").write_text(output, "utf-8")
        (path / program).write_text(f"#!/bin/sh\ncat {path}/{program}.txt\n", "utf-8")
        (path / program).chmod(0o755)
    shell = SHELLS[name](SCRIPTS[name], tmp_path, {"PATH": str(path)})
    try:
        assert set(shell.complete("wasinet tcp listen ")[2:]) == wanted
    finally:
        shell.close()


@pytest.mark.parametrize("line", ["wasinet udp send localhost:1 ", "wasinet tcp connect --count ", "wasinet demo "])
def test_nothing_where_nothing_is_known(shell: Any, line: str) -> None:
    # zsh offers options where there is nothing else.
    found = [word for word in shell.complete(line) if word in line or not word.startswith("-")]
    assert found == line.split()[1:]


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_shells_that_refuse_unset_variables(tmp_path: Path, name: str) -> None:
    shell = SHELLS[name](SCRIPTS[name], tmp_path, setup="set -u; ")
    try:
        assert shell.complete("wasinet explain tcp-socket.start-li") == ["explain", "tcp-socket.start-listen"]
        assert shell.complete("wasinet --world=d") == ["--world=draft"]
        assert "127.0.0.1" in shell.complete("wasinet resolve --server ")
        assert shell.complete("wasinet tcp li") == ["tcp", "listen"]
    finally:
        shell.close()


def test_no_python_is_started() -> None:
    for path in SCRIPTS.values():
        script = path.read_text("utf-8")
        code = "\n".join(line for line in script.splitlines() if not line.lstrip().startswith("#"))
        assert "python" not in code
        assert not re.search(r"\$\(wasinet|`wasinet", code)
