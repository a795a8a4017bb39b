"""How long the prompt takes to appear, and a keystroke with completion among a thousand handles."""

from __future__ import annotations

import os
import pty
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from select import select
from time import perf_counter

from benchmarks.commands import PYTHON, WASINET
from benchmarks.measure import Row, alternate, at_most, typical

__all__ = ["run"]

_ROUNDS = 15
_HANDLES = 1000
_LIMIT = 0.020


def run() -> list[Row]:
    return [_prompt(), *_keystrokes()]


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
    master, slave = pty.openpty()
    start = perf_counter()
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    seen = b""
    try:
        while b"wasinet> " not in seen:
            if not select([master], [], [], 30)[0]:
                raise RuntimeError(f"no prompt: {seen!r}")
            seen += os.read(master, 65536)
        return perf_counter() - start
    finally:
        process.kill()
        process.wait()
        os.close(master)


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
