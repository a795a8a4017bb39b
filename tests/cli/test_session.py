"""Sessions: events out, and an orderly end on every way."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from wasinet.cli.session import Session
from wasinet.cli.settings import Settings
from wasinet.hosts.native import NativeHost
from wasinet.oscalls.interruption import TimedOut
from wasinet.programs.events import CallFailed, Event, HandleRef, LocalFailed


def settings(**values: object) -> Settings:
    made = Settings()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def program(session: Session, log: list[str], error: BaseException | None = None) -> Iterator[Event]:
    """Listens, and ends with the error; ``log`` tells what became of it."""
    handle = session.host.call("create-tcp-socket", "ipv4").value
    try:
        yield Event("listening", address="127.0.0.1:80", handle=HandleRef(handle, "tcp-socket"))
        yield Event("connecting", address="127.0.0.1:81")
        if error is not None:
            raise error
    finally:
        # The host is still there when a program ends.
        session.host.drop(handle)
        log.append("ended")


def test_events_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    with Session(settings()) as session:
        session.run(program(session, log))
    assert capsys.readouterr() == ("", "listening on 127.0.0.1:80\n")
    with Session(settings(verbose=True)) as session:
        session.run(program(session, log))
    assert capsys.readouterr() == ("", "listening on 127.0.0.1:80\ntrying 127.0.0.1:81\n")
    with Session(settings(quiet=True)) as session:
        session.run(program(session, log))
    assert capsys.readouterr() == ("", "")
    assert log == ["ended"] * 3


def test_events_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with Session(settings(json=True)) as session:
        session.run(program(session, []))
    out, err = capsys.readouterr()
    first, second = map(json.loads, out.splitlines())
    assert list(first) == ["event", "time", "address", "handle"]
    assert first["handle"] == {"handle": 1, "type": "tcp-socket"}
    assert 0 <= first["time"] <= second["time"]
    assert err == ""


@pytest.mark.parametrize(
    "error", [CallFailed("f", "x", "timeout", "slow"), TimedOut(), KeyboardInterrupt(), ValueError()]
)
def test_a_program_ends_before_its_host(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    with pytest.raises(type(error)), Session(settings(json=True, trace_summary=True)) as session:
        session.run(program(session, log, error))
    assert log == ["ended"]
    out, err = capsys.readouterr()
    assert "drop tcp-socket" in err
    last = json.loads(out.splitlines()[-1])
    if isinstance(error, CallFailed):
        del last["time"]
        assert last == {"event": "error", "function": "f", "target": "x", "code": "timeout", "reason": "slow"}
    else:
        assert last["event"] == "connecting"


def test_a_program_ends_when_its_events_cannot_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    session = Session(settings())

    def fail(event: Event) -> None:
        raise LocalFailed("write standard output", "No space left on device", 28)

    monkeypatch.setattr(session, "show", fail)
    with pytest.raises(LocalFailed), session:
        session.run(program(session, log))
    assert log == ["ended"]


def test_plain_iterables_are_programs() -> None:
    with Session(settings(quiet=True)) as session:
        session.run([Event("x")])


def test_what_is_left_undelivered_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    host = NativeHost()
    monkeypatch.setattr(host, "close", lambda timeout: False)
    with pytest.raises(LocalFailed, match="send what was written"), Session(settings(), host=host):
        pass
    # Another error says more.
    with pytest.raises(ValueError, match=r"^x$"), Session(settings(), host=host):
        raise ValueError("x")


def test_a_program_with_an_exit_code_of_its_own_fails_by_no_loss(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host = NativeHost()
    monkeypatch.setattr(host, "close", lambda timeout: False)
    options = settings()
    options.command = "run"
    with Session(options, host=host, loss=lambda limit: "9 bytes were lost"):
        pass
    with pytest.raises(ValueError, match=r"^x$"), Session(options, host=host, loss=lambda limit: "9 bytes were lost"):
        raise ValueError("x")
    assert capsys.readouterr().err == "wasinet: run: 9 bytes were lost\n" * 2
    with pytest.raises(KeyboardInterrupt), Session(options, host=host, loss=lambda limit: "9 bytes were lost"):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == ""


def test_where_received_data_goes() -> None:
    assert Session(settings()).output_fd == 1
    assert Session(settings(trace_file="-")).output_fd == 2


def test_many_files() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[0], 200), before[1]))
        with Session(settings(), many_files=True):
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_full_disk_under_the_trace_file(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        open("/dev/full", "w").close()
    except OSError:
        pytest.skip("needs /dev/full")
    with pytest.raises(LocalFailed, match="/dev/full") as caught, Session(settings(trace_file="/dev/full")) as session:
        session.run(program(session, []))
    assert caught.value.reason == "No space left on device"
