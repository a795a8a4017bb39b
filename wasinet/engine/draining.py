"""The end of a session's pending writes: what is waited for, and what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasinet.engine.sockets import Socket
from wasinet.engine.tcp import TcpSocket
from wasinet.wit.data import Data

if TYPE_CHECKING:
    from wasinet.engine.context import Context, Pending

__all__ = ["Undelivered", "drain"]

_MAPPED = "::ffff:"


class Undelivered(Data):
    """Bytes of one stream that were written and never left.

    Args:
        count: how many.
        peer: the peer's address; empty for a descriptor of this process, such as standard output.
        here: the peer is a socket of this session, which reads nothing any more.
    """

    count: int
    peer: str
    here: bool


def drain(engine: Context, timeout: float) -> list[Undelivered]:
    """Wait until the engine's pending writes are out, ``timeout`` seconds at the most.

    A peer that is a socket of the same session is not waited for: nobody reads from it any more.

    Returns:
        What is still pending.
    """
    deadline = engine.os.monotonic() + timeout
    engine.drive()
    here = _to_itself(engine)
    while engine.pending.keys() - here:
        left = deadline - engine.os.monotonic()
        if left <= 0:
            break
        engine.poller.drive(left)
    return [_undelivered(writer, writer in here) for writer in engine.pending]


def _undelivered(writer: Pending, here: bool) -> Undelivered:
    owner = writer.owner
    assert writer.pending is not None
    peer = owner.remote if isinstance(owner, Socket) else ""
    return Undelivered(len(writer.pending), peer, here)


def _to_itself(engine: Context) -> set[Pending]:
    """The writers of connections whose other end is in this session, accepted or not."""
    connections = {writer: writer.owner for writer in engine.pending if isinstance(writer.owner, TcpSocket)}
    if not connections:
        return set()
    sockets = {*connections.values(), *(one for one in engine.table.values() if isinstance(one, TcpSocket))}
    # A socket that only has the peer's address is not the other end: it may be bound, or connected elsewhere.
    ends = {(_endpoint(one.sock.getsockname), _endpoint(one.sock.getpeername)) for one in sockets}
    listening = {_endpoint(one.sock.getsockname) for one in sockets if engine.os.listens(one.sock)}
    found = set()
    for writer, socket in connections.items():
        mine, peer = _endpoint(socket.sock.getsockname), _endpoint(socket.sock.getpeername)
        if mine is None or peer is None:
            continue
        # A listener has the connections that it has not accepted yet, at the unspecified address those of all.
        anywhere = {("0.0.0.0", peer[1]), ("::", peer[1])} if mine[0] == peer[0] else set()
        if (peer, mine) in ends or ({peer} | anywhere) & listening:
            found.add(writer)
    return found


def _endpoint(name: Any) -> tuple[str, int] | None:
    """A socket's name as host and port, an IPv4-mapped one as the IPv4 address that it is."""
    try:
        host, port = name()[:2]
    except OSError:
        return None
    return host.removeprefix(_MAPPED) if "." in host else host, port
