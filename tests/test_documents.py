"""Every code block of the README and the documents runs.

By its language a block is

- ``sh``: a script, which must end with 0;
- ``console``: commands after ``$``, and beneath each the beginning of what it prints: numbers may differ, and
  ``...`` stands for any lines;
- ``wasinet``: a transcript, which must pass;
- ``python``: a program; ``pycon``: a session at Python's prompt, with what it prints;
- ``toml``, ``json``: must be read.

Other languages are pictures and listings. Each block runs in a folder of its own, where ``session.wasinet`` is a
transcript, with everything bounded by ``WASINET_TIMEOUT``. The ports 8080 and 5353 are free ones in fact. What
stands in a comment before a block:

- ``<!-- beside: COMMAND -->`` runs in the background meanwhile;
- ``<!-- not run: REASON -->`` is for what cannot be run here.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.command import CLEAN
from tests.cli.support import free_port
from wasinet.script.replay import replay
from wasinet.script.transcript import Transcript

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SECONDS = 120
_BLOCK = re.compile(r"((?:^<!-- .*? -->\n\n?)*)^```([a-z]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- (beside|not run): (.*?) -->")
_LISTINGS = frozenset({"text", "mermaid", "wit"})
# Commands may fail, as those of many examples do; but not for what they say, and not by a trap.
_WRONG = (2, 3, 126, 127)


class Block(NamedTuple):
    name: str
    language: str
    text: str
    beside: tuple[str, ...]
    skipped: str


def blocks() -> Iterator[Block]:
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start(2)) + 1
            marks = _MARK.findall(found[1])
            beside = tuple(value for kind, value in marks if kind == "beside")
            skipped = " ".join(value for kind, value in marks if kind == "not run")
            yield Block(f"{document.name}:{line}", found[2], found[3], beside, skipped)


BLOCKS = list(blocks())
RUN = [block for block in BLOCKS if not block.skipped and block.language not in _LISTINGS]


@pytest.mark.parametrize("block", RUN, ids=[block.name for block in RUN])
def test_block(block: Block, tmp_path: Path) -> None:
    ports = {name: str(free_port()) for name in ("8080", "5353")}

    def filled(text: str) -> str:
        return re.sub(r"\b(8080|5353)\b", lambda found: ports[found[0]], text)

    (tmp_path / "bin").mkdir()
    for name, module in (("wasinet", ["-m", "wasinet"]), ("python3", []), ("pytest", ["-m", "pytest"])):
        script = tmp_path / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, *module])} "$@"\n')
        script.chmod(0o755)
    environment = {
        **CLEAN,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        # Servers in a console run until they are ended; scripts have an end of their own.
        "WASINET_TIMEOUT": "4s" if block.language == "console" else f"{SECONDS - 5}s",
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
        "NO_COLOR": "1",
    }
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "session.wasinet").write_text("> s = create-tcp-socket(ipv4)\n< ok(_)\n> s.is-listening()\n< false\n")
    text = filled(block.text)
    beside = [
        subprocess.Popen(
            [
                str(tmp_path / "bin" / "wasinet"),
                *shlex.split(filled(command))[1:],
                "--port-file",
                str(tmp_path / "ready"),
            ],
            env={**environment, "WASINET_TIMEOUT": f"{SECONDS}s"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for command in block.beside
    ]
    try:
        if beside:
            subprocess.run(["sh", "-c", f"until [ -s {tmp_path / 'ready'} ]; do :; done"], timeout=SECONDS, check=True)
        match block.language:
            case "sh":
                done = bash(f"set -eu\n{text}", folder, environment)
                assert done.returncode == 0, done.stdout
            case "console":
                for command, expected in commands(text):
                    done = bash(command, folder, environment)
                    assert done.returncode not in _WRONG, done.stdout
                    assert begins(done.stdout, expected), f"$ {command}\n{done.stdout}"
            case "wasinet":
                report = replay(Transcript.parse(text, block.name, "0.2"))
                assert report.passed, report.diff()
            case "python":
                subprocess.run([sys.executable, "-c", text], cwd=folder, env=environment, timeout=SECONDS, check=True)
            case "pycon":
                found = doctest.DocTestParser().get_doctest(text, {}, block.name, None, 0)
                said: list[str] = []
                flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
                doctest.DocTestRunner(optionflags=flags).run(found, out=said.append)
                assert said == [], "".join(said)
            case "toml":
                tomllib.loads(text)
            case "json":
                json.loads(text)
            case other:
                pytest.fail(f"a block of the language {other!r} is neither run nor a listing")
    finally:
        for process in beside:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(SECONDS)


def bash(text: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Commands and the lines beneath them."""
    command = ""
    expected: list[str] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, expected
            command, expected = line.removeprefix("$ "), []
        else:
            expected.append(line)
    if command:
        yield command, expected


def begins(output: str, expected: list[str]) -> bool:
    """Whether the output begins with these lines, whatever their numbers."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
            continue
        words = [re.escape(word) for word in line.split()]
        pattern += (
            r"[ \t]*" + r"[ \t]+".join(re.sub(r"\d+(?:\\\.\d+)?", r"[\\d.]+", word) for word in words) + r"[ \t]*\n"
        )
    # Durations have whatever unit they have.
    pattern = re.sub(r"(?<=\]\+)\[ \\t\]\+(?:ns|µs|ms|s)(?=\[|\))", r"[ \\t]+(?:ns|µs|ms|s)", pattern)
    return re.match(pattern, output + "\n") is not None


def test_what_is_not_run_says_why_and_is_little() -> None:
    skipped = [block for block in BLOCKS if block.skipped]
    assert all(len(block.skipped.split()) > 2 for block in skipped)
    assert len(skipped) <= 6
    assert len(RUN) > 4 * len(skipped)


@pytest.mark.parametrize(
    ("output", "expected", "fits"),
    [
        ("a 1.25 ms\nb\n", ["a 77 µs"], True),
        ("a 1\nx\ny\nb 2\n", ["a 5", "...", "b 7"], True),
        ("a 1\nx\n", ["a 5", "b"], False),
        ("x\n", [], True),
        ("127.0.0.1:80 ok\n", ["127.0.0.1:4000   ok"], True),
    ],
)
def test_how_outputs_are_compared(output: str, expected: list[str], fits: bool) -> None:
    assert begins(output, expected) is fits


def test_the_picture_of_the_layers_is_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    (picture,) = (block for block in BLOCKS if block.name.startswith("architecture.md") and block.language == "text")
    shown = [re.match(r"[a-z_]+(?:, [a-z_]+)*", line) for line in picture.text.splitlines()]
    assert [match and match[0].split(", ") for match in shown] == [layer.strip("()").split(" | ") for layer in layers]
