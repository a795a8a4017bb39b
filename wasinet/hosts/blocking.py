"""The blocking functions of Wasmtime's host, made of those that do not block.

Inside a blocking call of Wasmtime no Ctrl-C is heard, so each is done as its own documentation says it
could be: wait on a pollable (in slices), then call the function that does not wait. A call that
Wasmtime refuses before it would wait is forwarded as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Protocol

from wasinet.engine.streams import BLOCKING_LIMIT
from wasinet.wit.values import OK, Case, Err, Value

__all__ = ["Blocking"]

_CLOSED = Case("closed")


class Forwarding(Protocol):
    """The host whose functions do not block: see ``WasmtimeHost``."""

    @property
    def operations(self) -> Mapping[str, Callable[..., Value]]: ...

    @property
    def raw(self) -> Mapping[str, Callable[..., Value]]: ...

    def wait(self, handle: int, timeout: float) -> bool: ...

    def forget(self, handle: int) -> None: ...


class Blocking:
    """The blocking functions over one host.

    Attributes:
        operations: by the world's key; streams over descriptors are not theirs.
    """

    def __init__(self, host: Forwarding) -> None:
        self._host = host
        self.operations: Mapping[str, Callable[..., Value]] = {
            "pollable.block": self._block,
            "input-stream.blocking-read": lambda rx, most: self._take("input-stream.read", rx, most),
            "input-stream.blocking-skip": lambda rx, most: self._take("input-stream.skip", rx, most),
            "output-stream.blocking-write-and-flush": self._write,
            "output-stream.blocking-write-zeroes-and-flush": self._write_zeroes,
            "output-stream.blocking-flush": self._flush,
            "output-stream.blocking-splice": self._splice,
        }

    def _call(self, key: str, *arguments: Value) -> Value:
        return self._host.operations[key](*arguments)

    def _ready(self, kind: str, handle: int, deadline: float | None = None) -> bool:
        """Wait until a pollable of the stream is ready; False when the deadline came first."""
        pollable = self._call(f"{kind}.subscribe", handle)
        try:
            if deadline is None:
                self._call("poll", [pollable])
                return True
            return self._host.wait(pollable, max(0.0, deadline - monotonic()))
        finally:
            self._host.forget(pollable)

    def _block(self, pollable: int) -> None:
        self._call("poll", [pollable])

    def _take(self, key: str, rx: int, most: int) -> Value:
        while True:
            self._ready("input-stream", rx)
            outcome = self._call(key, rx, most)
            # Ready may have been told for what the kernel took back.
            if isinstance(outcome, Err) or outcome.value or not most:
                return outcome

    def _write(self, tx: int, contents: bytes) -> Value:
        if len(contents) > BLOCKING_LIMIT:
            return self._host.raw["output-stream.blocking-write-and-flush"](tx, contents)
        left = memoryview(contents)
        while left:
            self._ready("output-stream", tx)
            room = self._call("output-stream.check-write", tx)
            if isinstance(room, Err):
                return room
            piece, left = left[: room.value], left[room.value :]
            if piece:
                outcome = self._call("output-stream.write", tx, bytes(piece))
                if isinstance(outcome, Err):
                    return outcome
        return self._flush(tx)

    def _write_zeroes(self, tx: int, count: int) -> Value:
        if count > BLOCKING_LIMIT:
            return self._host.raw["output-stream.blocking-write-zeroes-and-flush"](tx, count)
        while count:
            self._ready("output-stream", tx)
            room = self._call("output-stream.check-write", tx)
            if isinstance(room, Err):
                return room
            piece = min(count, room.value)
            count -= piece
            if piece:
                outcome = self._call("output-stream.write-zeroes", tx, piece)
                if isinstance(outcome, Err):
                    return outcome
        return self._flush(tx)

    def _flush(self, tx: int) -> Value:
        outcome = self._call("output-stream.flush", tx)
        if isinstance(outcome, Err):
            return outcome
        self._ready("output-stream", tx)
        room = self._call("output-stream.check-write", tx)
        return room if isinstance(room, Err) else OK

    def _splice(self, tx: int, rx: int, most: int) -> Value:
        self._ready("output-stream", tx)
        self._ready("input-stream", rx)
        return self._call("output-stream.splice", tx, rx, most)

    def flushed(self, tx: int, deadline: float) -> bool:
        """Whether all that was written to a stream went out before a deadline of ``time.monotonic``."""
        outcome = self._call("output-stream.flush", tx)
        if not isinstance(outcome, Err):
            if not self._ready("output-stream", tx, deadline):
                return False
            outcome = self._call("output-stream.check-write", tx)
        return not isinstance(outcome, Err) or outcome.value == _CLOSED
