"""The world of 0.2 programs: declared as documented, and apart from the worlds that commands work in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import componentize_py
from tests.wit.documented import read
from wasinet.wit import DECLARED_NAMES, WORLD_NAMES, load
from wasinet.wit.facts import facts
from wasinet.wit.text import wit_text

TOOL = componentize_py()
WORLD = load("0.2-command")


def documented() -> Any:
    """All packages, in the documented order."""
    return {**read("0.2.json"), **read("0.2-command.json")}


def test_the_declarations_are_the_documented_ones_in_their_order() -> None:
    assert json.dumps(facts(WORLD)) == json.dumps(documented())


def test_everything_of_0_2_is_in_it() -> None:
    for name, function in load("0.2").functions.items():
        assert WORLD.find(name) is function or WORLD.find(function.qualified) is function


def test_the_keys_are_names_where_these_are_unique() -> None:
    assert len(WORLD.functions) == 126
    assert {key for key, function in WORLD.functions.items() if key != function.name} == {
        "monotonic-clock.now",
        "monotonic-clock.resolution",
        "wall-clock.now",
        "wall-clock.resolution",
    }


def test_what_a_program_offers_cannot_be_called() -> None:
    assert [interface.name for interface in WORLD.interfaces if interface.exported] == ["run"]
    assert WORLD.find("run") is None
    assert WORLD.find("run.run") is None


def test_commands_do_not_offer_it() -> None:
    assert (*WORLD_NAMES, "0.2-command") == DECLARED_NAMES
    assert WORLD_NAMES == ("0.2", "draft")


def test_0_2_does_not_import_it() -> None:
    script = (
        "import sys, wasinet.wit, wasinet.worlds; wasinet.worlds.load('0.2');"
        "print([m for m in sys.modules if 'command' in m or 'filesystem' in m or m == 'ctypes'])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout.strip() == "[]"


def test_codes_are_those_of_both_enums() -> None:
    enums = {case for interface in ("network", "types") for case in cases(interface)}
    assert {code.name for code in WORLD.error_codes} == enums
    assert len(WORLD.error_codes) == len(enums)


def cases(interface: str) -> tuple[str, ...]:
    (found,) = [one for one in WORLD.interfaces if one.name == interface]
    declared: Any = found.types["error-code"]
    return tuple(declared.cases)


def test_every_error_of_the_filesystem_is_of_its_enum() -> None:
    known = cases("types")
    for function in WORLD.functions.values():
        if function.interface == "types":
            assert {error.code for error in function.errors} <= set(known)


def test_the_text_has_the_world_of_a_program() -> None:
    text = wit_text(WORLD)
    world = text[text.index("world command {") :]
    assert world.count("import ") == len(WORLD.interfaces) - 1
    assert world.rstrip().endswith("  export wasi:cli/run@0.2.12;\n}")
    assert "  @unstable(feature = clocks-timezone)\n  import wasi:clocks/timezone@0.2.12;" in world
    assert "    @unstable(feature = cli-exit-with-code)\n    exit-with-code:" in text


@pytest.mark.slow
@pytest.mark.skipif(TOOL is None, reason="componentize-py is not installed")
@pytest.mark.parametrize("features", [[], ["--all-features"]], ids=["stable", "all features"])
def test_a_wit_tool_reads_the_text(tmp_path: Path, features: list[str]) -> None:
    (tmp_path / "command.wit").write_text(wit_text(WORLD), encoding="utf-8")
    tool = [str(TOOL), "-d", "command.wit", "-w", "command", *features]
    subprocess.run([*tool, "bindings", "bindings"], cwd=tmp_path, check=True, capture_output=True, timeout=250)
    made = {path.stem for path in (tmp_path / "bindings" / "wit_world" / "imports").glob("*.py")}
    assert ("timezone" in made) is bool(features)
    assert {"tcp", "preopens", "terminal_stdin", "insecure_seed"} <= made
