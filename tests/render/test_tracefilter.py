"""Which calls a filtered trace shows."""

from __future__ import annotations

import pytest

from wasinet import wit
from wasinet.engine.records import INTERRUPTED, CallRecord, Trapped
from wasinet.hosts.recording import drop_function
from wasinet.render.tracefilter import GROUPS, Filtered
from wasinet.wit.declare import Function
from wasinet.wit.values import Err, Ok, Value


class Kept:
    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self.finished = False

    def __call__(self, record: CallRecord) -> None:
        self.records.append(record)

    def finish(self) -> None:
        self.finished = True


def passes(function: Function, outcome: Value | Trapped, *groups: str, errors: bool = False) -> bool:
    kept = Kept()
    reader = Filtered(kept, groups, errors=errors)
    reader(CallRecord(0.0, 0.0, "native", function, (1,), outcome, 1, "", ""))
    reader.finish()
    assert kept.finished
    return bool(kept.records)


@pytest.mark.parametrize("world", ["0.2", "0.2-command", "draft"])
def test_every_function_and_every_drop_is_in_one_group(world: str) -> None:
    for function in wit.load(world).functions.values():
        assert [group for group in GROUPS if passes(function, Ok(None), group)] != [], function.qualified
        assert sum(passes(function, Ok(None), group) for group in GROUPS) == 1
    for resource in wit.load(world).resources:
        assert sum(passes(drop_function(resource), None, group) for group in GROUPS) == 1, resource


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [
        (Ok(None), False),
        (None, False),
        (Err("would-block"), False),
        (Err("again"), False),
        (Err("unknown"), True),
        (Trapped("no"), True),
        (INTERRUPTED, False),
    ],
)
def test_errors(outcome: Value | Trapped, shown: bool) -> None:
    function = wit.load("0.2").functions["tcp-socket.finish-bind"]
    assert passes(function, outcome, errors=True) is shown
    assert not passes(function, outcome, "udp", errors=True)
