"""Paths that stay below a folder: ``..``, symbolic links and absolute paths lead nowhere else.

Linux resolves a path below a folder in one system call, ``openat2`` with RESOLVE_BENEATH. Elsewhere,
and where that call is forbidden, the path is walked: each part is opened by itself and never through a
link, and ``..`` goes back to the folder that the walk came from, which nobody can swap meanwhile.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import cache

__all__ = ["locate", "open_beneath", "parent_of"]

_PATH_MAX = 4096
# As many as Linux follows (path_resolution(7)).
_MOST_LINKS = 40
_HERE = b"."
# O_PATH needs no permission to read the folder; macOS has nothing like it.
_PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY)
_FOLDER = _PATH_ONLY | os.O_DIRECTORY | os.O_CLOEXEC

Open = Callable[[int, bytes, int, int], int]
"""Folder, path, flags and mode to a new descriptor; raises OSError."""


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _outside() -> OSError:
    return OSError(errno.EPERM, "the path leads out of its folder")


def _check(path: bytes) -> None:
    if not path:
        raise _error(errno.ENOENT)
    if b"\0" in path:
        raise _error(errno.EINVAL)
    if len(path) >= _PATH_MAX:
        raise _error(errno.ENAMETOOLONG)
    if path.startswith(b"/"):
        raise _outside()


def open_beneath(folder: int, path: bytes, flags: int, mode: int = 0o666) -> int:
    """Open what a path below a folder names; a last part that is a link is followed unless O_NOFOLLOW is given.

    Args:
        folder: a descriptor of the folder.
        path: relative to it.
        flags: as of open(2); O_CLOEXEC is added.
        mode: of a file that is made.

    Raises:
        OSError: EPERM where the path leads out of the folder, else as open(2).
    """
    _check(path)
    if flags & os.O_CREAT and path.endswith(b"/"):
        raise _error(errno.EISDIR)
    return (openat2() or walk_open)(folder, path, flags | os.O_CLOEXEC, mode)


def parent_of(folder: int, path: bytes) -> tuple[int, bytes]:
    """The folder that the last part of a path is in, as a new descriptor, and that part, which may be a link.

    The part is ``.`` where the path names a folder as ``.`` or ``..``; the descriptor is that folder's then.

    Raises:
        OSError: as ``open_beneath``.
    """
    _check(path)
    head, _, name = path.rstrip(b"/").rpartition(b"/")
    if name in (_HERE, b".."):
        return open_beneath(folder, path, _FOLDER), _HERE
    return open_beneath(folder, head or _HERE, _FOLDER), name


def locate(folder: int, path: bytes, *, follow: bool) -> tuple[int, bytes]:
    """As ``parent_of``, but with ``follow`` of what a last part that is a link leads to; it need not be there."""
    _check(path)
    return _walk(folder, path, follow=follow)


# The walk


def walk_open(folder: int, path: bytes, flags: int, mode: int) -> int:
    """``open_beneath`` by a walk."""
    exclusive = flags & os.O_CREAT and flags & os.O_EXCL
    parent, name = _walk(folder, path, follow=not (flags & os.O_NOFOLLOW or exclusive))
    try:
        return os.open(name, flags | os.O_NOFOLLOW, mode, dir_fd=parent)
    finally:
        os.close(parent)


def _walk(folder: int, path: bytes, *, follow: bool) -> tuple[int, bytes]:
    # The folders that the walk came through, so that .. is where it came from.
    trail = [os.dup(folder)]
    todo: list[bytes] = []
    links = 0
    needs_folder = False

    def push(text: bytes) -> None:
        nonlocal needs_folder
        parts = text.split(b"/")
        if not todo:
            needs_folder = needs_folder or parts[-1] in (b"", _HERE, b"..")
        todo.extend(part for part in reversed(parts) if part not in (b"", _HERE))

    try:
        push(path)
        while todo:
            part = todo.pop()
            last = not todo
            if part == b"..":
                if len(trail) == 1:
                    raise _outside()
                os.close(trail.pop())
                continue
            if last and not needs_folder:
                target = _link(trail[-1], part) if follow else None
                if target is None:
                    return trail.pop(), part
            else:
                try:
                    trail.append(os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=trail[-1]))
                    continue
                except OSError as error:
                    # Systems differ in what they say of a link here.
                    if error.errno not in (errno.ENOTDIR, errno.ELOOP, errno.EMLINK):
                        raise
                    target = _link(trail[-1], part)
                    if target is None:
                        raise
            links += 1
            if links > _MOST_LINKS:
                raise _error(errno.ELOOP)
            if target.startswith(b"/"):
                raise _outside()
            push(target)
        return trail.pop(), _HERE
    finally:
        for fd in trail:
            os.close(fd)


def _link(folder: int, name: bytes) -> bytes | None:
    """What a link leads to; None for what is no link, or not there."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise


# The system call


@cache
def openat2() -> Open | None:
    """The system call as a function, or None where it is missing or forbidden."""
    if sys.platform != "linux":
        return None
    import ctypes

    class How(ctypes.Structure):
        _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))

    # The number is the same on every architecture that Python's Linux wheels are built for.
    number = ctypes.c_long(437)
    # RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS (linux/openat2.h)
    resolve = 0x08 | 0x02
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    size = ctypes.c_size_t(ctypes.sizeof(How))

    def call(folder: int, path: bytes, flags: int, mode: int) -> int:
        how = How(flags, mode if flags & os.O_CREAT else 0, resolve)
        for _ in range(_MOST_LINKS):
            fd = syscall(number, ctypes.c_int(folder), ctypes.c_char_p(path), ctypes.byref(how), size)
            if fd >= 0:
                return int(fd)
            failed = ctypes.get_errno()
            if failed == errno.EXDEV:
                raise _outside()
            # EAGAIN: something was renamed meanwhile, and the kernel cannot tell where .. leads.
            if failed not in (errno.EAGAIN, errno.EINTR):
                raise _error(failed)
        return walk_open(folder, path, flags, mode)

    try:
        root = os.open("/", _FOLDER)
    except OSError:
        return None
    try:
        os.close(call(root, _HERE, _FOLDER, 0))
    except OSError:
        return None
    finally:
        os.close(root)
    return call
