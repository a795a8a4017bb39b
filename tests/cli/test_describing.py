"""``wit``, ``states`` and ``explain``: the commands that need no network."""

from __future__ import annotations

import json

import pytest

from tests.cli.command import run
from wasinet.wit import load
from wasinet.wit.diagram import as_json, dot, mermaid
from wasinet.wit.facts import facts
from wasinet.wit.text import wit_text


def test_wit() -> None:
    world = load()
    assert run("wit").stdout == wit_text(world)
    assert json.loads(run("wit", "--json").stdout) == facts(world)
    assert json.loads(run("--world", "0.2", "wit", "--json").stdout) == facts(world)


def test_colored_wit_says_the_same() -> None:
    import re

    colored = run("wit", "--color", "always").stdout
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == wit_text(load())


@pytest.mark.parametrize("name", ["tcp", "udp"])
def test_states(name: str) -> None:
    machine = load().machines[f"{name}-socket"]
    assert run("states", name, "--format", "mermaid").stdout == mermaid(machine)
    assert run("states", name, "--format", "dot").stdout == dot(machine)
    assert run("states", name, "--format", "json").stdout == as_json(machine)
    assert run("states", name, "--json").stdout == as_json(machine)
    table = run("states", f"{name}-socket").stdout
    # One line for each row, each standing for itself.
    rows = {tuple(line.split()) for line in table.splitlines()}
    for row in machine.rows:
        assert (row.state, *row.function.split(), row.outcome, row.next) in rows


def test_explain_json() -> None:
    (it,) = map(json.loads, run("explain", "tcp-socket.accept", "--json").stdout.splitlines())
    assert it["kind"] == "function"
    assert it["interface"] == "wasi:sockets/tcp@0.2.12"
    assert it["states"] == ["listening"]
    assert it["refusal"] == "invalid-state"
    assert ["listening", "accept", "ok", "listening"] in it["transitions"]
    assert all(error["advice"] for error in it["errors"])
    kinds = [json.loads(line)["kind"] for line in run("explain", "bound", "--json").stdout.splitlines()]
    assert kinds == ["state", "state"]


def test_explain_text() -> None:
    done = run("explain", "start-bind")
    assert done.returncode == 0
    assert "tcp-socket.start-bind(" in done.stdout
    assert "udp-socket.start-bind(" in done.stdout
    done = run("explain", "connection-refused")
    assert "Given by" in done.stdout
    assert "(ECONNREFUSED)" in done.stdout
