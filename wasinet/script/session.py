"""A session: a host, the variables and handles of its caller, and the calls that were made."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator

from wasinet.engine.faults import Trap
from wasinet.hosts import CallRecord, Host, Trapped, make_host
from wasinet.hosts.recording import drop_function
from wasinet.script.binding import Bound, bind_all, fill
from wasinet.script.names import DROP, NET, default_name, gives_handles, handles_in, names_of
from wasinet.script.outcomes import outcome_text
from wasinet.script.reader import Ref
from wasinet.script.syntax import is_name, parse
from wasinet.wave.errors import WaveError
from wasinet.wave.human import HumanPrinter
from wasinet.wit.data import Data
from wasinet.wit.declare import Function
from wasinet.wit.types import Own, Tuple, Type, handle_of, resolve
from wasinet.wit.values import Err, Ok, Value

__all__ = ["NetworkMade", "Session", "Step", "Variable"]

_PRINTER = HumanPrinter(64)
_HANDLE = re.compile(r"#([0-9]+)")
_ADVICE = re.compile(r"Try: ([a-z-]+)\Z")


class Variable(Data):
    """What a name stands for."""

    value: Value
    type: Type


class NetworkMade(Data):
    """A network that the session made, and its rules."""

    name: str
    rules: tuple[str, ...]
    handle: int


class Step:
    """One call that was made.

    Attributes:
        bound: the call as it was read; ``bound.source`` is its text.
        function: what was called.
        arguments: the WIT values, the receiver's handle first for methods.
        outcome: the WIT value that came back, or Trapped.
        handle: the receiver, or None.
        before: the receiver's state before, empty where it has none.
        after: and after.
        time: seconds since the session's start when the call began.
        duration: seconds that it took.
        assigned: the variables that it set, default names of new handles included.
        host: what answered.
    """

    __slots__ = (
        "after",
        "arguments",
        "assigned",
        "before",
        "bound",
        "duration",
        "function",
        "handle",
        "host",
        "outcome",
        "time",
    )

    def __init__(self, bound: Bound, function: Function, arguments: list[Value], handle: int | None, host: str) -> None:
        self.bound = bound
        self.function = function
        self.arguments = arguments
        self.handle = handle
        self.host = host
        self.outcome: Value | Trapped = None
        self.before = self.after = ""
        self.time = self.duration = 0.0
        self.assigned: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it gave ``err`` or trapped."""
        return isinstance(self.outcome, Err | Trapped)

    @property
    def record(self) -> CallRecord:
        """The call as readers of a host are told of it."""
        return CallRecord(
            self.time,
            self.duration,
            self.host,
            self.function,
            tuple(self.arguments),
            self.outcome,
            self.handle,
            self.before,
            self.after,
        )


class Session:
    """Runs calls and keeps what they gave.

    Args:
        make: makes the host, and another one at each ``reset``.
        keep: how many of the last steps ``history`` keeps; None for all.

    Attributes:
        host: what answers the calls.
        names: what can be called.
        variables: by name. ``net`` enters when it is first used.
        unset: names whose assignment failed, and why.
        handle_names: the readable name of every handle that has one.
        history: the calls that were made and the networks, oldest first.
    """

    def __init__(self, make: Callable[[], Host] = make_host, keep: int | None = 0) -> None:
        self._make = make
        self._keep = keep
        self._begin(make())

    def _begin(self, host: Host) -> None:
        self.host = host
        self.names = names_of(host.world)
        self.variables: dict[str, Variable] = {}
        self.unset: dict[str, str] = {}
        self.handle_names: dict[int, str] = {}
        self.history: list[Step | NetworkMade] = []
        self._kinds: dict[int, str] = {}
        # By prefix the number below which all default names are taken, so that naming a handle is one look-up.
        self._named_to: dict[str, int] = {}
        self._machines = frozenset(host.world.machines)
        self._start = time.monotonic()

    def reset(self, timeout: float = 0.0) -> None:
        """Close the host and begin anew."""
        self.host.close(timeout)
        self._begin(self._make())

    # What names stand for (the scope of binding)

    def type_of(self, name: str) -> Type | None:
        found = self.variables.get(name)
        if found is not None:
            return found.type
        return None if name in self.unset else self.names.default_type(name)

    def variable_names(self) -> list[str]:
        return [*self.variables, *(() if NET in self.variables else (NET,))]

    def why_not(self, name: str) -> str:
        return self.unset.get(name, "")

    def kind_of(self, handle: int) -> str | None:
        return self._kinds.get(handle) or self.host.kind(handle) or None

    def name_of(self, handle: int) -> str:
        """How to write a handle: its name, or ``#3``."""
        return self.handle_names.get(handle) or f"#{handle}"

    def assign(self, name: str, value: Value, type_: Type) -> None:
        """Set a variable."""
        old = self.variables.get(name)
        if old is not None and handle_of(old.type) is not None and self.handle_names.get(old.value) == name:
            del self.handle_names[old.value]
        self.unset.pop(name, None)
        self.variables[name] = Variable(value, type_)
        resource = handle_of(type_)
        if resource is not None:
            self._kinds[value] = resource.name
            self.handle_names[value] = name

    # Calls

    def prepare(self, text: str) -> list[Bound]:
        """The calls of a text, checked but not made.

        Raises:
            WaveError: the first mistake; nothing was called.
        """
        script = parse(text)
        if script.error is not None:
            raise script.error
        return bind_all(script, self.names, self)

    def evaluate(self, text: str) -> Iterator[Step]:
        """Check a text, then make its calls one by one, up to the first that fails.

        Raises:
            WaveError: a mistake in the text; nothing was called.
        """
        for bound in self.prepare(text):
            step = self.run(bound)
            yield step
            if step.failed:
                return

    def run(self, bound: Bound) -> Step:
        """Make a call.

        Raises:
            WaveError: a variable is not set, or its value is out of range; nothing was called.
        """
        arguments = bound.values
        if not bound.constant:
            try:
                arguments = [fill(value, self.lookup) for value in arguments]
            except WaveError as error:
                raise WaveError(error.message, bound.text, error.position) from None
        key, function, receiver = bound.key, bound.function, bound.receiver
        handle: int | None = None
        if key == DROP:
            handle = arguments[0]
            receiver = self.kind_of(arguments[0]) or "resource"
            function = drop_function(receiver)
        elif receiver is not None:
            handle = arguments[0]
            if bound.candidates:
                receiver = self.kind_of(arguments[0]) or receiver
                key, function = bound.candidates.get(receiver, (key, function))
        host = self.host
        step = Step(bound, function, arguments, handle, host.name)
        stateful = receiver in self._machines
        if stateful:
            step.before = host.state(arguments[0])
        start = time.monotonic()
        try:
            if key == DROP:
                host.drop(arguments[0])
            else:
                step.outcome = host.call(key, *arguments)
        except Trap as trap:
            step.outcome = Trapped(trap.message, trap.clause)
            if trap.ended:
                # Made anew when it is next asked for: a caller that never made it cannot have lost it.
                self.variables.pop(NET, None)
        finally:
            # An interrupted call has happened, too.
            step.time, step.duration = start - self._start, time.monotonic() - start
            if stateful:
                step.after = host.state(arguments[0])
        if bound.targets or gives_handles(function.result):
            self._take(step)
        if self._keep != 0:
            self.history.append(step)
            if self._keep is not None and len(self.history) > self._keep:
                del self.history[0]
        return step

    def lookup(self, ref: Ref) -> Value:
        """The value of a variable; ``net`` is made when it is first asked for.

        Raises:
            WaveError: it is not set.
        """
        found = self.variables.get(ref.name)
        if found is not None:
            return found.value
        network = self.names.default_network
        if ref.name == NET and NET not in self.unset and network is not None and network[1].result is not None:
            self.assign(NET, self.host.call(network[0]), network[1].result)
            return self.variables[NET].value
        reason = self.unset.get(ref.name)
        raise WaveError(f"{ref.name} is not set{f': {reason}' if reason else ''}", "", ref.position)

    def _take(self, step: Step) -> None:
        """Assign what came, and name the handles that have no name."""
        bound, outcome = step.bound, step.outcome
        targets = bound.targets
        assigned: list[str] = []
        if targets and step.failed:
            reason = f"{bound.text[bound.statement.calls : bound.statement.end]} gave {self.show(step)}"
            for name in targets:
                self._forget(name, reason)
        elif targets:
            assert bound.result is not None
            value: Value = outcome.value if isinstance(outcome, Ok) else outcome
            if bound.statement.grouped:
                result = resolve(bound.result)
                assert isinstance(result, Tuple)
                for name, item, type_ in zip(targets, value, result.items, strict=True):
                    self.assign(name, item, type_)
            else:
                self.assign(targets[0], value, bound.result)
            assigned += targets
        if not isinstance(outcome, Trapped):
            resources = self.host.world.resources
            for handle, kind in handles_in(outcome, step.function.result):
                if handle not in self.handle_names:
                    prefix = self.names.prefix(kind)
                    name = default_name(prefix, self.variables, self._named_to.get(prefix, 1))
                    self._named_to[prefix] = int(name[len(prefix) :])
                    self.assign(name, handle, Own(resources[kind]))
                    assigned.append(name)
        step.assigned = tuple(assigned)

    def _forget(self, name: str, reason: str) -> None:
        old = self.variables.pop(name, None)
        if old is not None and handle_of(old.type) is not None and self.handle_names.get(old.value) == name:
            del self.handle_names[old.value]
        self.unset[name] = reason
        prefix = name.rstrip("0123456789")
        if prefix in self._named_to and name != prefix:
            # Numbers of more digits than Python reads are not the lowest.
            self._named_to[prefix] = min(self._named_to[prefix], int(name[len(prefix) :][:18]))

    def show(self, step: Step) -> str:
        """The outcome for people: ``ok(#3)``, ``err(would-block)``, ``trap "..."``."""
        return outcome_text(step.function, step.outcome, _PRINTER)

    def reason(self, step: Step) -> str:
        """Why a call failed, with the names of this session: ``s is bound. Try: s.start-listen()``."""
        text = _HANDLE.sub(lambda found: self.name_of(int(found[1])), step.record.reason)
        if step.handle is None:
            return text
        return _ADVICE.sub(lambda found: f"Try: {self.name_of(step.handle or 0)}.{found[1]}()", text)

    def make_network(self, name: str, rules: Iterable[str]) -> int:
        """Make a network with a policy of its own, and the variable for it; gives its handle.

        Raises:
            ValueError: the name cannot be assigned, or a rule is none.
        """
        what = self.names.reserved.get(name)
        if what is not None or self.names.network is None:
            raise ValueError(f"{name} is {what or 'no network'} and cannot be assigned; choose another name")
        if not is_name(name) or name.startswith("%"):
            raise ValueError(f"{name} is no name for a network; e.g. fenced")
        rules = tuple(rules)
        handle = self.host.make_network(name, rules)
        self.assign(name, handle, self.names.network)
        if self._keep != 0:
            self.history.append(NetworkMade(name, rules, handle))
        return handle
