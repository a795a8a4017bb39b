"""Guests: what a call and a list of bytes cost, beside the library's own way; traces, starts, the cache, Ctrl-C."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import wasmtime.component as library
from wasmtime import Config, Engine, Store, WasiConfig

from benchmarks.measure import Row, alternate, at_least, at_most, best, micro, pinned, typical
from tests.guests import bodies
from tests.guests.python_app import build
from tests.guests.wat import guest
from wasinet import wit
from wasinet.hosts.components.component import Component
from wasinet.hosts.components.imports import Imports, import_name
from wasinet.hosts.guest import GuestHost
from wasinet.wit.declare import Function, Interface, Package, World
from wasinet.wit.types import U8, List, Resource

__all__ = ["run"]

_NAME = "components"
_ROUNDS = 5
_CALLS = 20_000
_LISTS = 200
_LIST = 64 * 1024
_MIB = 1 << 20
_HANDLES = 1000
_POLLS = 50
_TRIES = 10
_SOCKETS = wit.load("0.2")
_COMMAND = [sys.executable, "-m", "wasinet"]
_PYCACHE = tempfile.TemporaryDirectory()


def _nothing(handle: int) -> None:
    """What disposes of nothing."""


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with pinned():
            rows = [_getter(folder), *_bytes(folder), _poll(folder), *_traced(folder)]
        return [*rows, _start(folder), *_cached(folder), *_interrupted(folder)]


def _loop(count: int, body: str) -> str:
    step = f"(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {count})))"
    return f"(loop $l {body} {step})"


def _component(folder: Path, name: str, text: str) -> Component:
    path = folder / f"{name}.wat"
    path.write_text(text)
    return Component(str(path))


def _entry(instance: library.Instance, store: Store) -> library.Func:
    index = instance.get_export_index(store, "run", instance.get_export_index(store, "wasi:cli/run@0.2.12"))
    assert index is not None
    function = instance.get_func(store, index)
    assert function is not None
    return function


class _Ours:
    """A component whose imports are answered through the C API, by ``wasinet.hosts.components``."""

    def __init__(self, component: Component, world: World, answers: dict[str, Callable[..., Any]]) -> None:
        self.store = Store(component.engine)
        self.store.set_epoch_deadline(1)
        self.imports = Imports(self.store)
        for found in component.answered(world):
            functions = [(f, answers[f.name]) for f in found.interface.functions if import_name(f) in found.functions]
            kinds = [name for name, type_ in found.interface.types.items() if isinstance(type_, Resource)]
            self.imports.interface(found.name, functions, dict.fromkeys(kinds, answers.get("drop", _nothing)))
        self.function = _entry(self.imports.instantiate(component.compiled), self.store)

    def seconds(self) -> float:
        start = time.perf_counter()
        self.function(self.store)
        return time.perf_counter() - start

    def close(self) -> None:
        self.store.close()
        self.imports.close()


class _Stock:
    """The same component, its imports registered with the library's own ``add_func``."""

    def __init__(self, component: Component, world: World, answers: dict[str, Callable[..., Any]]) -> None:
        self.store = Store(component.engine)
        self.store.set_epoch_deadline(1)
        linker = library.Linker(component.engine)
        self.socket = library.ResourceType.host(7)
        with linker.root() as root:
            for found in component.answered(world):
                with root.add_instance(found.name) as instance:
                    for name, type_ in found.interface.types.items():
                        if isinstance(type_, Resource):
                            kind = self.socket if name == "tcp-socket" else library.ResourceType.host(8)
                            instance.add_resource(name, kind, lambda store, rep: None)
                    for function in found.interface.functions:
                        if import_name(function) in found.functions:
                            instance.add_func(import_name(function), answers[function.name])
        self.function = _entry(linker.instantiate(self.store, component.compiled), self.store)

    def seconds(self) -> float:
        start = time.perf_counter()
        self.function(self.store)
        return time.perf_counter() - start

    def close(self) -> None:
        self.store.close()


def _getter(folder: Path) -> Row:
    """``hop-limit`` on a socket of the engine, called from a guest both ways."""
    body = (
        "(local $s i32) (local $i i32)"
        + """
      (call $tcp-create-socket-create-tcp-socket (i32.const 0) (i32.const 16))
      (local.set $s (i32.load (i32.const 20)))
    """
        + _loop(_CALLS, "(call $tcp-tcp-socket-hop-limit (local.get $s) (i32.const 32))")
        + """
      (call $drop-tcp-socket (local.get $s)) (i32.const 0)
    """
    )
    only = ("tcp-create-socket.create-tcp-socket", "tcp.tcp-socket.hop-limit")
    component = _component(folder, "getter", guest(_SOCKETS, body, only=only))
    host = GuestHost(component)
    handles: list[int] = []

    def create(family: str) -> int:
        handles.append(host.call("create-tcp-socket", family).value)
        return handles[-1]

    ours = _Ours(
        component,
        _SOCKETS,
        {
            "create-tcp-socket": lambda family: host.call("create-tcp-socket", family),
            "tcp-socket.hop-limit": host._calls["tcp-socket.hop-limit"],
            "drop": host.drop,
        },
    )
    hop_limit = host._calls["tcp-socket.hop-limit"]
    stock = _Stock(
        component,
        _SOCKETS,
        {
            "create-tcp-socket": lambda store, family: library.ResourceHost.own(create(family), 7).to_any(store),
            "tcp-socket.hop-limit": lambda store, this: hop_limit(this.to_host(store).rep).value,
        },
    )
    try:
        mine, theirs = best(*alternate(ours.seconds, stock.seconds, _ROUNDS))
    finally:
        ours.close()
        stock.close()
        host.close()
    each, other = mine / _CALLS, theirs / _CALLS
    return Row(
        _NAME, "tcp-socket.hop-limit from a guest", micro(each), f"{micro(other)} add_func", other / each, at_least(3)
    )


_BYTES = World(
    "bytes",
    (
        Package(
            "bench:abi@0.2.12",
            (
                Interface(
                    "bytes",
                    {},
                    (
                        Function("bytes", "give", (), List(U8), "Gives."),
                        Function("bytes", "take", (("data", List(U8)),), None, "Takes."),
                    ),
                ),
            ),
        ),
    ),
    {},
    (),
)


def _bytes(folder: Path) -> list[Row]:
    rows = []
    data = bytes(_LIST)
    own = _wasmtime_own(folder)
    for name, call, limit in (
        ("give", "(call $bytes-give (i32.const 0)) (call $reset)", 40),
        ("take", f"(call $bytes-take (i32.const 4096) (i32.const {_LIST}))", 25),
    ):
        body = "(local $i i32)" + _loop(_LISTS, call) + "(i32.const 0)"
        component = _component(folder, name, guest(_BYTES, body))
        ours = _Ours(component, _BYTES, {"give": lambda: data, "take": lambda data: None})
        few = _component(folder, f"{name}-few", guest(_BYTES, body.replace(str(_LISTS), "5")))
        stock = _Stock(few, _BYTES, {"give": lambda store: data, "take": lambda store, data: None})
        try:
            mine, theirs = best(*alternate(ours.seconds, stock.seconds, _ROUNDS))
        finally:
            ours.close()
            stock.close()
        rate, other = _LISTS * _LIST / _MIB / mine, 5 * _LIST / _MIB / theirs
        rows.append(
            Row(
                _NAME,
                f"list<u8> of 64 KiB {'to' if name == 'give' else 'from'} a guest",
                f"{rate:.0f} MiB/s",
                f"{other:.1f} MiB/s add_func, {own:,.0f} MiB/s Wasmtime's own host",
                rate,
                at_least(limit),
            )
        )
    return rows


def _wasmtime_own(folder: Path) -> float:
    """MiB/s that the runtime's own host gives a guest of an endless file, as its standard input."""
    world = wit.load("0.2-command")
    count = 4000
    body = "(local $i i32) (local $in i32) (local.set $in (call $stdin-get-stdin))" + _loop(
        count,
        f"(call $streams-input-stream-blocking-read (local.get $in) (i64.const {_LIST}) (i32.const 0)) (call $reset)",
    )
    only = ("stdin.get-stdin", "streams.input-stream.blocking-read")
    path = folder / "own.wat"
    path.write_text(guest(world, body + "(i32.const 0)", only=only, version="0.2.0"))
    engine = Engine(Config())
    linker = library.Linker(engine)
    linker.add_wasip2()
    store = Store(engine)
    wasi = WasiConfig()
    wasi.stdin_file = "/dev/zero"
    store.set_wasi(wasi)
    instance = linker.instantiate(store, library.Component(engine, path.read_text()))
    index = instance.get_export_index(store, "run", instance.get_export_index(store, "wasi:cli/run@0.2.0"))
    assert index is not None
    function = instance.get_func(store, index)
    assert function is not None
    start = time.perf_counter()
    function(store)
    return count * _LIST / _MIB / (time.perf_counter() - start)


def _poll(folder: Path) -> Row:
    """A poll of a thousand timers, of which one is over."""
    fill = """(i32.store (i32.add (i32.const 8192) (i32.mul (local.get $i) (i32.const 4)))
      (call $monotonic-clock-subscribe-duration
        (select (i64.const 0) (i64.const 3600000000000) (i32.eq (local.get $i) (i32.const 500)))))"""
    poll = f"(call $poll-poll (i32.const 8192) (i32.const {_HANDLES}) (i32.const 0)) (call $reset)"

    def seconds(polls: int) -> float:
        body = "(local $i i32)" + _loop(_HANDLES, fill) + "(local.set $i (i32.const 0))" + _loop(polls, poll)
        only = ("monotonic-clock.subscribe-duration", "poll.poll")
        host = GuestHost(_component(folder, "poll", guest(_SOCKETS, body + "(i32.const 0)", only=only)))
        try:
            start = time.perf_counter()
            host.run()
            return time.perf_counter() - start
        finally:
            host.close()

    each = min((seconds(_POLLS + 1) - seconds(1)) / _POLLS for _ in range(_ROUNDS))
    return Row(_NAME, "poll of 1,000 handles from a guest", f"{each * 1e3:.2f} ms", "", each * 1e3, at_most(1))


def _traced(folder: Path) -> list[Row]:
    """Guests that do nothing but call, with and without a trace to a file."""
    getters = (
        "(local $s i32) (local $i i32)"
        + """
      (call $tcp-create-socket-create-tcp-socket (i32.const 0) (i32.const 0))
      (local.set $s (i32.load (i32.const 4)))
    """
        + _loop(_CALLS * 2, "(call $tcp-tcp-socket-hop-limit (local.get $s) (i32.const 0))")
        + "(i32.const 0)"
    )
    # A connection with itself, on which 64 bytes go to and fro.
    echo = _loop(
        _CALLS // 2,
        """(call $streams-output-stream-check-write (local.get $out) (i32.const 0))
           (call $streams-output-stream-write (local.get $out) (i32.const 4096) (i32.const 64) (i32.const 0))
           (call $streams-input-stream-blocking-read (local.get $in) (i64.const 64) (i32.const 0))
           (call $reset)""",
    )
    rows = []
    for what, body in (("getters only", getters), ("64 bytes to and fro", _SELF + echo + "(i32.const 0)")):
        path = folder / "traced.wat"
        path.write_text(guest(_SOCKETS, body))

        def seconds(*options: str, path: Path = path) -> float:
            start = time.perf_counter()
            subprocess.run([*_COMMAND, "run", *options, str(path)], check=True)
            return time.perf_counter() - start

        traced, plain = best(*alternate(lambda: seconds("--trace-file", str(folder / "trace")), seconds, 3))
        rows.append(
            Row(_NAME, f"--trace-file: {what}", f"{traced:.2f} s", f"{plain:.2f} s without", traced / plain, at_most(2))
        )
    return rows


_SELF = """(local $net i32) (local $l i32) (local $s i32) (local $in i32) (local $out i32) (local $i i32)
  (local.set $net (call $instance-network-instance-network))
  (call $tcp-create-socket-create-tcp-socket (i32.const 0) (i32.const 0))
  (local.set $l (i32.load (i32.const 4)))
  (call $tcp-tcp-socket-start-bind (local.get $l) (local.get $net)
    (i32.const 0) (i32.const 0) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $tcp-tcp-socket-finish-bind (local.get $l) (i32.const 0))
  (call $tcp-tcp-socket-start-listen (local.get $l) (i32.const 0))
  (call $tcp-tcp-socket-finish-listen (local.get $l) (i32.const 0))
  (call $tcp-tcp-socket-local-address (local.get $l) (i32.const 64))
  (call $tcp-create-socket-create-tcp-socket (i32.const 0) (i32.const 0))
  (local.set $s (i32.load (i32.const 4)))
  (call $tcp-tcp-socket-start-connect (local.get $s) (local.get $net)
    (i32.const 0) (i32.load16_u (i32.const 72)) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $poll-pollable-block (call $tcp-tcp-socket-subscribe (local.get $s)))
  (call $tcp-tcp-socket-finish-connect (local.get $s) (i32.const 0))
  (local.set $out (i32.load (i32.const 8)))
  (call $poll-pollable-block (call $tcp-tcp-socket-subscribe (local.get $l)))
  (call $tcp-tcp-socket-accept (local.get $l) (i32.const 0))
  (local.set $in (i32.load (i32.const 8)))
"""
"""Leaves ``$out`` of one end and ``$in`` of the other."""


def _seconds(arguments: list[str], env: dict[str, str] | None = None, code: int = 0) -> float:
    start = time.perf_counter()
    process = subprocess.run(arguments, env=_compiled(env or {}), stdout=subprocess.DEVNULL, check=False)
    took = time.perf_counter() - start
    if process.returncode != code:
        raise RuntimeError(f"{arguments}: {process.returncode}")
    return took


def _compiled(env: dict[str, str]) -> dict[str, str]:
    """An environment in which our modules are found compiled, as an installed program's are."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": _PYCACHE.name, **env}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _start(folder: Path) -> Row:
    path = folder / "small.wat"
    path.write_text(guest(_SOCKETS, bodies.NOTHING))
    for arguments in (["run", str(path)], ["--version"]):
        # The first run of each compiles.
        _seconds([*_COMMAND, *arguments])
    ours, version = typical(
        *alternate(lambda: _seconds([*_COMMAND, "run", str(path)]), lambda: _seconds([*_COMMAND, "--version"]), 9)
    )
    over = (ours - version) * 1e3
    return Row(
        _NAME,
        "start of a small component",
        f"{ours * 1e3:.0f} ms",
        f"{version * 1e3:.0f} ms --version",
        over,
        at_most(150),
    )


def _cached(folder: Path) -> list[Row]:
    """The first and the second start of a Python program, 20 MB."""
    if importlib.util.find_spec("componentize_py") is None:
        return []
    where = folder / "app"
    where.mkdir()
    app = build(where)
    firsts: list[float] = []
    seconds: list[float] = []
    for turn in range(3):
        env = {"XDG_CACHE_HOME": str(folder / f"cache-{turn}")}
        for times in (firsts, seconds):
            times.append(_seconds([*_COMMAND, "run", str(app), "environment"], env))
    first, second = typical(firsts, seconds)
    size = app.stat().st_size / 1e6
    return [
        Row(
            _NAME,
            f"second start, {size:.0f} MB",
            f"{second:.2f} s",
            f"{first:.2f} s the first",
            first / second,
            at_least(5),
        )
    ]


def _interrupted(folder: Path) -> list[Row]:
    """The longest of some Ctrl-Cs, from the signal to the end of the process."""
    hanging = [
        sys.executable,
        "-c",
        "import sys, time; from wasinet.oscalls import Os; Os.look_up = lambda self, name: time.sleep(60); "
        "from wasinet.__main__ import main; sys.exit(main(sys.argv[1:]))",
    ]
    rows = []
    path = folder / "interrupted.wat"
    for name, body, command in (
        ("poll", bodies.POLL, _COMMAND),
        ("blocking-read", _SELF + bodies.BLOCKING_READ, _COMMAND),
        ("name lookup", bodies.LOOKUP, hanging),
        ("pure computation", bodies.SPIN, _COMMAND),
    ):
        path.write_text(guest(_SOCKETS, body))
        worst = 0.0
        for _ in range(_TRIES):
            process = subprocess.Popen([*command, "run", str(path)])
            time.sleep(0.4)
            start = time.perf_counter()
            process.send_signal(signal.SIGINT)
            if process.wait(30) != 130:
                raise RuntimeError(f"{name}: {process.returncode}")
            worst = max(worst, time.perf_counter() - start)
        rows.append(Row(_NAME, f"Ctrl-C during {name}", f"{worst * 1e3:.0f} ms", "", worst * 1e3, at_most(200)))
    return rows
