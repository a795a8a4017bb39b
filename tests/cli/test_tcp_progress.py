"""Progress on a terminal: where it is shown, that it is taken away, and that it stands in nobody's way."""

from __future__ import annotations

import os
import pty
import select
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.support import SECONDS, Lab, accepted, read_all, server, until

CLEAR = "\r\x1b[K"


class Terminal:
    """A pseudo-terminal: ``slave`` is for the process, ``shown`` what it wrote so far."""

    def __init__(self) -> None:
        self._master, self.slave = pty.openpty()
        self._seen = bytearray()
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            ready = select.select([self._master], [], [], 0.01)[0]
            if ready:
                self._seen += os.read(self._master, 1 << 16)
            elif self._over.is_set():
                return

    @property
    def shown(self) -> str:
        return self._seen.decode()

    def final(self) -> str:
        """All of it, once whoever wrote has ended."""
        self._over.set()
        self._reader.join(SECONDS)
        return self.shown

    def close(self) -> None:
        self.final()
        os.close(self._master)
        os.close(self.slave)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


def trickle(send: Callable[[bytes], object], done: Callable[[], bool]) -> None:
    """A slow source: bytes until it is done."""
    deadline = time.monotonic() + SECONDS
    while not done() and time.monotonic() < deadline:
        send(b"x" * 1000)
        time.sleep(0.01)


def test_it_is_shown_while_bytes_move_and_then_taken_away(lab: Lab, terminal: Terminal) -> None:
    with server() as (listener, port):
        us = lab.connect(port, "--recv-only", "--color", "never", stderr=terminal.slave)
        us.digest()
        with accepted(listener) as client:
            trickle(client.sendall, lambda: terminal.shown.count("/s") >= 2)
        assert us.wait() == 0
    shown = terminal.final()
    lines = [line for line in shown.split(CLEAR) if " received, " in line and "/s, " in line]
    assert len(lines) >= 2
    # What follows the last of them begins with its removal.
    assert shown.rpartition(CLEAR)[2].startswith("closed 127.0.0.1:")
    assert us.received > 0


@pytest.mark.parametrize("options", [["-q"], ["--json"], ["--trace"]])
def test_where_it_is_not_shown(lab: Lab, terminal: Terminal, options: list[str]) -> None:
    with server() as (listener, port):
        us = lab.connect(port, "--recv-only", *options, stderr=terminal.slave)
        us.digest()
        end = time.monotonic() + 0.6
        with accepted(listener) as client:
            trickle(client.sendall, lambda: time.monotonic() > end)
        assert us.wait() == 0
    assert CLEAR not in terminal.final()


def test_an_upload_shows_it_until_the_answer_comes(lab: Lab, tmp_path: Path, terminal: Terminal) -> None:
    fifo = tmp_path / "upload"
    os.mkfifo(fifo)
    with server() as (listener, port):
        us = lab.connect(port, "--send", f"@{fifo}", stdout=terminal.slave, stderr=terminal.slave)
        with accepted(listener) as client, fifo.open("wb", buffering=0) as upload:
            taker = threading.Thread(target=read_all, args=(client,))
            taker.start()
            trickle(upload.write, lambda: " sent, " in terminal.shown)
            client.sendall(b"the answer\n")
            until(lambda: "the answer" in terminal.shown)
            after = len(terminal.shown)
            end = time.monotonic() + 0.6
            trickle(upload.write, lambda: time.monotonic() > end)
            upload.close()
            taker.join(SECONDS)
        assert us.wait() == 0
    shown = terminal.final()
    assert f"{CLEAR}the answer" in shown
    # From then on the terminal is for what is received.
    assert "/s, " not in shown[after:]


def test_a_conversation_has_none(lab: Lab, terminal: Terminal) -> None:
    with server() as (listener, port):
        us = lab.connect(port, stdin=terminal.slave, stdout=terminal.slave, stderr=terminal.slave)
        end = time.monotonic() + 0.6
        with accepted(listener) as client:
            trickle(client.sendall, lambda: time.monotonic() > end)
        # At a terminal the peer's end ends it.
        assert us.wait() == 0
    assert CLEAR not in terminal.final()
