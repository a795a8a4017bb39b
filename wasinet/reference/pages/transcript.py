"""The format of transcripts."""

from __future__ import annotations

from wasinet.reference.document import Literal, Page, Paragraph, Section, Subsection
from wasinet.reference.pages.shared import entries
from wasinet.reference.program import Entry, Program

__all__ = ["TRANSCRIPT", "transcript_page"]

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
