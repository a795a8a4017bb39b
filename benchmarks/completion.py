"""How long TAB takes in real shells, beside the 50 ms in which an answer seems immediate.

Each shell runs at a pseudo terminal; the time goes from writing the TAB to reading what it inserts. The first
TAB of a shell also loads the script.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pexpect

from benchmarks.measure import Row, at_most

__all__ = ["run"]

_COMPLETIONS = Path(__file__).resolve().parent.parent / "completions"
_BUDGET = 0.05
_ROUNDS = 15
_FRESH = 5
_QUIET = 0.03
_READY = "the shell is ready"
# What is typed, and what TAB adds to it.
_CASES = {
    "a command": ("wasinet comple", "tion"),
    "an option": ("wasinet tcp connect --no-half-c", "lose"),
    "a value": ("wasinet states tcp --format merm", "aid"),
    "a function": ("wasinet explain tcp-socket.start-lis", "ten"),
    "an address": ("wasinet tcp listen localh", "ost:"),
    "a file": ("wasinet replay only-o", "ne.wasinet"),
}


def _bash(script: Path) -> tuple[list[str], str]:
    # As bash-completion does, which loads the file at the first TAB and completes again.
    load = f"_load() {{ source {shlex.quote(str(script))}; _wasinet; }}; complete -F _load wasinet"
    return ["bash", "--norc", "--noprofile", "-i"], f"bind 'set enable-bracketed-paste off'; PS1=; {load}"


def _zsh(script: Path) -> tuple[list[str], str]:
    load = f"fpath=({shlex.quote(str(script.parent))} $fpath); autoload -Uz compinit; compinit -u -D"
    return ["zsh", "-f", "-i"], f"unsetopt zle_bracketed_paste; bindkey -e; PS1=; {load}"


def _fish(script: Path) -> tuple[list[str], str]:
    quiet = "set -g fish_autosuggestion_enabled 0; function fish_prompt; end"
    return ["fish", "--no-config", "-i"], f"{quiet}; set -p fish_complete_path {shlex.quote(str(script.parent))}"


_SHELLS: dict[str, tuple[Callable[[Path], tuple[list[str], str]], str]] = {
    "bash": (_bash, "wasinet.bash"),
    "zsh": (_zsh, "_wasinet"),
    "fish": (_fish, "wasinet.fish"),
}


def run() -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "only-one.wasinet").touch()
        # fish completes only commands that are there.
        program = Path(folder, "bin", "wasinet")
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n", encoding="ascii")
        program.chmod(0o755)
        for shell in _SHELLS:
            if shutil.which(shell) is None:
                rows.append(Row("completion", f"{shell}: not on PATH", "", "", None, at_most(1.0)))
                continue
            first, warm = _measure(shell, folder)
            rows.append(_row(f"{shell}: the first TAB", first))
            rows += (_row(f"{shell}: {what}", seconds) for what, seconds in warm.items())
    return rows


def _row(what: str, seconds: float) -> Row:
    return Row(
        "completion", what, f"{seconds * 1e3:.1f} ms", f"{_BUDGET * 1e3:.0f} ms", seconds / _BUDGET, at_most(1.0)
    )


def _measure(shell: str, folder: str) -> tuple[float, dict[str, float]]:
    """Seconds of the first TAB, and of later ones by what they complete; medians."""
    first, warm = [], {}
    for index in range(_FRESH):
        terminal = _start(shell, folder)
        first.append(_tab(terminal, *_CASES["an option"]))
        if index == _FRESH - 1:
            for what, case in _CASES.items():
                warm[what] = median(_tab(terminal, *case) for _ in range(_ROUNDS))
        terminal.close(force=True)
    return median(first), warm


def _start(shell: str, folder: str) -> Any:
    start, name = _SHELLS[shell]
    command, setup = start(_COMPLETIONS / name)
    terminal: Any = pexpect.spawn(
        command[0],
        command[1:],
        cwd=folder,
        env={
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "HOME": folder,
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
        },
        encoding="utf-8",
        dimensions=(50, 2000),
        timeout=20,
    )
    terminal.delaybeforesend = None
    terminal.sendline(f"{setup}; echo {_READY[:3]}''{_READY[3:]}")
    terminal.expect_exact(f"{_READY}\r\n")
    return terminal


def _tab(terminal: Any, typed: str, added: str) -> float:
    terminal.send(typed)
    # The echo, which colours and cursor movements may interrupt.
    terminal.expect(_spread(typed[-6:]))
    _until_quiet(terminal)
    start = perf_counter()
    terminal.send("\t")
    terminal.expect(_spread(added))
    seconds = perf_counter() - start
    # Away with the line, and wait until that is done.
    terminal.send("\x15echo fi''nished\r")
    terminal.expect_exact("finished\r\n")
    return seconds


def _until_quiet(terminal: Any) -> None:
    """Read what is still painted: the last letters may come more than once."""
    try:
        while True:
            terminal.read_nonblocking(4096, timeout=_QUIET)
    except pexpect.TIMEOUT:
        pass


def _spread(text: str) -> str:
    return r"(?:\x1b\[[0-9;?]*[A-Za-z]|\x1b\([A-Z])*".join(map(re.escape, text))
