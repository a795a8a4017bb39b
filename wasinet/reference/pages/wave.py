"""The notation of values."""

from __future__ import annotations

from wasinet.reference.document import Literal, Page, Paragraph, Section, Subsection
from wasinet.reference.pages.shared import entries
from wasinet.reference.program import Entry, Program

__all__ = ["wave_page"]

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
