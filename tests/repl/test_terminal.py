"""The REPL in a real terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import CLEAN, COMMAND

pexpect = pytest.importorskip("pexpect", reason="pexpect is not installed")

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78])")
PROMPT = "wasinet> "
# Bracketed paste is on while a line is edited.
_BEGUN, _ACCEPTED = "\x1b[?2004h", "\x1b[?2004l"
Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts ``wasinet`` in a terminal of its own."""
    children = []

    def make(*arguments: str, columns: int = 80, **environment: str) -> Any:
        # Nobody here answers where the cursor is, and each prompt would wait a second for that.
        env = {**CLEAN, "TERM": "xterm-256color", "XDG_STATE_HOME": str(tmp_path), "PROMPT_TOOLKIT_NO_CPR": "1"}
        env |= environment
        command = [*COMMAND, *arguments]
        child = pexpect.spawn(command[0], command[1:], env=env, dimensions=(40, columns), encoding="utf-8", timeout=60)
        child.delaybeforesend = 0.05
        children.append(child)
        ready(child)
        return child

    yield make
    for child in children:
        child.close(force=True)


def ready(child: Any) -> None:
    """Wait for a new prompt: what is typed before the terminal is in its hands would be lost."""
    child.expect_exact(_BEGUN)
    child.expect_exact(PROMPT)


def enter(child: Any, text: str, expected: str) -> None:
    child.send(text + "\r")
    # Not in the menu or the suggestion, but behind the line.
    child.expect_exact(_ACCEPTED)
    child.expect(expected)
    ready(child)


def leave(child: Any) -> str:
    child.sendcontrol("d")
    child.expect(pexpect.EOF)
    child.wait()
    return _ESCAPES.sub("", child.before)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("plain", [False, True])
def test_completion_states_and_an_orderly_end(start: Start, columns: int, plain: bool) -> None:
    child = start(columns=columns, **({"NO_COLOR": "1"} if plain else {}))
    enter(child, "s = create-tcp-socket(ipv4)", "unbound")
    child.send("s.")
    # The menu: what is legal while unbound comes first.
    child.expect("start-bind")
    child.sendcontrol("u")
    enter(child, "s.start-bind(net, 127.0.0.1:0)", "bind-in-progress")
    enter(child, ".states s", r"\[bind-in-progress\]" if plain else r"\x1b\[[0-9;]*7mbind-in-progress")
    text = leave(child)
    assert "closed s (tcp-socket)" in text
    assert child.exitstatus == 0


def test_history_across_sessions(start: Start, tmp_path: Path) -> None:
    child = start()
    enter(child, "s = create-udp-socket(ipv6)", "unbound")
    leave(child)
    assert "+s = create-udp-socket(ipv6)" in (tmp_path / "wasinet" / "history").read_text()
    assert (tmp_path / "wasinet" / "history").stat().st_mode & 0o077 == 0
    child = start("repl", "--vi")
    # In vi's way: to the line before.
    child.send("\x1b")
    child.expect(pexpect.TIMEOUT, timeout=0.7)
    enter(child, "k", "udp-socket")
    leave(child)


def test_multi_line(start: Start) -> None:
    child = start()
    child.send("create-tcp-socket(\r")
    child.expect_exact("...")
    enter(child, "ipv4)", "tcp1.* is a")
    leave(child)


@pytest.mark.parametrize("blocking", ["poll([p])", ".wait p"])
def test_ctrl_c_in_a_blocking_call(start: Start, blocking: str) -> None:
    child = start()
    enter(child, "p = subscribe-duration(60s)", "pollable")
    child.send(f"{blocking}\r")
    child.expect_exact(_ACCEPTED)
    child.expect(pexpect.TIMEOUT, timeout=0.5)
    child.sendcontrol("c")
    child.expect("interrupted")
    ready(child)
    enter(child, "p.ready()", "false")
    # And of a line.
    child.send("half a li")
    child.sendcontrol("c")
    ready(child)
    assert "closed p (pollable)" in leave(child)


def test_pasted_lines_run_like_entered_ones_and_keep_their_tabs(start: Start) -> None:
    child = start()
    child.send("\x1b[200~.time on\rs = create-tcp-socket(ipv4)\r\ts.address-family()\r.world\x1b[201~")
    child.expect(r"(?:\.\.\. .*){3}world")
    shown = child.after
    child.send("\r")
    child.expect_exact(_ACCEPTED)
    child.expect(r"unbound.*ipv4.*there is")
    ready(child)
    assert "^I" not in shown
    leave(child)


def test_ctrl_z_stops_the_job_and_fg_brings_the_line_back(tmp_path: Path) -> None:
    """Under a shell with job control; without one the system ignores the key."""
    env = {**CLEAN, "TERM": "xterm-256color", "XDG_STATE_HOME": str(tmp_path), "PROMPT_TOOLKIT_NO_CPR": "1"}
    shell = pexpect.spawn(
        "bash", ["--norc", "--noprofile", "-i"], env=env | {"PS1": "$> "}, encoding="utf-8", timeout=15
    )
    try:
        shell.expect_exact("$> ")
        shell.sendline(" ".join(COMMAND))
        ready(shell)
        shell.send("create-udp-socket(ipv")
        shell.sendcontrol("z")
        shell.expect_exact("Stopped")
        shell.expect_exact("$> ")
        shell.sendline("stty -a")
        shell.expect_exact("$> ")
        assert " icanon " in shell.before
        assert " echo " in shell.before
        shell.sendline("fg")
        shell.expect_exact(_BEGUN)
        enter(shell, "6)", "unbound")
        shell.sendcontrol("\\")
        shell.expect_exact("Quit")
        shell.expect_exact("$> ")
    finally:
        shell.close(force=True)
