"""``wasi:clocks`` beside the monotonic clock: the time of day, and how far from UTC people count it."""

from __future__ import annotations

from wasinet.wit.declare import Function, Interface, Note
from wasinet.wit.types import BOOL, S32, STRING, U32, U64, Record

__all__ = ["DATETIME", "INTERFACES"]

DATETIME = Record("datetime", (("seconds", U64), ("nanoseconds", U32)))
TIMEZONE_DISPLAY = Record(
    "timezone-display", (("utc-offset", S32), ("name", STRING), ("in-daylight-saving-time", BOOL))
)

_GATE = "unstable clocks-timezone"
_WHEN = (("when", DATETIME),)
_UTC = Note(
    "A moment that the system's calendar does not reach is answered as UTC: offset 0, no daylight-saving time.",
    "wasi:clocks/timezone display, utc-offset",
)

INTERFACES = (
    Interface(
        "wall-clock",
        {"datetime": DATETIME},
        (
            Function(
                "wall-clock",
                "now",
                (),
                DATETIME,
                "Reads the time of day, in seconds and nanoseconds since 1970 began; it may be set back.",
                posix="clock_gettime(CLOCK_REALTIME)",
            ),
            Function(
                "wall-clock",
                "resolution",
                (),
                DATETIME,
                "Tells how long one tick of the clock is.",
                posix="clock_getres(CLOCK_REALTIME)",
            ),
        ),
        summary="The time of day.",
    ),
    Interface(
        "timezone",
        {"timezone-display": TIMEZONE_DISPLAY},
        (
            Function(
                "timezone",
                "display",
                _WHEN,
                TIMEZONE_DISPLAY,
                "Tells the offset from UTC at a moment, the time zone's name, and whether summer time holds.",
                posix="localtime(3), tm_gmtoff, tm_zone and tm_isdst",
                notes=(_UTC,),
                since=_GATE,
            ),
            Function(
                "timezone",
                "utc-offset",
                _WHEN,
                S32,
                "Tells the offset from UTC at a moment, in seconds.",
                posix="localtime(3), tm_gmtoff",
                notes=(_UTC,),
                since=_GATE,
            ),
        ),
        uses=(("wall-clock", ("datetime",)),),
        summary="The system's time zone.",
        since=_GATE,
    ),
)
