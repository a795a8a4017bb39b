"""The 0.2 world: its names and shapes over the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from wasinet import wit
from wasinet.engine.engine import Codes, Engine, ErrShape, Operation
from wasinet.engine.faults import Fail, code_of
from wasinet.engine.lookup import ResolveAddressStream, resolve_addresses
from wasinet.engine.network import Network, instance_network
from wasinet.engine.poller import poll, subscribe_duration, subscribe_instant
from wasinet.engine.resource import Pollable, Resource
from wasinet.engine.streams import Error, InputStream, OutputStream, network_error_code
from wasinet.engine.tcp import TcpSocket, create_tcp_socket
from wasinet.engine.udp import IncomingDatagramStream, OutgoingDatagramStream, UdpSocket, create_udp_socket
from wasinet.wit.declare import Function, World
from wasinet.wit.values import Case, Err

__all__ = ["FREE", "RESOURCES", "STREAMS_ARE_CHILDREN", "WORLD", "bound", "operations"]

WORLD: World = wit.load("0.2")
STREAMS_ARE_CHILDREN = True

RESOURCES: Mapping[str, type[Resource]] = {
    cls.kind: cls
    for cls in (
        Error,
        IncomingDatagramStream,
        InputStream,
        Network,
        OutgoingDatagramStream,
        OutputStream,
        Pollable,
        ResolveAddressStream,
        TcpSocket,
        UdpSocket,
    )
}

FREE: Mapping[str, Callable[..., Any]] = {
    "instance-network.instance-network": instance_network,
    "ip-name-lookup.resolve-addresses": resolve_addresses,
    "monotonic-clock.now": lambda engine: engine.os.monotonic_ns(),
    # What Linux, macOS and Windows give for their monotonic clocks.
    "monotonic-clock.resolution": lambda engine: 1,
    "monotonic-clock.subscribe-duration": subscribe_duration,
    "monotonic-clock.subscribe-instant": subscribe_instant,
    "network.network-error-code": network_error_code,
    "poll.poll": poll,
    "tcp-create-socket.create-tcp-socket": create_tcp_socket,
    "udp-create-socket.create-udp-socket": create_udp_socket,
}
"""What functions without a receiver do, by qualified name."""


def _error_code(fail: Fail) -> Err:
    return Err(fail.code, fail.reason, fail.errno)


def bound(
    engine: Engine,
    world: World,
    resources: Mapping[str, type[Resource]],
    free: Mapping[str, Callable[..., Any]],
    codes: Mapping[str, Codes] = MappingProxyType({}),
) -> dict[str, Operation]:
    """Every function of a world of this generation, bound to an engine, by the world's key.

    Args:
        engine: what calls go to.
        world: the declarations.
        resources: classes by resource name; a method does what the class's method of that name does.
        free: what functions without a receiver do, by qualified name.
        codes: the error codes of errnos by interface, where they are not those of the network.
    """

    def stream_error(fail: Fail) -> Err:
        if fail.code == "closed":
            return Err(_CLOSED, fail.reason)
        code = None if fail.code == "unknown" and fail.errno is not None else fail.code
        error = Error(engine, code, fail.reason, fail.errno)
        return Err(Case("last-operation-failed", error.handle), f"{fail.code}: {fail.reason}", fail.errno)

    shapes: dict[str, ErrShape] = {"error-code": _error_code, "stream-error": stream_error}

    def bind(function: Function) -> Operation:
        receiver = None if function.receiver is None else resources[function.receiver.name]
        effect = free[function.qualified] if receiver is None else getattr(receiver, function.member.replace("-", "_"))
        shape = shapes.get(str(function.err), _error_code)
        return engine.operation(function, effect, receiver, resources, shape, codes.get(function.interface, code_of))

    return {key: bind(function) for key, function in world.functions.items()}


def operations(engine: Engine) -> dict[str, Operation]:
    """Every function of the world, bound to an engine, by the world's key."""
    return bound(engine, WORLD, RESOURCES, FREE)


_CLOSED = Case("closed")
