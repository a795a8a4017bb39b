"""Real shells that complete: what they insert for a line on which TAB is pressed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.support import SECONDS

__all__ = ["SHELLS", "Bash", "Fish", "Zsh"]

_READY = "completions are loaded"
_DONE = "words are printed"


class _Terminal:
    """A shell at a pseudo terminal: every match is inserted, and then the words of the line are printed."""

    program = ""
    flags: tuple[str, ...] = ()
    load = ""
    insert = ""

    def __init__(
        self, script: Path | None, folder: Path, env: Mapping[str, str] | None = None, setup: str = ""
    ) -> None:
        if shutil.which(self.program) is None:
            pytest.skip(f"{self.program} is not on PATH")
        self._shell: Any = pexpect.spawn(
            self.program,
            list(self.flags),
            env=_environment(folder) | dict(env or {}),
            cwd=str(folder),
            encoding="utf-8",
            dimensions=(50, 4000),
            timeout=SECONDS,
        )
        self._shell.delaybeforesend = None
        source = "" if script is None else f"source {shlex.quote(str(script))}; "
        # Halved, so that the echo of the line is not taken for its output.
        self._shell.sendline(f"PS1=; {setup}{self.load}{source}echo {_halved(_READY)}")
        self._shell.expect_exact(f"{_READY}\r\n")

    def complete(self, line: str) -> list[str]:
        """The words of the line with what was inserted, the command left out."""
        self._shell.send(f"{line}{self.insert}\x01printf '<%s>\\n' \x05; echo {_halved(_DONE)}\r")
        self._shell.expect_exact(f"{_DONE}\r\n")
        words = re.findall(r"^<(.*)>\r?$", self._shell.before, re.MULTILINE)
        assert words[0] == "wasinet"
        return words[1:]

    def close(self) -> None:
        self._shell.close(force=True)


def _halved(text: str) -> str:
    return f"{text[:4]}''{text[4:].replace(' ', chr(92) + ' ')}"


def _environment(folder: Path) -> dict[str, str]:
    # fish keeps its own files somewhere, which are not to be completed.
    home = folder.with_name(f"{folder.name}-home")
    home.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }


class Bash(_Terminal):
    program = "bash"
    flags = ("--norc", "--noprofile", "-i")
    load = "bind 'set enable-bracketed-paste off'; "
    # readline's insert-completions.
    insert = "\x1b*"


class Zsh(_Terminal):
    program = "zsh"
    flags = ("-f", "-i")
    load = (
        "unsetopt zle_bracketed_paste; bindkey -e; autoload -Uz compinit; compinit -u -D; "
        "zstyle ':completion:*' completer _all_matches _complete; zstyle ':completion:*' insert true; "
        "zstyle ':completion:*' old-matches false; bindkey '^I' complete-word; "
    )
    insert = "\t"


class Fish:
    """fish completes without a terminal, too."""

    def __init__(
        self, script: Path | None, folder: Path, env: Mapping[str, str] | None = None, setup: str = ""
    ) -> None:
        if shutil.which("fish") is None:
            pytest.skip("fish is not on PATH")
        self._script, self._folder, self._env = script, folder, dict(env or {})

    def complete(self, line: str) -> list[str]:
        source = "" if self._script is None else f"source {shlex.quote(str(self._script))}; "
        done = subprocess.run(
            ["fish", "-c", f"{source}complete -C (cat)"],
            input=line,
            env=_environment(self._folder) | self._env,
            cwd=self._folder,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=True,
        )
        assert done.stderr == ""
        before = shlex.split(line.replace("\\[", "[")) if line.endswith(" ") else shlex.split(line)[:-1]
        return [*before[1:], *(found.partition("\t")[0] for found in done.stdout.splitlines())]

    def close(self) -> None:
        """Nothing is left running."""


SHELLS: Mapping[str, Callable[..., Any]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}
