"""How far a long transfer is, as one line of a terminal that is drawn over and at last taken away."""

from __future__ import annotations

from typing import Any

from wasinet.programs.events import Event
from wasinet.render.color import width_of
from wasinet.render.printable import clipped

__all__ = ["ProgressLine", "progress_text", "show_amount"]

_CLEAR = "\r\x1b[K"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def show_amount(count: float) -> str:
    """``512 B``, ``1.50 KiB``, ``23.4 MiB``: three digits or so."""
    for unit in _UNITS:
        if count < 999.5 or unit == _UNITS[-1]:
            break
        count /= 1024
    if unit == "B" or count >= 99.95:
        return f"{count:.0f} {unit}"
    return f"{count:.2f} {unit}" if count < 9.995 else f"{count:.1f} {unit}"


def _elapsed(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def progress_text(received: int, sent: int, rate: float, seconds: float) -> str:
    """``1.20 GiB received, 640 MiB/s, 1.9 s``; a direction in which nothing moved is left out."""
    amounts = [f"{show_amount(count)} {how}" for count, how in ((received, "received"), (sent, "sent")) if count]
    return ", ".join([*amounts, f"{show_amount(rate)}/s", _elapsed(seconds)])


class ProgressLine:
    """Draws ``progress`` events over each other, on the terminal behind a stream.

    It may vanish at any time: a terminal that takes nothing does not end the transfer.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._drawn = False
        self._before = (0, 0.0)

    def show(self, event: Event) -> None:
        """Draw the line anew."""
        received, sent, seconds = (event.fields[name] for name in ("received", "sent", "seconds"))
        total, then = self._before
        self._before = received + sent, seconds
        rate = (received + sent - total) / max(seconds - then, 1e-6)
        # The last column stays free: a terminal would wrap there.
        text = progress_text(received, sent, rate, seconds)
        self._write(_CLEAR + clipped(text, width_of(self._stream) - 1))
        self._drawn = True

    def clear(self) -> None:
        """Take the line away, if there is one."""
        if self._drawn:
            self._drawn = False
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            pass
