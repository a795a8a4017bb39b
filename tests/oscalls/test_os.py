"""The operating system's quirks that the engine relies on."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from wasinet.oscalls import LookupFailed, Os
from wasinet.oscalls.files import File, open_stream
from wasinet.oscalls.options import OPTIONS, option


@pytest.fixture
def system() -> Os:
    return Os()


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_new_sockets_never_block_and_are_not_inherited(system: Os, family: int, kind: str) -> None:
    sock = getattr(system, f"{kind}_socket")(family)
    try:
        assert not os.get_blocking(sock.fileno())
        assert not os.get_inheritable(sock.fileno())
        if family == 6:
            assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    finally:
        sock.close()


def test_a_stream_socket_may_take_a_port_that_waits(system: Os) -> None:
    sock = system.tcp_socket(4)
    try:
        system.bind_stream(sock, ("127.0.0.1", 0))
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 1
    finally:
        sock.close()


def test_accepted_sockets_never_block_and_are_not_inherited(system: Os) -> None:
    listener = system.tcp_socket(4)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    with socket.create_connection(listener.getsockname()) as client:
        system.wait_one(listener.fileno(), 1, 10)
        accepted, peer = system.accept(listener)
        assert peer == client.getsockname()
        assert not os.get_blocking(accepted.fileno())
        assert not os.get_inheritable(accepted.fileno())
        accepted.close()
    listener.close()


@pytest.mark.parametrize("text", ["127.1", "0x7f.0.0.1", "010.0.0.1", "1.2.3.4 x", "1.2.3.4\0", ""])
def test_addresses_are_read_strictly(text: str) -> None:
    with pytest.raises((OSError, ValueError)):
        Os.pack4(text)


def test_failed_lookups_name_the_error(system: Os) -> None:
    with pytest.raises(LookupFailed) as caught:
        system.look_up("no-such-host.invalid")
    assert caught.value.eai in ("EAI_NONAME", "EAI_AGAIN", "EAI_NODATA")
    with pytest.raises(LookupFailed):
        system.look_up("a" * 64)


def test_options_by_family() -> None:
    assert option("hop-limit", 4) is OPTIONS["hop-limit/4"]
    assert option("hop-limit", 6) is OPTIONS["hop-limit/6"]
    assert option("send-buffer-size", 4) is option("send-buffer-size", 6)


def test_the_wake_pair_never_blocks(system: Os) -> None:
    reader, writer = system.wake_pair()
    try:
        for _ in range(100_000):
            system.wake(writer)
        assert system.wait_one(reader, 1, 0)
        system.clear_wake(reader)
        system.clear_wake(reader)
        assert not system.wait_one(reader, 1, 0)
    finally:
        os.close(reader)
        os.close(writer)


def test_sendfile_where_it_cannot_be_done(system: Os, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with (tmp_path / "file").open("rb") as file, (tmp_path / "out").open("wb") as out, socket.socket() as sock:
        assert system.send_file(out, File(0, regular=False, owned=False), 1) is None
        source = open_stream(file.fileno(), writable=False)
        # A failure is left to a read and a write, which know whose it is.
        assert system.send_file(sock, source, 1) is None


# Descriptors


def test_a_careful_file_never_blocks() -> None:
    reader, writer = os.pipe()
    source = File(reader, regular=False, owned=True, careful=True)
    sink = File(writer, regular=False, owned=True, careful=True)
    try:
        with pytest.raises(BlockingIOError):
            source.recv(1)
        with pytest.raises(BlockingIOError):
            source.recv_into(memoryview(bytearray(1)))
        total = 0
        try:
            while True:
                total += sink.send(bytes(100_000))
        except BlockingIOError:
            pass
        assert total >= 4096
        assert len(source.recv(100)) == 100
        buffer = bytearray(10)
        assert source.recv_into(memoryview(buffer), 5) == 5
    finally:
        source.close()
        sink.close()


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero"])
def test_devices_that_are_always_ready(path: str) -> None:
    fd = os.open(path, os.O_RDWR)
    stream = open_stream(fd, writable=False)
    try:
        assert stream.regular
        assert stream.recv(3) == (b"" if path == "/dev/null" else bytes(3))
    finally:
        stream.close()
        os.close(fd)


def test_each_stream_over_a_socket_has_a_descriptor_of_its_own() -> None:
    one, other = socket.socketpair()
    with one, other:
        streams = [open_stream(one.fileno(), writable=True) for _ in range(2)]
        assert len({stream.fileno() for stream in streams} | {one.fileno()}) == 3
        for stream in streams:
            stream.send(b"x")
            stream.close()
        assert other.recv(10) == b"xx"
