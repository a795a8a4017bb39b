"""Runs what was entered: calls, dot commands, and pipes into shell commands."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable

from wasinet.hosts import Reader, Trapped, make_host
from wasinet.programs.events import LocalFailed
from wasinet.render.crash import internal_error, traceback_lines
from wasinet.render.jsontext import call_json
from wasinet.render.printable import Printable, printed
from wasinet.render.table import table_text
from wasinet.render.theme import Painter
from wasinet.render.trace import joined
from wasinet.repl.commands import COMMANDS, Command, CommandError, find_command
from wasinet.repl.outcomes import changes_text, explanation, outcome_line, outcome_table, timing
from wasinet.repl.paths import Paths
from wasinet.script.binding import Bound
from wasinet.script.names import NET, near
from wasinet.script.session import Session, Step
from wasinet.script.syntax import parse, split_pipe
from wasinet.wave.errors import WaveError
from wasinet.wit import DEFAULT_WORLD

__all__ = ["Repl", "needs_more"]

FAILED = 1
USAGE = 2
TRAPPED = 3

Write = Callable[[str], None]
"""Takes a line without its end, or lines that are ``Printable``; anything else it escapes."""

_DRAIN = 1.0
_BARE = {"help": "help", "?": "help", "exit": "quit", "quit": "quit"}


class Repl:
    """One session at a prompt, or fed with lines.

    Args:
        write: takes the lines of results.
        complain: takes the lines that explain failures; where results go without it.
        color: whether to colour them.
        width: gives the columns of the page.
        world: the name of the world to begin with.
        host: and of the host.
        drawn: whether tables are for a terminal.
        debug: show the tracebacks of crashes.
        readers: told of every call.

    Attributes:
        session: the calls, variables and handles.
        paths: the states of the handles.
        form: how outcomes are shown, one of ``FORMATS``.
        timed: whether durations are shown.
        done: whether to leave.
        code: the exit code of the first failure, 0 without one.
    """

    def __init__(
        self,
        write: Write,
        complain: Write | None = None,
        *,
        color: bool = False,
        width: Callable[[], int] = lambda: 80,
        world: str = DEFAULT_WORLD,
        host: str = "native",
        drawn: bool = False,
        debug: bool = False,
        readers: tuple[Reader, ...] = (),
    ) -> None:
        self.write = write
        self.complain = complain or write
        self.paint = Painter(color)
        self.width = width
        self.world = world
        self.host = host
        self.drawn = drawn
        self.debug = debug
        self.readers = list(readers)
        self.form = "table"
        self.timed = False
        self.done = False
        self.code = 0
        self.loading = 0
        self.tracer: Reader | None = None
        self.session = Session(lambda: make_host(self.host, self.world), keep=None)
        self._begin()

    def _begin(self) -> None:
        self.paths = Paths(self.session.host)
        for reader in self.readers:
            self.session.host.attach(reader)

    # Entered text

    def run(self, text: str) -> None:
        """Run what was entered. Whatever goes wrong is said; only a plain Ctrl-C stops here, not what ends the process.

        Raises:
            LocalFailed: the lines of results cannot be written.
        """
        try:
            self._run(text)
        except KeyboardInterrupt as interruption:
            if type(interruption) is not KeyboardInterrupt:
                raise
            self.paths.look("interrupted")
            self.fail("interrupted", 130)
        except WaveError as error:
            self._bad_text(error)
        except CommandError as error:
            self.fail(str(error), USAGE)
        except (LocalFailed, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001  # A session with its sockets outlives the fault of one command.
            self._crashed(error)

    def feed(self, lines: Iterable[str]) -> None:
        """Run lines one after the other, as if each had been entered; what is open goes on with the next line.

        Raises:
            LocalFailed: the lines of results cannot be written.
        """
        entered = ""
        for line in lines:
            entered = f"{entered}\n{line}" if entered else line
            if not needs_more(entered):
                self.run(entered)
                entered = ""
            if self.done:
                return
        self.run(entered)

    def _run(self, text: str) -> None:
        text = text.strip()
        if not text:
            return
        word = text.split(maxsplit=1)[0]
        if word in _BARE:
            text = f".{_BARE[word]}{text[len(word) :]}"
        before, shell = split_pipe(text)
        if shell is None:
            self._enter(text)
        else:
            self._piped(before.strip(), shell.strip())

    def _enter(self, text: str) -> None:
        if text[0] in ".\\":
            self.command(text[1:])
        else:
            self.calls(text)

    def command(self, text: str) -> None:
        """Run a dot command, given without the dot.

        Raises:
            CommandError: there is no such command, or what it got is wrong.
        """
        name, _, rest = text.strip().partition(" ")
        command = find_command(name)
        if command is None:
            raise CommandError(f"there is no command .{name}{near(name, COMMANDS)}; see .help")
        command.load()(self, rest.strip())

    def calls(self, text: str) -> None:
        """Check a text, then make its calls up to the first that fails.

        Raises:
            WaveError: a mistake in the text; nothing was called.
        """
        for bound in self.session.prepare(text):
            if self.call(bound).failed:
                return

    def call(self, bound: Bound) -> Step:
        """Make a call and show what came of it."""
        step = self.session.run(bound)
        self.show(step)
        return step

    def show(self, step: Step) -> None:
        """Show a call's outcome and what it changed."""
        session = self.session
        changes = self.paths.look(step.function.member)
        if step.failed:
            self.failed(TRAPPED if isinstance(step.outcome, Trapped) else FAILED)
        if self.form == "json":
            self.write(call_json(step.record, step.time, step.assigned))
            return
        table = outcome_table(step) if self.form == "table" else None
        line = self.paint("ok", "ok") if table is not None else outcome_line(session, step, self.form, self.paint)
        # The predefined network is no news.
        told = [change for change in changes if session.handle_names.get(change.handle) != NET or step.assigned]
        changed = changes_text(session, step, told, self.paint)
        parts: list[str] = [line, *([changed] if changed else []), *([timing(step, self.paint)] if self.timed else [])]
        why = explanation(session, step) if step.failed else ""
        if why and self.complain is self.write:
            parts.insert(1, why)
        self.write(joined(Printable(), parts, self.width() if self.drawn else None))
        if table is not None:
            self.write(table_text(table, drawn=self.drawn, color=self.paint.color, width=self.width()))
        if why and self.complain is not self.write:
            self.complain(f"  {step.bound.source}: {why}")

    def _piped(self, text: str, shell: str) -> None:
        if not shell:
            raise CommandError("a shell command is missing behind |; e.g. s.local-address() | cat")
        if not text:
            raise CommandError("a call is missing before |; e.g. s.local-address() | cat")
        written: list[str] = []
        write, complain, paint, drawn = self.write, self.complain, self.paint, self.drawn
        self.write = written.append
        self.paint, self.drawn = Painter(False), False
        try:
            self._enter(text)
        finally:
            self.write, self.complain, self.paint, self.drawn = write, complain, paint, drawn
        given = "".join(f"{printed(line)}\n" for line in written)
        # Its output is taken and written by us, so that it goes where all results go.
        done = subprocess.run(shell, shell=True, input=given.encode(), stdout=subprocess.PIPE, check=False)
        shown = done.stdout.decode(errors="replace")
        if shown:
            # As it is, as if the command had written it itself: what it was given has nothing to escape.
            self.write(Printable(shown.removesuffix("\n")))
        if done.returncode:
            self.fail(f"{shell.split()[0]} ended with exit code {done.returncode}", FAILED)

    # Failures

    def failed(self, code: int) -> None:
        """Remember a failure's exit code, if it is the first."""
        self.code = self.code or code

    def fail(self, message: str, code: int = FAILED) -> None:
        """Say a failure in one line."""
        self.failed(code)
        self.complain(self.paint("error", message))

    def _bad_text(self, error: WaveError) -> None:
        self.failed(USAGE)
        *place, message = error.render(max(self.width() - 2, 20)).split("\n")
        for line in place:
            self.complain(f"  {line}")
        self.complain(self.paint("error", message))

    def _crashed(self, error: Exception) -> None:
        if self.debug:
            for line in traceback_lines(error):
                self.complain(line)
        self.fail(internal_error(error), FAILED)

    # The session as a whole

    def open_handles(self) -> list[str]:
        """The live handles but for the default network: ``s (tcp-socket)``."""
        session = self.session
        self.paths.look("")
        live = [(session.name_of(handle), kind) for handle, (kind, _) in self.paths.live.items()]
        return [f"{name} ({kind})" for name, kind in live if name != NET]

    def closed(self, handles: list[str]) -> None:
        """Say which handles were closed."""
        if handles:
            more = f" and {len(handles) - 8} more" if len(handles) > 8 else ""
            self.complain(self.paint("muted", f"closed {', '.join(handles[:8])}{more}"))

    def reset(self) -> None:
        """Begin anew, with the world and the host that are set now."""
        handles = self.open_handles()
        self.session.reset(_DRAIN)
        self._begin()
        self.closed(handles)

    def close(self, timeout: float = 5.0) -> bool:
        """Leave: close all handles and say which were open; False if written bytes could not be delivered."""
        handles = self.open_handles()
        delivered = self.session.host.close(timeout)
        self.closed(handles)
        return delivered

    def help_of(self, name: str) -> Command | None:
        """The dot command of this name, with or without its dot."""
        return find_command(name.lstrip(".\\"))


def needs_more(text: str) -> bool:
    """Whether a text goes on with the next line: a bracket is open."""
    head = text.lstrip()
    if not head or head[0] in ".\\" or head.split(maxsplit=1)[0] in _BARE:
        return False
    return parse(split_pipe(text)[0]).incomplete
