"""The world of commands for tests: its functions bound to an engine, and a folder for its files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.support import need
from wasinet.engine.engine import Engine
from wasinet.engine.filesystem import Descriptor
from wasinet.engine.policy import ALLOW_ALL
from wasinet.engine.program import Preopen, Program
from wasinet.oscalls import Os
from wasinet.wit.values import Value
from wasinet.worlds import command

__all__ = ["FOLLOW", "NOTHING", "Guest", "flags", "granted"]

NOTHING: frozenset[str] = frozenset()
FOLLOW = frozenset({"symlink-follow"})


def flags(text: str) -> frozenset[str]:
    """``read write`` as a value of a flags type."""
    return frozenset(text.split())


def granted(folder: Path, *, read_only: bool = False) -> Program:
    """A program that has one folder, as ``/data``."""
    return Program(preopens=(Preopen(str(folder), "/data", read_only),))


class Guest:
    """What a program sees: the functions of its world."""

    def __init__(self, program: Program, system: Os | None = None) -> None:
        self.engine = Engine(command.WORLD.machines, ALLOW_ALL, system)
        try:
            self.operations = command.operations(self.engine, program)
        except BaseException:
            self.engine.close()
            raise

    def call(self, function: str, *arguments: Value) -> Any:
        return self.operations[function](*arguments)

    def drop(self, *handles: int) -> None:
        for handle in handles:
            self.engine.drop(handle)

    def close(self, timeout: float = 0.0) -> bool:
        return self.engine.close(timeout)

    # Files

    def folder(self) -> int:
        """A new descriptor of the first folder that the program was given."""
        (handle, _), *_ = self.call("get-directories")
        return int(handle)

    def open(self, folder: int, path: str, opened_for: str = "read", how: str = "", *, follow: bool = True) -> Value:
        """``open-at``, with flags as words."""
        return self.call(
            "descriptor.open-at", folder, FOLLOW if follow else NOTHING, path, flags(how), flags(opened_for)
        )

    def file(self, folder: int, path: str, opened_for: str = "read", how: str = "") -> int:
        """``open-at`` that must do."""
        return int(need(self.open(folder, path, opened_for, how)))

    def target(self, handle: int) -> str:
        """Where the system says that a descriptor is."""
        descriptor = self.engine.get(handle, Descriptor)
        return os.readlink(f"/proc/self/fd/{descriptor.fd}")
