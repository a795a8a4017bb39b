"""The terminal: editing, completion, history and the toolbar. With ``keys`` the only importer of prompt-toolkit."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.layout.processors import TabsProcessor
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from wasinet.oscalls.interruption import interruptible
from wasinet.render.printable import cells, clipped, padded
from wasinet.render.theme import prompt_styles
from wasinet.repl.completion import candidates, current_call
from wasinet.repl.highlight import pieces
from wasinet.repl.keys import bindings
from wasinet.repl.repl import Repl, needs_more
from wasinet.wit.declare import Function
from wasinet.wit.english import counted

__all__ = ["interact", "make_prompt"]

_STYLES = {
    "prompt": "ansicyan bold",
    "function": "ansicyan",
    "value": "ansigreen",
    "muted": "ansibrightblack",
    "handle": "ansiyellow bold",
    "address": "ansibrightblue",
    "number": "ansibrightblue",
    "command": "ansimagenta",
    "target": "ansiyellow",
    "case": "",
    "argument": "bold underline",
    "bottom-toolbar": "noreverse ansibrightblack",
    "completion-menu.completion.illegal": "fg:ansibrightblack italic",
    "illegal": "fg:ansibrightblack italic",
}
_PROMPT = "wasinet> "
# The whole history is held in memory.
_LARGEST = 64 << 20
_REST = "     ... "


class _Completer(Completer):
    def __init__(self, repl: Repl) -> None:
        self._repl = repl

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        position = document.cursor_position
        for found in candidates(self._repl, document.text, position):
            yield Completion(
                found.text,
                found.start - position,
                display_meta=found.help,
                style="" if found.legal else "class:illegal",
            )


class _Lexer(Lexer):
    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        lines: list[StyleAndTextTuples] = [[]]
        for role, piece in pieces(document.text):
            first, *others = piece.split("\n")
            style = f"class:{role}" if role else ""
            lines[-1].append((style, first))
            lines.extend([(style, other)] for other in others)
        return lambda number: lines[number] if number < len(lines) else []


class _History(FileHistory):
    """A file that only its owner reads; a full disk is no reason to stop."""

    def store_string(self, string: str) -> None:
        try:
            super().store_string(string)
        except OSError:
            # The line stays in this session's own history.
            pass


def _history(complain: Callable[[str], None]) -> History:
    from platformdirs import user_state_dir

    path = Path(user_state_dir("wasinet"), "history")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            # What is behind a pipe or a device may never end, and opening one may wait for ever.
            raise OSError(errno.EINVAL, "not a file")  # noqa: TRY301
        with open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            if file.tell() > _LARGEST:
                raise OSError(errno.EFBIG, f"larger than {_LARGEST >> 20} MiB")  # noqa: TRY301
    except OSError as error:
        complain(f"{path}: {error.strerror or error}; this session's history will not be kept")
        return InMemoryHistory()
    return _History(path)


class _Toolbar:
    """Under the prompt: the call that is being typed, and where it would go."""

    def __init__(self, repl: Repl) -> None:
        self._repl = repl

    def __call__(self) -> StyleAndTextTuples:
        repl = self._repl
        app = get_app()
        buffer = app.current_buffer
        width = app.output.get_size().columns
        function, argument = current_call(repl, buffer.text, buffer.cursor_position)
        count = len(repl.paths.live)
        status = f"{counted(count, 'handle')}  world {repl.world}  host {repl.host}"
        if function is None:
            return [("", clipped(status, width))]
        room = width - len(status) - 2
        summary = padded(clipped(function.summary, room), room)
        return [*_signature(function, argument, width), ("", f"\n{summary}  {status}")]


def _signature(function: Function, argument: int, width: int) -> StyleAndTextTuples:
    """On one line, the current argument marked; from there on where it is too long."""
    parts: StyleAndTextTuples = [("class:function", f"{function.name}(")]
    for index, (name, type_) in enumerate(function.params):
        style = "class:argument" if index == argument else ""
        parts += [("", ", " if index else ""), (style, f"{name}: {type_}")]
    parts.append(("", ")" + (f" -> {function.result}" if function.result is not None else "")))
    shown: StyleAndTextTuples = []
    room = width
    for style, text, *_ in parts:
        shown.append((style, clipped(text, room)))
        room -= cells(text)
        if room < 0:
            break
    return shown


def make_prompt(repl: Repl, *, vi: bool = False, history: History | None = None) -> PromptSession[str]:
    """The prompt of a REPL."""

    @Condition
    def more() -> bool:
        return needs_more(get_app().current_buffer.document.text_before_cursor)

    return PromptSession(
        [("class:prompt", _PROMPT)],
        multiline=more,
        prompt_continuation=lambda width, line, wrapped: [("class:muted", _REST)],
        editing_mode=EditingMode.VI if vi else EditingMode.EMACS,
        completer=_Completer(repl),
        complete_while_typing=True,
        lexer=_Lexer(),
        auto_suggest=AutoSuggestFromHistory(),
        history=_history(repl.complain) if history is None else history,
        bottom_toolbar=_Toolbar(repl),
        style=Style.from_dict(_STYLES | prompt_styles()),
        color_depth=None if repl.paint.color else ColorDepth.DEPTH_1_BIT,
        mouse_support=False,
        key_bindings=bindings(),
        enable_suspend=True,
        # What was pasted stays as it is; the library would show ^I.
        input_processors=[TabsProcessor(tabstop=8, char1=" ", char2=" ")],
        reserve_space_for_menu=6,
    )


def interact(repl: Repl, *, vi: bool = False) -> None:
    """Read and run lines until the person leaves."""
    prompt = make_prompt(repl, vi=vi)
    while not repl.done:
        try:
            with interruptible():
                text = prompt.prompt()
        except EOFError:
            return
        except KeyboardInterrupt as interruption:
            # Of a line, not of the session.
            if type(interruption) is not KeyboardInterrupt:
                raise
            continue
        repl.feed(text.split("\n"))
        sys.stdout.flush()
