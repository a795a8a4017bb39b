"""What tests of the stream commands share: running processes, peers, bounded waits, seeded data."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from tests.cli.command import CLEAN, COMMAND

SECONDS = 120.0
"""How long a test waits for what must happen; only a failing test waits this long."""

MIB = 1 << 20


def until(condition: Callable[[], Any], what: str = "", seconds: float = SECONDS) -> Any:
    """Poll until the condition gives something true, and give that."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what or condition}"
        time.sleep(0.005)


# For tests of the fixture ``world`` whose outcome hangs on less than all of its combinations.
one_world = pytest.mark.parametrize("world", ["0.2"], indirect=True)
both_worlds = pytest.mark.parametrize("world", ["0.2", "draft"], indirect=True)
both_hosts = pytest.mark.parametrize("world", ["0.2", "0.2 on wasmtime"], indirect=True)


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skips where an external program is absent."""
    absent = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(absent), reason=f"{', '.join(absent)} not on PATH")


class Running:
    """A process with its standard error in a file, and its standard streams as they were asked for."""

    def __init__(self, popen: subprocess.Popen[bytes], errors: Path) -> None:
        self.popen = popen
        self.pid = popen.pid
        self._errors = errors
        self.peak = 0
        self._workers: list[threading.Thread] = []
        self._digest = hashlib.sha256()
        self.received = 0

    @property
    def err(self) -> str:
        return self._errors.read_text(encoding="utf-8")

    @property
    def stdin(self) -> IO[bytes]:
        assert self.popen.stdin is not None
        return self.popen.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self.popen.stdout is not None
        return self.popen.stdout

    def write(self, data: bytes) -> None:
        self.stdin.write(data)
        self.stdin.flush()

    def end(self) -> None:
        """The end of standard input."""
        self.stdin.close()

    def read(self, count: int) -> bytes:
        """So many bytes of standard output."""
        return self.stdout.read(count)

    def line(self) -> str:
        return self.stdout.readline().decode()

    def event(self) -> Any:
        """The next event of ``--json``."""
        line = self.line()
        assert line, self.err
        return json.loads(line)

    def wait_err(self, text: str) -> str:
        """Wait until standard error has the text."""
        until(lambda: text in self.err or self.popen.poll() is not None, text)
        assert text in self.err, self.err
        return self.err

    def feed(self, pieces: Iterable[bytes]) -> None:
        """Write to standard input in the background, and close it."""

        def work() -> None:
            try:
                for piece in pieces:
                    self.stdin.write(piece)
                self.stdin.close()
            except (BrokenPipeError, ConnectionResetError):
                pass

        self._start(work)

    def digest(self) -> None:
        """Take what comes from standard output in the background; ``digested`` gives its SHA-256."""

        def work() -> None:
            while piece := self.stdout.read1(1 << 18):  # type: ignore[attr-defined]
                self._digest.update(piece)
                self.received += len(piece)

        self._start(work)

    @property
    def digested(self) -> str:
        self.join()
        return self._digest.hexdigest()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        thread.start()
        self._workers.append(thread)

    def join(self) -> None:
        for thread in self._workers:
            thread.join(SECONDS)
            assert not thread.is_alive()
        self._workers.clear()

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def watch_memory(self) -> None:
        """Note the peak of resident memory so far, in bytes (VmHWM)."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        except (FileNotFoundError, ProcessLookupError):
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak = max(self.peak, int(line.split()[1]) * 1024)

    def wait(self, seconds: float = SECONDS) -> int:
        """The exit code, negative for a signal; the peak of memory is noted on the way."""

        def over() -> bool:
            self.watch_memory()
            return self.popen.poll() is not None

        until(over, f"the end of {self.popen.args!r}: {self.err}", seconds)
        self.join()
        code: int = self.popen.returncode
        return code

    def rest(self) -> bytes:
        """What else comes from standard output."""
        return self.stdout.read()

    def ends(self, code: int = 0) -> tuple[bytes, str]:
        """Standard output's rest and standard error of a process that ends with this code."""
        found = self.rest() if self.popen.stdout is not None else b""
        got = self.wait()
        assert got == code, f"exit {got}, not {code}: {self.err}"
        assert "Traceback" not in self.err, self.err
        return found, self.err

    def dispose(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        for thread in self._workers:
            thread.join(SECONDS)
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass


class Lab:
    """Starts processes, and ends those that are left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[Running] = []

    def start(self, arguments: Iterable[str], **options: Any) -> Running:
        """Any process; standard input and output are pipes unless said otherwise."""
        errors = self.folder / f"stderr-{len(self._running)}"
        options.setdefault("stdin", subprocess.PIPE)
        options.setdefault("stdout", subprocess.PIPE)
        options["env"] = CLEAN | options.pop("env", {})
        with errors.open("wb") as stderr:
            options.setdefault("stderr", stderr)
            running = Running(subprocess.Popen(list(arguments), **options), errors)
        self._running.append(running)
        return running

    def wasinet(self, *arguments: str, prefix: Iterable[str] = (), **options: Any) -> Running:
        return self.start([*prefix, *COMMAND, *arguments], **options)

    def connect(self, port: int, *arguments: str, **options: Any) -> Running:
        return self.wasinet("tcp", "connect", f"127.0.0.1:{port}", *arguments, **options)

    def listen(self, *arguments: str, address: str = "127.0.0.1:0", **options: Any) -> tuple[Running, int]:
        """A listener and its port, as ``--port-file`` tells it."""
        file = self.folder / f"port-{len(self._running)}"
        running = self.wasinet("tcp", "listen", address, "--port-file", str(file), *arguments, **options)
        until(lambda: file.exists() or running.popen.poll() is not None, "the port file")
        assert file.exists(), running.err
        return running, int(file.read_text(encoding="ascii"))

    def dispose(self) -> None:
        for running in self._running:
            running.dispose()


# Peers


def free_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_listening(port: int) -> None:
    """Wait until something listens on a port of IPv4, without connecting to it."""
    wanted = f":{port:04X} 00000000:0000 0A "
    until(lambda: wanted in Path("/proc/net/tcp").read_text(encoding="ascii"), f"a listener on {port}")


def wait_half_closed(port: int) -> None:
    """Wait until one side of a connection to or from the port of IPv4 loopback has told its end (FIN_WAIT2)."""

    def found() -> bool:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
        return any(row[3] == "05" and f":{port:04X}" in (row[1][8:], row[2][8:]) for row in rows)

    until(found, f"a half-closed connection on {port}")


def peer(port: int, *, seconds: float = SECONDS) -> socket.socket:
    """A plain blocking connection to a port of IPv4 loopback."""
    return socket.create_connection(("127.0.0.1", port), timeout=seconds)


@contextmanager
def server(backlog: int = 16) -> Iterator[tuple[socket.socket, int]]:
    """A plain listening socket and its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as listener:
        listener.settimeout(SECONDS)
        yield listener, listener.getsockname()[1]


def accepted(listener: socket.socket) -> socket.socket:
    connection, _ = listener.accept()
    connection.settimeout(SECONDS)
    return connection


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that answers no connect: its queue is full."""
    with server(backlog=0) as (_, port):
        fillers = []
        try:
            for _ in range(4):
                filler = socket.socket()
                fillers.append(filler)
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            yield port
        finally:
            for filler in fillers:
                filler.close()


def reset(connection: socket.socket) -> None:
    """Close a connection so that the other side sees a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_all(connection: socket.socket) -> bytes:
    """Everything up to the end."""
    data = bytearray()
    while piece := connection.recv(1 << 16):
        data += piece
    return bytes(data)


# Data


def random_pieces(seed: int, size: int) -> Iterator[bytes]:
    """Random bytes from a seeded generator, in pieces."""
    source = random.Random(seed)
    while size:
        count = min(size, MIB)
        yield source.randbytes(count)
        size -= count


def random_file(path: Path, seed: int, size: int) -> str:
    """Write random bytes to a file; their SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for piece in random_pieces(seed, size):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def events_of(text: bytes) -> list[dict[str, Any]]:
    """The events of ``--json``."""
    return [json.loads(line) for line in text.splitlines()]
