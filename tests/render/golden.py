"""Golden files: ``WASINET_GOLDEN=write pytest tests/render`` writes them anew; then look at the difference."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["check"]

_FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """Compare a text with its golden file."""
    file = _FOLDER / f"{name}.txt"
    if os.environ.get("WASINET_GOLDEN") == "write":
        file.write_text(f"{text}\n", "utf-8")
    assert file.exists(), f"{file} is missing; WASINET_GOLDEN=write makes it"
    assert f"{text}\n" == file.read_text("utf-8")
