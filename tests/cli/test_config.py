"""The configuration file: what it sets, what goes before it, and how its mistakes are told."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from tests.cli.command import CLEAN, run
from tools.describe import program
from wasinet.cli import commands, lazy
from wasinet.cli.config import config_path, read_config
from wasinet.cli.config_edit import template
from wasinet.cli.config_keys import Setting, apply, keys, parse
from wasinet.cli.settings import Settings
from wasinet.render import theme

Write = Callable[[str], Path]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the file that commands read."""
    monkeypatch.setitem(CLEAN, "XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "wasinet" / "config.toml"

    def write(text: str) -> Path:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def own_theme() -> Iterator[None]:
    """The theme of this process stays as it is."""
    styles = dict(theme.STYLES)
    yield
    theme.restyle(styles)
    theme._RESTYLED.clear()


@pytest.mark.skipif(sys.platform != "linux", reason="by hand only where XDG is the system's way")
@pytest.mark.parametrize("home", [None, "", "/elsewhere"])
def test_the_path_is_that_of_platformdirs(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    from platformdirs import user_config_path

    if home is None:
        monkeypatch.delenv("XDG_CONFIG_HOME")
    else:
        monkeypatch.setenv("XDG_CONFIG_HOME", home)
    assert config_path() == str(user_config_path("wasinet") / "config.toml")


def test_a_relative_folder_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/someone")
    assert config_path() == "/home/someone/.config/wasinet/config.toml"


def colored(*arguments: str, **env: str) -> bool:
    return "\x1b[" in run("explain", "listening", *arguments, env=env).stdout


def test_options_before_environment_before_file_before_built_in(config: Write) -> None:
    assert not colored()
    config('color = "always"')
    assert colored()
    assert not colored(WASINET_COLOR="never")
    assert colored("--color", "always", WASINET_COLOR="never")
    assert not colored("--color", "never")


def test_world_and_host(config: Write) -> None:
    config('world = "draft"\nhost = "native"')
    assert run("wit").stdout == run("wit", "--world", "draft").stdout != run("wit", "--world", "0.2").stdout


def test_timeouts(config: Write) -> None:
    config('timeout = "50ms"')
    done = run("tcp", "listen", "127.0.0.1:0")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (124, "wasinet: tcp listen: timed out after 50ms")
    config("idle-timeout = 0.05")
    done = run("poll", "timer:1ms")
    assert done.returncode == 0
    done = run("tcp", "connect", "127.0.0.1:1")
    assert done.returncode == 1


def test_an_option_goes_before_its_key(config: Write, tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    def command(
        ctx: typer.Context,
        idle_timeout: Annotated[str | None, typer.Option()] = None,
        allow: Annotated[list[str] | None, typer.Option()] = None,
        vi: Annotated[bool, typer.Option("--vi/--emacs")] = False,
    ) -> None:
        seen.update(idle_timeout=idle_timeout, allow=allow, vi=vi)

    config('idle-timeout = "3s"\n[policy]\nallow = ["tcp-connect:*:443", "udp-bind"]\n[repl]\nkeys = "vi"')

    def invoke(*arguments: str) -> dict[str, Any]:
        settings = Settings()
        read_config(settings)
        assert settings.config_error is None
        group = lazy.LazyGroup("wasinet", "", {"x": commands.Entry("x", "X.")})
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "wasinet.cli.x", type("Module", (), {"command": staticmethod(command)}))
            with group.make_context("wasinet", ["x", *arguments], obj=settings) as ctx:
                group.invoke(ctx)
        return seen

    assert invoke() == {"idle_timeout": "3s", "allow": ["tcp-connect:*:443", "udp-bind"], "vi": True}
    assert invoke("--idle-timeout", "1s", "--allow", "all", "--emacs") == {
        "idle_timeout": "1s",
        "allow": ["all"],
        "vi": False,
    }


@pytest.mark.parametrize(
    ("arguments", "name", "wanted"),
    [
        (["tcp", "connect", "localhost:1"], "idle_timeout", 30.0),
        (["tcp", "connect", "localhost:1", "--idle-timeout", "1s"], "idle_timeout", 1.0),
        (["tcp", "connect", "localhost:1"], "connect_timeout", 2.0),
        (["tcp", "listen", "localhost:1"], "idle_timeout", 30.0),
        (["repl"], "vi", True),
        (["repl", "--emacs"], "vi", False),
    ],
)
def test_commands_have_the_defaults(config: Write, arguments: list[str], name: str, wanted: object) -> None:
    config('idle-timeout = "30s"\nconnect-timeout = 2\nrepl.keys = "vi"')
    settings = Settings()
    read_config(settings)
    group: Any = lazy.root()
    context = group.make_context("wasinet", list(arguments), obj=settings)
    while isinstance(group, lazy.LazyGroup):
        word, group, rest = group.resolve_command(context, [*context._protected_args, *context.args])
        context = group.make_context(word, rest, parent=context)
    assert context.params[name] == wanted


def test_the_theme(config: Write) -> None:
    assert "\x1b[35mlistening" in run("explain", "listening", "--color", "always").stdout
    config('[theme]\nstate = "bold bright_red"')
    assert "\x1b[1;91mlistening" in run("explain", "listening", "--color", "always").stdout


def test_the_theme_at_the_prompt() -> None:
    from prompt_toolkit.styles import Style

    assert theme.prompt_styles() == {}
    theme.restyle({"function": "bold bright_white", "muted": "dim", "handle": "white", "ok": "underline bright_black"})
    styles = theme.prompt_styles()
    assert styles == {
        "function": "bold ansiwhite",
        "muted": "ansibrightblack",
        "handle": "ansigray",
        "ok": "underline ansibrightblack",
    }
    Style.from_dict(styles)


@pytest.mark.parametrize("word", theme._CODES)
def test_every_word_of_a_style_is_known_at_the_prompt(word: str) -> None:
    from prompt_toolkit.styles import Style

    theme.restyle({"ok": word})
    Style.from_dict(theme.prompt_styles())
    assert theme.style_mistake(word) == ""


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('\n\ncolor = "red"\n', 3, "color: 'red' is no colour choice; choose auto, always, never"),
        ('world = "0.1"', 1, "world: '0.1' is no world; choose 0.2, draft"),
        ("color = true", 1, "color: true is no text"),
        ("quiet = 1", 1, "quiet: 1 is neither true nor false"),
        ('timeout = "5 parsecs"', 1, "timeout: '5 parsecs' is no duration; e.g. 5s, 250ms"),
        ('connect-timeout = "0s"', 1, "connect-timeout: '0s' is too short; e.g. 5s"),
        ("trace-data = -1", 1, "trace-data: '-1' is no number; e.g. 0, 10, 1000"),
        ('# x\n[repl]\n# y\nkeys = "nano"', 4, "repl.keys: 'nano' is no set of keys; choose emacs, vi"),
        ('repl.keys = "nano"', 1, "repl.keys: 'nano' is no set of keys; choose emacs, vi"),
        ('[repl]\n"keys" = 1', 2, "repl.keys: 1 is no set of keys; choose emacs, vi"),
        ("\nrepl = { keys = 3 }", 2, "repl.keys: 3 is no set of keys; choose emacs, vi"),
        ("[policy]\nallow = 'all'", 2, "policy.allow: 'all' is no list of rules"),
        ("[policy]\ndeny = ['tcp-conect']", 2, "policy.deny: "),
        ("[theme]\nstate = 'mauve'", 2, "theme.state: 'mauve' is no style; choose from bold, dim"),
        ('colour = "auto"', 1, "there is no key 'colour'; did you mean color?"),
        ("connect_timeout = 1", 1, "there is no key 'connect_timeout'; did you mean connect-timeout?"),
        ("[ui]\nkeys = 'vi'", 1, "there is no key 'ui'; there is world, host,"),
        ("[repl]\ncolor = 'auto'", 2, "there is no key 'repl.color'; did you mean"),
        ("keys = 'vi'", 1, "there is no key 'keys'; did you mean repl.keys?"),
        ('color = "auto"\ncolor = "auto"', 2, "not TOML: Cannot overwrite a value"),
        ("world = 0.2\n\ncolor =", 3, "not TOML: Invalid value"),
        ("world = 0.2\ncolor = red\n", 2, "not TOML: Invalid value"),
    ],
)
def test_mistakes(config: Write, text: str, line: int, message: str) -> None:
    path = config(text)
    done = run("wit")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"wasinet: {path}:{line}: {message}"), done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_no_text(config: Write) -> None:
    path = config("")
    path.write_bytes(b'color = "auto"\nworld = "\xff"\n')
    done = run("wit")
    assert (done.returncode, done.stderr) == (2, f"wasinet: {path}:2: not UTF-8: invalid start byte\n")


def test_a_file_that_cannot_be_read(config: Write) -> None:
    path = config("")
    path.unlink()
    path.mkdir()
    done = run("wit")
    assert (done.returncode, done.stderr) == (2, f"wasinet: {path}: cannot be read: Is a directory\n")


def test_what_repairs_a_broken_file_runs(config: Write) -> None:
    path = config("color = 'red'")
    done = run("config", "path")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
    assert json.loads(run("config", "path", "--json").stdout) == {"path": str(path)}
    assert run("--help").returncode == 0
    assert run("--version").returncode == 0
    done = run("config", "edit", env={"EDITOR": "sed -i s/red/never/", "VISUAL": ""})
    assert (done.returncode, done.stderr) == (0, "")
    assert run("wit").returncode == 0


def test_show(config: Write) -> None:
    path = config('color = "always"\n\n[theme]\nstate = "bold"\n[policy]\nallow = ["all"]\n')
    done = run("config", "show", "--color", "never", env={"WASINET_WORLD": "draft", "COLUMNS": "300"})
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in done.stdout.splitlines()}
    assert rows["color"] == f"always {path}:1"
    assert rows["theme.state"] == f"bold {path}:4"
    assert rows["policy.allow"] == f"all {path}:6"
    assert rows["world"] == "draft WASINET_WORLD"
    assert rows["host"] == "native built in"
    assert rows["repl.keys"] == "emacs built in"
    assert rows["timeout"] == "- built in"
    assert set(keys()) <= set(rows)
    shown = {row["key"]: row for row in map(json.loads, run("config", "show", "--json").stdout.splitlines())}
    assert shown["color"] == {"key": "color", "value": "always", "source": f"{path}:1"}
    assert shown["policy.deny"] == {"key": "policy.deny", "value": [], "source": "built in"}
    assert shown["trace-data"] == {"key": "trace-data", "value": 64, "source": "built in"}


def test_edit_makes_the_file(config: Write, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "$@" > "$(dirname "$0")/called"\n', "utf-8")
    editor.chmod(0o755)
    done = run("config", "edit", env={"VISUAL": str(editor), "EDITOR": "false"})
    assert (done.returncode, done.stderr) == (0, "")
    path = tmp_path / "wasinet" / "config.toml"
    assert (tmp_path / "called").read_text("utf-8") == f"{path}\n"
    assert path.read_text("utf-8") == template()
    assert run("config", "show").returncode == 0


@pytest.mark.parametrize(
    ("editor", "code", "message"),
    [
        ("sh -c 'echo x = 1 > $0'", 2, "{path}:1: there is no key 'x'"),
        ("false", 1, "config edit: false: ended with 1"),
        ("no-such-editor", 1, "config edit: no-such-editor: no such program; set EDITOR"),
    ],
)
def test_edit_that_goes_wrong(config: Write, editor: str, code: int, message: str) -> None:
    path = config("")
    done = run("config", "edit", env={"EDITOR": editor, "VISUAL": ""})
    assert done.returncode == code
    assert done.stderr.startswith(f"wasinet: {message.format(path=path)}")


def test_the_template_is_right_with_its_comments_removed() -> None:
    assert parse("config.toml", template().encode()) == []
    lines = template().splitlines()
    for key in keys().values():
        assert f"# {key.name.rpartition('.')[2]} = " in lines
    for name in ("repl", "policy", "theme"):
        assert f"[{name}]" in lines


def test_every_option_that_a_key_sets_is_there() -> None:
    options = {name for command in program().commands for option in command.options for name in option.options}
    # The rules of guests are set where guests are run.
    assert {key.option for key in keys().values() if key.option} - {"--allow", "--deny"} <= options


def test_every_common_option_is_a_key() -> None:
    common = {option.options[-1][2:] for option in program().common} - {"help"}
    assert common == {key.name for key in keys().values() if key.setting}
    settings = Settings()
    for key in keys().values():
        assert not key.setting or hasattr(settings, key.setting)


def test_applying() -> None:
    settings = Settings()
    found = parse("x", b'json = true\ntimeout = 2\ntrace-file = "-"\nconnect-timeout = "1s"\n')
    assert [(one.key.name, one.line) for one in found] == [
        ("json", 1), ("timeout", 2), ("trace-file", 3), ("connect-timeout", 4),
    ]  # fmt: skip
    assert all(isinstance(one, Setting) for one in found)
    apply(found, settings)
    assert (settings.json, settings.timeout, settings.trace_file) == (True, 2_000_000_000, "-")
    assert settings.defaults == {"--connect-timeout": "1s"}


def test_tests_read_nobodys_configuration() -> None:
    assert os.environ["XDG_CONFIG_HOME"] == os.devnull == CLEAN["XDG_CONFIG_HOME"]
    assert run("config", "path").stdout == f"{os.devnull}/wasinet/config.toml\n"
