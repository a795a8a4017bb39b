"""``splice`` in all its forms, and streams over files and pipes."""

from __future__ import annotations

import os
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import (
    FaultyOs,
    code,
    connected_pair,
    connected_to_peer,
    fill,
    need,
    read_all,
    read_exactly,
    wait_any,
    wait_ready,
    write,
)
from wasinet.hosts.native import NativeHost
from wasinet.oscalls.relay import Relay, can_relay
from wasinet.wit.values import Case, Err, Ok

CLOSED = Err(Case("closed"))


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    ends = [reader, writer]
    yield reader, writer
    for fd in ends:
        try:
            os.close(fd)
        except OSError:
            pass  # the test closed it


def open_file(host: NativeHost, path: Path, data: bytes | None = None) -> int:
    """An input stream over a file, or an output stream to it."""
    if data is None:
        return host.open_output(os.open(path, os.O_WRONLY | os.O_CREAT), own=True)
    path.write_bytes(data)
    return host.open_input(os.open(path, os.O_RDONLY), own=True)


def splice_all(host: NativeHost, out: int, source: int) -> int:
    """Splice up to the source's end; how many bytes."""
    total = 0
    while isinstance(outcome := host.call("output-stream.blocking-splice", out, source, 50_000), Ok):
        total += outcome.value
    assert code(outcome) == "closed"
    return total


def test_from_a_connection_to_a_connection(host: NativeHost) -> None:
    (a, b), (c, d) = connected_pair(host), connected_pair(host)
    write(host, a.tx, b"through")
    wait_ready(host, b.rx, "input-stream")
    assert host.call("output-stream.splice", c.tx, b.rx, 3) == Ok(3)
    assert host.call("output-stream.splice", c.tx, b.rx, 100) == Ok(4)
    assert host.call("output-stream.splice", c.tx, b.rx, 100) == Ok(0)
    assert read_exactly(host, d.rx, 7) == b"through"
    need(host.call("tcp-socket.shutdown", a.socket, "send"))
    wait_ready(host, b.rx, "input-stream")
    assert host.call("output-stream.splice", c.tx, b.rx, 100) == CLOSED
    # It is the source that has ended, not the stream.
    write(host, c.tx, b"!")
    assert read_exactly(host, d.rx, 1) == b"!"


def test_from_a_file_to_a_connection(host: NativeHost, tmp_path: Path) -> None:
    data = os.urandom(300_000)
    client, server = connected_pair(host)
    source = open_file(host, tmp_path / "in", data)
    moved = 0
    received = b""
    while moved < len(data):
        moved += need(host.call("output-stream.splice", client.tx, source, 70_000))
        received += need(host.call("input-stream.read", server.rx, 1 << 20))
    assert host.call("output-stream.splice", client.tx, source, 1) == CLOSED
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    assert received + read_all(host, server.rx) == data


def test_a_file_goes_on_from_where_it_was_read(host: NativeHost, tmp_path: Path) -> None:
    client, server = connected_pair(host)
    source = open_file(host, tmp_path / "in", b"0123456789")
    assert host.call("input-stream.read", source, 4) == Ok(b"0123")
    assert host.call("output-stream.splice", client.tx, source, 3) == Ok(3)
    assert host.call("input-stream.skip", source, 1) == Ok(1)
    assert host.call("input-stream.read", source, 100) == Ok(b"89")
    assert read_exactly(host, server.rx, 3) == b"456"


def test_a_full_connection_takes_nothing_and_is_not_ready(host: NativeHost, tmp_path: Path) -> None:
    client, peer = connected_to_peer(host)
    source = open_file(host, tmp_path / "in", bytes(30_000_000))
    pollable = host.call("output-stream.subscribe", client.tx)
    timer = host.call("subscribe-duration", 10**12)
    # In the kept set, where what it waits for has to be brought up to date.
    for _ in range(3):
        assert host.call("poll", [pollable, timer]) == [0]
    total = 0
    while moved := need(host.call("output-stream.splice", client.tx, source, 1 << 20)):
        total += moved
    assert host.call("pollable.ready", pollable) is False
    assert host.call("output-stream.check-write", client.tx) == Ok(0)
    short = host.call("subscribe-duration", 10**6)
    assert host.call("poll", [pollable, short]) == [1]
    host.drop(short)

    def drain() -> None:
        left = total
        while left:
            left -= len(peer.recv(min(left, 1 << 20)))

    thread = threading.Thread(target=drain, daemon=True)
    with peer:
        thread.start()
        assert host.call("poll", [pollable, timer]) == [0]
        assert need(host.call("output-stream.check-write", client.tx)) > 0
        thread.join(60)
        assert not thread.is_alive()


def test_blocking_splice_waits_for_room(host: NativeHost, tmp_path: Path) -> None:
    client, peer = connected_to_peer(host)
    source = open_file(host, tmp_path / "in", bytes(100_000))
    total = fill(host, client.tx)
    received = []

    def drain() -> None:
        with peer:
            while data := peer.recv(1 << 16):
                received.append(len(data))

    thread = threading.Thread(target=drain, daemon=True)
    threading.Timer(0.02, thread.start).start()
    assert splice_all(host, client.tx, source) == 100_000
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    assert read_all(host, client.rx) == b""
    thread.join(60)
    assert sum(received) == total + 100_000


def test_from_a_connection_to_a_file(host: NativeHost, tmp_path: Path) -> None:
    client, server = connected_pair(host)
    out = open_file(host, tmp_path / "out")
    write(host, client.tx, b"saved")
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    assert splice_all(host, out, server.rx) == 5
    assert (tmp_path / "out").read_bytes() == b"saved"


def received(host: NativeHost, data: bytes) -> int:
    """The input stream of a connection that has got these bytes and its end."""
    client, server = connected_pair(host)
    write(host, client.tx, data)
    need(host.call("tcp-socket.shutdown", client.socket, "send"))
    return int(server.rx)


@pytest.mark.skipif(not can_relay(), reason="no splice(2) here")
def test_from_a_connection_to_a_file_inside_the_kernel(
    host: NativeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wasinet.engine.streams.Reader.take", None)
    out = open_file(host, tmp_path / "out")
    assert splice_all(host, out, received(host, b"saved" * 20_000)) == 100_000
    assert (tmp_path / "out").read_bytes() == b"saved" * 20_000
    with open(os.devnull, "wb") as nowhere:
        assert splice_all(host, host.open_output(nowhere.fileno()), received(host, b"lost")) == 4


def test_a_file_that_is_appended_to_is_copied_to(host: NativeHost, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"before ")
    out = host.open_output(os.open(tmp_path / "out", os.O_WRONLY | os.O_APPEND), own=True)
    assert splice_all(host, out, received(host, b"after")) == 5
    assert (tmp_path / "out").read_bytes() == b"before after"


@pytest.mark.parametrize("error", [OSError(22, "Invalid argument"), KeyboardInterrupt()])
@pytest.mark.skipif(not can_relay(), reason="no splice(2) here")
def test_what_a_file_does_not_splice_is_written(
    host: NativeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    out = open_file(host, tmp_path / "out")
    source = received(host, b"0123456789")

    def refused(self: Relay, sink: int) -> int:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Relay, "empty", refused)
        if isinstance(error, OSError):
            assert host.call("output-stream.blocking-splice", out, source, 4) == Ok(4)
        else:
            with pytest.raises(KeyboardInterrupt):
                host.call("output-stream.blocking-splice", out, source, 4)
    assert splice_all(host, out, source) == 6
    assert (tmp_path / "out").read_bytes() == b"0123456789"


def test_a_full_disk_fails_at_the_splice(host: NativeHost) -> None:
    with open("/dev/full", "wb") as full:
        out = host.open_output(full.fileno())
    outcome = host.call("output-stream.blocking-splice", out, received(host, b"much"), 4)
    assert code(outcome) == "last-operation-failed"
    assert "No space left" in outcome.reason


def test_from_a_file_to_a_file(host: NativeHost, tmp_path: Path) -> None:
    source = open_file(host, tmp_path / "in", b"copied" * 20_000)
    out = open_file(host, tmp_path / "out")
    assert splice_all(host, out, source) == 120_000
    assert (tmp_path / "out").read_bytes() == b"copied" * 20_000


def test_through_pipes(host: NativeHost, pipe: tuple[int, int]) -> None:
    client, server = connected_pair(host)
    source = host.open_input(pipe[0])
    assert host.call("output-stream.splice", client.tx, source, 10) == Ok(0)
    threading.Timer(0.02, os.write, (pipe[1], b"piped")).start()
    assert host.call("output-stream.blocking-splice", client.tx, source, 10) == Ok(5)
    assert read_exactly(host, server.rx, 5) == b"piped"
    os.close(pipe[1])
    assert host.call("output-stream.blocking-splice", client.tx, source, 10) == CLOSED


def test_a_pipe_that_nobody_reads_keeps_bytes_pending(host: NativeHost, pipe: tuple[int, int]) -> None:
    tx = host.open_output(pipe[1])
    total = fill(host, tx)
    assert host.call("output-stream.check-write", tx) == Ok(0)
    pollable = host.call("output-stream.subscribe", tx)
    assert host.call("pollable.ready", pollable) is False
    received = 0
    while received < total:
        received += len(os.read(pipe[0], 1 << 16))
        host.engine.drive()
    assert wait_any(host, [pollable]) == [0]


def test_the_flags_of_the_descriptor_stay(host: NativeHost, pipe: tuple[int, int]) -> None:
    host.open_input(pipe[0])
    host.open_output(pipe[1])
    assert os.get_blocking(pipe[0])
    assert os.get_blocking(pipe[1])


def test_a_pipe_without_readers_fails_without_a_network_code(host: NativeHost, pipe: tuple[int, int]) -> None:
    tx = host.open_output(pipe[1])
    os.close(pipe[0])
    need(host.call("output-stream.check-write", tx))
    outcome = host.call("output-stream.write", tx, b"x")
    assert code(outcome) == "last-operation-failed"
    assert host.call("network-error-code", outcome.value.payload) is None
    assert outcome.errno is not None
    assert host.call("output-stream.check-write", tx) == CLOSED


def test_a_full_disk_fails_at_the_write(host: NativeHost) -> None:
    fd = os.open("/dev/full", os.O_WRONLY)
    try:
        tx = host.open_output(fd)
        need(host.call("output-stream.check-write", tx))
        outcome = host.call("output-stream.write", tx, b"x")
        assert code(outcome) == "last-operation-failed"
        assert "No space left" in outcome.reason
    finally:
        os.close(fd)


def test_a_file_that_takes_only_a_part_fails_at_the_write(host: NativeHost, tmp_path: Path) -> None:
    # With a kept set alive, which refuses regular files.
    timers = [host.call("subscribe-duration", 0), host.call("subscribe-duration", 10**12)]
    for _ in range(3):
        assert host.call("poll", timers) == [0]
    tx = open_file(host, tmp_path / "out")
    need(host.call("output-stream.check-write", tx))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        outcome = host.call("output-stream.write", tx, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert code(outcome) == "last-operation-failed"
    assert (tmp_path / "out").stat().st_size == 1000
    assert not host.engine.pending
    assert host.call("output-stream.check-write", tx) == CLOSED


@pytest.mark.parametrize("what", ["input", "output"])
def test_a_closed_descriptor_cannot_be_opened(host: NativeHost, what: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    opener: Any = getattr(host, f"open_{what}")
    with pytest.raises(OSError, match="Bad file descriptor"):
        opener(reader)


def test_standard_streams_that_are_sockets(host: NativeHost) -> None:
    one, other = socket.socketpair()
    with one, other:
        rx, tx = host.open_input(one.fileno()), host.open_output(one.fileno())
        other.sendall(b"in")
        assert host.call("input-stream.blocking-read", rx, 10) == Ok(b"in")
        need(host.call("output-stream.blocking-write-and-flush", tx, b"out"))
        assert other.recv(10) == b"out"
        assert one.getblocking()
        # Both streams wait at once, each for its own.
        total = fill(host, tx)
        second = host.open_output(one.fileno())
        need(host.call("output-stream.check-write", second))
        need(host.call("output-stream.write", second, b"second"))
        host.drop(tx)
        received = 0
        while received < total + 6:
            other.settimeout(60)
            received += len(other.recv(1 << 16))
            host.engine.drive()
        assert not host.engine.pending


def test_dropping_a_file_stream_with_pending_bytes_loses_none(host: NativeHost, pipe: tuple[int, int]) -> None:
    tx = host.open_output(pipe[1])
    total = fill(host, tx)
    host.drop(tx)
    received = []

    def drain() -> None:
        left = total
        while left:
            received.append(len(os.read(pipe[0], min(left, 1 << 16))))
            left -= received[-1]

    thread = threading.Thread(target=drain, daemon=True)
    thread.start()
    assert host.engine.drain(10)
    thread.join(60)
    assert sum(received) == total


def test_a_sendfile_that_is_not_supported_falls_back(make_host: Any, tmp_path: Path) -> None:
    class Without(FaultyOs):
        def send_file(self, sock: Any, file: Any, count: int) -> int | None:
            return None

    host = make_host(os=Without())
    client, server = connected_pair(host)
    assert splice_all(host, client.tx, open_file(host, tmp_path / "in", b"copied")) == 6
    assert read_exactly(host, server.rx, 6) == b"copied"


def test_the_connection_that_fails_while_splicing(host: NativeHost, tmp_path: Path) -> None:
    client, peer = connected_to_peer(host)
    source = open_file(host, tmp_path / "in", bytes(1000))
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()
    wait_ready(host, client.rx, "input-stream")
    outcome = host.call("output-stream.splice", client.tx, source, 10)
    assert code(outcome) == "last-operation-failed"
    assert host.state(client.socket) == "closed"
