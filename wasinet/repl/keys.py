"""Key bindings of the prompt: completion by TAB, and the keys by which a terminal sends signals."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.filters import emacs_insert_mode, vi_insert_mode
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

__all__ = ["bindings"]


def bindings() -> KeyBindings:
    """The keys that differ from the library's.

    TAB: the library's starts a search in the background, which is dropped while the one of the character
    before it runs, as it does when text and TAB arrive together; and it goes from the last candidate back
    to what was typed, which looks like an undo where there is one candidate.

    Ctrl-backslash: a terminal in raw mode sends no SIGQUIT, so the prompt does. (Ctrl-Z is an option of the
    library.)
    """
    keys = KeyBindings()
    keys.add("tab", filter=emacs_insert_mode | vi_insert_mode)(_completing(1))
    keys.add("s-tab", filter=emacs_insert_mode | vi_insert_mode)(_completing(-1))
    keys.add("c-\\")(_quit)
    return keys


def _quit(event: KeyPressEvent) -> None:
    # With the terminal as it was before; the process group, as the terminal itself would.
    run_in_terminal(lambda: os.kill(0, signal.SIGQUIT))


def _completing(step: int) -> Callable[[KeyPressEvent], None]:
    def complete(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        chosen = buffer.complete_state
        if chosen is not None and chosen.complete_index is not None:
            buffer.go_to_completion((chosen.complete_index + step) % len(chosen.completions))
            return
        found = _candidates(buffer)
        more = _common(buffer, found)
        if more:
            buffer.insert_text(more)
        elif found:
            buffer.complete_state = CompletionState(buffer.document, found)
            buffer.go_to_completion(0 if step > 0 else len(found) - 1)
        else:
            event.app.output.bell()

    return complete


def _candidates(buffer: Buffer) -> list[Completion]:
    return list(buffer.completer.get_completions(buffer.document, CompleteEvent(completion_requested=True)))


def _common(buffer: Buffer, found: list[Completion]) -> str:
    """What all candidates that begin with the word at the cursor go on with."""
    before = buffer.document.text_before_cursor
    words = [(before[len(before) + one.start_position :], one.text) for one in found]
    rests = [text[len(word) :] for word, text in words if text.startswith(word)]
    # What the first and the last in order have in common, all between them have.
    first, last = (min(rests), max(rests)) if rests else ("", "")
    length = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:length]
