"""The table of commands: names, modules and one line of help. Nothing is imported until a command is invoked.

A command is a module with a function ``command``, annotated as Typer wants it; its docstring is the
help. ``ctx.obj`` is the ``Settings``. ``wasinet.cli.session`` says how one runs a program:

    def command(
        ctx: typer.Context,
        address: Annotated[Endpoint, typer.Argument(parser=ENDPOINT, help="Where to listen.")],
        idle_timeout: Annotated[int | None, typer.Option(parser=DURATION, help="...")] = None,
    ) -> None:
        \"\"\"Listen on ADDRESS.\"\"\"
        with Session(ctx.obj) as session:
            session.run(tcp_listen.listen(session.host, to_socket_address(address)))

Its examples stand in ``tools.examples``, and ``tools.describe`` says which metavars have completions.
``python -m tools.generate`` then makes its manual page, its completions and its line in the README.
"""

from __future__ import annotations

from collections.abc import Mapping

from wasinet.wit.data import Data

__all__ = ["COMMANDS", "Entry", "Group"]


class Entry(Data):
    """One command: the module below ``wasinet.cli`` and one line of help.

    ``calls`` is false for one that shows declarations only, so that it takes worlds without a host, too.
    """

    module: str
    help: str
    calls: bool = True


class Group(Data):
    """Commands under a common first word."""

    help: str
    commands: Mapping[str, Entry]


COMMANDS: Mapping[str, Entry | Group] = {
    "tcp": Group(
        "Connect and listen.",
        {
            "connect": Entry("tcp_connect", "Connect to a peer; standard input goes out, what comes in is printed."),
            "listen": Entry("tcp_listen", "Wait for connections and serve them."),
        },
    ),
    "udp": Group(
        "Send and receive datagrams.",
        {
            "send": Entry("udp_send", "Send datagrams, and print replies."),
            "recv": Entry("udp_recv", "Receive datagrams."),
        },
    ),
    "resolve": Entry("resolve", "Look up the addresses of names."),
    "poll": Entry("poll", "Wait until sources are ready: connections, datagrams, timers, standard input."),
    "run": Entry("run_component", "Run a WASI component, and answer its calls."),
    "call": Entry("call", "Make calls by hand, and print what each gives."),
    "repl": Entry("repl", "Make calls at a prompt, with completion; plain wasinet on a terminal is this, too."),
    "replay": Entry("replay", "Run transcripts, and compare what comes with what they expect."),
    "diff": Entry("diff", "Make the same calls on two hosts, and judge what differs."),
    "conform": Entry("conform", "Run the conformance suite on a host, with a score for each interface."),
    "fuzz": Entry("fuzz", "Make random calls on two hosts, and look for what nobody knows."),
    "demo": Entry("demo", "Show everything at work on loopback, in a few seconds."),
    "trace": Group(
        "Read what --trace-file wrote.",
        {
            "summary": Entry("trace_summary", "Calls by function, handles, and where the time went.", calls=False),
            "view": Entry("trace_view", "The timeline of each handle, as text or as a page.", calls=False),
        },
    ),
    "states": Entry("states", "The state machine of TCP or UDP sockets."),
    "explain": Entry("explain", "What a function, an error code or a state means.", calls=False),
    "wit": Entry("wit", "The declarations of a world, as WIT or JSON.", calls=False),
    "config": Group(
        "The configuration file: defaults for options, the keys of the REPL, colours.",
        {
            "show": Entry("config_show", "What is set, and where."),
            "path": Entry("config_path", "Where the file is, or would be."),
            "edit": Entry("config_edit", "Open the file in your editor, and check it."),
        },
    ),
    "man": Entry("man", "The manual page of a command."),
    "completion": Entry("completion", "Print the completions for bash, zsh or fish."),
}
