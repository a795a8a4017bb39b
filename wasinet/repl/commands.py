"""The dot commands, as data: name, arguments, help, function."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from wasinet.repl.faults import CommandError
from wasinet.wit.data import Data

__all__ = ["COMMANDS", "Command", "CommandError", "find_command"]


class Command(Data):
    """A dot command.

    Args:
        name: without the dot.
        arguments: for people: ``[HANDLE]``.
        help: one line.
        function: module below ``wasinet.repl`` and function, which takes the Repl and the text behind the name.
        completes: what each argument is: a handle, a topic, a file, a call, or words divided by ``|``.
    """

    name: str
    arguments: str
    help: str
    function: str
    completes: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """``.wait HANDLE``."""
        return f".{self.name} {self.arguments}".rstrip()

    def load(self) -> Callable[[Any, str], None]:
        """The function, whose module is imported only now."""
        module, _, name = self.function.partition(".")
        function: Callable[[Any, str], None] = getattr(import_module(f"wasinet.repl.{module}"), name)
        return function


_ALL = (
    Command("help", "[X]", "All commands, or what X is: command, function, state, code.", "views.help_", ("topic",)),
    Command("handles", "", "The live handles as a table.", "views.handles"),
    Command("tree", "", "The live handles, parents with their children.", "views.tree"),
    Command("states", "[HANDLE]", "The state machine with the current state lit, and the path.", "views.states",
            ("stateful",)),
    Command("explain", "X", "What a function, an error code or a state means.", "views.explain", ("topic",)),
    Command("history", "", "The calls of this session and what they gave.", "views.history"),
    Command("policy", "", "What the networks of this session allow.", "views.policy"),
    Command("trace", "on|off", "Show every call as the host sees it.", "switches.trace", ("on|off",)),
    Command("time", "on|off", "Show how long each call took.", "switches.time", ("on|off",)),
    Command("format", "table|wave|json", "How outcomes are shown.", "switches.format_", ("table|wave|json",)),
    Command("world", "[NAME]", "Show the world, or begin anew in another one.", "switches.world", ("world",)),
    Command("host", "[NAME]", "Show the host, or begin anew on another one.", "switches.host", ("host",)),
    Command("network", "NAME RULE...", "Make a network that allows only what its rules say.", "switches.network"),
    Command("drop", "HANDLE", "Dispose of a handle.", "switches.drop", ("handle",)),
    Command("reset", "", "Close all handles and forget all variables.", "switches.reset"),
    Command("wait", "HANDLE", "Wait until a handle is ready; Ctrl-C stops.", "waiting.wait", ("waitable",)),
    Command("watch", "INTERVAL CALL", "Repeat a call, e.g. every 500ms; Ctrl-C stops.", "waiting.watch",
            ("interval", "call")),
    Command("save", "FILE", "Write the session as a transcript that replays.", "files.save", ("file",)),
    Command("load", "FILE", "Run the calls of a file or transcript.", "files.load", ("file",)),
    Command("export", "python|transcript FILE", "Write the session as a program or transcript.", "files.export",
            ("python|transcript", "file")),
    Command("quit", "", "Leave; Ctrl-D does it, too.", "switches.quit_"),
)  # fmt: skip

COMMANDS = {command.name: command for command in _ALL}
"""By name, in the order of ``.help``."""


def find_command(name: str) -> Command | None:
    """The command of this name; ``.exit`` and ``.?`` count, too."""
    return COMMANDS.get({"exit": "quit", "?": "help"}.get(name, name))
