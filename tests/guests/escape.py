"""A guest that tries to get out, and what counts its packets; run in network and mount namespaces of its own.

The namespace has the loopback alone, and all routes lead there, so that a packet to anywhere is seen.
Its name server is a thread of this process. Prints one JSON object: what was tried, and what was seen.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import dns.message
import dns.rrset

from tests.hosts.test_forwarder_guest import WORLD, on_the_engine
from tests.support import SECONDS, ipv4, ipv6
from wasinet.engine.policy import GUEST, Policy
from wasinet.hosts import Host
from wasinet.hosts.components.component import Component
from wasinet.hosts.forwarder import forwarder
from wasinet.hosts.native import NativeHost
from wasinet.hosts.runtime import MISSING
from wasinet.hosts.wasmtime import WasmtimeHost
from wasinet.wit.addresses import show_address
from wasinet.wit.values import Case, Ok, Some, Value

__all__ = ["main"]

LO = 1

NAMES = (
    # Local, in all the ways to write it.
    "localhost", "localhost.", "LOCALHOST", "s3.localhost", "s3.localhost.", "s3.LocalHost",
    "a.b.s3.localhost", "s3。localhost", "s3．localhost", "ｌｏｃａｌｈｏｓｔ", "s3.ｌｏｃａｌｈｏｓｔ",
    "s3.local\u00adhost", "s3.ⓛocalhost", "bücher.localhost", "xn--bcher-kva.localhost", "_x.localhost",
    "evil.test.localhost", "a" * 63 + ".localhost", "s3.localhost.localhost.",
    # Nearly local, or local for another reader.
    "s3%2elocalhost", "s3.%6cocalhost", "-s3.localhost", "s3..localhost", "s3.localhost..",
    ".localhost", "*.localhost", "a b.localhost", "localhost\0.evil.test", "evil.test\0.localhost", "localhost\n",
    " localhost", "localhost ", "localhost:53", "http://localhost", "user@localhost", "localhost/evil",
    "s3.loc\u200dalhost", "a" * 64 + ".localhost", "localhost.evil.test", "localhost.localdomain", "xn--localhost-",
    "notlocalhost", "ip6-localhost", "s3-localhost", "localhost.xn--bcher-kva.test",
    # Somewhere else.
    "s3.evil.test", "EVIL.test.", "bücher.test", "ｅｖｉｌ.test", "127.0.0.1.evil.test", "metadata.google.internal",
    "1.0.0.127.in-addr.arpa", "a" * 63 + ".evil.test", "evil", "::ffff:10.0.0.1", "0x0a.1", "167772161", "fe80::1%lo",
)  # fmt: skip

ADDRESSES = (
    ipv4("10.0.0.1", 9), ipv4("192.0.2.1", 9), ipv4("128.0.0.1", 9), ipv4("126.255.255.255", 9), ipv4("0.0.0.0", 9),
    ipv4("255.255.255.255", 9), ipv4("224.0.0.1", 9), ipv4("169.254.169.254", 80), ipv4("127.0.0.1", 9),
    ipv4("127.255.255.254", 9),
    ipv6("::", 9), ipv6("::1", 9, scope=LO), ipv6("::1", 9, scope=99), ipv6("::1", 9, flow=1), ipv6("::2", 9),
    ipv6("2001:db8::1", 9), ipv6("fd00::1", 9), ipv6("fe80::1", 9), ipv6("fe80::1", 9, scope=LO),
    ipv6("ff02::1", 9, scope=LO), ipv6("ff01::1", 9, scope=LO), ipv6("::ffff:10.0.0.1", 9), ipv6("::ffff:127.0.0.1", 9),
    ipv6("::ffff:0.0.0.0", 9), ipv6("::ffff:224.0.0.1", 9), ipv6("::ffff:255.255.255.255", 9), ipv6("::10.0.0.1", 9),
    ipv6("::127.0.0.1", 9), ipv6("64:ff9b::10.0.0.1", 9), ipv6("2002:a00:1::1", 9),
)  # fmt: skip


class Watch:
    """Everything that goes over the interface, and everything that the name server is asked."""

    def __init__(self) -> None:
        self._questions: list[str] = []
        self._capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._capture.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self._capture.setblocking(False)
        self._server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._server.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            wire, peer = self._server.recvfrom(4096)
            query = dns.message.from_wire(wire)
            name = query.question[0].name
            self._questions.append(name.to_text())
            response = dns.message.make_response(query)
            if query.question[0].rdtype == 1:
                response.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "10.0.0.53"))
            self._server.sendto(response.to_wire(), peer)

    def seen(self) -> list[str]:
        """Names asked for, and where packets went to, since the last call; those to the loopback left out."""
        found, self._questions = self._questions, []
        while True:
            try:
                packet = self._capture.recv(65535)[14:]
            except BlockingIOError:
                return found
            to = ip_address(packet[16:20] if packet[0] >> 4 == 4 else packet[24:40])
            if not to.is_loopback:
                found.append(str(to))


def attempts(host: Host, draft: bool) -> Iterator[tuple[str, Value]]:
    """Everything that a guest can do to reach a name or an address, and what came of it."""
    net = host.call("instance-network")
    extra = (None, True) if draft else ()
    for name in NAMES:
        yield f"resolve {name!a}", resolved(host, host.call("resolve-addresses", net, name, *extra))
    for target in ADDRESSES:
        for how in (connected, streamed, sent):
            yield f"{how.__name__} {show_address(target)}", how(host, net, target, draft)


def resolved(host: Host, outcome: Value) -> Value:
    if isinstance(outcome, Ok):
        assert host.wait(outcome.value, SECONDS)
    return outcome


def opened(host: Host, kind: str, target: Case, draft: bool) -> int:
    sock: int = host.call(f"create-{kind}-socket", target.name).value
    if draft:
        host.call(f"{kind}.set-non-blocking", sock, True)
        if target.name == "ipv6":
            assert host.call(f"{kind}.set-ipv6-only", sock, False) == Ok()
    return sock


def connected(host: Host, net: int, target: Case, draft: bool) -> Value:
    sock = opened(host, "tcp", target, draft)
    outcome = host.call("tcp.connect" if draft else "tcp-socket.start-connect", sock, net, target)
    if isinstance(outcome, Ok) or outcome.value == "again":
        assert host.wait(sock, SECONDS)
    return outcome


def bound(host: Host, net: int, target: Case, draft: bool) -> int:
    """A datagram socket that may send anywhere as far as its local address goes."""
    sock = opened(host, "udp", target, draft)
    local = ipv4("0.0.0.0") if target.name == "ipv4" else ipv6("::")
    if draft:
        assert host.call("udp.bind", sock, net, local) == Ok()
    else:
        assert host.call("udp-socket.start-bind", sock, net, local) == Ok()
        assert host.call("udp-socket.finish-bind", sock) == Ok()
    return sock


def streamed(host: Host, net: int, target: Case, draft: bool) -> Value:
    sock = bound(host, net, target, draft)
    if draft:
        outcome = host.call("udp.connect", sock, net, target)
        if isinstance(outcome, Ok):
            host.call("send", sock, {"data": b"s3", "remote-address": target})
        return outcome
    outcome = host.call("udp-socket.stream", sock, Some(target))
    if isinstance(outcome, Ok):
        host.call("outgoing-datagram-stream.check-send", outcome.value[1])
        host.call("outgoing-datagram-stream.send", outcome.value[1], [{"data": b"s3", "remote-address": None}])
    return outcome


def sent(host: Host, net: int, target: Case, draft: bool) -> Value:
    sock = bound(host, net, target, draft)
    if draft:
        return host.call("send", sock, {"data": b"s3", "remote-address": target})
    _, tx = host.call("udp-socket.stream", sock, None).value
    host.call("outgoing-datagram-stream.check-send", tx)
    return host.call("outgoing-datagram-stream.send", tx, [{"data": b"s3", "remote-address": Some(target)}])


def component_host() -> Host:
    """A component whose imports the engine answers, with the policy of guests."""

    host = on_the_engine(loaded(), GUEST)()
    # All names are for the component.
    host._named = lambda call: call  # type: ignore[method-assign]
    return host


def loaded() -> Component:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "forwarder.wat")
        path.write_text(forwarder(WORLD, MISSING))
        return Component(str(path))


def main() -> None:
    for command in ("link set lo up", "route add default dev lo", "-6 route add default dev lo"):
        subprocess.run(["ip", *command.split()], check=True)
    with tempfile.NamedTemporaryFile("w") as conf:
        conf.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        conf.flush()
        subprocess.run(["mount", "--bind", conf.name, "/etc/resolv.conf"], check=True)
        watch = Watch()
        tried: dict[str, dict[str, str]] = {}
        escaped: dict[str, list[str]] = {}
        hosts: dict[str, Callable[[], Host]] = {
            "0.2 component": component_host,
            "draft": lambda: NativeHost(GUEST, world="draft"),
        }
        for label, make in hosts.items():
            host = make()
            outcomes = tried[label] = {}
            for what, outcome in attempts(host, label == "draft"):
                outcomes[what] = "ok" if isinstance(outcome, Ok) else str(outcome.value)
                if out := watch.seen():
                    escaped[f"{label}: {what}"] = out
            host.close()
        # Wasmtime's host has no policy, and is not asked for local names all the same.
        host = WasmtimeHost()
        net = host.call("instance-network")
        for name in NAMES:
            resolved(host, host.call("resolve-addresses", net, name))
            if local := [asked for asked in watch.seen() if asked.lower().split(".")[-2:] == ["localhost", ""]]:
                escaped[f"wasmtime: resolve {name!a}"] = local
        host.close()
        # What the policy of guests forbids does get out, or the counting is worth nothing.
        host = NativeHost(Policy.parse(["all"]))
        net = host.call("instance-network")
        resolved(host, host.call("resolve-addresses", net, "control.evil.test"))
        sent(host, net, ipv4("10.0.0.1", 9), False)
        host.close()
        json.dump({"tried": tried, "escaped": escaped, "control": watch.seen()}, sys.stdout)


if __name__ == "__main__":
    main()
