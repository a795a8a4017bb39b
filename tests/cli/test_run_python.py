"""Real guests: a Python program made a component by componentize-py, run by ``wasinet run``."""

from __future__ import annotations

import gc
import json
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import CLEAN, process, run
from tests.cli.support import Lab, accepted, peer, server, until
from tests.guests.python_app import build
from tests.support import refused_port, reset, shared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def make(folder: Path) -> None:
    """The program as a component, and the cache with what it is compiled to."""
    app = build(folder)
    assert run("run", str(app), "environment", env={"XDG_CACHE_HOME": str(folder / "cache")}).returncode == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared(tmp_path_factory, "python-app", make)


@pytest.fixture
def app(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(CLEAN, "XDG_CACHE_HOME", str(folder / "cache"))
    yield str(folder / "app.wasm")
    # What a program is compiled to has a descriptor, and goes with a cycle of references.
    gc.collect()


def served(listener: socket.socket, got: list[bytes]) -> None:
    with accepted(listener) as connection:
        got.append(connection.recv(100))
        connection.sendall(b"welcome\n")
        connection.recv(1)


def test_asyncio_streams_and_their_trace(app: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace.ndjson"
    got: list[bytes] = []
    with server() as (listener, port):
        thread = threading.Thread(target=served, args=(listener, got))
        thread.start()
        process = run("run", "--trace", "--trace-file", str(trace), app, "tcp", "127.0.0.1", str(port))
        thread.join()
    assert (process.returncode, process.stdout) == (0, "got welcome\n"), process.stderr
    assert got == [b"hello from a guest\n"]
    lines = [re.sub(r"^ *[\d.]+ +|  [\d.]+ [µm]?s", "", line) for line in process.stderr.splitlines()]
    text = "\n".join(lines)
    # The guest's own connection is the one that goes to the port; its event loop makes another.
    found = re.search(rf"^#(\d+) tcp-socket.start-connect\(#\d+, 127.0.0.1:{port}\) → ok .*$", text, re.MULTILINE)
    assert found, text
    tcp = found[1]
    assert found[0].endswith("unbound → connect-in-progress")
    finished = re.search(rf"^#{tcp} tcp-socket.finish-connect\(\) → ok\(\(#(\d+), #(\d+)\)\).*$", text, re.MULTILINE)
    assert finished, text
    assert finished[0].endswith("connect-in-progress → connected")
    rx, tx = finished[1], finished[2]
    for line in (
        f"create-tcp-socket(ipv4) → ok(#{tcp})",
        f'#{tx} output-stream.write("hello from a guest\\n") → ok',
        f'#{rx} input-stream.read(262144) → ok("welcome\\n")',
        f"#{rx} drop input-stream",
        f"#{tx} drop output-stream",
        f"#{tcp} drop tcp-socket",
    ):
        assert any(of.startswith(line) for of in lines), f"{line} is not in\n{text}"
    records = [json.loads(line) for line in trace.read_text(encoding="utf-8").splitlines()]
    assert len(records) == len(lines)


def test_asyncio_server(app: str, lab: Lab) -> None:
    us = lab.wasinet("run", app, "serve")
    with peer(int(us.line())) as connection:
        connection.sendall(b"shout")
        assert connection.recv(100) == b"SHOUT"
    assert us.ends()[1] == ""


def test_udp(app: str) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as answering:
        answering.bind(("127.0.0.1", 0))
        answering.settimeout(120)
        port = answering.getsockname()[1]

        def answer() -> None:
            data, source = answering.recvfrom(100)
            answering.sendto(data + b" pong", source)

        thread = threading.Thread(target=answer)
        thread.start()
        process = run("run", app, "udp", str(port))
        thread.join()
    assert (process.returncode, process.stdout, process.stderr) == (0, f"ping pong {port}\n", "")


def test_name_lookup(app: str) -> None:
    process = run("run", app, "lookup", "localhost")
    assert process.returncode == 0, process.stderr
    assert "127.0.0.1" in process.stdout


def test_one_poll_for_standard_input_and_a_timer(app: str) -> None:
    process = run("run", app, "mix", input="typed", stdin=None)
    assert (process.returncode, process.stdout) == (0, "TYPED"), process.stderr


def test_standard_streams(app: str) -> None:
    done = process("run", app, "echo", input="a\nb\n", stdin=None)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\nb\n", "done\n")
    done = process("run", "--no-stdin", app, "echo", input="a\nb\n", stdin=None)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "done\n")


def test_the_trace_takes_standard_output_for_itself(app: str) -> None:
    done = process("run", "--trace-file", "-", app, "echo", input="said", stdin=None)
    assert done.returncode == 0
    assert all(json.loads(line)["function"] for line in done.stdout.splitlines())
    assert done.stderr == "saiddone\n"


@pytest.mark.parametrize(("arguments", "code"), [(["fail"], 1), (["exit", "said"], 1)])
def test_exit_codes(app: str, arguments: list[str], code: int) -> None:
    assert run("run", app, *arguments).returncode == code


def test_output_beyond_a_pipes_buffer(app: str) -> None:
    """Python writes it unbuffered, as one write, and looks at no short count."""
    assert run("run", app, "big", "1000000").stdout == "x" * 1000000 + "\n"


def test_the_exit_code_is_the_guests_own_whatever_is_left_unread(app: str) -> None:
    process = run("run", app, "itself")
    assert process.returncode == 0
    assert re.fullmatch(
        r"wasinet: run: \d+ bytes to 127\.0\.0\.1:\d+ were lost: the guest ended without reading them itself\n",
        process.stderr,
    )


def test_memory_that_python_does_not_get(app: str) -> None:
    process = run("run", "--max-memory", "60MiB", app, "big", "100000000")
    assert process.returncode == 3
    assert process.stderr.endswith("; the guest asked for more than 60MiB of memory (--max-memory)\n")


def test_variables(app: str) -> None:
    process = run(
        "run", "--env", "A=1=2", "--env", "FROM_HERE", "--env", "ABSENT", app, "environment", env={"FROM_HERE": "ü"}
    )
    assert (process.returncode, process.stdout) == (0, "[('A', '1=2'), ('FROM_HERE', 'ü')]\n"), process.stderr


@pytest.mark.parametrize(
    ("spelled", "guest", "told"),
    [
        ("{}", "{}", "['in.txt', 'out.txt']\n"),
        ("{}::/data", "/data", "['in.txt', 'out.txt']\n"),
        ("{}::/data:ro", "/data", None),
    ],
)
def test_folders(app: str, spelled: str, guest: str, told: str | None, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("content")
    folder = str(tmp_path)
    process = run("run", "--dir", spelled.format(folder), app, "files", guest.format(folder))
    assert process.returncode == 0, process.stderr
    if told is None:
        assert process.stdout.startswith("no: ")
        assert not (tmp_path / "out.txt").exists()
    else:
        assert process.stdout == told
        assert (tmp_path / "out.txt").read_text() == "CONTENT"


def test_what_the_policy_does_not_allow(app: str) -> None:
    process = run("run", app, "denied", "192.0.2.1", "80")
    assert (process.returncode, process.stdout) == (0, "PermissionError\n"), process.stderr


def test_ctrl_c_while_it_is_compiled(app: str, lab: Lab, tmp_path: Path) -> None:
    """Compiling is seconds without an instruction of Python."""
    us = lab.wasinet("run", app, "mix", env={"XDG_CACHE_HOME": str(tmp_path)}, stdin=subprocess.PIPE)
    # Threads of the compiler: more than the two of ours.
    until(lambda: len(list(Path(f"/proc/{us.pid}/task").iterdir())) > 3, "the compiler's threads")
    us.signal(signal.SIGINT)
    assert us.wait() == 130
    assert us.err == ""


def test_a_socket_whose_connection_is_over(app: str, lab: Lab) -> None:
    with server() as (ending, port), server() as (resetting, reset_port):
        guest = lab.wasinet("run", app, "over", "127.0.0.1", str(refused_port()), str(port), str(reset_port))
        for listener, end in ((ending, socket.socket.close), (resetting, reset)):
            # The guest may have to be compiled first.
            listener.settimeout(120)
            connection, _ = listener.accept()
            if end is reset:
                # It has its connection before that is reset.
                connection.recv(1)
            end(connection)
        out, _ = guest.popen.communicate(b"\n", 60)
    assert guest.popen.returncode == 0, guest.err
    assert out.decode().splitlines() == ["ConnectionRefusedError False", "b'' 127.0.0.1", "True"]
