"""State machines as tables."""

from __future__ import annotations

import pytest

from tests.render.golden import check
from wasinet.render.states import machine_text
from wasinet.wit import load


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["tcp", "udp"])
@pytest.mark.parametrize("drawn", [True, False], ids=["drawn", "plain"])
def test_looks(name: str, width: int, drawn: bool) -> None:
    text = machine_text(load().machines[f"{name}-socket"], drawn=drawn, color=False, width=width)
    if drawn:
        assert max(map(len, text.splitlines())) <= width
    check(f"states-{name}-{'drawn' if drawn else 'plain'}-{width}", text)


def test_colors() -> None:
    text = machine_text(load().machines["udp-socket"], drawn=True, color=True, width=80)
    check("states-udp-drawn-color-80", text)
