"""Every function of every world with the values at the ends of its types: an outcome or a trap, and nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support import ipv4, ipv6, loopback
from tests.worlds.guest import flags, granted
from wasinet import wit, worlds
from wasinet.engine.engine import Engine
from wasinet.engine.faults import Trap
from wasinet.engine.program import Exit
from wasinet.oscalls import LookupFailed
from wasinet.script.outcomes import outcome_text
from wasinet.wave.human import HumanPrinter
from wasinet.wit.declare import Function
from wasinet.wit.ends import ends
from wasinet.wit.types import U16, U32, Tuple, Type, handle_of
from wasinet.wit.values import Ok, Some, Value

WORLDS = ("0.2", "0.2-command", "draft")
_PRINTER = HumanPrinter(64)
_PORTS, _WORDS = ends(U16), ends(U32)
# Only to this machine. What an address's words are matters to the policy and the kernel, and is tested there.
ADDRESSES = [
    loopback(9),
    *(loopback(port, family) for family in ("ipv4", "ipv6") for port in _PORTS),
    *(ipv6("::1", 9, flow=flow) for flow in (*_WORDS, 0xFFFFF, 0x100000)),
    *(ipv6(address, 9, scope=scope) for address in ("::1", "fe80::1", "ff01::1") for scope in _WORDS),
    *(ipv4(address, 9) for address in ("0.0.0.0", "255.255.255.255")),
    *(ipv6(address, 9) for address in ("::", "::ffff:127.0.0.1", "::ffff:0.0.0.0")),
    ipv6("::1", 65535, flow=_WORDS[-1], scope=_WORDS[-1]),
]


def _resolver(name: str) -> list[Any]:
    raise LookupFailed("EAI_NONAME", "nobody is asked")


class Stage:
    """A world with receivers of every kind in many states; each ``make`` gives a new one."""

    def __init__(self, name: str, folder: Path) -> None:
        binding = worlds.load(name)
        self.world = wit.load(name)
        self.engine = Engine(self.world.machines, resolver=_resolver, streams_are_children=binding.STREAMS_ARE_CHILDREN)
        program = [granted(folder)] if name == "0.2-command" else []
        # mypy knows the binding's protocol, which has no program.
        operations: Callable[..., dict[str, Callable[..., Any]]] = binding.operations
        self.operations = operations(self.engine, *program)
        self.draft = name == "draft"
        self.net: int = self.call("instance-network")
        self.makers: dict[str, list[Callable[..., int]]] = {
            "network": [lambda: int(self.call("instance-network"))],
            "pollable": [self.timer],
            "resolve-address-stream": [lambda: self.need("resolve-addresses", self.net, *self._name())],
            "tcp-socket": [partial(self.tcp, state) for state in self.world.machines["tcp-socket"].states],
            "udp-socket": [partial(self.udp, state) for state in self.world.machines["udp-socket"].states],
            "input-stream": [lambda: self.pair()[1], lambda: self.pair(ended=False)[1]],
            "output-stream": [lambda: self.pair()[2], lambda: self.pair(ended=False)[2]],
        }
        if not self.draft:
            for index, kind in enumerate(("incoming-datagram-stream", "outgoing-datagram-stream")):
                self.makers[kind] = [lambda index=index: self.datagrams()[index]]
            self.makers["error"] = [self.error]
        if program:
            self.makers["descriptor"] = [self.folder, self.file]
            self.makers["directory-entry-stream"] = [lambda: self.need("descriptor.read-directory", self.folder())]

    def call(self, key: str, *arguments: Value) -> Any:
        return self.operations[key](*arguments)

    def need(self, key: str, *arguments: Value) -> Any:
        outcome = self.call(key, *arguments)
        assert isinstance(outcome, Ok), (key, arguments, outcome)
        return outcome.value

    def _name(self) -> tuple[Value, ...]:
        return ("x.test", None, True) if self.draft else ("x.test",)

    def timer(self) -> int:
        if self.draft:
            return int(self.call("tcp.subscribe", self.tcp("unbound")))
        return int(self.call("subscribe-duration", 0))

    # Sockets by state

    def tcp(self, state: str, family: str = "ipv4") -> int:
        sock: int = self.need("create-tcp-socket", family)
        if self.draft:
            return self._draft_tcp(sock, state, family)
        at = loopback(0, family)
        way: list[tuple[str, tuple[Value, ...]]] = []
        if state in ("bound", "listen-in-progress", "listening"):
            way = [("start-bind", (self.net, at)), ("finish-bind", ())]
            way += [("start-listen", ()), ("finish-listen", ())][: {"bound": 0, "listening": 2}.get(state, 1)]
        elif state == "bind-in-progress":
            way = [("start-bind", (self.net, at))]
        elif state == "connect-in-progress":
            way = [("start-connect", (self.net, loopback(1, family)))]
        elif state == "closed":
            self.call("tcp-socket.start-connect", sock, self.net, loopback(0))
        elif state == "connected":
            return self.pair()[0]
        for member, arguments in way:
            self.need(f"tcp-socket.{member}", sock, *arguments)
        return sock

    def _draft_tcp(self, sock: int, state: str, family: str) -> int:
        self.need("tcp.set-non-blocking", sock, True)
        if state in ("bound", "listener"):
            self.need("tcp.bind", sock, self.net, loopback(0, family))
        if state == "listener":
            self.need("listen", sock, self.net)
        if state in ("connecting", "closed"):
            self.call("tcp.connect", sock, self.net, loopback(1, family))
        if state == "closed":
            self.engine.wait(self.engine.table[sock])
            self.call("tcp.connect", sock, self.net, loopback(1, family))
        return self.pair()[0] if state == "connection" else sock

    def pair(self, *, ended: bool = True) -> tuple[int, int, int]:
        """A connection to which bytes have come, and the end behind them, or nothing."""
        if self.draft:
            listener = self.tcp("listener")
            address = self.need("tcp.local-address", listener)
            sock = self.need("create-tcp-socket", "ipv4")
            rx, tx = self.need("tcp.connect", sock, self.net, address)
            other, _, other_tx = self.need("accept", listener)
        else:
            listener = self.tcp("listening")
            sock = self.tcp("unbound")
            self.need("tcp-socket.start-connect", sock, self.net, self.need("tcp-socket.local-address", listener))
            self.engine.wait(self.engine.table[sock])
            rx, tx = self.need("tcp-socket.finish-connect", sock)
            other, _, other_tx = self.need("tcp-socket.accept", listener)
            self.call("output-stream.check-write", other_tx)
            self.call("output-stream.check-write", tx)
        if ended:
            write = "output-stream.write" if not self.draft else "write"
            self.need(write, other_tx, b"x" * 100)
            self.need("shutdown" if self.draft else "tcp-socket.shutdown", other, "both" if self.draft else "send")
        return sock, rx, tx

    def udp(self, state: str, family: str = "ipv4") -> int:
        sock: int = self.need("create-udp-socket", family)
        if self.draft:
            self.need("udp.set-non-blocking", sock, True)
            if state != "unbound":
                self.need("udp.bind", sock, self.net, loopback(0, family))
            if state == "connected":
                self.need("udp.connect", sock, self.net, loopback(9, family))
            return sock
        if state != "unbound":
            self.need("udp-socket.start-bind", sock, self.net, loopback(0, family))
        if state in ("bound", "connected"):
            self.need("udp-socket.finish-bind", sock)
        if state == "connected":
            for stream in self.need("udp-socket.stream", sock, Some(loopback(9, family))):
                self.engine.drop(stream)
        return sock

    def datagrams(self) -> tuple[int, int]:
        rx, tx = self.need("udp-socket.stream", self.udp("bound", "ipv6"), None)
        self.call("outgoing-datagram-stream.check-send", tx)
        return rx, tx

    def error(self) -> int:
        from wasinet.engine.streams import Error

        return Error(self.engine, None, "x", 5).handle

    # Files

    def folder(self) -> int:
        (handle, _), *_ = self.call("get-directories")
        return int(handle)

    def file(self) -> int:
        how = (flags("symlink-follow"), "file", flags("create"), flags("read write"))
        return int(self.need("descriptor.open-at", self.folder(), *how))

    # The calls

    def given(self, type_: Type) -> Sequence[Value]:
        resource = handle_of(type_)
        if resource is not None:
            return [self.makers[resource.name][0]()] if resource.name in self.makers else ()
        return ADDRESSES if getattr(type_, "name", "") == "ip-socket-address" else ()

    def receivers(self, function: Function) -> list[Callable[[], int]]:
        if function.receiver is None:
            return []
        families = [partial(make, "ipv6") for make in self.makers.get(function.receiver.name, ()) if _has_family(make)]
        return [*self.makers.get(function.receiver.name, ()), *families]

    def calls(self, function: Function) -> Iterator[tuple[Value, ...]]:
        """Arguments of calls: those that nothing could have waited for are left out."""
        values = ends(Tuple(tuple(type_ for _, type_ in function.inputs)), self.given)
        if function.receiver is None:
            yield from values
            return
        machine = self.world.machines.get(function.receiver.name)
        keep = not function.params and (machine is None or not machine.moves(function.member))
        for make in self.receivers(function):
            receiver = make() if keep else 0
            for value in values:
                yield (receiver or make(), *value)


def _has_family(make: Callable[[], int]) -> bool:
    return isinstance(make, partial) and "family" in inspect.signature(make.func).parameters


def waits(stage: Stage, function: Function, arguments: tuple[Value, ...]) -> bool:
    """Whether a call of a function that may wait would."""
    if not function.blocking:
        return False
    handles = [value for value in arguments[:2] if isinstance(value, int) and value in stage.engine.table]
    soon = stage.engine.os.monotonic() + 0.001
    return not all(stage.engine.wait(stage.engine.table[handle], soon) for handle in handles)


@pytest.mark.parametrize("name", WORLDS)
def test_every_value_of_a_type_has_an_outcome(name: str, tmp_path: Path) -> None:
    stage = Stage(name, tmp_path)
    made = 0
    silent = []
    try:
        for key, function in stage.world.functions.items():
            before = made
            for arguments in stage.calls(function):
                if waits(stage, function, arguments):
                    continue
                made += 1
                try:
                    outcome = stage.call(key, *arguments)
                except (Trap, Exit):
                    continue
                except Exception as error:
                    error.add_note(f"{key}{arguments!r}"[:500])
                    raise
                assert outcome_text(function, outcome, _PRINTER) or function.result is None
            if made == before:
                silent.append(key)
    finally:
        stage.engine.close()
    assert silent == []
    assert made > 1000, made
