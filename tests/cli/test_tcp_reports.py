"""What ``tcp`` tells about its work: JSON, traces, ``--quiet`` and ``--verbose``, and the common ``--timeout``."""

from __future__ import annotations

import base64
import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import run
from tests.cli.support import Lab, events_of, free_port, peer, read_all


def test_the_first_line_of_json_is_the_address(lab: Lab) -> None:
    us, port = lab.listen("--json")
    first = us.event()
    assert first["event"] == "listening"
    assert first["address"] == f"127.0.0.1:{port}"
    assert first["handle"] == {"handle": first["handle"]["handle"], "type": "tcp-socket"}
    with peer(port) as client:
        client.sendall(b"\x00\xff binary")
        us.end()
        client.shutdown(socket.SHUT_WR)
        out, err = us.ends()
    events = events_of(out)
    assert err == ""
    assert all(event["time"] >= 0 for event in events)
    data = b"".join(base64.b64decode(e["data"]["base64"]) for e in events if e["event"] == "data")
    assert data == b"\x00\xff binary"
    assert [event["event"] for event in events if event["event"] != "data"] == ["accepted", "ended", "closed"]
    assert (events[-1]["received"], events[-1]["sent"]) == (9, 0)


@pytest.mark.parametrize("option", ["--echo", "--discard", "--output"])
def test_no_data_events_where_the_bytes_go_elsewhere(lab: Lab, tmp_path: Path, option: str) -> None:
    us, port = lab.listen("--json", option, *([str(tmp_path / "out")] if option == "--output" else []))
    us.end()
    with peer(port) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        read_all(client)
    assert "data" not in {event["event"] for event in events_of(us.ends()[0])}


def test_an_error_is_the_last_event(lab: Lab) -> None:
    port = free_port()
    out, err = lab.connect(port, "--json").ends(1)
    last = events_of(out)[-1]
    assert (last["event"], last["code"], last["target"]) == ("error", "connection-refused", f"127.0.0.1:{port}")
    assert last["function"] == "tcp-socket.finish-connect"
    assert err.startswith(f"wasinet: tcp connect 127.0.0.1:{port}: connection-refused\n")


def records_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_trace_shows_calls_on_stderr_and_data_stay_on_stdout(lab: Lab) -> None:
    us, port = lab.listen("--trace", "-q")
    with peer(port) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        us.end()
        read_all(client)
    out, err = us.ends()
    assert out == b"hello"
    for call in ("create-tcp-socket", "start-bind", "finish-listen", "accept", "splice", "shutdown"):
        assert call in err


def test_trace_file_and_summary(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "trace"
    us, port = lab.listen("--trace-file", str(path), "--trace-summary", "--echo")
    with peer(port) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        read_all(client)
    _, err = us.ends()
    functions = [record["function"] for record in records_of(path)]
    assert functions.count("tcp-socket.start-listen") == 1
    # Everything that was made was disposed of.
    drops = [name for name in functions if name.startswith("drop ")]
    assert drops.count("drop tcp-socket") == 2
    assert drops.count("drop input-stream") == drops.count("drop output-stream") == 1
    assert re.search(r"tcp-socket\.accept\s+\d", err)


def test_trace_on_stdout_leaves_nothing_else_there(lab: Lab) -> None:
    us, port = lab.listen("--trace-file", "-", "-q")
    with peer(port) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        us.end()
        read_all(client)
    out, err = us.ends()
    assert err == "hello"
    assert all("function" in json.loads(line) for line in out.splitlines())


@pytest.mark.parametrize(
    ("command", "code"), [(["listen", "127.0.0.1:0"], 124), (["listen", "127.0.0.1:0", "-k", "--echo"], 124)]
)
def test_timeout(command: list[str], code: int) -> None:
    done = run("tcp", *command, "--timeout", "200ms")
    assert done.returncode == code
    assert done.stderr.splitlines()[-1] == "wasinet: tcp listen: timed out after 200ms"


def test_quiet_says_nothing_and_verbose_more(lab: Lab) -> None:
    said = {}
    for flag in ("--quiet", "--verbose", "--color=auto"):
        us, port = lab.listen(flag, "--echo")
        with peer(port) as client:
            client.shutdown(socket.SHUT_WR)
            read_all(client)
        said[flag] = us.ends()[1]
    assert said["--quiet"] == ""
    assert len(said["--verbose"].splitlines()) > len(said["--color=auto"].splitlines()) > 1


def test_progress_is_told_as_json_only_when_verbose(lab: Lab) -> None:
    for flags, wanted in ((["--json"], False), (["--json", "-v"], True)):
        us, port = lab.listen("--discard", *flags)
        us.event()
        with peer(port) as client:
            us.event()
            client.sendall(b"x" * 1000)
            if wanted:
                event = us.event()
                while event["event"] != "progress":
                    event = us.event()
                assert event["received"] == 1000
            else:
                client.settimeout(0.6)
                with pytest.raises(TimeoutError):
                    client.recv(1)
        assert ("progress" in us.ends()[0].decode()) is False
