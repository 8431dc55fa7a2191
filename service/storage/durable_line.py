"""Lines that are on disk once they are said to be: for what vouches for the database from beside it."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path


def append_line(path: Path, line: str) -> None:
    """Add a line to a private file, made with its folder if need be; whole, and on disk, when this returns.

    What did not fit is taken back, and a line that somebody left unfinished (a power cut) is ended first: the next
    line stands by itself.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # two replicas, one after the other
        end = os.fstat(handle).st_size
        content = (_ending(handle, end) + line + "\n").encode()
        if os.write(handle, content) < len(content):
            os.ftruncate(handle, end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)
    finally:
        os.close(handle)
    if end == 0:
        _settle(path.parent)


def _ending(handle: int, end: int) -> str:
    """What ends the file's last line, if that is unfinished."""
    return "\n" if end and os.pread(handle, 1, end - 1) != b"\n" else ""


def _settle(folder: Path) -> None:
    """Have a new file's name on disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
