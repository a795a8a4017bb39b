"""What tests of the engine share: addresses, sockets in a wanted state, bounded waits and stand-ins."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from socket import SocketType
from types import FrameType
from typing import Any, NamedTuple

import pytest

from wasinet.engine.faults import Fail
from wasinet.engine.policy import Policy, Rule
from wasinet.hosts import Host
from wasinet.oscalls import Os, Sockaddr
from wasinet.wit.values import Case, Err, Ok, Value
from wasinet.worlds.v0_2 import RESOURCES

DATA = Path(__file__).parent / "data"
SECONDS = 60
"""How long a test waits for what must happen; only a failing test waits this long."""
THOROUGH = bool(os.environ.get("WASINET_THOROUGH"))
"""Whether repetitions and random cases run in large numbers (``check --thorough``)."""


def facts(name: str) -> Any:
    """A file of the specification's facts."""
    return json.loads((DATA / name).read_text(encoding="utf-8"))


# Outcomes


def need(outcome: Value) -> Any:
    """The value of an outcome that must be ok."""
    assert isinstance(outcome, Ok), (outcome, getattr(outcome, "reason", ""))
    return outcome.value


def code(outcome: Value) -> str:
    """The error code of an outcome that must be an error; for a stream error the case's name."""
    assert isinstance(outcome, Err), outcome
    return outcome.value.name if isinstance(outcome.value, Case) else str(outcome.value)


def outcome_kind(outcome: Value) -> str:
    """``ok``, ``would-block`` or ``error``, as the rows of the machines say it."""
    if isinstance(outcome, Ok):
        return "ok"
    return "would-block" if code(outcome) == "would-block" else "error"


# Addresses


def ipv4(address: str, port: int = 0) -> Case:
    return Case("ipv4", {"port": port, "address": tuple(map(int, address.split(".")))})


def ipv6(address: str, port: int = 0, *, flow: int = 0, scope: int = 0) -> Case:
    packed = socket.inet_pton(socket.AF_INET6, address)
    words = tuple(int.from_bytes(packed[i : i + 2], "big") for i in range(0, 16, 2))
    return Case("ipv6", {"port": port, "flow-info": flow, "address": words, "scope-id": scope})


def loopback(port: int = 0, family: str = "ipv4") -> Case:
    return ipv4("127.0.0.1", port) if family == "ipv4" else ipv6("::1", port)


def port_of(address: Case) -> int:
    port: int = address.payload["port"]
    return port


def refused_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


# Waiting


def timers(host: Host, *whens: int) -> list[int]:
    """Pollables that become ready so many nanoseconds from now."""
    return [host.call("subscribe-duration", when) for when in whens]


def wait_ready(host: Host, resource: int, kind: str) -> None:
    """Wait until a pollable of the resource is ready, and drop it."""
    pollable = host.call(f"{kind}.subscribe", resource)
    try:
        assert wait_any(host, [pollable]) == [0]
    finally:
        host.drop(pollable)


def wait_any(host: Host, pollables: list[int]) -> list[int]:
    """``poll``, bounded: the indexes that are ready, none if the time is up."""
    timer = host.call("subscribe-duration", SECONDS * 10**9)
    try:
        ready: list[int] = host.call("poll", [*pollables, timer])
    finally:
        host.drop(timer)
    return [index for index in ready if index < len(pollables)]


def read_exactly(host: Host, rx: int, count: int) -> bytes:
    """``count`` bytes of an input stream."""
    data = bytearray()
    while len(data) < count:
        wait_ready(host, rx, "input-stream")
        data += need(host.call("input-stream.read", rx, count - len(data)))
    return bytes(data)


def read_all(host: Host, rx: int) -> bytes:
    """Everything up to the end of an input stream."""
    data = bytearray()
    while True:
        wait_ready(host, rx, "input-stream")
        outcome = host.call("input-stream.read", rx, 1 << 20)
        if isinstance(outcome, Err):
            assert code(outcome) == "closed", outcome.reason
            return bytes(data)
        data += outcome.value


def write(host: Host, tx: int, data: bytes) -> None:
    """Write within a permit."""
    assert need(host.call("output-stream.check-write", tx)) >= len(data)
    need(host.call("output-stream.write", tx, data))


def write_when_ready(host: Host, tx: int, data: bytes) -> None:
    """The same on hosts that may permit nothing before they have seen that the stream can be written to."""
    wait_ready(host, tx, "output-stream")
    write(host, tx, data)


def fill(host: Host, tx: int) -> int:
    """Write until bytes are pending because the kernel takes no more; how many were written."""
    total = 0
    while permit := need(host.call("output-stream.check-write", tx)):
        need(host.call("output-stream.write", tx, bytes(permit)))
        total += permit
    return total


def soon(limit: float, run: Callable[[], object]) -> float:
    """The seconds that a run takes, fewer than the limit. It has some tries: a busy machine makes single ones slow."""
    times: list[float] = []
    while not times or (times[-1] >= limit and len(times) < 10):
        start = time.monotonic()
        run()
        times.append(time.monotonic() - start)
    assert times[-1] < limit, times
    return times[-1]


# Sockets


def bound(host: Host, kind: str = "tcp", family: str = "ipv4", address: Case | None = None) -> int:
    """A socket bound to a loopback port that the system chose."""
    sock: int = need(host.call(f"create-{kind}-socket", family))
    net = host.call("instance-network")
    need(host.call(f"{kind}-socket.start-bind", sock, net, address or loopback(0, family)))
    need(host.call(f"{kind}-socket.finish-bind", sock))
    host.drop(net)
    return sock


def address_of(host: Host, sock: int, kind: str = "tcp") -> Case:
    address: Case = need(host.call(f"{kind}-socket.local-address", sock))
    return address


def listening(host: Host, family: str = "ipv4") -> int:
    sock = bound(host, family=family)
    need(host.call("tcp-socket.start-listen", sock))
    need(host.call("tcp-socket.finish-listen", sock))
    return sock


class Connection(NamedTuple):
    """One end: the socket and its streams."""

    socket: int
    rx: int
    tx: int


def connect(host: Host, remote: Case, sock: int | None = None) -> Connection:
    if sock is None:
        sock = need(host.call("create-tcp-socket", remote.name))
    net = host.call("instance-network")
    need(host.call("tcp-socket.start-connect", sock, net, remote))
    host.drop(net)
    wait_ready(host, sock, "tcp-socket")
    return Connection(sock, *need(host.call("tcp-socket.finish-connect", sock)))


def accept(host: Host, listener: int) -> Connection:
    wait_ready(host, listener, "tcp-socket")
    return Connection(*need(host.call("tcp-socket.accept", listener)))


def connected_pair(host: Host, family: str = "ipv4") -> tuple[Connection, Connection]:
    """Both ends of a connection: the connecting one and the accepted one."""
    listener = listening(host, family)
    client = connect(host, address_of(host, listener))
    server = accept(host, listener)
    host.drop(listener)
    return client, server


def connected_to_peer(host: Host) -> tuple[Connection, socket.socket]:
    """A connection whose other end is a plain blocking socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        # A size that is set stays: what is full is not found to have room again a moment later.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        server.settimeout(SECONDS)
        client = connect(host, loopback(server.getsockname()[1]))
        peer, _ = server.accept()
    peer.settimeout(SECONDS)
    return client, peer


def reset(peer: socket.socket) -> None:
    """Close a connection so that the other side sees a reset."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()


def one_of_each(host: Host) -> dict[str, int]:
    """A live handle of every resource type."""
    client, server = connected_pair(host)
    udp = bound(host, "udp")
    incoming, outgoing = need(host.call("udp-socket.stream", udp, None))
    net = host.call("instance-network")
    lookup = need(host.call("resolve-addresses", net, "127.0.0.1"))
    peer_client, peer = connected_to_peer(host)
    reset(peer)
    wait_ready(host, peer_client.rx, "input-stream")
    error = host.call("input-stream.read", peer_client.rx, 1).value.payload
    handles = {
        "tcp-socket": client.socket,
        "input-stream": client.rx,
        "output-stream": client.tx,
        "udp-socket": udp,
        "incoming-datagram-stream": incoming,
        "outgoing-datagram-stream": outgoing,
        "network": net,
        "resolve-address-stream": lookup,
        "pollable": host.call("subscribe-duration", 0),
        "error": error,
    }
    assert handles.keys() == RESOURCES.keys()
    assert server.socket
    return handles


def drop_all(host: Host, *handles: int) -> None:
    for handle in handles:
        host.drop(handle)


# Stand-ins


class Asker:
    """Decides what no rule speaks of: at once while ``hold`` is false, else when it is told to."""

    def __init__(self) -> None:
        self.hold = False
        self.asked: list[tuple[str, Case | str]] = []
        self._open: list[Callable[[Fail | None], None]] = []

    def __call__(self, use: str, target: Case | str, rule: str, done: Callable[[Fail | None], None]) -> None:
        self.asked.append((use, target))
        if self.hold:
            self._open.append(done)
        else:
            done(None)

    def answer(self, fail: Fail | None = None) -> None:
        """Give the held answers: yes, or a failure."""
        waiting, self._open = self._open, []
        for done in waiting:
            done(fail)


ASKED = ("tcp-bind", "tcp-listen", "tcp-connect", "udp-bind", "name-lookup")
"""The uses whose calls can wait for an answer."""


def asking_policy(asker: Asker, *deny: str) -> Policy:
    """A policy that asks wherever asking is possible."""
    allow = ("tcp-accept", "udp-send", "udp-receive")
    return Policy(map(Rule.parse, allow), map(Rule.parse, deny), asker)


class FaultySocket(SocketType):
    """A socket whose calls fail where its system says so."""

    faults: dict[str, int]

    def _fail(self, name: str) -> None:
        if name in self.faults:
            raise OSError(self.faults[name], os.strerror(self.faults[name]))

    def bind(self, address: Any) -> None:
        self._fail("bind")
        super().bind(address)

    def listen(self, backlog: int = 0) -> None:
        self._fail("listen")
        super().listen(backlog)

    def connect(self, address: Any) -> None:
        self._fail("connect")
        super().connect(address)

    def send(self, data: Any, flags: int = 0) -> int:
        self._fail("send")
        return super().send(data, flags)

    def sendto(self, data: Any, address: Any) -> int:  # type: ignore[override]
        self._fail("sendto")
        return super().sendto(data, address)

    def recvfrom_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> Any:
        self._fail("recvfrom_into")
        return super().recvfrom_into(buffer, nbytes, flags)


class FaultyOs(Os):
    """The real system, but for the calls in ``faults``, which fail with the errno given there.

    ``calls`` lists what was asked of it, for tests that nothing was.
    """

    def __init__(self) -> None:
        self.faults: dict[str, int] = {}
        self.calls: list[str] = []

    def _fail(self, name: str) -> None:
        self.calls.append(name)
        if name in self.faults:
            raise OSError(self.faults[name], os.strerror(self.faults[name]))

    def _faulty(self, sock: SocketType) -> SocketType:
        family, kind, fd = sock.family, sock.type, sock.detach()
        faulty = FaultySocket(family, kind, 0, fd)
        faulty.faults = self.faults
        return faulty

    def tcp_socket(self, family: int) -> SocketType:
        self._fail("tcp_socket")
        return self._faulty(super().tcp_socket(family))

    def udp_socket(self, family: int) -> SocketType:
        self._fail("udp_socket")
        return self._faulty(super().udp_socket(family))

    def accept(self, sock: SocketType) -> tuple[SocketType, Sockaddr]:
        self._fail("accept")
        return super().accept(sock)

    def connect(self, sock: SocketType, address: Sockaddr) -> None:
        self._fail("connect")
        super().connect(sock, address)

    def connect_result(self, sock: SocketType) -> Sockaddr | None:
        self._fail("connect_result")
        return super().connect_result(sock)

    def shutdown_receive(self, sock: SocketType) -> None:
        self._fail("shutdown_receive")
        super().shutdown_receive(sock)

    def shutdown_send(self, sock: SocketType) -> None:
        self._fail("shutdown_send")
        super().shutdown_send(sock)

    def look_up(self, name: str) -> list[tuple[int, str]]:
        self._fail("look_up")
        return super().look_up(name)


def number(name: str) -> int:
    """An errno by its name."""
    return int(getattr(errno, name))


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that one worker of the run makes, and that all use: for what is costly to build."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, made = base / name, base / f"{name} is made"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def componentize_py() -> str | None:
    """The tool that makes components of Python programs: beside our Python, or on PATH."""
    return shutil.which("componentize-py", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))


def lines_of(act: Callable[[], object]) -> int:
    """How many lines of wasinet's Python code an act executes: what it costs, without a clock."""
    count = 0

    def local(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return local

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        return local if f"{os.sep}wasinet{os.sep}" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def many(few: int, count: int) -> int:
    """How often to repeat what random changes drive: ``count`` with WASINET_THOROUGH in the environment, else few."""
    return count if THOROUGH else few
