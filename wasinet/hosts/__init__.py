"""Hosts: what answers a call. One interface, ``Host``; programs and scripts know nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from wasinet.engine.records import CallRecord, Reader, Trapped
from wasinet.wit.data import Data
from wasinet.wit.declare import World
from wasinet.wit.values import Value

__all__ = ["CallRecord", "HandleInfo", "Host", "Reader", "Trapped"]


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
        age: seconds since it was made.
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
        name: ``native``.
        world: the world whose functions it has.
    """

    name: str
    world: World

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

    def state(self, handle: int) -> str:
        """The state of a live handle; empty for none, and for dropped handles."""
        ...

    def errno(self, error: int) -> int | None:
        """The operating system's errno behind an ``error`` handle, where there is one."""
        ...

    def handles(self) -> Iterator[HandleInfo]:
        """All live handles, oldest first."""
        ...

    def close(self, timeout: float = 0.0) -> bool:
        """End the session; False if written bytes could not be delivered within ``timeout`` seconds."""
        ...
