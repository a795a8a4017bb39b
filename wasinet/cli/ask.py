"""``--ask``: a person at the terminal decides what no rule speaks of, while the guest goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from wasinet.cli.values import BadValue
from wasinet.engine.faults import Fail
from wasinet.engine.policy import target_text
from wasinet.wave.text import printable
from wasinet.wit.values import Case

__all__ = ["TerminalAsker"]

_Done = Callable[[Fail | None], None]
# The ports of peers are the peers' affair: an answer for one is an answer for all of an address.
_PEERS = frozenset({"tcp-accept", "udp-receive"})
_ANSWERS = {"o": (True, False), "once": (True, False), "a": (True, True), "always": (True, True)}
_NEVER = frozenset({"n", "never"})


class TerminalAsker:
    """Asks on the controlling terminal, one question after the other.

    Raises:
        BadValue: there is no terminal.
    """

    def __init__(self) -> None:
        try:
            # Two openings: a terminal cannot seek, which a file for both directions wants to.
            self._questions = open("/dev/tty", "w", encoding="utf-8")  # noqa: SIM115
            self._answers = open("/dev/tty", encoding="utf-8", errors="replace")  # noqa: SIM115
        except OSError:
            raise BadValue("--ask: there is no terminal to ask at; use --allow and --deny instead") from None
        self._open: SimpleQueue[tuple[str, str, _Done]] = SimpleQueue()
        self._decided: dict[tuple[str, str], bool] = {}
        self._thread: threading.Thread | None = None

    def __call__(self, use: str, target: Case | str, done: _Done) -> None:
        """Have a use decided, now or later; see ``Policy``."""
        text = target_text(target)
        if use in _PEERS:
            text = text.rpartition(":")[0]
        if (use, text) in self._decided:
            done(self._outcome(use, text))
            return
        self._open.put((use, text, done))
        if self._thread is None:
            # A daemon: Ctrl-C ends the process, and nobody waits for an answer then.
            self._thread = threading.Thread(target=self._run, name="ask", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            use, text, done = self._open.get()
            if (use, text) in self._decided:
                done(self._outcome(use, text))
                continue
            allowed, lasting = self._ask(use, text)
            if lasting:
                self._decided[use, text] = allowed
            done(None if allowed else _refusal(use, text))

    def _ask(self, use: str, text: str) -> tuple[bool, bool]:
        """Yes or no, and whether that is for the rest of the session."""
        while True:
            try:
                print(
                    f"wasinet: {use} {printable(text)}? [o]nce, [a]lways, [n]ever: ",
                    end="",
                    file=self._questions,
                    flush=True,
                )
                line = self._answers.readline()
            except OSError:
                line = ""
            answer = line.strip().lower()
            if answer in _ANSWERS:
                return _ANSWERS[answer]
            if answer in _NEVER or not line:
                # The end of the terminal is no answer to come back from.
                return False, True

    def _outcome(self, use: str, text: str) -> Fail | None:
        return None if self._decided[use, text] else _refusal(use, text)

    def close(self) -> None:
        """Give the terminal back. A question that is still open keeps it until the process ends."""
        if self._thread is None:
            self._answers.close()
            self._questions.close()


def _refusal(use: str, text: str) -> Fail:
    return Fail("access-denied", f"{use} of {text} was denied at the terminal")
