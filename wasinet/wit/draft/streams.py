"""The draft's ``streams``: bytes in and out."""

from __future__ import annotations

from functools import partial

from wasinet.wit.declare import Function, Interface, Note
from wasinet.wit.draft.poll import POLLABLE, POLLABLES
from wasinet.wit.types import BOOL, U8, U32, U64, Alias, List, Record, Resource, Result, Tuple

__all__ = ["INPUT_STREAM", "INTERFACES", "NOT_CHILDREN", "OUTPUT_STREAM", "STREAM_ERROR"]

INPUT_STREAM = Alias("input-stream", U32, handle=Resource("input-stream"))
OUTPUT_STREAM = Alias("output-stream", U32, handle=Resource("output-stream"))
STREAM_ERROR = Record("stream-error", ())

_COUNT = Result(U64, STREAM_ERROR)
_COUNT_AND_END = Result(Tuple((U64, BOOL)), STREAM_ERROR)
_BYTES_AND_END = Result(Tuple((List(U8), BOOL)), STREAM_ERROR)

_INPUT = ("this", INPUT_STREAM)
_OUTPUT = ("this", OUTPUT_STREAM)
_SOURCE = ("src", INPUT_STREAM)
_BUF = ("buf", List(U8))
_LEN = ("len", U64)

_NO_DETAIL = Note(
    "stream-error is a record without fields, so the draft tells nothing about a failure; wasinet shows the precise "
    "reason beside it.",
    "draft/streams stream-error",
)
NOT_CHILDREN = Note(
    "Streams are not children of their socket: each may be dropped before the other, and the one that is left goes on "
    "working.",
    "draft/tcp connect, accept, drop-tcp-socket",
)
_NOTHING_ASKED = Note(
    "A len of 0 gives nothing and reports the end only when an earlier call has met it.",
    "draft/streams read",
)
_HUGE_LEN = Note(
    "A len that no buffer could hold is no failure: we return fewer bytes. The text leaves open what happens.",
    "draft/streams read, FIXME",
)
_NOT_PROMPT = Note(
    "It waits although its name does not say blocking, until all that it has taken from the source is written; it does "
    "not wait for the source.",
    "draft/streams splice against output-stream",
)

_function = partial(Function, "streams")

_INPUT_FUNCTIONS = (
    _function(
        "read",
        (_INPUT, _LEN),
        _BYTES_AND_END,
        "Takes up to len bytes that have already arrived, and tells whether the stream has ended.",
        posix="recv(2)",
        notes=(_NO_DETAIL, _NOTHING_ASKED, _HUGE_LEN),
    ),
    _function(
        "blocking-read",
        (_INPUT, _LEN),
        _BYTES_AND_END,
        "Waits for at least one byte or the end, then reads as read does.",
        posix="recv(2) on a blocking socket",
        notes=(_NO_DETAIL, _HUGE_LEN),
        blocking=True,
    ),
    _function(
        "skip",
        (_INPUT, _LEN),
        _COUNT_AND_END,
        "Throws away up to len bytes that have already arrived, and tells how many and whether the stream has ended.",
        posix="recv(2) with MSG_TRUNC",
        notes=(_NO_DETAIL, _NOTHING_ASKED),
    ),
    _function(
        "blocking-skip",
        (_INPUT, _LEN),
        _COUNT_AND_END,
        "Waits for at least one byte or the end, then skips as skip does.",
        posix="recv(2) with MSG_TRUNC on a blocking socket",
        notes=(_NO_DETAIL,),
        blocking=True,
    ),
    _function(
        "subscribe-to-input-stream",
        (_INPUT,),
        POLLABLE,
        "Makes a pollable that is ready when bytes or the end of the stream can be read.",
        posix="poll(2) for POLLIN",
        notes=(POLLABLES,),
    ),
    _function(
        "drop-input-stream",
        (_INPUT,),
        None,
        "Gives up an input stream, which may not be used after that.",
        notes=(POLLABLES, NOT_CHILDREN),
    ),
)

_OUTPUT_FUNCTIONS = (
    _function(
        "write",
        (_OUTPUT, _BUF),
        _COUNT,
        "Writes as many of the bytes as there is room for, perhaps none, and returns how many.",
        posix="send(2)",
        notes=(_NO_DETAIL,),
    ),
    _function(
        "blocking-write",
        (_OUTPUT, _BUF),
        _COUNT,
        "Waits for room for at least one byte, then writes as write does.",
        posix="send(2) on a blocking socket",
        notes=(_NO_DETAIL,),
        blocking=True,
    ),
    _function(
        "write-zeroes",
        (_OUTPUT, _LEN),
        _COUNT,
        "Writes up to len zero bytes, as many as there is room for, and returns how many.",
        posix="send(2)",
        notes=(_NO_DETAIL,),
    ),
    _function(
        "blocking-write-zeroes",
        (_OUTPUT, _LEN),
        _COUNT,
        "Waits for room for at least one byte, then writes zeroes as write-zeroes does.",
        posix="send(2) on a blocking socket",
        notes=(_NO_DETAIL,),
        blocking=True,
    ),
    _function(
        "splice",
        (_OUTPUT, _SOURCE, _LEN),
        _COUNT_AND_END,
        "Moves up to len bytes that the source has ready into this stream, and tells how many and whether the source "
        "has ended.",
        posix="splice(2)",
        notes=(_NO_DETAIL, _NOT_PROMPT),
        blocking=True,
    ),
    _function(
        "blocking-splice",
        (_OUTPUT, _SOURCE, _LEN),
        _COUNT_AND_END,
        "Waits until the source has at least one byte or has ended, then splices as splice does.",
        posix="splice(2) on blocking sockets",
        notes=(_NO_DETAIL,),
        blocking=True,
    ),
    _function(
        "forward",
        (_OUTPUT, _SOURCE),
        _COUNT,
        "Moves everything from the source into this stream until the source ends, and returns how many bytes it moved.",
        posix="splice(2) on blocking sockets",
        notes=(_NO_DETAIL,),
        blocking=True,
    ),
    _function(
        "subscribe-to-output-stream",
        (_OUTPUT,),
        POLLABLE,
        "Makes a pollable that is ready when the stream has room for a byte or the peer has closed it.",
        posix="poll(2) for POLLOUT",
        notes=(POLLABLES,),
    ),
    _function(
        "drop-output-stream",
        (_OUTPUT,),
        None,
        "Gives up an output stream, which may not be used after that.",
        notes=(
            POLLABLES,
            NOT_CHILDREN,
            Note(
                "Dropping the stream loses nothing: bytes that a write has counted are still sent.",
                "draft/streams write, drop-output-stream",
            ),
        ),
    ),
)

INTERFACES = (
    Interface(
        "streams",
        {"stream-error": STREAM_ERROR, "output-stream": OUTPUT_STREAM, "input-stream": INPUT_STREAM},
        (*_INPUT_FUNCTIONS, *_OUTPUT_FUNCTIONS),
        uses=(("poll", ("pollable",)),),
        summary="Bytes in and out, without waiting unless a function says otherwise.",
    ),
)
