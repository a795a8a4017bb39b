"""Interruptions of everything that can last: the right exit code, promptly, with nothing said that is not wanted.

With ``check --thorough`` each case is tried 50 times; ``-rP`` shows the longest time from signal to end.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.command import COMMAND, process
from tests.cli.support import Lab, Running, accepted, server, until
from tests.guests import bodies
from tests.guests.wat import guest
from tests.support import THOROUGH
from wasinet import wit

TRIES = 50 if THOROUGH else 1
WORLD = wit.load("0.2")
# A resolver that does not answer: the lookup's thread sleeps on.
HANGING = [
    sys.executable,
    "-c",
    "import sys, time; from wasinet.oscalls import Os; Os.look_up = lambda self, name: time.sleep(60); "
    "from wasinet.__main__ import main; sys.exit(main())",
]
# Compiling this takes many seconds: one function whose blocks all lead to each other's values.
SLOW_FUNCTION = "(func (result i64) (local $x i64) {} (local.get $x))"
SLOW_STEP = "(local.set $x (i64.add (local.get $x) (i64.load (i32.wrap_i64 (local.get $x)))))"


def asleep_in(name: str) -> Callable[[Running], bool]:
    """Whether the main thread waits in this function of the kernel."""
    return lambda us: name in Path(f"/proc/{us.pid}/wchan").read_text(encoding="ascii")


def threads(count: int) -> Callable[[Running], bool]:
    return lambda us: len(os.listdir(f"/proc/{us.pid}/task")) >= count


def said(text: str) -> Callable[[Running], bool]:
    return lambda us: text in us.err


class Case(NamedTuple):
    """What runs, and when it is where it is to be interrupted; None for any moment from the start on."""

    command: list[str]
    arguments: list[str]
    there: Callable[[Running], bool] | None
    options: dict[str, object] = {}  # noqa: RUF012  # never changed


def _poll(folder: Path) -> Case:
    return Case([*COMMAND, "poll"], ["timer:1h"], asleep_in("poll"))


def _lookup(folder: Path) -> Case:
    return Case([*HANGING, "resolve"], ["name.test", "--trace"], said("resolve-addresses"))


def _compiling(folder: Path) -> Case:
    path = folder / "slow.wat"
    if not path.exists():
        functions = SLOW_FUNCTION.format(SLOW_STEP * 40_000) * 2
        path.write_text(guest(WORLD, bodies.NOTHING, functions=functions))
    return Case([*COMMAND, "run"], [str(path)], threads(3), {"env": {"XDG_CACHE_HOME": os.devnull}})


def _fifo(folder: Path) -> Case:
    path = folder / "fifo"
    if not path.exists():
        os.mkfifo(path)
    return Case([*COMMAND, "run"], [str(path)], asleep_in("wait_for_partner"))


def _spinning(folder: Path) -> Case:
    path = folder / "spin.wat"
    body = "(call $monotonic-clock-now) (drop) " + bodies.SPIN
    path.write_text(guest(WORLD, body))
    return Case([*COMMAND, "run", "--trace"], [str(path)], said("now"))


def _start_up(folder: Path) -> Case:
    return Case([*COMMAND, "tcp", "listen"], ["127.0.0.1:0"], None)


@contextmanager
def _reading(folder: Path) -> Iterator[Case]:
    with server() as (listener, port):
        case = Case([*COMMAND, "tcp", "connect"], [f"127.0.0.1:{port}", "-v"], said("connected"))
        yield case
        while True:
            listener.setblocking(False)
            try:
                accepted(listener).close()
            except BlockingIOError:
                return


CASES = {
    "poll": _poll,
    "lookup": _lookup,
    "compiling": _compiling,
    "reading a FIFO": _fifo,
    "computing": _spinning,
    "starting": _start_up,
}
ENDINGS = {"SIGINT": 128 + signal.SIGINT, "SIGTERM": 128 + signal.SIGTERM, "--timeout": 124}


def there_is_no_telling(err: str, early: set[int]) -> bool:
    """Whether the interpreter was interrupted before it ran a line of ours, which it shows in its own way."""
    return bool(early) and bool(err) and "wasinet" not in err


def _interrupt(lab: Lab, case: Case, how: str, source: random.Random) -> float:
    """Run a case and interrupt it; the seconds from then to its end."""
    limit = 0.6
    timeout = ["--timeout", f"{limit}s"] if how == "--timeout" else []
    begun = time.monotonic()
    us = lab.start([*case.command, *timeout, *case.arguments], stdin=subprocess.DEVNULL, **case.options)
    early: set[int] = set()
    if how == "--timeout":
        begun += limit
    else:
        there = case.there
        if there is None:
            time.sleep(source.random() * 0.3)
            # Before Python has handlers of its own, a signal ends the process as it does any other.
            early = {-getattr(signal, how)}
        else:
            until(lambda: us.popen.poll() is not None or there(us), "the moment")
        us.signal(getattr(signal, how))
        begun = time.monotonic()
    code = us.wait()
    took = time.monotonic() - begun
    if there_is_no_telling(us.err, early):
        return took
    assert code in {ENDINGS[how]} | early, us.err
    for unwanted in ("Traceback", "Warning", "Exception ignored", "internal error"):
        assert unwanted not in us.err, us.err
    return took


@pytest.mark.skipif(not Path("/proc/self/wchan").exists(), reason="no /proc that tells what a process waits for")
@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("what", CASES)
@pytest.mark.timeout(600)
def test_interruption(lab: Lab, tmp_path_factory: pytest.TempPathFactory, what: str, how: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "interruptions"
    folder.mkdir(exist_ok=True)
    source = random.Random(f"{what} {how}")
    times = [_interrupt(lab, CASES[what](folder), how, source) for _ in range(TRIES)]
    print(f"{what}, {how}: {max(times) * 1000:.0f} ms at the most")


@pytest.mark.parametrize("how", ENDINGS)
def test_interruption_of_a_read(lab: Lab, tmp_path: Path, how: str) -> None:
    source = random.Random(how)
    with _reading(tmp_path) as case:
        times = [_interrupt(lab, case, how, source) for _ in range(TRIES)]
    print(f"read, {how}: {max(times) * 1000:.0f} ms at the most")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["call", "--trace-file", "FIFO", "now()"], ""),
        (["tcp", "listen", "127.0.0.1:0", "--output", "FIFO"], ""),
        (["tcp", "listen", "127.0.0.1:0", "--port-file", "FIFO"], ""),
        (["repl"], "now()\n.save FIFO\n"),
    ],
    ids=["trace file", "output", "port file", "saved session"],
)
def test_a_fifo_that_nobody_reads_is_left(tmp_path: Path, arguments: list[str], text: str) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    words = [word.replace("FIFO", str(path)) for word in (*arguments, "--timeout", "300ms")]
    done = process(*words, input=text.replace("FIFO", str(path)), stdin=None)
    assert done.returncode == 124, done.stderr
    assert done.stderr.endswith("timed out after 300ms\n")
