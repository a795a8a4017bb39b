"""What the receiving commands do with events beside showing them: hex dumps, port files, progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from wasinet.cli.output import results, write_line
from wasinet.cli.session import Session
from wasinet.oscalls.interruption import interruptible
from wasinet.programs.events import Event, LocalFailed

__all__ = ["hex_lines", "shown", "write_port"]

_WIDTH = 16


def shown(
    session: Session,
    events: Iterable[Event],
    *,
    hex_dump: bool = False,
    port_file: str | None = None,
    at_terminal: bool = False,
) -> Iterator[Event]:
    """Pass events on, writing the first bound port to a file and received data as a hex dump.

    Args:
        session: of the command.
        events: of the program. Where they tell progress, a line of the terminal shows it.
        hex_dump: write ``data`` events as a hex dump.
        port_file: where the port goes.
        at_terminal: what is received is shown on a terminal, where progress then has no place.

    Raises:
        LocalFailed: a file or standard output does not take it.
    """
    offsets: dict[str, int] = {}
    line = None
    told = not session.settings.json
    try:
        for event in events:
            if event.name == "progress" and not session.settings.json:
                if told:
                    from wasinet.render.progress import ProgressLine

                    line = line or ProgressLine(sys.stderr)
                    line.show(event)
                continue
            if line is not None:
                line.clear()
            if event.name == "receiving":
                told = told and not at_terminal
                continue
            if event.name == "listening" and port_file is not None:
                if port_file == "-":
                    write_line(results(session.settings), event.fields["address"].rpartition(":")[2])
                else:
                    write_port(port_file, event.fields["address"])
                port_file = None
            if event.name == "data" and hex_dump and not session.settings.json:
                peer = event.fields["peer"]
                offset = offsets.get(peer, 0)
                out = sys.stderr if session.output_fd == 2 else sys.stdout
                for row in hex_lines(event.fields["data"], offset):
                    write_line(out, row)
                offsets[peer] = offset + len(event.fields["data"])
            yield event
    finally:
        if line is not None:
            line.clear()
        close = getattr(events, "close", None)
        if close is not None:
            close()


def write_port(path: str, address: str) -> None:
    """Write the port of an address to a file, whole or not at all. Raises LocalFailed."""
    import os

    port = address.rpartition(":")[2]
    # A script that waits for the file must never read half of it.
    temporary = f"{path}.{os.getpid()}"
    try:
        # What is a link or no file, such as /dev/stdout, must not be replaced by one.
        if os.path.islink(path) or (os.path.exists(path) and not os.path.isfile(path)):
            with interruptible(), open(path, "w", encoding="ascii") as file:
                file.write(f"{port}\n")
            return
        try:
            with open(temporary, "w", encoding="ascii") as file:
                file.write(f"{port}\n")
            os.replace(temporary, path)
        except BaseException:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise LocalFailed(f"write {path}", error.strerror or str(error), None) from None


def hex_lines(data: bytes, offset: int = 0) -> Iterator[str]:
    """A hex dump: offset, sixteen bytes in two groups, and what is printable of them in ASCII."""
    for start in range(0, len(data), _WIDTH):
        row = data[start : start + _WIDTH]
        left, right = row[:8].hex(" "), row[8:].hex(" ")
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"{offset + start:08x}  {left:<23}  {right:<23}  |{text}|"
