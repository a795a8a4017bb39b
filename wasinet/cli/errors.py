"""Exit codes and messages: how each way of ending looks to the caller and to the person."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

from wasinet.cli.settings import ConfigError, Settings
from wasinet.cli.values import BadValue, show_duration
from wasinet.engine.faults import Trap
from wasinet.hosts import HostError, HostStarved
from wasinet.oscalls.interruption import Interruption, Terminated, TimedOut
from wasinet.programs.events import CallFailed, Idle, LocalFailed, NotInWorld, SomeFailed

__all__ = ["Mismatch", "report"]

DONE = 0
FAILED = 1
USAGE = 2
TRAP = 3
MISMATCH = 4
TIMED_OUT = TimedOut.code
INTERRUPTED = Interruption.code
BROKEN_PIPE = 141
TERMINATED = Terminated.code

# Codes that say too little without their reason.
_VAGUE = frozenset({"unknown", "invalid-state", "invalid-argument", "not-in-progress", "not-supported"})


class Mismatch(Exception):
    """What was expected is not what came; the differences have been shown."""


def report(error: BaseException, settings: Settings, arguments: list[str]) -> int:
    """Say on standard error what ended the command; gives the exit code."""
    if settings.debug or "--debug" in arguments:
        from wasinet.render.crash import traceback_lines

        _say(traceback_lines(error), fold=False)
    for kind, handle in _HANDLERS:
        if isinstance(error, kind):
            code, lines = handle(error, settings)
            break
    else:
        code, lines = _typer(error, settings)
    _say(lines)
    return code


Ending = tuple[int, tuple[str, ...]]
"""An exit code, and the lines that say what happened."""


def _named(settings: Settings, *parts: str) -> str:
    """``wasinet: tcp connect 127.0.0.1:9``, without the parts that are empty."""
    words = " ".join(filter(None, (settings.command, *parts)))
    return f"wasinet: {words}" if words else "wasinet"


def _call_failed(error: CallFailed, settings: Settings) -> Ending:
    from wasinet.wit import load

    line = f"{_named(settings, error.target)}: {error.code}"
    if error.reason and (settings.verbose or error.code in _VAGUE):
        line += f": {error.reason}"
    if settings.verbose and error.function:
        line += f" ({error.function})"
    code = load(settings.world).code(error.code)
    # The reason names the argument that is wrong; the advice, for all functions with arguments, speaks of others.
    if code is None or not code.advice or (error.reason and error.code == "invalid-argument"):
        return FAILED, (line,)
    return FAILED, (line, f"  {code.advice}")


def _local_failed(error: LocalFailed, settings: Settings) -> Ending:
    if error.errno == errno.EPIPE:
        return BROKEN_PIPE, ()
    return FAILED, (f"{_named(settings)}: {error.what}: {error.reason}",)


def _os_error(error: OSError, settings: Settings) -> Ending:
    if error.errno == errno.EMFILE:
        from wasinet.oscalls.files import descriptor_limit

        # The file that could not be opened may be any, a module of ours too.
        return FAILED, (f"{_named(settings)}: too many open files: {descriptor_limit()}",)
    what = f"{error.filename}: " if error.filename is not None else ""
    return FAILED, (f"{_named(settings)}: {what}{error.strerror or error}",)


def _no_memory(error: MemoryError, settings: Settings) -> Ending:
    return FAILED, (f"{_named(settings)}: there is not enough memory",)


def _trap(error: Trap, settings: Settings) -> Ending:
    clause = f" ({error.clause})" if error.clause else ""
    return TRAP, (f"{_named(settings)}: trap: {error.message}{clause}",)


def _bad_value(error: BadValue | HostError | NotInWorld, settings: Settings) -> Ending:
    first, *others = error.lines if isinstance(error, BadValue) else (str(error),)
    return USAGE, (f"{_named(settings)}: {settings.blamed(first)}", *others)


def _starved(error: HostStarved, settings: Settings) -> Ending:
    return FAILED, (f"{_named(settings)}: {error}",)


def _config_error(error: ConfigError, settings: Settings) -> Ending:
    return USAGE, (f"wasinet: {error}",)


def _timed_out(error: TimedOut, settings: Settings) -> Ending:
    after = show_duration(settings.timeout) if settings.timeout else "--timeout"
    return TIMED_OUT, (f"{_named(settings)}: timed out after {after}",)


def _idle(error: Idle, settings: Settings) -> Ending:
    return TIMED_OUT, (f"{_named(settings, error.peer)}: nothing came or went for {error.seconds:g} s",)


def _silent(code: int) -> Callable[[BaseException, Settings], Ending]:
    return lambda error, settings: (code, ())


_HANDLERS: tuple[tuple[type[BaseException], Callable[..., Ending]], ...] = (
    (CallFailed, _call_failed),
    (LocalFailed, _local_failed),
    (Idle, _idle),
    (SomeFailed, _silent(FAILED)),
    (BadValue, _bad_value),
    (ConfigError, _config_error),
    (HostStarved, _starved),
    (HostError, _bad_value),
    (NotInWorld, _bad_value),
    (Trap, _trap),
    (Mismatch, _silent(MISMATCH)),
    (TimedOut, _timed_out),
    (Terminated, _silent(TERMINATED)),
    (KeyboardInterrupt, _silent(INTERRUPTED)),
    (BrokenPipeError, _silent(BROKEN_PIPE)),
    (OSError, _os_error),
    (MemoryError, _no_memory),
)


def _typer(error: BaseException, settings: Settings) -> Ending:
    """What Typer raises, and all the rest."""
    if isinstance(error, SystemExit):
        return (error.code if isinstance(error.code, int) else int(error.code is not None)), ()
    typer = sys.modules.get("typer.exceptions")
    if typer is not None:
        if isinstance(error, typer.Exit):
            return error.exit_code, ()
        if isinstance(error, typer.Abort):
            return INTERRUPTED, ()
        if isinstance(error, typer.TyperException):
            from wasinet.cli.usage import usage_line

            return error.exit_code, (usage_line(error, settings),)
    from wasinet.render.crash import internal_error

    return FAILED, (f"wasinet: {internal_error(error)}",)


def _say(lines: tuple[str, ...], *, fold: bool = True) -> None:
    from wasinet.cli.output import write_line
    from wasinet.render.color import is_terminal, width_of

    if fold and is_terminal(sys.stderr):
        from wasinet.render.printable import wrapped

        width = width_of(sys.stderr)
        lines = tuple(part for line in lines for part in wrapped(line, width, hang="  "))
    try:
        for line in lines:
            write_line(sys.stderr, line)
    except (LocalFailed, ValueError):
        # Nobody listens; the exit code still tells.
        pass
