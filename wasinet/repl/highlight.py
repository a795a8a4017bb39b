"""Entered text in pieces with a role each, for colours."""

from __future__ import annotations

import re

__all__ = ["pieces"]

_PIECE = re.compile(
    r'(?P<value>"""(?:[^"]++|"(?!""))*(?:"""|\Z)|"(?:[^"\\\n]++|\\[^\n])*"?|\'(?:\\[^\n]|[^\'\\\n])\')'
    r"|(?P<muted>//[^\n]*+|#(?=[ \t\n\r]|\Z)[^\n]*+)"
    r"|(?P<handle>#[0-9]+)"
    r"|(?P<address>\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.%]*\](?::[0-9]+)?|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]+)?)"
    r"|(?P<number>(?<![A-Za-z0-9_-])-?[0-9][0-9A-Za-z.]*)"
    r"|(?P<command>\A\s*[.\\][a-z?]*)"
    r"|(?P<function>%?[A-Za-z_][A-Za-z0-9_-]*(?=\())"
    r"|(?P<target>[A-Za-z_][A-Za-z0-9_-]*(?=[ \t]*=(?!=)|\.[A-Za-z_]))"
    r"|(?P<case>[A-Za-z_%][A-Za-z0-9_-]*)"
)


def pieces(text: str) -> list[tuple[str, str]]:
    """The text as (role, piece); plain pieces have an empty role. Together they are the text."""
    found: list[tuple[str, str]] = []
    done = 0
    for match in _PIECE.finditer(text):
        if match.start() > done:
            found.append(("", text[done : match.start()]))
        found.append((match.lastgroup or "", match[0]))
        done = match.end()
    if done < len(text):
        found.append(("", text[done:]))
    return found
