"""The command line as it is now, described once."""

from __future__ import annotations

import pytest

from wasinet.cli.describe import program
from wasinet.reference.program import Program


@pytest.fixture(scope="session")
def facts() -> Program:
    return program()
