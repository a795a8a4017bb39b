"""Ctrl-C and SIGTERM at many moments: the documented exit code, no traceback, no descriptor reported as leaked."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Iterator

import pytest

from tests.cli.command import COMMAND
from tests.cli.support import Lab, Running, accepted, both_hosts, one_world, peer, server, silent_port
from tests.support import THOROUGH

pytestmark = pytest.mark.usefixtures("world")

TRIES = 30 if THOROUGH else 1
_STRICT = ["-X", "dev", "-W", "default"]
OURS = [sys.executable, *_STRICT, "-m", "wasinet"]
# A resolver that does not answer: the lookup's thread sleeps on.
HANGING = [
    sys.executable,
    *_STRICT,
    "-c",
    "import sys, time; from wasinet.oscalls import Os; Os.look_up = lambda self, name: time.sleep(60); "
    "from wasinet.__main__ import main; sys.exit(main(sys.argv[1:]))",
]


def moments(seed: str, most: float) -> Iterator[float]:
    """Seeded random delays, denser near the beginning."""
    source = random.Random(seed)
    for _ in range(TRIES):
        yield most * source.random() ** 2


def ends_in_order(us: Running, *codes: int) -> None:
    assert us.wait() in codes, us.err
    assert "Traceback" not in us.err, us.err
    assert "Warning" not in us.err, us.err
    assert "Exception ignored" not in us.err, us.err
    assert "internal error" not in us.err, us.err


def interrupt(us: Running, delay: float, number: int = signal.SIGINT) -> None:
    # Not a wait for something: the moment itself is what is tried.
    time.sleep(delay)
    us.signal(number)
    ends_in_order(us, 128 + number)


@both_hosts
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("options", [[], ["-k", "--echo"]])
def test_listening(lab: Lab, options: list[str], number: int) -> None:
    for delay in moments(f"listening{options}", 0.01):
        us = lab.start([*OURS, "tcp", "listen", ":0", *options])
        us.wait_err("listening")
        interrupt(us, delay, number)


@both_hosts
def test_connecting(lab: Lab) -> None:
    with silent_port() as port:
        for delay in moments("connecting", 0.01):
            us = lab.start([*OURS, "tcp", "connect", f"127.0.0.1:{port}", "-v"])
            us.wait_err("trying")
            interrupt(us, delay)


# The resolver that hangs is ours.
@one_world
def test_resolving(lab: Lab) -> None:
    for delay in moments("resolving", 0.05):
        us = lab.start([*HANGING, "tcp", "connect", "name.test:80", "--trace"])
        us.wait_err("resolve-addresses")
        interrupt(us, delay)


@both_hosts
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_sending(lab: Lab, number: int) -> None:
    with server() as (listener, port), open("/dev/zero", "rb") as endless:
        for delay in moments("sending", 0.02):
            us = lab.start([*OURS, "tcp", "connect", f"127.0.0.1:{port}"], stdin=endless)
            with accepted(listener) as client:
                for _ in range(20):
                    client.recv(1 << 20)
                # From here on the peer stops reading, and bytes are pending.
                interrupt(us, delay, number)


@both_hosts
def test_receiving(lab: Lab) -> None:
    with server() as (listener, port):
        for delay in moments("receiving", 0.02):
            us = lab.start([*OURS, "tcp", "connect", f"127.0.0.1:{port}"])
            us.digest()
            with accepted(listener) as client:
                client.setblocking(False)
                for _ in range(20):
                    try:
                        client.send(bytes(1 << 18))
                    except BlockingIOError:
                        pass
                interrupt(us, delay)


@both_hosts
def test_echoing_many(lab: Lab) -> None:
    for delay in moments("echoing", 0.02):
        us = lab.start([*OURS, "tcp", "listen", "127.0.0.1:0", "-k", "--echo", "--idle-timeout", "1m"])
        us.wait_err("listening on 127.0.0.1:")
        port = int(us.err.split("listening on 127.0.0.1:")[1].split()[0])
        clients = [peer(port) for _ in range(10)]
        for client in clients:
            client.sendall(bytes(100_000))
        interrupt(us, delay)
        for client in clients:
            client.close()


@both_hosts
def test_probing(lab: Lab) -> None:
    _, port = lab.listen("-k", "--discard", "-q")
    for delay in moments("probing", 0.02):
        us = lab.start(
            [*OURS, "tcp", "connect", "--probe", f"127.0.0.1:{port}", "--count", "9999", "--interval", "1ms"]
        )
        us.wait_err(f"127.0.0.1:{port}")
        interrupt(us, delay)


@both_hosts
@pytest.mark.parametrize("more", [1, 2])
def test_again(lab: Lab, more: int) -> None:
    # Pending bytes are drained for a second after the first; the second ends that, the third everything.
    with server() as (listener, port), open("/dev/zero", "rb") as endless:
        for delay in moments("twice", 0.05):
            us = lab.start([*COMMAND, "tcp", "connect", f"127.0.0.1:{port}"], stdin=endless)
            with accepted(listener) as client:
                client.recv(1000)
                us.signal(signal.SIGINT)
                for _ in range(more):
                    time.sleep(delay)
                    us.signal(signal.SIGINT)
                # While the interpreter is being taken down, the signal itself ends the process.
                ends_in_order(us, 130, -signal.SIGINT)
