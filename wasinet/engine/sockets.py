"""What TCP and UDP sockets share: creation, bind, addresses and options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from wasinet.engine import addresses
from wasinet.engine.domain import Domain
from wasinet.engine.faults import Fail
from wasinet.engine.network import Network, Operation
from wasinet.engine.resource import NEVER, READY, Interest, Resource
from wasinet.oscalls import READ, WRITE, Sockaddr
from wasinet.wit.addresses import show_address
from wasinet.wit.values import Case

if TYPE_CHECKING:
    from wasinet.engine.context import Context

__all__ = ["FAMILY_NAMES", "Socket"]

FAMILY_NAMES = {4: "ipv4", 6: "ipv6"}
_FAMILIES = {"ipv4": 4, "ipv6": 6}


class Socket(Resource):
    """A socket with a state of its world's machine.

    ``sock`` is the operating system's socket. ``holders`` counts what still needs its descriptor:
    the handle, its streams, and writes that are not out yet; the last to go closes it.
    """

    __slots__ = ("domain", "dual_stack", "family", "holders", "operation", "peer_os", "sock", "state")

    use_prefix: ClassVar[str] = ""
    engine: Context
    # Whether an address may be that of a group.
    groups: ClassVar[bool] = False
    state: str
    # What the descriptor is waited for where something is to arrive: a connection, a datagram.
    wanted = READ

    def __init__(self, engine: Context, family: int, sock: Any, state: str) -> None:
        self.enter(engine)
        self.family = family
        self.sock = sock
        self.state = state  # only the engine's step assigns it from now on
        self.domain: Domain | None = None
        self.operation: Operation | None = None
        # Kept from when the operating system gave it: the kernel forgets the peer at its reset.
        self.peer_os: Sockaddr | None = None
        self.holders = 1
        self.dual_stack = False

    # Lifetime

    def release(self) -> None:
        """One holder of the descriptor less."""
        self.holders -= 1
        if not self.holders:
            if self.engine.poller.extra:
                self.engine.poller.forget(self.sock.fileno())
            self.sock.close()
            self.released()

    def released(self) -> None:
        """The descriptor has been closed."""

    def close(self) -> None:
        if self.operation is not None:
            self.operation.cancel()
        self.release()

    # Addresses

    def check_address(self, address: Case, *, peer: bool = False) -> addresses.Known:
        """Refuse what is no address for this socket, or none that a datagram or connection can be sent to.

        IPv4-mapped addresses are some while dual-stack mode is on.
        """
        known = addresses.known(address)
        if known.family != self.family:
            raise Fail("invalid-argument", f"an {FAMILY_NAMES[self.family]} socket cannot use {show_address(address)}")
        if known.mapped and not self.dual_stack:
            raise Fail("invalid-argument", f"{show_address(address)} is an IPv4-mapped IPv6 address")
        if known.flaw:
            raise Fail("invalid-argument", known.flaw)
        if known.zoneless:
            raise Fail("invalid-argument", self.engine.os.missing_zone(known.sockaddr[0]))
        if peer:
            if known.unspecified:
                raise Fail("invalid-argument", f"{show_address(address)} is the unspecified address, not a peer's")
            if not known.port:
                raise Fail("invalid-argument", "port 0 is no port of a peer")
        if not known.unicast and not self.groups:
            raise Fail("invalid-argument", f"{show_address(address)} is not a unicast address")
        return known

    def start_bind(self, network: Network, local_address: Case) -> None:
        """Begin to bind. The outcome of the OS's bind is kept for ``finish-bind``."""
        known = self.check_address(local_address)
        self.operation = Operation(
            self.engine,
            network.domain,
            f"{self.use_prefix}-bind",
            local_address,
            False,
            self.bind_descriptor,
            known.sockaddr,
        )
        self.domain = network.domain

    def bind_descriptor(self, address: Sockaddr) -> None:
        """The operating system's bind. Raises OSError."""
        self.sock.bind(address)

    def finish_bind(self) -> None:
        """Take the result; a bind that failed ties the socket to no network."""
        assert self.operation is not None
        if self.operation.advance() and self.operation.error is not None:
            self.domain = None
        self._finish()

    def _finish(self) -> None:
        assert self.operation is not None
        self.operation.result()
        self.operation = None

    def local_address(self) -> Case:
        return addresses.from_os(self.sock.getsockname())

    def remote_address(self) -> Case:
        assert self.peer_os is not None
        return addresses.from_os(self.peer_os)

    def address_family(self) -> str:
        return FAMILY_NAMES[self.family]

    @property
    def local(self) -> str:
        try:
            shown = show_address(self.local_address())
        except OSError:
            return ""
        return "" if shown.endswith(":0") else shown

    @property
    def remote(self) -> str:
        return "" if self.peer_os is None else show_address(addresses.from_os(self.peer_os))

    # Options

    def _get(self, name: str) -> int:
        """An option in WIT's unit; what was set reads back equal unless the kernel clamped it."""
        opt = self.engine.os.option(name, self.family)
        value = self.engine.os.get(self.sock, opt)
        return value // 2 if opt.doubled else value * opt.unit

    def _set(self, name: str, value: int) -> None:
        """Set an option from WIT's unit: rounded up to the option's own, clamped to what the kernel takes."""
        if value == 0:
            raise Fail("invalid-argument", f"{name} may not be 0")
        opt = self.engine.os.option(name, self.family)
        self.engine.os.set(self.sock, opt, min(-(-value // opt.unit), opt.most))

    def _hop_limit(self) -> int:
        opt = self.engine.os.option("hop-limit", self.family)
        return int(self.sock.getsockopt(opt[0], opt[1]))

    def _set_hop_limit(self, value: int) -> None:
        self._set("hop-limit", value)

    def receive_buffer_size(self) -> int:
        return self._get("receive-buffer-size")

    def set_receive_buffer_size(self, value: int) -> None:
        self._set("receive-buffer-size", value)

    def send_buffer_size(self) -> int:
        return self._get("send-buffer-size")

    def set_send_buffer_size(self, value: int) -> None:
        self._set("send-buffer-size", value)

    def ipv6_only(self) -> bool:
        self._check_ipv6()
        return bool(self._get("ipv6-only"))

    def set_ipv6_only(self, value: bool) -> None:
        """Turn dual-stack mode off or on, where the operating system has it."""
        self._check_ipv6()
        self.engine.os.set(self.sock, self.engine.os.option("ipv6-only", self.family), int(value))
        self.dual_stack = not value

    def _check_ipv6(self) -> None:
        if self.family != 6:
            raise Fail("not-supported", "an ipv4 socket has no dual-stack mode")

    # Readiness

    def interest(self) -> Interest:
        """From the machine's table: always, when the operation has its result, or when a connection waits."""
        rule = self.engine.machines[self.kind].ready[self.state]
        if rule == "always":
            return READY
        if rule != "when resolved":
            return (self.sock.fileno(), self.wanted)
        assert self.operation is not None
        if not self.operation.advance():
            return NEVER
        if self.operation.error is not None or not self.operation.in_kernel:
            return READY
        return (self.sock.fileno(), WRITE)
