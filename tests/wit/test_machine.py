from __future__ import annotations

from wasinet.wit import load
from wasinet.wit.machine import TERMINATED

TCP = load("0.2").machines["tcp-socket"]
UDP = load("0.2").machines["udp-socket"]


def test_cells_give_the_next_state_by_state_and_outcome() -> None:
    assert TCP.cells("start-connect") == {
        "unbound": {"ok": "connect-in-progress", "error": "closed"},
        "bound": {"ok": "connect-in-progress", "error": "closed"},
    }
    assert TCP.cells("hop-limit") == {}


def test_states_for_follow_the_order_of_the_states() -> None:
    assert TCP.states_for("start-connect") == ("unbound", "bound")
    assert TCP.states_for("hop-limit") == ()


def test_variants_count_as_one_function() -> None:
    assert UDP.variants("stream") == ("stream(none)", "stream(some)")
    assert UDP.moves("stream")
    assert UDP.states_for("stream") == ("bound", "connected")
    assert not TCP.moves("local-address")


def test_a_wrong_state_is_refused_by_name_or_prefix() -> None:
    assert TCP.refusal("finish-bind") == "not-in-progress"
    assert TCP.refusal("start-bind") == "invalid-state"
    assert UDP.refusal("stream") == "invalid-state"


def test_events_are_no_functions() -> None:
    assert TERMINATED not in TCP.functions
    assert TCP.cells(TERMINATED) == {"connected": {"-": "closed"}}


def test_edges_merge_the_outcomes_that_lead_to_the_same_state() -> None:
    assert ("listening", "listening", ("accept",)) in TCP.edges
    assert ("connected", "connected", ("shutdown",)) in TCP.edges
    assert ("unbound", "closed", ("start-connect", "error")) in TCP.edges


def test_the_way_to_a_state_is_its_first_call() -> None:
    assert TCP.way("unbound", ("listening",)) == "start-bind"
    assert TCP.way("closed", ("listening",)) is None
    draft = load("draft").machines["tcp-socket"]
    assert draft.way("unbound", ("listener",)) == "listen"
    assert draft.way("connecting", ("connection",)) == "connect"


def test_one_function_may_begin_and_finish() -> None:
    draft = load("draft").machines["tcp-socket"]
    assert draft.cells("connect")["connecting"] == {
        "ok": "connection",
        "would-block": "connecting",
        "error": "closed",
    }
    assert draft.states_for("connect") == ("unbound", "bound", "connecting")
    assert ("bound", "connecting", ("connect", "would-block")) in draft.edges
