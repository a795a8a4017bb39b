"""``tcp connect`` and ``tcp listen`` with nc and socat: all bytes both ways, half-close from either side."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import (
    MIB,
    Lab,
    Running,
    both_hosts,
    free_port,
    needs,
    one_world,
    random_file,
    wait_half_closed,
    wait_listening,
)
from tests.support import THOROUGH

pytestmark = pytest.mark.usefixtures("world")

MOST_MEMORY = 64 * MIB

PEERS = {
    # nc half-closes only with -N; socat waits half a second for the other direction without -t.
    "nc": (["nc", "-N", "127.0.0.1", "{port}"], ["nc", "-N", "-l", "127.0.0.1", "{port}"]),
    "socat": (
        ["socat", "-b65536", "-t60", "STDIO", "TCP:127.0.0.1:{port}"],
        ["socat", "-b65536", "-t60", "STDIO", "TCP-LISTEN:{port},bind=127.0.0.1"],
    ),
}
PAIRS = [
    pytest.param(ours, name, id=f"{ours}-{name}", marks=needs(name)) for ours in ("listen", "connect") for name in PEERS
]

# An nc that listens quits when its peer has ended, whatever it has left to send.
ENDINGS = [
    pytest.param(*pair.values, by_us, id=f"{pair.id}-{'ours' if by_us else 'theirs'}", marks=pair.marks)
    for pair in PAIRS
    for by_us in (True, False)
    if (*pair.values, by_us) != ("connect", "nc", True)
]


def start_pair(lab: Lab, ours: str, name: str, inputs: tuple[Path, Path], *options: str) -> tuple[Running, Running]:
    """Our process and the peer's, connected, each with its input from a file."""
    client, listener = PEERS[name]
    with inputs[0].open("rb") as mine, inputs[1].open("rb") as theirs:
        if ours == "listen":
            us, port = lab.listen(*options, stdin=mine)
            them = lab.start([word.format(port=port) for word in client], stdin=theirs)
        else:
            port = free_port()
            them = lab.start([word.format(port=port) for word in listener], stdin=theirs)
            wait_listening(port)
            us = lab.connect(port, *options, stdin=mine)
    return us, them


def exchange(lab: Lab, folder: Path, ours: str, name: str, sizes: tuple[int, int]) -> None:
    """Both send, the one with less ends first, and both get everything."""
    inputs = folder / "ours", folder / "theirs"
    sums = [random_file(path, seed, size) for seed, (path, size) in enumerate(zip(inputs, sizes, strict=True))]
    # An nc that listens quits when its peer has ended, whatever it has left to send.
    options = ["--no-half-close"] if (ours, name) == ("connect", "nc") and sizes[0] < sizes[1] else []
    us, them = start_pair(lab, ours, name, (inputs[0], inputs[1]), "-q", *options)
    us.digest()
    them.digest()
    assert us.wait(300) == 0, us.err
    assert them.wait(300) == 0, them.err
    assert (us.received, them.received) == (sizes[1], sizes[0])
    assert (us.digested, them.digested) == (sums[1], sums[0])
    assert us.err == ""
    assert 0 < us.peak <= MOST_MEMORY


@pytest.mark.parametrize("sizes", [(32 * MIB, 0), (0, 32 * MIB), (32 * MIB, 3), (3, 32 * MIB)])
@pytest.mark.parametrize(("ours", "name"), PAIRS)
@one_world
def test_bytes_arrive_with_each_peer(lab: Lab, tmp_path: Path, ours: str, name: str, sizes: tuple[int, int]) -> None:
    exchange(lab, tmp_path, ours, name, sizes)


@pytest.mark.parametrize("sizes", [(32 * MIB, 3), (3, 32 * MIB)])
@pytest.mark.parametrize(("ours", "name"), PAIRS if THOROUGH else PAIRS[1::2])
def test_bytes_arrive_both_ways(lab: Lab, tmp_path: Path, ours: str, name: str, sizes: tuple[int, int]) -> None:
    exchange(lab, tmp_path, ours, name, sizes)


@pytest.mark.slow
@pytest.mark.skipif(not THOROUGH, reason="a gibibyte takes long (check --thorough)")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("sizes", [(1024 * MIB, 1), (1, 1024 * MIB)])
@pytest.mark.parametrize(("ours", "name"), PAIRS)
def test_a_gibibyte_arrives(lab: Lab, tmp_path: Path, ours: str, name: str, sizes: tuple[int, int]) -> None:
    exchange(lab, tmp_path, ours, name, sizes)


@pytest.mark.parametrize(("ours", "name", "by_us"), ENDINGS)
def test_half_close(lab: Lab, ours: str, name: str, by_us: bool) -> None:
    client, listener = PEERS[name]
    if ours == "listen":
        us, port = lab.listen()
        them = lab.start([word.format(port=port) for word in client])
    else:
        port = free_port()
        them = lab.start([word.format(port=port) for word in listener])
        wait_listening(port)
        us = lab.connect(port)
    first, second = (us, them) if by_us else (them, us)
    first.write(b"question")
    assert second.read(8) == b"question"
    first.end()
    wait_half_closed(port)
    second.write(b"answer")
    assert first.read(6) == b"answer"
    second.end()
    assert first.ends()[0] == b""
    assert second.wait() == 0


@both_hosts
@pytest.mark.parametrize("source", ["file", "pipe"])
@pytest.mark.parametrize("sink", ["stdout", "file", "events"])
def test_ours_with_ours(lab: Lab, tmp_path: Path, source: str, sink: str) -> None:
    size = 8 * MIB
    path, output = tmp_path / "data", tmp_path / "received"
    expected = random_file(path, 5, size)
    options = {"stdout": [], "file": ["--output", str(output)], "events": ["--json"]}[sink]
    server, port = lab.listen("--recv-only", *options)
    if sink == "stdout":
        server.digest()
    with path.open("rb") as file:
        client = lab.connect(port, stdin=file if source == "file" else subprocess.PIPE)
        if source == "pipe":
            client.feed(iter(lambda: file.read(10_007), b""))
        if sink == "events":
            digest = hashlib.sha256()
            while (event := server.event())["event"] != "closed":
                if event["event"] == "data":
                    digest.update(base64.b64decode(event["data"]["base64"]))
            assert event["received"] == size
            found = digest.hexdigest()
        assert client.wait() == 0
    assert server.wait() == 0
    if sink == "file":
        found = hashlib.sha256(output.read_bytes()).hexdigest()
    elif sink == "stdout":
        found = server.digested
    assert found == expected
    assert max(server.peak, client.peak) <= MOST_MEMORY
