"""Name lookup: ``ip-name-lookup``, on threads, so that the engine never blocks on a resolver."""

from __future__ import annotations

import re
import struct
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from wasinet.engine import addresses
from wasinet.engine.faults import EAI_CODES, Fail
from wasinet.engine.network import Network, Operation
from wasinet.engine.resource import NEVER, READY, Interest, Resource
from wasinet.oscalls import LookupFailed, Os
from wasinet.wit.values import Case, Some

if TYPE_CHECKING:
    from wasinet.engine.engine import Engine

__all__ = ["ResolveAddressStream", "host_name", "literal", "resolve_addresses"]

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)\Z")
# A name whose last label is a number was an address in one of inet_aton(3)'s old forms.
_NUMBER = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)\Z")


def literal(name: str) -> Case | None:
    """The ``ip-address`` that a name spells, None if it is a name.

    Raises:
        Fail: invalid-argument for addresses in old or IPv4-mapped forms, or with a scope.
    """
    if ":" in name:
        try:
            words = struct.unpack("!8H", Os.pack6(name))
        except (OSError, ValueError, UnicodeError):
            raise Fail("invalid-argument", f"{name!r} is no IPv6 address, and names have no colon") from None
        address = Case("ipv6", words)
        if addresses.is_mapped(words):
            raise Fail("invalid-argument", f"{name!r} is an IPv4-mapped address; give the IPv4 address itself")
        return address
    labels = name.removesuffix(".").split(".")
    if not _NUMBER.match(labels[-1]):
        return None
    parts = name.split(".")
    if len(parts) == 4 and all(p.isascii() and p.isdigit() and str(int(p)) == p and int(p) < 256 for p in parts):
        return Case("ipv4", tuple(map(int, parts)))
    raise Fail("invalid-argument", f"{name!r} is no IPv4 address of four decimal numbers, and names end in no number")


def host_name(name: str) -> str:
    """A name as it is looked up: in ASCII, by IDNA 2008 where it is not (RFC 5891).

    Raises:
        Fail: invalid-argument where it is no domain name.
    """
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise Fail("invalid-argument", f"{name!r} is no domain name: {error}") from None
        if _NUMBER.match(name.removesuffix(".").rpartition(".")[2]):
            # Digits of another script: what looked like a name would reach the resolver as an address.
            raise Fail("invalid-argument", f"{name!r} is an address in digits that are not ASCII")
    bare = name.removesuffix(".")
    if not bare or len(bare) > 253:
        raise Fail("invalid-argument", "a domain name has 1 to 253 characters")
    for label in bare.split("."):
        if not _LABEL.match(label):
            raise Fail("invalid-argument", f"{name!r} is no domain name: label {label!r}")
    return name


def resolve_addresses(
    engine: Engine,
    network: Network,
    name: str,
    *,
    literals: bool = True,
    family: str | None = None,
    unavailable: bool = True,
) -> int:
    """Begin to look a name up.

    Args:
        engine: whose session it is.
        network: whose policy decides.
        name: a domain name; or an address spelled out, which is its own answer.
        literals: whether an address is taken, or refused.
        family: only addresses of ``ipv4`` or ``ipv6``.
        unavailable: also addresses that no route leads to.
    """
    address = literal(name)
    if address is not None:
        if not literals:
            raise Fail("invalid-argument", f"{name!r} is an address; only names are looked up")
        return ResolveAddressStream(engine, name, [address]).handle
    host = host_name(name)
    stream = ResolveAddressStream(engine, name)
    stream.family = family
    stream.unavailable = unavailable
    return stream.look_up(network, host)


class _Threads:
    """The threads that ask resolvers, of the whole process; what finds none free waits for one.

    Without a bound a caller that begins lookups and drops them has any number of threads.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._running = 0
        self._lock = threading.Lock()
        self._waiting: dict[object, Callable[[], None]] = {}

    def start(self, owner: object, work: Callable[[], None], host: str) -> None:
        """Do this on a thread, unless its owner is forgotten before. Raises RuntimeError where none can be had."""
        with self._lock:
            if self._running == self._most:
                self._waiting[owner] = work
                return
            self._running += 1
        try:
            threading.Thread(target=self._run, args=(work,), daemon=True, name=f"lookup {host}").start()
        except BaseException:
            self._running -= 1
            raise

    def forget(self, owner: object) -> None:
        """Nobody waits for its work any more."""
        with self._lock:
            self._waiting.pop(owner, None)

    def _run(self, work: Callable[[], None]) -> None:
        while True:
            work()
            with self._lock:
                owner = next(iter(self._waiting), None)
                if owner is None:
                    self._running -= 1
                    return
                work = self._waiting.pop(owner)


_THREADS = _Threads(64)


class ResolveAddressStream(Resource):
    """A ``resolve-address-stream``: the addresses of one name, in order of preference.

    Args:
        name: as it was asked for.
        found: the answer, where it is known already.
    """

    kind = "resolve-address-stream"
    family: str | None = None
    unavailable = True
    _failure: Fail | None = None
    _answer: list[Case] | Fail | None = None
    _operation: Operation | None = None
    _waiting = False
    _next = 0

    def __init__(self, engine: Engine, name: str, found: list[Case] | None = None) -> None:
        self.name = name
        self._found = found
        super().__init__(engine)

    def look_up(self, network: Network, host: str) -> int:
        """Ask the resolver, once the policy allows it. Gives the handle; raises Fail where it does not."""
        try:
            self._operation = Operation(self.engine, network.domain, "name-lookup", host, lambda: self._start(host))
        except BaseException:
            self.engine.drop(self.handle)
            raise
        return self.handle

    @property
    def state(self) -> str:
        return "resolved" if self._advance() else "in progress"

    @property
    def remote(self) -> str:
        return self.name

    def _start(self, host: str) -> None:
        self._waiting = True
        self.engine.poller.expect_wake(1)
        try:
            _THREADS.start(self, lambda: self._ask(host), host)
        except RuntimeError as error:
            self._answer = Fail("temporary-resolver-failure", f"{host}: {error}")

    def _ask(self, host: str) -> None:
        try:
            self._answer = [
                addresses.ip_value(family, text)
                for family, text in self.engine.resolver(host)
                if self.unavailable or self.engine.os.has_route(family, text)
            ]
        except LookupFailed as error:
            self._answer = Fail(EAI_CODES.get(error.eai, "unknown"), f"{host}: {error.text}")
        except Exception as error:  # noqa: BLE001  # whatever a resolver raises must end the wait
            self._answer = Fail("unknown", f"{host}: {error}")
        self.engine.poller.wake()

    def _advance(self) -> bool:
        """Take the answer if it has come; whether the outcome is known."""
        if self._found is not None or self._failure is not None:
            return True
        if self._operation is not None and self._operation.advance() and self._operation.error is not None:
            error = self._operation.error
            self._failure = error if isinstance(error, Fail) else Fail("unknown", str(error))
            return True
        if self._answer is None:
            return False
        self._waiting = False
        self.engine.poller.expect_wake(-1)
        if isinstance(self._answer, Fail):
            self._failure = self._answer
            return True
        self._found = [
            address
            for address in dict.fromkeys(self._answer)
            if address.name == (self.family or address.name)
            and (address.name == "ipv4" or not addresses.is_mapped(address.payload))
        ]
        if not self._found:
            self._failure = Fail("name-unresolvable", f"{self.name} has no usable address")
        return True

    def resolve_next_address(self) -> Some | None:
        """The next address, None after the last."""
        if not self._advance():
            raise Fail("would-block", "the answer has not come yet")
        if self._failure is not None:
            raise Fail(self._failure.code, self._failure.reason)
        assert self._found is not None
        if self._next == len(self._found):
            return None
        self._next += 1
        return Some(self._found[self._next - 1])

    def interest(self) -> Interest:
        return READY if self._advance() else NEVER

    def close(self) -> None:
        if self._operation is not None:
            self._operation.cancel()
        if self._waiting:
            self._waiting = False
            _THREADS.forget(self)
            self.engine.poller.expect_wake(-1)
