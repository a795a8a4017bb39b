"""Hosts for comparisons: the native one, and one with a planted mistake."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from wasinet import wit
from wasinet.conformance.deviations import Deviation, known
from wasinet.conformance.judge import Judge
from wasinet.hosts import Host
from wasinet.hosts.native import NativeHost
from wasinet.wit.declare import World
from wasinet.wit.machine import Machine, Row

WORLD = wit.load("0.2")
NATIVES = ("native", "native")
BOTH = ("native", "wasmtime")


def judge(hosts: tuple[str, str] = NATIVES, deviations: tuple[Deviation, ...] | None = None) -> Judge:
    """A judge of these hosts, with what is known of them or only what is given."""
    return Judge(WORLD, hosts, known(hosts) if deviations is None else deviations)


def with_row(resource: str, old: Row, new: Row | None) -> Callable[[], Host]:
    """Makes native hosts whose machine has another row, or none, in the place of one."""
    machine = WORLD.machines[resource]
    assert old in machine.rows
    rows = tuple(new if row == old else row for row in machine.rows)
    fields = {name: getattr(machine, name) for name in machine._fields}
    altered = Machine(**{**fields, "rows": tuple(row for row in rows if row is not None)})
    machines = MappingProxyType({**WORLD.machines, resource: altered})

    def make() -> Host:
        return _Altered(machines)

    return make


class _Altered(NativeHost):
    """A native host whose engine follows other rows."""

    def __init__(self, machines: MappingProxyType[str, Machine]) -> None:
        from wasinet import worlds
        from wasinet.engine.engine import Engine
        from wasinet.hosts.recording import Recording

        binding = worlds.load("0.2")
        self.world = World(WORLD.name, WORLD.packages, machines, WORLD.error_codes)
        self.engine = Engine(machines, streams_are_children=binding.STREAMS_ARE_CHILDREN)
        Recording.__init__(self, binding.operations(self.engine), self.engine.os.monotonic)
        self.drop = self.engine.drop
