"""Many datagrams with one system call."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest

from wasinet.oscalls import Os
from wasinet.oscalls.datagrams import MOST, Batch, can_batch

pytestmark = pytest.mark.skipif(not can_batch(), reason="no recvmmsg(2) here")
SCRATCH = memoryview(bytearray(1 << 16))


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A socket that receives, non-blocking, and one that sends to it."""
    with socket.socket(request.param, socket.SOCK_DGRAM) as one, socket.socket(request.param, socket.SOCK_DGRAM) as two:
        one.bind(("127.0.0.1" if request.param == socket.AF_INET else "::1", 0))
        one.setblocking(False)
        two.connect(one.getsockname())
        yield one, two


def arrived(sock: socket.socket) -> None:
    assert select.select([sock], [], [], 10)[0]


def test_data_and_sources_are_those_of_recvfrom(pair: tuple[socket.socket, socket.socket]) -> None:
    one, two = pair
    two.send(b"plain")
    arrived(one)
    _, source = one.recvfrom(10)
    sent = [b"", b"a", bytes(65_000), b"b"]
    for data in sent:
        two.send(data)
    arrived(one)
    assert Batch().receive(one, 10) == [(data, source) for data in sent]


def test_no_more_are_taken_than_asked_for(pair: tuple[socket.socket, socket.socket]) -> None:
    one, two = pair
    for number in range(MOST + 10):
        two.send(b"%d" % number)
    arrived(one)
    os = Os()
    taken = [os.receive_datagrams(one, SCRATCH, most) for most in (1, 5, 10 * MOST, 10)]
    assert [len(batch) for batch in taken] == [1, 5, MOST, 4]
    assert [data for batch in taken for data, _ in batch] == [b"%d" % number for number in range(MOST + 10)]


def test_nothing_there_raises(pair: tuple[socket.socket, socket.socket]) -> None:
    for most in (1, 2):
        with pytest.raises(BlockingIOError):
            Os().receive_datagrams(pair[0], SCRATCH, most)


def test_an_error_is_told_after_what_came_before_it(pair: tuple[socket.socket, socket.socket]) -> None:
    one, two = pair
    two.setblocking(False)
    one.sendto(b"x", two.getsockname())
    one.close()
    arrived(two)
    two.send(b"refused")
    with pytest.raises(ConnectionRefusedError):
        Batch().receive(two, 10)
    assert Batch().receive(two, 10)[0][0] == b"x"
