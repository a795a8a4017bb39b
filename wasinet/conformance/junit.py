"""Comparisons as a JUnit report."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from wasinet.conformance.compare import Comparison
from wasinet.wave.text import printable

__all__ = ["junit_xml"]


def junit_xml(comparisons: Sequence[Comparison]) -> str:
    """The report: one test case for each script, which fails for a violation and is skipped if it could not run."""
    failed = sum(one.bad for one in comparisons)
    skipped = sum(bool(one.unable) for one in comparisons)
    seconds = sum(one.duration for one in comparisons)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<testsuites>",
        f'<testsuite name="wasinet diff" tests="{len(comparisons)}" failures="{failed}" errors="0" '
        f'skipped="{skipped}" time="{seconds:.6f}">',
    ]
    for one in comparisons:
        path = quoteattr(printable(one.path))
        case = f'<testcase classname="wasinet" name={path} file={path} time="{one.duration:.6f}"'
        if one.bad:
            bad = [difference for difference in one.differences if difference.verdict.bad]
            text = "\n".join(
                printable(
                    f"{one.path}:{difference.line}: {difference.call}: {one.hosts[0]} {difference.outcomes[0]}, "
                    f"{one.hosts[1]} {difference.outcomes[1]}: {difference.verdict.clause or difference.verdict.kind}"
                )
                for difference in bad
            )
            message = quoteattr(f"{len(bad)} of {one.calls} outcomes break the specification or are unexplained")
            lines += (f"{case}>", f"<failure message={message}>{escape(text)}</failure>", "</testcase>")
        elif one.unable:
            lines += (f"{case}>", f"<skipped message={quoteattr(printable(one.unable))}/>", "</testcase>")
        else:
            lines.append(f"{case}/>")
    return "\n".join((*lines, "</testsuite>", "</testsuites>", ""))
