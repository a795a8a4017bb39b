"""The shipped transcripts on Wasmtime: those on which it agrees in all, and that the others run to their end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.script.test_shipped import FILES
from wasinet.hosts import HostError, make_host
from wasinet.script.replay import replay
from wasinet.script.transcript import NetworkLine, Transcript, read_file

pytestmark = pytest.mark.usefixtures("wasmtime_runtime")

AGREES = {"ipv6", "streams", "udp", "udp-options"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_transcript(path: Path) -> None:
    transcript = read_file(path)
    if any(isinstance(line, NetworkLine) for line in transcript.lines):
        with pytest.raises(HostError, match="has no networks with rules"):
            replay(transcript, lambda: make_host("wasmtime"))
        return
    report = replay(transcript, lambda: make_host("wasmtime"))
    assert report.checked
    if path.stem in AGREES:
        assert report.passed, report.diff()


def test_a_transcript_may_name_it() -> None:
    text = "%world 0.2\n%host wasmtime\n\n> s = create-tcp-socket(ipv4)\n< ok(_)\n> s.is-listening()\n< false\n"
    transcript = Transcript.parse(text)
    assert transcript.host == "wasmtime"
    assert replay(transcript).passed
