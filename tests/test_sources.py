"""What holds of every source file."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_SOURCES = sorted(path for folder in ("wasinet", "benchmarks") for path in (_ROOT / folder).rglob("*.py"))
# Python 3.11.0 to 3.11.4 match possessive groups wrongly (python/cpython issue 106052); single characters are right.
_POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+|\(\?>")


def test_no_possessive_groups() -> None:
    found = [
        (str(path.relative_to(_ROOT)), line)
        for path in _SOURCES
        for line in path.read_text(encoding="utf-8").splitlines()
        if _POSSESSIVE_GROUP.search(line)
    ]
    assert found == []
