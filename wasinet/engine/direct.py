"""Operations that begin and finish in one call, for worlds that do not split them in two.

The effects are those of the two-step operations, put together; what a refused argument leaves
untouched is refused before anything is begun.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from wasinet.engine import addresses
from wasinet.engine.faults import Fail
from wasinet.engine.network import Network, permit
from wasinet.engine.resource import READY, Interest
from wasinet.engine.sockets import FAMILY_NAMES, Socket
from wasinet.engine.tcp import TcpSocket
from wasinet.engine.udp import UdpSocket
from wasinet.oscalls import READ, WRITE
from wasinet.wit.addresses import show_address
from wasinet.wit.values import Case, Some

__all__ = ["associate", "bind", "connect", "listen", "receive", "send", "wait_to_receive", "wait_to_send"]

_T = TypeVar("_T")

_ANY = {
    4: Case("ipv4", {"port": 0, "address": (0, 0, 0, 0)}),
    6: Case("ipv6", {"port": 0, "flow-info": 0, "address": (0,) * 8, "scope-id": 0}),
}


def bind(socket: Socket, network: Network, local_address: Case) -> None:
    """Bind, once the policy has decided, which takes time where a person does."""
    known = socket.check_address(local_address)
    _permit(socket, network, f"{socket.use_prefix}-bind", local_address)
    socket.bind_descriptor(known.sockaddr)
    socket.domain = network.domain


def _permit(socket: Socket, network: Network, use: str, address: Case) -> None:
    """Wait for the policy's decision; nothing is done before it, so neither a no nor Ctrl-C leaves a trace.

    Raises:
        Fail: it is no.
    """
    _untouched(permit, socket.engine, network.domain, use, address)
    known = addresses.known(address)
    if socket.dual_stack and known.unspecified and not known.mapped:
        # In dual-stack mode ``::`` stands for all addresses of IPv4 as well.
        ipv4 = Case("ipv4", {"port": known.port, "address": (0, 0, 0, 0)})
        _untouched(permit, socket.engine, network.domain, use, ipv4)


def connect(socket: TcpSocket, network: Network, remote_address: Case) -> tuple[int, int]:
    """Connect: the first call begins, and the same call again takes the result.

    Raises:
        Fail: would-block at first and while it is in progress; concurrency-conflict for another address meanwhile.
    """
    operation = socket.operation
    if operation is None:
        _untouched(socket.start_connect, network, remote_address)
        raise Fail("would-block", "the connect has begun")
    if operation.target != remote_address or socket.domain is not network.domain:
        shown = show_address(operation.target) if isinstance(operation.target, Case) else operation.target
        raise Fail("concurrency-conflict", f"a connect to {shown} is in progress", untouched=True)
    return socket.finish_connect()


def listen(socket: TcpSocket, network: Network) -> None:
    """Listen, after binding to the unspecified address and a free port where the socket is unbound."""
    _same_network(socket, network)
    if socket.domain is not None:
        _permit(socket, network, "tcp-listen", socket.local_address())
    else:
        # A rule cannot speak of the port that the system has yet to choose, so both are asked about port 0.
        address = _ANY[socket.family]
        for use in ("tcp-bind", "tcp-listen"):
            _permit(socket, network, use, address)
        socket.bind_descriptor(addresses.to_os(address))
        socket.domain = network.domain
    socket.listen_now()


def associate(socket: UdpSocket, network: Network, remote_address: Case) -> None:
    """Limit a datagram socket to a peer; the operating system binds it where it is unbound."""
    _same_network(socket, network)
    before, socket.domain = socket.domain, network.domain
    try:
        socket.associate(Some(remote_address))
    except BaseException:
        socket.domain = before
        if before is None:
            # The operating system binds before it finds out that it cannot connect.
            socket.engine.os.unbind(socket.sock)
        raise


def receive(socket: UdpSocket) -> dict[str, Any]:
    """One datagram. Raises Fail with would-block when there is none."""
    if socket.kept is not None:
        socket.touch()
    found = socket.receive(1)
    if not found:
        raise Fail("would-block", "no datagram is there yet")
    return found[0]


def send(socket: UdpSocket, datagram: dict[str, Any]) -> None:
    """Send one datagram to the address that it carries, which must be the peer's if there is one."""
    address = socket.destination(Some(datagram["remote-address"]))
    try:
        if address is None:
            socket.sock.send(datagram["data"])
        else:
            socket.sock.sendto(datagram["data"], address)
    except BlockingIOError:
        socket.wait_for_room()
        raise
    if socket.wanted != READ:
        socket.wanted = READ
        socket.touch()


class _Event:
    """One of the two that a datagram socket's pollable tells of, for a call that waits for just that one."""

    def __init__(self, socket: UdpSocket, wanted: int) -> None:
        self._socket = socket
        self._wanted = wanted

    def interest(self) -> Interest:
        socket = self._socket
        return READY if self._wanted == READ and socket.kept is not None else (socket.sock.fileno(), self._wanted)

    def settle(self) -> bool:
        return self._wanted == WRITE or not self._socket.filters or self._socket.fetch()


def wait_to_receive(socket: UdpSocket) -> None:
    """Wait until there is something that ``receive`` would give."""
    socket.engine.poller.wait_for(_Event(socket, READ))


def wait_to_send(socket: UdpSocket) -> None:
    """Wait until the kernel takes a datagram, whatever has arrived meanwhile."""
    socket.engine.poller.wait_for(_Event(socket, WRITE))


def _same_network(socket: Socket, network: Network) -> None:
    if socket.domain is not None and socket.domain is not network.domain:
        raise Fail(
            "invalid-argument",
            f"the {FAMILY_NAMES[socket.family]} socket was bound with another network ({socket.domain.name})",
            untouched=True,
        )


def _untouched(begin: Callable[..., _T], *arguments: Any) -> _T:
    try:
        return begin(*arguments)
    except Fail as error:
        error.untouched = True
        raise
