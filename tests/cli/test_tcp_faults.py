"""Bad input and faults of ``tcp``: one clear line, the documented exit code, no traceback, nothing lost."""

from __future__ import annotations

import json
import os
import resource
import select
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, failure, run
from tests.cli.support import (
    MIB,
    Lab,
    accepted,
    both_hosts,
    events_of,
    free_port,
    needs,
    one_world,
    peer,
    read_all,
    reset,
    server,
    until,
)

pytestmark = pytest.mark.usefixtures("world")


def fails(code: int, *arguments: str, **options: object) -> list[str]:
    """The lines on standard error of a command that must end with this code."""
    done = run("tcp", *arguments, **options)  # type: ignore[arg-type]
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines: list[str] = done.stderr.splitlines()
    return lines


USAGE = [
    (["connect", "127.0.0.1"], "has no port; e.g. 127.0.0.1:80"),
    (["connect", "127.0.0.1:"], "has no port"),
    (["connect", ":80"], "has no host to connect to; e.g. localhost:80"),
    (["connect", "127.0.0.1:0"], "port 0 is no port to connect to"),
    (["connect", "127.0.0.1:65536"], "port 65536 is too large; ports go up to 65535"),
    (["connect", "127.0.0.1:99999999999999999999"], "too large; ports go up to 65535"),
    (["connect", "127.0.0.1:http"], "'http' is no port"),
    (["connect", "127.0.0.1:-1"], "'-1' is no port"),
    (["connect", "::1:80"], "needs brackets around the IPv6 address: [::1]:80"),
    (["connect", "[::1]"], "has no port after the bracket"),
    (["connect", "[::1:80"], "has no closing bracket"),
    (["connect", "[nonsense]:80"], "is no IPv6 address"),
    (["connect", "256.1.1.1:80"], "is no IPv4 address"),
    (["connect", "127.1:80"], "is no IPv4 address"),
    (["connect", "http://127.0.0.1/"], "is a URL"),
    (["connect", "a b:80"], "neither an address nor a name"),
    (["connect", ""], "has no port"),
    (["connect", "127.0.0.1:1", "127.0.0.1:2"], "several targets need --probe"),
    (["connect", "127.0.0.1:1", "-4", "-6"], "exclude each other"),
    (["connect", "127.0.0.1:1", "--send", "@/nope/nope"], "'/nope/nope' cannot be read: No such file or directory"),
    (["connect", "127.0.0.1:1", "--send", "@/"], "'/' cannot be read: Is a directory"),
    (["connect", "127.0.0.1:1", "--send", "@"], "the name of the file is empty"),
    (["connect", "127.0.0.1:1", "--output", "/nope/nope"], "'/nope/nope' cannot be written: No such file"),
    (["connect", "127.0.0.1:1", "--output", "/"], "'/' cannot be written: Is a directory"),
    (["connect", "127.0.0.1:1", "--trace-file", "/nope/nope"], "'/nope/nope' cannot be written"),
    (["connect", "127.0.0.1:1", "--hop-limit", "0"], "hop limit; 1 to 255"),
    (["connect", "127.0.0.1:1", "--hop-limit", "256"], "hop limit; 1 to 255"),
    (["connect", "127.0.0.1:1", "--receive-buffer", "x"], "is no size"),
    (["connect", "127.0.0.1:1", "--keep-alive-params", "1,2"], "is not IDLE,INTERVAL,COUNT; e.g. 30s,5s,3"),
    (["connect", "127.0.0.1:1", "--keep-alive-params", "1,2,x"], "is no number"),
    (["connect", "127.0.0.1:1", "--bind", "localhost:0"], "'localhost:0' is no local address"),
    (["connect", "127.0.0.1:1", "--bind", "nonsense"], "'nonsense' is no local address"),
    (["connect", "127.0.0.1:1", "-6", "--bind", "127.0.0.1:0"], "is no IPv6 address, but -6 was given"),
    (["connect", "127.0.0.1:1", "--probe", "--count", "0"], "--count is at least 1"),
    (["connect", "127.0.0.1:1", "--idle-timeout", "soon"], "is no duration"),
    (["connect", "127.0.0.1:1", "--idle-timeout", "0"], "--idle-timeout is more than 0"),
    (["connect", "127.0.0.1:1", "--connect-timeout", "0s"], "--connect-timeout is more than 0"),
    (["connect", "127.0.0.1:1", "--timeout", "-1"], "duration"),
    (["connect", "127.0.0.1:1", "--hex", "--output", "x"], "exclude each other"),
    (["connect", "127.0.0.1:1", "--recv-only", "--send", "x"], "--send has no use beside it"),
    (["connect", "127.0.0.1:1", "--recv-only", "--send-only"], "--send-only has no use beside it"),
    (["connect", "127.0.0.1:1", "--send-only", "--hex"], "--hex has no use beside it"),
    (["connect", "127.0.0.1:1", "--echo"], "--echo"),
    (["listen", "127.0.0.1:0", "--echo", "--discard"], "exclude each other"),
    (["listen", "127.0.0.1:0", "--echo", "--send", "x"], "--send has no use beside it"),
    (["listen", "127.0.0.1:0", "--max", "2"], "--keep-open"),
    (["listen", "127.0.0.1:0", "-k", "--max", "0"], "--max is at least 1"),
    (["listen", "127.0.0.1:0", "-6"], "is no IPv6 address, but -6 was given"),
    (["listen", "[::1]:0", "-4"], "is no IPv4 address, but -4 was given"),
    (["listen", "8080"], "'8080' has no host; e.g. 127.0.0.1:8080, or :8080 for all addresses"),
    (["listen", "127.0.0.1:0", "-k", "--crlf"], "--crlf is for what is sent, and nothing is"),
    (["listen", "127.0.0.1:0", "--recv-only", "--no-half-close"], "what is sent, and nothing is"),
    (["listen"], "ADDRESS"),
]


@one_world
@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[" ".join(words)[:60] for words, _ in USAGE])
def test_usage(arguments: list[str], message: str, tmp_path: Path) -> None:
    (line,) = fails(2, *arguments, cwd=tmp_path)
    assert line.startswith(f"wasinet: tcp {arguments[0]}: ")
    assert message in line
    assert list(tmp_path.iterdir()) == []


# Calls that fail


def test_nothing_listens() -> None:
    port = free_port()
    line, advice = fails(1, "connect", f"127.0.0.1:{port}")
    assert failure(f"wasinet: tcp connect 127.0.0.1:{port}: ", line) == "connection-refused"
    assert advice.startswith("  ")


@pytest.mark.parametrize("arguments", [["connect", "no-such-name.invalid:80"], ["listen", "no-such-name.invalid:0"]])
def test_a_name_that_does_not_resolve(arguments: list[str]) -> None:
    # Without a network the resolver says that it cannot tell, which is another code.
    lines = fails(1, *arguments)
    code = failure(f"wasinet: tcp {arguments[0]} no-such-name.invalid: ", lines[0])
    assert code in ("name-unresolvable", "temporary-resolver-failure")


def test_a_family_that_the_name_lacks() -> None:
    (line, *_) = fails(1, "connect", "127.0.0.1:9", "-6")
    assert line == "wasinet: tcp connect 127.0.0.1: name-unresolvable"


def test_a_port_in_use() -> None:
    with server() as (_, port):
        line, *_ = fails(1, "listen", f"127.0.0.1:{port}")
    assert failure(f"wasinet: tcp listen 127.0.0.1:{port}: ", line) == "address-in-use"


def test_an_address_of_another_machine() -> None:
    line = fails(1, "listen", "192.0.2.1:0")[0]
    assert failure("wasinet: tcp listen 192.0.2.1:0: ", line) == "address-not-bindable"
    line = fails(1, "connect", "127.0.0.1:9", "--bind", "192.0.2.1:0")[0]
    assert failure("wasinet: tcp connect 192.0.2.1:0: ", line) == "address-not-bindable"


def test_a_mapped_address_is_refused() -> None:
    assert "invalid-argument" in fails(1, "connect", "[::ffff:127.0.0.1]:9")[0]


def in_namespace(*command: str) -> list[str]:
    """A command in a network of its own, where loopback is up and leads nowhere else."""
    return ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]


def _namespaces_work() -> bool:
    try:
        return subprocess.run(in_namespace("true"), capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


namespaces = pytest.mark.skipif(not _namespaces_work(), reason="no network namespaces for this user")


@namespaces
@pytest.mark.parametrize("target", ["192.0.2.1:80", "[2001:db8::1]:80"])
def test_an_unreachable_network(target: str) -> None:
    line, advice = fails(1, "connect", target, prefix=in_namespace())
    assert failure(f"wasinet: tcp connect {target}: ", line) == "remote-unreachable"
    assert advice.startswith("  ")


@namespaces
def test_a_privileged_port() -> None:
    without_rights = "setpriv --bounding-set -all --inh-caps -all"
    done = run(
        "tcp",
        "listen",
        "127.0.0.1:80",
        prefix=["unshare", "-rn", "sh", "-c", f'ip link set lo up; exec {without_rights} "$@"', "sh"],
    )
    if "setpriv" in done.stderr:
        pytest.skip("setpriv cannot take the right away here")
    assert done.returncode == 1
    assert failure("wasinet: tcp listen 127.0.0.1:80: ", done.stderr.splitlines()[0]) == "access-denied"


# Local resources


@one_world
def test_a_port_file_that_cannot_be_written(tmp_path: Path) -> None:
    line = fails(1, "listen", "127.0.0.1:0", "--port-file", str(tmp_path / "no" / "port"))[-1]
    assert line == f"wasinet: tcp listen: write {tmp_path}/no/port: No such file or directory"


@both_hosts
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("options", [[], ["--json"], ["--hex"], ["--output", "/dev/full"]])
def test_a_full_disk(lab: Lab, options: list[str]) -> None:
    with open("/dev/full", "wb") as full, server() as (listener, port):
        us = lab.connect(port, *options, stdout=None if "--output" in options else full)
        if "--json" not in options:
            with accepted(listener) as client:
                client.sendall(b"lost")
                _, err = us.ends(1)
        else:
            _, err = us.ends(1)
    name = "/dev/full" if "--output" in options else "standard output"
    assert err.splitlines()[-1] == f"wasinet: tcp connect: write {name}: No space left on device"


@both_hosts
def test_a_file_size_limit(lab: Lab, tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    with server() as (listener, port):
        us = lab.connect(port, "--output", str(tmp_path / "out"), preexec_fn=limited)
        with accepted(listener) as client:
            client.sendall(b"x" * 200_000)
            _, err = us.ends(1)
    assert err.splitlines()[-1] == f"wasinet: tcp connect: write {tmp_path}/out: File too large"
    assert (tmp_path / "out").stat().st_size == 100_000


@both_hosts
@pytest.mark.parametrize("options", [[], ["--json"], ["--hex"]])
def test_a_reader_that_has_gone(lab: Lab, options: list[str]) -> None:
    with server() as (listener, port):
        us = lab.connect(port, *options)
        us.stdout.close()
        if "--json" not in options:
            with accepted(listener) as client:
                until(lambda: _sends(client))
        # With --json even the event before the connection finds nobody.
        assert us.wait() == 141
    assert "Traceback" not in us.err
    assert "wasinet:" not in us.err


def _sends(client: socket.socket) -> bool:
    try:
        client.sendall(b"x" * 1000)
    except OSError:
        return True
    return False


@one_world
@pytest.mark.parametrize("options", [[], ["--json"], ["--hex"]])
def test_closed_standard_output(lab: Lab, options: list[str]) -> None:
    with server() as (listener, port):
        us = lab.start(["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "tcp", "connect", f"127.0.0.1:{port}", *options])
        # It may find out before it connects.
        until(lambda: select.select([listener], [], [], 0)[0] or us.popen.poll() is not None)
        with accepted(listener) if us.popen.poll() is None else socket.socket() as client:
            try:
                client.sendall(b"lost")
            except OSError:
                pass
            _, err = us.ends(1)
    assert err.splitlines()[-1] == "wasinet: tcp connect: write standard output: Bad file descriptor"


@both_hosts
@pytest.mark.parametrize("options", [["--discard"], ["--echo"], ["--output", "out"]])
def test_closed_standard_output_that_is_not_needed(lab: Lab, tmp_path: Path, options: list[str]) -> None:
    us = lab.start(
        ["sh", "-c", 'exec "$@" >&- <&-', "sh", *COMMAND, "tcp", "listen", "127.0.0.1:0", "--port-file", "p", *options],
        cwd=tmp_path,
    )
    file = tmp_path / "p"
    until(file.exists)
    with peer(int(file.read_text())) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        read_all(client)
    us.ends()
    if "--output" in options:
        assert (tmp_path / "out").read_bytes() == b"hello"


@both_hosts
def test_closed_standard_input_is_an_empty_one(lab: Lab) -> None:
    with server() as (listener, port):
        us = lab.start(["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, "tcp", "connect", f"127.0.0.1:{port}", "-q"])
        with accepted(listener) as client:
            assert read_all(client) == b""
            client.sendall(b"answer")
        assert us.ends() == (b"answer", "")


@one_world
def test_closed_standard_error(lab: Lab) -> None:
    with server() as (listener, port):
        us = lab.start(["sh", "-c", 'exec "$@" 2>&-', "sh", *COMMAND, "tcp", "connect", f"127.0.0.1:{port}"])
        us.end()
        with accepted(listener) as client:
            client.sendall(b"answer")
        assert us.ends()[0] == b"answer"


@both_hosts
def test_standard_input_that_cannot_be_read(lab: Lab, tmp_path: Path) -> None:
    with (tmp_path / "written").open("wb") as file, server() as (listener, port):
        us = lab.connect(port, stdin=file)
        accepted(listener).close()
        _, err = us.ends(1)
    assert "wasinet: tcp connect: read standard input: Bad file descriptor" in err.splitlines()


# Peers


@pytest.mark.parametrize("ours", ["listen", "connect"])
def test_a_peer_that_resets(lab: Lab, ours: str) -> None:
    with server() as (listener, their_port):
        if ours == "listen":
            us, port = lab.listen()
            client = peer(port)
            us.wait_err("connection from")
        else:
            us = lab.connect(their_port)
            client = accepted(listener)
            us.wait_err("connected")
        client.sendall(b"before")
        assert us.read(6) == b"before"
        reset(client)
        out, err = us.ends(1)
    assert out == b""
    line = err.splitlines()[-2]
    assert line.startswith(f"wasinet: tcp {ours} 127.0.0.1:")
    assert failure("", line) == "connection-reset"


def test_a_peer_that_resets_while_much_is_being_sent(lab: Lab) -> None:
    with server() as (listener, port):
        us = lab.connect(port, stdin=subprocess.PIPE)
        us.feed(bytes(MIB) for _ in range(100))
        client = accepted(listener)
        client.recv(1000)
        reset(client)
        _, err = us.ends(1)
    assert failure("", err.splitlines()[-2]) in ("connection-reset", "connection-aborted")


@pytest.mark.parametrize("options", [["--timeout", "2s"], ["--idle-timeout", "300ms"]])
def test_a_peer_that_stops_reading(lab: Lab, options: list[str]) -> None:
    with server() as (listener, port):
        us = lab.connect(port, *options)
        us.feed(bytes(MIB) for _ in range(100))
        with accepted(listener):
            assert us.wait() == 124
    assert "Traceback" not in us.err
    us.stdin.close()


@both_hosts
def test_received_bytes_are_not_lost_when_the_output_is_slow(lab: Lab) -> None:
    data = os.urandom(5 * MIB)
    with server() as (listener, port):
        us = lab.connect(port, "-q", stdin=subprocess.DEVNULL)
        with accepted(listener) as client:
            client.settimeout(30)

            def send(client: socket.socket = client) -> None:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)

            writer = threading.Thread(target=send)
            writer.start()
            # The pipe holds 64 KiB; the rest waits in the kernel until this reads it.
            assert us.read(1) == data[:1]
            writer_waits = writer.is_alive()
            assert us.ends()[0] == data[1:]
            writer.join()
    assert writer_waits


# Too many open files


def few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))


def test_the_listener_goes_on_when_there_are_no_descriptors(lab: Lab, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    us, port = lab.listen("-k", "--echo", "--json", "--trace-file", str(trace), preexec_fn=few_files)
    clients = [peer(port) for _ in range(40)]
    counts = {"accepted": 0, "accept-failed": 0}
    while not counts["accept-failed"]:
        event = us.event()
        if event["event"] in counts:
            counts[event["event"]] += 1
    assert 5 <= counts["accepted"] < 20
    # Each in its turn is served, when one before it has gone.
    for number, client in enumerate(clients):
        client.sendall(b"%d" % number)
        assert client.recv(100) == b"%d" % number
        client.close()
    us.signal(15)
    out, err = us.ends(143)
    events = events_of(out)
    assert not [event for event in events if event["event"] in ("accept-failed", "error", "failed")]
    tries = [
        record
        for record in map(json.loads, trace.read_text().splitlines())
        if record["function"] == "tcp-socket.accept" and "new-socket-limit" in json.dumps(record)
    ]
    assert len(tries) < 200
    assert err == ""


@one_world
def test_the_limit_of_open_files_is_raised(lab: Lab) -> None:
    def soft() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 60))

    us, port = lab.listen("-k", "--echo", "-q", preexec_fn=soft)
    clients = [peer(port) for _ in range(40)]
    for client in clients:
        client.sendall(b"x")
    for client in clients:
        assert client.recv(1) == b"x"
        client.close()
    us.signal(15)
    assert us.ends(143) == (b"", "")


# Output ends in the middle


@both_hosts
@needs("head")
def test_head_ends_it(lab: Lab) -> None:
    with server() as (listener, port):
        script = '"$@" | head -c 5; exit "${PIPESTATUS:-0}"'
        us = lab.start(["sh", "-c", script, "sh", *COMMAND, "tcp", "connect", f"127.0.0.1:{port}", "-q"])
        with accepted(listener) as client:
            until(lambda: _sends(client))
        assert us.ends() == (b"xxxxx", "")
