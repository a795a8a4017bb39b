"""How a command runs a program: a host, its readers, the events' way out, and an orderly end.

    with Session(ctx.obj) as session:
        session.run(tcp_connect.connect(session.host, address, output_fd=session.output_fd))

``run`` takes any iterable of events. The session ends the program before it closes the host, on
every way out, interruptions included.
"""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from wasinet.cli.output import results, write_json, write_line
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.hosts import make_host
from wasinet.oscalls.interruption import leave, remaining
from wasinet.programs.events import CallFailed, Event, Idle, LocalFailed
from wasinet.render.color import wants_color
from wasinet.render.theme import Painter
from wasinet.wit import DEFAULT_WORLD

if TYPE_CHECKING:
    from wasinet.hosts import Host
    from wasinet.render.trace import TraceReader

__all__ = ["Session", "drain_limit"]

_DRAIN = 5.0
"""Seconds that what was written has to go out in at the end."""
_DRAIN_INTERRUPTED = 1.0


def drain_limit(*, interrupted: bool) -> float:
    """The seconds that what was written is given to go out at the end; ``--timeout`` bounds them, too."""
    left = remaining()
    if interrupted or left is None:
        return _DRAIN_INTERRUPTED if interrupted else _DRAIN
    return min(_DRAIN, left)


class Session:
    """A host for one command, and where its events go.

    Args:
        settings: ``ctx.obj``.
        many_files: raise the soft limit of open files to the hard one.
        host: instead of the one that the settings name, for tests and special resolvers.
        worlds: which the program speaks.
        loss: what to say of written bytes that could not be delivered in so many seconds, for a program whose
            exit code is its own; without it they fail the command.

    Attributes:
        host: what programs call.
        paint: colours for standard error.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        many_files: bool = False,
        host: Host | None = None,
        worlds: Sequence[str] = (DEFAULT_WORLD,),
        loss: Callable[[float], str] | None = None,
    ) -> None:
        if settings.world not in worlds:
            raise BadValue(f"--world: this command speaks {' and '.join(worlds)}, not {settings.world}")
        if many_files:
            _raise_file_limit()
        self.settings = settings
        self.host: Host = host or make_host(settings.host, settings.world)
        self.paint = Painter(wants_color(settings.color, sys.stderr))
        self._start = time.monotonic()
        self._readers: list[TraceReader] = []
        self._loss = loss

    def __enter__(self) -> Self:
        settings = self.settings
        if settings.trace or settings.trace_file or settings.trace_summary:
            from wasinet.cli.tracing import readers

            self._readers = readers(settings, self.paint)
            for reader in self._readers:
                self.host.attach(reader)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        interrupted = isinstance(error, KeyboardInterrupt)
        limit = drain_limit(interrupted=interrupted)
        leave()
        delivered = True
        try:
            if error is not None:
                self._show_failure(error)
            delivered = self.host.close(limit)
        finally:
            for reader in self._readers:
                reader.finish()
        if delivered or interrupted:
            return
        if self._loss is not None:
            write_line(sys.stderr, f"wasinet: {self.settings.command}: {self._loss(limit)}")
        elif error is None:
            raise LocalFailed("send what was written", f"the peer took not all of it in {limit:.3g} seconds")

    @property
    def elapsed(self) -> float:
        """Seconds since the session's start."""
        return time.monotonic() - self._start

    @property
    def output_fd(self) -> int:
        """The descriptor for received data: standard output, or standard error where a trace has taken that."""
        return 2 if self.settings.stdout_taken else 1

    def run(self, events: Iterable[Event]) -> None:
        """Run a program to its end, and show its events."""
        try:
            for event in events:
                self.show(event)
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()

    def show(self, event: Event) -> None:
        """Show one event: as JSON on standard output, or as a line on standard error."""
        settings = self.settings
        if settings.json:
            from wasinet.render.jsonvalue import event_json

            write_json(results(settings), event_json(event.name, self.elapsed, event.fields))
        elif not settings.quiet:
            from wasinet.render.events import event_line, is_shown

            if is_shown(event, settings.verbose):
                write_line(sys.stderr, event_line(event, self.paint))

    def _show_failure(self, error: BaseException) -> None:
        """With ``--json`` what ended the program is an event too, the last one."""
        if not self.settings.json:
            return
        if isinstance(error, CallFailed):
            function, target, code, reason = error.function, error.target, error.code, error.reason
        elif isinstance(error, LocalFailed) and error.errno != errno.EPIPE:
            function, target, reason = "", error.what, error.reason
            code = errno.errorcode.get(error.errno or 0, "failed")
        elif isinstance(error, Idle):
            function, target, code = "", error.peer, "idle"
            reason = f"nothing came or went for {error.seconds:g} s"
        else:
            return
        try:
            self.show(Event("error", function=function, target=target, code=code, reason=reason))
        except LocalFailed:
            # What ended the command is said on standard error anyway.
            pass


def _raise_file_limit() -> None:
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            # The limit that there is serves fewer clients, and that is all.
            pass
