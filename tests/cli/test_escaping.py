"""What comes from outside is escaped wherever it is printed for people, and cannot pass for a line of ours."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import wasinet
from tests.cli.inside import inside
from tests.cli.test_files_from_outside import record
from tests.guests.wat import guest
from tests.repl.support import fed
from wasinet import wit

# Clears the screen, sets the title, turns the writing direction, begins a control sequence in one byte, half a
# surrogate pair, a line end that is none, and a line that would be believed.
EVIL = "\x1b[2J\x1b]0;x\x07\u202e\x9b1m\u2028\udcff\x7f\r\nfile: 3 as expected"

# The same as the name of a function.
_NAME = r'$"\1b[2J\e2\80\ae\0d\0afile: 3 as expected"'

_OURS = re.compile(r"\x1b\[[0-9;]*m")


def _harmless(text: str, *, lines: int | None = None) -> None:
    shown = _OURS.sub("", text).removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in shown), text
    assert not any(line.startswith("file: 3 as expected") for line in shown), text
    assert lines is None or len(shown) == lines, text


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


_TRAPPING = guest(
    wit.load("0.2-command"), f"(call {_NAME}) (i32.const 0)", only=(), functions=f"(func {_NAME} (unreachable))"
).encode()

_CASES: dict[str, tuple[list[str], bytes]] = {
    # Arguments, with EVIL for {}, and what the file of that name holds.
    "replay, no such file": (["replay", "{}none"], b""),
    "replay, no transcript": (["replay", "{}"], b"> nonsense\x1b[2J\n"),
    "replay, not UTF-8": (["replay", "{}"], b"\xff"),
    "replay, as expected": (["replay", "{}"], b"> s = create-tcp-socket(ipv4)\n"),
    "replay, a mismatch": (["replay", "{}"], b"# \x1b\n> s = create-tcp-socket(ipv4) # \x1b[2J\n< err(unknown)\n"),
    "replay, a folder": (["replay", "{}/folder"], b""),
    "diff": (["diff", "{}none"], b""),
    "run, no such file": (["run", "{}none"], b""),
    "run, no component": (["run", "{}"], b"x"),
    "run, bad text": (["run", "{}"], b'(component (import "\\1b[2J\x1b]0;x\x07" (func (param "\xe2\x80\xae" u8))) ('),
    "run, a trap, --debug": (["run", "--debug", "{}"], _TRAPPING),
    "run, an unknown import": (["run", "{}"], b'(component (import "a:b/c" (func)))'),
    "run, a core module": (["run", "{}"], b"(module)"),
    "run, a bad policy": (["run", "--policy", "{}", "x.wasm"], b'allow = ["\\u001b[2J\\r\\nx"]'),
    "run, an unknown key": (["run", "--policy", "{}", "x.wasm"], b'"\\u001b[2J\\r\\n" = 1'),
    "run, a bad rule": (["run", "--allow", "{}", "x.wasm"], b""),
    "run, a bad folder": (["run", "--dir", "{}none", "x.wasm"], b""),
    "run, --debug": (["run", "--debug", "{}none"], b""),
    "trace summary": (["trace", "summary", "{}"], record(EVIL).encode()),
    "trace view": (["trace", "view", "{}"], record(EVIL).encode()),
    "trace view, no record": (["trace", "view", "{}"], json.dumps({"time": EVIL}).encode()),
    "resolve": (["resolve", "{}"], b""),
    "explain": (["explain", "{}"], b""),
    "an unknown command": (["{}"], b""),
    "an unknown option": (["--{}"], b""),
    "a bad value": (["--timeout", "{}", "wit"], b""),
    "an extra argument": (["wit", "{}"], b""),
    "tcp connect": (["tcp", "connect", "{}:1"], b""),
    "tcp --send": (["tcp", "connect", "127.0.0.1:1", "--send", "@{}none"], b""),
    "poll": (["poll", "{}"], b""),
    "call": (["call", "{}"], b""),
    "a file for the trace": (["--trace-file", "{}none/x", "call", "create-tcp-socket(ipv4)"], b""),
    "a file for the report": (["replay", "shipped", "--junit", "{}none/x"], b""),
}


# Where a terminal is given something else than a pipe: tables, wrapped lines.
_DRAWN = ("replay, no transcript", "run, bad text", "trace summary", "trace view", "poll")


@pytest.mark.parametrize(
    ("name", "terminal"), [*((name, False) for name in _CASES), *((name, True) for name in _DRAWN)]
)
def test_nothing_acts_on_the_terminal(name: str, terminal: bool, there: Path) -> None:
    arguments, content = _CASES[name]
    file = EVIL.replace("/", "")
    (there / file).write_bytes(content)
    (there / "shipped").write_bytes(b"> s = create-tcp-socket(ipv4)\n")
    filled = [one.replace("{}", file) for one in arguments]
    if "/folder" in filled[-1]:
        (there / file).unlink()
        (there / file / "folder").mkdir(parents=True)
    done = inside(*filled, terminal=terminal)
    assert done.returncode in (0, 1, 2, 3, 4), done.stderr
    _harmless(done.stdout)
    _harmless(done.stderr)
    assert done.stdout + done.stderr
    assert "internal error" not in done.stderr


def test_a_page_and_a_report_hold_no_control_characters(there: Path, wasmtime_runtime: None) -> None:
    file = EVIL.replace("/", "")
    (there / file).write_bytes(record(EVIL).encode())
    assert inside("trace", "view", file, "--html", "page").returncode == 0
    _harmless((there / "page").read_text(encoding="utf-8"))
    (there / file).write_bytes(b"> s = create-tcp-socket(ipv4) # \x1b[2J\xe2\x80\xae\n< err(unknown)\n")
    for command in ("replay", "diff"):
        done = inside(command, file, "--junit", "report")
        assert done.returncode in (0, 4)
        report = (there / "report").read_text(encoding="utf-8")
        _harmless(report)
        (case,) = ElementTree.fromstring(report).iter("testcase")
        assert "\\r\\nfile: 3 as expected" in case.attrib["name"]


def test_json_lines_are_printable_and_say_what_there_is(there: Path) -> None:
    file = "\x7f\x9b\u202e\u2028\U000e0001.wasinet"
    (there / file).write_bytes(b"> s = create-tcp-socket(ipv4)\n")
    done = inside("--json", "replay", file)
    _harmless(done.stdout, lines=1)
    assert json.loads(done.stdout)["file"] == file


def test_the_prompt_escapes_what_a_pipe_or_a_file_brings(there: Path) -> None:
    file = EVIL.replace("/", "")
    with fed(color=True) as repl:
        for text in (".load {}none", ".{}", ".explain {}", ".wait {}", "f({})", ".network {}"):
            _harmless("\n".join(repl(text.replace("{}", file))))
        (there / file).write_bytes(b"> \x1b[2J\r\n")
        _harmless("\n".join(repl(f".load {file}")))
        # What a shell command writes is the person's own.
        assert repl("create-tcp-socket(ipv4) | printf '\\033[1mx'") == ["\x1b[1mx"]


_SESSION = """
s = create-tcp-socket(ipv4)
.trace on
s.address-family()
.tree
.history
.states s
.policy
s.accept()
.help drop
.network n tcp-bind:127.0.0.1
.handles
drop(s)
.time on
now()
"""


def test_colours_are_ours_alone() -> None:
    with fed(color=True) as repl:
        for text in _SESSION.strip().split("\n"):
            shown = "\n".join(repl(text))
            assert "\\x1b" not in shown
            _harmless(shown)


def _writes(tree: ast.AST) -> list[int]:
    """The lines that write to a standard stream by themselves."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            found.append(node.lineno)
        if isinstance(node, ast.Attribute) and node.attr in ("write", "writelines", "buffer"):
            owner = node.value
            if isinstance(owner, ast.Attribute) and owner.attr in ("stdout", "stderr", "__stdout__", "__stderr__"):
                found.append(node.lineno)
    return found


# The writer itself, the version before anything is imported, the last words, and the questions of --ask.
_WRITERS = {"cli/output.py", "__main__.py", "cli/stdio.py", "cli/ask.py"}


def test_everything_goes_out_through_one_writer() -> None:
    root = Path(wasinet.__file__).parent
    texts = {str(path.relative_to(root)): path.read_text("utf-8") for path in root.rglob("*.py")}
    # Parsing all sources takes seconds.
    found = {name for name, text in texts.items() if re.search("print|std(out|err)", text) and _writes(ast.parse(text))}
    assert found <= _WRITERS
