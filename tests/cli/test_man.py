"""``man`` on a terminal, where a pager has it."""

from __future__ import annotations

from typing import Any

import pexpect
import pytest

from tests.cli.command import CLEAN, COMMAND, run
from tests.support import SECONDS


def at_terminal(*arguments: str, **env: str) -> tuple[str, int]:
    """What a terminal shows, and the exit code."""
    shown: Any = pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], *arguments],
        env=CLEAN | {"TERM": "xterm", "MANPAGER": "", "PAGER": ""} | env,
        encoding="utf-8",
        dimensions=(40, 72),
        timeout=SECONDS,
    )
    text = shown.read()
    shown.close()
    return text.replace("\r\n", "\n"), shown.exitstatus


@pytest.mark.parametrize("env", [{"PAGER": "sed s/^/paged:/"}, {"MANPAGER": "sed s/^/paged:/", "PAGER": "false"}])
def test_a_pager_gets_the_page(env: dict[str, str]) -> None:
    text, code = at_terminal("man", "states", "--color", "never", **env)
    assert code == 0
    plain = run("man", "states", env={"COLUMNS": "72"}).stdout
    assert text == "".join(f"paged:{line}\n" for line in plain.splitlines())


def test_a_pager_that_leaves_early() -> None:
    text, code = at_terminal("man", PAGER="head -n1")
    assert (text, code) == ("WASINET(1)\n", 0)


def test_without_a_pager_the_page_is_printed() -> None:
    text, code = at_terminal("man", "wave", PAGER="no-such-pager")
    assert code == 0
    assert text.startswith("WASINET-WAVE(7)\n\n\x1b[1mNAME\x1b[0m\n")


def test_an_interrupt_is_the_pagers() -> None:
    shown: Any = pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], "man", "wave"],
        env=CLEAN
        | {"TERM": "xterm", "MANPAGER": "sh -c 'trap \"echo caught; exit 0\" INT; echo up; read x </dev/tty'"},
        encoding="utf-8",
        timeout=SECONDS,
    )
    shown.expect_exact("up\r\n")
    shown.sendintr()
    shown.expect_exact("caught\r\n")
    shown.expect(pexpect.EOF)
    shown.close()
    assert shown.exitstatus == 0


def test_in_a_pipe_no_pager_is_started() -> None:
    assert run("man", env={"PAGER": "false"}).stdout.startswith("WASINET(1)\n")


def test_a_shell_without_completions() -> None:
    done = run("completion", "tcsh")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "wasinet: completion: 'tcsh' is no shell that has completions; choose bash, zsh, fish\n"
