"""Operations that begin and finish in one call, for worlds that do not split them in two.

The effects are those of the two-step operations, put together; what a refused argument leaves
untouched is refused before anything is begun.
"""

from __future__ import annotations

from typing import Any

from wasinet.engine.faults import Fail
from wasinet.engine.network import Network, denied
from wasinet.engine.policy import DENY
from wasinet.engine.sockets import FAMILY_NAMES, Socket
from wasinet.engine.tcp import TcpSocket
from wasinet.engine.udp import UdpSocket
from wasinet.oscalls import READ
from wasinet.wit.addresses import show_address
from wasinet.wit.values import Case, Some

__all__ = ["associate", "bind", "connect", "listen", "receive", "send"]

_ANY = {
    4: Case("ipv4", {"port": 0, "address": (0, 0, 0, 0)}),
    6: Case("ipv6", {"port": 0, "flow-info": 0, "address": (0,) * 8, "scope-id": 0}),
}


def bind(socket: Socket, network: Network, local_address: Case) -> None:
    """Bind, and wait for the policy's decision where it takes time."""
    socket.start_bind(network, local_address)
    _decided(socket)
    socket.finish_bind()


def _decided(socket: Socket) -> None:
    """Wait until the operation in progress has been allowed or denied."""
    operation = socket.operation
    assert operation is not None
    try:
        socket.engine.poller.wait_for(operation)
    except BaseException:
        # An interrupted call did not happen, so what it asked for must not happen later.
        socket.operation = None
        operation.cancel()
        raise


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
    if socket.domain is None:
        address = _ANY[socket.family]
        if network.domain.policy.decide("tcp-listen", address) is DENY:
            failure = denied("tcp-listen", address, network.domain.policy)
            failure.untouched = True
            raise failure
        _untouched(bind, socket, network, address)
    else:
        _same_network(socket, network)
    socket.start_listen()
    _decided(socket)
    socket.finish_listen()


def associate(socket: UdpSocket, network: Network, remote_address: Case) -> None:
    """Limit a datagram socket to a peer; the operating system binds it where it is unbound."""
    _same_network(socket, network)
    before, socket.domain = socket.domain, network.domain
    try:
        socket.associate(Some(remote_address))
    except BaseException:
        socket.domain = before
        raise


def receive(socket: UdpSocket) -> dict[str, Any]:
    """One datagram. Raises Fail with would-block when there is none."""
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
    socket.wanted = READ


def _same_network(socket: Socket, network: Network) -> None:
    if socket.domain is not None and socket.domain is not network.domain:
        raise Fail(
            "invalid-argument",
            f"the {FAMILY_NAMES[socket.family]} socket was bound with another network ({socket.domain.name})",
            untouched=True,
        )


def _untouched(begin: Any, *arguments: Any) -> None:
    try:
        begin(*arguments)
    except Fail as error:
        error.untouched = True
        raise
