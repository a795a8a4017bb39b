"""Leaving the peer of a datagram socket, which the socket module cannot say.

connect(2) with the family AF_UNSPEC dissolves the association; the socket module always fills in
the socket's own family, hence the C function.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from socket import SocketType

__all__ = ["disconnect"]

_libc = ctypes.CDLL(None, use_errno=True)
# The BSDs and macOS have a length byte before the family; AF_UNSPEC is 0 everywhere.
_UNSPEC = bytes([16, 0] if sys.platform == "darwin" or "bsd" in sys.platform else [0, 0]) + bytes(14)
# They also answer EAFNOSUPPORT or EINVAL although the association is gone.
_HARMLESS = () if sys.platform == "linux" else (errno.EAFNOSUPPORT, errno.EINVAL)


def disconnect(sock: SocketType) -> None:
    """Dissolve the association of a datagram socket with its peer. Raises OSError."""
    if _libc.connect(sock.fileno(), _UNSPEC, len(_UNSPEC)):
        number = ctypes.get_errno()
        if number not in _HARMLESS:
            raise OSError(number, os.strerror(number))
