"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wasinet.script.replay import replay
from wasinet.script.transcript import read_file

GOOD = "> s = create-tcp-socket(ipv4)\n< ok(_)\n"
WRONG = GOOD + "> s.accept()\n< ok(_)\n"


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a pytest with nothing but this plugin and what is named."""
    command = [sys.executable, "-m", "pytest", "-p", "wasinet.script.pytest_plugin", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [*command, "-W", "error", *arguments, "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "good.wasinet").write_text(GOOD)
    (tmp_path / "wrong.wasinet").write_text(WRONG)
    return tmp_path


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n2")], ids=["alone", "xdist"])
def test_failures_show_the_difference(folder: Path, options: tuple[str, ...]) -> None:
    code, output = run_pytest(folder, *options)
    assert code == 1, output
    assert "1 failed, 1 passed" in output
    report = replay(read_file(folder / "wrong.wasinet"))
    for line in report.diff().splitlines():
        assert line in output
    assert "Traceback" not in output


def test_malformed_files_are_errors_of_collection(folder: Path) -> None:
    (folder / "bad.wasinet").write_text("> s.accept()\n")
    code, output = run_pytest(folder)
    assert code == 2
    assert "bad.wasinet:1:3: no variable is named s" in output


def test_tests_are_named_after_files(folder: Path) -> None:
    _, output = run_pytest(folder, "--collect-only", "-q")
    assert "good.wasinet::replay" in output
