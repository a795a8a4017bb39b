"""A name server on loopback, whose answers are a table."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

__all__ = ["Answers", "Server", "name_server"]

_LONGEST_CHAIN = 8

Answers = Mapping[str, str]
"""By name: an rcode (``SERVFAIL``), or records separated by commas: ``A 192.0.2.1, AAAA 2001:db8::1``.

A word may stand first: ``silence``, ``garbage`` and ``forged`` (an answer with another id) send
nothing usable; ``tcp`` is truncated over UDP, ``truncated`` over TCP as well; ``apart`` is not told along
with an alias of it; ``stray`` gives the records another name; ``referral`` names other servers only.
Names that are not in the table do not exist."""


class Server:
    """What is known of a running server.

    Attributes:
        port: where it listens, on 127.0.0.1.
        asked: the questions so far: transport, name and type.
    """

    def __init__(self, answers: Answers, *, edns: bool = True, tcp: bool = True) -> None:
        self.answers = answers
        self.edns = edns
        self.asked: list[tuple[str, str, str]] = []
        self.udp, self.tcp = _sockets()
        self.port: int = self.udp.getsockname()[1]
        if tcp:
            self.tcp.listen()

    def serve_udp(self) -> None:
        while True:
            wire, peer = self.udp.recvfrom(65535)
            if not wire:
                return
            response = self._answer(dns.message.from_wire(wire), "udp")
            if response is not None:
                self.udp.sendto(response, peer)

    def serve_tcp(self) -> None:
        while True:
            connection, _ = self.tcp.accept()
            with connection:
                head = connection.recv(2, socket.MSG_WAITALL)
                if not head:
                    return
                wire = connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
                response = self._answer(dns.message.from_wire(wire), "tcp")
                if response is not None:
                    # In pieces, as a network may bring it.
                    whole = len(response).to_bytes(2, "big") + response
                    connection.sendall(whole[:1])
                    connection.sendall(whole[1:])

    def _answer(self, query: dns.message.Message, transport: str) -> bytes | None:
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((transport, name, kind))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if query.edns >= 0 and not self.edns:
            response = dns.message.make_response(query)
            response.use_edns(False)
            response.set_rcode(dns.rcode.FORMERR)
            return response.to_wire()
        answer = self.answers.get(name.rstrip("."), "NXDOMAIN")
        first, _, rest = answer.partition(", ")
        if "silence" in (first, rest if transport == "tcp" else ""):
            return None
        if first == "garbage":
            return b"\0\1garbage"
        if first == "forged":
            response.id ^= 1
            self._records(response, name, kind, rest)
            return response.to_wire()
        if first == "truncated":
            self._records(response, name, kind, rest)
        if first == "truncated" or (first == "tcp" and transport == "udp"):
            response.flags |= dns.flags.TC
            return response.to_wire()
        if first == "stray":
            self._records(response, "other.example.", kind, rest)
            return response.to_wire()
        if first == "referral":
            response.authority.append(dns.rrset.from_text("example.", 60, "IN", "NS", "ns.example."))
            return response.to_wire()
        if first in ("tcp", "apart"):
            answer = rest
        if hasattr(dns.rcode, answer):
            response.set_rcode(getattr(dns.rcode, answer))
            return response.to_wire()
        self._records(response, name, kind, answer)
        return response.to_wire(max_size=65535)

    def _records(self, response: dns.message.Message, name: str, kind: str, answer: str) -> None:
        for record in filter(None, answer.split(", ")):
            of, text = record.split(" ", 1)
            if of == "CNAME":
                response.answer.append(dns.rrset.from_text(name, 60, "IN", of, text))
                known = self.answers.get(text.rstrip("."), "")
                if not known.startswith("apart") and len(response.answer) < _LONGEST_CHAIN:
                    self._records(response, text, kind, known)
            elif of == kind:
                response.answer.append(dns.rrset.from_text(name, 60, "IN", of, text))


def _sockets() -> tuple[socket.socket, socket.socket]:
    """Sockets of both transports on one port, which may be taken for the other."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp.bind(("127.0.0.1", 0))
        try:
            tcp.bind(udp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
        else:
            return udp, tcp


@contextmanager
def name_server(answers: Answers, *, edns: bool = True, tcp: bool = True) -> Iterator[Server]:
    """A running server, which ends with the context."""
    server = Server(answers, edns=edns, tcp=tcp)
    threads = [threading.Thread(target=server.serve_udp)]
    if tcp:
        threads.append(threading.Thread(target=server.serve_tcp))
    for thread in threads:
        thread.start()
    try:
        yield server
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", ("127.0.0.1", server.port))
        if tcp:
            socket.create_connection(("127.0.0.1", server.port)).close()
        for thread in threads:
            thread.join()
        server.udp.close()
        server.tcp.close()
