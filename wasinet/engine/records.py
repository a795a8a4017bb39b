"""What one call was: the record that traces, ``--json``, transcripts and statistics read."""

from __future__ import annotations

from collections.abc import Callable

from wasinet.wit.data import Data
from wasinet.wit.declare import Function
from wasinet.wit.values import Err, Value

__all__ = ["INTERRUPTED", "CallRecord", "Reader", "Trapped"]


class Trapped(Data):
    """The outcome of a call that trapped."""

    message: str
    clause: str = ""


INTERRUPTED = Trapped("interrupted")
"""The outcome of a call that Ctrl-C or a timeout ended: nobody broke a rule, and nothing came back."""


class CallRecord:
    """One call.

    Args:
        time: seconds since the session's start when the call began.
        duration: seconds that it took.
        host: what answered: ``native``.
        function: its declaration.
        arguments: the WIT values as passed, the receiver's handle first for methods.
        outcome: the WIT value that came back, or Trapped; ``INTERRUPTED`` where none could.
        handle: the receiver, None for free functions.
        before: the receiver's state before, empty where it has none.
        after: and after.
    """

    # Not a Data: one is made for every call that somebody watches, and this costs a quarter.
    __slots__ = ("after", "arguments", "before", "duration", "function", "handle", "host", "outcome", "time")

    def __init__(
        self,
        time: float,
        duration: float,
        host: str,
        function: Function,
        arguments: tuple[Value, ...],
        outcome: Value | Trapped,
        handle: int | None,
        before: str,
        after: str,
    ) -> None:
        self.time = time
        self.duration = duration
        self.host = host
        self.function = function
        self.arguments = arguments
        self.outcome = outcome
        self.handle = handle
        self.before = before
        self.after = after

    @property
    def reason(self) -> str:
        """The precise reason of a failure, for people; empty for a success."""
        if isinstance(self.outcome, Err):
            return self.outcome.reason
        return self.outcome.message if isinstance(self.outcome, Trapped) and self.outcome is not INTERRUPTED else ""

    @property
    def failed(self) -> bool:
        return isinstance(self.outcome, Err | Trapped) and self.outcome is not INTERRUPTED


Reader = Callable[[CallRecord], None]
"""Something that is told of every call, right after it."""
