"""The 0.2 world: its names and shapes over the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wasinet import wit
from wasinet.engine.engine import Engine, ErrShape, Operation
from wasinet.engine.faults import Fail
from wasinet.engine.lookup import ResolveAddressStream, resolve_addresses
from wasinet.engine.network import Network, instance_network
from wasinet.engine.poller import poll, subscribe_duration, subscribe_instant
from wasinet.engine.resource import Pollable, Resource
from wasinet.engine.streams import Error, InputStream, OutputStream, network_error_code
from wasinet.engine.tcp import TcpSocket, create_tcp_socket
from wasinet.engine.udp import IncomingDatagramStream, OutgoingDatagramStream, UdpSocket, create_udp_socket
from wasinet.wit.declare import Function, World
from wasinet.wit.values import Case, Err

__all__ = ["RESOURCES", "STREAMS_ARE_CHILDREN", "WORLD", "operations"]

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

_FREE: Mapping[str, Callable[..., Any]] = {
    "create-tcp-socket": create_tcp_socket,
    "create-udp-socket": create_udp_socket,
    "instance-network": instance_network,
    "network-error-code": network_error_code,
    "now": lambda engine: engine.os.monotonic_ns(),
    "poll": poll,
    # What Linux, macOS and Windows give for their monotonic clocks.
    "resolution": lambda engine: 1,
    "resolve-addresses": resolve_addresses,
    "subscribe-duration": subscribe_duration,
    "subscribe-instant": subscribe_instant,
}


def _error_code(fail: Fail) -> Err:
    return Err(fail.code, fail.reason, fail.errno)


def operations(engine: Engine) -> dict[str, Operation]:
    """Every function of the world, bound to an engine, by the world's key."""

    def stream_error(fail: Fail) -> Err:
        if fail.code == "closed":
            return Err(_CLOSED, fail.reason)
        code = None if fail.code == "unknown" and fail.errno is not None else fail.code
        error = Error(engine, code, fail.reason, fail.errno)
        return Err(Case("last-operation-failed", error.handle), f"{fail.code}: {fail.reason}", fail.errno)

    shapes: dict[str, ErrShape] = {"error-code": _error_code, "stream-error": stream_error}

    def bind(function: Function) -> Operation:
        receiver = None if function.receiver is None else RESOURCES[function.receiver.name]
        effect = _FREE[function.name] if receiver is None else getattr(receiver, function.member.replace("-", "_"))
        shape = shapes.get(str(function.err), _error_code)
        return engine.operation(function, effect, receiver, RESOURCES, shape)

    return {key: bind(function) for key, function in WORLD.functions.items()}


_CLOSED = Case("closed")
