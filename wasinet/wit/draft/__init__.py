"""The draft world: the example world of early 2023, nine interfaces from before resources and packages with versions.

Its handles are numbers, and its functions take theirs as a first parameter ``this``.
"""

from __future__ import annotations

from wasinet.wit.declare import Package, World
from wasinet.wit.draft import lookup, machines, network, poll, streams, tcp, udp
from wasinet.wit.draft.codes import CODES

__all__ = ["WORLD"]

WORLD = World(
    name="draft",
    packages=(
        Package(
            "draft",
            (
                *network.INTERFACES,
                *poll.INTERFACES,
                *udp.INTERFACES,
                *streams.INTERFACES,
                *tcp.INTERFACES,
                *lookup.INTERFACES,
            ),
        ),
    ),
    machines={machine.resource: machine for machine in (machines.TCP, machines.UDP)},
    error_codes=CODES,
)
