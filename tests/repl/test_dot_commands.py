"""Each dot command, with good and with bad input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repl.support import Fed
from wasinet.repl.commands import COMMANDS
from wasinet.repl.completion import candidates

BIND = ("s = create-tcp-socket(ipv4)", "s.start-bind(net, 127.0.0.1:0)", "s.finish-bind()")

GOOD = {
    "help": ("", "CALL | COMMAND pipes"),
    "handles": ("", "tcp-socket  s"),
    "tree": ("", "└─ p #3  pollable"),
    "states": ("s", "[bound]"),
    "explain": ("start-bind", "tcp-socket.start-bind("),
    "history": ("", "   3  s.finish-bind()  ok"),
    "policy": ("", "net      everything is allowed"),
    "trace": ("on", ""),
    "time": ("on", ""),
    "format": ("wave", ""),
    "world": ("draft", "a new session in the world draft"),
    "host": ("", "native; there is native, wasmtime"),
    "network": ("fenced tcp-connect:127.0.0.1", "fenced is a network that allows tcp-connect:127.0.0.1"),
    "drop": ("p", "ok  p is gone"),
    "reset": ("", "closed s (tcp-socket), p (pollable)"),
    "wait": ("s", "s is ready after "),
    "save": ("FILE", "wrote 4 calls to "),
    "export": ("python FILE", "wrote 4 calls to "),
    "quit": ("", ""),
}

BAD = {
    "help": ("nonsense", "'nonsense' is no function, error code or state of 0.2"),
    "handles": ("x", ".handles takes no arguments, not 'x'"),
    "tree": ("x", ".tree takes no arguments, not 'x'"),
    "states": ("p", "p is a pollable, which has no states; there are those of tcp-socket, udp-socket"),
    "explain": ("", ".explain needs a function, an error code or a state; e.g. .explain start-bind"),
    "history": ("x", ".history takes no arguments, not 'x'"),
    "policy": ("x", ".policy takes no arguments, not 'x'"),
    "trace": ("maybe", ".trace takes on or off, not 'maybe'"),
    "time": ("", ".time takes on or off"),
    "format": ("xml", ".format takes table, wave or json, not 'xml'"),
    "world": ("9", "no world is named '9'; there is 0.2, draft"),
    "host": ("moon", "no host is named 'moon'; there is native, wasmtime"),
    "network": ("fenced", ".network needs a name and rules; e.g. .network fenced tcp-connect:127.0.0.1"),
    "drop": ("", ".drop needs a handle: a variable or #3; see .handles"),
    "reset": ("x", ".reset takes no arguments, not 'x'"),
    "wait": ("net", "net is a network, which has no pollable to wait for"),
    "watch": ("5parsecs s.is-listening()", ".watch: '5parsecs' is no interval; e.g. 500ms, 2s"),
    "save": ("", ".save needs a file; e.g. .save session"),
    "load": ("/nonexistent/file", "/nonexistent/file: cannot be read: No such file or directory"),
    "export": ("cobol x", ".export takes python or transcript, not 'cobol'"),
    "quit": ("x", ".quit takes no arguments, not 'x'"),
}


def prepared(enter: Fed) -> None:
    enter(*BIND, "p = s.subscribe()")


def test_every_command_is_tested() -> None:
    assert BAD.keys() == COMMANDS.keys()
    assert GOOD.keys() | {"watch", "load"} == COMMANDS.keys()


@pytest.mark.parametrize("mark", [".", "\\"])
@pytest.mark.parametrize("name", list(GOOD))
def test_good_input(enter: Fed, name: str, mark: str, tmp_path: Path) -> None:
    prepared(enter)
    arguments, said = GOOD[name]
    lines = enter(f"{mark}{name} {arguments.replace('FILE', str(tmp_path / 'f'))}")
    assert said in "\n".join(lines)
    assert enter.repl.code == 0


@pytest.mark.parametrize("name", list(BAD))
def test_bad_input_gives_one_line(enter: Fed, name: str) -> None:
    prepared(enter)
    arguments, said = BAD[name]
    (line,) = enter(f".{name} {arguments}")
    assert line.startswith(said)
    assert enter.repl.code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".handels", "there is no command .handels; did you mean handles?; see .help"),
        (".", "there is no command .; see .help"),
        (".wait q", "no variable is named q"),
        (".wait #77", "#77 is no live handle; see .handles"),
        (".network x nonsense", ".network: 'nonsense': unknown use"),
        (".network tcp all", ".network: tcp is an interface and cannot be assigned"),
        (".watch 1ns s.is-listening()", ".watch: 1ns is too short"),
        (".save /nonexistent/x", "/nonexistent/x cannot be written: No such file or directory"),
        (".watch 1s", ".watch needs an interval and a call"),
    ],
)
def test_more_bad_input(enter: Fed, text: str, said: str) -> None:
    prepared(enter)
    (line,) = enter(text)
    assert line.startswith(said)


def test_bare_words(enter: Fed) -> None:
    assert enter("?") == enter("help") == enter(".help")
    assert ".wait HANDLE  Wait until a handle is ready; Ctrl-C stops." in enter("help wait")
    enter("exit")
    assert enter.repl.done


def test_trace_time_and_format(enter: Fed) -> None:
    enter(".trace on")
    assert any("create-tcp-socket(ipv4) → ok(#1)" in line for line in enter("s = create-tcp-socket(ipv4)"))
    enter(".trace off", ".time on")
    (line,) = enter("s.address-family()")
    assert line.startswith("ipv4  ")
    assert line.endswith("s")
    enter(".time off", ".format wave")
    enter('l = resolve-addresses(net, "127.0.0.1")')
    assert enter("l.resolve-next-address()") == ["ok(some(ipv4((127, 0, 0, 1))))"]


def test_watch_until_ctrl_c(enter: Fed, interrupt: object) -> None:
    assert callable(interrupt)
    enter("s = create-tcp-socket(ipv4)")
    interrupt()
    lines = enter(".watch 10ms s.address-family()")
    assert set(lines) == {"ipv4"}


def test_a_network_fences(enter: Fed) -> None:
    enter(BIND[0], ".network fenced udp-send:127.0.0.1")
    (line,) = enter("s.start-bind(fenced, 127.0.0.1:0)")
    assert line.startswith("err(access-denied)")


def test_load_calls_and_transcripts(enter: Fed, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.write_text("s = create-tcp-socket(\n  ipv4\n)\n.drop s\n")
    assert enter(f".load {calls}") == ["ok(#1)  s is a tcp-socket, unbound", "ok  s is gone"]
    script = tmp_path / "t.wasinet"
    script.write_text("%world 0.2\n> p = subscribe-duration(1ms)\n< _\n> !retry p.block()\n")
    lines = enter(f".load {script}")
    assert lines[0] == "> p = subscribe-duration(1ms)"
    assert lines[-1] == "ok"
    script.write_text("%world draft\n")
    (line,) = enter(f".load {script}")
    assert line.endswith("this is for the world draft; first .world draft")
    calls.write_text(f".load {calls}\n")
    assert enter(f".load {calls}")[-1] == f"{calls} is loaded by itself"


CONNECTION = (
    *BIND,
    "s.start-listen()",
    "s.finish-listen()",
    "a = s.local-address()",
    "c = create-tcp-socket(ipv4)",
    "c.start-connect(net, a)",
    ".wait c",
    "(rx, tx) = c.finish-connect()",
    ".wait s",
    "(d, in1, out1) = s.accept()",
    'tx.blocking-write-and-flush("hello")',
    ".wait in1",
    "in1.read(10)",
    "poll([])",
    "s.start-listen()",
    "drop(rx)",
)


def test_a_saved_session_replays(enter: Fed, tmp_path: Path) -> None:
    enter(*CONNECTION, f".save {tmp_path}/t.wasinet", f".export python {tmp_path}/p.py")
    command = [sys.executable, "-m", "wasinet", "replay", str(tmp_path / "t.wasinet")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, str(tmp_path / "p.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "b'hello'" in done.stdout


def test_files_with_blanks_and_standard_output(enter: Fed, tmp_path: Path) -> None:
    enter("s = create-udp-socket(ipv4)")
    assert enter(".save -") == ["%world 0.2", "%host native", "> s = create-udp-socket(ipv4)", "< ok(_)"]
    assert enter(".export python -")[-1] == "host.close(5.0)"
    for entered, name in ((f'"{tmp_path}/a b"', "a b"), (f"'{tmp_path}/c\"'", 'c"'), (f"{tmp_path}/d e", "d e")):
        assert enter(f".save {entered}") == [f"wrote 1 call to {tmp_path}/{name}"]
        assert (tmp_path / name).exists()
        assert enter(f".load {entered}")[-1].startswith("ok")
        enter(".reset", "s = create-udp-socket(ipv4)")
    assert enter('.save "x') == ['.save: "x has no closing quote']
    assert enter('.save "x" y') == ['.save takes one file, not 2: "x" y']
    assert enter(".load -") == [".load reads a file; lines are entered or pasted at the prompt"]
    offered = candidates(enter.repl, f".load {tmp_path}/a", len(f".load {tmp_path}/a"))
    assert [one.text for one in offered] == [f'"{tmp_path}/a b"']
