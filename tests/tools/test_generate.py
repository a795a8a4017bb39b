"""Generated files are fresh, and the command that makes them tells when they are not."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from tools.contract import EVENTS
from tools.describe import program
from tools.generate import COMMAND, ROOT, SHARE, main, stale
from tools.readme import BLOCKS, filled

# The README's scores are made on Wasmtime, too.
pytestmark = pytest.mark.usefixtures("wasmtime_runtime")


def test_everything_is_fresh() -> None:
    assert stale() == {}, f"mend with: {COMMAND}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / SHARE, tmp_path / SHARE)
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def test_what_is_stale_is_named_and_mended(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], copy) == 0
    assert capsys.readouterr() == ("", "")
    share = copy / SHARE
    page, script, readme = share / "man/man1/wasinet.1", share / "zsh/site-functions/_wasinet", copy / "README.md"
    page.write_text("old", "utf-8")
    script.unlink()
    whole = readme.read_text("utf-8")
    readme.write_text(whole.replace("| 0 | Done. |\n", ""), "utf-8")
    (share / "man/man1/wasinet-gone.1").touch()
    assert main(["--check"], copy) == 1
    assert capsys.readouterr() == (
        "",
        f"README.md is stale\n{SHARE}/man/man1/wasinet-gone.1 is left over\n{SHARE}/man/man1/wasinet.1 is stale\n"
        f"{SHARE}/zsh/site-functions/_wasinet is stale\nmend with: python -m tools.generate\n",
    )
    assert page.read_text("utf-8") == "old"
    assert main([], copy) == 0
    assert capsys.readouterr().out.splitlines()[1] == f"removed {SHARE}/man/man1/wasinet-gone.1"
    assert main(["--check"], copy) == 0
    assert readme.read_text("utf-8") == whole


def test_usage(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--chek"], copy) == 2
    assert capsys.readouterr().err == "usage: python -m tools.generate [--check]\n"


def test_the_checks_know_it() -> None:
    checks = runpy.run_path(str(ROOT / "check"))["CHECKS"]
    assert checks["fresh"] == [*COMMAND.split(), "--check"]


_MARKERS = "".join(f"<!-- generated: {name} -->\n<!-- end -->\n" for name in BLOCKS)


def test_filling_twice_changes_nothing() -> None:
    facts = program()
    once = filled(_MARKERS, facts)
    assert len(once) > 10 * len(_MARKERS)
    assert filled(once, facts) == once


@pytest.mark.parametrize(
    "text",
    [
        _MARKERS.replace("exit-codes", "exits"),
        _MARKERS + "<!-- generated: nonsense -->\n<!-- end -->\n",
        _MARKERS + "<!-- generated: states -->\n",
    ],
)
def test_a_readme_with_wrong_markers(text: str) -> None:
    with pytest.raises(ValueError, match="each of these blocks once: commands, exit-codes"):
        filled(text, program())


def test_the_blocks_say_what_there_is() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    facts = program()
    for command in facts.commands:
        assert f"\n| `{command.name}" in text
    for name in EVENTS:
        assert f"\n| `{name}` |" in text
    assert text.count("```mermaid\nstateDiagram-v2") == 2
