"""Programs that have the terminal for a while: pagers and editors."""

from __future__ import annotations

import shlex
import signal
import subprocess

__all__ = ["NOT_FOUND", "in_front"]

NOT_FOUND = 127


def in_front(command: str, *arguments: str, text: str | None = None, env: dict[str, str] | None = None) -> int:
    """Run a command line with these arguments to its end, and give its exit code; 127 where there is none.

    Ctrl-C is for that program, not for this one. ``text`` is its standard input.
    """
    # A handler, not SIG_IGN, which the program would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        data = None if text is None else text.encode()
        return subprocess.run([*shlex.split(command), *arguments], input=data, env=env, check=False).returncode
    except OSError:
        return NOT_FOUND
    finally:
        signal.signal(signal.SIGINT, before)
