"""``udp send`` and ``udp recv`` as commands: with each other, socat and plain sockets, and with bad input."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.command import failure, run, seen
from tests.cli.support import Lab, both_hosts, both_worlds, events_of, needs, one_world, until
from tests.cli.udp_support import bound, has_ipv6, receiver, wait_bound

pytestmark = pytest.mark.usefixtures("world")

FAMILIES = [
    4,
    pytest.param(6, marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on loopback")),
]
TEXT = {4: "127.0.0.1", 6: "[::1]"}
KIND = {4: socket.AF_INET, 6: socket.AF_INET6}


def free_port(family: int = 4) -> int:
    with bound(KIND[family]) as (_, port):
        return port


# One with the other


@both_hosts
@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ((), b"one\ntwo\n\nthree\n"),
        (("--raw",), b"onetwo\n\nthree"),
        (("--quiet",), b"one\ntwo\n\nthree\n"),
    ],
)
def test_one_with_the_other(lab: Lab, arguments: tuple[str, ...], written: bytes) -> None:
    running, port = receiver(lab, "--count", "4", *arguments)
    done = run("udp", "send", f"127.0.0.1:{port}", "one", "two\n", "\n", "three")
    assert (done.returncode, done.stdout) == (0, "")
    assert "sent 4 datagrams" in done.stderr
    out, err = running.ends()
    assert out == written
    assert ("listening on 127.0.0.1" in err) is ("--quiet" not in arguments)


@one_world
def test_hex_dumps_have_the_sender(lab: Lab) -> None:
    running, port = receiver(lab, "--count", "2", "--hex")
    with bound() as (sock, local):
        sock.sendto(b"ABC", ("127.0.0.1", port))
        sock.sendto(b"", ("127.0.0.1", port))
    out, _ = running.ends()
    assert out.decode().splitlines() == [
        f"127.0.0.1:{local} 3 bytes",
        "00000000  41 42 43                                          |ABC|",
        f"127.0.0.1:{local} 0 bytes",
    ]


def test_events(lab: Lab) -> None:
    running, port = receiver(lab, "--count", "2", "--json")
    done = run("udp", "send", f"127.0.0.1:{port}", "a", "bc", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    sent, end = events_of(done.stdout.encode())
    assert (sent["event"], sent["peer"], sent["datagrams"], sent["bytes"]) == ("sent", f"127.0.0.1:{port}", 2, 3)
    assert (end["event"], end["datagrams"], end["sent"]) == ("all-sent", 2, 3)
    out, err = running.ends()
    assert err == ""
    listening, first, second, over = events_of(out)
    assert (listening["event"], listening["address"]) == ("listening", f"127.0.0.1:{port}")
    assert listening["handle"]["type"] == "udp-socket"
    assert {"event": "received", "peer": sent["local"], "bytes": 1, "data": {"base64": "YQ=="}}.items() <= first.items()
    assert second["data"] == {"base64": "YmM="}
    assert (over["event"], over["datagrams"], over["received"]) == ("all-received", 2, 3)


def test_both_families_on_one_port(lab: Lab) -> None:
    if not has_ipv6():
        pytest.skip("no IPv6 on loopback")
    running, port = receiver(lab, "--count", "2", address=":0")
    assert run("udp", "send", f"127.0.0.1:{port}", "four").returncode == 0
    assert run("udp", "send", f"[::1]:{port}", "six").returncode == 0
    out, err = running.ends()
    assert sorted(out.splitlines()) == [b"four", b"six"]
    assert f"listening on 0.0.0.0:{port}" in err
    assert f"listening on [::]:{port}" in err


@pytest.mark.parametrize("family", FAMILIES)
def test_one_family(lab: Lab, family: int) -> None:
    running, port = receiver(lab, "--count", "1", f"-{family}", address=":0")
    assert run("udp", "send", f"localhost:{port}", "x", f"-{family}").returncode in (0, 1)
    assert run("udp", "send", f"{TEXT[family]}:{port}", "x").returncode in (0, 1)
    assert running.ends()[0] == b"x\n"
    assert running.err.count("listening") == 1


def test_replies_of_an_echo(lab: Lab) -> None:
    running, port = receiver(lab, "--count", "3", "--echo")
    done = run("udp", "send", f"127.0.0.1:{port}", "a", "b\n", "c", "--wait", "1s")
    assert (done.returncode, done.stdout) == (0, "a\nb\nc\n")
    assert done.stderr.count(f"1 byte from 127.0.0.1:{port}") == 2
    out, _ = running.ends()
    assert out == b""


@one_world
@pytest.mark.parametrize(("option", "written"), [("--raw", "ab"), ("--hex", "|b|")])
def test_how_replies_are_shown(lab: Lab, option: str, written: str) -> None:
    running, port = receiver(lab, "--count", "2", "--echo")
    done = run("udp", "send", f"127.0.0.1:{port}", "a", "b", "--wait", "1s", option)
    assert done.returncode == 0
    assert written in done.stdout
    running.ends()


# What is sent


@one_world
def test_files_and_escapes(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"\0\xff")
    running, port = receiver(lab, "--count", "2", "--raw")
    run("udp", "send", f"127.0.0.1:{port}", f"@{tmp_path / 'data'}", "@@x")
    assert running.ends()[0] == b"\0\xff@x"


@both_hosts
@pytest.mark.parametrize(
    ("arguments", "datagrams"),
    [
        ((), [b"a\nbb\n"]),
        (("--count", "2"), [b"a\nbb\n"] * 2),
        (("--lines",), [b"a", b"bb"]),
        (("--lines", "--count", "2"), [b"a", b"bb", b"a", b"bb"]),
        (("--lines", "--interval", "5ms"), [b"a", b"bb"]),
    ],
)
def test_standard_input(tmp_path: Path, arguments: tuple[str, ...], datagrams: list[bytes]) -> None:
    (tmp_path / "in").write_bytes(b"a\nbb\n")
    with bound() as (sock, port), (tmp_path / "in").open("rb") as stdin:
        done = run("udp", "send", f"127.0.0.1:{port}", *arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        assert [sock.recv(100) for _ in datagrams] == datagrams


@both_hosts
def test_lines_go_as_they_come(lab: Lab) -> None:
    with bound() as (sock, port):
        running = lab.wasinet("udp", "send", f"127.0.0.1:{port}", "--lines")
        running.write(b"one\ntw")
        assert sock.recv(100) == b"one"
        running.write(b"o\n")
        assert sock.recv(100) == b"two"
        running.write(b"three")
        running.end()
        assert sock.recv(100) == b"three"
        running.ends()


def test_empty_input_sends_nothing() -> None:
    with bound() as (sock, port):
        done = run("udp", "send", f"127.0.0.1:{port}")
        sock.setblocking(False)
        assert done.returncode == 0
        with pytest.raises(BlockingIOError):
            sock.recv(1)


def test_from_a_bound_address() -> None:
    with bound() as (sock, port):
        run("udp", "send", f"127.0.0.1:{port}", "a", "--bind", "127.0.0.3")
        assert sock.recvfrom(10)[1][0] == "127.0.0.3"


def test_options_reach_the_socket() -> None:
    with bound() as (_, port):
        done = run("udp", "send", f"127.0.0.1:{port}", "a", "--hop-limit", "9", "--send-buffer", "64KiB", "--trace")
    assert done.returncode == 0
    assert "set-unicast-hop-limit" in done.stderr
    assert "set-send-buffer-size" in done.stderr
    assert "65536" in done.stderr


# socat


@both_hosts
@needs("socat")
@pytest.mark.parametrize("family", FAMILIES)
def test_socat_receives(lab: Lab, family: int) -> None:
    port = free_port(family)
    socat = lab.start(["socat", "-u", f"UDP{family}-RECV:{port},bind={TEXT[family]}", "-"])
    wait_bound(port, family)
    done = run("udp", "send", f"{TEXT[family]}:{port}", "from ", "wasinet\n")
    assert done.returncode == 0, done.stderr
    assert socat.read(13) == b"from wasinet\n"


@both_hosts
@needs("socat")
@pytest.mark.parametrize("family", FAMILIES)
def test_socat_sends(lab: Lab, family: int) -> None:
    running, port = receiver(lab, "--count", "2", address=f"{TEXT[family]}:0")
    for text in (b"from", b"socat\n"):
        socat = lab.start(["socat", "-u", "-", f"UDP{family}:{TEXT[family]}:{port}"])
        socat.write(text)
        socat.end()
        socat.ends()
    assert running.ends()[0] == b"from\nsocat\n"


@both_hosts
@needs("socat")
@pytest.mark.parametrize("family", FAMILIES)
def test_socat_answers(lab: Lab, family: int) -> None:
    port = free_port(family)
    lab.start(["socat", f"UDP{family}-RECVFROM:{port},bind={TEXT[family]},fork", "EXEC:tr a-z A-Z"])
    wait_bound(port, family)
    done = run("udp", "send", f"{TEXT[family]}:{port}", "loud", "--wait", "3s")
    assert (done.returncode, done.stdout) == (0, "LOUD\n")


@both_hosts
@needs("socat")
@pytest.mark.parametrize("family", FAMILIES)
def test_socat_is_answered(lab: Lab, family: int) -> None:
    running, port = receiver(lab, "--echo", "--count", "1", address=f"{TEXT[family]}:0")
    socat = lab.start(["socat", "-t", "5", "-", f"UDP{family}:{TEXT[family]}:{port}"])
    socat.write(b"hello\n")
    assert socat.read(6) == b"hello\n"
    running.ends()


# Failures, each with its exit code


# Wasmtime 47 forgets a refusal that meets it behind the first datagram of a send.
@both_worlds
def test_a_refusal() -> None:
    port = free_port()
    done = run("udp", "send", f"127.0.0.1:{port}", "a", "--count", "1000")
    assert done.returncode == 1
    assert failure(f"wasinet: udp send 127.0.0.1:{port}: ", done.stderr.splitlines()[0]) == "connection-refused"


@pytest.mark.parametrize("size", [65508, 100_000])
def test_too_large(tmp_path: Path, size: int) -> None:
    (tmp_path / "big").write_bytes(b"x" * size)
    with bound() as (_, port):
        for arguments in ((f"@{tmp_path / 'big'}",), ()):
            with (tmp_path / "big").open("rb") as stdin:
                done = run("udp", "send", f"127.0.0.1:{port}", *arguments, stdin=stdin)
            assert done.returncode == 1
            line = done.stderr.splitlines()[0]
            assert failure(f"wasinet: udp send 127.0.0.1:{port}: ", line) == "datagram-too-large"


# And it tells of one to the sender only, at the next send.
@both_worlds
def test_the_last_event_of_a_failure_is_the_error() -> None:
    done = run("udp", "send", f"127.0.0.1:{free_port()}", "a", "--json")
    event = json.loads(done.stdout.splitlines()[-1])
    assert (event["event"], event["code"]) == ("error", seen("connection-refused"))
    assert "refused" in event["reason"]


def test_a_port_in_use() -> None:
    with bound() as (_, port):
        done = run("udp", "recv", f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert failure(f"wasinet: udp recv 127.0.0.1:{port}: ", done.stderr.splitlines()[0]) == "address-in-use"


@one_world
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("send", "127.0.0.1"), "has no port"),
        (("send", ":9", "x"), "no host to send to"),
        (("send", "127.0.0.1:0", "x"), "port 0"),
        (("send", "127.0.0.1:70000", "x"), "too large"),
        (("send", "127.0.0.1:9", "@/nonexistent"), "cannot be read"),
        (("send", "127.0.0.1:9", "x", "--lines"), "--lines"),
        (("send", "127.0.0.1:9", "x", "--count", "0"), "at least 1"),
        (("send", "127.0.0.1:9", "x", "--raw"), "--wait"),
        (("send", "127.0.0.1:9", "x", "--wait", "1s", "--raw", "--hex"), "exclude each other"),
        (("send", "127.0.0.1:9", "x", "-4", "-6"), "exclude each other"),
        (("send", "127.0.0.1:9", "x", "-6"), "no IPv6 address"),
        (("send", "127.0.0.1:9", "x", "--bind", "::1"), "no IPv6 address"),
        (("send", "127.0.0.1:9", "x", "--bind", "localhost"), "no local address"),
        (("send", "127.0.0.1:9", "x", "--bind", "::1", "-4"), "-4 was given"),
        (("send", "127.0.0.1:9", "x", "--hop-limit", "0"), "hop limit"),
        (("send", "127.0.0.1:9", "x", "--interval", "often"), "no duration"),
        (("recv", "127.0.0.1"), "has no port"),
        (("recv", "127.0.0.1:0", "--count", "0"), "at least 1"),
        (("recv", "127.0.0.1:0", "--raw", "--echo"), "exclude each other"),
        (("recv", "127.0.0.1:0", "-6"), "no IPv6 address"),
    ],
)
def test_usage(arguments: tuple[str, ...], message: str) -> None:
    fails(2, arguments, message)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("send", "nosuch.invalid:9", "x"), 1, "name-unresolvable"),
        (("send", "127.0.0.1:9", "x", "--bind", "192.0.2.1"), 1, "address-not-bindable"),
        (("recv", "192.0.2.1:0"), 1, "address-not-bindable"),
        (("recv", "nosuch.invalid:0"), 1, "name-unresolvable"),
        (("recv", "127.0.0.1:0", "--port-file", "/nonexistent/port"), 1, "/nonexistent/port"),
        (("recv", "127.0.0.1:0", "--count", "1", "--timeout", "100ms"), 124, "timed out"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], code: int, message: str) -> None:
    fails(code, arguments, message)


def fails(code: int, arguments: tuple[str, ...], message: str) -> None:
    done = run("udp", *arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@one_world
def test_a_timeout_after_the_goal_does_not_matter(lab: Lab) -> None:
    running, port = receiver(lab, "--count", "1", "--timeout", "30s")
    run("udp", "send", f"127.0.0.1:{port}", "x")
    assert running.ends()[0] == b"x\n"


@one_world
def test_what_was_received_before_the_timeout_is_written(lab: Lab) -> None:
    running, port = receiver(lab, "--count", "9", "--timeout", "5s")
    run("udp", "send", f"127.0.0.1:{port}", "x", "y")
    assert running.ends(124)[0] == b"x\ny\n"


@both_hosts
@pytest.mark.parametrize(
    "arguments", [("recv", "127.0.0.1:0"), ("recv", "127.0.0.1:0", "--json"), ("recv", "127.0.0.1:0", "--echo")]
)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_while_receiving(lab: Lab, arguments: tuple[str, ...], number: int, code: int) -> None:
    running, _ = receiver(lab, *arguments[2:], address=arguments[1])
    running.signal(number)
    running.ends(code)


@both_hosts
@pytest.mark.parametrize(
    "arguments", [("x", "--wait", "30s"), ("x", "--interval", "30s", "--count", "2"), ("--lines",)]
)
def test_ctrl_c_while_sending(lab: Lab, arguments: tuple[str, ...]) -> None:
    with bound() as (sock, port):
        running = lab.wasinet("udp", "send", f"127.0.0.1:{port}", *arguments)
        if "--lines" in arguments:
            running.write(b"x\n")
        assert sock.recv(10) == b"x"
        running.signal(signal.SIGINT)
        running.ends(130)


@one_world
def test_a_reader_that_has_gone(lab: Lab) -> None:
    running, port = receiver(lab)
    running.stdout.close()
    with bound() as (sock, _):

        def over() -> bool:
            sock.sendto(b"x", ("127.0.0.1", port))
            return running.popen.poll() is not None

        until(over, "the end after its reader's")
    assert running.popen.returncode == 141
    assert "Traceback" not in running.err


@one_world
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk(lab: Lab, tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        file = tmp_path / "port"
        running = lab.wasinet("udp", "recv", "127.0.0.1:0", "--port-file", str(file), stdout=full)
    until(file.exists, "the port file")
    run("udp", "send", f"127.0.0.1:{file.read_text().strip()}", "x")
    _, err = running.ends(1)
    assert "write standard output: No space left on device" in err
