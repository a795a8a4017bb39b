"""Programs that have the terminal for a while: pagers and editors."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Sequence

from wasinet.cli.values import BadValue

__all__ = ["NOT_FOUND", "in_front", "program_of"]

NOT_FOUND = 127


def program_of(variables: Sequence[str], default: str) -> list[str]:
    """The program of the first variable that is set, with its arguments.

    Raises:
        BadValue: its quotes do not match.
    """
    for name in variables:
        text = os.environ.get(name, "")
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise BadValue(f"{name}: {text!r} is no command: {str(error).lower()}") from None
        if words:
            return words
    return [default]


def in_front(command: Sequence[str], *, text: str | None = None, env: dict[str, str] | None = None) -> int:
    """Run a command to its end, and give its exit code; 127 where there is none.

    Ctrl-C is for that program, not for this one. ``text`` is its standard input.
    """
    # A handler, not SIG_IGN, which the program would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        data = None if text is None else text.encode()
        return subprocess.run(command, input=data, env=env, check=False).returncode
    except OSError:
        return NOT_FOUND
    finally:
        signal.signal(signal.SIGINT, before)
