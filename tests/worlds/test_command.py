"""The world of commands: every function is there, and what a program has of its surroundings."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import SECONDS, code, need
from tests.worlds.guest import Guest, granted
from wasinet.engine.faults import Trap
from wasinet.engine.program import Exit, Preopen, Program
from wasinet.engine.resource import Resource
from wasinet.engine.standard import MOST_RANDOM_BYTES
from wasinet.oscalls import Os
from wasinet.wit.values import Case, Err, Ok, Some
from wasinet.worlds import v0_2
from wasinet.worlds.command import RESOURCES, WORLD

EMPTY = Program(stdin=None, stdout=None, stderr=None)


@pytest.fixture
def make_guest() -> Iterator[Callable[..., Guest]]:
    made: list[Guest] = []

    def make(program: Program = EMPTY, system: Os | None = None) -> Guest:
        made.append(Guest(program, system))
        return made[-1]

    yield make
    for guest in made:
        guest.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A reading and a writing end; a test may close either."""
    ends = os.pipe()
    yield ends
    for fd in ends:
        try:
            os.close(fd)
        except OSError:
            pass


# What there is


def test_every_function_is_bound(make_guest: Callable[..., Guest]) -> None:
    assert make_guest().operations.keys() == WORLD.functions.keys()


def test_every_resource_has_a_class_of_its_own() -> None:
    assert RESOURCES.keys() == WORLD.resources.keys()
    assert all(issubclass(cls, Resource) and cls.kind == kind for kind, cls in RESOURCES.items())


def test_what_0_2_has_is_what_0_2_does() -> None:
    assert v0_2.FREE.keys() == {f.qualified for f in v0_2.WORLD.functions.values() if f.receiver is None}
    assert all(RESOURCES[kind] is cls for kind, cls in v0_2.RESOURCES.items())


@pytest.mark.parametrize(
    "key",
    [k for k, f in WORLD.functions.items() if f.receiver is None and not f.params and f.result is not None],
)
def test_functions_without_arguments_answer(make_guest: Callable[..., Guest], key: str) -> None:
    guest = make_guest()
    guest.call(key)
    guest.call(key)


# Arguments, environment, end


def test_the_surroundings(make_guest: Callable[..., Guest]) -> None:
    guest = make_guest(Program(arguments=("app", "-x", "ü"), environment=(("A", "1"), ("B", "")), cwd="/data"))
    assert guest.call("get-arguments") == ["app", "-x", "ü"]
    assert guest.call("get-environment") == [("A", "1"), ("B", "")]
    assert guest.call("initial-cwd") == Some("/data")


def test_nothing_is_given_unasked(make_guest: Callable[..., Guest]) -> None:
    guest = make_guest(Program())
    assert guest.call("get-arguments") == guest.call("get-environment") == guest.call("get-directories") == []
    assert guest.call("initial-cwd") is None


@pytest.mark.parametrize(
    ("function", "argument", "exit_code"),
    [("exit", Ok(), 0), ("exit", Err(), 1), ("exit-with-code", 0, 0), ("exit-with-code", 255, 255)],
)
def test_the_end(make_guest: Callable[..., Guest], function: str, argument: object, exit_code: int) -> None:
    with pytest.raises(Exit) as raised:
        make_guest().call(function, argument)
    assert raised.value.code == exit_code
    assert not isinstance(raised.value, Exception)


def test_several_folders(tmp_path: Path, make_guest: Callable[..., Guest]) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    preopens = (Preopen(str(tmp_path / "a"), "/", False), Preopen(str(tmp_path / "b"), "/b", True))
    guest = make_guest(Program(preopens=preopens))
    (first, one), (second, two) = guest.call("get-directories")
    assert (one, two) == ("/", "/b")
    assert guest.call("descriptor.create-directory-at", first, "x") == Ok()
    assert code(guest.call("descriptor.create-directory-at", second, "x")) == "read-only"
    assert code(guest.call("descriptor.rename-at", first, "x", second, "x")) == "read-only"


def test_one_folder_of_two_is_missing(tmp_path: Path) -> None:
    preopens = (Preopen(str(tmp_path), "/", False), Preopen(str(tmp_path / "b"), "/b", True))
    with pytest.raises(FileNotFoundError):
        Guest(Program(preopens=preopens))


# Random numbers and clocks


@pytest.mark.parametrize("name", ["random", "insecure-random"])
def test_random_numbers(make_guest: Callable[..., Guest], name: str) -> None:
    guest = make_guest()
    first, second = (guest.call(f"get-{name}-bytes", 32) for _ in "ab")
    assert len(first) == len(second) == 32
    assert first != second
    assert guest.call(f"get-{name}-bytes", 0) == b""
    assert guest.call(f"get-{name}-u64") != guest.call(f"get-{name}-u64")
    with pytest.raises(Trap, match=r"67108864 at the most"):
        guest.call(f"get-{name}-bytes", MOST_RANDOM_BYTES + 1)


def test_numbers_are_made_of_all_bytes(make_guest: Callable[..., Guest]) -> None:
    class Fixed(Os):
        random_bytes = staticmethod(lambda count: b"\xff" * count)

    guest = make_guest(EMPTY, Fixed())
    largest = (1 << 64) - 1
    assert guest.call("get-random-u64") == largest
    assert guest.call("insecure-seed") == (largest, largest)


def test_the_time_of_day(make_guest: Callable[..., Guest]) -> None:
    guest = make_guest()
    before = time.time_ns()
    now = guest.call("wall-clock.now")
    assert before <= now["seconds"] * 10**9 + now["nanoseconds"] <= time.time_ns()
    assert guest.call("wall-clock.resolution") == {"seconds": 0, "nanoseconds": 1}
    assert guest.call("monotonic-clock.now") > 0


@pytest.mark.parametrize(("nanoseconds", "said"), [(1_500_000_000, (1, 500_000_000)), (-1, (0, 0))])
def test_the_time_of_day_is_never_negative(
    make_guest: Callable[..., Guest], nanoseconds: int, said: tuple[int, int]
) -> None:
    class Fixed(Os):
        wall_ns = staticmethod(lambda: nanoseconds)

    assert tuple(make_guest(EMPTY, Fixed()).call("wall-clock.now").values()) == said


def test_the_time_zone(make_guest: Callable[..., Guest], monkeypatch: pytest.MonkeyPatch) -> None:
    guest = make_guest()
    winter, summer, never = ({"seconds": at, "nanoseconds": 0} for at in (0, 15_000_000, (1 << 64) - 1))
    monkeypatch.setenv("TZ", "AAA-1BBB,M3.5.0,M9.5.0")
    time.tzset()
    try:
        assert guest.call("display", winter) == {"utc-offset": 3600, "name": "AAA", "in-daylight-saving-time": False}
        assert guest.call("display", summer) == {"utc-offset": 7200, "name": "BBB", "in-daylight-saving-time": True}
        assert guest.call("utc-offset", summer) == 7200
        assert guest.call("display", never) == {"utc-offset": 0, "name": "UTC", "in-daylight-saving-time": False}
    finally:
        monkeypatch.undo()
        time.tzset()


# Standard streams


def test_no_streams_are_an_end_and_a_void(make_guest: Callable[..., Guest]) -> None:
    guest = make_guest()
    stdin, stdout = guest.call("get-stdin"), guest.call("get-stdout")
    assert guest.call("poll", [guest.call("input-stream.subscribe", stdin)]) == [0]
    assert guest.call("input-stream.blocking-read", stdin, 10) == Err(Case("closed"))
    assert need(guest.call("output-stream.check-write", stdout)) > 0
    assert guest.call("output-stream.write", stdout, b"lost") == Ok()
    assert guest.call("output-stream.blocking-write-and-flush", guest.call("get-stderr"), b"lost") == Ok()
    assert guest.call("output-stream.splice", stdout, guest.call("get-stdin"), 5) == Err(Case("closed"))


def test_reading_and_writing(make_guest: Callable[..., Guest], pipe: tuple[int, int], tmp_path: Path) -> None:
    reader, writer = pipe
    with open(tmp_path / "err", "wb") as err:
        guest = make_guest(Program(stdin=reader, stdout=writer, stderr=err.fileno()))
        assert guest.call("output-stream.blocking-write-and-flush", guest.call("get-stdout"), b"out") == Ok()
        assert guest.call("output-stream.blocking-write-and-flush", guest.call("get-stderr"), b"err") == Ok()
        assert guest.call("input-stream.blocking-read", guest.call("get-stdin"), 10) == Ok(b"out")
    assert (tmp_path / "err").read_bytes() == b"err"


def test_what_is_inherited_stays_open_and_as_it_was(make_guest: Callable[..., Guest], pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    guest = make_guest(Program(stdin=reader, stdout=writer))
    guest.drop(guest.call("get-stdin"), guest.call("get-stdout"))
    guest.close()
    assert os.get_blocking(reader)
    assert os.get_blocking(writer)
    os.write(writer, b"x")
    assert os.read(reader, 1) == b"x"


def test_handles_of_one_stream_share_its_end(make_guest: Callable[..., Guest], pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    guest = make_guest(Program(stdin=reader, stdout=None))
    first, second = guest.call("get-stdin"), guest.call("get-stdin")
    assert first != second
    os.write(writer, b"ab")
    assert guest.call("input-stream.blocking-read", first, 1) == Ok(b"a")
    assert guest.call("input-stream.blocking-read", second, 1) == Ok(b"b")
    ready = [guest.call("input-stream.subscribe", stream) for stream in (first, second)]
    never = guest.call("subscribe-duration", 1 << 60)
    assert [guest.call("pollable.ready", one) for one in ready] == [False, False]
    os.close(writer)
    assert guest.call("poll", [never, *ready]) == [1, 2]
    assert guest.call("input-stream.read", first, 1) == Err(Case("closed"))
    # The second is ready without an event of its own, now and for those that come later.
    assert guest.call("poll", [never, ready[1]]) == [1]
    assert guest.call("input-stream.read", second, 1) == Err(Case("closed"))
    guest.drop(*ready, first, second)
    assert guest.call("input-stream.read", guest.call("get-stdin"), 1) == Err(Case("closed"))


def test_a_broken_output_is_told_once(make_guest: Callable[..., Guest], pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    guest = make_guest(Program(stdout=writer))
    first, second = guest.call("get-stdout"), guest.call("get-stdout")
    os.close(reader)
    failed = guest.call("output-stream.blocking-write-and-flush", first, b"x")
    assert code(failed) == "last-operation-failed"
    assert guest.call("filesystem-error-code", failed.value.payload) == Some("pipe")
    assert guest.call("network-error-code", failed.value.payload) is None
    assert guest.call("output-stream.check-write", first) == Err(Case("closed"))
    assert guest.call("output-stream.check-write", second) == Err(Case("closed"))


def test_two_permits_for_one_output_keep_the_order(make_guest: Callable[..., Guest], pipe: tuple[int, int]) -> None:
    """A full pipe, and two handles that were both permitted to write before it was."""
    reader, writer = pipe
    guest = make_guest(Program(stdout=writer))
    first, second = guest.call("get-stdout"), guest.call("get-stdout")
    size = min(need(guest.call("output-stream.check-write", stream)) for stream in (first, second))
    wanted = b"".join(bytes([letter]) * size for letter in b"ab")
    got = bytearray()

    def drain() -> None:
        while len(got) < len(wanted):
            got.extend(os.read(reader, 1 << 16))

    assert guest.call("output-stream.write", first, wanted[:size]) == Ok()
    assert guest.call("output-stream.write", second, wanted[size:]) == Ok()
    assert guest.call("output-stream.check-write", first) == Ok(0)
    ready = guest.call("output-stream.subscribe", second)
    assert not guest.call("pollable.ready", ready)
    thread = threading.Thread(target=drain)
    thread.start()
    assert guest.call("output-stream.blocking-flush", first) == Ok()
    thread.join(SECONDS)
    assert bytes(got) == wanted
    assert guest.call("pollable.ready", ready)


def test_what_was_written_is_delivered_at_the_end(make_guest: Callable[..., Guest], pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    guest = make_guest(Program(stdout=writer))
    stdout = guest.call("get-stdout")
    size = need(guest.call("output-stream.check-write", stdout))
    assert guest.call("output-stream.write", stdout, bytes(size)) == Ok()
    guest.drop(stdout)
    got: list[bytes] = []

    def drain() -> None:
        while sum(map(len, got)) < size:
            got.append(os.read(reader, 1 << 16))

    thread = threading.Thread(target=drain)
    thread.start()
    assert guest.close(SECONDS)
    thread.join(SECONDS)
    assert sum(map(len, got)) == size


def test_one_poll_for_input_sockets_and_timers(make_guest: Callable[..., Guest], pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    guest = make_guest(Program(stdin=reader))
    net = guest.call("instance-network")
    udp = need(guest.call("create-udp-socket", "ipv4"))
    need(guest.call("udp-socket.start-bind", udp, net, Case("ipv4", {"port": 0, "address": (127, 0, 0, 1)})))
    need(guest.call("udp-socket.finish-bind", udp))
    incoming, _ = need(guest.call("udp-socket.stream", udp, None))
    port = need(guest.call("udp-socket.local-address", udp)).payload["port"]
    stdin = guest.call("get-stdin")
    pollables = [
        guest.call("input-stream.subscribe", stdin),
        guest.call("incoming-datagram-stream.subscribe", incoming),
        guest.call("subscribe-duration", 1 << 60),
    ]
    os.write(writer, b"x")
    assert guest.call("poll", pollables) == [0]
    assert guest.call("input-stream.read", stdin, 9) == Ok(b"x")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.sendto(b"y", ("127.0.0.1", port))
        assert guest.call("poll", pollables) == [1]
    soon = guest.call("subscribe-duration", 0)
    assert guest.call("poll", [pollables[0], soon]) == [1]


def test_a_closed_descriptor_traps_when_it_is_asked_for(make_guest: Callable[..., Guest]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    guest = make_guest(Program(stdin=reader, stdout=writer))
    for function in ("get-stdin", "get-stdout"):
        with pytest.raises(Trap, match="Bad file descriptor"):
            guest.call(function)


def test_terminals(make_guest: Callable[..., Guest], pipe: tuple[int, int]) -> None:
    main, terminal = os.openpty()
    try:
        guest = make_guest(Program(stdin=terminal, stdout=pipe[1], stderr=terminal))
        found = {name: guest.call(f"get-terminal-{name}") for name in ("stdin", "stdout", "stderr")}
        assert found["stdout"] is None
        assert guest.engine.table[found["stdin"].value].kind == "terminal-input"
        assert guest.engine.table[found["stderr"].value].kind == "terminal-output"
        assert guest.call("get-terminal-stdin") != found["stdin"]
        guest.drop(found["stdin"].value, found["stderr"].value)
        guest.close()
    finally:
        os.close(main)
        os.close(terminal)


def test_no_terminals(make_guest: Callable[..., Guest]) -> None:
    assert [make_guest().call(f"get-terminal-{name}") for name in ("stdin", "stdout", "stderr")] == [None] * 3


def test_everything_is_given_back_at_the_end(tmp_path: Path, pipe: tuple[int, int]) -> None:
    """The check for open descriptors after each test sees what this leaves."""
    (tmp_path / "f").write_bytes(b"x")
    reader, writer = pipe
    program = Program(stdin=reader, stdout=writer, preopens=granted(tmp_path).preopens)
    guest = Guest(program)
    folder = guest.folder()
    file = guest.file(folder, "f", "read write")
    for function in ("read-via-stream", "write-via-stream"):
        need(guest.call(f"descriptor.{function}", file, 0))
    need(guest.call("descriptor.append-via-stream", file))
    need(guest.call("descriptor.read-directory", folder))
    for function in ("get-stdin", "get-stdout", "get-stdout", "get-stderr"):
        guest.call(function)
    assert guest.close()
