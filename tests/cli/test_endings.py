"""How a command ends: exit codes, and what is said, whatever goes wrong."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.command import CLEAN, COMMAND, run
from wasinet import __version__
from wasinet.cli.errors import Mismatch, report
from wasinet.cli.run import run as run_here
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.engine.faults import Trap
from wasinet.hosts import HostStarved
from wasinet.oscalls.files import descriptor_limit, has_descriptors
from wasinet.oscalls.interruption import Terminated, TimedOut
from wasinet.programs.events import CallFailed, LocalFailed


def reported(error: BaseException, capsys: pytest.CaptureFixture[str], **values: object) -> tuple[int, str]:
    """Exit code and message."""
    settings = Settings()
    settings.command = "tcp connect"
    for name, value in values.items():
        setattr(settings, name, value)
    code = report(error, settings, [])
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            LocalFailed("write x", "No space left on device", 28),
            1,
            "wasinet: tcp connect: write x: No space left on device\n",
        ),
        (LocalFailed("write standard output", "Broken pipe", 32), 141, ""),
        (BadValue("'x' is wrong"), 2, "wasinet: tcp connect: 'x' is wrong\n"),
        (Trap("#3 was dropped", "tcp"), 3, "wasinet: tcp connect: trap: #3 was dropped (tcp)\n"),
        (Mismatch(), 4, ""),
        (TimedOut(), 124, "wasinet: tcp connect: timed out after 5s\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (Terminated(), 143, ""),
        (
            FileNotFoundError(2, "No such file or directory", "x"),
            1,
            "wasinet: tcp connect: x: No such file or directory\n",
        ),
        (
            OSError(errno.EMFILE, "Too many open files", "a/module.py"),
            1,
            f"wasinet: tcp connect: too many open files: {descriptor_limit()}\n",
        ),
        (HostStarved("the host x needs more"), 1, "wasinet: tcp connect: the host x needs more\n"),
        (SystemExit(7), 7, ""),
        (
            ZeroDivisionError("division\nby zero"),
            1,
            "wasinet: internal error: ZeroDivisionError: division by zero; run with --debug to see where\n",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_endings(error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert reported(error, capsys, timeout=5_000_000_000) == (code, message)


def test_a_prompt_without_descriptors(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its event loop would fail with tracebacks."""
    monkeypatch.setattr("wasinet.cli.run.install", lambda: None)
    monkeypatch.setattr("wasinet.cli.repl.is_terminal", lambda stream: True)
    monkeypatch.setattr("wasinet.oscalls.files.has_descriptors", lambda count: False)
    assert run_here(["repl"]) == 1
    assert capsys.readouterr().err == (
        f"wasinet: repl: open a prompt: it needs 4 more file descriptors; {descriptor_limit()}\n"
    )


def test_how_many_descriptors_are_left() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/dev/fd")))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, before[1]))
        free = next(count for count in range(1000) if not has_descriptors(count + 1))
        assert has_descriptors(free)
        assert free <= highest + 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_failed_calls(capsys: pytest.CaptureFixture[str]) -> None:
    error = CallFailed("tcp-socket.finish-connect", "127.0.0.1:9", "connection-refused", "Connection refused")
    code, message = reported(error, capsys)
    assert code == 1
    assert message.splitlines() == [
        "wasinet: tcp connect 127.0.0.1:9: connection-refused",
        "  Check host and port, and that the server is running and listens on that address family.",
    ]
    # A code that says little comes with its reason.
    error = CallFailed("tcp-socket.accept", "", "invalid-state", "tcp-socket.accept needs listening")
    assert reported(error, capsys)[1].startswith(
        "wasinet: tcp connect: invalid-state: tcp-socket.accept needs listening\n"
    )


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    code, message = reported(ZeroDivisionError("x"), capsys, debug=True)
    assert code == 1
    assert message.startswith("ZeroDivisionError: x\n")
    done = run("tcp", "connect", "127.0.0.1:1", "--debug")
    assert "Traceback (most recent call last)" in done.stderr
    assert done.returncode == 1


def test_version() -> None:
    done = run("--version")
    assert (done.stdout, done.stderr, done.returncode) == (f"wasinet {__version__}\n", "", 0)


_COMMANDS = [
    ["--version"],
    ["--help"],
    ["tcp", "--help"],
    ["wit"],
    ["wit", "--json"],
    ["states", "tcp"],
    ["explain", "poll"],
]
# Without a buffer it is the printing itself that fails, not the last flush.
_WAYS = [*((command, "") for command in _COMMANDS), (["--version"], "1"), (["wit"], "1"), (["--help"], "1")]
_IDS = [" ".join(command) + " unbuffered" * bool(way) for command, way in _WAYS]


@pytest.mark.parametrize(("arguments", "unbuffered"), _WAYS, ids=_IDS)
def test_closed_stdout(arguments: list[str], unbuffered: str) -> None:
    shell = ["sh", "-c", 'exec "$@" >&-', "sh"]
    done = run(*arguments, prefix=shell, env={"PYTHONUNBUFFERED": unbuffered}, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.endswith("write standard output: Bad file descriptor\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(("arguments", "unbuffered"), _WAYS, ids=_IDS)
def test_full_stdout(arguments: list[str], unbuffered: str) -> None:
    with open("/dev/full", "w") as full:
        done = run(*arguments, env={"PYTHONUNBUFFERED": unbuffered}, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.endswith("write standard output: No space left on device\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("arguments", "unbuffered"), _WAYS, ids=_IDS)
def test_broken_pipe(arguments: list[str], unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(*arguments, env={"PYTHONUNBUFFERED": unbuffered}, stdout=writer, stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    assert (done.stderr, done.returncode) == ("", 141)


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_stderr(closed: str) -> None:
    done = run(
        "tcp", "connect", "127.0.0.1:1", prefix=["sh", "-c", f'exec "$@" {closed}', "sh"], stdout=subprocess.PIPE
    )
    assert (done.stdout, done.returncode) == ("", 1)


@contextmanager
def listener(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A ``tcp listen`` that has said where it listens."""
    with subprocess.Popen(
        [*COMMAND, "tcp", "listen", "127.0.0.1:0", *arguments],
        env=CLEAN,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("listening on 127.0.0.1:")
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals(number: signal.Signals, code: int) -> None:
    with listener("--trace-summary") as process:
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == code
    assert errors.startswith("function ")
    assert errors.splitlines()[-1].startswith("total ")


def test_timeout() -> None:
    done = run("tcp", "listen", "127.0.0.1:0", "--timeout", "300ms", "--trace-summary")
    assert done.returncode == 124
    assert done.stderr.splitlines()[-1] == "wasinet: tcp listen: timed out after 300ms"
    assert done.stderr.splitlines()[-2].startswith("total ")


def test_interrupt_while_starting() -> None:
    """No traceback at whatever moment Ctrl-C comes, once the interpreter itself is up."""
    code = (
        "import os, signal, sys\n"
        "from wasinet.__main__ import main\n"
        "import builtins\n"
        "real, count = builtins.__import__, 0\n"
        "def importing(name, *rest):\n"
        "    global count\n"
        "    count += 1\n"
        "    if count == int(sys.argv[1]):\n"
        "        raise KeyboardInterrupt\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = importing\n"
        "sys.exit(main(['tcp', 'connect', '127.0.0.1:1']))\n"
    )
    for count in (5, 50, 150, 250, 350):
        done = subprocess.run(
            [sys.executable, "-c", code, str(count)],
            env=CLEAN,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert (done.stdout, done.stderr, done.returncode) == ("", "", 130)
