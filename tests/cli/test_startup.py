"""What a command imports: start-up is part of the contract."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.command import CLEAN

# Each of these costs between 2 and 130 ms.
_NEVER = {
    "rich",
    "prompt_toolkit",
    "pygments",
    "wasmtime",
    "dns",
    "pydantic",
    "asyncio",
    "dataclasses",
    "click",
    "idna",
    "tomllib",
    "platformdirs",
}
_NOT_FOR_VERSION = _NEVER | {
    "typer", "re", "enum", "inspect", "typing", "json", "socket", "subprocess", "collections", "functools", "signal",
}  # fmt: skip

_SHOW = """
import sys
from wasinet.__main__ import main
before = set(sys.modules)
sys.stdout = open({sink!r}, "w")
main({arguments!r})
sys.stdout = sys.__stdout__
print(*(name for name in sys.modules if "." not in name))
print(*sys.modules)
"""


def modules(*arguments: str) -> tuple[set[str], set[str]]:
    """The top-level packages that a run imports, and all modules."""
    code = _SHOW.format(arguments=list(arguments), sink="/dev/null")
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}"],
        env=CLEAN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    tops, everything = done.stdout.splitlines()
    return set(tops.split()), set(everything.split())


def test_version_imports_next_to_nothing() -> None:
    tops, everything = modules("--version")
    assert not tops & _NOT_FOR_VERSION
    assert {name for name in everything if name.startswith("wasinet.")} <= {
        "wasinet.__main__", "wasinet.cli", "wasinet.cli.stdio",
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["tcp", "connect", "--help"],
        ["tcp", "connect", "127.0.0.1:1"],
        ["tcp", "connect", "127.0.0.1:1", "--trace", "--trace-summary"],
        ["--nonsense"],
        ["tcp", "connect", "localhost"],
        ["states", "tcp"],
        ["explain", "start-bind", "--color", "always"],
        ["wit"],
    ],
    ids=" ".join,
)
def test_what_no_command_imports_without_need(arguments: list[str]) -> None:
    tops, _ = modules(*arguments)
    assert not tops & _NEVER


def test_only_the_invoked_command_is_imported() -> None:
    _, everything = modules("wit")
    assert "wasinet.cli.wit" in everything
    assert not everything & {
        "wasinet.cli.states",
        "wasinet.cli.tcp_connect",
        "wasinet.cli.session",
        "wasinet.engine.engine",
    }
