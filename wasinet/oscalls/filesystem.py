"""Files and folders by descriptor and relative path; ``beneath`` keeps every path below its folder."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from wasinet.oscalls import beneath
from wasinet.oscalls.files import File

__all__ = [
    "NOW",
    "OMIT",
    "Appending",
    "Listing",
    "Positioned",
    "Time",
    "advise",
    "close",
    "duplicate",
    "link",
    "make_folder",
    "make_link",
    "open_at",
    "open_folder",
    "read",
    "read_link",
    "remove_file",
    "remove_folder",
    "rename",
    "set_size",
    "set_times",
    "set_times_at",
    "stat_at",
    "status",
    "sync",
    "sync_data",
    "write",
]

Time = tuple[int, int]
"""Seconds and nanoseconds, or ``NOW`` or ``OMIT``."""

# sys/stat.h
NOW: Time = (0, -1 if sys.platform == "darwin" else (1 << 30) - 1)
OMIT: Time = (0, -2 if sys.platform == "darwin" else (1 << 30) - 2)

_ADVICE = {name: getattr(os, "POSIX_FADV_" + name.upper().replace("-", ""), None) for name in (
    "normal", "sequential", "random", "will-need", "dont-need", "no-reuse",
)}  # fmt: skip

close = os.close
duplicate = os.dup
read = os.pread
write = os.pwrite
status = os.fstat
set_size = os.ftruncate
sync = os.fsync
sync_data = getattr(os, "fdatasync", os.fsync)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


# Opening


def open_folder(path: str) -> int:
    """A folder of the host by its path. Raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def open_at(
    folder: int,
    path: bytes,
    *,
    follow: bool,
    read: bool,
    write: bool,
    create: bool = False,
    directory: bool = False,
    exclusive: bool = False,
    truncate: bool = False,
    sync: tuple[str, ...] = (),
) -> int:
    """Open what a path below a folder names; neither pipes nor devices make it wait.

    Args:
        folder: a descriptor of the folder.
        path: relative to it.
        follow: go on where a last part that is a link leads.
        sync: names of ``O_SYNC``, ``O_DSYNC``, ``O_RSYNC``; what the platform lacks is left away.

    Raises:
        OSError: see ``open_beneath``.
    """
    flags = os.O_RDWR if read and write else os.O_WRONLY if write else os.O_RDONLY
    flags |= os.O_NONBLOCK | os.O_NOCTTY
    for bit, wanted in (
        (os.O_NOFOLLOW, not follow),
        (os.O_CREAT, create),
        (os.O_DIRECTORY, directory),
        (os.O_EXCL, exclusive),
        (os.O_TRUNC, truncate),
    ):
        if wanted:
            flags |= bit
    for name in sync:
        flags |= getattr(os, name, 0)
    return beneath.open_beneath(folder, path, flags)


# Attributes


def stat_at(folder: int, path: bytes, *, follow: bool) -> os.stat_result:
    """The attributes of what a path names."""
    if beneath.openat2() is None:
        with _located(folder, path, follow=follow) as (parent, name):
            return os.stat(name, dir_fd=parent, follow_symlinks=False)
    fd = beneath.open_beneath(folder, path, os.O_PATH | (0 if follow else os.O_NOFOLLOW))
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)


def set_times(fd: int, access: Time, modification: Time) -> None:
    """Set when a file was last read and changed."""
    _times()[0](fd, (access, modification))


def set_times_at(folder: int, path: bytes, access: Time, modification: Time, *, follow: bool) -> None:
    """As ``set_times``, of what a path names."""
    with _located(folder, path, follow=follow) as (parent, name):
        _times()[1](parent, name, (access, modification))


@cache
def _times() -> tuple[Any, Any]:
    """futimens(3) and utimensat(2): ``os.utime`` cannot leave one time and set the other."""
    import ctypes

    class Timespec(ctypes.Structure):
        _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))

    libc = ctypes.CDLL(None, use_errno=True)
    nofollow = 0x20 if sys.platform == "darwin" else 0x100

    def pair(times: tuple[Time, Time]) -> Any:
        return (Timespec * 2)(*(Timespec(*time) for time in times))

    def of_file(fd: int, times: tuple[Time, Time]) -> None:
        if libc.futimens(fd, pair(times)):
            raise _error(ctypes.get_errno())

    def at(parent: int, name: bytes, times: tuple[Time, Time]) -> None:
        if libc.utimensat(parent, name, pair(times), nofollow):
            raise _error(ctypes.get_errno())

    return of_file, at


def advise(fd: int, offset: int, length: int, advice: str) -> None:
    """Tell how a part of a file will be used; nothing where the platform does not want to know."""
    number = _ADVICE[advice]
    if number is not None:
        os.posix_fadvise(fd, offset, length, number)


# Names


@contextmanager
def _parent(folder: int, path: bytes) -> Iterator[tuple[int, bytes]]:
    fd, name = beneath.parent_of(folder, path)
    try:
        yield fd, name
    finally:
        os.close(fd)


@contextmanager
def _located(folder: int, path: bytes, *, follow: bool) -> Iterator[tuple[int, bytes]]:
    fd, name = beneath.locate(folder, path, follow=follow)
    try:
        yield fd, name
    finally:
        os.close(fd)


def _is_folder(parent: int, name: bytes) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _check_new(parent: int, name: bytes, path: bytes) -> None:
    """A new name that is no folder's: neither a dot, nor with a slash behind it."""
    if name == b".":
        raise _error(errno.EEXIST)
    if path.endswith(b"/"):
        os.stat(name, dir_fd=parent, follow_symlinks=False)
        raise _error(errno.EEXIST)


def make_folder(folder: int, path: bytes) -> None:
    with _parent(folder, path) as (parent, name):
        if name == b".":
            raise _error(errno.EEXIST)
        os.mkdir(name, 0o777, dir_fd=parent)


def remove_folder(folder: int, path: bytes) -> None:
    with _parent(folder, path) as (parent, name):
        if name == b".":
            raise _error(errno.ENOTEMPTY if path.rstrip(b"/").endswith(b"..") else errno.EINVAL)
        os.rmdir(name, dir_fd=parent)


def remove_file(folder: int, path: bytes) -> None:
    with _parent(folder, path) as (parent, name):
        if name == b".":
            raise _error(errno.EISDIR)
        if path.endswith(b"/"):
            raise _error(errno.EISDIR if _is_folder(parent, name) else errno.ENOTDIR)
        try:
            os.unlink(name, dir_fd=parent)
        except PermissionError as error:
            # What POSIX says of folders; Linux says EISDIR.
            if error.errno == errno.EPERM and _is_folder(parent, name):
                raise _error(errno.EISDIR) from None
            raise


def rename(folder: int, path: bytes, new_folder: int, new_path: bytes) -> None:
    with _parent(folder, path) as (parent, name), _parent(new_folder, new_path) as (new_parent, new_name):
        if b"." in (name, new_name):
            raise _error(errno.EBUSY)
        if (path.endswith(b"/") or new_path.endswith(b"/")) and not _is_folder(parent, name):
            raise _error(errno.ENOTDIR)
        os.rename(name, new_name, src_dir_fd=parent, dst_dir_fd=new_parent)


def link(folder: int, path: bytes, new_folder: int, new_path: bytes, *, follow: bool) -> None:
    # Without ``follow``, a slash at the end follows a link all the same, and what is there must be a folder.
    slash = path.endswith(b"/")
    with (
        _located(folder, path, follow=follow or slash) as (parent, name),
        _parent(new_folder, new_path) as (new_parent, new_name),
    ):
        if name == b".":
            raise _error(errno.EPERM)
        _check_new(new_parent, new_name, new_path)
        os.link(name, new_name, src_dir_fd=parent, dst_dir_fd=new_parent, follow_symlinks=False)


def make_link(content: bytes, folder: int, path: bytes) -> None:
    if b"\0" in content:
        raise _error(errno.EINVAL)
    with _parent(folder, path) as (parent, name):
        _check_new(parent, name, path)
        os.symlink(content, name, dir_fd=parent)


def read_link(folder: int, path: bytes) -> bytes:
    with _located(folder, path, follow=False) as (parent, name):
        return os.readlink(name, dir_fd=parent)


# Reading and writing


class Positioned(File):
    """A regular file read or written from an offset of its own on, whatever else uses the descriptor."""

    __slots__ = ()
    offset: int

    def __init__(self, fd: int, offset: int) -> None:
        super().__init__(fd, regular=True, owned=True, offset=offset)

    def recv(self, count: int) -> bytes:
        data = os.pread(self.fileno(), count, self.offset)
        self.offset += len(data)
        return data

    def recv_into(self, buffer: memoryview, count: int = 0) -> int:
        got = os.preadv(self.fileno(), [buffer[:count] if count else buffer], self.offset)
        self.offset += got
        return got

    def send(self, data: Any) -> int:
        sent = os.pwrite(self.fileno(), data, self.offset)
        self.offset += sent
        return sent


class Appending(File):
    """A regular file written at its end."""

    __slots__ = ()

    def __init__(self, fd: int) -> None:
        super().__init__(fd, regular=True, owned=True)

    def send(self, data: Any) -> int:
        fd = self.fileno()
        if hasattr(os, "RWF_APPEND"):
            return os.pwritev(fd, [data], 0, os.RWF_APPEND)
        # O_APPEND would be the descriptor's as well, with which the description is shared.
        return os.pwrite(fd, data, os.fstat(fd).st_size)


class Listing:
    """The entries of a folder, but for ``.`` and ``..``, read when asked for.

    Args:
        folder: a descriptor of the folder; it may be closed afterwards, and its offset stays.
    """

    def __init__(self, folder: int) -> None:
        self._fd = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            self._entries = os.scandir(self._fd)
        except BaseException:
            os.close(self._fd)
            raise

    def next(self) -> tuple[bytes, int] | None:
        """Name and file type (as in ``st_mode``, 0 where it is not known); None after the last."""
        entry = next(self._entries, None)
        if entry is None:
            return None
        try:
            if entry.is_symlink():
                kind = stat.S_IFLNK
            elif entry.is_file(follow_symlinks=False):
                kind = stat.S_IFREG
            elif entry.is_dir(follow_symlinks=False):
                kind = stat.S_IFDIR
            else:
                kind = entry.stat(follow_symlinks=False).st_mode
        except OSError:
            kind = 0  # it was removed meanwhile
        return os.fsencode(entry.name), stat.S_IFMT(kind)

    def close(self) -> None:
        self._entries.close()
        os.close(self._fd)
