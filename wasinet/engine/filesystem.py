"""Files and folders: ``descriptor`` and ``directory-entry-stream``."""

from __future__ import annotations

import errno as _errno
import stat as _stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wasinet.engine.faults import Fail
from wasinet.engine.resource import Resource
from wasinet.engine.streams import Error, FileOwner, InputStream, OutputStream, Reader, Writer
from wasinet.oscalls import filesystem as files
from wasinet.wit.command.codes import CODES
from wasinet.wit.values import Case, Some, Value

if TYPE_CHECKING:
    import os

    from wasinet.engine.context import Context
    from wasinet.engine.program import Preopen

__all__ = ["Descriptor", "DirectoryEntryStream", "Preopens", "file_code_of", "filesystem_error_code"]

_CODES = {getattr(_errno, name): code.name for code in CODES for name in code.errnos if hasattr(_errno, name)}

_KINDS = {
    _stat.S_IFBLK: "block-device",
    _stat.S_IFCHR: "character-device",
    _stat.S_IFDIR: "directory",
    _stat.S_IFIFO: "fifo",
    _stat.S_IFLNK: "symbolic-link",
    _stat.S_IFREG: "regular-file",
    _stat.S_IFSOCK: "socket",
}
_SYNC = {
    "file-integrity-sync": "O_SYNC",
    "data-integrity-sync": "O_DSYNC",
    "requested-write-sync": "O_RSYNC",
}
# The largest offset that the system has.
_LARGEST = (1 << 63) - 1
_FOLLOW = "symlink-follow"


def file_code_of(member: str, number: int | None) -> str:
    """The filesystem's error code of an errno; ``io`` for one that no code names."""
    return _CODES.get(number or 0, "io")


def filesystem_error_code(engine: Context, error: Error) -> Some | None:
    """The filesystem error code behind a stream's error, if it is no network's (types.filesystem-error-code)."""
    if error.code is not None or error.errno is None:
        return None
    return Some(file_code_of("", error.errno))


class Descriptor(Resource):
    """An open file or folder.

    Args:
        fd: its descriptor of this process, closed with it.
        flags: what it was opened for, as ``descriptor-flags``.
        mutable: whether it, and for a folder what is in it, may be changed; writing needs ``write`` as well.
        path: for people.
    """

    kind = "descriptor"
    engine: Context

    def __init__(self, engine: Context, fd: int, flags: frozenset[str], *, mutable: bool, path: str) -> None:
        self.fd = fd
        try:
            self.type = _kind(files.status(fd).st_mode)
            Resource.__init__(self, engine)
        except BaseException:
            files.close(fd)
            raise
        self.flags = flags if self.type == "directory" else flags - {"mutate-directory"}
        self.mutable = mutable
        self.path = path

    @property
    def local(self) -> str:
        return self.path

    def close(self) -> None:
        files.close(self.fd)

    # What is checked before anything is done

    def _folder(self) -> None:
        if self.type != "directory":
            raise Fail("not-directory", f"#{self.handle} is a {self.type}, no folder")

    def _file(self, flag: str = "") -> None:
        if self.type == "directory":
            raise Fail("is-directory", f"#{self.handle} is a folder")
        self._opened_for(flag)

    def _opened_for(self, flag: str) -> None:
        if flag and flag not in self.flags:
            raise Fail("bad-descriptor", f"#{self.handle} was opened without {flag}")

    def _changing(self) -> None:
        if not self.mutable:
            raise Fail("read-only", f"#{self.handle} was opened without mutate-directory")

    # Data

    def read_via_stream(self, offset: int) -> int:
        """A stream that reads from ``offset`` on."""
        self._file("read")
        offset = _number(offset)
        file = files.Positioned(files.duplicate(self.fd), offset)
        return InputStream(self.engine, Reader(self.engine, file, FileOwner(file))).handle

    def write_via_stream(self, offset: int) -> int:
        """A stream that writes from ``offset`` on."""
        self._file("write")
        offset = _number(offset)
        return self._writing(files.Positioned(files.duplicate(self.fd), offset))

    def append_via_stream(self) -> int:
        """A stream that writes at the end."""
        self._file("write")
        return self._writing(files.Appending(files.duplicate(self.fd)))

    def _writing(self, file: Any) -> int:
        return OutputStream(self.engine, Writer(self.engine, file, FileOwner(file))).handle

    def read(self, length: int, offset: int) -> tuple[bytes, bool]:
        """Up to ``length`` bytes from ``offset`` on, and whether that was the end."""
        self._file("read")
        data = files.read(self.fd, min(length, self.engine.chunk), _number(offset))
        return data, not data and length > 0

    def write(self, buffer: bytes, offset: int) -> int:
        """Write from ``offset`` on; how many bytes were written."""
        self._file("write")
        return files.write(self.fd, buffer, _number(offset))

    def set_size(self, size: int) -> None:
        """Cut off or extend."""
        self._file("write")
        files.set_size(self.fd, _number(size))

    def advise(self, offset: int, length: int, advice: str) -> None:
        """Say how a part will be used."""
        self._file()
        files.advise(self.fd, _number(offset), _number(length), advice)

    def sync(self) -> None:
        """Wait for the device; nothing is to be waited for without ``write``."""
        if "write" in self.flags:
            files.sync(self.fd)

    def sync_data(self) -> None:
        """As ``sync``, for the data alone."""
        if "write" in self.flags:
            files.sync_data(self.fd)

    # Attributes

    def get_flags(self) -> frozenset[str]:
        """What it was opened for."""
        return self.flags

    def get_type(self) -> str:
        """Its ``descriptor-type``."""
        return self.type

    def stat(self) -> dict[str, Value]:
        """Its ``descriptor-stat``."""
        return _attributes(files.status(self.fd))

    def stat_at(self, path_flags: frozenset[str], path: str) -> dict[str, Value]:
        """The ``descriptor-stat`` of a path."""
        return _attributes(self._status_at(path_flags, path))

    def _status_at(self, path_flags: frozenset[str], path: str) -> os.stat_result:
        self._folder()
        return files.stat_at(self.fd, path.encode(), follow=_FOLLOW in path_flags)

    def set_times(self, access: Case, modification: Case) -> None:
        """Set its times, each a ``new-timestamp``."""
        self._changing()
        files.set_times(self.fd, _time(access), _time(modification))

    def set_times_at(self, path_flags: frozenset[str], path: str, access: Case, modification: Case) -> None:
        """Set the times of a path."""
        self._folder()
        self._changing()
        times = _time(access), _time(modification)
        files.set_times_at(self.fd, path.encode(), *times, follow=_FOLLOW in path_flags)

    def is_same_object(self, other: Descriptor) -> bool:
        """Whether another descriptor is of the same file."""
        mine, others = files.status(self.fd), files.status(other.fd)
        return (mine.st_dev, mine.st_ino) == (others.st_dev, others.st_ino)

    def metadata_hash(self) -> dict[str, int]:
        """A ``metadata-hash-value`` of the file."""
        return self._hash(files.status(self.fd))

    def metadata_hash_at(self, path_flags: frozenset[str], path: str) -> dict[str, int]:
        """A ``metadata-hash-value`` of the file at a path."""
        return self._hash(self._status_at(path_flags, path))

    def _hash(self, status: os.stat_result) -> dict[str, int]:
        from hashlib import blake2b

        seen = f"{status.st_dev} {status.st_ino} {status.st_mtime_ns} {status.st_size}"
        digest = blake2b(seen.encode(), digest_size=16, key=self.engine.secret).digest()
        return {"lower": int.from_bytes(digest[:8], "little"), "upper": int.from_bytes(digest[8:], "little")}

    # Names

    def open_at(self, path_flags: frozenset[str], path: str, open_flags: frozenset[str], flags: frozenset[str]) -> int:
        """Open what a path names; the new descriptor."""
        self._folder()
        others = open_flags - {"directory"}
        if "directory" in open_flags and others:
            raise Fail("invalid", f"directory does not go with {', '.join(sorted(others))}")
        if "truncate" in open_flags and "write" not in flags:
            raise Fail("invalid", "truncate needs write")
        if flags & {"write", "mutate-directory"} or open_flags & {"create", "truncate"}:
            self._changing()
        fd = files.open_at(
            self.fd,
            path.encode(),
            follow=_FOLLOW in path_flags,
            read="read" in flags,
            write="write" in flags,
            create="create" in open_flags,
            directory="directory" in open_flags,
            exclusive="exclusive" in open_flags,
            truncate="truncate" in open_flags,
            sync=tuple(_SYNC[flag] for flag in flags if flag in _SYNC),
        )
        opened = Descriptor(self.engine, fd, flags, mutable=self.mutable, path=f"{self.path}/{path}")
        if opened.type == "directory":
            opened.mutable = "mutate-directory" in flags
        return opened.handle

    def read_directory(self) -> int:
        """A stream of what is in the folder."""
        self._folder()
        self._opened_for("read")
        return DirectoryEntryStream(self.engine, files.Listing(self.fd)).handle

    def create_directory_at(self, path: str) -> None:
        """Make a folder."""
        self._folder()
        self._changing()
        files.make_folder(self.fd, path.encode())

    def remove_directory_at(self, path: str) -> None:
        """Remove an empty folder."""
        self._folder()
        self._changing()
        files.remove_folder(self.fd, path.encode())

    def unlink_file_at(self, path: str) -> None:
        """Remove a name of a file."""
        self._folder()
        self._changing()
        files.remove_file(self.fd, path.encode())

    def link_at(self, path_flags: frozenset[str], path: str, new_descriptor: Descriptor, new_path: str) -> None:
        """Give a file a second name."""
        self._two(new_descriptor)
        follow = _FOLLOW in path_flags
        files.link(self.fd, path.encode(), new_descriptor.fd, new_path.encode(), follow=follow)

    def rename_at(self, path: str, new_descriptor: Descriptor, new_path: str) -> None:
        """Move a file or a folder to another name."""
        self._two(new_descriptor)
        files.rename(self.fd, path.encode(), new_descriptor.fd, new_path.encode())

    def _two(self, other: Descriptor) -> None:
        for one in (self, other):
            one._folder()
            one._changing()

    def symlink_at(self, content: str, path: str) -> None:
        """Make a link with this content."""
        self._folder()
        if content.startswith("/"):
            raise Fail("not-permitted", "a link may not lead to an absolute path")
        self._changing()
        files.make_link(content.encode(), self.fd, path.encode())

    def readlink_at(self, path: str) -> str:
        """The content of a link."""
        self._folder()
        content = files.read_link(self.fd, path.encode())
        if content.startswith(b"/"):
            raise Fail("not-permitted", "the link leads to an absolute path")
        return _text(content)


class DirectoryEntryStream(Resource):
    """What is in a folder, one entry after the other."""

    kind = "directory-entry-stream"
    engine: Context

    def __init__(self, engine: Context, listing: files.Listing) -> None:
        Resource.__init__(self, engine)
        self._listing = listing

    def read_directory_entry(self) -> Some | None:
        """The next ``directory-entry``, or None after the last."""
        entry = self._listing.next()
        if entry is None:
            return None
        name, mode = entry
        return Some({"type": _kind(mode), "name": _text(name)})

    def close(self) -> None:
        self._listing.close()


class Preopens:
    """The folders that a program has from the start, open as long as the session lives.

    Raises:
        OSError: one cannot be opened; its ``filename`` is the folder's path.
    """

    def __init__(self, engine: Context, preopens: tuple[Preopen, ...]) -> None:
        self._folders: list[tuple[int, Preopen]] = []
        for preopen in preopens:
            fd = files.open_folder(preopen.host)
            engine.held.append(lambda fd=fd: files.close(fd))  # type: ignore[misc]
            self._folders.append((fd, preopen))

    def get_directories(self, engine: Context) -> list[tuple[int, str]]:
        """New descriptors of the folders, each with the program's path of it."""
        return [
            (
                Descriptor(
                    engine,
                    files.duplicate(fd),
                    _LOOKED_AT if preopen.read_only else _CHANGED,
                    mutable=not preopen.read_only,
                    path=preopen.guest,
                ).handle,
                preopen.guest,
            )
            for fd, preopen in self._folders
        ]


_LOOKED_AT = frozenset({"read"})
_CHANGED = frozenset({"read", "mutate-directory"})


def _kind(mode: int) -> str:
    return _KINDS.get(_stat.S_IFMT(mode), "unknown")


def _number(value: int) -> int:
    if value > _LARGEST:
        raise Fail("invalid", f"{value} is more than any file's offset")
    return value


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise Fail("illegal-byte-sequence", f"{name!r} is no UTF-8") from None


def _attributes(status: os.stat_result) -> dict[str, Value]:
    return {
        "type": _kind(status.st_mode),
        "link-count": status.st_nlink,
        "size": status.st_size,
        "data-access-timestamp": _datetime(status.st_atime_ns),
        "data-modification-timestamp": _datetime(status.st_mtime_ns),
        "status-change-timestamp": _datetime(status.st_ctime_ns),
    }


def _datetime(nanoseconds: int) -> Some | None:
    """None for what was before 1970, which the type cannot say."""
    if nanoseconds < 0:
        return None
    seconds, rest = divmod(nanoseconds, 10**9)
    return Some({"seconds": seconds, "nanoseconds": rest})


_SAID: Mapping[str, files.Time] = {"now": files.NOW, "no-change": files.OMIT}


def _time(value: Case) -> files.Time:
    said = _SAID.get(value.name)
    if said is not None:
        return said
    seconds, nanoseconds = value.payload["seconds"], value.payload["nanoseconds"]
    if seconds > _LARGEST or nanoseconds >= 10**9:
        raise Fail("invalid", f"{seconds} s and {nanoseconds} ns is no timestamp")
    return seconds, nanoseconds
