"""The format of trace files."""

from __future__ import annotations

from wasinet.reference.document import Literal, Page, Paragraph, Section, Subsection
from wasinet.reference.pages.shared import entries
from wasinet.reference.program import Entry, Program

__all__ = ["trace_page"]

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
