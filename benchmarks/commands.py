"""Commands as processes: started, timed, and their memory watched."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any, Self

__all__ = ["PYTHON", "WASINET", "Running", "free_port", "resident", "wait_for_port"]

PYTHON = sys.executable
_SCRIPT = Path(sysconfig.get_path("scripts"), "wasinet")
WASINET: Sequence[str] = [str(_SCRIPT)] if _SCRIPT.exists() else [PYTHON, "-m", "wasinet"]
"""The installed command, or the module where there is none."""

_SECONDS = 120.0
"""Nothing here takes longer; what does is stopped."""


class Running:
    """A process that is stopped at the end of the block, if it has not ended before.

    Args:
        command: and its arguments.
        stdin, stdout, stderr: files; nothing is read or shown without them.
    """

    def __init__(
        self,
        command: Sequence[str],
        stdin: IO[Any] | int = subprocess.DEVNULL,
        stdout: IO[Any] | int = subprocess.DEVNULL,
        stderr: IO[Any] | int | None = None,
    ) -> None:
        self.process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr)
        self.pid = self.process.pid
        self._peak = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for file in (self.process.stdout, self.process.stderr):
            if file is not None:
                file.close()

    def peak(self) -> int:
        """The most bytes that it had resident so far."""
        self._peak = max(self._peak, _status(self.pid, "VmHWM"))
        return self._peak

    def finish(self) -> None:
        """Wait for its end, and look at its memory meanwhile. Raises for a failure or after a long time."""
        deadline = monotonic() + _SECONDS
        # Not the child's ru_maxrss, which begins with what this process had when it started the child.
        ended = os.pidfd_open(self.pid)
        try:
            poll = select.poll()
            poll.register(ended, select.POLLIN)
            while not poll.poll(20):
                self.peak()
                if monotonic() > deadline:
                    raise TimeoutError(f"{self.process.args!r} takes too long")
        finally:
            os.close(ended)
        if self.process.wait():
            raise subprocess.CalledProcessError(self.process.returncode, self.process.args)


def _status(pid: int, field: str) -> int:
    """A size in a process's status, in bytes; 0 where there is none (it has ended, or no /proc)."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def resident(pid: int) -> int:
    """The bytes that a process has resident."""
    return _status(pid, "VmRSS")


def wait_for_port(path: Path) -> int:
    """The port that a command writes to a file once it listens."""
    deadline = monotonic() + _SECONDS
    while monotonic() < deadline:
        try:
            text = path.read_text(encoding="ascii")
        except FileNotFoundError:
            text = ""
        if text.endswith("\n"):
            return int(text.rpartition(":")[2])
        sleep(0.005)
    raise TimeoutError(f"{path.name} was not written")


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
