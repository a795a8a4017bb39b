"""The shell examples of ``docs/compare-hosts.md`` run, one after the other, and do what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from tests.cli.command import CLEAN
from wasinet.conformance.deviations import VERDICTS

PAGE = Path(__file__).parents[2] / "docs" / "compare-hosts.md"


@pytest.mark.usefixtures("wasmtime_runtime")
@pytest.mark.skipif(which("bash") is None, reason="bash is not installed")
def test_the_examples_run(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    path = os.pathsep.join((str(Path(sys.executable).parent), CLEAN.get("PATH", os.defpath)))
    command = f'wasinet() {{ "{sys.executable}" -m wasinet "$@"; }}\nset -e\n'
    for block in blocks:
        done = subprocess.run(
            ["bash", "-c", command + block],
            cwd=tmp_path,
            env=CLEAN | {"PATH": path, "PYTHONPATH": str(PAGE.parents[1])},
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    assert (tmp_path / "report.xml").exists()


def test_every_verdict_is_explained() -> None:
    text = PAGE.read_text("utf-8")
    for verdict in VERDICTS:
        assert re.search(rf"^\| {verdict}\b", text, re.MULTILINE), verdict
