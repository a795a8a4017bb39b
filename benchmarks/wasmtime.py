"""The host wasmtime: a call beside the library's own, bytes, and how fast ``tcp listen --discard`` receives."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter
from timeit import Timer
from typing import Any

from benchmarks.commands import PYTHON, WASINET, Running, wait_for_port
from benchmarks.measure import REPORT, Row, alternate, at_least, at_most, best, micro, typical
from wasinet import wit
from wasinet.hosts import Host, make_host
from wasinet.wit.values import Case

__all__ = ["run"]

_CALLS = 5_000
_ROUNDS = 9
_MIB = 1 << 20
_SIZE = 1 << 30
_LEAST = 200
_PIECE = 64 * 1024

_SEND = """
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
left, piece = int(sys.argv[2]), bytes(128 * 1024)
while left > 0:
    sock.sendall(piece)
    left -= len(piece)
"""

# What a user of the library writes for two calls: the types as they are, the borrow dropped by the guest.
_PLAIN = """
(component $top
  (import "wasi:sockets/network@0.2.12" (instance $network
    (type $codes (enum {codes})) (export "error-code" (type (eq $codes)))
    (type $families (enum "ipv4" "ipv6")) (export "ip-address-family" (type (eq $families)))))
  (alias export $network "error-code" (type $error-code))
  (alias export $network "ip-address-family" (type $family))
  (import "wasi:sockets/tcp@0.2.12" (instance $tcp
    (alias outer $top $error-code (type $error-code))
    (export "tcp-socket" (type $tcp-socket (sub resource)))
    (export "[method]tcp-socket.hop-limit"
      (func (param "self" (borrow $tcp-socket)) (result (result u8 (error $error-code)))))))
  (alias export $tcp "tcp-socket" (type $tcp-socket))
  (import "wasi:sockets/tcp-create-socket@0.2.12" (instance $create
    (alias outer $top $error-code (type $error-code))
    (alias outer $top $family (type $family))
    (alias outer $top $tcp-socket (type $tcp-socket))
    (export "create-tcp-socket"
      (func (param "address-family" $family) (result (result (own $tcp-socket) (error $error-code)))))))
  (core module $memory-module (memory (export "memory") 1))
  (core instance $memory (instantiate $memory-module))
  (core func $to-create (canon lower (func $create "create-tcp-socket") (memory $memory "memory")))
  (core func $to-hop-limit (canon lower (func $tcp "[method]tcp-socket.hop-limit") (memory $memory "memory")))
  (core func $drop (canon resource.drop $tcp-socket))
  (core module $forwarders-module
    (import "" "create" (func $create (param i32 i32)))
    (import "" "hop-limit" (func $hop-limit (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "create") (param i32) (result i32)
      (call $create (local.get 0) (i32.const 8)) (i32.const 8))
    (func (export "hop-limit") (param i32) (result i32)
      (call $hop-limit (local.get 0) (i32.const 8)) (call $drop (local.get 0)) (i32.const 8)))
  (core instance $forwarders (instantiate $forwarders-module (with "" (instance
    (export "create" (func $to-create)) (export "hop-limit" (func $to-hop-limit)) (export "drop" (func $drop))))))
  (func (export "create") (param "address-family" $family) (result (result (own $tcp-socket) (error $error-code)))
    (canon lift (core func $forwarders "create") (memory $memory "memory")))
  (func (export "hop-limit") (param "self" (borrow $tcp-socket)) (result (result u8 (error $error-code)))
    (canon lift (core func $forwarders "hop-limit") (memory $memory "memory"))))
"""


def run() -> list[Row]:
    host = make_host("wasmtime")
    try:
        return [_call(host), *_bytes(host), _discard()]
    finally:
        host.close()


def _call(host: Host) -> Row:
    name = "tcp-socket.hop-limit"
    ours = host.call("create-tcp-socket", "ipv4").value
    store, create, hop_limit = _library()
    theirs = create(store, "ipv4")
    mine, library = best(
        *alternate(
            lambda: Timer(lambda: host.call(name, ours)).timeit(_CALLS) / _CALLS,
            lambda: Timer(lambda: hop_limit(store, theirs)).timeit(_CALLS) / _CALLS,
            _ROUNDS,
        )
    )
    host.drop(ours)
    shown = f"{micro(library)} the library's call"
    return Row("wasmtime", f"{name}, forwarded", micro(mine), shown, mine / library, at_most(2.5))


def _library() -> tuple[Any, Any, Any]:
    from wasmtime import Engine, Store, WasiConfig, _bindings
    from wasmtime.component import Component, Linker

    codes = " ".join(f'"{code.name}"' for code in wit.load("0.2").error_codes)
    engine = Engine()
    component = Component(engine, _PLAIN.format(codes=codes))
    linker = Linker(engine)
    linker.add_wasip2()
    config = WasiConfig()
    _bindings.wasi_config_inherit_network(config.ptr())
    store = Store(engine)
    store.set_wasi(config)
    instance = linker.instantiate(store, component)
    return store, instance.get_func(store, "create"), instance.get_func(store, "hop-limit")


def _bytes(host: Host) -> list[Row]:
    """A connection to itself: 64 KiB written, then read."""
    network = host.call("instance-network")
    listener, client = (host.call("create-tcp-socket", "ipv4").value for _ in range(2))
    host.call("tcp-socket.start-bind", listener, network, Case("ipv4", {"port": 0, "address": (127, 0, 0, 1)}))
    host.call("tcp-socket.finish-bind", listener)
    host.call("tcp-socket.start-listen", listener)
    host.call("tcp-socket.finish-listen", listener)
    host.call("tcp-socket.start-connect", client, network, host.call("tcp-socket.local-address", listener).value)
    host.wait(client, 5)
    _, tx = host.call("tcp-socket.finish-connect", client).value
    host.wait(listener, 5)
    _, rx, _ = host.call("tcp-socket.accept", listener).value
    data = bytes(range(256)) * (_PIECE // 256)
    times: dict[str, list[float]] = {"written": [], "read": []}
    for _ in range(200):
        host.call("output-stream.check-write", tx)
        start = perf_counter()
        host.call("output-stream.write", tx, data)
        times["written"].append(perf_counter() - start)
        left = len(data)
        while left:
            host.wait(rx, 5)
            start = perf_counter()
            found = host.call("input-stream.read", rx, left).value
            times["read"].append((perf_counter() - start) * _PIECE / len(found))
            left -= len(found)
    rows = []
    for what, taken in times.items():
        seconds = sorted(taken)[len(taken) // 2]
        rate = f"{_PIECE / seconds / _MIB:,.0f} MiB/s"
        rows.append(Row("wasmtime", f"64 KiB of all bytes {what}", micro(seconds), rate, None, REPORT))
    return rows


def _discard() -> Row:
    seconds, _ = typical([_received() for _ in range(3)], [0.0])
    rate = _SIZE / seconds / _MIB
    what = f"{_SIZE / (1 << 30):g} GiB into tcp listen --host wasmtime --discard"
    return Row("wasmtime", what, f"{rate:,.0f} MiB/s", f"{_LEAST} MiB/s", rate / _LEAST, at_least(1))


def _received() -> float:
    with tempfile.TemporaryDirectory() as folder:
        ports = Path(folder, "port")
        listen = ["--quiet", "--host", "wasmtime", "tcp", "listen", "127.0.0.1:0", "--discard"]
        with Running([*WASINET, *listen, "--port-file", str(ports)]) as receiver:
            port = wait_for_port(ports)
            start = perf_counter()
            with Running([PYTHON, "-c", _SEND, str(port), str(_SIZE)]) as sender:
                sender.finish()
                receiver.finish()
            return perf_counter() - start
