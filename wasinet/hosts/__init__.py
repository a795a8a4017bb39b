"""Hosts: what answers a call. One interface, ``Host``; programs and scripts know nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from importlib import import_module
from typing import Protocol

from wasinet.engine.policy import CREATES, Policy, PolicyError
from wasinet.engine.records import CallRecord, Reader, Trapped
from wasinet.wit import DEFAULT_WORLD, WORLD_NAMES
from wasinet.wit.data import Data
from wasinet.wit.declare import World
from wasinet.wit.values import Value

__all__ = [
    "DEFAULT_HOST",
    "HOST_NAMES",
    "CallRecord",
    "HandleInfo",
    "Host",
    "HostError",
    "HostStarved",
    "Reader",
    "Trapped",
    "make_host",
    "network_policy",
]

_HOSTS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "native": ("wasinet.hosts.native", "NativeHost", WORLD_NAMES),
    "wasmtime": ("wasinet.hosts.wasmtime", "WasmtimeHost", ("0.2",)),
}

HOST_NAMES = tuple(_HOSTS)
DEFAULT_HOST = "native"


class HostError(ValueError):
    """A host that is not to be had here, or what it does not have, in one line for people."""


class HostStarved(HostError):
    """What the host needs to start is used up, such as file descriptors."""


class HandleInfo(Data):
    """One live handle, for tables.

    Args:
        handle: its number.
        type: the resource's name.
        state: as documented; empty for resources without one.
        local: local address as text, empty where there is none.
        remote: the peer's, or what it stands for (the name of a lookup).
        parent: the handle that may not be dropped before it, or None.
        received: bytes in, None where nothing flows.
        sent: bytes out.
        age: seconds since it, or the parent that it came with, was made.
    """

    handle: int
    type: str
    state: str
    local: str
    remote: str
    parent: int | None
    received: int | None
    sent: int | None
    age: float


class Host(Protocol):
    """What answers calls.

    Attributes:
        name: ``native``, ``wasmtime``.
        world: the world whose functions it has.
        state_word: what its states are: ``state``, or ``expected state`` where the outcomes tell.
        missing: keys of functions that it does not have all the same; calling one traps and says so.
    """

    name: str
    world: World
    state_word: str
    missing: Collection[str]

    def call(self, function: str, *arguments: Value) -> Value:
        """Call a function by the world's key for it (``World.functions``).

        Args:
            function: ``tcp-socket.start-bind``.
            arguments: WIT values (``wasinet.wit.values``), the receiver's handle first for methods.

        Returns:
            The WIT value; ``Ok`` or ``Err`` for functions with a result.

        Raises:
            Trap: the call broke a rule of the API.
            KeyError: the world has no such function.
        """
        ...

    def drop(self, handle: int) -> None:
        """Dispose of a handle. Raises Trap where that is not allowed."""
        ...

    def attach(self, reader: Reader) -> None:
        """Have every call from now on recorded and told to ``reader``."""
        ...

    def detach(self, reader: Reader) -> None:
        """Stop telling ``reader``."""
        ...

    def open_input(self, fd: int, *, own: bool = False) -> int:
        """An ``input-stream`` over a descriptor of this process, standard input for instance.

        ``own`` makes dropping the stream close a regular file. Raises OSError for a closed descriptor.
        """
        ...

    def open_output(self, fd: int, *, own: bool = False) -> int:
        """An ``output-stream`` over a descriptor of this process; otherwise as ``open_input``."""
        ...

    def abandon(self, handle: int) -> None:
        """Give up what was written to an output stream and is not out yet: its drop then frees the descriptor."""
        ...

    def timer(self, seconds: float) -> int:
        """A ``pollable`` that becomes ready after a time, for worlds whose API has no clock."""
        ...

    def make_network(self, name: str, rules: Iterable[str]) -> int:
        """A ``network`` handle with a policy of its own; ``name`` is for people.

        ``network_policy`` reads the rules. Raises PolicyError (``wasinet.engine.policy``) for what is no rule,
        and HostError on hosts that have no policies.
        """
        ...

    def wait(self, handle: int, timeout: float) -> bool:
        """Wait until a pollable of this resource would be ready; False when ``timeout`` seconds came first."""
        ...

    def state(self, handle: int) -> str:
        """The state of a live handle; empty for none, and for dropped handles."""
        ...

    def kind(self, handle: int) -> str:
        """The resource's name of a live handle; empty for dropped handles, and for what is none."""
        ...

    def follow(self, changed: Callable[[int], None]) -> None:
        """Call ``changed`` with every handle that is made or dropped, or whose documented state may have moved.

        It may come early or too often: ``kind`` and ``state`` tell afterwards what became of the handle. This is
        how tables keep up with a session at a cost that follows from its calls, not from its live handles.
        There is one follower; the next one takes its place.
        """
        ...

    def handles(self) -> Iterator[HandleInfo]:
        """All live handles, oldest first."""
        ...

    def close(self, timeout: float = 0.0) -> bool:
        """End the session; False if written bytes could not be delivered within ``timeout`` seconds."""
        ...


def make_host(name: str = DEFAULT_HOST, world: str = DEFAULT_WORLD) -> Host:
    """A new host of this name for this world, with everything allowed.

    Raises:
        HostError: the host does not have this world, or cannot be used here.
        ValueError: there is no such host, or no such world.
    """
    if name not in _HOSTS:
        raise ValueError(f"no host is named {name!r}; there is {', '.join(HOST_NAMES)}")
    if world not in WORLD_NAMES:
        raise ValueError(f"no world is named {world!r}; there is {', '.join(WORLD_NAMES)}")
    module, cls, worlds = _HOSTS[name]
    if world not in worlds:
        raise HostError(f"the host {name} has the world {' and '.join(worlds)}, not {world}")
    host: Host = getattr(import_module(module), cls)(world=world)
    return host


def network_policy(rules: Iterable[str]) -> Policy:
    """The policy of a network: rules that allow, ``tcp-connect:127.0.0.1``, and such that deny, ``deny:udp-send``.

    Without rules nothing is allowed. Raises PolicyError for what is no rule of a network.
    """
    allow: list[str] = []
    deny: list[str] = []
    for rule in rules:
        (deny if rule.startswith("deny:") else allow).append(rule.removeprefix("deny:"))
    policy = Policy.parse(allow, deny)
    for one in (*policy.allow, *policy.deny):
        if one.use in CREATES:
            raise PolicyError(f"{one.text!r}: sockets are created without a network, so its rules cannot speak of it")
    return policy
