"""``wasi:clocks/monotonic-clock``: durations, and timers to poll on."""

from __future__ import annotations

from wasinet.wit.declare import Function, Interface
from wasinet.wit.types import U64, Alias, Own
from wasinet.wit.v0_2.io import POLLABLE

__all__ = ["DURATION", "INSTANT", "INTERFACES"]

INSTANT = Alias("instant", U64)
DURATION = Alias("duration", U64)

_FUNCTIONS = (
    Function(
        "monotonic-clock",
        "now",
        (),
        INSTANT,
        "Reads the clock, in nanoseconds from an unspecified start; it never goes backwards.",
        posix="clock_gettime(CLOCK_MONOTONIC)",
    ),
    Function(
        "monotonic-clock",
        "resolution",
        (),
        DURATION,
        "Tells how long one tick of the clock is.",
        posix="clock_getres(CLOCK_MONOTONIC)",
    ),
    Function(
        "monotonic-clock",
        "subscribe-instant",
        (("when", INSTANT),),
        Own(POLLABLE),
        "Makes a pollable that is ready once the clock has reached the instant.",
        posix="timerfd_settime(TFD_TIMER_ABSTIME)",
    ),
    Function(
        "monotonic-clock",
        "subscribe-duration",
        (("when", DURATION),),
        Own(POLLABLE),
        "Makes a pollable that is ready once the duration has passed, counted from this call.",
        posix="timerfd_settime(2)",
    ),
)

INTERFACES = (
    Interface(
        "monotonic-clock",
        {"instant": INSTANT, "duration": DURATION},
        _FUNCTIONS,
        uses=(("wasi:io/poll@0.2.12", ("pollable",)),),
        summary="A clock for measuring and for waiting.",
    ),
)
