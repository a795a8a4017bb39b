"""The only place that touches sockets, polling and OS-level input and output.

Everything above works with what this package hands out. ``Os`` is the real operating system; a
test or a simulation passes another object with the same methods to the engine.
"""

from __future__ import annotations

from wasinet.oscalls.os import Found, LookupFailed, Os, Sockaddr
from wasinet.oscalls.wait import READ, WRITE

__all__ = ["READ", "WRITE", "Found", "LookupFailed", "Os", "Sockaddr"]
