"""A guest in Python, and how it is made a component. What it does is its first argument."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from wasinet import wit
from wasinet.wit.text import wit_text

__all__ = ["build"]

_APP = r'''
import asyncio, os, socket, sys
import encodings.idna  # what is imported at run time must be there at build time

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import instance_network, monotonic_clock, poll, stdin, stdout, udp_create_socket
from wit_world.imports.network import IpAddressFamily, IpSocketAddress_Ipv4, Ipv4SocketAddress
from wit_world.imports.udp import OutgoingDatagram


async def tcp(host, port):
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"hello from a guest\n")
    await writer.drain()
    print("got", (await reader.readline()).decode().strip())
    writer.close()
    await writer.wait_closed()


async def serve():
    async def handle(reader, writer):
        while data := await reader.read(100):
            writer.write(data.upper())
            await writer.drain()
        writer.close()
        done.set()

    done = asyncio.Event()
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await done.wait()
    server.close()


def address(port):
    return IpSocketAddress_Ipv4(Ipv4SocketAddress(port, (127, 0, 0, 1)))


def udp(port):
    network = instance_network.instance_network()
    with udp_create_socket.create_udp_socket(IpAddressFamily.IPV4) as sock:
        sock.start_bind(network, address(0))
        sock.finish_bind()
        incoming, outgoing = sock.stream(None)
        with incoming, outgoing:
            outgoing.check_send()
            outgoing.send([OutgoingDatagram(b"ping", address(int(port)))])
            with incoming.subscribe() as ready, monotonic_clock.subscribe_duration(20_000_000_000) as late:
                assert poll.poll([ready, late]) == [0]
            (datagram,) = incoming.receive(10)
            print(datagram.data.decode(), datagram.remote_address.value.port)


def lookup(name):
    print(sorted({found[4][0] for found in socket.getaddrinfo(name, 80)}))


def mix():
    """One poll over standard input and a timer."""
    source = stdin.get_stdin()
    out = stdout.get_stdout()
    with source, out:
        with source.subscribe() as typed, monotonic_clock.subscribe_duration(60_000_000_000) as timer:
            assert poll.poll([timer, typed]) == [1]
        out.blocking_write_and_flush(source.read(1000).upper())


def files(path):
    with open(os.path.join(path, "in.txt")) as file:
        content = file.read()
    try:
        with open(os.path.join(path, "out.txt"), "w") as file:
            file.write(content.upper())
    except OSError as error:
        print("no:", error.strerror)
    print(sorted(os.listdir(path)))


def big(count):
    print("x" * int(count))


KEPT = []  # open at the end


def itself():
    """End with what was written to itself and never read."""
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    KEPT.extend([server, client, server.accept()])
    client.setblocking(False)
    try:
        while True:
            client.send(bytes(65536))
    except BlockingIOError:
        pass


def denied(host, port):
    try:
        socket.create_connection((host, int(port)))
    except OSError as error:
        print(type(error).__name__)


def over(host, refusing, ending, resetting):
    """What a socket is after a connection that failed, that ended, and that was reset."""
    with socket.socket() as sock:
        try:
            sock.connect((host, int(refusing)))
        except OSError as error:
            print(type(error).__name__, "laddr" in repr(sock))
    with socket.create_connection((host, int(ending))) as sock:
        sock.shutdown(socket.SHUT_WR)
        print(sock.recv(1), sock.getsockname()[0])
    with socket.create_connection((host, int(resetting))) as sock:
        sock.send(b".")
        input()
        print(sock.getpeername()[1] == int(resetting))
        sock.shutdown(socket.SHUT_WR)


class Run(exports.Run):
    def run(self):
        what, *rest = sys.argv[1:]
        if what == "fail":
            raise Err(None)
        if what == "exit":
            sys.exit(rest[0])
        if what == "environment":
            print(sorted(os.environ.items()))
            return
        if what == "echo":
            print(sys.stdin.read(), end="")
            print("done", file=sys.stderr)
            return
        result = globals()[what](*rest)
        if asyncio.iscoroutine(result):
            asyncio.run(result)
'''


def build(folder: Path) -> Path:
    """The component, made in a folder; skips where the tool is absent."""
    if importlib.util.find_spec("componentize_py") is None:
        pytest.skip("componentize-py is not installed")
    (folder / "app.py").write_text(_APP, encoding="utf-8")
    (folder / "world.wit").write_text(wit_text(wit.load("0.2-command")), encoding="utf-8")
    made = subprocess.run(
        [
            *(
                sys.executable,
                "-c",
                "import sys, componentize_py; sys.argv[0] = 'componentize-py'; componentize_py.script()",
            ),
            *("-d", "world.wit", "-w", "command", "componentize", "app", "-o", "app.wasm"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "app.wasm"
