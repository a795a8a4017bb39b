"""What a guest may do on the network: rules, files, questions, and what a run teaches."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
import tracemalloc
from pathlib import Path

import pexpect
import pytest

from tests.cli.command import CLEAN, COMMAND, run
from tests.cli.support import server
from tests.guests import bodies
from tests.guests.wat import guest
from tests.support import ipv4
from wasinet import wit
from wasinet.cli.policy_options import Denials, learned_lines
from wasinet.engine.domain import Domain
from wasinet.engine.learning import Learned
from wasinet.engine.policy import Policy, Rule
from wasinet.wit.values import Case

WORLD = wit.load("0.2")
SECONDS = 120
_IN_PROGRESS = "unbound → connect-in-progress"


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CLEAN, "XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def component(tmp_path: Path) -> Path:
    return tmp_path / "guest.wat"


def connecting(component: Path, port: int) -> str:
    """A guest that connects there: it ends with 0 if it may, else with 1."""
    component.write_text(guest(WORLD, bodies.connected(port, bodies.NOTHING)))
    return str(component)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ([], 0, ""),
        (["--deny", "tcp-connect:127.0.0.0/8:*"], 1, "removing --deny tcp-connect:127.0.0.0/8:*"),
        (["--deny", "tcp-connect:127.0.0.0/8:*", "--allow", "all"], 1, "removing --deny tcp-connect:127.0.0.0/8:*"),
        (["--deny", "udp-send"], 0, ""),
        (["--policy", "POLICY"], 1, "--allow tcp-connect:127.0.0.1:PORT"),
        (["--policy", "POLICY", "--allow", "tcp-connect:127.0.0.1:PORT"], 0, ""),
        (["--policy", "POLICY", "--quiet"], 1, ""),
    ],
)
def test_rules(options: list[str], code: int, said: str, component: Path, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('allow = ["tcp-create", "name-lookup:*.example.com"]\n')
    with server() as (_, port):
        path = connecting(component, port)
        known = {"PORT": str(port), "POLICY": str(tmp_path / "policy.toml")}

        def filled(text: str) -> str:
            return re.sub("PORT|POLICY", lambda found: known[found[0]], text)

        done = run("run", *map(filled, options), path)
    line = f"wasinet: denied tcp-connect 127.0.0.1:{port}; {filled(said)} would allow it\n" if said else ""
    assert (done.returncode, done.stderr) == (code, line)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--deny", "all"], "removing --deny all"),
        (["--deny", "tcp-create"], "removing --deny tcp-create"),
        (["--policy", os.devnull], "--allow tcp-create"),
    ],
)
def test_creation(options: list[str], said: str, component: Path) -> None:
    done = run("run", *options, connecting(component, 9))
    assert (done.returncode, done.stderr) == (1, f"wasinet: denied tcp-create; {said} would allow it\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 1),
        ('base = "none"', 1),
        ('base = "guest"', 0),
        ('base = "all"', 0),
        ('base = "all"\ndeny = ["tcp-connect"]', 1),
        ('allow = ["tcp-connect:127.0.0.1"]', 0),
    ],
)
def test_files(text: str, code: int, component: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(text)
    with server() as (_, port):
        assert run("run", "--policy", str(policy), connecting(component, port)).returncode == code


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alow = []", "1: there is no key 'alow'; did you mean allow?"),
        ('\nbase = "loopback"', "2: base: 'loopback' is no base; choose none, guest, all"),
        ("ask = 1", "1: ask: 1 is neither true nor false"),
        ('allow = "all"', "1: allow: 'all' is no list of rules; e.g. [\"tcp-connect:10.0.0.0/8:443\"]"),
        (
            'deny = ["udp-send:10.0"]',
            "1: deny: 'udp-send:10.0': invalid address '10.0'; expected *, example.com or *.example.com, 10.0.0.0/8 "
            "or [2001:db8::/32]",
        ),
        ("allow = [", "1: not TOML: Invalid value"),
    ],
)
def test_bad_files(text: str, message: str, component: Path, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(text)
    component.write_text(guest(WORLD, bodies.NOTHING))
    done = run("run", "--policy", "policy.toml", str(component), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"wasinet: policy.toml:{message}\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--allow", "tcp"], "--allow: 'tcp': unknown use 'tcp'; expected all or one of tcp-create, tcp-bind,"),
        (
            ["--deny", "udp-bind:*:99999"],
            "--deny: 'udp-bind:*:99999': invalid port '99999'; expected 443, 8000-8100 or *",
        ),
        (["--policy", "nowhere"], "--policy: nowhere: No such file or directory"),
        (
            ["--learn", "x", "--ask"],
            "--learn: everything is allowed then; leave out --allow, --deny, --ask and --policy",
        ),
    ],
)
def test_bad_options(options: list[str], message: str, component: Path, tmp_path: Path) -> None:
    component.write_text(guest(WORLD, bodies.NOTHING))
    done = run("run", *options, str(component), cwd=tmp_path)
    assert done.stderr.startswith(f"wasinet: run: {message}")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


# Asking


def test_nobody_to_ask(component: Path) -> None:
    component.write_text(guest(WORLD, bodies.NOTHING))
    done = run("run", "--ask", str(component), start_new_session=True)
    assert done.stderr == "wasinet: run: --ask: there is no terminal to ask at; use --allow and --deny instead\n"
    assert done.returncode == 2


def asking(component: Path, port: int, policy: Path) -> pexpect.spawn:
    policy.write_text("ask = true\n")
    arguments = [*COMMAND[1:], "run", "--policy", str(policy), "--trace", connecting(component, port)]
    environment = {**CLEAN, "TERM": "dumb", "PATH": os.environ["PATH"]}
    return pexpect.spawn(
        sys.executable, arguments, env=environment, timeout=SECONDS, encoding="utf-8", dimensions=(40, 200)
    )


@pytest.mark.parametrize(
    ("key", "code"),
    # A function key, and what was pasted, are no answers, whatever letters are in them.
    [("o", 0), ("a", 0), ("N", 1), ("\x04", 1), ("\x1b[A", None), ("noon", None), ("y", None)],
)
def test_one_key_answers(key: str, code: int | None, component: Path, tmp_path: Path) -> None:
    with server() as (_, port):
        terminal = asking(component, port, tmp_path / "policy.toml")
        # The operation is in progress meanwhile, and told above the question.
        terminal.expect_exact(_IN_PROGRESS)
        terminal.expect_exact(f"guest.wat: --allow tcp-connect:127.0.0.1:{port}? [o]nce, [a]lways, [n]ever ")
        terminal.send(key)
        if code is None:
            # A second key is read after the first one.
            assert terminal.expect_exact([pexpect.TIMEOUT, pexpect.EOF], timeout=0.2) == 0
            terminal.send("o")
        terminal.expect(pexpect.EOF)
        terminal.close()
    assert terminal.exitstatus == (code or 0)
    if code:
        assert "finish-connect() → err(access-denied)" in terminal.before
        assert f"tcp-connect of 127.0.0.1:{port} was denied at the terminal" in terminal.before


@pytest.mark.parametrize(
    ("end", "ended"),
    [("\x03", (130, None)), ("\x1c", (None, signal.SIGQUIT)), (signal.SIGTERM, (143, None))],
)
def test_an_end_at_a_question(
    end: str | signal.Signals, ended: tuple[int | None, int | None], component: Path, tmp_path: Path
) -> None:
    """Whatever ends the run, the terminal is as it was."""
    with server() as (_, port):
        terminal = asking(component, port, tmp_path / "policy.toml")
        before = termios.tcgetattr(terminal.child_fd)
        terminal.expect_exact("[n]ever ")
        assert termios.tcgetattr(terminal.child_fd) != before
        if isinstance(end, str):
            terminal.send(end)
        else:
            terminal.kill(end)
        terminal.expect(pexpect.EOF)
        assert termios.tcgetattr(terminal.child_fd) == before
        terminal.close()
        assert (terminal.exitstatus, terminal.signalstatus) == ended
    assert "Traceback" not in terminal.before


def test_a_question_goes_away_with_the_call(component: Path) -> None:
    """The guest's line is above the question, which is erased when the guest drops its lookup."""
    component.write_text(guest(wit.load("0.2-command"), bodies.asks(2, 300)))
    arguments = [*COMMAND[1:], "run", "--ask", str(component)]
    environment = {**CLEAN, "TERM": "xterm", "NO_COLOR": "1"}
    terminal = pexpect.spawn(sys.executable, arguments, env=environment, timeout=SECONDS, encoding="utf-8")
    terminal.expect(pexpect.EOF)
    terminal.close()
    question = "\x1b[0m\x1b(Bguest.wat: --allow name-lookup:example.test? [o]nce, [a]lways, [n]ever "
    round_ = f"trying, \r\n{question}\r\x1b[Jgave up\r\n{question}\r\x1b[J"
    assert terminal.before == round_ * 2
    assert terminal.exitstatus == 1


def test_ctrl_z_and_fg_at_a_question(component: Path) -> None:
    component.write_text(guest(wit.load("0.2-command"), bodies.asks(1, 3_600_000)))
    env = {**CLEAN, "TERM": "xterm", "NO_COLOR": "1", "PS1": "$> "}
    shell = pexpect.spawn("bash", ["--norc", "--noprofile", "-i"], env=env, encoding="utf-8", timeout=SECONDS)
    try:
        shell.expect_exact("$> ")
        shell.sendline(" ".join([*COMMAND, "run", "--ask", str(component)]))
        shell.expect_exact("[n]ever ")
        shell.send("\x1a")
        shell.expect_exact("Stopped")
        shell.expect_exact("$> ")
        shell.sendline("stty -a")
        shell.expect_exact("$> ")
        assert " icanon " in shell.before
        shell.sendline("fg")
        shell.expect_exact("[n]ever ")
        shell.send("n")
        shell.expect_exact("[n]ever never\r\n")
        shell.expect_exact("$> ")
    finally:
        shell.close(force=True)


# Learning


def test_what_was_learnt_is_enough_and_no_more(component: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    with server() as (_, port):
        component.write_text(guest(WORLD, bodies.connected(port, bodies.then_lookup())))
        done = run("run", "--learn", str(policy), str(component))
        assert done.returncode == 0
        first, wasmtime, spin = done.stderr.splitlines()
        assert first == f"learnt 2 rules; use them with --policy {policy}"
        assert wasmtime.startswith("wasmtime run -S inherit-network,udp=n,allow-ip-name-lookup  (")
        assert spin.startswith(f'spin: allowed_outbound_hosts = ["*://127.0.0.1:{port}"]  (')
        text = policy.read_text()
        found = re.findall('^  "(.*)",', text, re.MULTILINE)
        assert found == [f"tcp-connect:127.0.0.1:{port}", "name-lookup:localhost"]
        done = run("run", "--policy", str(policy), str(component))
        assert (done.returncode, done.stderr) == (0, "")
        for rule in found:
            (tmp_path / "less.toml").write_text(text.replace(f'"{rule}",', ""))
            done = run("run", "--policy", str(tmp_path / "less.toml"), str(component))
            assert done.returncode == 1
            # Without a rule for TCP there is no socket to begin with.
            missing = "tcp-create" if rule.startswith("tcp-") else rule
            assert done.stderr.startswith(f"wasinet: denied {missing.replace(':', ' ', 1)}; --allow {missing} would")


def test_a_file_that_cannot_be_written(component: Path) -> None:
    component.write_text(guest(WORLD, bodies.NOTHING))
    done = run("run", "--learn", "/nonexistent/policy.toml", str(component))
    assert done.stderr == "wasinet: run: write /nonexistent/policy.toml: No such file or directory\n"
    assert done.returncode == 1


def test_denials_are_counted_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    denials = Denials()
    policy = Policy([Rule.parse("udp-create")], (), None, denials)
    tracemalloc.start()
    try:
        for number in range(100_000):
            policy.tell("name-lookup", f"c2VjcmV0{number}.test")
            if number == 1000:
                before = tracemalloc.get_traced_memory()[0]
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()
    for _ in range(3):
        policy.tell("tcp-create", None)
    policy.tell("name-lookup", "c2VjcmV00.test")
    denials.sum_up()
    assert capsys.readouterr().err.splitlines() == [
        *(
            f"wasinet: denied name-lookup {name}; --allow name-lookup:{name} would allow it"
            for name in (f"c2VjcmV0{number}.test" for number in range(10))
        ),
        "wasinet: denied name-lookup of more than 10 targets; the others are counted",
        "wasinet: denied tcp-create; --allow tcp-create would allow it",
        "wasinet: denied name-lookup c2VjcmV00.test 2 times in all",
        "wasinet: denied name-lookup 99,990 times with other targets",
        "wasinet: denied tcp-create 3 times in all",
    ]


def test_a_denial_says_which_name_the_address_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    domain = Domain("default", Policy([Rule.parse("name-lookup")], (), None, Denials()))
    domain.keep("api.example.com", [Case("ipv4", (192, 0, 2, 1))])
    failure = domain.denied("tcp-connect", ipv4("192.0.2.1", 443))
    hint = "--allow tcp-connect:api.example.com:443"
    assert failure.reason == f"the policy does not allow it (an address of api.example.com); {hint} would"
    line = f"wasinet: denied tcp-connect 192.0.2.1:443 (api.example.com); {hint} would allow it\n"
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(
    ("rules", "wasmtime", "spin"),
    [
        (
            ["tcp-connect:api.example.com:443"],
            "wasmtime run -S inherit-network,udp=n,allow-ip-name-lookup",
            '["*://api.example.com:443"]',
        ),
        ([], "wasmtime run", "[]"),
        (["name-lookup:a.example"], "wasmtime run -S allow-ip-name-lookup", "[]"),
        (["udp-send:[::1]:53"], "wasmtime run -S inherit-network,tcp=n", '["*://[::1]:53"]'),
        (["tcp-connect:10.0.0.1:*", "udp-bind:0.0.0.0:0"], "wasmtime run -S inherit-network", '["*://10.0.0.1:*"]'),
    ],
)
def test_the_nearest_of_other_runtimes(rules: list[str], wasmtime: str, spin: str) -> None:
    _, one, other = learned_lines("p", [Learned(rule, 1) for rule in rules])
    assert one.partition("  (")[0] == wasmtime
    assert other.partition("  (")[0] == f"spin: allowed_outbound_hosts = {spin}"
