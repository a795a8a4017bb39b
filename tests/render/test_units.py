from __future__ import annotations

import pytest

from wasinet.render.units import show_seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 µs"),
        (0.000012, "12 µs"),
        (0.000999, "999 µs"),
        (0.0009996, "1 ms"),
        (0.00123, "1.23 ms"),
        (0.0456, "45.6 ms"),
        (0.2501, "250 ms"),
        (0.9996, "1.00 s"),
        (2.5, "2.50 s"),
        (123.4, "123 s"),
    ],
)
def test_seconds(seconds: float, text: str) -> None:
    assert show_seconds(seconds) == text
