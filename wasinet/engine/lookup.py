"""Name lookup: ``ip-name-lookup``, on threads, so that the engine never blocks on a resolver."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from wasinet.engine import addresses
from wasinet.engine.domain import Domain
from wasinet.engine.faults import EAI_CODES, Fail
from wasinet.engine.names import LOCAL, canonical, host_name, is_local, literal
from wasinet.engine.network import Network, Operation
from wasinet.engine.policy import LOOKUP
from wasinet.engine.resource import NEVER, READY, Interest, Resource
from wasinet.oscalls import LookupFailed
from wasinet.wit.addresses import show_ip
from wasinet.wit.data import Data
from wasinet.wit.values import Case, Some

if TYPE_CHECKING:
    from wasinet.engine.context import Context

__all__ = ["ResolveAddressStream", "local_answer", "resolve_addresses"]


def resolve_addresses(
    engine: Context,
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


def local_answer(engine: Context, name: str) -> int:
    """The lookup of a local name (``names.is_local``), for hosts that would ask a resolver.

    Raises:
        Fail: invalid-argument for what is no domain name.
    """
    host_name(name)
    stream = ResolveAddressStream(engine, name)
    stream.take(_in_order(engine, LOCAL))
    return stream.handle


def _in_order(engine: Context, found: Iterable[Case]) -> list[Case]:
    """Addresses that no route leads to, as of a family that the system has turned off, go last (RFC 6724, rule 1)."""
    return sorted(found, key=lambda address: not _has_route(engine, address))


def _has_route(engine: Context, address: Case) -> bool:
    return engine.os.has_route(addresses.FAMILY[address.name], show_ip(address))


class _Job(Data):
    """A lookup that needs a thread: ``ask`` runs on it; ``refuse`` is told why there is none."""

    owner: object
    host: str
    ask: Callable[[], None]
    refuse: Callable[[str], None]


class _Threads:
    """The threads that ask resolvers, of the whole process; what finds no place waits for one.

    A lookup whose owner was dropped gives its place back, although its thread stays until the resolver answers:
    a silent one that nobody waits for holds nobody up. Without a bound on threads, too, a caller that begins
    lookups and drops them has any number.

    Args:
        places: how many lookups with an owner run at once.
        most: how many threads there are at the most.
    """

    def __init__(self, places: int, most: int) -> None:
        self._places = places
        self._most = most
        self._count = 0
        self._lock = threading.Lock()
        self._owners: set[object] = set()
        self._waiting: dict[object, _Job] = {}

    def start(self, job: _Job) -> None:
        """Do this on a thread, unless its owner is forgotten before."""
        with self._lock:
            self._waiting[job.owner] = job
        self._fill()

    def forget(self, owner: object) -> None:
        """Nobody waits for its work any more."""
        with self._lock:
            self._waiting.pop(owner, None)
            self._owners.discard(owner)
        self._fill()

    def _next(self) -> _Job | None:
        """What has waited longest, which now has a place; None where nothing waits, or no place is free."""
        with self._lock:
            owner = next(iter(self._waiting), None)
            if owner is None or len(self._owners) == self._places:
                return None
            self._owners.add(owner)
            return self._waiting.pop(owner)

    def _fill(self) -> None:
        """Give each free place to what waits, or refuse it where there is no thread."""
        while (job := self._next()) is not None:
            try:
                started = self._start(job)
            except RuntimeError as error:
                started, why = False, str(error)
            else:
                why = f"{self._most} earlier lookups have no answer yet"
            if not started:
                with self._lock:
                    self._owners.discard(job.owner)
                job.refuse(why)

    def _start(self, job: _Job) -> bool:
        """Begin it on a new thread, False where there are too many. Raises RuntimeError where none can be had."""
        with self._lock:
            if self._count == self._most:
                return False
            self._count += 1
        try:
            threading.Thread(target=self._run, args=(job,), daemon=True, name=f"lookup {job.host}").start()
        except RuntimeError:
            with self._lock:
                self._count -= 1
            raise
        return True

    def _run(self, job: _Job | None) -> None:
        while job is not None:
            job.ask()
            with self._lock:
                self._owners.discard(job.owner)
            job = self._next()
        with self._lock:
            self._count -= 1


_THREADS = _Threads(64, 512)


class ResolveAddressStream(Resource):
    """A ``resolve-address-stream``: the addresses of one name, in order of preference.

    Args:
        name: as it was asked for.
        found: the answer, where it is known already.
    """

    kind = "resolve-address-stream"
    engine: Context
    family: str | None = None
    unavailable = True
    _failure: Fail | None = None
    _answer: list[Case] | Fail | None = None
    _operation: Operation | None = None
    _domain: Domain
    _canonical = ""
    _waiting = False
    _next = 0

    def __init__(self, engine: Context, name: str, found: list[Case] | None = None) -> None:
        self.name = name
        self._found = found
        super().__init__(engine)

    def look_up(self, network: Network, host: str) -> int:
        """Have the name answered, once the policy allows it. Gives the handle; raises Fail where it does not."""
        name = canonical(host)
        domain = network.domain
        try:
            self._operation = Operation(self.engine, domain, LOOKUP, name, False, self._start, domain, host, name)
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

    def _start(self, domain: Domain, host: str, name: str) -> None:
        """Answer from here where that can be done, else ask the resolver."""
        if is_local(name):
            self.take(domain.keep(name, _in_order(self.engine, LOCAL)))
            return
        pinned = domain.answers.pinned(name)
        if pinned is not None:
            self.take(domain.keep(name, pinned))
            return
        self._domain, self._canonical = domain, name
        self._waiting = True
        self.engine.poller.expect_wake(1)
        _THREADS.start(_Job(self, host, lambda: self._ask(host), lambda why: self._refused(host, why)))

    def _refused(self, host: str, why: str) -> None:
        self._answer = Fail("temporary-resolver-failure", f"{host}: {why}")
        self.engine.poller.wake()

    def _ask(self, host: str) -> None:
        try:
            self._answer = [addresses.ip_value(family, text) for family, text in self.engine.resolver(host)]
        except LookupFailed as error:
            self._answer = Fail(EAI_CODES.get(error.eai, "unknown"), f"{host}: {error.text}")
        except Exception as error:  # noqa: BLE001  # whatever a resolver raises must end the wait
            self._answer = Fail("unknown", f"{host}: {error}")
        self.engine.poller.wake()

    def _advance(self) -> bool:
        """Take the answer if it has come; whether the outcome is known."""
        if self._found is None and self._failure is None and self._operation is not None:
            # Its run may answer from here.
            error = self._operation.error if self._operation.advance() else None
            if error is not None:
                self._failure = error if isinstance(error, Fail) else Fail("unknown", str(error))
        if self._found is not None or self._failure is not None:
            return True
        if self._answer is None:
            return False
        self._waiting = False
        self.engine.poller.expect_wake(-1)
        if isinstance(self._answer, Fail):
            self._failure = self._answer
            return True
        usable = [one for one in self._answer if one.name == "ipv4" or not addresses.is_mapped(one.payload)]
        try:
            self.take(self._domain.keep(self._canonical, list(dict.fromkeys(usable))))
        except Fail as fail:
            self._failure = fail
        return True

    def take(self, answer: Iterable[Case]) -> None:
        """The addresses have come: those that were asked for are the outcome."""
        self._found = [
            address
            for address in answer
            if address.name == (self.family or address.name) and (self.unavailable or _has_route(self.engine, address))
        ]
        if not self._found:
            self._failure = Fail("name-unresolvable", f"{self.name} has no usable address")

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
