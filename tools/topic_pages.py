"""The manual pages of what is not a command: the formats of files, the state machines and the notation of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tools.command_pages import entries
from tools.mdoc import WORD, Block, Item, Items, Literal, Page, Paragraph, Section, Subsection
from tools.program import Entry, Program
from wasinet.wit import load
from wasinet.wit.machine import Machine

__all__ = ["TOPICS", "TRANSCRIPT", "diagram"]

TRANSCRIPT = """\
# A socket that listens has been bound.
%world 0.2
> s = create-tcp-socket(ipv4)
< ok(_)
> s.start-bind(net, 127.0.0.1:0)
< ok
> !retry s.finish-bind()
< ok
> s.local-address()
< ok(127.0.0.1:_)
> s.accept()
< err(invalid-state)"""
"""An example that replays."""

_LINES = (
    Entry("# text", "A comment. An empty line is one, too."),
    Entry("%world NAME", "The world of the calls."),
    Entry("%host NAME", "The host that answers them."),
    Entry("%timeout DURATION", "How long `!retry` goes on: `5s` without it."),
    Entry(
        "%network NAME RULE...",
        "Makes a network with a policy of its own and gives it this name. A rule is `all`, a use, or a use with an "
        "address or name and perhaps ports: `tcp-bind:127.0.0.1`, `tcp-connect:10.0.0.0/8:443`, "
        "`tcp-connect:api.example.com:443`, `name-lookup:*.example.com`. `deny:RULE` forbids, and goes before what "
        "allows.",
    ),
    Entry("> CALL", "A call; the next one begins on a line of its own."),
    Entry("> !retry CALL", "The same, repeated while the outcome is `would-block`, or `again` in the draft."),
    Entry("< OUTCOME", "What the call above is expected to give. A call without it is just made."),
)
_PATTERNS = (
    Entry("_", "Any value."),
    Entry("...", "The rest of a list or of a record."),
    Entry("A | B", "Either; at the top level only."),
    Entry("trap", 'The call breaks a rule of the API. `trap "text"` says which.'),
)


def transcript_page(program: Program) -> Page:
    """``wasinet-transcript(5)``."""
    return Page(
        "wasinet-transcript",
        5,
        "calls with the outcomes that are expected of them",
        (
            Section(
                "DESCRIPTION",
                (
                    Paragraph(
                        "A transcript is documentation and a test at once: a text file in UTF-8, its name ending in "
                        "`.wasinet`, that is read line by line and checked before the first call is made."
                    ),
                    Subsection("Lines"),
                    entries(_LINES),
                    Subsection("Calls"),
                    Paragraph(
                        "A call names a function of the world, with arguments as wasinet-wave(7) says: "
                        "`create-tcp-socket(ipv4)`, or with its handle first: `s.start-bind(net, 127.0.0.1:0)`. "
                        "`s = ...` gives the value of an `ok` a name, `(rx, tx) = ...` takes a tuple apart. `net` is "
                        "the network of this machine, `drop(s)` drops a handle."
                    ),
                    Subsection("Expectations"),
                    Paragraph("An expectation is a value of the result's type, in which these have a meaning:"),
                    entries(_PATTERNS),
                ),
            ),
            Section(
                "EXAMPLES",
                (
                    Literal(TRANSCRIPT),
                    Paragraph("`wasinet replay` checks it. Where what came is right, this writes it into the file:"),
                    Literal("wasinet replay --update listen.wasinet"),
                ),
            ),
        ),
        ("wasinet(1)", "wasinet-replay(1)", "wasinet-call(1)", "wasinet-trace(5)", "wasinet-wave(7)"),
        frozenset({"CALL", "OUTCOME", "NAME", "RULE"}),
    )


_LINE = """\
{"time": 0.000227, "duration": 6.9e-05, "host": "native",
 "interface": "tcp", "function": "tcp-socket.start-connect",
 "arguments": {"network": {"handle": 1, "type": "network"},
               "remote-address": "127.0.0.1:9"},
 "outcome": {"ok": null}, "handle": 4,
 "before": "unbound", "after": "connect-in-progress", "reason": ""}"""

_VALUES = (
    Entry("bool, integers, finite floats", "Themselves; other floats are the strings `nan`, `inf` and `-inf`."),
    Entry("char, string, enum", "A string; so is a case without payload."),
    Entry("list<u8>", '`{"base64": "..."}`.'),
    Entry("other lists, tuples, flags", "An array; flags are strings in the declared order."),
    Entry("record", "An object."),
    Entry("case with payload", '`{"case": value}`.'),
    Entry("option", '`none` is null, `some(v)` is `{"some": v}`.'),
    Entry("result", '`{"ok": v}` or `{"err": v}`; null where there is no value.'),
    Entry("handle", '`{"handle": 3, "type": "tcp-socket"}`.'),
    Entry("ip-socket-address", "A string: `127.0.0.1:80`, `[::1]:80`."),
)


def trace_page(program: Program) -> Page:
    """``wasinet-trace(5)``."""
    return Page(
        "wasinet-trace",
        5,
        "records of WASI calls",
        (
            Section(
                "DESCRIPTION",
                (
                    Paragraph(
                        "With --trace-file every call of every command is written as one line of JSON in UTF-8 "
                        "(NDJSON), in the order in which the calls ended. `-` as the file is standard output, and "
                        "nothing else goes there then."
                    ),
                    Subsection("Fields"),
                    entries(program.records),
                    Subsection("Values"),
                    Paragraph("Values of arguments and outcomes are written by their declared types:"),
                    entries(_VALUES),
                ),
            ),
            Section(
                "EXAMPLES",
                (
                    Paragraph("A record, which is one line in the file:"),
                    Literal(_LINE),
                    Paragraph("The calls that failed, with jq:"),
                    Literal("wasinet demo --trace-file - | jq -c 'select(.outcome.err) | [.function, .outcome.err]'"),
                ),
            ),
        ),
        ("wasinet(1)", "wasinet-transcript(5)", "wasinet-states(7)", "wasinet-wave(7)"),
        frozenset({"FILE"}),
    )


def states_page(program: Program) -> Page:
    """``wasinet-states(7)``."""
    sections = [
        Section(
            "DESCRIPTION",
            (
                Paragraph(
                    "A socket is in one of a few documented states, and the state decides which calls are legal. "
                    "What follows is drawn from the same rows that decide every call; `wasinet states` prints them "
                    "as a table, for mermaid, for Graphviz and as JSON."
                ),
                Paragraph(
                    "An outcome stands behind the call where it decides: `ok`, `would-block` (the same call may be "
                    "tried again) or `error` (any other error). What no call makes is written «like this»."
                ),
            ),
        )
    ]
    sections += (
        Section(f"{machine.resource.upper()} OF WORLD {world.upper()}", tuple(_machine(machine)))
        for world in program.worlds
        for machine in load(world).machines.values()
    )
    return Page(
        "wasinet-states",
        7,
        "state machines of WASI sockets",
        tuple(sections),
        ("wasinet(1)", "wasinet-states(1)", "wasinet-explain(1)", "wasinet-transcript(5)", "wasinet-wave(7)"),
    )


def _machine(machine: Machine) -> list[Block]:
    meanings = machine.meanings or {}
    refused = [
        f"{'Any other call' if pattern == '*' else f'`{pattern}`'} gives `{code}`."
        for pattern, code in machine.refusals.items()
    ]
    states = tuple(
        Item(((WORD, state),), _sentences(meanings.get(state, ""), _ready(machine.ready.get(state, ""))))
        for state in machine.states
    )
    return [
        Literal(diagram(machine)),
        Paragraph(" ".join(("In a state that has no arrow for a call:", *refused))),
        Items(states),
    ]


def _ready(when: str) -> str:
    return f"A pollable is ready {when}." if when else ""


def _sentences(*texts: str) -> str:
    return " ".join(text if text.endswith(".") else f"{text}." for text in texts if text)


def diagram(machine: Machine) -> str:
    """Each state with the arrows that leave it, in characters that every terminal has::

    unbound
      +-- start-bind: ok ------> bind-in-progress
    """
    arrows: dict[str, list[tuple[str, str]]] = {state: [] for state in machine.states}
    for source, target, (function, *outcomes) in machine.edges:
        arrows[source].append((f"{function}: {', '.join(outcomes)}" if outcomes else function, target))
    creations = [(machine.creation, machine.initial)]
    if machine.accepted:
        creations.append(("accept", machine.accepted))
    width = max(len(label) for rows in (*arrows.values(), creations) for label, _ in rows) + 2
    lines = ["(new)", *(_arrow(label, target, width) for label, target in creations)]
    for state, rows in arrows.items():
        lines += [
            "",
            state,
            *(_arrow(label, "(stays)" if target == state else target, width) for label, target in rows),
        ]
    return "\n".join(lines)


def _arrow(label: str, target: str, width: int) -> str:
    return f"  +-- {f'{label} ':-<{width}}--> {target}"


_PURE = (
    Entry("bool", "`true`, `false`."),
    Entry("integers", "`42`, `-7`."),
    Entry("f32, f64", "`1.5`, `-2e10`, `nan`, `inf`, `-inf`."),
    Entry("char", "`'a'`, with the escapes of strings."),
    Entry(
        "string", r'`"text"`, with `\n`, `\t`, `\"`, `\\` and `\u{1f600}`; `"""` begins and ends one of several lines.'
    ),
    Entry("list", "`[1, 2, 3]`."),
    Entry("tuple", '`(1, "one")`.'),
    Entry("record", "`{port: 80, address: (127, 0, 0, 1)}`; fields that are `none` may be left out."),
    Entry("variant, enum", "`ipv4({port: 80, address: (127, 0, 0, 1)})`, `would-block`."),
    Entry("option", "`some(5)` or `5`, `none`."),
    Entry("result", "`ok(5)` or `5`, `ok`, `err(would-block)`."),
    Entry("flags", "`{read, write}`."),
)
_SHORT = (
    Entry("socket address", "`127.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80`, with an interface's name or number."),
    Entry("address", "`10.0.0.1`, `::1`."),
    Entry("duration", "`5s`, `250ms`, `1us`, `10ns`."),
    Entry("other u64", "Also as a size: `64KiB`, `1MiB`."),
    Entry("list<u8>", r'A string in UTF-8, with `\x00` for other bytes, or `b64"AAEC"`.'),
    Entry("handle", "A variable, or its number: `#3`."),
)


def wave_page(program: Program) -> Page:
    """``wasinet-wave(7)``."""
    return Page(
        "wasinet-wave",
        7,
        "how values are written",
        (
            Section(
                "DESCRIPTION",
                (
                    Paragraph(
                        "Arguments and outcomes of calls are read and printed in WAVE, the WebAssembly Value Encoding. "
                        "The declared type decides how a text is read. `//` begins a comment, and a name that is a "
                        "keyword is written with a `%` before it."
                    ),
                    Subsection("Pure WAVE"),
                    entries(_PURE),
                    Subsection("Short forms"),
                    Paragraph(
                        "In calls, transcripts and the REPL, these are understood, too, where the declared type is the "
                        "one; `#` before a blank begins a comment:"
                    ),
                    entries(_SHORT),
                    Paragraph(
                        "Output for people uses the short forms; `wasinet call --format wave` prints pure WAVE. "
                        'Bytes print as a string where they are printable UTF-8, and as `b64"..."` where not.'
                    ),
                ),
            ),
            Section(
                "EXAMPLES",
                (
                    Paragraph("The same call twice:"),
                    Literal(
                        "s.start-bind(net, 127.0.0.1:80)\ns.start-bind(net, ipv4({port: 80, address: (127, 0, 0, 1)}))"
                    ),
                ),
            ),
        ),
        ("wasinet(1)", "wasinet-call(1)", "wasinet-repl(1)", "wasinet-trace(5)", "wasinet-transcript(5)"),
    )


TOPICS: Mapping[str, Callable[[Program], Page]] = {
    "transcript": transcript_page,
    "trace": trace_page,
    "states": states_page,
    "wave": wave_page,
}
"""Topic to what makes its page; a command or group of the same name has the name first."""
