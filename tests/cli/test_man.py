"""``man`` and ``completion``: they find what is shipped, and on a terminal a pager has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pexpect
import pytest

import wasinet
from tests.cli.command import CLEAN, COMMAND, run
from tests.support import SECONDS
from wasinet.cli.completion import SHELLS
from wasinet.cli.man import find_page
from wasinet.cli.values import BadValue

SHARE = Path(wasinet.__file__).parent / "share"


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


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ((), "wasinet.1"),
        (("wasinet",), "wasinet.1"),
        (("wasinet.1",), "wasinet.1"),
        (("tcp", "listen"), "wasinet-tcp-listen.1"),
        (("tcp-listen",), "wasinet-tcp-listen.1"),
        (("wasinet-tcp-listen",), "wasinet-tcp-listen.1"),
        (("tcp",), "wasinet-tcp.1"),
        (("states",), "wasinet-states.1"),
        (("states.7",), "wasinet-states.7"),
        (("transcript",), "wasinet-transcript.5"),
        # A command and a group of the same name have it first.
        (("trace",), "wasinet-trace.1"),
        (("trace.5",), "wasinet-trace.5"),
        (("wave",), "wasinet-wave.7"),
    ],
)
def test_finding_a_page(words: tuple[str, ...], name: str) -> None:
    assert find_page(words).name == name


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        (("tcp", "lisen"), "'tcp lisen'; did you mean tcp-listen?"),
        (("wasinet-wav",), "'wasinet-wav'; did you mean wave?"),
        (("wave.5",), "'wave.5'; did you mean wave?"),
        (("nonsense",), "'nonsense'; see wasinet man"),
        (("../secret",), "'../secret'; see wasinet man"),
    ],
)
def test_a_page_that_is_not_there(words: tuple[str, ...], way_out: str) -> None:
    with pytest.raises(BadValue, match=re.escape(f"there is no page for {way_out}")):
        find_page(words)


def test_man_of_nothing() -> None:
    done = run("man", "tcp", "lisen")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "wasinet: man: there is no page for 'tcp lisen'; did you mean tcp-listen?\n"


def test_man_prints_the_page() -> None:
    done = run("man", "tcp", "listen", env={"COLUMNS": "70", "PATH": ""})
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "WASINET-TCP-LISTEN(1)"
    # Examples stay as they are.
    assert max(map(len, lines[: lines.index("EXAMPLES")])) <= 70
    assert re.search(r"^ +-k, --keep-open$", done.stdout, re.MULTILINE)
    assert "wasinet tcp listen [option ...] ADDRESS" in done.stdout
    colored = run("man", "tcp", "listen", "--color", "always", env={"COLUMNS": "70"}).stdout
    assert "\x1b[36m--keep-open\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == done.stdout


def test_man_prints_the_source() -> None:
    assert run("man", "--mdoc", "wave").stdout == (SHARE / "man/man7/wasinet-wave.7").read_text("utf-8")


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_prints_the_script(shell: str) -> None:
    assert run("completion", shell).stdout == (SHARE / SHELLS[shell]).read_text("utf-8")


def test_a_shell_without_completions() -> None:
    done = run("completion", "tcsh")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "wasinet: completion: 'tcsh' is no shell that has completions; choose bash, zsh, fish\n"


def test_each_command_of_a_group_has_a_line_of_the_synopsis() -> None:
    lines = run("man", "tcp").stdout.splitlines()
    at = lines.index("SYNOPSIS")
    assert [line.split()[:3] for line in lines[at + 1 : at + 3]] == [
        ["wasinet", "tcp", "connect"],
        ["wasinet", "tcp", "listen"],
    ]
