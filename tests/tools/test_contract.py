"""The documented fields are those that are printed."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import wasinet
from tests.cli.command import run
from tools.contract import EVENTS, RECORD


def _made() -> dict[str, set[str]]:
    """Events that the sources make, with the fields that are written there."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in Path(wasinet.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            name = node.args[0]
            if node.func.id in ("Event", "event_json", "tell") and isinstance(name, ast.Constant):
                assert isinstance(name.value, str)
                found[name.value] |= {keyword.arg for keyword in node.keywords if keyword.arg is not None}
    return found


def test_every_event_is_documented() -> None:
    made = _made()
    assert len(made) > 20
    # What a connection is announced with is made of a name that is passed on.
    assert set(EVENTS) - {"connected", "accepted"} <= set(made)
    for name, fields in made.items():
        assert name in EVENTS, f"tools.contract does not know {name!r}"
        assert fields - {"connection"} <= set(EVENTS[name].fields), name


def test_the_fields_of_a_record() -> None:
    import json

    done = run("call", "create-tcp-socket(ipv4)", "--trace-file", "-")
    (record,) = map(json.loads, done.stdout.splitlines())
    assert tuple(record) == tuple(RECORD)
