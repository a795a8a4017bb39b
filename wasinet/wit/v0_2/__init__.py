"""The 0.2 world: ``wasi:io``, ``wasi:clocks`` and ``wasi:sockets`` at 0.2.12.

The signatures of ``wasi:sockets`` have been the same since 0.2.0, so these declarations serve every
0.2 guest.
"""

from __future__ import annotations

from wasinet.wit.declare import Package, World
from wasinet.wit.v0_2 import clocks, io, lookup, machines, network, tcp, udp
from wasinet.wit.v0_2.codes import CODES

__all__ = ["WORLD"]

WORLD = World(
    name="0.2",
    packages=(
        Package("wasi:io@0.2.12", io.INTERFACES),
        Package("wasi:clocks@0.2.12", clocks.INTERFACES),
        Package("wasi:sockets@0.2.12", (*network.INTERFACES, *lookup.INTERFACES, *tcp.INTERFACES, *udp.INTERFACES)),
    ),
    machines={machine.resource: machine for machine in (machines.TCP, machines.UDP)},
    error_codes=CODES,
)
