"""``wasinet call`` and ``wasinet replay`` as a shell sees them."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import pytest

from tests.cli.command import run

BIND = "s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1:0); s.finish-bind()"


def test_each_outcome_is_a_line() -> None:
    done = run("call", f"{BIND}; s.address-family(); p = s.subscribe(); p.block()")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok(#1)\nok\nok\nipv4\n#3\nok\n", "")


def test_formats() -> None:
    calls = 'l = resolve-addresses(net, "127.0.0.1"); l.resolve-next-address()'
    assert run("call", calls).stdout.splitlines()[-1] == "ok(some(127.0.0.1))"
    assert run("call", "--format", "wave", calls).stdout.splitlines()[-1] == "ok(some(ipv4((127, 0, 0, 1))))"
    done = run("call", "--format", "xml", "now()")
    assert (done.returncode, done.stderr) == (2, "wasinet: call: --format: 'xml' is no format; choose human or wave\n")


def test_json_has_an_event_for_each_call() -> None:
    done = run("call", "--json", f"{BIND}; s.accept()")
    assert done.returncode == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events] == ["call", "call", "call", "call", "error"]
    assert events[0]["assigned"] == ["s"]
    assert events[1]["function"] == "tcp-socket.start-bind"
    assert events[1]["arguments"]["local-address"] == "127.0.0.1:0"
    assert (events[2]["before"], events[2]["after"]) == ("bind-in-progress", "bound")
    assert events[3]["outcome"] == {"err": "invalid-state"}
    assert events[4]["code"] == "invalid-state"


def test_calls_of_the_draft() -> None:
    done = run("call", "--world", "draft", "s = create-tcp-socket(ipv4); s.bind(net, 127.0.0.1:0); s.accept()")
    assert (done.returncode, done.stdout.splitlines()) == (1, ["ok(#1)", "ok", "err(unknown)"])
    assert "accept needs listener" in done.stderr


def test_the_first_error_ends_it_with_reason_and_advice() -> None:
    done = run("call", f"{BIND}; s.accept(); now()")
    assert (done.returncode, done.stdout) == (1, "ok(#1)\nok\nok\nerr(invalid-state)\n")
    assert done.stderr == (
        "wasinet: call s.accept(): invalid-state: "
        "tcp-socket.accept needs listening; s is bound. Try: s.start-listen()\n"
        "  Look up the states that the function needs, and do the missing step, or make a new socket.\n"
    )


def test_a_trap_ends_it_with_3() -> None:
    done = run("call", "s = create-tcp-socket(ipv4); drop(s); drop(s); now()")
    assert done.returncode == 3
    assert done.stdout.splitlines()[2:] == ['trap "#1 was dropped and may not be used any more"']
    assert done.stderr == "wasinet: call: trap: s was dropped and may not be used any more\n"


def test_keep_going_exits_by_the_first_failure() -> None:
    done = run(
        "call", "--keep-going", "poll([]); s = create-tcp-socket(ipv4); (a, b, c) = s.accept(); a.accept(); now()"
    )
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == 4
    assert "trap" in done.stderr
    assert "  a.accept()" not in done.stdout
    assert "a is not set: s.accept() gave err(invalid-state)" in done.stderr
    assert run("call", "--keep-going", "s = create-tcp-socket(ipv4); s.accept(); poll([])").returncode == 1


def test_bad_text_ends_it_before_the_first_call() -> None:
    done = run("call", "s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1)", "--trace")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "wasinet: call: expected ip-socket-address, e.g. 127.0.0.1:80, found '127.0.0.1'\n"
        "  s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1)\n"
        "                                                 ^\n"
    )


def test_calls_are_read_from_standard_input() -> None:
    done = run("call", "-", stdin=None, input="# a script\ns = create-tcp-socket(ipv4)\n\ns.is-listening()\n")
    assert (done.returncode, done.stdout) == (0, "ok(#1)\nfalse\n")
    done = run("call", "-", stdin=None, input="now()\ns.x()\n")
    assert (done.returncode, done.stderr) == (2, "wasinet: call: line 2: no variable is named s\n  s.x()\n  ^\n")
    done = run("call", "-")
    assert (done.returncode, done.stdout) == (0, "")


def test_text_that_is_not_utf_8_is_bad_input() -> None:
    command = [sys.executable, "-m", "wasinet", "call", "-"]
    done = subprocess.run(command, input=b"\xff", capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        b"wasinet: call: standard input is not UTF-8: invalid start byte at byte 0\n",
    )


GOOD = "> s = create-tcp-socket(ipv4)\n< ok(_)\n"
WRONG = GOOD + "> s.accept()\n< ok(_)\n"


def test_replay_passes(tmp_path: Path) -> None:
    (tmp_path / "a.wasinet").write_text(GOOD)
    done = run("replay", str(tmp_path / "a.wasinet"))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{tmp_path}/a.wasinet: 1 as expected\n"
    assert run("replay", "-q", str(tmp_path)).stderr == ""


def test_replay_shows_differences_and_update_mends_them(tmp_path: Path) -> None:
    path = tmp_path / "a.wasinet"
    path.write_bytes(WRONG.replace("\n", "\r\n").encode())
    (tmp_path / "b.wasinet").write_text(GOOD)
    done = run("replay", str(tmp_path))
    assert done.returncode == 4
    assert done.stdout == (
        f"{path}:4\n  > s.accept()\n- < ok(_)\n"
        "+ < err(invalid-state)    # tcp-socket.accept needs listening; #1 is unbound. Try: start-bind\n"
    )
    assert done.stderr == f"{path}: 1 of 2 not as expected\n{tmp_path}/b.wasinet: 1 as expected\n"
    done = run("replay", "--update", str(tmp_path))
    assert done.returncode == 0
    assert (
        path.read_bytes()
        == WRONG.replace("> s.accept()\n< ok(_)", "> s.accept()\n< err(invalid-state)").replace("\n", "\r\n").encode()
    )
    assert run("replay", str(path)).returncode == 0


def test_replay_writes_json_and_junit(tmp_path: Path) -> None:
    (tmp_path / "a&b.wasinet").write_text(WRONG)
    (tmp_path / "c.wasinet").write_text(GOOD)
    done = run("replay", "--json", "--junit", str(tmp_path / "report.xml"), str(tmp_path))
    assert done.returncode == 4
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["passed"], second["passed"]) == (False, True)
    assert first["mismatches"][0]["line"] == 4
    suite = xml.etree.ElementTree.parse(tmp_path / "report.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite[0].find("failure")
    assert failure is not None
    assert failure.text is not None
    assert "+ < err(invalid-state)" in failure.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("> s.x()\n", "FILE:1:3: no variable is named s\n> s.x()\n  ^\n"),
        (None, "FILE: cannot be read: No such file or directory\n"),
    ],
)
def test_replay_refuses_malformed_files_before_any_call(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "b.wasinet"
    if content is not None:
        path.write_text(content)
    (tmp_path / "a.wasinet").write_text(GOOD)
    done = run("replay", "--trace", str(tmp_path / "a.wasinet"), str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "wasinet: replay: " + message.replace("FILE", str(path))


def test_replay_of_a_folder_without_transcripts(tmp_path: Path) -> None:
    done = run("replay", str(tmp_path))
    assert done.returncode == 2
    assert "there is no file that ends in .wasinet" in done.stderr


def test_replay_traces(tmp_path: Path) -> None:
    (tmp_path / "a.wasinet").write_text(GOOD)
    done = run("replay", "--trace-file", "-", str(tmp_path))
    assert json.loads(done.stdout)["function"] == "create-tcp-socket"
