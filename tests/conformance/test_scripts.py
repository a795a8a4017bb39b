"""Files to compare hosts with."""

from __future__ import annotations

from pathlib import Path

import pytest

from wasinet.conformance.scripts import read_script, shipped
from wasinet.script.transcript import CallLine, TranscriptError
from wasinet.wit import WORLD_NAMES


def lines(path: Path) -> list[tuple[int, str, bool]]:
    return [(line.line, line.source, line.retry) for line in read_script(path).lines if isinstance(line, CallLine)]


def test_calls_as_call_takes_them(tmp_path: Path) -> None:
    path = tmp_path / "calls.txt"
    path.write_text("# a comment\ns = create-tcp-socket(ipv4); s.start-bind(net,\n  127.0.0.1:0)\n\ns.finish-bind()\n")
    assert lines(path) == [
        (2, "s = create-tcp-socket(ipv4)", False),
        (2, "s.start-bind(net, 127.0.0.1:0)", False),
        (5, "s.finish-bind()", False),
    ]


@pytest.mark.parametrize("name", ["a.wasinet", "a.txt"])
def test_transcripts_by_name_or_look(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("# a comment\n\n%world 0.2\n> !retry create-tcp-socket(ipv4)\n".replace("!retry ", ""))
    assert lines(path) == [(4, "create-tcp-socket(ipv4)", False)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"now()\ns.x()\n", ":2:1: no variable is named s"),
        (b"> s.x()\n", ":1:3: no variable is named s"),
        (b"\xff", ": is not UTF-8"),
        (None, ": cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_script(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "bad"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TranscriptError) as raised:
        read_script(path)
    assert str(raised.value).startswith(f"{path}{message}")


@pytest.mark.parametrize("world", WORLD_NAMES)
def test_every_world_has_a_suite(world: str) -> None:
    found = shipped(world)
    assert len(found) > 5
    assert all(one.world == world for one in found)
