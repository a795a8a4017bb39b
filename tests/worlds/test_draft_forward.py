"""``forward`` where there is no descriptor left for the pipe between the two sockets."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from tests.worlds.draft_bench import Bench
from wasinet.engine import forward
from wasinet.wit.values import Ok


def test_without_descriptors_for_a_pipe_bytes_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(forward, "Relay", full)
    bench = Bench()
    try:
        source, sink = bench.pair(), bench.pair()
        source.peer.sendall(b"copied")
        source.peer.shutdown(socket.SHUT_WR)
        assert bench.call("forward", sink.tx, source.rx) == Ok(6)
        assert sink.peer.recv(6, socket.MSG_WAITALL) == b"copied"
    finally:
        bench.close()
