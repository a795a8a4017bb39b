"""Random calls by the declarations: mostly such as are legal in the state that things are in.

A call is text, as a script has it, with a name of its own for all that it gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

from wasinet.script.names import NET, names_of
from wasinet.script.session import Session, Step
from wasinet.wave import dumps
from wasinet.wit.declare import Function, World
from wasinet.wit.ends import ends
from wasinet.wit.types import (
    BOOL,
    STRING,
    U8,
    Alias,
    Enum,
    List,
    Option,
    Primitive,
    Record,
    Tuple,
    Type,
    Variant,
    handle_of,
    resolve,
)
from wasinet.wit.values import Case, Err, Ok

__all__ = ["OPENINGS", "Generator"]

_PAIR = """
l = create-tcp-socket(ipv4)
l.start-bind(net, 127.0.0.1:0)
l.finish-bind()
here = l.local-address()
l.start-listen()
l.finish-listen()
c = create-tcp-socket(ipv4)
c.start-connect(net, here)
(c-rx, c-tx) = c.finish-connect()
(a, a-rx, a-tx) = l.accept()
"""
_UDP = """
u = create-udp-socket(ipv4)
u.start-bind(net, 127.0.0.1:0)
u.finish-bind()
there = u.local-address()
(u-in, u-out) = u.stream(none)
v = create-udp-socket(ipv4)
v.start-bind(net, 127.0.0.1:0)
v.finish-bind()
yonder = v.local-address()
(v-in, v-out) = v.stream(some(there))
"""

OPENINGS = tuple(tuple(text.split("\n")[1:-1]) for text in ("\n", _PAIR, _UDP, _PAIR + _UDP[1:]))
"""How a sequence may begin: with nothing, or with what chance would take long to find."""

# Two hosts cannot have one port, so what may be bound has none; and nothing may leave this machine.
_LOCAL = {
    "ipv4": ("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "0.0.0.0:0", "224.0.0.1:0", "192.0.2.1:0"),
    "ipv6": ("[::1]:0", "[::1]:0", "[::1]:0", "[::]:0", "[ff02::1]:0", "[::ffff:127.0.0.1]:0"),
}
_REMOTE = {
    "ipv4": ("127.0.0.1:1", "127.0.0.1:0", "0.0.0.0:1", "0.0.0.0:0"),
    "ipv6": ("[::1]:1", "[::1]:0", "[::]:1", "[::ffff:127.0.0.1]:1"),
}
_BYTES = List(U8)
_Addresses = Mapping[str, tuple[str, ...]]

_NAMES = ("localhost", "127.0.0.1", "::1", "127.1", "::ffff:127.0.0.1", "no name", "", "a..b")
_TEXTS = ("", "x", "hello", "\\x00\\xff")
_DURATIONS = ("0s", "1ns", "1ms", "1s", "90s", "40000s")
_NUMBERS = {8: (0, 1, 64), 16: (0, 80), 32: (0, 1, 9, 200), 64: (0, 1, 5, 4096, 65536)}
_WAITING = ("0s", "1ms", "2ms")

# Moments at which a guest lives are no business of a comparison, and a wait for a second wastes one.
_LEFT_OUT = frozenset({"network-error-code", "now", "resolution", "subscribe-instant"})
_NEED_PERMIT = {"write": "check-write", "write-zeroes": "check-write", "send": "check-send"}
_MISTAKE = 0.08
"""How often a call is one that is not legal."""
_AT_THE_END = 0.05
"""How often a value is at an end of its type's range."""
# A transcript with longer ones is nothing to read.
_LONGEST = 100
_LOOPBACK = {"ipv4": (127, 0, 0, 1), "ipv6": (0, 0, 0, 0, 0, 0, 0, 1)}
_SOCKETS = 6


class Generator:
    """Gives the next call of a sequence.

    Args:
        random: what chooses.
        world: of the hosts.
        session: whose variables and states there are; ``learn`` is told of the calls.
    """

    def __init__(self, random: Random, world: World, session: Session) -> None:
        self.random = random
        self.world = world
        self.session = session
        self.names = names_of(world)
        self.live: dict[str, str] = {}
        self.families: dict[str, str] = {}
        self.addresses: list[tuple[str, str, str]] = []
        self.permits: set[str] = set()
        self.count = 0
        self._free = [
            function
            for key, function in world.functions.items()
            if function.receiver is None and key not in _LEFT_OUT and key != "instance-network"
        ]

    def learn(self, step: Step) -> None:
        """Take note of a call that was made, and of what it gave."""
        function, outcome, bound = step.function, step.outcome, step.bound
        receiver = bound.source.partition(".")[0].rpartition("(")[2].rpartition("= ")[2]
        if bound.key == "drop":
            name = bound.source[len("drop(") : -1]
            self.live.pop(name, None)
            return
        if function.member in _NEED_PERMIT:
            self.permits.discard(receiver)
        if isinstance(outcome, Err):
            return
        if function.member in _NEED_PERMIT.values():
            self.permits.add(receiver)
        for name in bound.targets:
            type_ = self.session.variables[name].type
            kind = handle_of(type_)
            if kind is not None:
                self.live[name] = kind.name
                self.families[name] = self._family(step, receiver)
            elif function.member == "local-address" and isinstance(outcome, Ok):
                self.addresses.append((name, outcome.value.name, receiver))

    def _family(self, step: Step, receiver: str) -> str:
        if step.function.name.startswith("create-"):
            return str(step.arguments[0])
        return self.families.get(receiver, "ipv4")

    def call(self) -> str:
        """The text of the next call."""
        sockets = [name for name, kind in self.live.items() if kind in self.world.machines]
        if not sockets or self.random.random() < 0.04:
            return self.text(self._create() if len(sockets) < _SOCKETS else self.random.choice(self._free), "")
        roll = self.random.random()
        if roll < 0.04 or len(sockets) > _SOCKETS:
            return f"drop({self._doomed()})"
        if roll < 0.10:
            return self.text(self.random.choice(self._free), "")
        name = self.random.choice(list(self.live))
        found = [f for f in self.world.methods(self.live[name]) if f.name not in _LEFT_OUT]
        if not found:
            return f"drop({name})"
        legal = [f for f in found if self._is_legal(f, name)]
        if not legal or self.random.random() < _MISTAKE:
            legal = found
        weights = [self._weight(function) for function in legal]
        return self.text(self.random.choices(legal, weights)[0], name)

    def _create(self) -> Function:
        return self.random.choice([f for f in self._free if f.name.startswith("create-")])

    def _doomed(self) -> str:
        """What to drop: mostly what nothing else comes from."""
        parents = {info.parent for info in self.session.host.handles()}
        leaves = [name for name in self.live if self.session.variables[name].value not in parents]
        return self.random.choice(leaves if leaves and self.random.random() > _MISTAKE else list(self.live))

    def _is_legal(self, function: Function, name: str) -> bool:
        if function.member in _NEED_PERMIT:
            return name in self.permits
        states = self.world.states_of(function)
        return states is None or self.session.host.state(self.session.variables[name].value) in states

    def _weight(self, function: Function) -> int:
        machine = self.world.machines.get(function.receiver.name) if function.receiver is not None else None
        if machine is None:
            return 3
        if machine.moves(function.member):
            return 8
        return 4 if function.member == "local-address" else 1

    # Text

    def text(self, function: Function, receiver: str) -> str:
        """The text of a call with arguments of its choice; without a receiver for a function that has none."""
        arguments = ", ".join(self._argument(function, name, type_, receiver) for name, type_ in function.inputs)
        call = f"{receiver}.{function.member}({arguments})" if receiver else f"{function.name}({arguments})"
        targets = list(self._targets(function))
        if not targets:
            return call
        return f"{targets[0]} = {call}" if len(targets) == 1 else f"({', '.join(targets)}) = {call}"

    def _targets(self, function: Function) -> Iterator[str]:
        from wasinet.script.binding import value_type

        result = value_type(function)
        inner = None if result is None else resolve(result)
        for type_ in inner.items if isinstance(inner, Tuple) else (result,):
            kind = None if type_ is None else handle_of(type_)
            if kind is not None:
                self.count += 1
                yield f"{self.names.prefix(kind.name)}-{self.count}"
            elif type_ is not None and getattr(type_, "name", "") == "ip-socket-address":
                self.count += 1
                yield f"at-{self.count}"

    def _argument(self, function: Function, name: str, type_: Type, receiver: str) -> str:
        if isinstance(type_, Alias) and type_.name == "duration":
            if self._at_the_end():
                return self._end(type_)
            return self.random.choice(_WAITING if function.name == "subscribe-duration" else _DURATIONS)
        return self._value(type_, receiver, _LOCAL if function.member == "start-bind" else _REMOTE)

    def _value(self, type_: Type, receiver: str, addresses: _Addresses) -> str:
        choose = self.random.choice
        handle = handle_of(type_)
        if handle is not None:
            return NET if handle.name == "network" else self._handle(handle.name)
        type_ = resolve(type_)
        if getattr(type_, "name", "") == "ip-socket-address":
            assert isinstance(type_, Variant)
            return (
                self._far_address(type_, receiver, addresses)
                if self._at_the_end()
                else self._address(receiver, addresses)
            )
        if (isinstance(type_, Primitive) or type_ == _BYTES) and self._at_the_end():
            return self._end(type_)
        match type_:
            case Enum(_, cases):
                return choose(cases)
            case Option(payload):
                return "none" if self.random.random() < 0.5 else f"some({self._value(payload, receiver, addresses)})"
            case List(element) if resolve(element) == U8:
                return f'"{choose(_TEXTS)}"'
            case List(element):
                count = choose((0, 1, 1, 1, 2, 3))
                return f"[{', '.join(self._value(element, receiver, addresses) for _ in range(count))}]"
            case Record(_, fields):
                return f"{{{', '.join(f'{name}: {self._value(of, receiver, addresses)}' for name, of in fields)}}}"
        if type_ == BOOL:
            return choose(("true", "false"))
        if type_ == STRING:
            return f'"{choose(_NAMES)}"'
        assert isinstance(type_, Primitive)
        return str(choose(_NUMBERS[type_.bits]))

    def _at_the_end(self) -> bool:
        return self.random.random() < _AT_THE_END

    def _end(self, type_: Type) -> str:
        return self.random.choice([text for value in ends(type_) if len(text := dumps(value, type_)) < _LONGEST])

    def _far_address(self, type_: Variant, receiver: str, addresses: _Addresses) -> str:
        """A loopback address whose other fields are at the ends of their ranges; what is bound keeps port 0."""
        family = self.families.get(receiver, "ipv4")
        record = resolve(dict(type_.cases)[family] or U8)
        assert isinstance(record, Record)
        fields = {name: self.random.choice(ends(field)) for name, field in record.fields}
        fields |= {"address": _LOOPBACK[family], **({"port": 0} if addresses is _LOCAL else {})}
        return dumps(Case(family, fields), type_)

    def _handle(self, kind: str) -> str:
        fitting = [name for name, of in self.live.items() if of == kind]
        if fitting and self.random.random() > _MISTAKE / 4:
            return self.random.choice(fitting)
        return "#999"

    def _address(self, receiver: str, addresses: _Addresses) -> str:
        family = self.families.get(receiver, "ipv4")
        # Where nobody is any more, or nobody of this protocol, anyone on this machine may be.
        udp = _is_udp(self.live.get(receiver, ""))
        known = [
            name
            for name, of, owner in self.addresses
            if of == family and owner in self.live and _is_udp(self.live[owner]) == udp
        ]
        if known and self.random.random() < 0.5:
            return self.random.choice(known)
        if self.random.random() < _MISTAKE:
            family = self.random.choice(tuple(addresses))
        return self.random.choice(addresses[family])


def _is_udp(kind: str) -> bool:
    return kind.startswith("udp") or "datagram" in kind
