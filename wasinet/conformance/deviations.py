"""The known divergences of hosts: data with a verdict, a clause and evidence for each.

``hosts/deviations.toml`` has one table for each:

    [[deviation]]
    name = "connect-after-failure"              # unique
    host = "wasmtime"                           # who does it otherwise,
    versions = ["47"]                           # in which versions: a beginning, part by part
    functions = ["tcp-socket.start-connect"]    # * stands for anything
    calls = ["*127.0.0.1*"]                     # the call as written; absent: any
    states = ["closed"]                         # of the receiver on the other host before the call; absent: any
    after = ["tcp-socket.accept"]               # one that was called on the receiver before, or gave it; absent: any;
                                                # with "anywhere " in front, on whatever
    outcomes = ["ok"]                           # its outcomes, as printed; * stands for anything
    others = ["err(invalid-state)"]             # those of the other host
    verdict = "violation"                       # allowed, unspecified or violation
    clause = "the text that decides"
    why = "one sentence"
    evidence = "a transcript that shows it"
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any

from wasinet.oscalls.documents import DocumentError, parse_toml
from wasinet.wit.data import Data

__all__ = ["Deviation", "host_version", "known", "load"]

VERDICTS = ("allowed", "unspecified", "violation")

_TEXTS = ("name", "host", "verdict", "clause", "why", "evidence")
_LISTS = ("versions", "functions", "calls", "states", "after", "outcomes", "others")
_OPTIONAL = ("calls", "states", "after")


class Deviation(Data):
    """One entry; see the module."""

    name: str
    host: str
    versions: tuple[str, ...]
    functions: tuple[str, ...]
    calls: tuple[str, ...]
    states: tuple[str, ...]
    after: tuple[str, ...]
    outcomes: tuple[str, ...]
    others: tuple[str, ...]
    verdict: str
    clause: str
    why: str
    evidence: str

    def concerns(self, host: str, version: str) -> bool:
        """Whether it is about this host in this version."""
        parts = version.split(".")
        return host == self.host and any(
            parts[: len(wanted)] == wanted for wanted in (one.split(".") for one in self.versions)
        )

    def covers(self, function: str, call: str, state: str, past: Collection[str], outcome: str, other: str) -> bool:
        """Whether it is about this difference.

        Args:
            function: its name.
            call: as written.
            state: of the receiver on the other host, before the call.
            past: what was called before, see ``Pair.past``.
            outcome: of the host that it is about, as text.
            other: of the other one.
        """
        return (
            _fits(self.functions, function)
            and (not self.calls or _fits(self.calls, call))
            and (not self.states or state in self.states)
            and (not self.after or any(_fits(self.after, name) for name in past))
            and _fits(self.outcomes, outcome)
            and _fits(self.others, other)
        )


def _fits(patterns: Iterable[str], text: str) -> bool:
    return any(_pattern(pattern).fullmatch(text) for pattern in patterns)


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def load(text: str) -> tuple[Deviation, ...]:
    """The entries of a file's text.

    Raises:
        ValueError: it is no TOML, or an entry is malformed.
    """
    try:
        entries = parse_toml(text.encode("utf-8", "surrogatepass")).get("deviation", [])
    except DocumentError as error:
        where = f"line {error.line}: " if error.line else ""
        raise ValueError(f"deviations.toml: {where}{error}") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("deviations.toml: each entry is a table [[deviation]]")
    found = tuple(map(_entry, entries))
    names = [entry.name for entry in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"deviations.toml: there are two entries {name}")
    return found


def _entry(table: dict[str, Any]) -> Deviation:
    label = f"deviations.toml: {table.get('name', 'an entry without a name')}"
    unknown = sorted(table.keys() - {*_TEXTS, *_LISTS})
    if unknown:
        raise ValueError(f"{label}: no field is named {unknown[0]}")
    for field in _TEXTS:
        if not isinstance(table.get(field), str) or not table[field].strip():
            raise ValueError(f"{label}: {field} must be a text")
    for field in _LISTS:
        value = table.get(field, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"{label}: {field} must be a list of texts")
        if not value and field not in _OPTIONAL:
            raise ValueError(f"{label}: {field} must not be empty")
    if table["verdict"] not in VERDICTS:
        raise ValueError(f"{label}: verdict must be {', '.join(VERDICTS)}, not {table['verdict']}")
    fields = {field: table[field] for field in _TEXTS} | {field: tuple(table.get(field, ())) for field in _LISTS}
    return Deviation(**fields)


@cache
def _shipped() -> tuple[Deviation, ...]:
    return load((resources.files("wasinet.hosts") / "deviations.toml").read_text("utf-8"))


@cache
def host_version(host: str) -> str:
    """The version of what answers on a host."""
    if host == "wasmtime":
        from wasinet.hosts.runtime import runtime_version

        return runtime_version()
    from wasinet import __version__

    return __version__


def known(hosts: Sequence[str]) -> tuple[Deviation, ...]:
    """The shipped entries about any of these hosts in the versions that are installed."""
    return tuple(entry for entry in _shipped() if any(entry.concerns(host, host_version(host)) for host in hosts))
