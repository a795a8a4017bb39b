"""A guest that tries to get out, in a network namespace that has only the loopback: nothing leaves it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.cli.command import CLEAN

ALONE = ["unshare", *([] if os.getuid() == 0 else ["--map-root-user"]), "--net", "--mount", "--"]


def test_nothing_that_a_guest_tries_leaves_the_loopback() -> None:
    if (
        not shutil.which("ip")
        or not shutil.which("unshare")
        or subprocess.run([*ALONE, "true"], check=False).returncode
    ):
        pytest.skip("network namespaces cannot be made here")
    done = subprocess.run(
        [*ALONE, sys.executable, "-m", "tests.guests.escape"],
        capture_output=True,
        text=True,
        env={**CLEAN, "PATH": os.environ["PATH"]},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["escaped"] == {}
    assert "10.0.0.1" in seen["control"]
    assert "control.evil.test." in seen["control"]
    for outcomes in seen["tried"].values():
        assert len(outcomes) >= 126
        # It was not kept in by failing at something else.
        assert {"ok", "access-denied", "invalid-argument"} <= set(outcomes.values()) or "unknown" in outcomes.values()
        assert outcomes["resolve 's3.localhost'"] == "ok"
