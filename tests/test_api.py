"""The Python API: sessions, values in and out, errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import wasinet
from tests.support import SECONDS
from wasinet.api import CallError, CallRecord, Handle, Session, Trap
from wasinet.wave.errors import WaveError


@pytest.fixture
def session() -> Iterator[Session]:
    with wasinet.Session() as session:
        yield session


def connected(session: Session) -> tuple[Handle, Handle, Handle, Handle]:
    """Two ends of a connection: input and output of each."""
    listener = session.call("create-tcp-socket", "ipv4")
    listener.start_bind(session.net, "127.0.0.1:0")
    listener.finish_bind()
    listener.start_listen()
    listener.finish_listen()
    client = session.call("create-tcp-socket", "ipv4")
    client.start_connect(session.net, listener.local_address())
    assert client.wait(SECONDS)
    rx, tx = client.finish_connect()
    assert listener.wait(SECONDS)
    _, other_rx, other_tx = listener.accept()
    return rx, tx, other_rx, other_tx


def test_a_connection(session: Session) -> None:
    rx, tx, other_rx, other_tx = connected(session)
    assert tx.check_write() > 0
    tx.write("héllo")
    assert other_rx.blocking_read("1KiB") == "héllo".encode()
    other_tx.blocking_write_and_flush(b"\0\1")
    assert rx.blocking_read(10) == b"\0\1"
    assert [info.type for info in session.handles()].count("tcp-socket") == 3


def test_handles(session: Session) -> None:
    s = session.call("create-tcp-socket", "ipv4")
    assert isinstance(s, Handle)
    assert (s.type, s.state, repr(s)) == ("tcp-socket", "unbound", f"<tcp-socket #{int(s)}>")
    assert "start_bind" in dir(s)
    with pytest.raises(AttributeError, match="a tcp-socket has no function start_bnd; did you mean start-bind"):
        s.start_bnd()
    s.drop()
    assert s.state == ""
    with pytest.raises(Trap, match="was dropped"):
        s.address_family()


def test_errors_carry_code_and_reason(session: Session) -> None:
    s = session.call("create-tcp-socket", "ipv4")
    with pytest.raises(CallError, match="needs listening") as caught:
        s.accept()
    error = caught.value
    assert (error.function, error.code, error.value) == ("tcp-socket.accept", "invalid-state", "invalid-state")
    assert error.reason.startswith("tcp-socket.accept needs listening")


def test_values_in_and_out(session: Session) -> None:
    u = session.call("create-udp-socket", "ipv4")
    u.start_bind(session.net, "127.0.0.1:0")
    u.finish_bind()
    here = u.local_address()
    assert here.startswith("127.0.0.1:")
    # An option that is left out, and one that is not.
    rx, tx = u.stream()
    assert tx.check_send() > 0
    assert tx.send([{"data": b"x", "remote-address": here}]) == 1
    assert rx.wait(SECONDS)
    assert rx.receive(10) == [{"data": b"x", "remote-address": here}]
    timer = session.call("subscribe-duration", "1ms")
    assert session.call("poll", [timer]) == [0]
    assert session.call("monotonic-clock.now") > 0


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        (
            "create-tcp-sockt",
            ("ipv4",),
            LookupError,
            "no function is named 'create-tcp-sockt'; did you mean create-tcp-socket",
        ),
        ("create-tcp-socket", (), TypeError, "takes 1 argument, not 0"),
        ("create-tcp-socket", ("ipv4", 5), TypeError, "takes 1 argument, not 2"),
        ("create-tcp-socket", ("ipv5",), ValueError, "address-family: "),
        ("subscribe-duration", ("soon",), ValueError, "when: "),
        ("poll", (5,), ValueError, "in: 5 is no list<"),
    ],
)
def test_wrong_calls(
    session: Session, function: str, arguments: tuple[object, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        session.call(function, *arguments)
    assert message in str(caught.value)


def test_the_call_language(session: Session) -> None:
    steps = session.run("s = create-tcp-socket(ipv6); s.accept()")
    assert [step.failed for step in steps] == [False, True]
    s = session.variable("s")
    assert (s.type, s.address_family()) == ("tcp-socket", "ipv6")
    with pytest.raises(LookupError, match="no variable is named 't'"):
        session.variable("t")
    with pytest.raises(WaveError):
        session.run("s.")


def test_readers_are_told(session: Session) -> None:
    records: list[CallRecord] = []
    session.on_call(records.append)
    session.call("create-tcp-socket", "ipv4").drop()
    assert [record.function.name for record in records] == ["create-tcp-socket", "drop tcp-socket"]


def test_replay(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "one.wasinet"
    path.write_text("> s = create-tcp-socket(ipv4)\n< ok(_)\n> s.is-listening()\n< true\n")
    report = session.replay(path)
    assert not report.passed
    assert "false" in report.diff()


def test_other_worlds_and_hosts() -> None:
    with Session(world="draft") as session:
        s = session.call("create-tcp-socket", "ipv4")
        s.bind(session.net, "127.0.0.1:0")
        assert s.state == "bound"
    with pytest.raises(ValueError, match="no host is named 'x'"):
        Session(host="x")
    with pytest.raises(ValueError, match="no world is named '9'"):
        Session(world="9")


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import wasinet; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["wasinet"]
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(wasinet, "nothing")  # noqa: B009
