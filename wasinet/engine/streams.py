"""Byte streams: ``input-stream`` and ``output-stream`` over sockets and descriptors.

A ``Reader`` or ``Writer`` is one direction of a connection and lives as long as the connection;
the stream resources are the caller's view of it. A writer keeps what the kernel has not taken, one
permit's worth at the most, and every wait of the engine lets it out.
"""

from __future__ import annotations

import os as _os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from wasinet.engine.faults import Fail, Trap, code_of
from wasinet.engine.resource import READY, Interest, Resource, own_code
from wasinet.oscalls import READ, WRITE
from wasinet.wit.english import counted
from wasinet.wit.values import Some

if TYPE_CHECKING:
    from wasinet.engine.context import Context

__all__ = [
    "BLOCKING_LIMIT",
    "FILE_PERMIT",
    "Error",
    "FileOwner",
    "InputStream",
    "OutputStream",
    "Owner",
    "Reader",
    "Writer",
    "network_error_code",
]

BLOCKING_LIMIT = 4096
"""The most that the blocking writes take (streams.output-stream.blocking-write-and-flush)."""

FILE_PERMIT = 1024 * 1024
"""What ``check-write`` permits for files and standard streams: as much as Wasmtime.

C libraries write what is permitted and report a short count, and not every caller looks at it: an unbuffered
``print`` of Python loses the rest. Connections are different: every caller knows of short sends there.
"""


class Owner:
    """What a direction belongs to: told of its end or failure, and keeps its descriptor open.

    ``network`` says whether failures have a network error code.
    """

    __slots__ = ()

    network: ClassVar[bool] = True

    def hold(self) -> None:
        """One holder of the descriptor more."""

    def release(self) -> None:
        """One holder less; the last closes it."""

    def direction_ended(self) -> None:
        """An end of stream was read, or the peer was told of ours."""

    def direction_broke(self) -> None:
        """A fatal error was seen."""


class FileOwner(Owner):
    """The owner of one stream over a descriptor of this process."""

    network = False

    def __init__(self, file: Any) -> None:
        self._file = file
        self._holders = 1

    def hold(self) -> None:
        self._holders += 1

    def release(self) -> None:
        self._holders -= 1
        if not self._holders:
            self._file.close()


class Error(Resource):
    """The ``error`` of a failed stream operation: its code where a network gave it, and text for people."""

    kind = "error"
    engine: Context

    def __init__(self, engine: Context, code: str | None, text: str, errno: int | None) -> None:
        super().__init__(engine)
        self.code = code
        self.text = text
        self.errno = errno

    @property
    def state(self) -> str:
        return self.code or ""

    def to_debug_string(self) -> str:
        """What went wrong, for people; the text is not stable."""
        return f"{self.code}: {self.text}" if self.code and self.text else self.code or self.text


def network_error_code(engine: Context, error: Error) -> Some | None:
    """The network error code behind a stream's error, if it has one (network.network-error-code)."""
    return None if error.code is None else Some(error.code)


class _Direction:
    """What both directions have: the descriptor's owner, the end, and a failure to report once.

    ``network`` says whether failures have a network error code, ``regular`` whether the descriptor is
    always ready, as a regular file's is.
    """

    __slots__ = ("ended", "engine", "failure", "file", "network", "owner", "regular", "stream")

    def __init_subclass__(cls) -> None:
        cls.begin = own_code(_Direction.begin)  # type: ignore[method-assign]

    def begin(self, engine: Context, file: Any, owner: Owner) -> None:
        """The part of ``__init__`` that both have."""
        self.engine = engine
        self.file = file
        self.owner = owner
        self.network = network = owner.network
        self.regular: bool = not network and file.regular
        self.ended = False
        self.failure: Fail | None = None
        self.stream: Resource | None = None

    def check(self) -> None:
        """Raise a failure that was not reported yet, then ``closed`` for ever."""
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        if self.ended:
            raise Fail("closed", "the stream has ended")

    def fail(self, member: str, error: OSError) -> Fail:
        """The direction is broken: ended from now on. Gives the failure, which the caller reports."""
        self.ended = True
        reason = _os.strerror(error.errno) if error.errno else str(error)
        code = code_of(member, error.errno) if self.network else "unknown"
        self.touch()
        self.owner.direction_broke()
        return Fail(code, reason, errno=error.errno)

    def touch(self) -> None:
        if self.stream is not None:
            self.stream.touch()


class Reader(_Direction):
    """The receiving direction.

    ``shut`` is for ``shutdown(receive)``: what is queued is not read any more. It is not the peer's
    end of stream, so it does not count towards the connection's end. ``quiet`` says that the last read
    got less than it asked for, so the next would most likely come too early.
    """

    __slots__ = ("quiet", "shut")

    def __init__(self, engine: Context, file: Any, owner: Owner) -> None:
        self.begin(engine, file, owner)
        self.shut = False
        self.quiet = False

    def end(self) -> Fail:
        """The end of the stream was read."""
        self.ended = True
        self.touch()
        self.owner.direction_ended()
        return Fail("closed", "the peer has ended the stream" if self.network else "the end of the file")

    def close(self) -> None:
        """No more reads, whatever is queued."""
        self.ended = self.shut = True
        self.touch()

    def take(self, count: int, *, keep: bool) -> int:
        """Up to ``count`` bytes into the engine's scratch buffer, or nowhere; how many. Raises Fail."""
        if self.ended:
            self.check()
        if not count:
            return 0
        scratch = self.engine.scratch
        try:
            if keep or not self.network:
                got: int = self.file.recv_into(scratch[:count] if count < len(scratch) else scratch)
            else:
                got = self.engine.os.discard(self.file, scratch, count)
        except BlockingIOError:
            self.quiet = True
            return 0
        except OSError as error:
            raise self.fail("read", error) from None
        if not got:
            raise self.end()
        self.quiet = got < count
        return got


class Writer(_Direction):
    """The sending direction."""

    __slots__ = ("fin", "full", "pending", "sent_fin")

    def __init__(self, engine: Context, file: Any, owner: Owner) -> None:
        self.begin(engine, file, owner)
        self.pending: memoryview | None = None
        self.full = False
        self.fin: Callable[[], None] | None = None
        self.sent_fin = False

    def put_off(self, data: memoryview) -> None:
        """Take what the kernel has not, after what is pending already. Raises Fail."""
        if self.regular:
            # Nothing tells when a file takes more: it takes it now, or says why not.
            while data:
                try:
                    data = data[self.file.send(data) :]
                except OSError as error:
                    raise self.fail("write", error) from None
            return
        if self.pending is not None:
            self.queue(memoryview(b"".join((self.pending, data))))
            return
        self.queue(memoryview(bytes(data)))
        self.engine.pending[self] = None
        self.owner.hold()
        self.engine.poller.want_write(self.file.fileno(), self)
        self.touch()

    def queue(self, data: memoryview | None) -> None:
        """Have these bytes pending instead of those that are."""
        before = self.pending
        self.engine.queued += (0 if data is None else len(data)) - (0 if before is None else len(before))
        self.pending = data

    def offer(self, data: bytes | memoryview) -> int:
        """Write what the kernel takes now and keep nothing; how many bytes it took. Raises Fail."""
        if self.pending is not None and not self.settle():
            return 0
        if self.ended:
            self.check()
        if not len(data):
            return 0
        try:
            sent: int = self.file.send(data)
        except BlockingIOError:
            self.full = True
            self.touch()
            return 0
        except OSError as error:
            raise self.fail("write", error) from None
        return sent

    def settle(self) -> bool:
        """Let out what the kernel takes now; whether more may be written."""
        if self.pending is None:
            if self.full:
                self.full = False
                self.touch()
            return True
        try:
            sent = self.file.send(self.pending)
        except BlockingIOError:
            return False
        except OSError as error:
            self.failure = self.fail("write", error)
            self._out()
            return True
        if sent < len(self.pending):
            self.queue(self.pending[sent:])
            return False
        self._out()
        return True

    def _out(self) -> None:
        self.abandon()
        if self.fin is not None and self.failure is None:
            self._send_fin()

    def abandon(self) -> None:
        """Forget what is pending."""
        if self.pending is not None:
            self.queue(None)
            self.full = False
            del self.engine.pending[self]
            self.engine.poller.unwant_write(self.file.fileno())
            self.touch()
            self.owner.release()

    def finish(self, fin: Callable[[], None]) -> None:
        """No more writes; ``fin`` tells the peer once everything pending is out.

        Raises:
            OSError: ``fin`` failed at once, and nothing has changed.
        """
        if self.fin is not None or self.sent_fin:
            return
        if self.pending is None:
            fin()
            self.sent_fin = True
        else:
            self.fin = fin
        self.ended = True
        self.touch()
        if self.sent_fin:
            self.owner.direction_ended()

    def _send_fin(self) -> None:
        assert self.fin is not None
        fin, self.fin = self.fin, None
        self.sent_fin = True
        try:
            fin()
        except OSError:
            # The connection is gone already, which the next read finds out and reports.
            self.owner.direction_broke()
            return
        self.owner.direction_ended()


class InputStream(Resource):
    """An ``input-stream``.

    Args:
        reader: the direction it reads; its owner already counts the stream as a holder.
        parent: the resource that may not be dropped before it.
    """

    __slots__ = ("count", "reader")

    kind = "input-stream"
    engine: Context

    def __init__(self, engine: Context, reader: Reader, parent: Resource | None = None) -> None:
        self.enter(engine, parent)
        self.count = 0
        self.reader = reader
        reader.stream = self

    @property
    def state(self) -> str:
        return "closed" if self.reader.ended else "open"

    def interest(self) -> Interest:
        reader = self.reader
        if reader.ended or reader.regular:
            return READY
        return (reader.file.fileno(), READ)

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes without blocking, empty when none are there."""
        reader = self.reader
        if reader.ended:
            reader.check()
        if not count:
            return b""
        limit = self.engine.chunk
        if count > limit:
            count = limit
        try:
            data: bytes = reader.file.recv(count)
        except BlockingIOError:
            reader.quiet = True
            return b""
        except OSError as error:
            raise reader.fail("read", error) from None
        got = len(data)
        if not got:
            raise reader.end()
        reader.quiet = got < count
        self.count += got
        return data

    def blocking_read(self, count: int) -> bytes:
        """As ``read``, after waiting for at least one byte."""
        reader = self.reader
        if reader.quiet and count and not reader.ended:
            self.engine.poller.wait_for(self)
        while True:
            data = self.read(count)
            if data or not count:
                return data
            self.engine.poller.wait_for(self)

    def skip(self, count: int) -> int:
        """As ``read``, but the bytes are thrown away; how many."""
        skipped = self.reader.take(min(count, self.engine.chunk), keep=False)
        self.count += skipped
        return skipped

    def blocking_skip(self, count: int) -> int:
        """As ``skip``, after waiting for at least one byte."""
        while True:
            skipped = self.skip(count)
            if skipped or not count:
                return skipped
            self.engine.poller.wait_for(self)

    def close(self) -> None:
        self.reader.stream = None
        self.reader.owner.release()


class OutputStream(Resource):
    """An ``output-stream``; ``permit`` is what the last ``check-write`` allows the next ``write``."""

    __slots__ = ("count", "permit", "writer")

    kind = "output-stream"
    engine: Context

    def __init__(self, engine: Context, writer: Writer, parent: Resource | None = None) -> None:
        self.enter(engine, parent)
        self.count = 0
        self.permit = 0
        self.writer = writer
        writer.stream = self

    @property
    def state(self) -> str:
        return "closed" if self.writer.ended else "open"

    def interest(self) -> Interest:
        writer = self.writer
        if (writer.pending is None and not writer.full) or writer.ended or writer.regular:
            return READY
        return (writer.file.fileno(), WRITE)

    def settle(self) -> bool:
        return self.writer.settle()

    def check_write(self) -> int:
        """How many bytes the next ``write`` may have: 0 while earlier ones are not out."""
        writer = self.writer
        room = (writer.pending is None and not writer.full) or self._find_room()
        if writer.ended:
            self.permit = 0
            writer.check()
        self.permit = permit = (self.engine.chunk if writer.network else FILE_PERMIT) if room else 0
        return permit

    def _find_room(self) -> bool:
        """Whether the kernel takes bytes again; it takes those that are pending."""
        writer = self.writer
        if writer.pending is None and not self.engine.os.wait_one(writer.file.fileno(), WRITE, 0):
            return False
        return writer.settle()

    def write(self, contents: bytes | memoryview) -> None:
        """Write within the permit, without blocking: the kernel's part now, the rest when it can."""
        size = len(contents)
        if size > self.permit:
            raise self._beyond(size)
        self.permit = 0
        writer = self.writer
        if writer.ended:
            writer.check()
        if not size:
            return
        sent = 0
        # A permit of one stream may be older than what another stream of the same file has left pending.
        if writer.pending is None:
            try:
                sent = writer.file.send(contents)
            except BlockingIOError:
                pass
            except OSError as error:
                raise writer.fail("write", error) from None
        if sent < size:
            writer.put_off(memoryview(contents)[sent:])
        self.count += size

    def write_zeroes(self, count: int) -> None:
        """Write ``count`` zero bytes within the permit."""
        if count > self.permit:
            raise self._beyond(count)
        self.write(bytes(count))

    def put(self, data: bytes | memoryview) -> None:
        """Write what needs no permit of the caller's."""
        self.permit = len(data)
        self.write(data)

    def _beyond(self, count: int) -> Trap:
        permit, self.permit = self.permit, 0
        return Trap(
            f"{counted(count, 'byte')} written where check-write permitted {permit}", "streams.output-stream.write"
        )

    def offer(self, data: bytes) -> int:
        """Write what can be written promptly, which may be nothing; how many bytes."""
        limit = self.engine.chunk
        taken = self.writer.offer(data if len(data) <= limit else memoryview(data)[:limit])
        self.count += taken
        return taken

    def flush(self) -> None:
        """Ask for everything to go out; ``check-write`` permits nothing until it has."""
        self.writer.settle()
        if self.writer.ended:
            self.writer.check()

    def blocking_flush(self) -> None:
        """As ``flush``, and wait until everything is out."""
        self.flush()
        while self.writer.pending is not None:
            self.engine.poller.wait_for(self)
            if self.writer.failure is not None:
                self.writer.check()

    def blocking_write_and_flush(self, contents: bytes) -> None:
        """Write up to 4096 bytes and wait until they are out."""
        self._blocking(len(contents), "blocking-write-and-flush")
        self.write(contents)
        if self.writer.pending is not None:
            self.blocking_flush()

    def blocking_write_zeroes_and_flush(self, count: int) -> None:
        """Write up to 4096 zero bytes and wait until they are out."""
        self._blocking(count, "blocking-write-zeroes-and-flush")
        self.write(bytes(count))
        self.blocking_flush()

    def _blocking(self, count: int, member: str) -> None:
        """Make way for a blocking write of so many bytes."""
        if count > BLOCKING_LIMIT:
            raise Trap(
                f"{count} bytes given to {member}, which takes {BLOCKING_LIMIT} at the most",
                f"streams.output-stream.{member}",
            )
        if self.writer.pending is not None:
            self.permit = 0
            self.blocking_flush()
        self.permit = count

    def splice(self, source: InputStream, count: int) -> int:
        """Move up to ``count`` bytes from an input stream, without blocking; how many."""
        permit = self.check_write()
        self.permit = 0
        count = min(permit, count)
        if not count:
            return 0
        reader, writer = source.reader, self.writer
        if reader.network is writer.network:
            moved = None
        else:
            moved = self.move_file(source, count) if writer.network else self._move_received(source, count)
        if moved is None:
            moved = reader.take(count, keep=True)
            if moved:
                self.put(self.engine.scratch[:moved])
        source.count += moved
        return moved

    def move_file(self, source: InputStream, count: int) -> int | None:
        """Inside the kernel, from a regular file to a connection; None where that cannot be done."""
        reader, writer = source.reader, self.writer
        if reader.ended:
            reader.check()
        try:
            moved = self.engine.os.send_file(writer.file, reader.file, count)
        except BlockingIOError:
            writer.full = True
            self.touch()
            return 0
        except OSError as error:
            raise writer.fail("write", error) from None
        if moved == 0:
            raise reader.end()
        self.count += moved or 0
        return moved

    def _move_received(self, source: InputStream, count: int) -> int | None:
        """Inside the kernel, from a connection to a file; None where that cannot be done."""
        reader, writer = source.reader, self.writer
        relay = writer.file.relay()
        if relay is None:
            return None
        if reader.ended:
            reader.check()
        try:
            moved: int = relay.fill(reader.file.fileno(), count)
        except BlockingIOError:
            reader.quiet = True
            return 0
        except OSError as error:
            raise reader.fail("read", error) from None
        if not moved:
            raise reader.end()
        self.count += moved
        try:
            while relay.held:
                relay.empty(writer.file.fileno())
        except BaseException as error:
            # A file that does not splice may take a write, which else says why not; Ctrl-C loses nothing.
            writer.file.spliced = False
            rest = relay.rest()
            self.count -= len(rest)
            self.put(rest)
            if not isinstance(error, OSError):
                raise
        return moved

    def blocking_splice(self, source: InputStream, count: int) -> int:
        """As ``splice``, after waiting until there is something to move and room for it."""
        while True:
            moved = self.splice(source, count)
            if moved or not count:
                return moved
            self.engine.poller.wait_for(self if self.interest() is not READY else source)

    def close(self) -> None:
        self.writer.stream = None
        self.writer.owner.release()
