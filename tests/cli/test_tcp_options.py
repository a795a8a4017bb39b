"""The options of ``tcp connect`` and ``tcp listen``, each by what it does."""

from __future__ import annotations

import itertools
import json
import os
import re
import select
import socket
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.cli.support import (
    SECONDS,
    Lab,
    accepted,
    both_hosts,
    both_worlds,
    events_of,
    free_port,
    needs,
    one_world,
    peer,
    read_all,
    server,
    silent_port,
    until,
)

pytestmark = pytest.mark.usefixtures("world")

# Listening


def test_keep_open_serves_many_at_once(lab: Lab) -> None:
    us, port = lab.listen("--keep-open", "--echo", "--max", "50", "-q")
    clients = [peer(port) for _ in range(50)]
    for turn in range(3):
        for number, client in enumerate(clients):
            client.sendall(b"%d %d" % (turn, number))
        for number, client in enumerate(clients):
            assert client.recv(100) == b"%d %d" % (turn, number)
    for client in clients:
        client.close()
    assert us.ends() == (b"", "")


@both_worlds
def test_max_ends_the_listening(lab: Lab) -> None:
    us, port = lab.listen("-k", "--max", "2", "--discard")
    clients = [peer(port), peer(port)]
    us.wait_err(f":{clients[1].getsockname()[1]}")
    with pytest.raises(ConnectionRefusedError):
        peer(port)
    for client in clients:
        client.close()
    us.ends()


@both_hosts
def test_keep_open_sends_to_each_and_reads_no_input(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "page"
    path.write_bytes(b"page\n" * 50_000)
    us, port = lab.listen("-k", "--max", "5", "--send", f"@{path}", "--send-only", "-q")
    for _ in range(5):
        with peer(port) as client:
            assert read_all(client) == path.read_bytes()
    us.ends()


@both_hosts
def test_received_bytes_of_all_clients_go_to_one_output(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "all"
    path.write_bytes(b"what was there before")
    us, port = lab.listen("-k", "--max", "3", "--output", str(path), "-q")
    for number in range(3):
        with peer(port) as client:
            client.sendall(b"%d" % number)
    us.ends()
    assert sorted(path.read_bytes()) == sorted(b"012")


@one_world
@pytest.mark.parametrize(
    ("ours", "text", "expected"),
    [
        ("listen", "hello", b"hello"),
        ("connect", "", b""),
        ("connect", "@@at", b"@at"),
        ("listen", "grüße", "grüße".encode()),
        ("connect", "a\\n", b"a\\n"),
    ],
)
def test_send_text(lab: Lab, ours: str, text: str, expected: bytes) -> None:
    if ours == "listen":
        us, port = lab.listen("--send", text)
        client = peer(port)
    else:
        with server() as (listener, port):
            us = lab.connect(port, "--send", text)
            client = accepted(listener)
    with client:
        assert read_all(client) == expected
    us.ends()


@both_hosts
@pytest.mark.parametrize("ours", ["listen", "connect"])
def test_send_from_a_fifo(lab: Lab, tmp_path: Path, ours: str) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with server() as (listener, their_port):
        if ours == "listen":
            us, port = lab.listen("--send", f"@{fifo}")
            client = peer(port)
        else:
            us = lab.connect(their_port, "--send", f"@{fifo}")
            client = accepted(listener)
        with client:
            fifo.write_bytes(b"through the fifo")
            assert read_all(client) == b"through the fifo"
    us.ends()


@both_hosts
def test_discard_and_echo_need_no_output(lab: Lab) -> None:
    for option in ("--discard", "--echo"):
        us, port = lab.listen(option, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        with peer(port) as client:
            client.sendall(b"x" * 100_000)
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == (b"x" * 100_000 if option == "--echo" else b"")
        assert "100000 bytes received" in us.ends()[1]


@one_world
def test_port_file_is_whole_and_replaces_what_was_there(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.write_text("an old one\n")
    us = lab.wasinet("tcp", "listen", "127.0.0.1:0", "--port-file", str(path), "--discard")
    text = until(lambda: path.read_text() if "old" not in path.read_text() else "")
    assert re.fullmatch(r"\d+\n", text)
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith("port")] == ["port"]
    peer(int(text)).close()
    us.ends()


@one_world
def test_port_file_does_not_replace_a_link(lab: Lab, tmp_path: Path) -> None:
    link, real = tmp_path / "link", tmp_path / "real"
    real.write_text("old\n")
    link.symlink_to(real)
    us = lab.wasinet("tcp", "listen", "127.0.0.1:0", "--port-file", str(link), "--discard")
    us.wait_err("listening")
    until(lambda: real.read_text().strip().isdigit())
    assert link.is_symlink()
    peer(int(real.read_text())).close()
    us.ends()


@pytest.mark.parametrize(
    ("flags", "hosts", "refused"),
    [
        ([], ["127.0.0.1", "::1"], []),
        (["-4"], ["127.0.0.1"], ["::1"]),
        (["-6"], ["::1"], ["127.0.0.1"]),
    ],
)
def test_a_port_alone_is_both_families(lab: Lab, flags: list[str], hosts: list[str], refused: list[str]) -> None:
    us, port = lab.listen("-k", "--max", str(len(hosts)), "--echo", *flags, address=":0")
    for host in refused:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port))
    for host in hosts:
        with socket.create_connection((host, port), timeout=30) as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
    us.ends()


@both_worlds
def test_a_name_to_listen_on(lab: Lab) -> None:
    us, port = lab.listen("-4", "--echo", address="localhost:0")
    with peer(port) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
    us.ends()


# Connecting


def test_a_name_to_connect_to(lab: Lab) -> None:
    with server() as (listener, port):
        us = lab.wasinet("tcp", "connect", f"localhost:{port}", "--send", "hello")
        with accepted(listener) as client:
            assert read_all(client) == b"hello"
    us.ends()


@both_worlds
def test_bind(lab: Lab) -> None:
    local = free_port()
    with server() as (listener, port):
        us = lab.connect(port, "--bind", f"127.0.0.1:{local}", "--send", "")
        connection, address = listener.accept()
        connection.close()
        assert address == ("127.0.0.1", local)
    us.ends()


def test_bind_on_a_name_uses_its_family_only(lab: Lab) -> None:
    with server() as (listener, port):
        us = lab.wasinet("tcp", "connect", f"localhost:{port}", "--bind", "127.0.0.7:0", "--send", "")
        connection, address = listener.accept()
        connection.close()
        assert address[0] == "127.0.0.7"
    us.ends()


def test_probe_several_targets() -> None:
    closed = free_port()
    with server() as (_, port):
        done = run(
            "tcp", "connect", "--json", "--probe", "--count", "3", "--interval", "10ms",
            f"127.0.0.1:{port}", f"127.0.0.1:{closed}",
        )  # fmt: skip
    assert done.returncode == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    tries = [event for event in events if event["event"] == "probe"]
    assert [(t["target"], t["number"], t["ok"]) for t in tries] == [
        (f"127.0.0.1:{p}", n, p == port) for n in (1, 2, 3) for p in (port, closed)
    ]
    good, bad = [event for event in events if event["event"] == "summary"]
    assert (good["sent"], good["lost"], bad["lost"]) == (3, 0, 3)
    assert 0 < good["min"] <= good["median"] <= good["max"] < 1
    assert bad["median"] is None
    times = [event["time"] for event in tries if event["target"].endswith(str(port))]
    assert all(later - earlier >= 0.01 for earlier, later in itertools.pairwise(times))


@one_world
def test_probe_for_people() -> None:
    with server() as (_, port):
        done = run("tcp", "connect", "--probe", f"127.0.0.1:{port}")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"127.0.0.1:{port}" in done.stderr


def test_connect_timeout(lab: Lab) -> None:
    with silent_port() as port:
        _, err = lab.connect(port, "--connect-timeout", "100ms").ends(1)
    assert err.splitlines()[0] == f"wasinet: tcp connect 127.0.0.1:{port}: timeout"


# Both


@both_hosts
@pytest.mark.parametrize("ours", ["listen", "connect"])
def test_crlf_across_reads(lab: Lab, ours: str) -> None:
    with server() as (listener, their_port):
        if ours == "listen":
            us, port = lab.listen("--crlf")
            client = peer(port)
        else:
            us = lab.connect(their_port, "--crlf")
            client = accepted(listener)
        with client:
            received = b""
            for piece, total in ((b"one\n", 5), (b"two\r", 9), (b"\nthree\r", 16), (b"x\n\n", 21)):
                us.write(piece)
                while len(received) < total:
                    received += client.recv(100)
            assert received == b"one\r\ntwo\r\nthree\rx\r\n\r\n"
            us.end()
            assert client.recv(1) == b""
    us.ends()


@both_hosts
def test_hex(lab: Lab) -> None:
    us, port = lab.listen("--hex", "-q")
    with peer(port) as client:
        client.sendall(bytes(range(20)) + b"ABC")
        us.end()
        client.shutdown(socket.SHUT_WR)
        read_all(client)
    assert us.ends()[0].decode().splitlines() == [
        "00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|",
        "00000010  10 11 12 13 41 42 43                              |....ABC|",
    ]


@one_world
def test_recv_only_reads_no_input(lab: Lab) -> None:
    us, port = lab.listen("--recv-only", "-q")
    us.write(b"this is not sent")
    with peer(port) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""
    assert us.ends()[0] == b"hello"


@pytest.mark.parametrize("ours", ["listen", "connect"])
def test_send_only_does_not_wait_for_the_peer(lab: Lab, ours: str) -> None:
    with server() as (listener, their_port):
        if ours == "listen":
            us, port = lab.listen("--send-only", "--send", "hello")
            client = peer(port)
        else:
            us = lab.connect(their_port, "--send-only", "--send", "hello")
            client = accepted(listener)
        with client:
            # The client neither sends nor ends.
            assert us.ends()[0] == b""
            assert read_all(client) == b"hello"


def test_no_half_close(lab: Lab) -> None:
    us, port = lab.listen("--no-half-close", "--send", "hello", "-q")
    with peer(port) as client:
        assert client.recv(100) == b"hello"
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.sendall(b"answer")
        client.shutdown(socket.SHUT_WR)
        client.settimeout(SECONDS)
        assert read_all(client) == b""
    assert us.ends()[0] == b"answer"


@one_world
def test_idle_timeout(lab: Lab) -> None:
    us, port = lab.listen("--idle-timeout", "150ms")
    with peer(port):
        _, err = us.ends(124)
    assert re.search(r"wasinet: tcp listen 127.0.0.1:\d+: nothing came or went for 0.15 s", err)


@one_world
def test_idle_timeout_counts_from_the_last_byte(lab: Lab) -> None:
    us, port = lab.listen("--idle-timeout", "2s", "--json", "--echo")
    us.event()
    with peer(port) as client:
        us.event()
        client.settimeout(0.5)
        for _ in range(5):
            # Each pause is shorter than the limit, all together are longer.
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            with pytest.raises(TimeoutError):
                client.recv(1)
        out, _ = us.ends(124)
    *_, closed, error = events_of(out)
    assert closed["received"] == 5
    assert (error["event"], error["code"], error["reason"]) == ("error", "idle", "nothing came or went for 2 s")


def test_an_idle_client_that_never_reads_is_given_up(lab: Lab) -> None:
    us, port = lab.listen("--idle-timeout", "300ms", "--json", "--echo", "--keep-open")
    us.event()
    folder = Path(f"/proc/{us.pid}/fd")
    if not folder.exists():
        pytest.skip("the system does not tell which descriptors a process has")

    def sockets() -> int:
        return sum(os.readlink(link).startswith("socket:") for link in folder.iterdir())

    before = sockets()
    with peer(port) as client:
        client.setblocking(False)
        # More than both kernels hold, so that bytes pend here.
        sent, blocked = 0, 0
        while blocked < 20:
            try:
                sent += client.send(bytes(1 << 20))
                blocked = 0
            except BlockingIOError:
                blocked += 1
                select.select([], [client], [], 0.01)
        while (event := us.event())["event"] != "failed":
            pass
        assert event["code"] == "idle"
        assert sockets() == before


PROPERTIES: list[tuple[list[str], str]] = [
    (["--receive-buffer", "64KiB"], r"skmem:\(r\d+,rb131072,"),
    (["--send-buffer", "32KiB"], r",tb65536,"),
    (["--keep-alive"], r"timer:\(keepalive,"),
    (["--keep-alive-params", "30s,5s,3"], r"timer:\(keepalive,(2\d|30)sec,0\)"),
]


@pytest.mark.parametrize(
    "arguments", [("listen", "127.0.0.1:0"), ("connect", "127.0.0.1:9"), ("connect", "--probe", "127.0.0.1:9")]
)
@pytest.mark.parametrize("world", ["draft"], indirect=True)
def test_a_property_that_the_draft_lacks(arguments: tuple[str, ...]) -> None:
    done = run("tcp", *arguments, "--keep-alive-params", "30s,5s,3")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the draft world's tcp-socket has no keep-alive-idle-time" in done.stderr.splitlines()[-1]


@needs("ss")
@pytest.mark.parametrize(("options", "pattern"), PROPERTIES)
@pytest.mark.parametrize("ours", ["listen", "connect"])
def test_properties_reach_the_kernel(lab: Lab, world: str, ours: str, options: list[str], pattern: str) -> None:
    if world == "draft" and "--keep-alive-params" in options:
        pytest.skip("the draft cannot set them")
    with server() as (listener, their_port):
        if ours == "listen":
            us, port = lab.listen(*options)
            client = peer(port)
            ends = ["sport", str(port)]
        else:
            us = lab.connect(their_port, *options)
            client = accepted(listener)
            ends = ["dport", str(their_port)]
        with client:
            us.wait_err("connect" if ours == "connect" else "connection from")
            found = subprocess.run(
                ["ss", "-tnomH", "state", "established", "=".join([f"( {ends[0]} ", f" :{ends[1]} )"])],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            assert re.search(pattern, found), found
            us.end()
    us.ends()


def test_hop_limit_reaches_the_network(lab: Lab) -> None:
    ip_minttl = 21
    with server() as (listener, port):
        # Segments with less hop limit left are dropped, and the connection does not come about.
        listener.setsockopt(socket.IPPROTO_IP, ip_minttl, 40)
        lab.connect(port, "--hop-limit", "39", "--send", "", "--connect-timeout", "300ms").ends(1)
        us = lab.connect(port, "--hop-limit", "40", "--send", "")
        accepted(listener).close()
        us.ends()


@both_worlds
@needs("ss")
def test_backlog_reaches_the_kernel(lab: Lab) -> None:
    us, port = lab.listen("--backlog", "7")
    found = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    assert found.split()[2] == "7"
    peer(port).close()
    us.end()
    us.ends()
