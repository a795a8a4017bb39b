"""Names looked up at one name server, through dnspython's messages.

Importing it costs ten times what a lookup does, so nothing imports this module until a server was
named.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from wasinet.oscalls import wait
from wasinet.oscalls.order import order
from wasinet.oscalls.os import Found, LookupFailed

__all__ = ["NameServer"]

_TYPES = {4: dns.rdatatype.A, 6: dns.rdatatype.AAAA}
# What passes every network unfragmented (DNS flag day 2020).
_PAYLOAD = 1232
# A chain of aliases longer than this is a loop, or as good as one.
_MOST_ALIASES = 16
# Names here and below are never a server's to answer, nor to see (RFC 6761, section 6.3).
_LOCAL = dns.name.from_text("localhost")
# Servers from before EDNS answer one of these to it (RFC 6891, section 7).
_NO_EDNS = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS})
# When both families fail, the worse news is the less certain one.
_SEVERITY = ("EAI_AGAIN", "EAI_FAIL", "EAI_NONAME", "EAI_NODATA")

Sockaddr = tuple[object, ...]


class _TryFailed(Exception):
    """One try gave nothing usable; the next may."""


class NameServer:
    """A resolver for ``NativeHost(resolver=...)`` that asks one server.

    Args:
        address: the server's IP address, with ``%scope`` where it needs one.
        port: where it listens.
        families: the families to ask for, 4 and 6.
        timeout: seconds for all of one lookup.
        tries: how often a question is asked before the server counts as silent.

    Raises:
        ValueError: the address is none.
    """

    def __init__(
        self, address: str, port: int = 53, *, families: Sequence[int] = (4, 6), timeout: float = 5.0, tries: int = 3
    ) -> None:
        try:
            found = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
        except (socket.gaierror, UnicodeError):
            raise ValueError(f"{address!r} is no IP address") from None
        self.family: int = found[0][0]
        self.sockaddr: Sockaddr = found[0][4]
        self.families = tuple(families)
        self.timeout = timeout
        self.tries = tries

    def __call__(self, name: str) -> list[Found]:
        """The addresses of a name, in the order in which to try them.

        Args:
            name: a domain name in ASCII; no search list applies.

        Raises:
            LookupFailed: EAI_NONAME where the name does not exist, EAI_NODATA where it has no address,
                EAI_AGAIN where the server is silent or fails, EAI_FAIL where it refuses, and where the name or an
                alias of it is local: a server that points at this machine is not followed.
        """
        try:
            origin = dns.name.from_text(name)
        except dns.exception.DNSException as error:
            raise LookupFailed("EAI_NONAME", str(error)) from None
        deadline = time.monotonic() + self.timeout
        with ExitStack() as stack:
            questions = [_Question(self, origin, family, deadline, stack) for family in self.families]
            _ask(questions, deadline)
        found = [one for question in questions for one in question.found]
        if found:
            return order(list(dict.fromkeys(found)))
        raise min((question.failure for question in questions), key=lambda error: _SEVERITY.index(error.eai))


def _ask(questions: Sequence[_Question], deadline: float) -> None:
    """Ask all questions at once until each has its answer or its failure."""
    while waiting := {question.sock.fileno(): question for question in questions if not question.over}:
        until = min(deadline, *(question.patience for question in waiting.values()))
        masks = dict.fromkeys(waiting, wait.READ)
        ready = {fd for fd, _ in wait.wait_many(masks, max(0.0, until - time.monotonic()))}
        now = time.monotonic()
        # Not the time alone: while one question was asked over TCP, the other's answer may have come.
        for fd, question in waiting.items():
            if fd in ready:
                question.take()
            elif now >= min(question.patience, deadline):
                question.missed("the server does not answer")


class _Question:
    """The addresses of one family, through tries, aliases and truncation."""

    def __init__(self, server: NameServer, name: dns.name.Name, family: int, deadline: float, stack: ExitStack) -> None:
        self._server = server
        self._name = name
        self._family = family
        self._deadline = deadline
        self._stack = stack
        self._tries = 0
        self._aliases = 0
        self._edns = True
        self.over = False
        self.found: list[Found] = []
        self.failure = LookupFailed("EAI_NODATA", "the name has no address of this family")
        self.sock: socket.socket
        self.patience = deadline
        self._send()

    def _send(self) -> None:
        """Ask, from a new port and with a new id each time, which makes answers hard to forge (RFC 5452)."""
        if self._name.is_subdomain(_LOCAL):
            self._leads_here(self._name)
            return
        self._tries += 1
        self._query = dns.message.make_query(
            self._name, _TYPES[self._family], use_edns=0 if self._edns else False, payload=_PAYLOAD
        )
        # Early tries are given up first, so that a lost packet costs less than a slow server may take.
        self.patience = min(self._deadline, time.monotonic() + self._server.timeout / self._server.tries)
        try:
            self.sock = self._stack.enter_context(socket.socket(self._server.family, socket.SOCK_DGRAM))
            self.sock.setblocking(False)
            self.sock.connect(self._server.sockaddr)
            self.sock.send(self._query.to_wire())
        except OSError as error:
            self._fail("EAI_AGAIN", f"the server cannot be reached: {error.strerror}")

    def missed(self, why: str) -> None:
        """A try was in vain."""
        if self._tries < self._server.tries and time.monotonic() < self._deadline:
            self._send()
        else:
            self._fail("EAI_AGAIN", why)

    def _fail(self, eai: str, why: str) -> None:
        self.over = True
        self.failure = LookupFailed(eai, why)

    def _leads_here(self, name: dns.name.Name) -> None:
        self._fail(
            "EAI_FAIL", f"{name.to_text(omit_final_dot=True)} is a name of this machine, which no server answers"
        )

    def take(self) -> None:
        """Read what has come, and act on it."""
        try:
            wire = self.sock.recv(65535)
        except BlockingIOError:
            return
        except OSError as error:
            self.missed(f"the server cannot be reached: {error.strerror}")
            return
        try:
            response = dns.message.from_wire(wire, raise_on_truncation=True, ignore_trailing=True)
        except dns.message.Truncated as error:
            truncated = error.message()  # type: ignore[no-untyped-call]
            if not self._query.is_response(truncated):
                return
            try:
                response = self._ask_by_tcp()
            except _TryFailed as failed:
                self.missed(str(failed))
                return
        except (dns.exception.DNSException, ValueError):
            # What is no message may be anybody's; the true answer may still come.
            return
        if self._query.is_response(response):
            self._use(response)

    def _use(self, response: dns.message.Message) -> None:
        code = response.rcode()
        if self._edns and code in _NO_EDNS:
            self._edns = False
            self._tries -= 1
            self._send()
        elif code == dns.rcode.SERVFAIL:
            self.missed("the server failed to look it up (SERVFAIL)")
        elif code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self._fail("EAI_FAIL", f"the server does not want to answer ({dns.rcode.to_text(code)})")
        else:
            self._read(response)

    def _read(self, response: dns.message.Message) -> None:
        assert isinstance(response, dns.message.QueryMessage)
        try:
            chain = response.resolve_chaining()
        except dns.message.ChainTooLong:
            self._fail("EAI_FAIL", "too many aliases (CNAME)")
            return
        except dns.exception.DNSException as error:
            self._fail("EAI_FAIL", f"the answer contradicts itself: {error}")
            return
        self._aliases += len(chain.cnames)
        local = next((name for name in _targets(chain) if name.is_subdomain(_LOCAL)), None)
        if local is not None:
            self._leads_here(local)
        elif self._aliases > _MOST_ALIASES:
            self._fail("EAI_FAIL", "too many aliases (CNAME)")
        elif chain.answer is not None:
            self.over = True
            texts = [str(record.address) for record in chain.answer]
            self.found = [(self._family, text) for text in texts if not text.startswith("::ffff:")]
        elif response.answer and not chain.cnames:
            self._fail("EAI_FAIL", "the answer is about something else")
        elif response.rcode() == dns.rcode.NXDOMAIN:
            self._fail("EAI_NONAME", "the name does not exist")
        elif chain.cnames:
            # A server that knows the alias but not what it stands for leaves that to be asked.
            self._name = chain.canonical_name
            self._tries = 0
            self._send()
        elif _refers(response):
            self._fail("EAI_FAIL", "the server does not know, and only names other servers")
        else:
            self._fail("EAI_NODATA", "the name has no address of this family")

    def _ask_by_tcp(self) -> dns.message.Message:
        """The same question over TCP, where an answer of any length fits. Raises _TryFailed."""
        try:
            with socket.socket(self._server.family, socket.SOCK_STREAM) as sock:
                sock.settimeout(self._left())
                sock.connect(self._server.sockaddr)
                wire = self._query.to_wire()
                sock.sendall(len(wire).to_bytes(2, "big") + wire)
                length = int.from_bytes(self._exactly(sock, 2), "big")
                response = dns.message.from_wire(
                    self._exactly(sock, length), raise_on_truncation=True, ignore_trailing=True
                )
        except dns.message.Truncated:
            # What is missing may be all that was asked for, so no part of it is an answer.
            raise _TryFailed("the server's answer is truncated over TCP, too") from None
        except TimeoutError:
            raise _TryFailed("the server does not answer over TCP") from None
        except OSError as error:
            raise _TryFailed(f"the answer is too long for UDP, and over TCP: {error.strerror or error}") from None
        except (dns.exception.DNSException, ValueError) as error:
            raise _TryFailed(f"the server's answer over TCP is malformed: {error}") from None
        if not self._query.is_response(response):
            raise _TryFailed("the server's answer over TCP is to another question")
        return response

    def _exactly(self, sock: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            sock.settimeout(self._left())
            piece = sock.recv(count - len(data))
            if not piece:
                raise _TryFailed("over TCP the server ended the connection before its answer")
            data += piece
        return data

    def _left(self) -> float:
        """Seconds that remain. Raises TimeoutError when none do."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _targets(chain: dns.message.ChainingResult) -> list[dns.name.Name]:
    """The names that a chain of aliases leads to, in its order."""
    return [record.target for records in chain.cnames for record in records]


def _refers(response: dns.message.Message) -> bool:
    """Whether a reply without an answer is a referral, which tells nothing of the name (RFC 2308, section 2.2)."""
    kinds = {records.rdtype for records in response.authority}
    return dns.rdatatype.NS in kinds and dns.rdatatype.SOA not in kinds
