"""All the bytes of one stream to another, inside the kernel where the platform can."""

from __future__ import annotations

from wasinet.engine.faults import Fail
from wasinet.engine.streams import InputStream, OutputStream
from wasinet.oscalls.interruption import checkpoint
from wasinet.oscalls.relay import Relay, can_relay

__all__ = ["forward", "splice_all"]


def splice_all(sink: OutputStream, source: InputStream, count: int) -> int:
    """Move up to ``count`` bytes that are there now, and wait until all of them are written; how many.

    Raises:
        Fail: ``closed`` at the end of the source; what either stream fails with.
    """
    sink.blocking_flush()
    count = min(count, sink.engine.chunk)
    while count and not source.reader.network and sink.writer.network:
        sent = sink.move_file(source, count)
        if sent is None:
            break
        if sent:
            source.count += sent
            return sent
        sink.engine.poller.wait_for(sink)
    moved = source.reader.take(count, keep=True)
    source.count += moved
    if moved:
        # What the kernel does not take stays with the writer, so an interrupted wait loses nothing.
        sink.put(sink.engine.scratch[:moved])
        sink.blocking_flush()
    return moved


def forward(sink: OutputStream, source: InputStream) -> int:
    """Move everything until the end of the source, and wait until it is written; how many bytes.

    Raises:
        Fail: what either stream fails with.
    """
    sink.blocking_flush()
    if can_relay() and source.reader.network and sink.writer.network:
        try:
            relay = Relay()
        except OSError:
            # No descriptors for the pipe: copying needs none, and that is slower only.
            pass
        else:
            return _through_pipe(relay, sink, source)
    total = 0
    while True:
        checkpoint()
        try:
            moved = splice_all(sink, source, sink.engine.chunk)
        except Fail as error:
            if error.code == "closed" and source.reader.ended and not sink.writer.ended:
                return total
            raise
        total += moved
        if not moved:
            sink.engine.poller.wait_for(source)


def _through_pipe(relay: Relay, sink: OutputStream, source: InputStream) -> int:
    reader, writer = source.reader, sink.writer
    wait = sink.engine.poller.wait_for
    total = 0
    try:
        while True:
            checkpoint()
            if reader.ended and not relay.held:
                return total
            if not reader.ended:
                try:
                    filled = relay.fill(reader.file.fileno())
                except BlockingIOError:
                    if not relay.held:
                        wait(source)
                        continue
                except OSError as error:
                    raise reader.fail("read", error) from None
                else:
                    source.count += filled
                    if not filled:
                        reader.end()
                        continue
            while relay.held:
                try:
                    moved = relay.empty(writer.file.fileno())
                except BlockingIOError:
                    writer.full = True
                    wait(sink)
                    continue
                except OSError as error:
                    raise writer.fail("write", error) from None
                total += moved
                sink.count += moved
    finally:
        try:
            rest = relay.rest()
            if rest and not writer.ended:
                sink.put(rest)
        except Fail as error:
            # What ended the loop is on its way to the caller, so this is for the next who writes.
            writer.failure = error
        finally:
            relay.close()
