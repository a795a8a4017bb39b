"""The world of 0.2 programs over the engine: 0.2, and what a program has beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wasinet import wit
from wasinet.engine import standard
from wasinet.engine.engine import Engine, Operation
from wasinet.engine.filesystem import (
    Descriptor,
    DirectoryEntryStream,
    Preopens,
    file_code_of,
    filesystem_error_code,
)
from wasinet.engine.program import Program
from wasinet.engine.resource import Resource
from wasinet.engine.standard import StandardStreams, TerminalInput, TerminalOutput
from wasinet.wit.declare import World
from wasinet.wit.values import Some
from wasinet.worlds import v0_2

__all__ = ["RESOURCES", "STREAMS_ARE_CHILDREN", "WORLD", "operations"]

WORLD: World = wit.load("0.2-command")
STREAMS_ARE_CHILDREN = v0_2.STREAMS_ARE_CHILDREN

RESOURCES: Mapping[str, type[Resource]] = {
    **v0_2.RESOURCES,
    **{cls.kind: cls for cls in (Descriptor, DirectoryEntryStream, TerminalInput, TerminalOutput)},
}

_FREE: Mapping[str, Callable[..., Any]] = {
    **v0_2.FREE,
    "exit.exit": standard.end,
    "exit.exit-with-code": standard.end_with_code,
    "insecure-seed.insecure-seed": standard.seed,
    "insecure.get-insecure-random-bytes": standard.random_bytes,
    "insecure.get-insecure-random-u64": standard.random_u64,
    "random.get-random-bytes": standard.random_bytes,
    "random.get-random-u64": standard.random_u64,
    "timezone.display": standard.timezone,
    "timezone.utc-offset": lambda engine, when: standard.timezone(engine, when)["utc-offset"],
    "types.filesystem-error-code": filesystem_error_code,
    "wall-clock.now": standard.time_of_day,
    "wall-clock.resolution": lambda engine: {"seconds": 0, "nanoseconds": 1},
}

_CODES = {"types": file_code_of}


def operations(engine: Engine, program: Program = Program()) -> dict[str, Operation]:  # noqa: B008  # immutable
    """Every function of the world, bound to an engine and to one run of a program, by the world's key.

    What the program holds of the system is given back when the engine is closed. ``exit`` and
    ``exit-with-code`` raise ``Exit``.

    Raises:
        OSError: a folder of the program's cannot be opened; ``filename`` says which.
    """
    cwd = None if program.cwd is None else Some(program.cwd)
    free = {
        **_FREE,
        **StandardStreams(engine, program).effects(),
        "environment.get-arguments": lambda engine: list(program.arguments),
        "environment.get-environment": lambda engine: list(program.environment),
        "environment.initial-cwd": lambda engine: cwd,
        "preopens.get-directories": Preopens(engine, program.preopens).get_directories,
    }
    return v0_2.bound(engine, WORLD, RESOURCES, free, _CODES)
