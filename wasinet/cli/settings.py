"""What the common options say: one object that every command is given."""

from __future__ import annotations

from typing import Any

from wasinet.wit import DEFAULT_WORLD

__all__ = ["ConfigError", "Settings"]


class ConfigError(Exception):
    """The configuration file is not right: ``PATH:LINE: what is wrong; what would be right``. Ends a command with 2."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")


class Settings:
    """The common options; ``ctx.obj`` of every command.

    Attributes:
        world: the world's name.
        host: what answers the calls.
        json: events and results as JSON on standard output.
        trace: show every call on standard error.
        trace_file: where call records go as NDJSON, ``-`` for standard output.
        trace_summary: counts, errors and times per function at the end.
        trace_only: the groups of calls that a trace shows (``wasinet.render.tracefilter``); empty for all.
        trace_errors: show failures only.
        trace_data: how many bytes of data a trace shows.
        timeout: nanoseconds that the whole command may take; None for any.
        quiet: no events on standard error.
        verbose: more of them, and the reasons of errors.
        color: ``auto``, ``always`` or ``never``.
        debug: show tracebacks.
        command: the words that named the command: ``tcp connect``.
        defaults: from the configuration file: an option, ``--idle-timeout``, to the value that it has
            in every command that knows it.
        sources: where an option's value came from that was not on the command line: ``--world`` to
            ``WASINET_WORLD`` or ``FILE:LINE: world``, for messages.
        config_error: what is wrong with the configuration file, or None.
    """

    def __init__(self) -> None:
        self.world = DEFAULT_WORLD
        self.host = "native"
        self.json = False
        self.trace = False
        self.trace_file: str | None = None
        self.trace_summary = False
        self.trace_only: tuple[str, ...] = ()
        self.trace_errors = False
        self.trace_data = 64
        self.timeout: int | None = None
        self.quiet = False
        self.verbose = False
        self.color = "auto"
        self.debug = False
        self.command = ""
        self.defaults: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.config_error: Exception | None = None

    def blamed(self, message: str) -> str:
        """A message about an option with the place that its value came from instead of its name."""
        option = message.partition(":")[0]
        source = self.sources.get(option)
        return message if source is None else f"{source}{message.removeprefix(option)}"

    @property
    def stdout_taken(self) -> bool:
        """Whether the trace has standard output for itself; what else would go there goes to standard error."""
        return self.trace_file == "-"
