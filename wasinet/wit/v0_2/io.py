"""``wasi:io``: errors, pollables and byte streams."""

from __future__ import annotations

from functools import partial

from wasinet.wit.declare import Function, Interface, Note
from wasinet.wit.types import BOOL, STRING, U8, U32, U64, Borrow, List, Own, Resource, Result, Variant

__all__ = ["ERROR", "INPUT_STREAM", "INTERFACES", "OUTPUT_STREAM", "POLLABLE", "STREAM_ERROR"]

ERROR = Resource("error")
POLLABLE = Resource("pollable")
INPUT_STREAM = Resource("input-stream")
OUTPUT_STREAM = Resource("output-stream")
STREAM_ERROR = Variant("stream-error", (("last-operation-failed", Own(ERROR)), ("closed", None)))

_DONE = Result(None, STREAM_ERROR)
_COUNT = Result(U64, STREAM_ERROR)
_BYTES = Result(List(U8), STREAM_ERROR)
_LEN = (("len", U64),)
_CONTENTS = (("contents", List(U8)),)
_SOURCE = (("src", Borrow(INPUT_STREAM)), ("len", U64))

_ENDING = Note(
    "The socket goes from connected to closed when both directions have ended (end of data read, FIN sent) or a "
    "fatal error was seen, and we notice that only inside a call or a wait. Half a close by the peer changes nothing: "
    "what it sent stays readable and writing goes on.",
    "TcpSocketOperationalSemantics.md, connection terminated",
)
_PERMIT = Note(
    "A permit is a bounded amount and serves one call: after any write it is spent, even if the write used less of it. "
    "Writing without a permit or beyond it traps.",
    "wasi:io/streams output-stream.check-write, output-stream.write",
)
_ABANDONED = Note(
    "Dropping the stream sends no FIN and loses nothing: bytes that write took are still sent. Only shutdown, or "
    "dropping the socket, ends the direction for the peer.",
    "wasi:io/streams output-stream; wasi:sockets/tcp tcp-socket.shutdown",
)
_POLLABLES = Note(
    "Dropping the stream while pollables of it live traps; the text says that hosts may.",
    "wasi:io/streams input-stream.subscribe, output-stream.subscribe",
)
_LIMIT = Note(
    "More than 4096 bytes in one call trap; write in pieces, or use check-write and write.",
    "wasi:io/streams output-stream.blocking-write-and-flush, blocking-write-zeroes-and-flush",
)

_input = partial(Function, "streams", resource=INPUT_STREAM)
_output = partial(Function, "streams", resource=OUTPUT_STREAM)

_ERROR_FUNCTIONS = (
    Function(
        "error",
        "error.to-debug-string",
        (),
        STRING,
        "Describes the error for people; the wording may change at any time and is not to be parsed.",
        resource=ERROR,
        posix="strerror(3)",
    ),
)

_POLL_FUNCTIONS = (
    Function(
        "poll",
        "pollable.ready",
        (),
        BOOL,
        "Tells at once whether the awaited event is there.",
        resource=POLLABLE,
        posix="poll(2) with timeout 0",
    ),
    Function(
        "poll",
        "pollable.block",
        (),
        None,
        "Waits until the awaited event is there.",
        resource=POLLABLE,
        posix="poll(2)",
        blocking=True,
    ),
    Function(
        "poll",
        "poll",
        (("in", List(Borrow(POLLABLE))),),
        List(U32),
        "Waits until at least one of the pollables is ready, and returns the indexes of all that are.",
        posix="poll(2)",
        notes=(Note("An empty list traps, and so does one longer than a u32 can index.", "wasi:io/poll poll"),),
        blocking=True,
    ),
)

_STREAM_FUNCTIONS = (
    _input(
        "input-stream.read",
        _LEN,
        _BYTES,
        "Takes up to len bytes that have already arrived; an empty list means that nothing is there yet.",
        posix="recv(2)",
        notes=(_ENDING,),
    ),
    _input(
        "input-stream.blocking-read",
        _LEN,
        _BYTES,
        "Waits for at least one byte or the end, then reads as read does.",
        posix="recv(2) on a blocking socket",
        notes=(_ENDING,),
        blocking=True,
    ),
    _input(
        "input-stream.skip",
        _LEN,
        _COUNT,
        "Throws away up to len bytes that have already arrived, and returns how many.",
        posix="recv(2) with MSG_TRUNC",
    ),
    _input(
        "input-stream.blocking-skip",
        _LEN,
        _COUNT,
        "Waits for at least one byte or the end, then skips as skip does.",
        posix="recv(2) with MSG_TRUNC on a blocking socket",
        blocking=True,
    ),
    _input(
        "input-stream.subscribe",
        (),
        Own(POLLABLE),
        "Makes a pollable that is ready when bytes or the end of the stream can be read.",
        posix="poll(2) for POLLIN",
        notes=(_POLLABLES,),
    ),
    _output(
        "output-stream.check-write",
        (),
        _COUNT,
        "Permits the next write and says how many bytes it may carry; 0 means not now.",
        posix="poll(2) for POLLOUT",
        notes=(_PERMIT,),
    ),
    _output(
        "output-stream.write",
        _CONTENTS,
        _DONE,
        "Takes the bytes for sending, as many as check-write has just permitted, without waiting.",
        posix="send(2)",
        notes=(_PERMIT, _ABANDONED),
    ),
    _output(
        "output-stream.blocking-write-and-flush",
        _CONTENTS,
        _DONE,
        "Writes up to 4096 bytes, waiting for room, and waits until all of them have left the stream.",
        posix="send(2) on a blocking socket",
        notes=(_LIMIT,),
        blocking=True,
    ),
    _output(
        "output-stream.flush",
        (),
        _DONE,
        "Asks for everything written so far to be sent; until that is done, check-write permits nothing.",
        notes=(_ABANDONED,),
    ),
    _output(
        "output-stream.blocking-flush",
        (),
        _DONE,
        "Asks for everything written so far to be sent, and waits until it is.",
        blocking=True,
    ),
    _output(
        "output-stream.subscribe",
        (),
        Own(POLLABLE),
        "Makes a pollable that is ready when check-write would permit at least one byte or give an error.",
        posix="poll(2) for POLLOUT",
        notes=(_POLLABLES,),
    ),
    _output(
        "output-stream.write-zeroes",
        _LEN,
        _DONE,
        "Writes len zero bytes, under the same permit as write.",
        posix="send(2)",
        notes=(_PERMIT,),
    ),
    _output(
        "output-stream.blocking-write-zeroes-and-flush",
        _LEN,
        _DONE,
        "Writes up to 4096 zero bytes, waiting for room, and waits until all of them have left the stream.",
        posix="send(2) on a blocking socket",
        notes=(_LIMIT,),
        blocking=True,
    ),
    _output(
        "output-stream.splice",
        _SOURCE,
        _COUNT,
        "Moves up to len bytes that the source has ready into this stream, and returns how many it moved.",
        posix="splice(2)",
    ),
    _output(
        "output-stream.blocking-splice",
        _SOURCE,
        _COUNT,
        "Waits until the source has bytes and this stream has room, then splices as splice does.",
        posix="splice(2) on blocking sockets",
        blocking=True,
    ),
)

INTERFACES = (
    Interface("error", {"error": ERROR}, _ERROR_FUNCTIONS, summary="What went wrong in a stream, as a resource."),
    Interface("poll", {"pollable": POLLABLE}, _POLL_FUNCTIONS, summary="Waiting for one or many events."),
    Interface(
        "streams",
        {"stream-error": STREAM_ERROR, "input-stream": INPUT_STREAM, "output-stream": OUTPUT_STREAM},
        _STREAM_FUNCTIONS,
        uses=(("error", ("error",)), ("poll", ("pollable",))),
        summary="Bytes in and out, without waiting unless the name says blocking.",
    ),
)
