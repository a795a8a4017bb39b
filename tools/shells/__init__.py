"""Completions for shells: scripts that know all words by themselves and start nothing but ``ip`` for addresses."""

from __future__ import annotations

__all__ = ["header", "quoted"]


def header(shell: str, install: str) -> str:
    """The comment that a script begins with; ``install`` says who finds it where."""
    return f"""\
# Completions of wasinet for {shell}, made of its definitions by "python -m tools.generate".
# {install}
# Changes here are lost; no Python is started.
"""


def quoted(text: str) -> str:
    """One word for any shell of the family of sh."""
    return "'" + text.replace("'", "'\\''") + "'"
