"""The types of ``wasi:filesystem/types``."""

from __future__ import annotations

from wasinet.wit.command.codes import CODES
from wasinet.wit.command.wall_clock import DATETIME
from wasinet.wit.types import STRING, U64, Alias, Enum, Flags, Option, Record, Resource, Variant

__all__ = [
    "ADVICE",
    "DESCRIPTOR",
    "DESCRIPTOR_FLAGS",
    "DESCRIPTOR_STAT",
    "DESCRIPTOR_TYPE",
    "DIRECTORY_ENTRY",
    "DIRECTORY_ENTRY_STREAM",
    "ERROR_CODE",
    "FILESIZE",
    "METADATA_HASH_VALUE",
    "NEW_TIMESTAMP",
    "OPEN_FLAGS",
    "PATH_FLAGS",
    "TYPES",
]

DESCRIPTOR = Resource("descriptor")
DIRECTORY_ENTRY_STREAM = Resource("directory-entry-stream")
FILESIZE = Alias("filesize", U64)
LINK_COUNT = Alias("link-count", U64)
DESCRIPTOR_TYPE = Enum(
    "descriptor-type",
    (
        "unknown", "block-device", "character-device", "directory", "fifo", "symbolic-link", "regular-file", "socket",
    ),
)  # fmt: skip
DESCRIPTOR_FLAGS = Flags(
    "descriptor-flags",
    ("read", "write", "file-integrity-sync", "data-integrity-sync", "requested-write-sync", "mutate-directory"),
)
PATH_FLAGS = Flags("path-flags", ("symlink-follow",))
OPEN_FLAGS = Flags("open-flags", ("create", "directory", "exclusive", "truncate"))
DESCRIPTOR_STAT = Record(
    "descriptor-stat",
    (
        ("type", DESCRIPTOR_TYPE),
        ("link-count", LINK_COUNT),
        ("size", FILESIZE),
        ("data-access-timestamp", Option(DATETIME)),
        ("data-modification-timestamp", Option(DATETIME)),
        ("status-change-timestamp", Option(DATETIME)),
    ),
)
NEW_TIMESTAMP = Variant("new-timestamp", (("no-change", None), ("now", None), ("timestamp", DATETIME)))
DIRECTORY_ENTRY = Record("directory-entry", (("type", DESCRIPTOR_TYPE), ("name", STRING)))
ERROR_CODE = Enum("error-code", tuple(code.name for code in CODES))
ADVICE = Enum("advice", ("normal", "sequential", "random", "will-need", "dont-need", "no-reuse"))
METADATA_HASH_VALUE = Record("metadata-hash-value", (("lower", U64), ("upper", U64)))

TYPES = {
    type_.name: type_
    for type_ in (
        FILESIZE,
        DESCRIPTOR_TYPE,
        DESCRIPTOR_FLAGS,
        PATH_FLAGS,
        OPEN_FLAGS,
        LINK_COUNT,
        DESCRIPTOR_STAT,
        NEW_TIMESTAMP,
        DIRECTORY_ENTRY,
        ERROR_CODE,
        ADVICE,
        METADATA_HASH_VALUE,
        DESCRIPTOR,
        DIRECTORY_ENTRY_STREAM,
    )
}
