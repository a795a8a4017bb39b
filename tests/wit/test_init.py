"""What importing the package costs, and how worlds are found."""

from __future__ import annotations

import subprocess
import sys

import pytest

from wasinet import wit

PROBE = "import sys; before = set(sys.modules); {code}; print(*sorted(set(sys.modules) - before))"
DECLARATIONS = ("wasinet.wit.v0_2", "wasinet.wit.draft")


def loaded_by(code: str) -> set[str]:
    command = [sys.executable, "-I", "-c", f"sys_path = {sys.path!r}; import sys; sys.path[:] = sys_path; {code}"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_the_default_world_is_a_known_one() -> None:
    assert wit.DEFAULT_WORLD in wit.WORLD_NAMES


@pytest.mark.parametrize("name", wit.WORLD_NAMES)
def test_a_world_is_loaded_once_under_its_name(name: str) -> None:
    assert wit.load(name).name == name
    assert wit.load(name) is wit.load(name)


def test_an_unknown_world_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'0\.9'.*0\.2, draft"):
        wit.load("0.9")


def test_importing_the_vocabulary_imports_no_declarations() -> None:
    loaded = loaded_by(PROBE.format(code="import wasinet.wit"))
    assert not [name for name in loaded if name.startswith(DECLARATIONS)]


@pytest.mark.parametrize("name", wit.WORLD_NAMES)
def test_a_world_brings_no_other(name: str) -> None:
    loaded = loaded_by(PROBE.format(code=f"import wasinet.wit; wasinet.wit.load({name!r})"))
    assert len({module.split(".")[2] for module in loaded if module.startswith(DECLARATIONS)}) == 1


def test_everything_in_it_needs_only_the_standard_library() -> None:
    code = (
        "import wasinet.wit, wasinet.wit.text, wasinet.wit.facts, wasinet.wit.diagram; "
        "[wasinet.wit.load(name) for name in wasinet.wit.WORLD_NAMES]"
    )
    foreign = {
        name
        for name in loaded_by(PROBE.format(code=code))
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith("wasinet")
    }
    assert not foreign
    ours = {name for name in loaded_by(PROBE.format(code=code)) if name.startswith("wasinet.")}
    assert all(name.startswith("wasinet.wit") for name in ours)
