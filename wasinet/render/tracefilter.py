"""Which calls a trace shows: groups of interfaces, and failures."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from wasinet.engine.records import CallRecord
from wasinet.render.trace import TraceReader
from wasinet.wit.values import Err

__all__ = ["GROUPS", "Filtered"]

GROUPS: Mapping[str, Collection[str]] = {
    "tcp": {"tcp", "tcp-create-socket", "tcp-socket"},
    "udp": {"udp", "udp-create-socket", "udp-socket", "incoming-datagram-stream", "outgoing-datagram-stream"},
    "resolve": {"ip-name-lookup", "resolve-address-stream"},
    "poll": {"poll", "pollable"},
    "streams": {"streams", "error", "input-stream", "output-stream"},
    "clocks": {"monotonic-clock", "wall-clock", "timezone"},
    "network": {"network", "instance-network"},
    "random": {"random", "insecure", "insecure-seed"},
    "files": {"types", "preopens", "descriptor", "directory-entry-stream"},
    "cli": {
        "environment", "exit", "stdin", "stdout", "stderr",
        "terminal-input", "terminal-output", "terminal-stdin", "terminal-stdout", "terminal-stderr",
    },
}  # fmt: skip
"""The interfaces of each group, and the resources, which the drops of handles are about."""

_DROP = "drop "
_WAITING = frozenset({"would-block", "again"})


class Filtered:
    """Passes some of the calls on to another reader.

    Args:
        reader: takes them.
        groups: of ``GROUPS``; empty for all.
        errors: only failures; "not yet" is none.
    """

    def __init__(self, reader: TraceReader, groups: Collection[str], *, errors: bool) -> None:
        self._reader = reader
        self._wanted = frozenset(name for group in groups for name in GROUPS[group])
        self._errors = errors

    def __call__(self, record: CallRecord) -> None:
        if self._errors and not _is_failure(record):
            return
        if self._wanted:
            function = record.function
            about = function.name.removeprefix(_DROP) if function.name.startswith(_DROP) else function.interface
            if about not in self._wanted:
                return
        self._reader(record)

    def finish(self) -> None:
        """Pass the end on."""
        self._reader.finish()


def _is_failure(record: CallRecord) -> bool:
    outcome = record.outcome
    return record.failed and not (isinstance(outcome, Err) and outcome.value in _WAITING)
