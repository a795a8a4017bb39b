"""What can be known of another host's resources from outside: the states that the outcomes lead to.

The rows are those of the native engine (``wasinet.wit.machine``). A host that lets a call through
where the rows refuse it has moved its socket all the same, so its success is followed to where the
rows lead from elsewhere: the state then tells what the socket can do, and the refusal that was
missing is a difference to judge, not one to repeat at every call after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wasinet.wit.declare import Function
from wasinet.wit.machine import ANY, ERROR, OK_OUTCOME, TERMINATED, WOULD_BLOCK, Machine
from wasinet.wit.types import Option, resolve
from wasinet.wit.values import Err, Ok, Value

__all__ = ["Entry", "Watch", "next_state", "watch_of"]


class Entry:
    """A handle of another host.

    Attributes:
        handle: our number.
        kind: the resource's name.
        index: the number in the host.
        parent: what it is of.
        created: the monotonic second of its birth, or of its parent's.
        state: the expected state; empty where there is none to expect.
        remote: what a lookup looks up.
        count: bytes that went through a stream, None where nothing flows.
        ended: the directions of a connection that are known to have ended: ``in``, ``out``.
    """

    __slots__ = ("count", "created", "ended", "handle", "index", "kind", "parent", "remote", "state")

    def __init__(self, handle: int, kind: str, index: int, created: float) -> None:
        self.handle = handle
        self.kind = kind
        self.index = index
        self.parent: Entry | None = None
        self.created = created
        self.state = ""
        self.remote = ""
        self.count: int | None = None
        self.ended: frozenset[str] = frozenset()


Watch = Callable[[Entry, tuple[Value, ...], Value], None]
"""Takes note of a call: its receiver, the arguments behind that, the outcome."""


def next_state(machine: Machine, name: str, state: str, outcome: str) -> str:
    """Where a call leads.

    Args:
        machine: of the receiver.
        name: the function as the rows name it: ``start-bind``, ``stream(some)``.
        state: before.
        outcome: ``ok``, ``would-block``, ``error``, or ``-`` for an error that leaves the socket untouched.
    """
    rows = machine.cells(name)
    row = rows.get(state)
    if row is not None:
        return row.get(outcome, state)
    if outcome == OK_OUTCOME:
        ends = {row[OK_OUTCOME] for row in rows.values() if OK_OUTCOME in row}
        if len(ends) == 1:
            return ends.pop()
    return state


def watch_of(function: Function, machines: Mapping[str, Machine]) -> Watch | None:
    """What takes note of the calls of a function, None for those that change nothing that is noted."""
    if function.resource is None:
        return None
    machine = machines.get(function.resource.name)
    if machine is not None:
        if not machine.moves(function.member):
            return None
        return _ending(machine, _moving(machine, function))
    if str(function.err) == "stream-error":
        return _flowing(function, machines["tcp-socket"])
    return _looking if function.member == "resolve-next-address" else None


def _outcome(machine: Machine, outcome: Value) -> str:
    if not isinstance(outcome, Err):
        return OK_OUTCOME
    if outcome.value == "would-block":
        return WOULD_BLOCK
    # A stream call of UDP that is refused for its argument never left the old peer; the rows say so beside them.
    if machine.resource == "udp-socket" and outcome.value in ("invalid-argument", "access-denied"):
        return ANY
    return ERROR


def _moving(machine: Machine, function: Function) -> Watch:
    member = function.member
    if machine.variants(member) == (member,):

        def move(entry: Entry, arguments: tuple[Value, ...], outcome: Value) -> None:
            entry.state = next_state(machine, member, entry.state, _outcome(machine, outcome))

        return move
    index = next(i for i, (_, type_) in enumerate(function.params) if isinstance(resolve(type_), Option))

    def choose(entry: Entry, arguments: tuple[Value, ...], outcome: Value) -> None:
        name = f"{member}({'none' if arguments[index] is None else 'some'})"
        entry.state = next_state(machine, name, entry.state, _outcome(machine, outcome))

    return choose


def _ending(machine: Machine, move: Watch) -> Watch:
    """Beside the move, what a ``shutdown`` ends."""
    if not machine.moves("shutdown"):
        return move

    def watch(entry: Entry, arguments: tuple[Value, ...], outcome: Value) -> None:
        move(entry, arguments, outcome)
        if arguments and arguments[0] in ("send", "both") and isinstance(outcome, Ok):
            _end(machine, entry, "out")

    return watch


def _end(machine: Machine, socket: Entry, *directions: str) -> None:
    socket.ended |= frozenset(directions)
    if len(socket.ended) == 2:
        socket.state = next_state(machine, TERMINATED, socket.state, ANY)


def _flowing(function: Function, machine: Machine) -> Watch:
    """What a stream's call moved, and whether it showed the end of the connection."""
    member = function.member
    side = "in" if member.endswith(("read", "skip")) else "out"

    def watch(entry: Entry, arguments: tuple[Value, ...], outcome: Value) -> None:
        value = outcome.value
        if isinstance(outcome, Ok):
            moved = _moved(member, arguments, value)
            if moved:
                entry.count = (entry.count or 0) + moved
            return
        entry.state = "closed"
        socket = entry.parent
        if socket is not None and socket.kind == machine.resource:
            _end(machine, socket, *(("in", "out") if value.name == "last-operation-failed" else (side,)))

    return watch


def _moved(member: str, arguments: tuple[Value, ...], value: Value) -> int:
    if value is None:
        if "zeroes" in member:
            return int(arguments[0])
        return len(arguments[0]) if "write" in member else 0
    if isinstance(value, bytes):
        return len(value)
    return 0 if member == "check-write" else int(value)


def _looking(entry: Entry, arguments: tuple[Value, ...], outcome: Value) -> None:
    if not (isinstance(outcome, Err) and outcome.value == "would-block"):
        entry.state = "resolved"
