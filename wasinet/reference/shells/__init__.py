"""Completions for shells: scripts that know all words by themselves and start nothing but ``ip`` for addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wasinet.reference.program import Program
from wasinet.reference.shells.bash import bash
from wasinet.reference.shells.fish import fish
from wasinet.reference.shells.zsh import zsh

__all__ = ["SHELLS"]

SHELLS: Mapping[str, Callable[[Program], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
"""Shell to what makes its script."""
