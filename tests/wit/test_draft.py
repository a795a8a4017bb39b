"""What only the draft promises: its errors, and its choices where the text contradicts itself or is silent."""

from __future__ import annotations

import pytest

from tests.wit.documented import interfaces
from wasinet.wit import Function, Note, load
from wasinet.wit.types import U32, Alias, Own, Resource, resolve

WORLD = load("draft")
FUNCTIONS = list(WORLD.functions.values())
TCP = WORLD.machines["tcp-socket"]
UDP = WORLD.machines["udp-socket"]

RESOURCES = {
    "network", "pollable", "udp-socket", "input-stream", "output-stream", "tcp-socket", "resolve-address-stream",
}  # fmt: skip

BUFFER_SIZES = ("receive-buffer-size", "set-receive-buffer-size", "send-buffer-size", "set-send-buffer-size")

ERRORS = {
    "udp.bind": ("unknown: bound already",),
    "udp.connect": ("unknown: network",),
    "receive": ("unknown: not bound", "again: non-blocking"),
    "send": ("unknown: not bound", "unknown: another address", "again: non-blocking"),
    "udp.local-address": ("unknown: not bound",),
    "udp.ipv6-only": ("unknown: IPv4",),
    "udp.set-ipv6-only": ("unknown: dual-stack", "unknown: IPv4"),
    "tcp.bind": ("unknown: bound already",),
    "tcp.connect": (
        "unknown: bound with",
        "unknown: allow connections",
        "unknown: connection or the listener",
        "unknown: port is 0",
        "again: non-blocking",
    ),
    "listen": ("unknown: bound with", "unknown: allow listening", "unknown: connection or the listener"),
    "accept": ("unknown: not in the listening state", "again: non-blocking"),
    "tcp.local-address": ("unknown: not bound",),
    "tcp.remote-address": ("unknown: not in the connection state",),
    "tcp.ipv6-only": ("unknown: IPv4",),
    "tcp.set-ipv6-only": ("unknown: dual-stack", "unknown: IPv4"),
    **{f"tcp.{name}": ("unknown: listening",) for name in BUFFER_SIZES},
    "shutdown": ("unknown: not in the connection state",),
    "resolve-addresses": ("unknown: empty", "unknown: an IP address", "unknown: well-formed"),
    "resolve-next-address": ("again: non-blocking",),
}
"""Each clause of the text that says when a call fails, in its order, by a word of ours for it."""

TCP_STATES = {
    "tcp.local-address": {"bound", "connecting", "connection", "listener"},
    "tcp.remote-address": {"connection"},
    "tcp.set-ipv6-only": {"unbound"},
    "set-listen-backlog-size": {"unbound", "bound", "listener"},
    **{f"tcp.{name}": {"unbound", "bound", "connecting", "connection"} for name in BUFFER_SIZES},
    **{
        name: {"unbound", "bound", "connecting", "connection", "listener"}
        for name in (
            "tcp.ipv6-only",
            "keep-alive",
            "set-keep-alive",
            "no-delay",
            "set-no-delay",
            "tcp.unicast-hop-limit",
            "tcp.set-unicast-hop-limit",
        )
    },
}
UDP_STATES = {
    "receive": {"bound", "connected"},
    "send": {"bound", "connected"},
    "udp.local-address": {"bound", "connected"},
    "udp.remote-address": {"connected"},
    "udp.set-ipv6-only": {"unbound"},
    **{
        f"udp.{name}": {"unbound", "bound", "connected"}
        for name in ("ipv6-only", "unicast-hop-limit", "set-unicast-hop-limit", *BUFFER_SIZES)
    },
}

WAITING = {
    "tcp.connect",
    "accept",
    "receive",
    "send",
    "resolve-next-address",
    "poll-oneoff",
    "blocking-read",
    "blocking-skip",
    "blocking-write",
    "blocking-write-zeroes",
    "splice",
    "blocking-splice",
    "forward",
}

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.qualified)


def test_it_has_nine_interfaces_in_a_package_without_a_version() -> None:
    (package,) = WORLD.packages
    assert package.name == "draft"
    assert [interface.name for interface in package.interfaces] == list(interfaces("draft")["draft"])
    assert len(package.interfaces) == 9


def test_error_codes_are_the_enum_in_its_order() -> None:
    assert [code.name for code in WORLD.error_codes] == interfaces("draft")["draft"]["network"]["types"]["error"][
        "enum"
    ]


def test_handles_are_numbers_that_stand_for_resources() -> None:
    assert set(WORLD.resources) == RESOURCES
    declared = {name: type_ for interface in WORLD.interfaces for name, type_ in interface.types.items()}
    for name in RESOURCES:
        assert declared[name] == Alias(name, U32, handle=Resource(name))
        assert resolve(declared[name]) == Own(Resource(name))


@every_function
def test_the_receiver_is_the_handle_called_this(function: Function) -> None:
    assert function.resource is None
    takes_this = bool(function.params) and function.params[0][0] == "this"
    assert (function.receiver is not None) == takes_this
    assert [name for name, _ in function.inputs] == [name for name, _ in function.params if name != "this"]


def test_a_name_that_interfaces_share_is_keyed_with_its_interface() -> None:
    names = [function.name for function in FUNCTIONS]
    for key, function in WORLD.functions.items():
        assert key == (function.name if names.count(function.name) == 1 else function.qualified)
    assert {"tcp.bind", "udp.bind", "listen", "ip-name-lookup.subscribe"} <= set(WORLD.functions)
    assert WORLD.find("tcp.listen") is WORLD.functions["listen"]


@every_function
def test_errors_are_the_clauses_of_the_text_in_order(function: Function) -> None:
    key = next(key for key, found in WORLD.functions.items() if found is function)
    documented = [clause.split(": ") for clause in ERRORS.get(key, ())]
    assert [error.code for error in function.errors] == [code for code, _ in documented]
    for error, (_, word) in zip(function.errors, documented, strict=True):
        assert word in error.when
        assert not error.errnos


def test_the_clauses_are_of_declared_functions() -> None:
    assert ERRORS.keys() <= WORLD.functions.keys()


def test_where_getters_and_options_may_be_called() -> None:
    declared = {key: set(function.states) for key, function in WORLD.functions.items() if function.states is not None}
    assert declared == TCP_STATES | UDP_STATES


def test_the_calls_that_may_wait() -> None:
    assert {key for key, function in WORLD.functions.items() if function.blocking} == WAITING


def test_what_gives_again_may_wait() -> None:
    for function in FUNCTIONS:
        assert function.blocking or all(error.code != "again" for error in function.errors)


def test_an_accepted_socket_is_a_connection() -> None:
    assert TCP.accepted == "connection"
    assert UDP.accepted is None


def test_nothing_leads_out_of_connection_and_closed() -> None:
    assert {row.next for row in TCP.rows if row.state == "connection"} == {"connection"}
    assert not [row for row in TCP.rows if row.state == "closed"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("udp.bind", "only connect binds"),
        ("udp.connect", "only connect binds"),
        ("udp.connect", "thrown away"),
        ("udp.connect", "leaves the state as it was"),
        ("receive", "the more specific text wins"),
        ("receive", "bytes themselves"),
        ("send", "the more specific text wins"),
        ("send", "it is no option"),
        ("udp.remote-address", "names no failure"),
        ("udp.receive-buffer-size", "never listens"),
        ("udp.subscribe", "leave out sending"),
        ("udp.subscribe", "traps"),
        ("tcp.connect", "gives again"),
        ("tcp.connect", "the same call again"),
        ("tcp.connect", "another address while connecting) leaves the state as it was"),
        ("tcp.connect", "a state of ours"),
        ("tcp.connect", "has no end"),
        ("tcp.connect", "not children"),
        ("listen", "takes it from this argument"),
        ("listen", "a state of ours"),
        ("listen", "leaves the state as it was"),
        ("accept", "there is one state, listener"),
        ("accept", "blocking mode like every new socket"),
        ("tcp.receive-buffer-size", "there is one state, listener"),
        ("tcp.set-send-buffer-size", "is that of each"),
        ("tcp.local-address", "while the socket connects"),
        ("tcp.keep-alive", "a state of ours"),
        ("tcp.ipv6-only", "IPv6 only"),
        ("create-tcp-socket", "IPv6 only"),
        ("tcp.set-unicast-hop-limit", "invalid-argument"),
        ("tcp.non-blocking", "Streams have none"),
        ("shutdown", "has no end"),
        ("drop-tcp-socket", "traps"),
        ("drop-tcp-socket", "not children"),
        ("drop-input-stream", "traps"),
        ("drop-output-stream", "loses nothing"),
        ("drop-resolve-address-stream", "traps"),
        ("read", "record without fields"),
        ("read", "A len of 0"),
        ("read", "no buffer could hold"),
        ("splice", "does not say blocking"),
        ("poll-oneoff", "empty list at once"),
        ("poll-oneoff", "waits until something is ready"),
        ("instance-network", "the same network"),
        ("resolve-addresses", "127.1"),
        ("resolve-next-address", "gives unknown here"),
    ],
)
def test_where_the_text_leaves_a_choice_a_note_stands(name: str, words: str) -> None:
    function = WORLD.find(name)
    assert function is not None
    notes: tuple[Note, ...] = function.notes
    assert any(words in note.text for note in notes)


def test_every_failure_of_a_stream_is_explained() -> None:
    for function in FUNCTIONS:
        if str(function.err) == "stream-error":
            assert any(note.clause == "draft/streams stream-error" for note in function.notes)
