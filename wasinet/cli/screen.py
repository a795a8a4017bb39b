"""The terminal with one line that stays below all that is written to it: the question of ``--ask``.

Everything that this process writes to the terminal goes through ``Screen.write``: what the guest writes
(``Screen.os`` gives the guest's streams), and our own messages (``sys.stdout`` and ``sys.stderr`` are replaced).
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from wasinet.oscalls import Os
from wasinet.oscalls.interruption import interruptible
from wasinet.render.printable import Printable, cells

__all__ = ["Screen"]

# More than this of a line without an end is no longer held back.
_LONGEST = 64 * 1024
_ERASE = "\x1b[J"
# No attributes (ECMA-48, SGR), and ASCII as the character set.
_PLAIN = "\x1b[0m\x1b(B"


class Screen:
    """The controlling terminal.

    While a line stands, the terminal gives key by key and echoes none. Ctrl-C is a signal as ever; the keys that
    would end or stop the process with the terminal in that mode come as bytes, see ``stop`` and ``quit``.

    Args:
        path: the terminal's.

    Attributes:
        keys: a descriptor, readable when there is a key.
        os: the operating system for an engine whose streams keep off the line.

    Raises:
        OSError: there is no terminal.
    """

    def __init__(self, path: str = "/dev/tty") -> None:
        flags = os.O_NOCTTY | os.O_CLOEXEC
        self._out = os.open(path, os.O_WRONLY | flags)
        # A description of its own: a guest that reads the terminal, too, may be faster, and then there is no key.
        self.keys = os.open(path, os.O_RDONLY | os.O_NONBLOCK | flags)
        self.os = _ScreenOs(self)
        self._escapes = os.environ.get("TERM", "dumb") not in ("", "dumb")
        self._lock = threading.RLock()
        self._line = Printable()
        self._held = b""
        # Whether the cursor is at the beginning of a line, as far as we know.
        self._fresh = True
        self._modes: list[Any] | None = None
        self._replaced = [(name, getattr(sys, name)) for name in ("stdout", "stderr")]
        for name, stream in self._replaced:
            if stream is not None and stream.isatty():
                setattr(sys, name, _text(stream, self))

    # The line

    def stand(self, line: Printable) -> None:
        """Show a line, and take keys; what was typed before it is thrown away. Raises OSError."""
        with self._lock:
            self._take()
            self._line = line
            self._draw()

    def clear(self, answer: str = "") -> None:
        """Take the line away; an answer leaves it there with it. The terminal is then as it was. Raises OSError."""
        with self._lock:
            if not self._line:
                return
            if self._escapes:
                self._erase()
                self._say(f"{self._shown}{answer}\n" if answer else "")
            else:
                self._say(f"{answer}\n")
            self._line = Printable()
            held, self._held = self._held, b""
            while held:
                held = held[os.write(self._out, held) :]
                self._fresh = False
            self._give_back()

    def read(self) -> bytes | None:
        """The keys that were typed, empty at the end of the terminal, None where there are none."""
        try:
            return os.read(self.keys, 64)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def stop(self) -> None:
        """What Ctrl-Z does: the job stops with the terminal as it was, and the line is back when it goes on."""
        with self._lock:
            self._erase()
            self._give_back()
            # One of its own for this thread, so that the code below runs after the stop; it goes to the group for
            # the other processes of the job. Whichever comes first, SIGCONT takes the other one away.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})
            signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
            os.kill(0, signal.SIGTSTP)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})
            self._fresh = True
            self._take()
            self._draw()

    def quit(self) -> None:
        """What Ctrl-backslash does: the job ends with SIGQUIT, and the terminal is as it was."""
        with self._lock:
            self._erase()
            self._give_back()
            os.kill(0, signal.SIGQUIT)

    def close(self) -> None:
        """Take the line away and give the terminal back."""
        with self._lock:
            try:
                self.clear()
            except OSError:
                # The terminal is gone, and its modes with it.
                pass
            for name, stream in self._replaced:
                now = getattr(sys, name)
                if now is not stream:
                    now.flush()
                    setattr(sys, name, stream)
            os.close(self._out)
            os.close(self.keys)

    def _say(self, text: str) -> None:
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(self._out, data) :]

    def _draw(self) -> None:
        self._say(self._shown if self._fresh else f"\n{self._shown}")
        self._fresh = True

    @property
    def _shown(self) -> str:
        """The line, in none of the colours and characters that the guest's output may have left on."""
        return f"{_PLAIN}{self._line}" if self._escapes else self._line

    def _erase(self) -> None:
        """The line is gone, and the cursor where it began; without escapes, on a new line."""
        if not self._escapes:
            self._say("\n")
            return
        rows = max(-(-cells(self._line) // max(os.get_terminal_size(self._out).columns, 1)), 1)
        self._say("\r" + "\x1b[A" * (rows - 1) + _ERASE)

    def _take(self) -> None:
        import termios

        try:
            self._modes = termios.tcgetattr(self.keys)
        except termios.error as error:
            raise OSError(*error.args) from None
        modes = [*self._modes[:6], [*self._modes[6]]]
        modes[3] &= ~(termios.ICANON | termios.ECHO)
        modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
        never = bytes([os.fpathconf(self.keys, "PC_VDISABLE") & 255])
        modes[6][termios.VSUSP] = modes[6][termios.VQUIT] = never
        self._set(termios.TCSAFLUSH, modes)

    def _give_back(self) -> None:
        import termios

        modes, self._modes = self._modes, None
        if modes is not None:
            self._set(termios.TCSADRAIN, modes)

    def _set(self, when: int, modes: list[Any]) -> None:
        import termios

        while True:
            try:
                return termios.tcsetattr(self.keys, when, modes)
            except termios.error as error:
                # A signal came while the output was waited for.
                if error.args[0] != errno.EINTR:
                    raise OSError(*error.args) from None

    # What is written and read meanwhile

    def write(self, send: Callable[[bytes], int], data: bytes) -> int:
        """Write above the line by ``send``; how many bytes are taken. A line's end is waited for, its text held back.

        Raises:
            OSError: of ``send``.
        """
        # An interruption in between would leave the line half drawn.
        with self._lock, interruptible(False):
            if not self._line:
                return self._sent(send, data)
            end = data.rfind(b"\n") + 1
            if not end and len(self._held) + len(data) < _LONGEST:
                self._held += data
                return len(data)
            self._erase()
            try:
                taken = self._sent(send, self._held + data[:end]) - len(self._held)
            finally:
                self._draw()
            if taken < 0:
                self._held = self._held[taken:]
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            self._held = b""
            if taken < end or len(data) - end >= _LONGEST:
                return taken
            self._held = data[end:]
            return len(data)

    def _sent(self, send: Callable[[bytes], int], data: bytes) -> int:
        count = send(data)
        if count:
            self._fresh = data[:count].endswith(b"\n")
        return count

    def check(self) -> None:
        """Keys are the line's while it stands. Raises BlockingIOError then."""
        if self._line:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


class _ScreenOs(Os):
    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def open_stream(self, fd: int, *, writable: bool, own: bool = False) -> Any:
        file = super().open_stream(fd, writable=writable, own=own)
        return _Stream(file, self._screen) if self.is_terminal(fd) else file


class _Stream:
    """A stream of the guest's that is the terminal."""

    def __init__(self, file: Any, screen: Screen) -> None:
        self._file = file
        self._screen = screen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def recv(self, count: int) -> bytes:
        self._screen.check()
        found: bytes = self._file.recv(count)
        return found

    def recv_into(self, buffer: memoryview, count: int = 0) -> int:
        self._screen.check()
        found: int = self._file.recv_into(buffer, count)
        return found

    def send(self, data: bytes | memoryview) -> int:
        return self._screen.write(self._file.send, bytes(data))


class _Raw(io.RawIOBase):
    def __init__(self, fd: int, screen: Screen) -> None:
        self._fd = fd
        self._screen = screen

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def write(self, data: Any) -> int:
        return self._screen.write(self._send, bytes(data))

    def _send(self, piece: bytes) -> int:
        # The terminal may be stopped by Ctrl-S.
        with interruptible():
            return os.write(self._fd, piece)


def _text(stream: Any, screen: Screen) -> io.TextIOWrapper:
    stream.flush()
    raw = io.BufferedWriter(_Raw(stream.fileno(), screen))
    return io.TextIOWrapper(raw, encoding=stream.encoding, errors=stream.errors, line_buffering=True)
