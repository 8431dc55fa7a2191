"""A policy's folder, read once into memory, so that what was checked is what is used."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from data_contracts.errors import NotFound, Refused
from data_contracts.manifest import PROMOTION_SIGNATURE, SIGNATURE

SUFFIXES = frozenset({".json", ".npz", ".txt"})
NAMES = frozenset({SIGNATURE, PROMOTION_SIGNATURE})
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
MAX_BYTES = 256 * 2**20
"""More than any policy of numbers needs; stops a folder from filling the memory."""


def read_folder(folder: Path) -> dict[str, bytes]:
    """The bytes of every file of a policy's folder, by name; nothing is interpreted.

    Raises:
        NotFound: no such folder.
        Refused: it holds a folder, a link, a file of a kind that no policy has, or too much.
    """
    if not folder.is_dir():
        raise NotFound(f"No policy folder at {folder}. Check the path.")
    paths = sorted(folder.iterdir())
    strangers = [path.name for path in paths if not _belongs(path)]
    if strangers:
        step = "Nothing of the folder was opened. Get the artifact again from its source."
        raise Refused(f"A policy is plain data files; this folder also holds {_listed(strangers)}. {step}")
    read, room = {}, MAX_BYTES
    for path in paths:
        read[path.name] = read_plain(path, room)
        room -= len(read[path.name])
    return read


def read_plain(path: Path, most: int = MAX_BYTES) -> bytes:
    """The bytes of a file of a policy's folder, whatever was put into its place since it was looked at.

    A link is not followed, and nobody is waited for at the other end of a pipe.

    Raises:
        Refused: it is no plain file, or longer than so many bytes.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            is_plain = stat.S_ISREG(os.fstat(handle).st_mode)
            content = _content(handle, most + 1) if is_plain else b""
        finally:
            os.close(handle)
    except OSError as error:
        raise Refused(f"A file of the policy cannot be read ({error.strerror}). Get the artifact again.") from None
    if not is_plain:
        raise Refused("A file of the policy is none: a pipe, a device or a folder. Get the artifact again.")
    if len(content) > most:
        raise Refused(f"The policy folder holds more than {MAX_BYTES // 2**20} MiB. No policy is that large.")
    return content


def _content(handle: int, most: int) -> bytes:
    with open(handle, "rb", closefd=False) as file:
        return file.read(most)


def _belongs(path: Path) -> bool:
    name_known = path.name in NAMES or (path.suffix in SUFFIXES and _PLAIN_NAME.fullmatch(path.name) is not None)
    return name_known and path.is_file() and not path.is_symlink()


def _listed(names: list[str]) -> str:
    """File names as Python would write them: control characters cannot reach a terminal."""
    return ", ".join(ascii(name) for name in names[:10]) + (" and more" if len(names) > 10 else "")
