"""All the bytes of one stream to another: every combination of ends, errors from either side, and Ctrl-C."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import SECONDS, reset
from tests.worlds.support import Bench, later
from wasinet.engine import forward as module
from wasinet.oscalls import relay
from wasinet.oscalls.relay import Relay
from wasinet.wit.values import Err, Ok

KINDS = ["socket", "file", "pipe"]
MOVES = ["splice", "blocking-splice", "forward"]


@pytest.fixture(params=["in the kernel", "by copying"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With splice(2), and as on a platform that has none."""
    if request.param == "by copying":
        monkeypatch.setattr(module, "can_relay", lambda: False)
        monkeypatch.setattr("wasinet.oscalls.Os.send_file", lambda *_: None)
    elif not relay.can_relay():
        pytest.skip("no splice(2) here")
    return str(request.param)


def source_of(bench: Bench, kind: str, data: bytes, folder: Path) -> int:
    """An input stream that gives this and then ends."""
    if kind == "file":
        path = folder / "in"
        path.write_bytes(data)
        return bench.host.open_input(os.open(path, os.O_RDONLY), own=True)
    if kind == "socket":
        end, peer = bench.connected()
        feed(peer, data)
        return end.rx
    reader, writer = os.pipe()
    feed(os.fdopen(writer, "wb", buffering=0), data)
    rx = bench.host.open_input(reader)
    os.close(reader)
    return rx


def feed(peer: Any, data: bytes) -> threading.Thread:
    def run() -> None:
        # A test may end before all is taken.
        with peer, contextlib.suppress(ConnectionError):
            view = memoryview(data)
            while view:
                view = view[(peer.write if hasattr(peer, "write") else peer.send)(view) :]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


class Sink:
    """An output stream, and a thread that gathers what comes out of it where somebody has to."""

    def __init__(self, bench: Bench, kind: str, folder: Path) -> None:
        self._bench = bench
        self._kind = kind
        self._path = folder / "out"
        self._data = bytearray()
        self._thread: threading.Thread | None = None
        self.socket = 0
        if kind == "file":
            self.tx = bench.host.open_output(os.open(self._path, os.O_WRONLY | os.O_CREAT), own=True)
        elif kind == "socket":
            end, peer = bench.connected()
            self.tx, self.socket = end.tx, end.socket
            self._gather(lambda: peer.recv(1 << 20))
        else:
            reader, writer = os.pipe()
            self.tx = bench.host.open_output(writer)
            os.close(writer)
            file = os.fdopen(reader, "rb", buffering=0)
            self._gather(lambda: file.read(1 << 20), file.close)

    def _gather(self, read: Callable[[], bytes | None], close: Callable[[], None] = lambda: None) -> None:
        def run() -> None:
            while data := read():
                self._data += data
            close()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def received(self) -> bytes:
        """Everything, after the end."""
        if self.socket:
            self._bench.need("shutdown", self.socket, "send")
        self._bench.call("drop-output-stream", self.tx)
        if self._thread is None:
            return self._path.read_bytes()
        while self._thread.is_alive():
            self._bench.host.engine.poller.drive(0.01)
            self._thread.join(0.01)
        return bytes(self._data)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("function", MOVES)
@pytest.mark.parametrize("sink_kind", KINDS)
@pytest.mark.parametrize("source_kind", KINDS)
def test_all_combinations(bench: Bench, source_kind: str, sink_kind: str, function: str, tmp_path: Path) -> None:
    data = random.Random(1).randbytes(700_001)
    sink = Sink(bench, sink_kind, tmp_path)
    source = source_of(bench, source_kind, data, tmp_path)
    if function == "forward":
        assert bench.call("forward", sink.tx, source) == Ok(len(data))
    else:
        total, ended = 0, False
        while not ended:
            if function == "splice":
                assert bench.host.wait(source, SECONDS)
            moved, ended = bench.need(function, sink.tx, source, 100_000)
            assert moved <= 100_000
            total += moved
        assert total == len(data)
    # The source has ended, and stays so; the sink has not.
    for _ in range(2):
        assert bench.call("read", source, 1) == Ok((b"", True))
        assert bench.call("forward", sink.tx, source) == Ok(0)
        assert bench.call("splice", sink.tx, source, 1) == Ok((0, True))
    bench.need("blocking-write", sink.tx, b"!")
    assert sink.received() == data + b"!"


@pytest.mark.usefixtures("way")
def test_64_mib_arrive_unchanged(bench: Bench) -> None:
    (source, feeder), (sink, reader) = bench.connected(), bench.connected()
    block = random.Random(2).randbytes(1 << 20)
    sums = hashlib.sha256(), hashlib.sha256()

    def send() -> None:
        for index in range(64):
            piece = block[index:] + block[:index]
            sums[0].update(piece)
            feeder.sendall(piece)
        feeder.close()

    def receive() -> None:
        while data := reader.recv(1 << 18):
            sums[1].update(data)

    threads = [threading.Thread(target=target, daemon=True) for target in (send, receive)]
    for thread in threads:
        thread.start()
    assert bench.call("forward", sink.tx, source.rx) == Ok(64 << 20)
    bench.need("shutdown", sink.socket, "send")
    for thread in threads:
        thread.join(SECONDS)
    assert sums[0].digest() == sums[1].digest()


def test_between_two_sockets_no_byte_passes_through_python(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    if not relay.can_relay():
        pytest.skip("no splice(2) here")
    (source, feeder), (sink, reader) = bench.connected(), bench.connected()

    def no(*_: object) -> None:
        raise AssertionError("a copy")

    monkeypatch.setattr("wasinet.engine.streams.Reader.take", no)
    monkeypatch.setattr("wasinet.engine.streams.InputStream.read", no)
    monkeypatch.setattr("wasinet.engine.streams.OutputStream.write", no)
    feeder.sendall(b"hello")
    feeder.close()
    assert bench.call("forward", sink.tx, source.rx) == Ok(5)
    assert reader.recv(10) == b"hello"


@pytest.mark.parametrize("function", MOVES)
def test_from_a_file_to_a_socket_no_byte_passes_through_python(
    bench: Bench, function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(os, "sendfile"):
        pytest.skip("no sendfile(2) here")
    sink, reader = bench.connected()
    source = source_of(bench, "file", b"hello", tmp_path)

    def no(*_: object, **__: object) -> None:
        raise AssertionError("a copy")

    monkeypatch.setattr("wasinet.engine.streams.Reader.take", no)
    bench.need(function, sink.tx, source, *(() if function == "forward" else (10,)))
    assert reader.recv(10) == b"hello"


# Zero, and what waits for what


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("function", ["splice", "blocking-splice"])
def test_zero_bytes_are_moved_at_once(bench: Bench, function: str) -> None:
    (source, _), (sink, _) = bench.connected(), bench.connected()
    assert bench.call(function, sink.tx, source.rx, 0) == Ok((0, False))
    bench.need("shutdown", source.socket, "receive")
    assert bench.call(function, sink.tx, source.rx, 0) == Ok((0, True))


@pytest.mark.usefixtures("way")
def test_splice_does_not_wait_for_the_source_and_blocking_splice_does(bench: Bench) -> None:
    (source, feeder), (sink, reader) = bench.connected(), bench.connected()
    assert bench.call("splice", sink.tx, source.rx, 10) == Ok((0, False))
    with later(feeder.sendall, b"hello"):
        assert bench.call("blocking-splice", sink.tx, source.rx, 10) == Ok((5, False))
    assert reader.recv(10) == b"hello"
    with later(feeder.close):
        assert bench.call("blocking-splice", sink.tx, source.rx, 10) == Ok((0, True))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("source_kind", ["socket", "file"])
@pytest.mark.parametrize("function", MOVES)
def test_all_wait_for_room(bench: Bench, function: str, source_kind: str, tmp_path: Path) -> None:
    source = source_of(bench, source_kind, b"x" * 5000, tmp_path)
    assert bench.host.wait(source, SECONDS)
    sink, reader = bench.connected()
    total = bench.fill(sink.tx)
    received = bytearray()

    def drain() -> None:
        while data := reader.recv(1 << 16):
            received.extend(data)

    with later(drain):
        moved = bench.need(function, sink.tx, source, *(() if function == "forward" else (5000,)))
        bench.need("shutdown", sink.socket, "send")
    count = moved if function == "forward" else moved[0]
    assert 0 < count <= 5000
    assert received == bytes(total) + b"x" * count


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("source_kind", ["socket", "file"])
@pytest.mark.parametrize("function", MOVES)
def test_waiting_for_room_takes_no_time_of_the_processor(
    bench: Bench, function: str, source_kind: str, tmp_path: Path, interrupt: Callable[[], None]
) -> None:
    source = source_of(bench, source_kind, b"x" * 500_000, tmp_path)
    assert bench.host.wait(source, SECONDS)
    sink, _ = bench.connected()
    bench.fill(sink.tx)
    waits = 0
    wait_for = bench.host.engine.poller.wait_for

    def counted(*arguments: Any) -> bool:
        nonlocal waits
        waits += 1
        return wait_for(*arguments)

    def move() -> None:
        # The kernel may still find a little room, once or twice.
        while True:
            bench.call(function, sink.tx, source, *(() if function == "forward" else (5000,)))

    bench.host.engine.poller.wait_for = counted  # type: ignore[method-assign,assignment]
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        move()
    # For room, which may come in a few small pieces; not over and over again.
    assert 0 < waits < 20


def test_forward_onto_the_same_connection_is_an_echo(bench: Bench) -> None:
    end, peer = bench.connected()
    data = random.Random(3).randbytes(3_000_000)
    received = bytearray()

    def read() -> None:
        while len(received) < len(data):
            received.extend(peer.recv(1 << 16))

    def send() -> None:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)

    threads = [threading.Thread(target=target, daemon=True) for target in (read, send)]
    for thread in threads:
        thread.start()
    assert bench.call("forward", end.tx, end.rx) == Ok(len(data))
    for thread in threads:
        thread.join(SECONDS)
    assert received == data


# Errors from either side


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("function", MOVES)
def test_a_source_that_breaks(bench: Bench, function: str) -> None:
    (source, feeder), (sink, reader) = bench.connected(), bench.connected()
    reset(feeder)
    assert bench.host.wait(source.rx, SECONDS)
    arguments = () if function == "forward" else (10,)
    outcome = bench.call(function, sink.tx, source.rx, *arguments)
    assert outcome == Err({})
    assert outcome.reason.endswith("(connection-reset)")
    # It is the source that is broken: told once, then its end; the sink goes on.
    assert bench.call(function, sink.tx, source.rx, *arguments) == Ok(0 if function == "forward" else (0, True))
    assert bench.call("write", sink.tx, b"x") == Ok(1)
    assert reader.recv(1) == b"x"


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("source_kind", ["socket", "file"])
@pytest.mark.parametrize("function", MOVES)
def test_a_sink_that_breaks(bench: Bench, function: str, source_kind: str, tmp_path: Path) -> None:
    source = source_of(bench, source_kind, b"x" * 100_000, tmp_path)
    sink, reader = bench.connected()
    reset(reader)
    assert bench.host.wait(source, SECONDS)
    assert bench.host.wait(sink.rx, SECONDS)
    arguments = () if function == "forward" else (10,)
    outcome = bench.call(function, sink.tx, source, *arguments)
    assert outcome == Err({})
    # sendfile(2) looks at the direction before the error, and finds it shut.
    assert outcome.reason.endswith(("(connection-reset)", "(connection-aborted)"))
    outcome = bench.call(function, sink.tx, source, *arguments)
    assert outcome == Err({})
    assert outcome.reason.endswith("(closed)")


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("function", MOVES)
def test_a_sink_that_was_shut_down_takes_nothing_from_the_source(bench: Bench, function: str) -> None:
    (source, feeder), (sink, _) = bench.connected(), bench.connected()
    feeder.sendall(b"kept")
    assert bench.host.wait(source.rx, SECONDS)
    bench.need("shutdown", sink.socket, "send")
    outcome = bench.call(function, sink.tx, source.rx, *(() if function == "forward" else (10,)))
    assert outcome == Err({})
    assert outcome.reason.endswith("(closed)")
    assert bench.call("read", source.rx, 10) == Ok((b"kept", False))


# Ctrl-C


@pytest.fixture
def flowing(bench: Bench) -> Iterator[tuple[Bench, Any, Any, bytes]]:
    """A source that has more to give than a sink that nobody reads takes."""
    (source, feeder), (sink, reader) = bench.connected(), bench.connected()
    data = random.Random(4).randbytes(24 << 20)
    thread = feed(feeder, data)
    yield bench, source, (sink, reader), data
    if reader.fileno() >= 0:
        reset(reader)
    bench.host.close()
    thread.join(SECONDS)


@pytest.mark.usefixtures("way")
def test_a_sink_whose_peer_goes_while_forward_waits_for_room(flowing: tuple[Bench, Any, Any, bytes]) -> None:
    bench, source, (sink, reader), _ = flowing
    with later(reset, reader):
        assert bench.call("forward", sink.tx, source.rx) == Err({})


@pytest.mark.usefixtures("way")
def test_a_forward_that_ctrl_c_ends_loses_nothing(
    flowing: tuple[Bench, Any, Any, bytes], interrupt: Callable[[], None]
) -> None:
    bench, source, (sink, reader), data = flowing
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        bench.call("forward", sink.tx, source.rx)
    received = bytearray()

    def drain() -> None:
        while piece := reader.recv(1 << 20):
            received.extend(piece)

    thread = threading.Thread(target=drain, daemon=True)
    thread.start()
    # What was taken from the source is with the sink, and the next call goes on behind it.
    rest = bench.need("forward", sink.tx, source.rx)
    assert 0 < rest < len(data)
    bench.need("shutdown", sink.socket, "send")
    thread.join(SECONDS)
    assert hashlib.sha256(received).digest() == hashlib.sha256(data).digest()


def test_ctrl_c_between_a_splice_and_its_count_loses_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (source, feeder), (sink, reader) = bench.connected(), bench.connected()
    feeder.sendall(b"hello")
    fill = Relay.fill

    def interrupted(self: Relay, fd: int, count: int = 1 << 20) -> int:
        fill(self, fd, count)
        self.held = 0
        raise KeyboardInterrupt

    monkeypatch.setattr(Relay, "fill", interrupted)
    assert bench.host.wait(source.rx, SECONDS)
    with pytest.raises(KeyboardInterrupt):
        bench.call("forward", sink.tx, source.rx)
    assert reader.recv(10) == b"hello"


def test_ctrl_c_with_a_sink_that_is_gone_is_still_ctrl_c(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (source, feeder), (sink, reader) = bench.connected(), bench.connected()
    feeder.sendall(b"hello")
    reset(reader)
    assert bench.host.wait(sink.rx, SECONDS)
    assert bench.host.wait(source.rx, SECONDS)

    def interrupted(self: Relay, fd: int) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Relay, "empty", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bench.call("forward", sink.tx, source.rx)
    # The next who writes is told why the bytes are lost.
    outcome = bench.call("write", sink.tx, b"x")
    assert outcome == Err({})
    assert outcome.reason.endswith("(connection-reset)")


@pytest.mark.usefixtures("way")
def test_a_forward_that_never_waits_can_be_interrupted_between_pieces(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source, feeder), (sink, reader) = bench.connected(), bench.connected()
    data = random.Random(5).randbytes(300_000)
    thread = feed(feeder, data)
    count = 0

    def second() -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("wasinet.engine.forward.checkpoint", second)
    with pytest.raises(KeyboardInterrupt):
        bench.call("forward", sink.tx, source.rx)
    received = bytearray()

    def drain() -> None:
        while piece := reader.recv(1 << 20):
            received.extend(piece)

    with later(drain, after=0):
        bench.need("forward", sink.tx, source.rx)
        bench.need("shutdown", sink.socket, "send")
    thread.join(SECONDS)
    assert received == data


_ENDLESS = """
import os, signal, sys, threading, time
from wasinet.oscalls.interruption import install
from wasinet.hosts.native import NativeHost
install()
host = NativeHost(world="draft")
rx = host.open_input(os.open("/dev/zero", os.O_RDONLY))
tx = host.open_output(os.open("/dev/null", os.O_WRONLY))
def stop():
    while not host.engine.table[tx].count:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=stop).start()
try:
    host.call("forward", tx, rx)
except KeyboardInterrupt:
    sys.exit(host.state(tx) != "open" or 7)
"""


def test_ctrl_c_ends_an_endless_forward_of_the_command_line() -> None:
    assert subprocess.run([sys.executable, "-c", _ENDLESS], timeout=SECONDS, check=False).returncode == 7


def test_what_was_read_and_written_is_counted(bench: Bench) -> None:
    (source, feeder), (sink, _) = bench.connected(), bench.connected()
    feeder.sendall(b"hello")
    feeder.close()
    bench.need("forward", sink.tx, source.rx)
    counts = {info.handle: (info.received, info.sent) for info in bench.host.handles()}
    assert counts[source.rx][0] == 5
    assert counts[sink.tx][1] == 5
