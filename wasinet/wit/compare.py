"""Which functions of the worlds do the same thing: the table behind ``explain --compare``.

Functions are named as each world's ``find`` knows them. What a world has no counterpart for stands
beside nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PAIRS", "Pair"]

Pair = Mapping[str, tuple[str, ...]]
"""World to the functions that do one thing there, in the order of the calls; empty where it has none."""


def _pair(v0_2: str, draft: str) -> Pair:
    return {"0.2": tuple(v0_2.split()), "draft": tuple(draft.split())}


def _options(kind: str, names: str) -> tuple[Pair, ...]:
    """Functions that both worlds have under one name."""
    return tuple(_pair(f"{kind}-socket.{name}", f"{kind}.{name}") for name in names.split())


_SIZES = "receive-buffer-size set-receive-buffer-size send-buffer-size set-send-buffer-size"

PAIRS: tuple[Pair, ...] = (
    _pair("instance-network", "instance-network.instance-network"),
    _pair("", "network.drop-network"),
    # Waiting
    _pair("poll pollable.block pollable.ready", "poll.poll-oneoff"),
    _pair("", "poll.drop-pollable"),
    _pair("now resolution subscribe-instant subscribe-duration", ""),
    # TCP
    _pair("create-tcp-socket", "tcp-create-socket.create-tcp-socket"),
    _pair("tcp-socket.start-bind tcp-socket.finish-bind", "tcp.bind"),
    _pair("tcp-socket.start-connect tcp-socket.finish-connect", "tcp.connect"),
    _pair("tcp-socket.start-listen tcp-socket.finish-listen", "tcp.listen"),
    _pair("tcp-socket.is-listening", ""),
    _pair("tcp-socket.keep-alive-enabled", "tcp.keep-alive"),
    _pair("tcp-socket.set-keep-alive-enabled", "tcp.set-keep-alive"),
    _pair("tcp-socket.keep-alive-idle-time tcp-socket.keep-alive-interval tcp-socket.keep-alive-count", ""),
    _pair("tcp-socket.set-keep-alive-idle-time tcp-socket.set-keep-alive-interval tcp-socket.set-keep-alive-count", ""),
    _pair("tcp-socket.hop-limit", "tcp.unicast-hop-limit"),
    _pair("tcp-socket.set-hop-limit", "tcp.set-unicast-hop-limit"),
    *_options("tcp", "accept local-address remote-address address-family set-listen-backlog-size subscribe shutdown"),
    *_options("tcp", _SIZES),
    _pair("", "tcp.ipv6-only tcp.set-ipv6-only"),
    _pair("", "tcp.no-delay tcp.set-no-delay"),
    _pair("", "tcp.non-blocking tcp.set-non-blocking"),
    _pair("", "tcp.drop-tcp-socket"),
    # UDP
    _pair("create-udp-socket", "udp-create-socket.create-udp-socket"),
    _pair("udp-socket.start-bind udp-socket.finish-bind", "udp.bind"),
    _pair("udp-socket.stream", "udp.connect"),
    _pair("incoming-datagram-stream.receive", "udp.receive"),
    _pair("outgoing-datagram-stream.check-send outgoing-datagram-stream.send", "udp.send"),
    _pair(
        "udp-socket.subscribe incoming-datagram-stream.subscribe outgoing-datagram-stream.subscribe", "udp.subscribe"
    ),
    *_options("udp", "local-address remote-address address-family unicast-hop-limit set-unicast-hop-limit"),
    *_options("udp", _SIZES),
    _pair("", "udp.ipv6-only udp.set-ipv6-only"),
    _pair("", "udp.non-blocking udp.set-non-blocking"),
    _pair("", "udp.drop-udp-socket"),
    # Streams
    _pair("input-stream.read", "streams.read"),
    _pair("input-stream.blocking-read", "streams.blocking-read"),
    _pair("input-stream.skip", "streams.skip"),
    _pair("input-stream.blocking-skip", "streams.blocking-skip"),
    _pair("input-stream.subscribe", "streams.subscribe-to-input-stream"),
    _pair("", "streams.drop-input-stream"),
    _pair("output-stream.check-write output-stream.write", "streams.write"),
    _pair("output-stream.blocking-write-and-flush", "streams.blocking-write"),
    _pair("output-stream.flush output-stream.blocking-flush", ""),
    _pair("output-stream.write-zeroes", "streams.write-zeroes"),
    _pair("output-stream.blocking-write-zeroes-and-flush", "streams.blocking-write-zeroes"),
    _pair("output-stream.splice", "streams.splice"),
    _pair("output-stream.blocking-splice", "streams.blocking-splice streams.forward"),
    _pair("output-stream.subscribe", "streams.subscribe-to-output-stream"),
    _pair("", "streams.drop-output-stream"),
    _pair("network-error-code error.to-debug-string", ""),
    # Names
    _pair("resolve-addresses", "ip-name-lookup.resolve-addresses"),
    _pair("resolve-address-stream.resolve-next-address", "ip-name-lookup.resolve-next-address"),
    _pair("resolve-address-stream.subscribe", "ip-name-lookup.subscribe"),
    _pair("", "ip-name-lookup.non-blocking ip-name-lookup.set-non-blocking"),
    _pair("", "ip-name-lookup.drop-resolve-address-stream"),
)
