"""Generated files are fresh, and the command that makes them tells when they are not."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from tools.generate import COMMAND, ROOT, main, stale
from tools.readme import BLOCKS, filled
from wasinet.cli.describe import program
from wasinet.render.fields import EVENTS


def test_everything_is_fresh() -> None:
    assert stale() == {}, f"mend with: {COMMAND}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("man", "completions"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def test_what_is_stale_is_named_and_mended(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], copy) == 0
    assert capsys.readouterr() == ("", "")
    page, script, readme = copy / "man/man1/wasinet.1", copy / "completions/_wasinet", copy / "README.md"
    page.write_text("old", "utf-8")
    script.unlink()
    whole = readme.read_text("utf-8")
    readme.write_text(whole.replace("| 0 | Done. |\n", ""), "utf-8")
    (copy / "man/man1/wasinet-gone.1").touch()
    assert main(["--check"], copy) == 1
    assert capsys.readouterr() == (
        "",
        "README.md is stale\ncompletions/_wasinet is stale\nman/man1/wasinet-gone.1 is left over\n"
        "man/man1/wasinet.1 is stale\nmend with: python -m tools.generate\n",
    )
    assert page.read_text("utf-8") == "old"
    assert main([], copy) == 0
    assert capsys.readouterr().out.splitlines()[2] == "removed man/man1/wasinet-gone.1"
    assert main(["--check"], copy) == 0
    assert readme.read_text("utf-8") == whole


def test_usage(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--chek"], copy) == 2
    assert capsys.readouterr().err == "usage: python -m tools.generate [--check]\n"


def test_the_checks_know_it() -> None:
    checks = runpy.run_path(str(ROOT / "check"))["CHECKS"]
    assert checks["fresh"] == [*COMMAND.split(), "--check"]


@pytest.mark.parametrize("change", ["", "<!-- generated: nonsense -->\n<!-- end -->\n", "<!-- generated: states -->\n"])
def test_a_readme_with_wrong_markers(change: str) -> None:
    text = "".join(f"<!-- generated: {name} -->\n<!-- end -->\n" for name in BLOCKS)
    wrong = text + change if change else text.replace("exit-codes", "exits")
    facts = program()
    assert filled(filled(text, facts), facts) == filled(text, facts)
    with pytest.raises(ValueError, match="each of these blocks once: commands, exit-codes"):
        filled(wrong, facts)


def test_the_blocks_say_what_there_is() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    facts = program()
    for command in facts.commands:
        assert f"\n| `{command.name}" in text
    for name in EVENTS:
        assert f"\n| `{name}` |" in text
    assert text.count("```mermaid\nstateDiagram-v2") == 2
