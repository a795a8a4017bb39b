"""Replays as a JUnit report, for CI systems that show such reports.

XML cannot hold most control characters, not even as references; what is printable it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from wasinet.script.replay import Report
from wasinet.wave.text import printable

__all__ = ["junit_xml"]


def junit_xml(reports: Sequence[Report]) -> str:
    """The report: one test case for each transcript."""
    failed = sum(not report.passed for report in reports)
    seconds = sum(report.duration for report in reports)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<testsuites>",
        f'<testsuite name="wasinet replay" tests="{len(reports)}" failures="{failed}" errors="0" skipped="0" '
        f'time="{seconds:.6f}">',
    ]
    for report in reports:
        path = quoteattr(printable(report.transcript.path))
        case = f'<testcase classname="wasinet" name={path} file={path} time="{report.duration:.6f}"'
        if report.passed:
            lines.append(f"{case}/>")
            continue
        message = f"{len(report.mismatches)} of {report.checked} outcomes not as expected"
        lines += (
            f"{case}>",
            f"<failure message={quoteattr(message)}>{escape(report.diff())}</failure>",
            "</testcase>",
        )
    return "\n".join((*lines, "</testsuite>", "</testsuites>", ""))
