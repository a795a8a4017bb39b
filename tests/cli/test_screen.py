"""The line that stays: what is written above it, what is held back, and the terminal's modes."""

from __future__ import annotations

import errno
import os
import select
import signal
import termios
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from tests.support import ipv4
from wasinet.cli import ask
from wasinet.cli.screen import Screen
from wasinet.engine.domain import Domain
from wasinet.engine.faults import Fail
from wasinet.engine.policy import Policy, Rule
from wasinet.oscalls.interruption import PENDING, checkpoint, install, interruptible
from wasinet.render.printable import Printable
from wasinet.render.theme import Painter
from wasinet.wit.values import Case


class Terminal:
    """A screen on a terminal of its own, and what arrives there."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        termios.tcsetwinsize(self.master, (24, 40))
        self.screen = Screen(os.ttyname(self.slave))

    def write(self, data: bytes) -> int:
        return self.screen.write(lambda piece: os.write(self.slave, piece), data)

    def shows(self, expected: bytes) -> None:
        """What arrives next is this; the system passes it on in its own time."""
        seen = b""
        while len(seen) < len(expected) and select.select([self.master], [], [], 10)[0]:
            seen += os.read(self.master, len(expected) - len(seen))
        assert seen == expected

    def modes(self) -> object:
        return termios.tcgetattr(self.slave)

    def close(self) -> None:
        self.screen.close()
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Terminal]]:
    made: list[Terminal] = []

    def terminal(term: str) -> Terminal:
        monkeypatch.setenv("TERM", term)
        made.append(Terminal())
        return made[-1]

    yield terminal
    for one in made:
        one.close()


def test_lines_go_above_and_the_rest_is_held_back(make: Callable[[str], Terminal]) -> None:
    it = make("xterm")
    before = it.modes()
    it.screen.stand(Printable("Q? "))
    assert it.modes() != before
    it.shows(b"\x1b[0m\x1b(BQ? ")
    assert it.write(b"half") == 4
    assert it.write(b" a line\nmore") == 12
    it.shows(b"\r\x1b[Jhalf a line\r\n\x1b[0m\x1b(BQ? ")
    it.screen.clear("yes")
    it.shows(b"\r\x1b[J\x1b[0m\x1b(BQ? yes\r\nmore")
    assert it.modes() == before
    # The cursor is behind ``more`` now, and a line of its own begins on the next.
    it.screen.stand(Printable("R? "))
    it.shows(b"\r\n\x1b[0m\x1b(BR? ")
    it.screen.clear()
    it.shows(b"\r\x1b[J")


def test_a_long_line_is_erased_in_all_its_rows(make: Callable[[str], Terminal]) -> None:
    it = make("xterm")
    line = "\x1b[1m" + "\N{FULLWIDTH LATIN SMALL LETTER A}" * 50 + "\x1b[0m"
    it.screen.stand(Printable(line))
    it.screen.clear()
    it.shows(b"\x1b[0m\x1b(B" + line.encode() + b"\r\x1b[A\x1b[A\x1b[J")


def test_a_terminal_without_escapes(make: Callable[[str], Terminal]) -> None:
    it = make("dumb")
    it.screen.stand(Printable("Q? "))
    it.write(b"line\n")
    it.screen.clear("no")
    it.shows(b"Q? \r\nline\r\nQ? no\r\n")


def test_a_terminal_that_takes_a_part(make: Callable[[str], Terminal]) -> None:
    it = make("xterm")
    it.screen.stand(Printable("Q? "))

    def refuse(data: bytes) -> int:
        raise BlockingIOError(errno.EAGAIN, "full")

    with pytest.raises(BlockingIOError):
        it.screen.write(refuse, b"line\n")
    assert it.screen.write(lambda data: 2, b"line\n") == 2
    assert it.write(b"ne\n") == 3
    # What was held back is first, and none of the new data is taken before it.
    assert it.write(b"held") == 4
    with pytest.raises(BlockingIOError):
        it.screen.write(lambda data: 3, b" on\n")
    it.write(b" on\n")
    # Drawn for each of the three tries before, and for this one.
    it.shows(
        b"\x1b[0m\x1b(BQ? "
        + b"\r\x1b[J\x1b[0m\x1b(BQ? "
        + b"\r\x1b[J\r\n\x1b[0m\x1b(BQ? "
        + b"\r\x1b[Jne\r\n\x1b[0m\x1b(BQ? "
        + b"\r\x1b[J\r\n\x1b[0m\x1b(BQ? "
    )
    it.shows(b"\r\x1b[Jd on\r\n\x1b[0m\x1b(BQ? ")


def test_keys_are_the_questions(make: Callable[[str], Terminal]) -> None:
    it = make("xterm")
    it.screen.check()
    it.screen.stand(Printable("Q? "))
    with pytest.raises(BlockingIOError):
        it.screen.check()
    assert it.screen.read() is None
    os.write(it.master, b"o")
    select.select([it.screen.keys], [], [], 10)
    assert it.screen.read() == b"o"


def test_a_question_names_the_host_and_decides_about_the_address(
    make: Callable[[str], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is allowed for ever by a name is not what the name leads to later."""
    it = make("xterm")
    monkeypatch.setattr(ask, "Screen", lambda: Screen(os.ttyname(it.slave)))
    given: list[tuple[str, Fail | None]] = []
    answers = Event()

    def decide(policy: Policy, address: str) -> None:
        domain.keep("api.test", [Case("ipv4", tuple(map(int, address.split("."))))])

        def done(fail: Fail | None) -> None:
            given.append((address, fail))
            answers.set()

        policy.ask("tcp-connect", ipv4(address, 443), done, domain.answers)

    asker = ask.TerminalAsker("a\x1b.wasm", Painter(False))
    asker.open()
    domain = Domain("default", Policy([Rule.parse("name-lookup")], (), asker))
    with asker:
        decide(domain.policy, "192.0.2.1")
        it.shows(
            b"\x1b[0m\x1b(B"
            + rb"a\x1b.wasm: --allow tcp-connect:api.test:443 (192.0.2.1:443)? [o]nce, [a]lways, [n]ever "
        )
        os.write(it.master, b"a")
        assert answers.wait(10)
        decide(domain.policy, "192.0.2.1")
        assert given == [("192.0.2.1", None)] * 2
        answers.clear()
        decide(domain.policy, "192.0.2.2")
        assert not answers.is_set()
        os.write(it.master, b"n")
        assert answers.wait(10)
    assert given[2][1] is not None
    assert given[2][1].reason == "tcp-connect of 192.0.2.2:443 was denied at the terminal"


def test_an_interruption_waits_until_the_line_is_drawn(make: Callable[[str], Terminal]) -> None:
    it = make("xterm")
    it.screen.stand(Printable("Q? "))
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupted(data: bytes) -> int:
        signal.raise_signal(signal.SIGINT)
        return os.write(it.slave, data)

    try:
        install()
        with interruptible():
            assert it.screen.write(interrupted, b"line\n") == 5
        with pytest.raises(KeyboardInterrupt):
            checkpoint()
    finally:
        PENDING.clear()
        for number, handler in before:
            signal.signal(number, handler)
    it.shows(b"\x1b[0m\x1b(BQ? \r\x1b[Jline\r\n\x1b[0m\x1b(BQ? ")
