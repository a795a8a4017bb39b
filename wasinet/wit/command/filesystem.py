"""``wasi:filesystem``: files and folders below the folders that a program was given."""

from __future__ import annotations

from functools import partial

from wasinet.wit.command.filesystem_types import (
    ADVICE,
    DESCRIPTOR,
    DESCRIPTOR_FLAGS,
    DESCRIPTOR_STAT,
    DESCRIPTOR_TYPE,
    DIRECTORY_ENTRY,
    DIRECTORY_ENTRY_STREAM,
    ERROR_CODE,
    FILESIZE,
    METADATA_HASH_VALUE,
    NEW_TIMESTAMP,
    OPEN_FLAGS,
    PATH_FLAGS,
    TYPES,
)
from wasinet.wit.declare import Error, Function, Interface, Note
from wasinet.wit.types import BOOL, STRING, U8, Borrow, List, Option, Own, Resource, Result, Tuple, Type
from wasinet.wit.v0_2.io import ERROR, INPUT_STREAM, OUTPUT_STREAM

__all__ = ["INTERFACES"]

_OFFSET = ("offset", FILESIZE)
_PATH = ("path", STRING)
_FLAGS = ("path-flags", PATH_FLAGS)
_TIMES = (("data-access-timestamp", NEW_TIMESTAMP), ("data-modification-timestamp", NEW_TIMESTAMP))

_SANDBOX = Note(
    "A path stays below its folder: an absolute path, and a link or .. that leads out of it, gives not-permitted, even "
    "if the path comes back. Each part is resolved below the folder by the system (openat2 with RESOLVE_BENEATH), or "
    "opened by itself and never through a link, so that nothing can be swapped in between.",
    "wasi:filesystem/types; wasi:filesystem path-resolution.md",
)
_NUL = Note("A NUL in a path gives invalid: no file's name has one.", "wasi:filesystem/types descriptor")
_MUTATE = Note(
    "What a folder was not opened for, it does not allow: mutate-directory is not inherited but asked for at each "
    "open-at, and a folder that was given as read-only never has it. Wasmtime 47 hands it down unasked.",
    "wasi:filesystem/types descriptor-flags mutate-directory, descriptor.open-at",
)
_END = Note(
    "The end of the file is told by a call that asks for bytes and gets none; one that gives the last bytes does not "
    "tell it. One call gives a bounded amount.",
    "wasi:filesystem/types descriptor.read",
)
_PERMISSION = Note(
    "Where the text names no code, it is POSIX's: without the flag read or write that the call needs bad-descriptor, "
    "at once and not first at the stream; of a folder is-directory.",
    "wasi:filesystem/types descriptor.read, descriptor.write, descriptor.set-size",
)
_PUBLIC = Note(
    "A stream has a descriptor of its own: it lives on when the descriptor that it came from is dropped.",
    "wasi:filesystem/types descriptor.read-via-stream, write-via-stream, append-via-stream",
)

_NOT_FOLDER = Error("not-directory", "the descriptor is no folder", ("ENOTDIR",))
_FOLDER = Error("is-directory", "the descriptor is a folder", ("EISDIR",))
_UNREADABLE = Error("bad-descriptor", "the descriptor was opened without read", ("EBADF",))
_UNWRITABLE = Error("bad-descriptor", "the descriptor was opened without write", ("EBADF",))
_FAR = Error("invalid", "a number is 2^63 or more", ("EINVAL",))
_FIXED = Error("read-only", "the descriptor has no mutate-directory", ("EROFS",))
_TAKEN = Error("exist", "the new path is there already", ("EEXIST",))
_MOMENT = Error("invalid", "a timestamp has 10^9 nanoseconds or more, or is beyond what the system counts", ("EINVAL",))
_RESOLVED = (
    _NOT_FOLDER,
    Error("not-permitted", "the path is absolute, or leads out of the folder", ("EPERM",)),
    Error("no-entry", "the path is empty, or a part of it is not there", ("ENOENT",)),
    Error("not-directory", "a part of the path is no folder, or a slash at its end follows no folder", ("ENOTDIR",)),
    Error("loop", "the path leads through more than 40 symbolic links", ("ELOOP",)),
    Error("name-too-long", "a name has more than 255 bytes, or the path more than 4095", ("ENAMETOOLONG",)),
    Error("access", "the system lets this user not search a folder on the way", ("EACCES",)),
    Error("invalid", "the path has a NUL", ("EINVAL",)),
)
_CHANGED = (*_RESOLVED, _FIXED)


def _method(
    name: str,
    params: tuple[tuple[str, Type], ...],
    ok: Type | None,
    summary: str,
    posix: str,
    errors: tuple[Error, ...] = (),
    *notes: Note,
    resource: Resource = DESCRIPTOR,
) -> Function:
    also = (_SANDBOX, _NUL) if _RESOLVED[1] in errors else ()
    mutating = (_MUTATE,) if _FIXED in errors else ()
    return Function(
        "types",
        f"{resource.name}.{name}",
        params,
        Result(ok, ERROR_CODE),
        summary,
        resource=resource,
        posix=posix,
        errors=errors,
        notes=(*notes, *mutating, *also),
    )


_entry = partial(_method, resource=DIRECTORY_ENTRY_STREAM)

_FUNCTIONS = (
    _method(
        "read-via-stream",
        (_OFFSET,),
        Own(INPUT_STREAM),
        "Returns a stream that reads the file from an offset on.",
        "read(2)",
        (_FOLDER, _UNREADABLE, _FAR),
        _PERMISSION,
        _PUBLIC,
    ),
    _method(
        "write-via-stream",
        (_OFFSET,),
        Own(OUTPUT_STREAM),
        "Returns a stream that writes the file from an offset on.",
        "write(2)",
        (_FOLDER, _UNWRITABLE, _FAR),
        _PERMISSION,
        _PUBLIC,
    ),
    _method(
        "append-via-stream",
        (),
        Own(OUTPUT_STREAM),
        "Returns a stream that writes at the file's end, wherever that is then.",
        "write(2) with O_APPEND",
        (_FOLDER, _UNWRITABLE),
        _PERMISSION,
        _PUBLIC,
    ),
    _method(
        "advise",
        (_OFFSET, ("length", FILESIZE), ("advice", ADVICE)),
        None,
        "Tells the system how a part of the file is going to be used.",
        "posix_fadvise(2)",
        (_FOLDER, _FAR),
    ),
    _method("sync-data", (), None, "Waits until the file's data is on the device.", "fdatasync(2)"),
    _method("get-flags", (), DESCRIPTOR_FLAGS, "Tells what the descriptor may be used for.", "fcntl(2) with F_GETFL"),
    _method("get-type", (), DESCRIPTOR_TYPE, "Tells what kind of file this is.", "fstat(2), st_mode"),
    _method(
        "set-size",
        (("size", FILESIZE),),
        None,
        "Cuts the file off, or fills it up with zeroes.",
        "ftruncate(2)",
        (
            _FOLDER,
            _UNWRITABLE,
            _FAR,
            Error("file-too-large", "the filesystem allows no file of this size", ("EFBIG",)),
        ),
        _PERMISSION,
    ),
    _method(
        "set-times",
        _TIMES,
        None,
        "Sets when the file was last read and changed.",
        "futimens(3)",
        (
            Error(
                "read-only", "the folder, or the one that the file was opened in, has no mutate-directory", ("EROFS",)
            ),
            _MOMENT,
            Error("not-permitted", "the file belongs to another user", ("EPERM",)),
        ),
    ),
    _method(
        "read",
        (("length", FILESIZE), _OFFSET),
        Tuple((List(U8), BOOL)),
        "Reads up to length bytes at an offset, and tells whether the end was reached.",
        "pread(2)",
        (_FOLDER, _UNREADABLE, _FAR, Error("invalid-seek", "the file is a pipe", ("ESPIPE",))),
        _END,
        _PERMISSION,
    ),
    _method(
        "write",
        (("buffer", List(U8)), _OFFSET),
        FILESIZE,
        "Writes bytes at an offset, and returns how many were written.",
        "pwrite(2)",
        (
            _FOLDER,
            _UNWRITABLE,
            _FAR,
            Error("file-too-large", "the file would get larger than is allowed", ("EFBIG",)),
            Error("insufficient-space", "the disk is full", ("ENOSPC",)),
            Error("invalid-seek", "the file is a pipe", ("ESPIPE",)),
        ),
        _PERMISSION,
    ),
    _method(
        "read-directory",
        (),
        Own(DIRECTORY_ENTRY_STREAM),
        "Lists what is in the folder, from its beginning.",
        "fdopendir(3)",
        (_NOT_FOLDER, _UNREADABLE),
    ),
    _method("sync", (), None, "Waits until the file's data and attributes are on the device.", "fsync(2)"),
    _method(
        "create-directory-at",
        (_PATH,),
        None,
        "Makes a folder.",
        "mkdirat(2)",
        (*_CHANGED, Error("exist", "the path is there already", ("EEXIST",))),
    ),
    _method("stat", (), DESCRIPTOR_STAT, "Returns the file's attributes.", "fstat(2)"),
    _method("stat-at", (_FLAGS, _PATH), DESCRIPTOR_STAT, "Returns the attributes of a path.", "fstatat(2)", _RESOLVED),
    _method(
        "set-times-at",
        (_FLAGS, _PATH, *_TIMES),
        None,
        "Sets when the file at a path was last read and changed.",
        "utimensat(2)",
        (*_CHANGED, _MOMENT, Error("not-permitted", "the file belongs to another user", ("EPERM",))),
    ),
    _method(
        "link-at",
        (
            ("old-path-flags", PATH_FLAGS),
            ("old-path", STRING),
            ("new-descriptor", Borrow(DESCRIPTOR)),
            ("new-path", STRING),
        ),
        None,
        "Gives a file a second name.",
        "linkat(2)",
        (
            *_CHANGED,
            _TAKEN,
            Error("not-permitted", "the old path is a folder", ("EPERM",)),
            Error("cross-device", "the two paths are on different filesystems", ("EXDEV",)),
        ),
        Note(
            "Both folders need mutate-directory: a second name elsewhere would allow what the first does not.",
            "wasi:filesystem/types descriptor.link-at, descriptor-flags mutate-directory",
        ),
    ),
    _method(
        "open-at",
        (_FLAGS, _PATH, ("open-flags", OPEN_FLAGS), ("flags", DESCRIPTOR_FLAGS)),
        Own(DESCRIPTOR),
        "Opens or makes a file, or opens a folder.",
        "openat(2)",
        (
            _NOT_FOLDER,
            Error(
                "invalid",
                "directory comes with create, exclusive or truncate, or truncate without write",
                ("EINVAL",),
            ),
            Error(
                "read-only",
                "write, mutate-directory, create or truncate is asked for, and the descriptor has no mutate-directory",
                ("EROFS",),
            ),
            *_RESOLVED[1:],
            Error("exist", "create and exclusive are given, and the path is there already", ("EEXIST",)),
            Error("is-directory", "write or create is given, and the path is a folder", ("EISDIR",)),
            Error("not-directory", "directory is given, and the path is none", ("ENOTDIR",)),
            Error("loop", "the path is a symbolic link, and symlink-follow is not given", ("ELOOP",)),
            Error("access", "the system lets this user not open it so", ("EACCES",)),
            Error("no-such-device", "the path is a socket, or a pipe that nobody reads is to be written", ("ENXIO",)),
        ),
        _MUTATE,
        Note(
            "On what is no folder mutate-directory is left away; the flags of the descriptor show that.",
            "wasi:filesystem/types descriptor-flags mutate-directory",
        ),
        Note(
            "Truncating without write is invalid; POSIX leaves open what O_TRUNC does with O_RDONLY.",
            "wasi:filesystem/types open-flags truncate",
        ),
    ),
    _method(
        "readlink-at",
        (_PATH,),
        STRING,
        "Returns what a symbolic link points to.",
        "readlinkat(2)",
        (
            *_RESOLVED,
            Error("invalid", "the path is no symbolic link", ("EINVAL",)),
            Error("not-permitted", "the link points to an absolute path"),
            Error("illegal-byte-sequence", "what the link points to is no valid UTF-8", ("EILSEQ",)),
        ),
    ),
    _method(
        "remove-directory-at",
        (_PATH,),
        None,
        "Removes an empty folder.",
        "unlinkat(2) with AT_REMOVEDIR",
        (
            *_CHANGED,
            Error("not-empty", "the folder has entries", ("ENOTEMPTY",)),
            Error("not-directory", "the path is no folder", ("ENOTDIR",)),
            Error("invalid", "the last part of the path is a dot", ("EINVAL",)),
        ),
    ),
    _method(
        "rename-at",
        (("old-path", STRING), ("new-descriptor", Borrow(DESCRIPTOR)), ("new-path", STRING)),
        None,
        "Moves a file or a folder to another name, in place of what has that name.",
        "renameat(2)",
        (
            *_CHANGED,
            Error("is-directory", "the new path is a folder, the old one is not", ("EISDIR",)),
            Error("not-directory", "the old path is a folder, the new one is not", ("ENOTDIR",)),
            Error("not-empty", "the new path is a folder that has entries", ("ENOTEMPTY", "EEXIST")),
            Error("invalid", "the new path is below the old one", ("EINVAL",)),
            Error("busy", "the last part of a path is one dot or two", ("EBUSY",)),
            Error("cross-device", "the two paths are on different filesystems", ("EXDEV",)),
        ),
    ),
    _method(
        "symlink-at",
        (("old-path", STRING), ("new-path", STRING)),
        None,
        "Makes a symbolic link.",
        "symlinkat(2)",
        (*_CHANGED, Error("not-permitted", "the link's content begins with a slash"), _TAKEN),
        Note(
            "A link may be made with any relative content; where it leads is looked at when it is followed.",
            "wasi:filesystem path-resolution.md, Symlinks",
        ),
    ),
    _method(
        "unlink-file-at",
        (_PATH,),
        None,
        "Removes a name of a file that is no folder.",
        "unlinkat(2)",
        (*_CHANGED, Error("is-directory", "the path is a folder", ("EISDIR", "EPERM"))),
    ),
    Function(
        "types",
        "descriptor.is-same-object",
        (("other", Borrow(DESCRIPTOR)),),
        BOOL,
        "Tells whether two descriptors are of the same file.",
        resource=DESCRIPTOR,
        posix="fstat(2), st_dev and st_ino",
    ),
    _method(
        "metadata-hash",
        (),
        METADATA_HASH_VALUE,
        "Returns a number that changes when the file is changed or replaced.",
        "fstat(2), st_dev, st_ino, st_mtim and st_size",
    ),
    _method(
        "metadata-hash-at",
        (_FLAGS, _PATH),
        METADATA_HASH_VALUE,
        "Returns a number that changes when the file at a path is changed or replaced.",
        "fstatat(2), st_dev, st_ino, st_mtim and st_size",
        _RESOLVED,
    ),
    _entry(
        "read-directory-entry",
        (),
        Option(DIRECTORY_ENTRY),
        "Returns the next entry of the folder, or none after the last.",
        "readdir(3)",
        (Error("illegal-byte-sequence", "the entry's name is no valid UTF-8; the next call goes on", ("EILSEQ",)),),
    ),
    Function(
        "types",
        "filesystem-error-code",
        (("err", Borrow(ERROR)),),
        Option(ERROR_CODE),
        "Finds the filesystem error code behind a stream's error, if there is one.",
        posix="errno(3)",
        notes=(
            Note(
                "Errors of the standard streams have one, too; those of sockets have none.",
                "wasi:filesystem/types filesystem-error-code",
            ),
        ),
    ),
)

INTERFACES = (
    Interface(
        "types",
        TYPES,
        _FUNCTIONS,
        uses=(
            ("wasi:io/streams@0.2.12", ("input-stream", "output-stream", "error")),
            ("wasi:clocks/wall-clock@0.2.12", ("datetime",)),
        ),
        summary="Files and folders.",
    ),
    Interface(
        "preopens",
        functions=(
            Function(
                "preopens",
                "get-directories",
                (),
                List(Tuple((Own(DESCRIPTOR), STRING))),
                "Returns the folders that the program was given, each with the path by which it knows it.",
                posix="open(2) with O_DIRECTORY",
            ),
        ),
        uses=(("types", ("descriptor",)),),
        summary="The folders that a program has from the start.",
    ),
)
