"""The theme's styles are ones that both rich and the painter know."""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.text import Text

from wasinet.render.theme import STYLES, Painter


@pytest.mark.parametrize("role", STYLES)
def test_painter_and_rich_agree(role: str) -> None:
    console = Console(force_terminal=True, color_system="standard", width=80)
    with console.capture() as capture:
        console.print(Text("x", style=STYLES[role]), end="")
    assert capture.get() == Painter(True)(role, "x")


def test_without_color() -> None:
    assert Painter(False)("error", "x") == "x"
    assert Painter(True)("error", "") == ""
