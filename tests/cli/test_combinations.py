"""Options that do nothing without another one, or beside it: one line, and nothing is called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from wasinet.cli.combinations import EXCLUDED, NEEDED, WITHOUT, check
from wasinet.cli.commands import COMMANDS, Group
from wasinet.cli.lazy import leaf, root
from wasinet.cli.params import default_text
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue


def commands() -> Iterator[tuple[str, Any]]:
    for name, entry in COMMANDS.items():
        if isinstance(entry, Group):
            for inner, one in entry.commands.items():
                yield f"{name} {inner}", leaf(inner, one)
        else:
            yield name, leaf(name, entry)


TABLE = dict(commands())
_SAMPLES = {"tcp connect": ["127.0.0.1:1"], "tcp listen": [":0"], "udp send": ["127.0.0.1:1", "x"], "udp recv": [":0"]}
_SAMPLES |= {"resolve": ["localhost"], "call": ["poll([])"], "states": ["tcp"], "trace view": ["-"]}
_SAMPLES |= {"explain": ["accept"], "replay": ["-"], "completion": ["bash"]}
_VALUES = {"--count": "2", "--interval": "1s", "--max": "1", "--wait": "1s", "--server": "9.9.9.9"}
_VALUES |= {"--server-timeout": "1s", "--send": "x", "--output": "x", "--idle-timeout": "1s", "--trace-data": "1"}
_VALUES |= {"--trace-only": "tcp", "--html": "x", "--world": "0.2"}


def refused(command: str, *options: str) -> str:
    """What a command line with these options is refused with."""
    words = command.split()
    for option in options:
        words.append(option)
        if option == "--format":
            words.append("json" if command == "states" else "wave")
        elif option in _VALUES:
            words.append(_VALUES[option])
    settings = Settings()
    context = root().make_context("wasinet", [*words, *_SAMPLES.get(command, [])], obj=settings)
    with context as ctx, pytest.raises(BadValue) as caught:
        ctx.command.invoke(ctx)
    return str(caught.value)


@pytest.mark.parametrize(
    ("command", "option"), [(c, o) for c, rows in NEEDED.items() if c for o, needed in rows.items() if needed]
)
def test_without_what_it_needs(command: str, option: str) -> None:
    assert refused(command, option) == f"{option} is for {NEEDED[command][option][0]}, which is not given"


@pytest.mark.parametrize("option", NEEDED[""])
def test_trace_options_without_a_trace(option: str) -> None:
    assert refused("call", option).startswith(f"{option} is for --trace")
    check("call", {option, "--trace"})


@pytest.mark.parametrize(
    ("command", "option", "other"), [(c, o, x) for c, rows in EXCLUDED.items() for o, others, _ in rows for x in others]
)
def test_beside_what_leaves_no_use(command: str, option: str, other: str) -> None:
    needed = NEEDED.get(command, {}).get(other, ())
    assert refused(command, *needed, other, option).startswith(f"{other} has no use beside {option}: ")


@pytest.mark.parametrize(("command", "option"), [(c, o) for c, rows in WITHOUT.items() for o in rows])
def test_what_a_command_has_not(command: str, option: str) -> None:
    assert refused(command, option).startswith(f"{option}: ")


def test_every_option_that_a_help_text_ties_to_another_is_in_the_table() -> None:
    tied = {
        (name, max(param.opts, key=len)): match[1]
        for name, command in TABLE.items()
        for param in command.params
        if param.param_type_name == "option" and (match := re.match(r"With (--[a-z-]+)", param.help or ""))
    }
    assert tied == {key: NEEDED[key[0]][key[1]][0] for key in tied}
    assert len(tied) >= 5


def test_the_table_names_options_that_there_are() -> None:
    named = {(c, o) for c, rows in NEEDED.items() if c for o, needed in rows.items() for o in (o, *needed)}
    named |= {(c, o) for c, rows in EXCLUDED.items() for option, others, _ in rows for o in (option, *others)}
    named |= {(c, o) for c, rows in WITHOUT.items() for o in rows}
    known = {(name, opt) for name, command in TABLE.items() for param in command.params for opt in param.opts}
    assert named <= known


def test_the_environment_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A default for all commands may be without use in one."""
    monkeypatch.setenv("WASINET_TRACE_DATA", "5")
    with root().make_context("wasinet", ["wit"], obj=Settings()) as ctx:
        monkeypatch.setattr("wasinet.cli.wit.write_line", lambda stream, text: None)
        ctx.command.invoke(ctx)


def test_defaults_are_what_a_person_would_type() -> None:
    """The parser of an option reads its default's text as the default."""
    shown = {}
    for name, command in TABLE.items():
        for param in command.params:
            text = default_text(param, param.default)
            if text and not param.is_flag:
                read = getattr(param.type, "func", type(param.default))
                assert read(text) == param.default, (name, param.opts)
            if text:
                shown[name, param.opts[0]] = text
    assert shown["tcp connect", "--interval"] == "1s"
    assert shown["fuzz", "--hosts"] == "native,wasmtime"
    assert shown["repl", "--vi"] == "--emacs"
    # Off, which every flag is that has no opposite, is not said.
    assert ("tcp connect", "--probe") not in shown


def test_a_default_of_the_configuration_is_shown() -> None:
    settings = Settings()
    settings.defaults["--idle-timeout"] = "30s"
    with root().make_context("wasinet", ["tcp", "connect", ":1"], obj=settings) as ctx:
        command: Any = ctx.command
        group = command.get_command(ctx, "tcp")
        inner = group.make_context("tcp", ["connect", ":1"], parent=ctx)
        one = group.get_command(inner, "connect")
        page = one.get_help(one.make_context("connect", ["a:1"], parent=inner))
    assert "[default: 30s]" in " ".join(page.split())
