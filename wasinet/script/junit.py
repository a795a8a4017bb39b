"""Replays as a JUnit report, for CI systems that show such reports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from wasinet.script.replay import Report

__all__ = ["clean", "junit_xml"]

# What XML 1.0 cannot say at all.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
        path = quoteattr(clean(report.transcript.path))
        case = f'<testcase classname="wasinet" name={path} file={path} time="{report.duration:.6f}"'
        if report.passed:
            lines.append(f"{case}/>")
            continue
        message = f"{len(report.mismatches)} of {report.checked} outcomes not as expected"
        lines += (
            f"{case}>",
            f"<failure message={quoteattr(message)}>{escape(clean(report.diff()))}</failure>",
            "</testcase>",
        )
    return "\n".join((*lines, "</testsuite>", "</testsuites>", ""))


def clean(text: str) -> str:
    """The text without what XML cannot say."""
    return _NOT_XML.sub("\ufffd", text)
