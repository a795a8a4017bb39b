"""The draft's ``poll``: waiting for one or many events."""

from __future__ import annotations

from wasinet.wit.declare import Function, Interface, Note
from wasinet.wit.types import U8, U32, Alias, List, Resource

__all__ = ["INTERFACES", "POLLABLE", "POLLABLES"]

POLLABLE = Alias("pollable", U32, handle=Resource("pollable"))

POLLABLES = Note(
    "Dropping what pollables still watch traps: drop the pollables first. The text only asks that they do not outlive "
    "the resource they refer to.",
    "draft/poll pollable",
)

_FUNCTIONS = (
    Function(
        "poll",
        "drop-pollable",
        (("this", POLLABLE),),
        None,
        "Gives up a pollable, which may not be used after that.",
        notes=(POLLABLES,),
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
