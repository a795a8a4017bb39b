"""Runs the command in this process: as ``tests.cli.command.run``, at a twentieth of its price."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from unittest.mock import patch

from tests.cli.command import CLEAN
from wasinet.cli.run import run

__all__ = ["Ended", "inside"]


class Ended:
    """How it ended: the exit code, and what it wrote."""

    def __init__(self, returncode: int, stdout: bytes, stderr: bytes) -> None:
        self.returncode = returncode
        self.stdout = stdout.decode()
        self.stderr = stderr.decode()


class _Stream(io.TextIOWrapper):
    """A standard stream in memory, which may pass for a terminal."""

    def __init__(self, content: bytes = b"", *, terminal: bool = False, errors: str = "strict") -> None:
        self.bytes = io.BytesIO(content)
        super().__init__(self.bytes, encoding="utf-8", errors=errors)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def inside(*arguments: str, stdin: bytes = b"", terminal: bool = False, env: dict[str, str] | None = None) -> Ended:
    """Run the command line; with ``terminal`` its output goes to one, of 80 columns."""
    out, err = _Stream(terminal=terminal), _Stream(terminal=terminal, errors="backslashreplace")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    environment = CLEAN | ({"COLUMNS": "80", "TERM": "xterm"} if terminal else {}) | (env or {})
    try:
        with (
            patch.dict(os.environ, environment, clear=True),
            patch.object(sys, "stdin", _Stream(stdin)),
            patch.object(sys, "stdout", out),
            patch.object(sys, "stderr", err),
        ):
            code = run(list(arguments))
            out.flush()
            err.flush()
    finally:
        gc.unfreeze()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return Ended(code, out.bytes.getvalue(), err.bytes.getvalue())
