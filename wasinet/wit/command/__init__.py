"""The world of 0.2 programs: all that a ``wasi:cli/command`` component may import, and what it offers.

It is the 0.2 world and, beside that, the rest of the clocks, the command line, random numbers and the
filesystem. The signatures have been the same since 0.2.0, so it serves every 0.2 component.
"""

from __future__ import annotations

from wasinet.wit import v0_2
from wasinet.wit.command import cli, filesystem, random, wall_clock
from wasinet.wit.command.codes import CODES
from wasinet.wit.declare import Package, World

__all__ = ["WORLD"]

_CLOCKS = "wasi:clocks@0.2.12"
_KNOWN = {code.name for code in v0_2.WORLD.error_codes}

WORLD = World(
    name="0.2-command",
    packages=(
        *(
            Package(package.name, (*package.interfaces, *wall_clock.INTERFACES)) if package.name == _CLOCKS else package
            for package in v0_2.WORLD.packages
        ),
        Package("wasi:cli@0.2.12", cli.INTERFACES),
        Package("wasi:random@0.2.12", random.INTERFACES),
        Package("wasi:filesystem@0.2.12", filesystem.INTERFACES),
    ),
    machines=v0_2.WORLD.machines,
    # Two enums; the one code that is in both, would-block, means the same in both.
    error_codes=(*v0_2.WORLD.error_codes, *(code for code in CODES if code.name not in _KNOWN)),
)
