"""``wasinet repl < file``."""

from __future__ import annotations

import subprocess

import pytest

from tests.cli.command import CLEAN, COMMAND


def piped(text: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "repl", *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False, env=CLEAN)


def test_results_without_prompts_or_colour() -> None:
    done = piped("s = create-tcp-socket(\nipv4)\ns.address-family()\n.quit\nnow()\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok(#1)  s is a tcp-socket, unbound\nipv4\n", "")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("s = create-tcp-socket(ipv4)\ns.accept()\npoll([])\n", 1, "needs listening"),
        ("poll([])\ncreate-tcp-socket(ipv5)\n", 3, "at least one pollable"),
        ("nonsense()\npoll([])\n", 2, "no function is named nonsense"),
        (".nonsense\n", 2, "there is no command .nonsense"),
        ("create-tcp-socket(\n", 2, "expected"),
    ],
)
def test_the_first_failure_decides_the_exit_code(text: str, code: int, said: str) -> None:
    done = piped(text)
    assert done.returncode == code
    assert said in done.stderr


def test_plain_wasinet_without_a_terminal_is_help() -> None:
    done = subprocess.run(COMMAND, input="", capture_output=True, text=True, timeout=120, check=False, env=CLEAN)
    assert done.returncode == 0
    assert "repl" in done.stdout
