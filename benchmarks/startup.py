"""How long commands take to start, beside the smallest program that Typer makes."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

from benchmarks.commands import PYTHON, WASINET
from benchmarks.measure import Row, alternate, at_most, typical

__all__ = ["run"]

_ROUNDS = 31
_PROGRAM = '''
import typer

app = typer.Typer()


@app.command()
def main() -> None:
    """Print a line."""
    print("hello")


if __name__ == "__main__":
    app()
'''


def run() -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as folder, socket.socket() as refusing:
        program = Path(folder, "program.py")
        program.write_text(_PROGRAM, encoding="ascii")
        # Bound but not listening: whoever connects is refused.
        refusing.bind(("127.0.0.1", 0))
        port = refusing.getsockname()[1]
        reference = [PYTHON, str(program)]
        # Both find their modules compiled, as an installed program does, whatever the environment says.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for what, arguments, code, limit in (
            ("wasinet --version", ["--version"], 0, 1.1),
            ("a refused tcp connect", ["tcp", "connect", f"127.0.0.1:{port}"], 1, 1.4),
            # 1.3 times what a --version through Typer may take; ours does without Typer.
            ("wasinet call of one function", ["call", "now()"], 0, 1.43),
        ):
            command = [*WASINET, *arguments]
            # The first run of each compiles.
            _seconds(command, code, environment)
            _seconds(reference, 0, environment)
            ours, theirs = typical(
                *alternate(
                    lambda command=command, code=code: _seconds(command, code, environment),  # type: ignore[misc]
                    lambda: _seconds(reference, 0, environment),
                    _ROUNDS,
                )
            )
            shown = f"{theirs * 1e3:.1f} ms Typer, one command"
            rows.append(Row("startup", what, f"{ours * 1e3:.1f} ms", shown, ours / theirs, at_most(limit)))
    return rows


def _seconds(command: Sequence[str], code: int, environment: Mapping[str, str]) -> float:
    """How long a command takes to end with this exit code."""
    start = perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, env=environment)
    seconds = perf_counter() - start
    if done.returncode != code:
        raise RuntimeError(f"{command!r} ended with {done.returncode}: {done.stderr.decode()}")
    return seconds
