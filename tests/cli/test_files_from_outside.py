"""Every reader of a file, with files that somebody made wrong: one kind of error, one line, nothing that acts."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.cli.inside import inside
from tests.guests.bodies import NOTHING
from tests.guests.wat import guest
from tests.mutations import mutated
from tests.support import many
from wasinet import wit
from wasinet.cli.ask import TerminalAsker
from wasinet.cli.config_keys import load as load_config
from wasinet.cli.policy_options import make_policy, write_learned
from wasinet.cli.settings import ConfigError, Settings
from wasinet.cli.trace_files import read_calls
from wasinet.cli.values import BadValue
from wasinet.conformance import deviations
from wasinet.conformance.scripts import read_script
from wasinet.engine.learning import Learned
from wasinet.hosts.components.component import Component, NotRunnable
from wasinet.hosts.guest import world_of
from wasinet.render.printable import Printable
from wasinet.render.table import table_text
from wasinet.render.theme import Painter
from wasinet.render.timeline import timeline_text
from wasinet.render.tracefile import handles_of
from wasinet.render.tracepage import trace_page
from wasinet.render.tracetables import counts_of, counts_table, handles_json, handles_table, times_of
from wasinet.repl.repl import needs_more
from wasinet.script.transcript import TranscriptError, read_file, read_text

_SHIPPED = (Path(wit.__file__).parent.parent / "hosts" / "deviations.toml").read_bytes()


def _record(**changes: object) -> str:
    whole = {
        "time": 0.25, "duration": 0.001, "host": "native", "interface": "tcp", "function": "tcp-socket.accept",
        "arguments": {"address": "127.0.0.1:80"}, "outcome": {"ok": {"handle": 9, "type": "pollable"}}, "handle": 3,
        "before": "unbound", "after": "bound", "reason": "",
    }  # fmt: skip
    return json.dumps({**whole, **changes})


def record(text: str) -> str:
    """A line of a trace with this text wherever a text may be."""
    return _record(
        host=text, interface=text, function=f"drop {text}", before=text, after=text, reason=text,
        arguments={text: text}, outcome={"ok": {"handle": 9, "type": text}},
    )  # fmt: skip


_TRACE = "\n".join(
    (
        _record(),
        _record(function="input-stream.read", handle=5, arguments={"len": 7}, outcome={"ok": {"base64": "AAAA"}}),
        _record(function="outgoing-datagram-stream.send", handle=6, outcome={"ok": 1},
                arguments={"datagrams": [{"data": {"base64": "AAAA"}, "remote-address": None}]}),
        _record(function="output-stream.write", handle=8, arguments={"contents": {"base64": "AAAA"}}),
        _record(function="poll", handle=None, outcome={"value": [0, 1]}, time=2, before="", after=""),
        _record(function="drop tcp-socket", handle=3, outcome={"trap": "it has children"}, reason="x"),
    )
)  # fmt: skip

_TRANSCRIPT = r"""# A comment.
%world 0.2
%timeout 5s
%network fenced tcp-bind:127.0.0.0/8 deny:tcp-connect:[::1]:9

> s = create-tcp-socket(ipv4)
< ok(_)
> s.start-bind(fenced, 127.0.0.1:0)
< ok | err(access-denied)
> !retry s.finish-bind()
< ok
> s.start-connect(net, ipv6({port: 9, flow-info: 1, address: (0,0,0,0,0,0,0,1), scope-id: 0}))
< err(_)
> r = resolve-addresses(fenced, "ü\n\u{41}")
< trap "text"
> p = s.subscribe()
> poll([p])
< [0, ...]
> (rx, tx) = s.finish-connect()
> tx.write("a\xff")
"""

_POLICY = (
    'base = "guest"\nask = false\nallow = ["tcp-connect:10.0.0.0/8:443", "name-lookup:*.example.com"]\n'
    "deny = ['tcp-connect:[::1]:80', \"udp-send:10.1.2.3:1-9\"]\n"
)

_CONFIG = (
    'color = "never"\ntimeout = "5s"\ntrace-data = 64\nconnect-timeout = "1s"\n[repl]\nkeys = "vi"\n[policy]\n'
    'allow = ["tcp-connect:10.0.0.0/8:443"]\n[theme]\nok = "bold green"\n'
)


def _trace(path: str) -> None:
    calls = read_calls(path)
    handles = handles_of(calls)
    end = max((call.end for call in calls), default=0.0)
    times_of(calls)
    tables = counts_table(counts_of(calls)), handles_table(handles, end)
    shown = [timeline_text(calls, handles, Painter(False), 60)]
    shown += (table_text(table, drawn=False, color=False, width=60) for table in tables)
    shown.append(Printable(trace_page(calls, handles, path)))
    assert all(line.isprintable() for text in shown for line in text.split("\n"))
    json.dumps(handles_json(handles, end), allow_nan=False)


def _policy(path: str) -> None:
    asker = TerminalAsker("guest", Painter(False))
    make_policy((), (), file=path, ask=False, asker=asker, learn=False, told=None, own=tuple)


def _deviations(path: str) -> None:
    deviations.load(read_text(path))


def _component(path: str) -> None:
    component = Component(path)
    world = wit.load(world_of(component))
    component.missing(list(component.answered(world)))
    component.entry()


def _lines(path: str) -> None:
    text = read_text(path)
    for line in text.split("\n"):
        needs_more(line)


def _binary() -> bytes:
    from wasmtime import wat2wasm

    return bytes(wat2wasm(_WAT))


_WAT = guest(wit.load("0.2-command"), NOTHING, only=())

_Reader = tuple[Callable[[str], object], list[bytes], tuple[type[Exception], ...], float]

READERS: dict[str, _Reader] = {
    "transcript": (read_file, [_TRANSCRIPT.encode()], (TranscriptError,), 1),
    "script": (
        read_script,
        [_TRANSCRIPT.encode(), b"# Calls.\ns = create-tcp-socket(ipv4); s.subscribe()\n"],
        (TranscriptError,),
        1,
    ),
    "lines": (_lines, [_TRANSCRIPT.encode()], (TranscriptError,), 1),
    "trace": (_trace, [_TRACE.encode()], (BadValue,), 1),
    "policy": (_policy, [_POLICY.encode()], (BadValue, ConfigError), 1),
    "config": (load_config, [_CONFIG.encode()], (ConfigError,), 1),
    "deviations": (
        _deviations, [b"[[deviation]]".join(_SHIPPED.split(b"[[deviation]]")[:3])], (ValueError,), 0.2,
    ),
    "wat": (_component, [_WAT.encode()], (NotRunnable,), 0.1),
    "wasm": (_component, [_binary()], (NotRunnable,), 0.1),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_every_file_gives_a_result_or_the_documented_error(name: str, tmp_path: Path) -> None:
    read, seeds, documented, share = READERS[name]
    path = tmp_path / "file"
    for data in seeds:
        path.write_bytes(data)
        read(str(path))
    refused = 0
    for number, data in enumerate(mutated(seeds, int(many(60, 100_000) * share) or 1)):
        path.write_bytes(data)
        try:
            read(str(path))
        except documented:
            refused += 1
        except BaseException as error:
            raise AssertionError(f"{name}, number {number}: {data[:3000]!r}") from error
    assert refused


@pytest.mark.parametrize(
    "changes",
    [
        {"duration": float("inf")}, {"time": float("nan")}, {"time": 1e300}, {"duration": 10**309}, {"time": -1},
        {"time": True}, {"handle": True}, {"handle": -1}, {"handle": 10**400}, {"outcome": {"ok": 1, "err": 2}},
        {"outcome": []}, {"arguments": []}, {"host": None}, {"interface": 1}, {"function": {}}, {"reason": 5},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("command", ["summary", "view"])
def test_a_trace_of_wrong_values_is_refused(command: str, changes: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_text(f"{_record()}\n{_record(**changes)}\n")
    done = inside("trace", command, str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"wasinet: trace {command}: {path}:2: ")
    assert done.stderr.count("\n") == 1


def test_a_learnt_rule_stays_one_rule(tmp_path: Path) -> None:
    # A guest chooses the names that it looks up.
    rule = 'name-lookup:x", "all"]\ndeny = [" \\u0041\x1b\u202e'
    write_learned(Settings(), str(tmp_path / "learnt"), [Learned(rule, 1), Learned("udp-send:127.0.0.1:9", 20)])
    assert tomllib.loads((tmp_path / "learnt").read_text())["allow"] == [rule, "udp-send:127.0.0.1:9"]


@pytest.mark.parametrize("editor", ["vi '", 'ed "', "vi \\"])
def test_an_editor_that_is_no_command(editor: str, tmp_path: Path) -> None:
    done = inside("config", "edit", env={"EDITOR": editor, "VISUAL": " ", "XDG_CONFIG_HOME": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr.startswith(f"wasinet: config edit: EDITOR: {editor!r} is no command: no ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["replay", "/dev/zero"], "larger than 16 MiB"),
        (["diff", "/dev/zero"], "larger than 16 MiB"),
        (["trace", "view", "/dev/zero"], "a line is longer than 64 MiB"),
        (["repl"], "standard input cannot be read: a line is longer than 16 MiB"),
        (["call", "-"], "standard input cannot be read: larger than 16 MiB"),
        (["run", "--policy", "/dev/zero", "x.wasm"], "larger than 1 MiB"),
        (["run", "/dev/zero"], "larger than 512 MiB|Cannot allocate memory"),
        (["udp", "send", "127.0.0.1:9", "@/dev/zero"], "larger than 1 MiB"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_device_that_never_ends_under_a_limit_of_memory(arguments: list[str], message: str) -> None:
    with open("/dev/zero", "rb") as zero:
        done = run(*arguments, stdin=zero, prefix=["sh", "-c", 'ulimit -v 700000; exec "$@"', "sh"])
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(rf"wasinet: .*({message}).*\n", done.stderr), done.stderr


@pytest.mark.parametrize("arguments", [["replay"], ["run"], ["trace", "summary"]], ids=" ".join)
def test_waiting_for_a_pipe_ends_with_the_timeout(arguments: list[str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = run("--timeout", "200ms", *arguments, str(tmp_path / "pipe"))
    assert (done.returncode, done.stderr) == (124, f"wasinet: {' '.join(arguments)}: timed out after 200ms\n")
