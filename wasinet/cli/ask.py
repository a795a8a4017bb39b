"""``--ask``: a person at the terminal decides what no rule speaks of, while the guest goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from wasinet.cli.screen import Screen
from wasinet.cli.values import BadValue
from wasinet.engine.faults import Fail
from wasinet.engine.policy import target_text
from wasinet.oscalls import Os
from wasinet.oscalls.interruption import leave
from wasinet.oscalls.wait import READ, wait_many
from wasinet.render.printable import Printable, printed
from wasinet.render.theme import Painter
from wasinet.wit.values import Case

__all__ = ["TerminalAsker"]

_Done = Callable[[Fail | None], None]
# The ports of peers are the peers' affair: an answer for one is an answer for all of an address.
_PEERS = frozenset({"tcp-accept", "udp-receive"})
_ANSWERS = {b"o": "once", b"a": "always", b"n": "never", b"\x04": "never"}
_OFFER = "[o]nce, [a]lways, [n]ever"
_STOP, _QUIT = b"\x1a", b"\x1c"


class _Question:
    """What a person is asked.

    Args:
        use: ``tcp-connect``.
        target: as text. An answer for ever is one for this target, and for no other that its name leads to later.
        rule: what would allow it; by the name that the address came from, where it came from one.
        done: takes the answer.
    """

    def __init__(self, use: str, target: str, rule: str, done: _Done) -> None:
        self.use = use
        self.target = target
        self.rule = rule
        self.done = done

    @property
    def key(self) -> tuple[str, str]:
        return self.use, self.target


class TerminalAsker:
    """Asks on the controlling terminal, one question after the other; each goes away when it is withdrawn.

    A context: at its end all questions are withdrawn and the terminal is as it was.

    Args:
        guest: what asks, for people.
        paint: colours for the terminal.
    """

    def __init__(self, guest: str, paint: Painter) -> None:
        self._head = printed(guest) + ": "
        self._paint = paint
        self._screen: Screen | None = None
        self._lock = threading.RLock()
        self._waiting: list[_Question] = []
        self._standing: _Question | None = None
        self._decided: dict[tuple[str, str], str] = {}
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Take the terminal. Raises BadValue where there is none."""
        try:
            self._screen = Screen()
        except OSError:
            raise BadValue("--ask: there is no terminal to ask at; use --allow and --deny instead") from None
        self._woken, self._wake = os.pipe()
        # A daemon: nobody waits for an answer when the process ends.
        self._thread = threading.Thread(target=self._run, name="ask", daemon=True)
        self._thread.start()

    @property
    def os(self) -> Os | None:
        """What an engine is to have for its operating system, so that the guest's output keeps off the questions."""
        return None if self._screen is None else self._screen.os

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._screen is None or self._thread is None:
            return
        # A second Ctrl-C must not find the terminal half restored.
        leave()
        with self._lock:
            self._waiting.clear()
            if self._standing is not None:
                self._clear()
        os.close(self._wake)
        self._thread.join()
        os.close(self._woken)
        self._screen.close()

    def __call__(self, use: str, target: Case | str, rule: str, done: _Done) -> Callable[[], None]:
        """Have a use decided, now or later; see ``Policy``. Gives what withdraws the question."""
        text = target_text(target)
        if use in _PEERS:
            text, rule = text.rpartition(":")[0], rule.rpartition(":")[0]
        question = _Question(use, text, rule, done)
        with self._lock:
            self._waiting.append(question)
            self._next()
        return lambda: self._withdraw(question)

    def _withdraw(self, question: _Question) -> None:
        with self._lock:
            if question in self._waiting:
                self._waiting.remove(question)
            elif question is self._standing:
                self._clear()
                self._next()

    def _next(self) -> None:
        """Show the oldest question that no earlier answer decides, if none stands."""
        assert self._screen is not None
        while self._waiting and self._standing is None:
            question = self._waiting.pop(0)
            answer = self._decided.get(question.key)
            if answer is not None:
                question.done(_outcome(question, answer))
                continue
            self._standing = question
            try:
                self._screen.stand(self._line(question))
            except OSError:
                self._answer("never")
                continue
            os.write(self._wake, b"?")

    def _line(self, question: _Question) -> Printable:
        rule = self._paint("function", f"--allow {question.rule}")
        # The address of a name is what is decided about.
        behind = "" if question.rule == f"{question.use}:{question.target}" else f" ({question.target})"
        return self._head + rule + f"{behind}? " + self._paint("heading", _OFFER) + " "

    def _clear(self, answer: str = "") -> None:
        assert self._screen is not None
        self._standing = None
        try:
            self._screen.clear(answer)
        except OSError:
            # The terminal is gone; the answer still counts.
            pass

    def _answer(self, answer: str) -> None:
        question = self._standing
        assert question is not None
        self._clear(answer)
        if answer != "once":
            self._decided[question.key] = answer
        question.done(_outcome(question, answer))
        self._next()

    # The thread that takes the keys

    def _run(self) -> None:
        assert self._screen is not None
        while True:
            wanted = [self._woken] if self._standing is None else [self._woken, self._screen.keys]
            for fd, _ in wait_many(dict.fromkeys(wanted, READ), None):
                if fd == self._screen.keys:
                    with self._lock:
                        self._key(self._screen)
                elif not os.read(fd, 64):
                    return

    def _key(self, screen: Screen) -> None:
        if self._standing is None:
            return
        typed = screen.read()
        if typed is None:
            return
        key = typed.rstrip(b"\r\n").lower()
        if key == _STOP:
            screen.stop()
        elif key == _QUIT:
            screen.quit()
        elif key in _ANSWERS:
            self._answer(_ANSWERS[key])
        elif not typed:
            # The end of the terminal is no answer to come back from.
            self._answer("never")
        # What a function key sends, and what was pasted, are no answers, whatever letters are in them.


def _outcome(question: _Question, answer: str) -> Fail | None:
    if answer != "never":
        return None
    return Fail("access-denied", f"{question.use} of {question.target} was denied at the terminal")
