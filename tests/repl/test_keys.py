"""Keys at the prompt, as the bytes that a terminal sends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from tests.repl.support import Fed
from wasinet.repl.prompt import make_prompt


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


def typed(enter: Fed, keys: PipeInput, burst: str) -> str:
    """What a line is after these bytes, which all come at once."""
    prompt = make_prompt(enter.repl, history=InMemoryHistory())
    # Meta-Enter: also where a bracket is open.
    keys.send_text(f"{burst}\x1b\r")
    return prompt.prompt()


@pytest.mark.parametrize(
    ("burst", "line"),
    [
        # One candidate: it is there at once, and more TABs do not take it away.
        ("instance-n\t", "instance-network()"),
        ("instance-n\t\t", "instance-network()"),
        ("s.start-b\tnet", "s.start-bind(net"),
        # Several: what they have in common, then one after the other, round and round.
        ("cre\t", "create-"),
        ("cre\t\t", "create-tcp-socket("),
        ("cre\t\t\t", "create-udp-socket("),
        ("cre\t\t\t\t", "create-tcp-socket("),
        ("cre\t\x1b[Z", "create-udp-socket("),
        ("cre\tu\t", "create-udp-socket("),
        (".e\to\tpy\t", ".export python"),
        # Nothing fits.
        ("zzz\t", "zzz"),
    ],
)
def test_tabs_in_one_burst_with_the_text(enter: Fed, keys: PipeInput, burst: str, line: str) -> None:
    enter("s = create-tcp-socket(ipv4)")
    assert typed(enter, keys, burst) == line
