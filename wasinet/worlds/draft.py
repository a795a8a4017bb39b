"""The draft world: plain functions over ``u32`` handles, blocking unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakSet

from wasinet import wit
from wasinet.engine import direct
from wasinet.engine.engine import Engine, ErrShape, Operation
from wasinet.engine.faults import Fail
from wasinet.engine.forward import forward, splice_all
from wasinet.engine.lookup import ResolveAddressStream, resolve_addresses
from wasinet.engine.network import Network, instance_network
from wasinet.engine.resource import Pollable, Resource
from wasinet.engine.streams import InputStream, OutputStream
from wasinet.engine.tcp import TcpSocket, create_tcp_socket
from wasinet.engine.udp import UdpSocket, create_udp_socket
from wasinet.wit.declare import Function, World
from wasinet.wit.values import Err, Some

__all__ = ["RESOURCES", "STREAMS_ARE_CHILDREN", "WORLD", "operations"]

WORLD: World = wit.load("draft")
STREAMS_ARE_CHILDREN = False

RESOURCES: Mapping[str, type[Resource]] = {
    cls.kind: cls for cls in (InputStream, Network, OutputStream, Pollable, ResolveAddressStream, TcpSocket, UdpSocket)
}


def _error(fail: Fail) -> Err:
    if fail.code == "would-block":
        return Err("again", fail.reason)
    return Err("unknown", f"{fail.reason} ({fail.code})" if fail.reason else fail.code, fail.errno)


def _stream_error(fail: Fail) -> Err:
    return Err({}, f"{fail.reason} ({fail.code})" if fail.reason else fail.code, fail.errno)


_SHAPES: Mapping[str, ErrShape] = {"error": _error, "stream-error": _stream_error}


# Streams: an end is a flag, not an error


def _with_end(read: Callable[[InputStream, int], Any], nothing: Any) -> Callable[[InputStream, int], Any]:
    def effect(stream: InputStream, count: int) -> tuple[Any, bool]:
        try:
            return read(stream, count), False
        except Fail as error:
            if error.code == "closed":
                return nothing, True
            raise

    return effect


def _splice(sink: OutputStream, source: InputStream, count: int) -> tuple[int, bool]:
    try:
        return splice_all(sink, source, count), False
    except Fail as error:
        if error.code == "closed" and source.reader.ended and not sink.writer.ended:
            return 0, True
        raise


def _blocking_splice(sink: OutputStream, source: InputStream, count: int) -> tuple[int, bool]:
    while True:
        moved, ended = _splice(sink, source, count)
        if moved or ended or not count:
            return moved, ended
        sink.engine.wait(source)


def _blocking_offer(stream: OutputStream, data: bytes) -> int:
    while True:
        taken = stream.offer(data)
        if taken or not data:
            return taken
        stream.engine.wait(stream)


def _zeroes(offer: Callable[[OutputStream, bytes], int]) -> Callable[[OutputStream, int], int]:
    return lambda stream, count: offer(stream, bytes(min(count, stream.engine.chunk)))


# What has no object


def _poll_oneoff(engine: Engine, handles: list[int]) -> bytes:
    """One byte for each pollable; an empty list is answered at once, as its type allows."""
    if not handles:
        return b""
    ready = bytearray(len(handles))
    for index in engine.poller.poll(handles, None):
        ready[index] = 1
    return bytes(ready)


def _resolve(engine: Engine, network: Network, name: str, family: Some | None, include_unavailable: bool) -> int:
    return resolve_addresses(
        engine,
        network,
        name,
        literals=False,
        family=None if family is None else family.value,
        unavailable=include_unavailable,
    )


def _wait(resource: Resource) -> None:
    resource.engine.poller.wait_for(resource)


def _drop(resource: Resource) -> None:
    resource.engine.drop(resource.handle)


_EFFECTS: Mapping[str, Callable[..., Any]] = {
    "instance-network.instance-network": instance_network,
    "poll.poll-oneoff": _poll_oneoff,
    "tcp-create-socket.create-tcp-socket": create_tcp_socket,
    "udp-create-socket.create-udp-socket": create_udp_socket,
    "ip-name-lookup.resolve-addresses": _resolve,
    "tcp.bind": direct.bind,
    "tcp.connect": direct.connect,
    "tcp.listen": direct.listen,
    "tcp.keep-alive": TcpSocket.keep_alive_enabled,
    "tcp.set-keep-alive": TcpSocket.set_keep_alive_enabled,
    "tcp.unicast-hop-limit": TcpSocket.hop_limit,
    "tcp.set-unicast-hop-limit": TcpSocket.set_hop_limit,
    "udp.bind": direct.bind,
    "udp.connect": direct.associate,
    "udp.receive": direct.receive,
    "udp.send": direct.send,
    "streams.read": _with_end(InputStream.read, b""),
    "streams.blocking-read": _with_end(InputStream.blocking_read, b""),
    "streams.skip": _with_end(InputStream.skip, 0),
    "streams.blocking-skip": _with_end(InputStream.blocking_skip, 0),
    "streams.write": OutputStream.offer,
    "streams.blocking-write": _blocking_offer,
    "streams.write-zeroes": _zeroes(OutputStream.offer),
    "streams.blocking-write-zeroes": _zeroes(_blocking_offer),
    "streams.splice": _splice,
    "streams.blocking-splice": _blocking_splice,
    "streams.forward": forward,
    "streams.subscribe-to-input-stream": Resource.subscribe,
    "streams.subscribe-to-output-stream": Resource.subscribe,
}
"""By qualified name; what is not here is the resource's method of the same name, or its drop."""

_MAY_WAIT: Mapping[str, Callable[[Any], object]] = {
    "tcp.connect": _wait,
    "tcp.accept": _wait,
    "udp.receive": direct.wait_to_receive,
    "udp.send": direct.wait_to_send,
    "ip-name-lookup.resolve-next-address": _wait,
}
"""What gives ``again`` in non-blocking mode, and else waits in this way until the same call gives something else."""


def operations(engine: Engine) -> dict[str, Operation]:
    """Every function of the world, bound to an engine, by the world's key."""
    non_blocking: WeakSet[Resource] = WeakSet()

    def mode(resource: Resource) -> bool:
        return resource in non_blocking

    def set_mode(resource: Resource, value: bool) -> None:
        (non_blocking.add if value else non_blocking.discard)(resource)

    def waiting(operation: Operation, wait: Callable[[Any], object]) -> Operation:
        def call(handle: int, *arguments: Any) -> Any:
            outcome = operation(handle, *arguments)
            while outcome.__class__ is Err and outcome.value == "again":
                resource = engine.table[handle]
                if resource in non_blocking:
                    break
                wait(resource)
                outcome = operation(handle, *arguments)
            return outcome

        return call

    def effect_of(function: Function, receiver: type[Resource] | None) -> Callable[..., Any]:
        found = _EFFECTS.get(function.qualified)
        if found is not None:
            return found
        if function.name.startswith("drop-"):
            return _drop
        if function.name in ("non-blocking", "set-non-blocking"):
            return mode if function.name == "non-blocking" else set_mode
        effect: Callable[..., Any] = getattr(receiver, function.name.replace("-", "_"))
        return effect

    def bind(function: Function) -> Operation:
        receiver = None if function.receiver is None else RESOURCES[function.receiver.name]
        shape = _SHAPES.get(str(function.err), _error)
        operation = engine.operation(function, effect_of(function, receiver), receiver, RESOURCES, shape)
        wait = _MAY_WAIT.get(function.qualified)
        return operation if wait is None else waiting(operation, wait)

    return {key: bind(function) for key, function in WORLD.functions.items()}
