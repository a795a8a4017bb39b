"""The error codes of ``wasi:filesystem/types``, in the order of the enum; the one table from errno to them."""

from __future__ import annotations

from wasinet.wit.declare import ErrorCode

__all__ = ["CODES"]

_NEVER = "No function of this API gives it; the code is there for libraries that have POSIX's errors."

CODES = (
    ErrorCode(
        "access",
        "The operating system does not let this user do it.",
        "Check the file's owner and mode on the host, and those of the folders above it.",
        ("EACCES",),
    ),
    ErrorCode(
        "would-block",
        "It cannot be done now without waiting.",
        "Subscribe, wait until the pollable is ready, then call again.",
        ("EAGAIN", "EWOULDBLOCK"),
    ),
    ErrorCode("already", "The same operation is in progress.", _NEVER, ("EALREADY",)),
    ErrorCode(
        "bad-descriptor",
        "The descriptor was not opened for this.",
        "Open the file again with the flag that is missing: read to read it, write to change it.",
        ("EBADF",),
    ),
    ErrorCode(
        "busy",
        "The system uses the file or the folder itself.",
        "Name what is to be moved or removed by its own name: . and .. cannot be, nor can a mount point.",
        ("EBUSY",),
    ),
    ErrorCode("deadlock", "Waiting for the lock would never end.", _NEVER, ("EDEADLK",)),
    ErrorCode(
        "quota", "The user's share of the disk is used up.", "Remove files, or have the quota raised.", ("EDQUOT",)
    ),
    ErrorCode(
        "exist",
        "Something of this name is there already.",
        "Choose another name, remove what is there, or open it without exclusive.",
        ("EEXIST",),
    ),
    ErrorCode(
        "file-too-large",
        "The file would get larger than the filesystem or a limit allows.",
        "Write less, or raise the limit (ulimit -f).",
        ("EFBIG",),
    ),
    ErrorCode(
        "illegal-byte-sequence",
        "A name on the host is no valid UTF-8, so no string can hold it.",
        "Rename it on the host; go on reading to get the folder's other entries.",
        ("EILSEQ",),
    ),
    ErrorCode("in-progress", "The operation has begun and goes on.", _NEVER, ("EINPROGRESS",)),
    ErrorCode("interrupted", "A signal ended the call early.", "Make the call again.", ("EINTR",)),
    ErrorCode(
        "invalid",
        "An argument can never be right for this call.",
        "Check numbers against 2^63, nanoseconds against 10^9, flags against each other, and paths for a NUL.",
        ("EINVAL",),
    ),
    ErrorCode(
        "io",
        "The device failed, or something that no other code describes did.",
        "Read the reason beside the code; then look at the host's logs.",
        ("EIO",),
    ),
    ErrorCode(
        "is-directory",
        "It is a folder where a file is needed.",
        "Open folders without write, list them with read-directory, and remove them with remove-directory-at.",
        ("EISDIR",),
    ),
    ErrorCode(
        "loop",
        "A symbolic link is where none may be, or links lead to each other without end.",
        "Give symlink-follow if the link is to be followed; else look where it points with readlink-at.",
        ("ELOOP",),
    ),
    ErrorCode("too-many-links", "The file cannot have more names.", "Remove a name, or copy the file.", ("EMLINK",)),
    ErrorCode("message-size", "The message does not fit.", _NEVER, ("EMSGSIZE",)),
    ErrorCode(
        "name-too-long",
        "The path, or one name in it, is too long.",
        "Keep names to 255 bytes and paths to 4095; open a folder on the way to go further down.",
        ("ENAMETOOLONG",),
    ),
    ErrorCode("no-device", "The device is gone or cannot do this.", "Check the device on the host.", ("ENODEV",)),
    ErrorCode(
        "no-entry",
        "Nothing of this name is there, or the path is empty.",
        "Check the path, which is relative to the descriptor; open with create to make a file.",
        ("ENOENT",),
    ),
    ErrorCode("no-lock", "The system has no lock left.", _NEVER, ("ENOLCK",)),
    ErrorCode(
        "insufficient-memory",
        "The system has no memory, or the host no descriptor, left for this.",
        "Drop descriptors and streams that are no longer needed; raise the limit (ulimit -n).",
        ("ENOMEM", "ENOBUFS", "EMFILE", "ENFILE"),
    ),
    ErrorCode("insufficient-space", "The disk is full.", "Remove files on the host.", ("ENOSPC",)),
    ErrorCode(
        "not-directory",
        "It is no folder where one is needed.",
        "Check the parts of the path before the last, and for a slash at its end; calls with -at need a folder.",
        ("ENOTDIR",),
    ),
    ErrorCode("not-empty", "The folder has entries.", "Remove what is in it first.", ("ENOTEMPTY",)),
    ErrorCode("not-recoverable", "The state cannot be recovered.", _NEVER, ("ENOTRECOVERABLE",)),
    ErrorCode(
        "unsupported",
        "The platform or the filesystem cannot do it.",
        "Do without it.",
        ("ENOTSUP", "EOPNOTSUPP", "ENOSYS"),
    ),
    ErrorCode("no-tty", "It is no terminal.", _NEVER, ("ENOTTY",)),
    ErrorCode(
        "no-such-device",
        "The device is not there, or a pipe has no reader, or the file is a socket.",
        "Open regular files and folders only.",
        ("ENXIO",),
    ),
    ErrorCode(
        "overflow",
        "A number does not fit its type.",
        "The file is too large for the host.",
        ("EOVERFLOW",),
    ),
    ErrorCode(
        "not-permitted",
        "The path leads out of the descriptor's folder, or the system forbids this to everyone.",
        "Use relative paths and links that stay below the folder; have other folders granted (--dir).",
        ("EPERM",),
    ),
    ErrorCode("pipe", "Nobody reads the other end any more.", "Stop writing.", ("EPIPE",)),
    ErrorCode(
        "read-only",
        "The descriptor's folder may not be changed through it, or the filesystem is mounted read-only.",
        "Open folders with mutate-directory from one that has it; have the folder granted without :ro.",
        ("EROFS",),
    ),
    ErrorCode("invalid-seek", "The file has no offsets: it is a pipe or the like.", "Open regular files.", ("ESPIPE",)),
    ErrorCode("text-file-busy", "The file is a program that runs.", "End the program first.", ("ETXTBSY",)),
    ErrorCode(
        "cross-device",
        "The two names are on different filesystems.",
        "Copy the file, then remove the old one.",
        ("EXDEV",),
    ),
)
