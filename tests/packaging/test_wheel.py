"""The wheel: what is in it, that two builds are equal, and that what it installs works."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import CLEAN
from tests.cli.support import needs
from tests.support import shared
from tests.tools.shells import SHELLS
from tools.generate import ROOT, SHARE
from wasinet import __version__
from wasinet.cli.completion import SHELLS as SCRIPTS

pytest.importorskip("hatchling", reason="hatchling, which builds wheels, is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# Releases of 3.11 before the fourth have no filters, and later Pythons warn without one.
SAFELY: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
_SHARE = f"wasinet-{__version__}.data/data/share"


def source(folder: Path) -> Path:
    """A copy of what a build needs, as a fresh clone has it."""
    tracked = ("wasinet", "docs", "tests", "benchmarks", "tools")
    for name in tracked:
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", "check", ".gitignore"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def build(folder: Path, kind: str, target: Path, **env: str) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)],
        cwd=folder,
        env=CLEAN | env,
        check=True,
        capture_output=True,
        timeout=250,
    )
    (made,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        (folder / "source").mkdir()
        build(source(folder / "source"), "wheel", folder / "dist")

    (made,) = (shared(tmp_path_factory, "wheel", make) / "dist").iterdir()
    return made


def test_two_builds_are_equal(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    source(folder)
    for path in folder.rglob("*"):
        # What a clone at another time on another machine differs in.
        os.utime(path, (1_000_000_000, 1_000_000_000))
        if path.is_file():
            path.chmod(0o600)
    again = build(folder, "wheel", tmp_path / "dist", TZ="Asia/Tokyo", PYTHONHASHSEED="7", LC_ALL="C")
    assert again.name == wheel.name == f"wasinet-{__version__}-py3-none-any.whl"
    assert again.read_bytes() == wheel.read_bytes()


def test_what_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        record = archive.read(f"wasinet-{__version__}.dist-info/RECORD").decode()
    modules = {
        str(path.relative_to(ROOT))
        for pattern in ("*.py", "*.wasinet", "*.toml")
        for path in (ROOT / "wasinet").rglob(pattern)
    }
    shared = {str(path.relative_to(ROOT / SHARE)) for path in (ROOT / SHARE).rglob("*") if path.is_file()}
    info = {f"wasinet-{__version__}.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    assert set(names) == {
        *modules,
        "wasinet/py.typed",
        *(f"{SHARE}/{name}" for name in shared),
        *(f"{_SHARE}/{name}" for name in shared),
        *info,
        f"wasinet-{__version__}.dist-info/licenses/LICENSE",
    }
    assert len(names) == len(set(names))
    assert len(shared) > 20
    assert {*SCRIPTS.values(), "man/man1/wasinet.1"} <= shared
    assert {row[0] for row in csv.reader(io.StringIO(record))} == set(names)
    # No test, no benchmark, no tool, and nothing that only this machine has.
    assert {name.partition("/")[0] for name in names} == {
        "wasinet", f"wasinet-{__version__}.data", f"wasinet-{__version__}.dist-info",
    }  # fmt: skip


def test_nothing_names_the_machine(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            assert str(ROOT).encode() not in archive.read(name), name


def test_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_string(archive.read(f"wasinet-{__version__}.dist-info/METADATA").decode())
        entries = archive.read(f"wasinet-{__version__}.dist-info/entry_points.txt").decode()
    assert (metadata["Name"], metadata["Version"]) == ("wasinet", __version__)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0 WITH LLVM-exception"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert sorted(line.split(">")[0].split("<")[0].split("[")[0] for line in required) == [
        "dnspython", "platformdirs", "prompt-toolkit", "rich", "typer", "wasmtime",
    ]  # fmt: skip
    assert "[console_scripts]\nwasinet = wasinet.__main__:main" in entries
    assert "[pytest11]\nwasinet = wasinet.script.pytest_plugin" in entries


def test_the_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    sdist = build(source(folder), "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
        archive.extractall(tmp_path, **SAFELY)
    assert {"check", "README.md", "tools/generate.py", "tests/conftest.py", f"{SHARE}/man/man1/wasinet.1"} <= set(names)
    made = build(tmp_path / f"wasinet-{__version__}", "wheel", tmp_path / "dist")
    assert made.read_bytes() == wheel.read_bytes()


@pytest.fixture(scope="module")
def prefix(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it; what the wheel needs is that of this environment."""

    def make(folder: Path) -> None:
        venv.create(folder)
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python")]
        subprocess.run(
            [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)],
            check=True,
            capture_output=True,
            env=CLEAN | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            timeout=250,
        )
        site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
        ours = [path for path in sys.path if path.endswith("site-packages")]
        (site / "needs.pth").write_text("".join(f"{path}\n" for path in ours), "utf-8")

    return shared(tmp_path_factory, "environment", make)


def wasinet(prefix: Path, *arguments: str, module: bool = False) -> subprocess.CompletedProcess[str]:
    command = [str(prefix / "bin/python"), "-m", "wasinet"] if module else [str(prefix / "bin/wasinet")]
    # Not in the checkout, whose package would be found first.
    return subprocess.run(
        [*command, *arguments], cwd=prefix, env=CLEAN, capture_output=True, encoding="utf-8", timeout=250, check=False
    )


@pytest.mark.parametrize("module", [False, True])
def test_the_command_runs(prefix: Path, module: bool) -> None:
    assert wasinet(prefix, "--version", module=module).stdout == f"wasinet {__version__}\n"
    demo = wasinet(prefix, "demo", module=module)
    assert (demo.returncode, demo.stderr) == (0, "")
    assert "WASI calls" in demo.stdout
    assert wasinet(prefix, "man", "tcp", "listen", module=module).stdout.startswith("WASINET-TCP-LISTEN(1)")
    where = subprocess.run(
        [str(prefix / "bin/python"), "-c", "import wasinet; print(wasinet.__file__)"],
        cwd=prefix,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert where.stdout.startswith(str(prefix))


@needs("man")
def test_man_shows_the_installed_page(prefix: Path) -> None:
    done = subprocess.run(
        ["man", "-P", "cat", "-l", str(prefix / "share/man/man1/wasinet-tcp-listen.1")],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
        capture_output=True,
        encoding="utf-8",
        timeout=250,
    )
    if "minimized" in done.stdout:
        pytest.skip("man is not installed in full here")
    assert done.returncode == 0, done.stderr
    assert "wasinet tcp listen [option ...] ADDRESS" in done.stdout


@needs("mandoc")
def test_mandoc_shows_the_installed_page(prefix: Path) -> None:
    done = subprocess.run(
        ["mandoc", "-Tascii", str(prefix / "share/man/man7/wasinet-states.7")],
        capture_output=True,
        encoding="utf-8",
        timeout=250,
        check=True,
    )
    assert "connect-in-progress" in done.stdout


@pytest.fixture(params=SHELLS)
def installed(request: pytest.FixtureRequest, prefix: Path, tmp_path: Path) -> Iterator[Any]:
    """A shell that finds the installed completions as it finds those of other programs."""
    share = prefix / "share"
    env, setup, script = {}, "", None
    if request.param == "bash":
        framework = Path("/usr/share/bash-completion/bash_completion")
        if framework.exists():
            # It loads, when a command is completed first, what is below $XDG_DATA_DIRS.
            env, setup = {"XDG_DATA_DIRS": str(share)}, f"source {framework}; "
        else:
            script = share / SCRIPTS["bash"]
    elif request.param == "zsh":
        setup = f"fpath=({share}/zsh/site-functions $fpath); "
    else:
        # It looks for completions of commands that are there only.
        env = {"XDG_DATA_DIRS": str(share), "PATH": f"{prefix / 'bin'}:{os.environ['PATH']}"}
    made = SHELLS[request.param](script, tmp_path, env, setup)
    yield made
    made.close()


def test_installed_completions_are_found(installed: Any) -> None:
    assert installed.complete("wasinet tcp li") == ["tcp", "listen"]
    assert installed.complete("wasinet explain tcp-socket.start-li") == ["explain", "tcp-socket.start-listen"]


def test_printed_files_are_the_installed_ones(prefix: Path) -> None:
    for shell, path in SCRIPTS.items():
        assert wasinet(prefix, "completion", shell).stdout == (prefix / "share" / path).read_text("utf-8")
    page = prefix / "share/man/man1/wasinet-tcp-listen.1"
    assert wasinet(prefix, "man", "--mdoc", "tcp", "listen").stdout == page.read_text("utf-8")
