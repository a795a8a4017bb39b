"""One direction at a time: translation, texts, ends and failures."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs.support import left, pipe
from tests.support import connected_to_peer, reset
from wasinet.hosts.native import NativeHost
from wasinet.programs.events import CallFailed, LocalFailed
from wasinet.programs.net import Net
from wasinet.programs.transfer import Copy, Deliver, Drain, Feed, Skip, Transfer, Translate


@pytest.fixture
def net(host: NativeHost) -> Net:
    return Net(host)


class Pieces:
    """A stand-in for the calls: a source of given pieces, and a sink with room for so much each time."""

    def __init__(self, pieces: list[bytes], room: int = 1 << 17) -> None:
        self.pieces = pieces
        self._room = room
        self.written: list[bytes] = []

    def room(self, tx: int, target: str) -> int:
        return self._room

    def read(self, rx: int, most: int, target: str) -> bytes:
        from wasinet.programs.net import StreamEnded

        if not self.pieces:
            raise StreamEnded(source=True)
        piece, rest = self.pieces[0][:most], self.pieces[0][most:]
        self.pieces[:1] = [rest] if rest else []
        return piece

    def write(self, tx: int, data: bytes, target: str) -> None:
        assert len(data) <= self._room
        self.written.append(data)


def translated(pieces: list[bytes], room: int = 1 << 17) -> bytes:
    net = Pieces(list(pieces), room)
    transfer = Translate(net, 1, 2, "")  # type: ignore[arg-type]
    while transfer.step() is not None:
        pass
    return b"".join(net.written)


TEXTS = [
    (b"", b""),
    (b"\n", b"\r\n"),
    (b"\n\n", b"\r\n\r\n"),
    (b"\r\n", b"\r\n"),
    (b"\r", b"\r"),
    (b"\r\r\n", b"\r\r\n"),
    (b"\r\n\n", b"\r\n\r\n"),
    (b"\n\r", b"\r\n\r"),
    (b"\n\r\n", b"\r\n\r\n"),
    (b"a\nb\r\nc\rd", b"a\r\nb\r\nc\rd"),
    (b"GET / HTTP/1.0\n\n", b"GET / HTTP/1.0\r\n\r\n"),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_each_lone_lf_becomes_crlf_wherever_reads_split_it(text: bytes, expected: bytes) -> None:
    for first in range(len(text) + 1):
        for second in range(first, len(text) + 1):
            pieces = [piece for piece in (text[:first], text[first:second], text[second:]) if piece]
            assert translated(pieces) == expected


@pytest.mark.parametrize("room", [2, 3, 5, 64])
def test_translation_never_writes_beyond_the_room(room: int) -> None:
    assert translated([b"\n" * 100], room) == b"\r\n" * 100


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_a_text_is_translated_as_a_stream_is(text: bytes, expected: bytes) -> None:
    # Exchange does this for --send TEXT.
    assert text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") == expected


# Over real streams


@pytest.fixture
def ends(net: Net) -> Iterator[tuple[Net, int, int, socket.socket]]:
    connection, peer = connected_to_peer(net.host)
    yield net, connection.rx, connection.tx, peer
    peer.close()
    net.drop(connection.rx, connection.tx, connection.socket)
    assert left(net.host) == []  # type: ignore[arg-type]


def finish(net: Net, transfer: Transfer) -> int:
    """Step to the end, waiting as it says; how much was moved."""
    while (moved := transfer.step()) is not None:
        if not moved:
            stream = transfer.waits_for()
            assert stream is not None
            pollable = net.pollable("input-stream" if stream == transfer.source else "output-stream", stream)
            net.wait([pollable])
            net.drop(pollable)
    return transfer.moved


def test_feed_then_drain(ends: tuple[Net, int, int, socket.socket]) -> None:
    net, _, tx, peer = ends
    data = os.urandom(3_000_001)
    feed = Feed(net, data, tx, "peer")
    received = bytearray()
    while feed.step() is not None:
        if len(received) < len(data):
            received += peer.recv(1 << 20)
    drain = Drain(net, tx, "peer")
    while drain.step() is not None:
        received += peer.recv(1 << 20)
    while len(received) < len(data):
        received += peer.recv(1 << 20)
    assert bytes(received) == data
    assert feed.moved == len(data)


def test_feed_of_nothing_ends_at_once(ends: tuple[Net, int, int, socket.socket]) -> None:
    net, _, tx, _ = ends
    feed = Feed(net, b"", tx, "peer")
    assert feed.step() is None
    assert (feed.ended, feed.sink_ended) == (True, False)


def test_copy_skip_deliver_end_with_the_peer(ends: tuple[Net, int, int, socket.socket]) -> None:
    net, rx, _, peer = ends
    peer.sendall(b"hello")
    got: list[bytes] = []
    deliver = Deliver(net, rx, got.append, "peer")
    pollable = net.pollable("input-stream", rx)
    net.wait([pollable])
    assert deliver.step() == 5
    assert got == [b"hello"]
    assert deliver.step() == 0
    assert deliver.waits_for() == rx
    peer.sendall(b"more")
    net.wait([pollable])
    skip = Skip(net, rx, None, "peer")
    assert skip.step() == 4
    peer.shutdown(socket.SHUT_WR)
    net.wait([pollable])
    net.drop(pollable)
    assert skip.step() is None
    assert (skip.ended, skip.sink_ended, skip.moved) == (True, False, 4)


def test_a_reset_is_a_failure_with_its_code(ends: tuple[Net, int, int, socket.socket]) -> None:
    net, rx, _, peer = ends
    reset(peer)
    pollable = net.pollable("input-stream", rx)
    net.wait([pollable])
    net.drop(pollable)
    with pytest.raises(CallFailed) as caught:
        Skip(net, rx, None, "the peer").step()
    assert (caught.value.code, caught.value.target) == ("connection-reset", "the peer")


def test_a_copy_says_which_side_failed(ends: tuple[Net, int, int, socket.socket]) -> None:
    net, rx, _, peer = ends
    with pipe() as ends_of_pipe:
        output = net.open_output(ends_of_pipe.writer, "the pipe")
        ends_of_pipe.close(ends_of_pipe.reader)
        peer.sendall(b"lost")
        pollable = net.pollable("input-stream", rx)
        net.wait([pollable])
        net.drop(pollable)
        copy = Copy(net, rx, output, "peer")
        with pytest.raises(LocalFailed) as caught:
            copy.step()
        assert caught.value.what == "write the pipe"
        assert caught.value.errno is not None
        assert copy.step() is None
        assert copy.sink_ended
        net.drop(output)


@pytest.mark.parametrize("kind", [Copy, Translate])
def test_a_file_to_a_peer(ends: tuple[Net, int, int, socket.socket], tmp_path: Path, kind: type[Transfer]) -> None:
    net, _, tx, peer = ends
    path = tmp_path / "text"
    path.write_bytes(b"one\ntwo\n")
    source = net.open_input(os.open(path, os.O_RDONLY), "text", own=True)
    transfer = kind(net, source, tx, "peer")
    assert finish(net, transfer) == 8
    net.drop(source)
    expected = b"one\ntwo\n" if kind is Copy else b"one\r\ntwo\r\n"
    assert peer.recv(100) == expected


def test_a_source_that_cannot_be_read_is_named(ends: tuple[Net, int, int, socket.socket], tmp_path: Path) -> None:
    net, _, tx, _ = ends
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        source = net.open_input(folder, "the folder")
        copy = Copy(net, source, tx, "peer")
        with pytest.raises(LocalFailed) as caught:
            copy.step()
        assert caught.value.what == "read the folder"
        net.drop(source)
    finally:
        os.close(folder)
