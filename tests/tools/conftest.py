"""The command line as it is now, described once."""

from __future__ import annotations

import pytest

from tools.describe import program
from tools.program import Program


@pytest.fixture(scope="session")
def facts() -> Program:
    return program()
