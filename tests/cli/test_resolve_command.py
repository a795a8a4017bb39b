"""``resolve`` as a person runs it, with the system's resolution and against a name server on loopback."""

from __future__ import annotations

import time

import pytest

from tests.cli.command import failure, run, seen
from tests.cli.support import both_worlds, events_of, one_world
from tests.oscalls.name_server import name_server

# A named server is asked by our resolver, which the host wasmtime does not have.
with_server = both_worlds
pytestmark = pytest.mark.usefixtures("world")

ANSWERS = {
    "four.example": "A 192.0.2.1",
    "six.example": "AAAA 2001:db8::1",
    "both.example": "A 192.0.2.2, AAAA 2001:db8::2",
    "alias.example": "CNAME four.example.",
    "far.example": "CNAME apart.example.",
    "apart.example": "apart, A 192.0.2.3",
    "long.example": "tcp, " + ", ".join(f"A 192.0.2.{number}" for number in range(1, 200)),
    "broken.example": "SERVFAIL",
    "refused.example": "REFUSED",
    "empty.example": "",
    "silent.example": "silence",
    "xn--bcher-kva.example": "A 192.0.2.9",
}


@with_server
@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("four.example", {"192.0.2.1"}),
        ("six.example", {"2001:db8::1"}),
        ("both.example", {"192.0.2.2", "2001:db8::2"}),
        ("alias.example", {"192.0.2.1"}),
        ("far.example", {"192.0.2.3"}),
        ("long.example", {f"192.0.2.{number}" for number in range(1, 200)}),
        ("bücher.example", {"192.0.2.9"}),
        ("192.0.2.77", {"192.0.2.77"}),
    ],
)
def test_a_named_server(name: str, addresses: set[str]) -> None:
    with name_server(ANSWERS) as server:
        done = run("resolve", name, "--server", f"127.0.0.1:{server.port}", env={"PYTHONUTF8": "1"})
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split(" ") for line in done.stdout.splitlines()]
    assert {first for first, _ in lines} == {name}
    assert {address for _, address in lines} == addresses
    assert len(lines) == len(addresses)


@with_server
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing.example", "name-unresolvable"),
        ("empty.example", "name-unresolvable"),
        ("broken.example", "temporary-resolver-failure"),
        ("refused.example", "permanent-resolver-failure"),
        ("silent.example", "temporary-resolver-failure"),
        ("127.1", "invalid-argument"),
        ("a..b", "invalid-argument"),
    ],
)
def test_failures(name: str, code: str) -> None:
    start = time.monotonic()
    with name_server(ANSWERS) as server:
        done = run("resolve", name, "--server", f"127.0.0.1:{server.port}", "--server-timeout", "300ms")
    assert (done.returncode, done.stdout) == (1, "")
    assert failure(f"wasinet: resolve {name}: ", done.stderr.splitlines()[0]) == code
    assert time.monotonic() - start < 10


@with_server
def test_order_is_kept_and_failures_do_not_end_it() -> None:
    names = ["six.example", "missing.example", "silent.example", "four.example", "six.example"]
    with name_server(ANSWERS) as server:
        done = run("resolve", *names, "--server", f"127.0.0.1:{server.port}", "--server-timeout", "300ms")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "six.example 2001:db8::1",
        "four.example 192.0.2.1",
        "six.example 2001:db8::1",
    ]
    assert [line.split(": ")[1] for line in done.stderr.splitlines() if line.startswith("wasinet")] == [
        "resolve missing.example",
        "resolve silent.example",
    ]


@with_server
def test_names_are_asked_for_at_once() -> None:
    names = [f"silent{number}.example" for number in range(20)]
    start = time.monotonic()
    with name_server(dict.fromkeys(names, "silence")) as server:
        done = run("resolve", *names, "--server", f"127.0.0.1:{server.port}", "--server-timeout", "500ms")
    assert done.returncode == 1
    assert time.monotonic() - start < 5


@with_server
@pytest.mark.parametrize(("option", "address"), [("-4", "192.0.2.2"), ("-6", "2001:db8::2")])
def test_one_family(option: str, address: str) -> None:
    with name_server(ANSWERS) as server:
        done = run("resolve", "both.example", option, "--server", f"127.0.0.1:{server.port}")
    assert done.stdout == f"both.example {address}\n"
    assert {kind for _, _, kind in server.asked} == {"A" if option == "-4" else "AAAA"}


@with_server
def test_events() -> None:
    with name_server(ANSWERS) as server:
        done = run("resolve", "missing.example", "four.example", "--json", "--server", f"127.0.0.1:{server.port}")
    failed, found = events_of(done.stdout.encode())
    assert (failed["event"], failed["name"], failed["code"]) == (
        "unresolved",
        "missing.example",
        seen("name-unresolvable"),
    )
    assert (found["event"], found["name"], found["addresses"]) == ("resolved", "four.example", ["192.0.2.1"])
    assert 0 < found["seconds"] < 10
    assert done.returncode == 1
    assert failure("wasinet: resolve missing.example: ", done.stderr.splitlines()[0]) == "name-unresolvable"


@with_server
def test_no_server_is_asked_for_local_names() -> None:
    with name_server(ANSWERS) as server:
        done = run("resolve", "localhost", "c2VjcmV0.localhost.", "::1", "--server", f"127.0.0.1:{server.port}")
        one = run("resolve", "localhost", "-4", "--server", f"127.0.0.1:{server.port}")
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.splitlines()) == {
        *(f"{name} {address}" for name in ("localhost", "c2VjcmV0.localhost.") for address in ("127.0.0.1", "::1")),
        "::1 ::1",
    }
    assert one.stdout == "localhost 127.0.0.1\n"
    assert server.asked == []


@one_world
@pytest.mark.parametrize("server", ["localhost", "127.0.0.1:70000", "127.0.0.1:0", "nosuch", "", "127.1", "[::1"])
def test_a_server_is_an_address(server: str) -> None:
    done = run("resolve", "a.example", "--server", server)
    assert done.returncode == 2
    assert done.stderr.startswith("wasinet: resolve: --server: ")
    assert len(done.stderr.splitlines()) == 1


@one_world
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "missing"),
        (("a", "--server-timeout", "1s"), "--server"),
        (("a", "--server", "127.0.0.1", "--server-timeout", "0"), "longer than 0"),
        (("a", "-4", "-6"), "exclude each other"),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], message: str) -> None:
    done = run("resolve", *arguments)
    assert done.returncode == 2
    assert message in done.stderr


@with_server
def test_the_commands_timeout_ends_a_lookup() -> None:
    with name_server(ANSWERS) as server:
        done = run("resolve", "silent.example", "--server", f"127.0.0.1:{server.port}", "--timeout", "200ms")
    assert done.returncode == 124
    assert "Traceback" not in done.stderr


@one_world
def test_no_named_server_on_the_host_wasmtime() -> None:
    done = run("resolve", "a.example", "--server", "127.0.0.1", "--host", "wasmtime", "--world", "0.2")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("wasinet: resolve: --server: the host wasmtime")
    assert len(done.stderr.splitlines()) == 1
