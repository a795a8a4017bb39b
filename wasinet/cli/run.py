"""One run of the command line: parse, invoke, and map whatever ends it to an exit code."""

from __future__ import annotations

from wasinet.cli.settings import Settings
from wasinet.oscalls.interruption import cause, install, leave

__all__ = ["run"]


def run(arguments: list[str]) -> int:
    """Run the command line; gives the exit code. No exception leaves this, and no traceback is shown by it."""
    settings = Settings()
    install()
    try:
        try:
            return _invoke(arguments, settings)
        finally:
            leave()
    except BaseException as error:  # noqa: BLE001  # SystemExit and interruptions have exit codes, too.
        from wasinet.cli.errors import report

        return report(cause(error), settings, arguments)


def _invoke(arguments: list[str], settings: Settings) -> int:
    from wasinet.cli.config import read_config
    from wasinet.cli.lazy import root

    read_config(settings)
    command = root()
    # Not Typer's own main: it turns every interruption into the same exit code.
    with command.make_context("wasinet", list(arguments), obj=settings) as ctx:
        code = command.invoke(ctx)
    return code if isinstance(code, int) else 0
