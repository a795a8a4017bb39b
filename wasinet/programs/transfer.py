"""One direction of bytes, from a stream or a text to a stream, an event or nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable

from wasinet.programs.net import Net, StreamEnded

__all__ = ["Copy", "Deliver", "Drain", "Feed", "Skip", "Transfer", "Translate"]

_MOST = 1 << 20
_LONE_LF = re.compile(rb"(?<!\r)\n")


class Transfer:
    """Bytes that move step by step.

    Args:
        net: the calls.
        source: the input stream that is read, None for a text.
        sink: the output stream that is written to, None for an event or nowhere.
        target: the peer's address, for errors.
    """

    def __init__(self, net: Net, source: int | None, sink: int | None, target: str) -> None:
        self.net = net
        self.source = source
        self.sink = sink
        self.target = target
        self.moved = 0
        self.ended = False

    def step(self) -> int | None:
        """Move what can be moved now.

        Returns:
            How many bytes; 0 when nothing could be moved, see ``waits_for``; None at the end.

        Raises:
            CallFailed, LocalFailed: a stream failed.
        """
        try:
            moved = self._step()
        except StreamEnded as end:
            self.ended = True
            self.sink_ended = not end.source
            return None
        self.moved += moved
        return moved

    sink_ended = False
    """Whether the sink ended first, so that bytes of the source may be lost."""

    def _step(self) -> int:
        raise NotImplementedError

    def waits_for(self) -> int | None:
        """The stream whose readiness the next step needs; None if it is not known to wait for any."""
        if self.sink is not None:
            try:
                if self.net.room(self.sink, self.target) == 0 or self.source is None:
                    return self.sink
            except StreamEnded:
                return self.sink
        return self.source


class Copy(Transfer):
    """From stream to stream, as it is."""

    def _step(self) -> int:
        assert self.source is not None
        assert self.sink is not None
        return self.net.move(self.sink, self.source, _MOST, self.target)


class Skip(Transfer):
    """From a stream to nowhere."""

    def _step(self) -> int:
        assert self.source is not None
        return self.net.skip(self.source, _MOST, self.target)


class Deliver(Transfer):
    """From a stream to a function that is given each piece."""

    def __init__(self, net: Net, source: int, deliver: Callable[[bytes], None], target: str) -> None:
        super().__init__(net, source, None, target)
        self._deliver = deliver

    def _step(self) -> int:
        assert self.source is not None
        data = self.net.read(self.source, 64 * 1024, self.target)
        if data:
            self._deliver(data)
        return len(data)


class Feed(Transfer):
    """A text to a stream."""

    def __init__(self, net: Net, data: bytes, sink: int, target: str) -> None:
        super().__init__(net, None, sink, target)
        self._left = memoryview(data)

    def _step(self) -> int:
        assert self.sink is not None
        if not self._left:
            raise StreamEnded(source=True)
        room = self.net.room(self.sink, self.target)
        piece = self._left[:room]
        if piece:
            self.net.write(self.sink, bytes(piece), self.target)
            self._left = self._left[len(piece) :]
        return len(piece)


class Translate(Transfer):
    """From stream to stream, with each lone LF made CR LF."""

    def __init__(self, net: Net, source: int, sink: int, target: str) -> None:
        super().__init__(net, source, sink, target)
        self._after_cr = False

    def _step(self) -> int:
        assert self.source is not None
        assert self.sink is not None
        room = self.net.room(self.sink, self.target)
        if not room:
            return 0
        # Every byte may become two.
        data = self.net.read(self.source, room // 2, self.target)
        if data:
            paired = 1 if self._after_cr and data.startswith(b"\n") else 0
            self._after_cr = data.endswith(b"\r")
            self.net.write(self.sink, data[:paired] + _LONE_LF.sub(b"\r\n", data[paired:]), self.target)
        return len(data)


class Drain(Transfer):
    """Nothing more, but the end comes only when everything written to the sink is out."""

    def __init__(self, net: Net, sink: int, target: str) -> None:
        super().__init__(net, None, sink, target)

    def _step(self) -> int:
        assert self.sink is not None
        if self.net.room(self.sink, self.target):
            raise StreamEnded(source=True)
        return 0
