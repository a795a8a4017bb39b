"""Times and amounts, short and with their unit."""

from __future__ import annotations

__all__ = ["show_seconds"]


def show_seconds(seconds: float) -> str:
    """``12 µs``, ``1.23 ms``, ``2.50 s``: three digits or so."""
    if seconds < 0.0009995:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms" if seconds < 0.0995 else f"{seconds * 1e3:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"
