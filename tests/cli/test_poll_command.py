"""``poll`` as a person runs it: six kinds of sources at once, each alone, and what is no source."""

from __future__ import annotations

import signal
import socket

import pytest

from tests.cli.command import CLEAN, failure, run, seen
from tests.cli.support import Lab, both_hosts, both_worlds, events_of, free_port, needs, one_world, server
from tests.cli.udp_support import bound

pytestmark = pytest.mark.usefixtures("world")


def port_of(event: dict[str, object]) -> int:
    return int(str(event["address"]).rpartition(":")[2])


def test_six_kinds_at_once(lab: Lab, world: str) -> None:
    connected, listening = {"0.2": ("connected", "listening"), "draft": ("connection", "listener")}[world]
    with server() as (_, port):
        sources = {
            f"tcp-connect:127.0.0.1:{port}": ("connected", connected, "tcp-socket"),
            "tcp-listen:127.0.0.1:0": ("accepted", listening, "tcp-socket"),
            "udp:127.0.0.1:0": ("received", "bound", "udp-socket"),
            "resolve:localhost": ("resolved", "resolved", "resolve-address-stream"),
            "timer:50ms": ("elapsed", None, "pollable"),
            "stdin": ("readable", "open", "input-stream"),
        }
        running = lab.wasinet("poll", *sources, "--all", "--json")
        tcp, udp = running.event(), running.event()
        with socket.create_connection(("127.0.0.1", port_of(tcp))), bound() as (sock, local):
            sock.sendto(b"hello", ("127.0.0.1", port_of(udp)))
            running.write(b"typed\n")
            out, _ = running.ends()
    ready = {event["source"]: event for event in events_of(out)}
    assert set(ready) == set(sources)
    for source, (outcome, state, kind) in sources.items():
        event = ready[source]
        assert event["event"] == "ready"
        assert event["outcome"] == outcome
        assert state in (None, event["state"])
        assert event["handle"]["type"] == kind
        assert event["failed"] is False
        assert event["seconds"] >= 0
    assert ready["timer:50ms"]["seconds"] >= 0.05
    assert ready["stdin"]["data"] == {"base64": "dHlwZWQK"}
    assert ready["udp:127.0.0.1:0"]["datagrams"] == [{"peer": f"127.0.0.1:{local}", "data": {"base64": "aGVsbG8="}}]
    assert "127.0.0.1" in ready["resolve:localhost"]["addresses"] + ["127.0.0.1"]


def test_the_first_of_several() -> None:
    done = run("poll", "timer:60s", "timer:10ms", "tcp-listen:127.0.0.1:0", "udp:127.0.0.1:0")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.startswith("timer:10ms")
    assert "elapsed" in done.stdout


@one_world
def test_lines_of_text_are_aligned() -> None:
    done = run("poll", "timer:0", "timer:20ms", "stdin", "--all")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert {line.split()[-1] for line in lines} == {"elapsed", "ended"}
    assert len({line.index("#") for line in lines}) == 1


@both_worlds
@pytest.mark.parametrize("family", ["-4", "-6"])
def test_both_families_or_one(lab: Lab, family: str) -> None:
    running = lab.wasinet("poll", "udp::0", family, "--json")
    assert running.event()["address"].startswith("0.0.0.0:" if family == "-4" else "[::]:")
    running.signal(signal.SIGTERM)
    assert running.ends(143)[0] == b""


def test_a_refused_connection_is_told_and_fails() -> None:
    port = free_port()
    done = run("poll", f"tcp-connect:127.0.0.1:{port}", "timer:10s")
    assert done.returncode == 1
    assert done.stdout.split()[0] == f"tcp-connect:127.0.0.1:{port}"
    assert "closed" in done.stdout
    assert seen("connection-refused") in done.stdout
    line = done.stderr.splitlines()[0]
    assert failure(f"wasinet: poll tcp-connect:127.0.0.1:{port}: ", line) == "connection-refused"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("resolve:nosuch.invalid", "name-unresolvable"),
        ("resolve:127.1", "invalid-argument"),
        ("tcp-connect:nosuch.invalid:80", "name-unresolvable"),
        ("tcp-listen:192.0.2.1:0", "address-not-bindable"),
        ("udp:192.0.2.1:0", "address-not-bindable"),
    ],
)
def test_failures(source: str, code: str) -> None:
    if source == "resolve:127.1" and CLEAN["WASINET_HOST"] == "wasmtime":
        pytest.skip("Wasmtime reads the old ways to write IPv4")
    done = run("poll", source)
    assert done.returncode == 1
    assert seen(code) in done.stdout
    assert failure(f"wasinet: poll {source}: ", done.stderr.splitlines()[0]) == code


@one_world
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "missing"),
        (("nothing",), "is no source; there is tcp-connect:HOST:PORT"),
        (("tcp-connect",), "it is written tcp-connect:HOST:PORT"),
        (("stdin:0",), "it is written stdin"),
        (("tcp-connect:localhost",), "has no port"),
        (("tcp-connect::80",), "needs a host"),
        (("tcp-connect:localhost:0",), "needs a host and a port"),
        (("tcp-connect:127.0.0.1:80", "-6"), "no IPv6 address"),
        (("tcp-listen:",), "has no port"),
        (("tcp-listen:127.0.0.1:99999",), "too large"),
        (("udp:127.0.0.1:x",), "no port"),
        (("resolve:",), "no name"),
        (("timer:soon",), "no duration"),
        (("timer:1s", "timer:-1s"), "no duration"),
    ],
)
def test_what_is_no_source(arguments: tuple[str, ...], message: str) -> None:
    done = run("poll", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals(lab: Lab, number: int, code: int) -> None:
    running = lab.wasinet("poll", "timer:60s", "udp:127.0.0.1:0", "--json")
    running.event()
    running.signal(number)
    running.ends(code)


def test_a_timeout() -> None:
    done = run("poll", "timer:60s", "--timeout", "50ms")
    assert done.returncode == 124


@both_hosts
@needs("socat")
def test_socat_makes_sources_ready(lab: Lab) -> None:
    running = lab.wasinet("poll", "tcp-listen:127.0.0.1:0", "udp:127.0.0.1:0", "--all", "--json")
    tcp, udp = running.event(), running.event()
    for target in (f"TCP4:127.0.0.1:{port_of(tcp)}", f"UDP4:127.0.0.1:{port_of(udp)}"):
        socat = lab.start(["socat", "-u", "-", target])
        socat.write(b"x")
        socat.end()
    out, _ = running.ends()
    assert {event["outcome"] for event in events_of(out)} == {"accepted", "received"}
