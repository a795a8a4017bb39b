"""``wit``, ``states`` and ``explain``: the commands that need no network."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.command import run
from wasinet.wit import WORLD_NAMES, load
from wasinet.wit.diagram import as_json, dot, mermaid
from wasinet.wit.facts import facts
from wasinet.wit.text import wit_text

CHOOSE = f"choose {', '.join(WORLD_NAMES)}"


def test_wit() -> None:
    world = load()
    assert run("wit").stdout == wit_text(world)
    assert json.loads(run("wit", "--json").stdout) == facts(world)
    assert json.loads(run("--world", "0.2", "wit", "--json").stdout) == facts(world)


def test_the_world_of_programs() -> None:
    world = load("0.2-command")
    assert run("wit", "--world", "0.2-command").stdout == wit_text(world)
    assert json.loads(run("wit", "--json", env={"WASINET_WORLD": "0.2-command"}).stdout) == facts(world)
    (it,) = map(json.loads, run("--world", "0.2-command", "explain", "open-at", "--json").stdout.splitlines())
    assert it["interface"] == "wasi:filesystem/types@0.2.12"
    assert all(error["advice"] for error in it["errors"])
    (it,) = map(json.loads, run("explain", "--world", "0.2-command", "now", "--json").stdout.splitlines())
    assert [one["name"] for one in it["functions"]] == ["monotonic-clock.now", "wall-clock.now"]


def test_it_is_for_showing_only() -> None:
    for arguments in (["resolve", "--world", "0.2-command", "localhost"], ["--world", "0.2-command", "states", "tcp"]):
        done = run(*arguments)
        assert done.returncode == 2
        command = next(word for word in arguments if word in ("resolve", "states"))
        assert done.stderr == f"wasinet: {command}: --world: '0.2-command' is for wit and explain only; {CHOOSE}\n"
        assert done.stdout == ""


def test_colored_wit_says_the_same() -> None:
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


@pytest.mark.parametrize("name", ["tcp.connect", "start-connect", "tcp-socket.finish-connect", "connect"])
def test_comparing_worlds(name: str) -> None:
    done = run("explain", "--compare", name)
    assert (done.returncode, done.stderr) == (0, "")
    first = done.stdout.splitlines()[0]
    assert re.match(r"World 0\.2 +World draft$", first)
    for word in (
        "tcp-socket.start-connect(",
        "tcp-socket.finish-connect(",
        "tcp.connect(",
        "would-block",
        "connecting",
    ):
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_comparing_as_json_and_in_colour() -> None:
    (it,) = map(json.loads, run("explain", "--compare", "set-no-delay", "--json").stdout.splitlines())
    assert it["kind"] == "comparison"
    assert it["worlds"]["0.2"] == []
    assert [one["name"] for one in it["worlds"]["draft"]] == ["no-delay", "set-no-delay"]
    plain, colored = (run("explain", "--compare", "accept", *more).stdout for more in ((), ("--color", "always")))
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    narrow = run("explain", "--compare", "accept", env={"COLUMNS": "60"}).stdout
    assert narrow.index("World 0.2") < narrow.index("World draft")


def test_comparing_what_is_no_function() -> None:
    done = run("explain", "--compare", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is no function of 0.2 or draft" in done.stderr
