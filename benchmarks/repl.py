"""How long the prompt takes to appear, and a keystroke with completion among a thousand handles."""

from __future__ import annotations

import os
import pty
import subprocess
import tempfile
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from select import select
from time import perf_counter

from benchmarks.commands import PYTHON, WASINET
from benchmarks.measure import Row, alternate, at_most, typical

__all__ = ["run"]

_ROUNDS = 15
_HANDLES = 1000
_LIMIT = 0.020


def run() -> list[Row]:
    return [_prompt(), *_keystrokes(), *_drawn()]


def _prompt() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "PYTHONPYCACHEPREFIX": folder,
            "XDG_STATE_HOME": folder,
            "TERM": "xterm-256color",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        reference = [PYTHON, "-c", "import prompt_toolkit"]
        command = [*WASINET, "repl"]
        # The first run of each compiles.
        _until_prompt(command, environment)
        _seconds(reference, environment)
        ours, theirs = typical(
            *alternate(lambda: _until_prompt(command, environment), lambda: _seconds(reference, environment), _ROUNDS)
        )
    shown = f"{theirs * 1e3:.1f} ms import prompt_toolkit"
    return Row("repl", "until the prompt appears", f"{ours * 1e3:.1f} ms", shown, ours / theirs, at_most(2.0))


def _seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    start = perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=30, env=environment)
    return perf_counter() - start


def _until_prompt(command: Sequence[str], environment: Mapping[str, str]) -> float:
    start = perf_counter()
    with _terminal(command, environment) as master:
        _read_until(master, b"wasinet> ")
        return perf_counter() - start


@contextmanager
def _terminal(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[int]:
    """The command on a terminal of its own: the descriptor of the other side."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    try:
        yield master
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _read(master: int) -> bytes:
    """What is there, as a terminal that tells where its cursor is: without that nothing is drawn below the line."""
    data = os.read(master, 65536)
    if b"\x1b[6n" in data:
        os.write(master, b"\x1b[1;1R")
    return data


def _read_until(master: int, mark: bytes) -> None:
    seen = b""
    while mark not in seen:
        if not select([master], [], [], 30)[0]:
            raise RuntimeError(f"{mark!r} is missing: {seen[-200:]!r}")
        seen += _read(master)


def _drawn() -> list[Row]:
    """From a key until the terminal has been told all that it changes: completions, toolbar and colours."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        many = Path(folder, "many")
        many.write_text("s = create-tcp-socket(ipv4)\n" + "s.subscribe()\n" * (_HANDLES - 1) + ".format wave\n")
        environment = {**os.environ, "XDG_STATE_HOME": folder, "TERM": "xterm-256color"}
        with _terminal([*WASINET, "repl"], environment) as master:
            termios.tcsetwinsize(master, (30, 100))
            _read_until(master, b"wasinet> ")
            os.write(master, f".load {many}\r".encode())
            _read_until(master, f"{_HANDLES} handles".encode())
            for text in ("s.", "poll([p"):
                times = []
                for _ in range(_ROUNDS):
                    _settled(master)
                    os.write(master, text[:-1].encode())
                    _settled(master)
                    start = perf_counter()
                    os.write(master, text[-1:].encode())
                    times.append(_settled(master) - start)
                    # To the beginning of an empty line again.
                    os.write(master, b"\x15")
                middle = sorted(times)[len(times) // 2]
                what = f"a keystroke drawn, {text!r}, {_HANDLES} handles"
                rows.append(
                    Row("repl", what, f"{middle * 1e3:.2f} ms", f"{_LIMIT * 1e3:.0f} ms", middle / _LIMIT, at_most(1.0))
                )
    return rows


def _settled(master: int) -> float:
    """When the last of what was written came, known once nothing has come for a while."""
    last = perf_counter()
    while select([master], [], [], 0.15)[0]:
        _read(master)
        last = perf_counter()
    return last


def _keystrokes() -> list[Row]:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    from wasinet.repl.completion import current_call
    from wasinet.repl.prompt import _Completer
    from wasinet.repl.repl import Repl

    repl = Repl(lambda text: None)
    rows = []
    try:
        repl.run("s = create-tcp-socket(ipv4)")
        for _ in range(_HANDLES - 1):
            repl.calls("s.subscribe()")
        completer = _Completer(repl)
        event = CompleteEvent()
        for text in ("s", "s.", "s.sta", "poll([", "poll([p9", "drop(", ".wait "):
            times = []
            for _ in range(_ROUNDS):
                start = perf_counter()
                list(completer.get_completions(Document(text), event))
                current_call(repl, text, len(text))
                times.append(perf_counter() - start)
            worst = max(times)
            what = f"a keystroke, {text!r}, {_HANDLES} handles"
            rows.append(
                Row("repl", what, f"{worst * 1e3:.2f} ms", f"{_LIMIT * 1e3:.0f} ms", worst / _LIMIT, at_most(1.0))
            )
    finally:
        repl.run("# done")
        repl.session.host.close()
    return rows
