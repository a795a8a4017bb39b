"""``wasi:cli``: what a command-line program has of its surroundings, and how it ends."""

from __future__ import annotations

from wasinet.wit.declare import Function, Interface, Note
from wasinet.wit.types import STRING, U8, List, Option, Own, Resource, Result, Tuple
from wasinet.wit.v0_2.io import INPUT_STREAM, OUTPUT_STREAM

__all__ = ["INTERFACES", "TERMINAL_INPUT", "TERMINAL_OUTPUT"]

TERMINAL_INPUT = Resource("terminal-input")
TERMINAL_OUTPUT = Resource("terminal-output")

_STREAMS = "wasi:io/streams@0.2.12"
_END = Note(
    "The call never returns: the program ends inside it, with its resources closed and what it wrote delivered.",
    "wasi:cli/exit exit",
)
_EACH_CALL = Note(
    "Each call gives a new handle of the same stream: an end or a failure that one has seen is there for all, and what "
    "they write stays in order. Dropping them leaves the descriptor open.",
    "wasi:cli/stdin get-stdin; wasi:cli/stdout get-stdout; wasi:cli/stderr get-stderr",
)


def _stream(which: str, what: str, result: Resource) -> Interface:
    return Interface(
        which,
        functions=(
            Function(
                which,
                f"get-{which}",
                (),
                Own(result),
                f"Returns a stream of {what}.",
                posix=f"{which}(3)",
                notes=(_EACH_CALL,),
            ),
        ),
        uses=((_STREAMS, (result.name,)),),
        summary=f"The program's {what}.",
    )


def _terminal(which: str, what: str, result: Resource) -> Interface:
    name = f"terminal-{which}"
    return Interface(
        name,
        functions=(
            Function(
                name,
                f"get-{name}",
                (),
                Option(Own(result)),
                f"Returns a handle if {what} is a terminal, and none otherwise.",
                posix="isatty(3)",
            ),
        ),
        uses=((result.name, (result.name,)),),
        summary=f"Whether {what} is a terminal.",
    )


INTERFACES = (
    Interface(
        "environment",
        functions=(
            Function(
                "environment",
                "get-environment",
                (),
                List(Tuple((STRING, STRING))),
                "Returns the program's environment variables as pairs of name and value.",
                posix="environ(7)",
            ),
            Function(
                "environment",
                "get-arguments",
                (),
                List(STRING),
                "Returns the program's arguments, its own name first.",
                posix="argv of main",
            ),
            Function(
                "environment",
                "initial-cwd",
                (),
                Option(STRING),
                "Returns the folder that relative paths start from, if the program was given one.",
                posix="getcwd(3)",
            ),
        ),
        summary="Arguments and environment variables.",
    ),
    Interface(
        "exit",
        functions=(
            Function(
                "exit",
                "exit",
                (("status", Result()),),
                None,
                "Ends the program, as a success or as a failure.",
                posix="exit(3)",
                notes=(_END,),
            ),
            Function(
                "exit",
                "exit-with-code",
                (("status-code", U8),),
                None,
                "Ends the program with this exit code.",
                posix="exit(3)",
                notes=(_END,),
                since="unstable cli-exit-with-code",
            ),
        ),
        summary="How a program ends itself.",
    ),
    Interface(
        "run",
        functions=(Function("run", "run", (), Result(), "Runs the program to its end.", posix="main"),),
        summary="What a program offers: the function that runs it.",
        exported=True,
    ),
    _stream("stdin", "standard input", INPUT_STREAM),
    _stream("stdout", "standard output", OUTPUT_STREAM),
    _stream("stderr", "standard error", OUTPUT_STREAM),
    Interface("terminal-input", {"terminal-input": TERMINAL_INPUT}, summary="The input side of a terminal."),
    Interface("terminal-output", {"terminal-output": TERMINAL_OUTPUT}, summary="The output side of a terminal."),
    _terminal("stdin", "standard input", TERMINAL_INPUT),
    _terminal("stdout", "standard output", TERMINAL_OUTPUT),
    _terminal("stderr", "standard error", TERMINAL_OUTPUT),
)
