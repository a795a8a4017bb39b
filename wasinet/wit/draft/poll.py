"""The draft's ``poll``: waiting for one or many events."""

from __future__ import annotations

from wasinet.wit.declare import Function, Interface, Note
from wasinet.wit.types import U8, U32, Alias, List, Resource

__all__ = ["INTERFACES", "POLLABLE"]

POLLABLE = Alias("pollable", U32, handle=Resource("pollable"))

_FUNCTIONS = (
    Function(
        "poll",
        "drop-pollable",
        (("this", POLLABLE),),
        None,
        "Gives up a pollable, which may not be used after that.",
        notes=(
            Note(
                "Pollables go before what they watch: dropping a socket or a stream that still has any traps at that "
                "drop. The text only asks that pollables do not outlive it.",
                "draft/poll pollable",
            ),
        ),
    ),
    Function(
        "poll",
        "poll-oneoff",
        (("in", List(POLLABLE)),),
        List(U8),
        "Waits until at least one of the pollables is ready, and returns a byte for each that says whether it is.",
        posix="poll(2)",
        notes=(
            Note(
                "It waits until something is ready; the text speaks of polling for completion and does not say whether "
                "that waits.",
                "draft/poll poll-oneoff",
            ),
            Note("An empty list gives an empty list at once: there is nothing to wait for.", "draft/poll poll-oneoff"),
            Note("A byte is 1 for ready; the text promises only that it is not zero.", "draft/poll poll-oneoff"),
        ),
        blocking=True,
    ),
)

INTERFACES = (Interface("poll", {"pollable": POLLABLE}, _FUNCTIONS, summary="Waiting for one or many events."),)
