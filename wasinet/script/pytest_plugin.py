"""A pytest plugin that runs transcripts: every ``*.wasinet`` file is a test.

It is found by itself where wasinet is installed; ``-p no:wasinet`` leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

__all__ = ["TranscriptFile", "TranscriptItem", "pytest_collect_file"]

_SUFFIX = ".wasinet"


class _Mismatch(Exception):
    """The transcript went another way than it says; the message is the difference."""


class TranscriptFile(pytest.File):
    """A transcript: a file with one test in it."""

    def collect(self) -> Iterator[TranscriptItem]:
        # Here and not above: most runs of pytest have no transcripts, and should not pay for them.
        from wasinet.script.transcript import TranscriptError, read_file

        try:
            transcript = read_file(self.path)
        except TranscriptError as error:
            raise self.CollectError(str(error)) from None
        yield TranscriptItem.from_parent(self, name="replay", transcript=transcript)


class TranscriptItem(pytest.Item):
    """The run of a transcript."""

    def __init__(self, *, transcript: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.transcript = transcript

    def runtest(self) -> None:
        from wasinet.script.replay import replay

        report = replay(self.transcript)
        if not report.passed:
            raise _Mismatch(report.diff())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, _Mismatch):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"transcript {self.path.name}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TranscriptFile | None:
    """Collect transcripts."""
    if file_path.suffix != _SUFFIX:
        return None
    return TranscriptFile.from_parent(parent, path=file_path)
