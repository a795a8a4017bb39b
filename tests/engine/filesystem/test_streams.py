"""Streams of files: positions of their own, ends, failures, and moving bytes to and from connections."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import code, need
from tests.worlds.guest import Guest
from wasinet.engine.streams import Error
from wasinet.wit.values import Case, Err, Ok, Some


def reading(guest: Guest, file: int, offset: int = 0) -> int:
    return int(need(guest.call("descriptor.read-via-stream", file, offset)))


def writing(guest: Guest, file: int, offset: int = 0) -> int:
    return int(need(guest.call("descriptor.write-via-stream", file, offset)))


def write(guest: Guest, stream: int, data: bytes) -> None:
    assert need(guest.call("output-stream.check-write", stream)) >= len(data)
    assert guest.call("output-stream.write", stream, data) == Ok()


def test_reading_to_the_end(guest: Guest, root: int) -> None:
    stream = reading(guest, guest.file(root, "f"), 1)
    assert guest.call("input-stream.read", stream, 2) == Ok(b"el")
    assert guest.call("input-stream.skip", stream, 1) == Ok(1)
    assert guest.call("input-stream.blocking-read", stream, 100) == Ok(b"o")
    assert guest.call("input-stream.read", stream, 100) == Err(Case("closed"))
    assert guest.call("input-stream.blocking-skip", stream, 100) == Err(Case("closed"))


def test_streams_do_not_interfere(guest: Guest, root: int, tree: Path) -> None:
    file = guest.file(root, "f", "read write")
    first, second = reading(guest, file), reading(guest, file, 3)
    out, end = writing(guest, file, 1), need(guest.call("descriptor.append-via-stream", file))
    assert guest.call("input-stream.read", first, 1) == Ok(b"h")
    write(guest, end, b"!")
    write(guest, out, b"EL")
    write(guest, end, b"?")
    guest.drop(file)
    assert guest.call("input-stream.read", second, 9) == Ok(b"lo!?")
    assert guest.call("input-stream.read", first, 9) == Ok(b"ELlo!?")
    write(guest, out, b"LO")
    assert (tree / "f").read_bytes() == b"hELLO!?"


def test_appending_goes_where_the_end_is_then(guest: Guest, root: int, tree: Path) -> None:
    stream = need(guest.call("descriptor.append-via-stream", guest.file(root, "f", "write")))
    write(guest, stream, b"1")
    with open(tree / "f", "ab") as file:
        file.write(b"2")
    assert guest.call("output-stream.blocking-write-and-flush", stream, b"3") == Ok()
    assert guest.call("output-stream.blocking-write-zeroes-and-flush", stream, 1) == Ok()
    assert (tree / "f").read_bytes() == b"hello123\0"


def test_they_are_always_ready(guest: Guest, root: int) -> None:
    file = guest.file(root, "f", "read write")
    pollables = [
        guest.call("input-stream.subscribe", reading(guest, file, 99)),
        guest.call("output-stream.subscribe", writing(guest, file)),
    ]
    assert guest.call("poll", pollables) == [0, 1]
    assert guest.call("poll", [*pollables, guest.call("subscribe-duration", 1 << 60)]) == [0, 1]


def test_from_file_to_file(guest: Guest, root: int, tree: Path) -> None:
    source = reading(guest, guest.file(root, "f"), 1)
    sink = writing(guest, guest.file(root, "new", "write", "create"))
    assert guest.call("output-stream.splice", sink, source, 3) == Ok(3)
    assert guest.call("output-stream.blocking-splice", sink, source, 99) == Ok(1)
    assert (tree / "new").read_bytes() == b"ello"


def test_from_file_to_connection_at_the_streams_own_position(guest: Guest, root: int) -> None:
    file = guest.file(root, "f")
    source, other = reading(guest, file, 1), reading(guest, file)
    client, server = connection(guest)
    assert guest.call("output-stream.blocking-splice", client, source, 2) == Ok(2)
    assert guest.call("output-stream.blocking-splice", client, source, 99) == Ok(2)
    assert guest.call("output-stream.splice", client, source, 99) == Err(Case("closed"))
    assert guest.call("input-stream.read", other, 9) == Ok(b"hello")
    got = b""
    while len(got) < 4:
        got += need(guest.call("input-stream.blocking-read", server, 99))
    assert got == b"ello"


def connection(guest: Guest) -> tuple[int, int]:
    """An output stream, and the input stream at the other end of its connection."""
    net = guest.call("instance-network")
    listener = need(guest.call("create-tcp-socket", "ipv4"))
    address = Case("ipv4", {"port": 0, "address": (127, 0, 0, 1)})
    for step in ("bind", "listen"):
        need(guest.call(f"tcp-socket.start-{step}", listener, *((net, address) if step == "bind" else ())))
        need(guest.call(f"tcp-socket.finish-{step}", listener))
    client = need(guest.call("create-tcp-socket", "ipv4"))
    need(guest.call("tcp-socket.start-connect", client, net, need(guest.call("tcp-socket.local-address", listener))))
    guest.call("pollable.block", guest.call("tcp-socket.subscribe", client))
    _, output = need(guest.call("tcp-socket.finish-connect", client))
    guest.call("pollable.block", guest.call("tcp-socket.subscribe", listener))
    _, source, _ = need(guest.call("tcp-socket.accept", listener))
    return output, source


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may get larger than 8 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_failure_has_a_code_of_the_filesystem_and_none_of_the_network(
    guest: Guest, root: int, small_files: None
) -> None:
    file = guest.file(root, "f", "write")
    stream = writing(guest, file, 8)
    need(guest.call("output-stream.check-write", stream))
    failed = guest.call("output-stream.write", stream, b"x")
    assert code(failed) == "last-operation-failed"
    error = failed.value.payload
    assert guest.call("filesystem-error-code", error) == Some("file-too-large")
    assert guest.call("network-error-code", error) is None
    assert guest.call("error.to-debug-string", error) == os.strerror(errno.EFBIG)
    assert guest.call("output-stream.check-write", stream) == Err(Case("closed"))
    assert code(guest.call("descriptor.write", file, b"x", 8)) == "file-too-large"
    assert code(guest.call("descriptor.set-size", file, 9)) == "file-too-large"


def test_a_pipe_has_no_positions(guest: Guest, root: int) -> None:
    stream = reading(guest, guest.file(root, "p", "read write"))
    failed = guest.call("input-stream.read", stream, 1)
    assert guest.call("filesystem-error-code", failed.value.payload) == Some("invalid-seek")


def test_an_error_of_a_socket_has_no_code_of_the_filesystem(guest: Guest) -> None:
    error = Error(guest.engine, "connection-reset", "", errno.ECONNRESET).handle
    assert guest.call("filesystem-error-code", error) is None
    assert guest.call("network-error-code", error) == Some("connection-reset")
