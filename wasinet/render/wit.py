"""WIT text with colours: comments step back, the names of functions and types step forward."""

from __future__ import annotations

import re

from wasinet.render.printable import Printable, lines
from wasinet.render.theme import Painter

__all__ = ["colored_wit"]

_FUNCTION = re.compile(r"^(\s*)(%?[a-z][a-z0-9-]*)(: func\b)")
_DEFINITION = re.compile(r"^(\s*)(package|interface|world|resource|record|variant|enum|flags|type)( )([^ ;{]+)")


def colored_wit(text: str, paint: Painter) -> Printable:
    """The text, unchanged but for colours."""
    return lines(_line(line, paint) for line in text.split("\n"))


def _line(line: str, paint: Painter) -> str:
    if not paint.color:
        return line
    if line.lstrip().startswith("//"):
        return paint("muted", line)
    found = _FUNCTION.match(line)
    if found:
        return found[1] + paint("function", found[2]) + line[found.end(2) :]
    found = _DEFINITION.match(line)
    if found:
        return found[1] + found[2] + found[3] + paint("heading", found[4]) + line[found.end() :]
    return line
