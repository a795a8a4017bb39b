"""Runs the installed command as a subprocess."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

__all__ = ["CLEAN", "COMMAND", "failure", "run", "seen"]

COMMAND = [sys.executable, "-m", "wasinet"]

CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("WASINET_")
    and name not in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "TERM", "PYTHONUNBUFFERED")
}
"""The environment without what changes the output."""


def run(
    *arguments: str, env: dict[str, str] | None = None, prefix: list[str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """The finished process, with text; ``prefix`` goes before the command, ``env`` over a clean environment."""
    options.setdefault("stdin", subprocess.DEVNULL)
    if "stdout" not in options and "stderr" not in options:
        options["capture_output"] = True
    return subprocess.run(
        [*(prefix or ()), *COMMAND, *arguments],
        env=CLEAN | (env or {}),
        encoding="utf-8",
        timeout=30,
        check=False,
        **options,
    )


def seen(code: str) -> str:
    """An error code as the guests of the test's world see it: the draft has one for all failures."""
    return "unknown" if CLEAN.get("WASINET_WORLD") == "draft" else code


def failure(before: str, line: str) -> str:
    """The precise code that a line tells after ``before``: the code itself, or what ends the reason of ``unknown``.

    Where ``before`` is empty, the command and what it was about stand there, whatever they are.
    """
    before = before or ": ".join([*line.split(": ")[:2], ""])
    assert line.startswith(before), line
    code, _, reason = line.removeprefix(before).partition(": ")
    precise = reason.rpartition("(")[2].removesuffix(")") if code == "unknown" else code
    assert code == seen(precise), line
    return precise
