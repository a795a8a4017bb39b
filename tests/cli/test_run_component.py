"""``wasinet run``: exit codes, errors, traces, limits, and endings from outside."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.cli.support import Lab, Running, accepted, server
from tests.guests import bodies
from tests.guests.wat import guest
from tests.support import THOROUGH
from wasinet import wit
from wasinet.cli.run import run as run_here

WORLD = wit.load("0.2")

_STRICT = ["-X", "dev", "-W", "default"]
OURS = [sys.executable, *_STRICT, "-m", "wasinet", "run"]
HANGING = [
    sys.executable,
    *_STRICT,
    "-c",
    "import sys, time; from wasinet.oscalls import Os; Os.look_up = lambda self, name: time.sleep(60); "
    "from wasinet.__main__ import main; sys.exit(main(sys.argv[1:]))",
    "run",
    "--allow",
    "name-lookup:name.test",
]


@pytest.fixture
def component(tmp_path: Path) -> Path:
    return tmp_path / "guest.wat"


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the tests' own."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setitem(run.__globals__["CLEAN"], "XDG_CACHE_HOME", str(folder))
    return folder


@pytest.mark.parametrize("version", ["0.2.0", "0.2.6", "0.2.12", "0.2.99"])
def test_every_patch_version_links(version: str, component: Path) -> None:
    component.write_text(guest(WORLD, bodies.NOTHING, version=version))
    assert run("run", str(component)).returncode == 0


def test_a_run_that_gives_an_error_is_exit_code_1(component: Path) -> None:
    component.write_text(guest(WORLD, "(i32.const 1)"))
    process = run("run", str(component))
    assert (process.returncode, process.stderr) == (1, "")


def test_what_stands_behind_the_component_is_the_guests(component: Path) -> None:
    component.write_text(guest(WORLD, bodies.NOTHING))
    process = run("run", str(component), "--trace", "--no-such-option", "--", "x")
    assert (process.returncode, process.stderr) == (0, "")


def test_the_trace_shows_calls_and_states(component: Path, tmp_path: Path) -> None:
    component.write_text(guest(WORLD, bodies.LEAK.replace("1000", "1")))
    file = tmp_path / "trace.ndjson"
    process = run("run", "--trace", "--trace-summary", "--trace-file", str(file), str(component))
    assert process.returncode == 0
    assert "create-tcp-socket(ipv4) → ok(#1)" in process.stderr
    assert [json.loads(line)["function"] for line in file.read_text().splitlines()] == ["create-tcp-socket"]


# What cannot be run

_CORE = b"\0asm\1\0\0\0"
# The rest of a component whose function does nothing.
_RUN = b"""
  (core module $m (func (export "run")))
  (core instance $m (instantiate $m))
  (func (export "run") (canon lift (core func $m "run"))))
"""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_CORE, "is a core module, not a component"),
        (b"(module)", "is a core module, not a component"),
        (b";; a comment\n(; another ;) (module)", "is a core module, not a component"),
        (b"\x7fELF\0\0\xff", "is not a component: neither a .wasm file nor WAT text"),
        (b"", "is not a component: neither a .wasm file nor WAT text"),
        (b"(component", "is not a valid component: expected `)`"),
        (b"\0asm\x0d\0\1\0\xff", "is not a valid component"),
        (b"(component)", "exports no wasi:cli/run@0.2, so there is nothing to run"),
        (b'(component (import "a:b/c@1.0.0" (instance)))', "imports a:b/c@1.0.0, which this host does not have"),
        (b'(component (import "wasi:io/poll@0.3.0" (instance)))', "imports wasi:io/poll@0.3.0, which"),
        (
            b'(component (import "wasi:io/poll@0.2.0" (instance (export "poll-all" (func)))))',
            "imports wasi:io/poll@0.2.0#poll-all, which this host does not have",
        ),
        (
            b'(component (import "wasi:io/poll@0.2.0-rc-2023-11-10" (instance)))',
            "imports wasi:io/poll@0.2.0-rc-2023-11-10, which this host does not have",
        ),
        (
            b'(component (import "wasi:io/poll@0.2.0" (instance (export "thing" (type (sub resource)))))' + _RUN,
            "does not fit this host: component imports instance `wasi:io/poll@0.2.0`",
        ),
        (
            b'(component (component $c) (instance $i (instantiate $c)) (export "wasi:cli/run@0.2.0" (instance $i)))',
            "exports no wasi:cli/run@0.2, so there is nothing to run",
        ),
        (b'(component (import "helper" (func)))', "imports helper, which this host does not have"),
    ],
)
def test_what_cannot_be_run(content: bytes, said: str, component: Path) -> None:
    component.write_bytes(content)
    process = run("run", str(component))
    assert process.returncode == 2
    assert process.stderr.count("\n") == 1, process.stderr
    assert process.stderr.startswith(f"wasinet: run: {component} ")
    assert said in process.stderr


def test_a_plain_function_run(component: Path) -> None:
    component.write_bytes(b"(component" + _RUN)
    assert run("run", str(component)).returncode == 0


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    process = run("run", str(tmp_path / "none.wasm"))
    assert process.returncode == 2
    assert process.stderr == f"wasinet: run: {tmp_path / 'none.wasm'}: No such file or directory\n"


# Misbehaving guests


@pytest.mark.parametrize(
    ("body", "options", "said"),
    [
        (bodies.TRAP, [], "the guest stopped: wasm `unreachable` instruction executed"),
        (
            bodies.ALLOCATE,
            ["--max-memory", "16MiB"],
            "wasm `unreachable` instruction executed; the guest asked for more than 16MiB of memory (--max-memory)",
        ),
        (bodies.SPIN, ["--fuel", "1000000"], "the guest stopped: it used up its fuel of 1000000 (--fuel)"),
        (
            "(call $tcp-create-socket-create-tcp-socket (i32.const 0) (i32.const 0))"
            "(call $drop-udp-socket (i32.load (i32.const 4))) (i32.const 0)",
            [],
            "the guest stopped: ",
        ),
        ("(call $poll-poll (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 0)", [], "poll"),
        ("(drop (call $streams-input-stream-subscribe (i32.const 77))) (i32.const 0)", [], "the guest stopped: "),
    ],
    ids=["unreachable", "allocates", "spins", "wrong drop", "empty poll", "no such handle"],
)
def test_traps(body: str, options: list[str], said: str, component: Path) -> None:
    component.write_text(guest(WORLD, body))
    process = run("run", *options, str(component))
    assert process.returncode == 3
    assert process.stderr.startswith("wasinet: run: trap: ")
    assert process.stderr.count("\n") == 1
    assert said in process.stderr
    assert "wasm backtrace" in run("run", "--debug", *options, str(component)).stderr


def test_a_memory_that_is_too_large_from_the_start(component: Path) -> None:
    component.write_text(guest(WORLD, bodies.NOTHING, memory=100))
    process = run("run", "--max-memory", "1MiB", str(component))
    assert process.returncode == 3
    assert process.stderr == "wasinet: run: trap: the guest asked for more than 1MiB of memory (--max-memory)\n"


def test_a_guest_that_gives_up_without_memory(component: Path) -> None:
    component.write_text(guest(WORLD, "(i32.eq (memory.grow (i32.const 1000)) (i32.const -1))"))
    process = run("run", "--max-memory", "4MiB", str(component))
    assert process.returncode == 1
    assert process.stderr == "wasinet: run: the guest asked for more than 4MiB of memory (--max-memory)\n"


def test_limits_of_the_configuration(component: Path, tmp_path: Path) -> None:
    """Every limit of space has a key, and an option goes before it."""
    config = tmp_path / "wasinet" / "config.toml"
    config.parent.mkdir()
    config.write_text('max-handles = 10\nmax-memory = "4MiB"\n')
    component.write_text(guest(WORLD, bodies.LEAK))
    process = run("run", str(component), env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert process.returncode == 3
    assert process.stderr == "wasinet: run: trap: the guest asked for more than 10 handles (--max-handles)\n"
    process = run("run", "--max-handles", "2000", str(component), env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert process.returncode == 0


def test_what_is_not_delivered_changes_no_exit_code(
    component: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wasinet.cli.session._DRAIN", 0.05)
    monkeypatch.setattr("wasinet.cli.run.install", lambda: None)
    body = """(loop $l
      (call $streams-output-stream-check-write (local.get $out) (i32.const 0))
      (if (i64.ne (i64.load (i32.const 8)) (i64.const 0)) (then
        (call $streams-output-stream-write (local.get $out) (i32.const 4096)
          (i32.wrap_i64 (i64.load (i32.const 8))) (i32.const 0))
        (br $l))))
      CODE"""
    with server() as (listener, port):
        # A size that is set stays, and so there is no room later for what there was none for.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        for end, code in (("(i32.const 0)", 0), ("(i32.const 1)", 1), ("(unreachable)", 3)):
            component.write_text(guest(WORLD, bodies.connected(port, body.replace("CODE", end))))
            assert run_here(["run", str(component)]) == code
            first, *rest = capsys.readouterr().err.splitlines()
            assert re.fullmatch(
                rf"wasinet: run: \d+ bytes to 127\.0\.0\.1:{port} were lost: not taken within [\d.]+ seconds", first
            )
            assert len(rest) == (code == 3)


@pytest.mark.parametrize("mebibytes", [1, 100])
def test_lists_that_are_too_long(component: Path, mebibytes: int) -> None:
    """What a guest passes takes many times its size here, so it is refused before it is taken."""
    with server() as (_, port):
        body = f"""(drop (memory.grow (i32.const {mebibytes * 16})))
          (call $streams-output-stream-write
            (local.get $out) (i32.const 4096) (i32.const {mebibytes << 20}) (i32.const 0)) (i32.const 0)"""
        component.write_text(guest(WORLD, bodies.connected(port, body)))
        process = run("run", str(component))
        assert process.returncode == 3
        said = "permitted 0" if mebibytes == 1 else "passed more in one call than Wasmtime takes, 2796202 bytes"
        assert said in process.stderr


def test_a_guest_that_leaks_sockets(component: Path) -> None:
    component.write_text(guest(WORLD, bodies.LEAK))
    process = run("run", str(component), prefix=["prlimit", "--nofile=4096:4096"])
    assert (process.returncode, process.stderr) == (0, "")
    process = run("run", str(component), prefix=["prlimit", "--nofile=100:100"])
    assert (process.returncode, process.stderr) == (1, "")


@pytest.mark.parametrize("then", [bodies.READ_FOR_EVER, bodies.BLOCKING_READ, bodies.SPIN, bodies.POLL])
def test_the_time_is_over(then: str, component: Path, lab: Lab) -> None:
    with started(lab, component, then, "--timeout", "3s") as us:
        assert us.wait() == 124
        assert us.err == "wasinet: run: timed out after 3s\n"


def test_a_peer_that_never_reads(component: Path, lab: Lab) -> None:
    with started(lab, component, bodies.WRITE_FOR_EVER, "--timeout", "3s") as us:
        assert us.wait() == 124
        assert us.err == "wasinet: run: timed out after 3s\n"


# From outside


@contextmanager
def started(lab: Lab, component: Path, then: str, *options: str, command: list[str] | None = None) -> Iterator[Running]:
    """A guest that has connected to us, and now does what it is about."""
    with server() as (listener, port):
        component.write_text(guest(WORLD, bodies.connected(port, then)))
        us = lab.start([*(command or OURS), *options, str(component)])
        connection = accepted(listener)
        try:
            yield us
        finally:
            connection.close()


_CALLS = [
    ("poll", bodies.POLL, None),
    ("blocking-read", bodies.BLOCKING_READ, None),
    ("lookup", bodies.then_lookup("name.test"), HANGING),
    ("computation", bodies.SPIN, None),
    ("getters", bodies.GETTERS, None),
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("name", "then", "command"), _CALLS, ids=[name for name, *_ in _CALLS])
def test_signals(name: str, then: str, command: list[str] | None, number: int, component: Path, lab: Lab) -> None:
    for _ in range(50 if THOROUGH else 2):
        with started(lab, component, then, command=command) as us:
            us.signal(number)
            assert us.wait() == 128 + number, us.err
            assert us.err == ""


# The cache


def test_the_cache_fails_softly(component: Path, tmp_path: Path) -> None:
    component.write_text(guest(WORLD, bodies.NOTHING))
    blocked = tmp_path / "file"
    blocked.write_text("")
    for folder in (str(blocked), "relative"):
        process = run("run", str(component), env={"XDG_CACHE_HOME": folder})
        assert (process.returncode, process.stderr) == (0, "")


def test_the_cache_is_used(component: Path, tmp_path: Path) -> None:
    component.write_text(guest(WORLD, bodies.NOTHING))
    folder = tmp_path / "cache"
    assert run("run", str(component), env={"XDG_CACHE_HOME": str(folder)}).returncode == 0
    assert any(path.is_file() for path in (folder / "wasinet" / "components" / "compiled").rglob("*"))


# Options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--env", "=x"], "--env: '=x' has no name; e.g. HOME, or COLOR=red"),
        (["--env", ""], "--env: '' has no name; e.g. HOME, or COLOR=red"),
        (["--dir", "/no/such/folder"], "--dir: /no/such/folder: there is no such folder"),
        (["--dir", __file__], f"--dir: {__file__} is no folder"),
        (["--dir", "::/data"], "--dir: '::/data' is no folder; e.g. data, data::/data or data::/data:ro"),
        (["--dir", ".::"], "--dir: '.::' is no folder; e.g. data, data::/data or data::/data:ro"),
        (["--max-memory", "much"], "--max-memory"),
        (["--fuel", "-1"], "--fuel"),
    ],
)
def test_bad_options(options: list[str], said: str, component: Path) -> None:
    component.write_text(guest(WORLD, bodies.NOTHING))
    process = run("run", *options, str(component))
    assert process.returncode == 2
    assert process.stderr.count("\n") == 1
    assert said in process.stderr


def test_without_a_component() -> None:
    process = run("run")
    assert process.returncode == 2
    assert process.stderr.count("\n") == 1
