"""The entry point: the one outer place where a run of the command becomes an exit code and a line."""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run ``wasinet`` with these arguments, the process's own by default; gives the exit code."""
    # Collections would only walk the growing modules, a tenth of the start-up; a command turns them on again.
    gc.disable()
    try:
        return _main(sys.argv[1:] if arguments is None else arguments, ours=arguments is None)
    except KeyboardInterrupt as interruption:
        # While modules were imported, or for a second time, on the way out.
        return getattr(interruption, "code", 130)


def _end_at_once() -> None:
    """Let Ctrl-C end the process until interruptions are installed, without a traceback from within an import."""
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        except ValueError:
            # Not the main thread.
            pass


def _main(arguments: list[str], *, ours: bool) -> int:
    """``ours`` says whether the process ends with the command."""
    from wasinet.cli.stdio import failed, finish, guard

    guard()
    try:
        if arguments == ["--version"]:
            # Answered here, before Typer costs four times what the interpreter does.
            from wasinet import __version__

            print(f"wasinet {__version__}")
            return finish(0)
        _end_at_once()
        from wasinet.cli.run import run
        from wasinet.oscalls.interruption import abandoned

        code = finish(run(arguments))
    except OSError as error:
        return finish(failed(error))
    if ours and abandoned():
        # A thread that still compiles would come back to an interpreter that is being taken down.
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
