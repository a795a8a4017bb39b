"""What is in a folder, to see whether anything was changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

__all__ = ["snapshot"]


def snapshot(root: Path) -> dict[str, Any]:
    """Everything below a folder: what it is, what is in it, when it was changed."""
    found: dict[str, Any] = {}
    for path in (root, *sorted(root.rglob("*"))):
        status = path.lstat()
        content: Any = None
        if stat.S_ISREG(status.st_mode):
            content = path.read_bytes()
        elif stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        found[str(path)] = status.st_mode, status.st_ino, status.st_nlink, status.st_mtime_ns, content
    return found
