"""Runs the command, in this process or in one of its own."""

from __future__ import annotations

import gc
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import IO, Any

from wasinet.__main__ import main
from wasinet.oscalls.interruption import install

__all__ = ["CLEAN", "COMMAND", "failure", "process", "run", "seen"]

COMMAND = [sys.executable, "-m", "wasinet"]

CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("WASINET_")
    and name not in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "TERM", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
}
"""The environment without what changes the output, or doubles the start-up of each process."""


def run(
    *arguments: str, env: dict[str, str] | None = None, prefix: list[str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """The finished command, with text; ``env`` goes over a clean environment.

    It runs in this process, which saves its start-up, unless the options ask for a process of its own:
    a ``prefix`` before the command, or anything but ``cwd``, ``stdin`` and ``input``.
    """
    options.setdefault("stdin", subprocess.DEVNULL)
    if prefix or options.keys() - {"cwd", "stdin", "input"}:
        return process(*arguments, env=env, prefix=prefix, **options)
    with _standard_streams(options["stdin"], options.get("input")) as written, _own_process(env, options.get("cwd")):
        code = main(list(arguments))
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        out, err = (os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0) for file in written)
    return subprocess.CompletedProcess(["wasinet", *arguments], code, out.decode(), err.decode())


def process(
    *arguments: str, env: dict[str, str] | None = None, prefix: list[str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own, for what a process is needed for; ``prefix`` goes before the command."""
    options.setdefault("stdin", subprocess.DEVNULL)
    if "stdout" not in options and "stderr" not in options:
        options["capture_output"] = True
    return subprocess.run(
        [*(prefix or ()), *COMMAND, *arguments],
        env=CLEAN | (env or {}),
        encoding="utf-8",
        timeout=120,
        check=False,
        **options,
    )


@contextmanager
def _standard_streams(stdin: Any, text: str | None) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Have the standard streams, and their descriptors, lead to files; gives those of output and errors."""
    kept = [os.dup(fd) for fd in range(3)]
    before = sys.stdin, sys.stdout, sys.stderr
    with ExitStack() as stack:
        written = stack.enter_context(TemporaryFile()), stack.enter_context(TemporaryFile())
        if text is not None:
            # A pipe, as a shell gives it, that holds all of the text.
            source, writer = os.pipe()
            os.write(writer, text.encode())
            os.close(writer)
            stack.callback(os.close, source)
        elif stdin == subprocess.DEVNULL:
            source = stack.enter_context(open(os.devnull, "rb")).fileno()
        else:
            source = stdin.fileno()
        try:
            for fd, new in enumerate((source, written[0].fileno(), written[1].fileno())):
                os.dup2(new, fd)
            sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
            yield written
        finally:
            sys.stdin, sys.stdout, sys.stderr = before
            for fd, old in enumerate(kept):
                os.dup2(old, fd)
                os.close(old)


@contextmanager
def _own_process(env: dict[str, str] | None, cwd: Any) -> Iterator[None]:
    """Give back what a command changes in its process: environment, folder, signals, timer, limits, collections."""
    environment, folder = dict(os.environ), os.getcwd()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    # The timer is that of pytest-timeout.
    timer, limit = signal.getitimer(signal.ITIMER_REAL), resource.getrlimit(resource.RLIMIT_NOFILE)
    hook = sys.unraisablehook
    os.environ.clear()
    os.environ.update(CLEAN | (env or {}))
    if cwd is not None:
        os.chdir(cwd)
    try:
        yield
    finally:
        # What the end of a command leaves behind would keep later interruptions from coming.
        install()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.setitimer(signal.ITIMER_REAL, *timer)
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
        sys.unraisablehook = hook
        gc.enable()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)


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
