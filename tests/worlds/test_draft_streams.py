"""The draft's streams: ends as flags, zero lengths, partial counts, errors from either side; poll-oneoff over a mix."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support import SECONDS, reset
from tests.worlds.support import Bench, later
from wasinet.engine.faults import Trap
from wasinet.wit.values import Err, Ok

READS = ["read", "blocking-read", "skip", "blocking-skip"]
WRITES = ["write", "blocking-write", "write-zeroes", "blocking-write-zeroes"]
HUGE = 2**64 - 1


def nothing(function: str) -> Any:
    return b"" if "read" in function else 0


def given(function: str, count: int) -> Any:
    """What a writing function is given."""
    return count if "zeroes" in function else bytes(count)


# Reading


@pytest.mark.parametrize("function", READS)
def test_the_end_is_a_flag_for_ever(bench: Bench, function: str) -> None:
    end, peer = bench.connected()
    peer.sendall(b"last")
    peer.close()
    first = bench.need("blocking-read" if "read" in function else "blocking-skip", end.rx, 10)
    assert first == ((b"last" if "read" in function else 4), False)
    # A peer's end may be a moment behind its bytes, which the functions that do not wait do not wait for.
    assert bench.host.wait(end.rx, SECONDS)
    for count in (10, 0, HUGE):
        assert bench.call(function, end.rx, count) == Ok((nothing(function), True))


@pytest.mark.parametrize("function", READS)
def test_zero_bytes_can_be_read_while_the_stream_is_open(bench: Bench, function: str) -> None:
    end, peer = bench.connected()
    assert bench.call(function, end.rx, 0) == Ok((nothing(function), False))
    peer.sendall(b"x")
    assert bench.host.wait(end.rx, SECONDS)
    assert bench.call(function, end.rx, 0) == Ok((nothing(function), False))
    assert bench.call("read", end.rx, 10) == Ok((b"x", False))


@pytest.mark.parametrize("function", ["read", "skip"])
def test_nothing_there_is_no_failure(bench: Bench, function: str) -> None:
    end, _ = bench.connected()
    assert bench.call(function, end.rx, 10) == Ok((nothing(function), False))


def test_a_read_gives_at_most_what_it_was_asked_for(bench: Bench) -> None:
    end, peer = bench.connected()
    peer.sendall(b"0123456789")
    assert bench.call("blocking-read", end.rx, 3) == Ok((b"012", False))
    assert bench.call("skip", end.rx, 2) == Ok((2, False))
    assert bench.call("read", end.rx, HUGE) == Ok((b"56789", False))


@pytest.mark.parametrize("function", ["blocking-read", "blocking-skip"])
def test_blocking_reads_wait_for_one_byte_and_no_more(bench: Bench, function: str) -> None:
    end, peer = bench.connected()
    with later(peer.sendall, b"x"):
        assert bench.call(function, end.rx, 100) == Ok((b"x" if "read" in function else 1, False))


@pytest.mark.parametrize("function", READS)
def test_a_reset_is_an_error_once_and_then_the_end(bench: Bench, function: str) -> None:
    end, peer = bench.connected()
    reset(peer)
    assert bench.host.wait(end.rx, SECONDS)
    outcome = bench.call(function, end.rx, 1)
    assert outcome == Err({})
    assert outcome.reason.endswith("(connection-reset)")
    assert bench.call(function, end.rx, 1) == Ok((nothing(function), True))
    assert bench.state(end.socket) == "connection"


# Writing


@pytest.mark.parametrize("function", WRITES)
def test_writing_nothing(bench: Bench, function: str) -> None:
    end, _ = bench.connected()
    assert bench.call(function, end.tx, given(function, 0)) == Ok(0)
    # Even where there is no room, since there is nothing to wait for.
    bench.fill(end.tx)
    assert bench.call(function, end.tx, given(function, 0)) == Ok(0)
    bench.need("shutdown", end.socket, "send")
    assert bench.call(function, end.tx, given(function, 0)) == Err({})


@pytest.mark.parametrize("function", ["write", "write-zeroes"])
def test_a_peer_that_does_not_read_leads_to_partial_counts_and_none(bench: Bench, function: str) -> None:
    end, peer = bench.connected()
    counts: list[int] = []
    while not counts or counts[-1]:
        counts.append(bench.need(function, end.tx, given(function, 100_001)))
    total = sum(counts)
    assert any(0 < count < 100_001 for count in counts)
    pollable = bench.call("subscribe-to-output-stream", end.tx)
    assert bench.ready(pollable) == [False]
    bench.need("shutdown", end.socket, "send")
    received = 0
    while data := peer.recv(1 << 20):
        received += len(data)
    # What was not counted was not kept either.
    assert received == total


@pytest.mark.parametrize("function", WRITES)
def test_a_huge_write_is_taken_in_part(bench: Bench, function: str) -> None:
    end, _ = bench.connected()
    size = HUGE if "zeroes" in function else 32 << 20
    assert 0 < bench.need(function, end.tx, given(function, size)) < size


@pytest.mark.parametrize("function", ["blocking-write", "blocking-write-zeroes"])
def test_blocking_writes_wait_for_room(bench: Bench, function: str) -> None:
    end, peer = bench.connected()
    total = bench.fill(end.tx)

    def read() -> None:
        left = total
        while left:
            left -= len(peer.recv(min(left, 1 << 16)))

    with later(read):
        assert 0 < bench.need(function, end.tx, given(function, 10)) <= 10


def test_the_pollable_of_a_full_stream_resolves(bench: Bench) -> None:
    end, peer = bench.connected()
    total = bench.fill(end.tx)
    pollables = [bench.call("subscribe-to-output-stream", end.tx), bench.call("tcp.subscribe", bench.tcp())]
    for _ in range(3):
        assert bench.call("poll-oneoff", pollables) == b"\0\1"
    left = total
    while left:
        left -= len(peer.recv(min(left, 1 << 16)))
    assert bench.call("poll-oneoff", pollables[:1]) == b"\1"
    assert bench.need("write", end.tx, b"x") == 1
    assert bench.call("poll-oneoff", pollables) == b"\1\1"


@pytest.mark.parametrize("function", WRITES)
def test_writing_to_a_peer_that_is_gone_fails(bench: Bench, function: str) -> None:
    end, peer = bench.connected()
    reset(peer)
    assert bench.host.wait(end.rx, SECONDS)
    outcome = bench.call(function, end.tx, given(function, 5))
    assert outcome == Err({})
    assert outcome.reason.endswith("(connection-reset)")
    outcome = bench.call(function, end.tx, given(function, 5))
    assert outcome == Err({})
    assert outcome.reason.endswith("(closed)")


def test_a_blocking_write_ends_when_the_peer_goes(bench: Bench) -> None:
    end, peer = bench.connected()
    bench.fill(end.tx)
    with later(reset, peer):
        assert bench.call("blocking-write", end.tx, b"x") == Err({})


# Files and pipes


def test_a_file_is_read_to_its_end(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"0123456789")
    rx = bench.host.open_input(os.open(path, os.O_RDONLY), own=True)
    assert bench.call("read", rx, 4) == Ok((b"0123", False))
    assert bench.call("blocking-skip", rx, 4) == Ok((4, False))
    pollable = bench.call("subscribe-to-input-stream", rx)
    assert bench.call("poll-oneoff", [pollable]) == b"\1"
    assert bench.call("read", rx, 4) == Ok((b"89", False))
    assert bench.call("read", rx, 4) == Ok((b"", True))


def test_a_pipe_takes_and_gives(bench: Bench) -> None:
    reader, writer = bench.pipe()
    rx, tx = bench.host.open_input(reader), bench.host.open_output(writer)
    assert bench.call("read", rx, 4) == Ok((b"", False))
    total = bench.fill(tx)
    received = 0
    while received < total:
        received += len(bench.need("blocking-read", rx, total)[0])
    assert bench.call("blocking-write", tx, b"x") == Ok(1)


# poll-oneoff


def test_poll_oneoff_over_nothing(bench: Bench) -> None:
    assert bench.call("poll-oneoff", []) == b""


@pytest.mark.parametrize("times", [1, 4])
def test_poll_oneoff_over_any_mix_with_duplicates(bench: Bench, times: int) -> None:
    end, peer = bench.connected()
    udp, (sender, _) = bench.udp("bound"), bench.datagrams()
    listener = bench.tcp("listener")
    lookup = bench.need("resolve-addresses", bench.net, "localhost", None, True)
    bench.need("resolve-next-address", lookup)
    quiet = bench.call("subscribe-to-input-stream", bench.connected()[0].rx)
    pollables = [
        bench.call("tcp.subscribe", listener),
        bench.call("udp.subscribe", udp),
        bench.call("subscribe-to-input-stream", end.rx),
        bench.call("subscribe-to-output-stream", end.tx),
        bench.call("ip-name-lookup.subscribe", lookup),
        quiet,
    ]
    for _ in range(times):
        assert bench.call("poll-oneoff", pollables) == b"\0\0\0\1\1\0"
    bench.client_of(bench.address(listener))
    peer.sendall(b"x")
    sender.sendto(b"x", ("127.0.0.1", bench.address(udp, "udp").payload["port"]))
    for pollable in pollables[:3]:
        assert bench.host.wait(pollable, SECONDS)
    for _ in range(times):
        assert bench.call("poll-oneoff", pollables) == b"\1\1\1\1\1\0"
    twice = [quiet, *pollables, *reversed(pollables), quiet]
    for _ in range(times):
        assert bench.call("poll-oneoff", twice) == b"\0\1\1\1\1\1\0\0\1\1\1\1\1\0"


def test_poll_oneoff_over_one_pollable_twice(bench: Bench) -> None:
    end, peer = bench.connected()
    pollable = bench.call("subscribe-to-input-stream", end.rx)
    with later(peer.sendall, b"x"):
        assert bench.call("poll-oneoff", [pollable, pollable]) == b"\1\1"


def test_poll_oneoff_waits_for_the_first(bench: Bench) -> None:
    (one, _), (other, peer) = bench.connected(), bench.connected()
    pollables = [bench.call("subscribe-to-input-stream", end.rx) for end in (one, other)]
    with later(peer.close):
        assert bench.call("poll-oneoff", pollables) == b"\0\1"


@pytest.mark.parametrize("bad", ["dropped", "socket", "none"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_poll_oneoff_traps_on_what_is_no_pollable(bench: Bench, bad: str, count: int) -> None:
    sock = bench.tcp()
    good = [bench.call("tcp.subscribe", sock) for _ in range(count)]
    handle = {"dropped": bench.call("tcp.subscribe", sock), "socket": sock, "none": 10_000}[bad]
    if bad == "dropped":
        bench.call("drop-pollable", handle)
    with pytest.raises(Trap):
        bench.call("poll-oneoff", [*good, handle])
