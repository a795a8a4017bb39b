"""Sessions: calls accepted and rejected, variables, names, and what a call tells afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import lines_of
from wasinet import wit
from wasinet.engine.policy import PolicyError
from wasinet.hosts import DEFAULT_HOST, Trapped, make_host
from wasinet.hosts.native import NativeHost
from wasinet.script.binding import bind_all
from wasinet.script.cursor import look
from wasinet.script.names import names_of
from wasinet.script.session import NetworkMade, Session, Step
from wasinet.script.syntax import parse
from wasinet.wave.errors import WaveError
from wasinet.wit.values import Err, Ok

MakeSession = Callable[..., Session]


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(keep=None)
    yield session
    session.host.close()


def run(session: Session, text: str) -> list[Step]:
    return list(session.evaluate(text))


def outcome(session: Session, text: str) -> Any:
    return run(session, text)[-1].outcome


LISTENER = """
l = create-tcp-socket(ipv4)
l.start-bind(net, 127.0.0.1:0)
l.finish-bind(); l.start-listen(); l.finish-listen()
here = l.local-address()
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("create-tcp-socket(ipv4)", "ok(#1)"),
        ("tcp-create-socket.create-tcp-socket(ipv4)", "ok(#1)"),
        ("s = create-udp-socket(ipv6); s.address-family()", "ipv6"),
        ("s = create-tcp-socket(ipv4); tcp-socket.address-family(s)", "ipv4"),
        ("s = create-tcp-socket(ipv4); tcp.tcp-socket.address-family(s)", "ipv4"),
        ("s = create-tcp-socket(ipv4); #1.address-family()", "ipv4"),
        ("s = create-tcp-socket(ipv4); tcp-socket.address-family(#1)", "ipv4"),
        ("s = create-tcp-socket(ipv4); drop(s)", "ok"),
        ("create-tcp-socket(ipv4); tcp1.is-listening()", "false"),
        ("u = create-udp-socket(ipv4); u.start-bind(net, 127.0.0.1:0); u.finish-bind(); u.stream()", "ok((#3, #4))"),
        ("p = subscribe-duration(0); poll([p,])", "[0]"),
        ("s = create-tcp-socket(ipv4); drop(s); s.accept()", 'trap "#1 was dropped and may not be used any more"'),
        ("#9.accept()", 'trap "#9 is no handle of this session"'),
        ("t = now(); p = subscribe-instant(t); p.ready()", "true"),
        ("s = create-tcp-socket(ipv4)\n\n# a comment\ns.start-bind(\n  net, // here\n  127.0.0.1:0\n)", "ok"),
        ("net = instance-network(); s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1:0)", "ok"),
        (LISTENER + "c = create-tcp-socket(ipv4); c.start-connect(net, here)", "ok"),
        ("s = create-tcp-socket(ipv4); f = s.address-family(); x = create-tcp-socket(f); x.address-family()", "ipv4"),
        ("s = create-tcp-socket(ipv4); n = s.keep-alive-count(); s.set-receive-buffer-size(n)", "ok"),
    ],
)
def test_calls(session: Session, text: str, shown: str) -> None:
    assert session.show(run(session, text)[-1]) == shown


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("foo()", "foo", "no function is named foo"),
        ("creat-tcp-socket(ipv4)", "creat", "no function is named creat-tcp-socket; did you mean create-tcp-socket?"),
        ("accept()", "accept", "no function is named accept; it is called on a tcp-socket, e.g. tcp1.accept(...)"),
        ("t.accept()", "t", "no variable is named t"),
        ("sock.accept()", "sock", "no variable is named sock; did you mean socke?"),
        ("tcp.zz()", "zz", "tcp is an interface without a function zz"),
        ("poll.pol()", "pol()", "poll is an interface without a function pol; did you mean poll?"),
        ("socke.acept()", "acept", "a tcp-socket has no function acept; did you mean accept?"),
        ("socke.a.b()", "b", "a tcp-socket has no function b; there is "),
        ("here.x()", "here", "here is a value of the type ip-socket-address and has no functions"),
        ("#1.zz()", "zz", "a tcp-socket has no function zz; there is accept, "),
        ("#999.zz()", "zz", "no function is named zz"),
        ("socke.start-bind(net)", ")", "expected the argument local-address, ip-socket-address, e.g. "),
        ("socke.start-bind(net, 127.0.0.1:0, 3)", "3)", "expected ')' after 2 arguments, found '3'"),
        ("socke.start-bind(socke, 127.0.0.1:0)", "socke,", "expected network, a variable or a handle like #3; socke"),
        ("socke.start-bind(net, 127.0.0.1)", "127", "expected ip-socket-address, e.g. 127.0.0.1:80, found '127.0.0.1'"),
        ("create-tcp-socket(ipv5)", "ipv5", "expected ip-address-family (ipv4 or ipv6), found 'ipv5'; did you"),
        ("poll = now()", "poll", "poll is an interface and cannot be assigned; choose another name"),
        ("now = now()", "now =", "now is a function and cannot be assigned; choose another name"),
        ("some = now()", "some", "some is a keyword and cannot be assigned; choose another name"),
        ("drop = now()", "drop", "drop is a function and cannot be assigned; choose another name"),
        ("pollable = now()", "pollable", "pollable is a resource and cannot be assigned; choose another name"),
        ("%x = now()", "%x", "%x is an escaped name and cannot be assigned; choose another name"),
        ("x = drop(socke)", "x", "drop gives nothing that could be assigned"),
        ("x = socke.start-listen()", "x", "tcp-socket.start-listen gives nothing that could be assigned"),
        ("(a, b) = socke.accept()", "a", "tcp-socket.accept gives 3 values, tuple<tcp-socket, input-stream, output-s"),
        ("(a, b) = now()", "a", "now gives one value, instant; 2 names given"),
        ("(a, a, b) = socke.accept()", "a, b", "a is here twice"),
        ("drop()", ")", "expected a handle to drop, a variable or #3, found ')'"),
        ("drop(here)", "here", "expected a handle; here is a value of the type ip-socket-address"),
        ("drop(7)", "7", "expected any resource, a variable or a handle like #3, found '7'"),
        ("drop(net, net)", "net)", "expected ')' after 1 argument, found 'net'"),
        ("now(); socke.start-bind(net, [::1]:x)", "[", "expected ip-socket-address, e.g. 127.0.0.1:80, found '['"),
    ],
)  # fmt: skip
def test_rejected_before_anything_is_called(session: Session, text: str, place: str, message: str) -> None:
    run(session, "socke = create-tcp-socket(ipv4); socke.start-bind(net, 127.0.0.1:0); here = socke.local-address()")
    run(session, "socke.finish-bind(); here = socke.local-address()")
    before = [info.handle for info in session.host.handles()]
    with pytest.raises(WaveError) as raised:
        run(session, text)
    assert raised.value.message.startswith(message)
    assert raised.value.position == text.index(place)
    assert [info.handle for info in session.host.handles()] == before


def test_the_caret_stands_under_the_mistake(session: Session) -> None:
    text = "now()\nnow(); s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1)"
    with pytest.raises(WaveError) as raised:
        run(session, text)
    assert raised.value.render().splitlines() == [
        "now(); s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1)",
        "                                                      ^",
        "expected ip-socket-address, e.g. 127.0.0.1:80, found '127.0.0.1' (line 2)",
    ]


def test_a_step_tells_what_happened(session: Session) -> None:
    run(session, "s = create-tcp-socket(ipv4)")
    (step,) = run(session, "  s.start-bind(net, 127.0.0.1:0) ")
    assert (step.bound.source, step.function.name) == ("s.start-bind(net, 127.0.0.1:0)", "tcp-socket.start-bind")
    assert (step.before, step.after, step.failed, step.handle) == ("unbound", "bind-in-progress", False, 1)
    record = step.record
    assert (record.host, record.arguments[:2], record.outcome) == ("native", (1, 2), Ok())
    assert record.duration >= 0
    assert record.time >= 0


def test_assignment_unwraps_ok_and_names_handles(session: Session) -> None:
    run(session, LISTENER + "c = create-tcp-socket(ipv4); c.start-connect(net, here)")
    session.host.wait(session.variables["l"].value, 60)
    (step,) = run(session, "(p, rx, tx) = l.accept()")
    assert step.assigned == ("p", "rx", "tx")
    assert [session.name_of(session.variables[name].value) for name in ("p", "rx", "tx")] == ["p", "rx", "tx"]
    assert str(session.type_of("rx")) == "input-stream"
    (step,) = run(session, "c.finish-connect()")
    assert step.assigned == ("rx1", "tx1")
    assert session.name_of(session.variables["net"].value) == "net"
    assert session.name_of(999) == "#999"


def test_a_name_that_ends_in_more_digits_than_python_reads(session: Session) -> None:
    (step,) = run(session, "create-tcp-socket(ipv4)")
    (name,) = step.assigned
    prefix = name.rstrip("0123456789")
    run(session, f"({prefix}{'9' * 5000}, rx, tx) = {name}.accept()")
    (step,) = run(session, "create-tcp-socket(ipv4)")
    assert step.assigned == (f"{prefix}2",)


def test_a_failed_assignment_leaves_its_variables_unset_and_says_why(session: Session) -> None:
    run(session, LISTENER)
    (step,) = run(session, "(c, rx, tx) = l.accept()")
    assert step.failed
    with pytest.raises(WaveError, match=r"rx is not set: l\.accept\(\) gave err\(would-block\)"):
        run(session, "rx.read(1)")
    with pytest.raises(WaveError, match=r"c is not set: l\.accept\(\) gave err\(would-block\)"):
        run(session, "drop(c)")
    # What was checked before is found out when it is called.
    calls = session.prepare("(d, rx, tx) = l.accept(); d.remote-address()")
    session.run(calls[0])
    with pytest.raises(WaveError, match="d is not set") as raised:
        session.run(calls[1])
    assert raised.value.position == calls[1].statement.start
    # A trap does the same, and a later success sets it.
    run(session, "drop(l); (rx, a, b) = l.accept()")
    assert "rx is not set: l.accept() gave trap" in str(_error(session, "rx.read(1)"))
    run(session, "rx = create-tcp-socket(ipv4)")
    assert run(session, "rx.is-listening()")[0].outcome is False


def _error(session: Session, text: str) -> WaveError:
    with pytest.raises(WaveError) as raised:
        run(session, text)
    return raised.value


def test_evaluation_ends_at_the_first_failure(session: Session) -> None:
    steps = run(session, "s = create-tcp-socket(ipv4); s.accept(); drop(s)")
    assert [step.failed for step in steps] == [False, True]
    assert "s" in session.variables


def test_numbers_are_checked_when_they_are_known(session: Session) -> None:
    run(session, "s = create-tcp-socket(ipv4); n = s.receive-buffer-size()")
    error = _error(session, "s.set-hop-limit(n)")
    assert error.message.endswith("expected u8 (0 to 255)")
    assert error.position == len("s.set-hop-limit(")
    u = "u = create-udp-socket(ipv4); u.start-bind(net, 127.0.0.1:0); u.finish-bind(); (i, o) = u.stream()"
    run(session, u)
    run(session, "h = s.hop-limit(); a = u.local-address(); o.check-send()")
    assert outcome(session, "o.send([{data: [h, 1], remote-address: a}])") == Ok(1)


def test_net_is_made_when_it_is_first_used(session: Session) -> None:
    run(session, "s = create-tcp-socket(ipv4)")
    assert len(list(session.host.handles())) == 1
    run(session, "s.start-bind(net, 127.0.0.1:0)")
    assert [info.type for info in session.host.handles()] == ["tcp-socket", "network"]


def test_a_handle_without_a_name_tells_its_function_by_its_type(session: Session) -> None:
    run(session, "a = create-tcp-socket(ipv4); b = create-udp-socket(ipv4)")
    calls = bind_all(parse("#2.start-bind(net, 127.0.0.1:0)"), session.names, _Blind())
    assert session.run(calls[0]).function.name == "udp-socket.start-bind"


class _Blind:
    """A scope that knows nothing."""

    def type_of(self, name: str) -> None:
        return None

    def variable_names(self) -> list[str]:
        return []

    def why_not(self, name: str) -> str:
        return ""

    def kind_of(self, handle: int) -> str | None:
        return None


def test_reasons_speak_of_names(session: Session) -> None:
    (_, step) = run(session, "s = create-tcp-socket(ipv4); s.accept()")
    assert session.reason(step) == "tcp-socket.accept needs listening; s is unbound. Try: s.start-bind()"
    (_, step) = run(session, "drop(s); s.accept()")
    assert isinstance(step.outcome, Trapped)
    assert session.reason(step) == "s was dropped and may not be used any more"


def test_networks_have_a_policy_of_their_own(session: Session) -> None:
    handle = session.make_network("fenced", ["tcp-bind:127.0.0.1", "deny:tcp-bind:127.0.0.1:1-1023"])
    assert session.variables["fenced"].value == handle
    run(session, "s = create-tcp-socket(ipv4)")
    denied = outcome(session, "s.start-bind(fenced, 127.0.0.2:0)")
    assert isinstance(denied, Err)
    assert denied.value == "access-denied"
    assert outcome(session, "s.start-bind(fenced, 127.0.0.1:80)").value == "access-denied"
    assert outcome(session, "s.start-bind(fenced, 127.0.0.1:0)") == Ok()
    with pytest.raises(PolicyError):
        session.make_network("other", ["nonsense"])
    with pytest.raises(ValueError, match="// is no name for a network"):
        session.make_network("//", [])
    with pytest.raises(ValueError, match="poll is an interface"):
        session.make_network("poll", [])
    assert isinstance(session.history[0], NetworkMade)


def test_history_keeps_what_it_is_asked_to() -> None:
    session = Session(keep=2)
    run(session, "now(); resolution(); s = create-tcp-socket(ipv4)")
    assert [step.bound.key for step in session.history if isinstance(step, Step)] == ["resolution", "create-tcp-socket"]
    old = session.host
    session.reset()
    assert session.host is not old
    assert (session.variables, session.history, session.unset) == ({}, [], {})
    session.host.close()


def test_waiting_is_bounded(session: Session) -> None:
    run(session, LISTENER)
    listener = session.variables["l"].value
    assert not session.host.wait(listener, 0.01)
    assert not session.host.wait(999, 0.01)
    run(session, "c = create-tcp-socket(ipv4); c.start-connect(net, here)")
    assert session.host.wait(listener, 60)


def test_hosts_are_made_by_name() -> None:
    host = make_host(DEFAULT_HOST, wit.DEFAULT_WORLD)
    assert isinstance(host, NativeHost)
    host.close()
    with pytest.raises(ValueError, match="no host is named 'x'"):
        make_host("x")
    with pytest.raises(ValueError, match="no world is named 'x'"):
        make_host("native", "x")


def test_the_cursor_tells_what_would_fit(session: Session) -> None:
    run(session, "s = create-tcp-socket(ipv4); p = s.subscribe()")

    def at(text: str) -> tuple[str | None, int, list[str]]:
        found = look(text, len(text), session.names, session)
        return (
            None if found.function is None else found.function.name,
            found.argument,
            [str(type_) for type_ in found.wanted],
        )

    assert at("s.start-bind(") == ("tcp-socket.start-bind", 0, ["borrow<network>"])
    assert at("s.start-bind(net, 127") == ("tcp-socket.start-bind", 1, ["ip-socket-address"])
    assert at("poll([p, ") == ("poll", 0, ["borrow<pollable>"])
    assert at("create-tcp-socket(ip") == ("create-tcp-socket", 0, ["ip-address-family"])
    assert at("u = create-udp-socket(ipv4); u.stream(") == (
        "udp-socket.stream",
        0,
        ["option<ip-socket-address>", "ip-socket-address"],
    )
    found = look("u = create-udp-socket(ipv4); u.st", 33, session.names, session)
    assert (found.place.kind, found.resource, found.place.word) == ("member", "udp-socket", "st")
    found = look("#1.", 3, session.names, session)
    assert found.resource == "tcp-socket"


@given(st.text(alphabet="sp=.,;()[]#1{}:\"' \nnetdropacb-\u00e9", max_size=40), st.integers(0, 40))
def test_no_text_at_a_prompt_raises_anything_else(text: str, cursor: int) -> None:
    names = names_of(wit.load())
    error = None
    try:
        bind_all(parse(text), names, _Blind())
    except WaveError as raised:
        error = raised
    assert error is None or error.render()
    look(text, min(cursor, len(text)), names, _Blind())


_COSTING = pytest.mark.parametrize(
    "text", ["create-udp-socket(ipv4)", "s = create-udp-socket(ipv4); drop(s)", "#2.address-family()", "drop(#900)"]
)


def costs(host: str, text: str) -> list[int]:
    """What running a text costs beside few and beside many handles."""
    session = Session(lambda: make_host(host))
    found = []
    try:
        run(session, "t = create-tcp-socket(ipv4); drop(t)")
        for count in (10, 100):
            for _ in range(count):
                run(session, "create-udp-socket(ipv4)")
            run(session, text)
            found.append(lines_of(lambda: run(session, text)))
    finally:
        session.host.close()
    return found


@_COSTING
def test_a_call_costs_the_same_beside_many_handles(text: str) -> None:
    few, many = costs(DEFAULT_HOST, text)
    assert few == many


@_COSTING
@pytest.mark.usefixtures("wasmtime_runtime")
def test_a_call_on_wasmtime_costs_the_same_beside_many_handles(text: str) -> None:
    few, many = costs("wasmtime", text)
    assert few == many


def test_default_names_are_the_first_free_ones(session: Session) -> None:
    run(session, "create-udp-socket(ipv4)\n" * 3)
    assert session.handle_names == {1: "udp1", 2: "udp2", 3: "udp3"}
    # A failed assignment frees its name, and a person may have taken one.
    run(session, "udp2 = udp1.receive-buffer-size(); udp4 = create-udp-socket(ipv6)")
    run(session, "udp3 = udp1.remote-address()")
    steps = [step for text in ("create-udp-socket(ipv4)",) * 2 for step in run(session, text)]
    assert [step.assigned for step in steps] == [("udp3",), ("udp5",)]
