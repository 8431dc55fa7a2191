"""Where the service's secrets come from: a file, an environment variable, or made here for a trial."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from data_contracts.errors import BadUsage
from data_contracts.places import home, trusted_services
from service.console import warn
from service.storage.key_ring import KeyRing, new_ring, parse_ring

FILE = "EQUIPOISE_KEYS_FILE"
TEXT = "EQUIPOISE_KEYS"


class Keys:
    """Gives the key ring; one that comes from a file is read again when the file changes.

    Attributes:
        path: the file, None if the ring came from the environment.
        made_here: whether nobody configured keys, so that they lie beside the data.
    """

    def __init__(self, ring: KeyRing, path: Path | None = None, *, made_here: bool = False) -> None:
        self.path, self.made_here = path, made_here
        self._ring, self._seen = self._live(ring), _stamp(path)
        self._told: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"Keys({self._ring!r})"

    @property
    def ring(self) -> KeyRing:
        """The key ring as it is now.

        A file that cannot be read, that others may read, or that holds none leaves the ring as it was: serving goes
        on, and whoever runs the service is told.
        """
        stamp = _stamp(self.path)
        if self.path is not None and stamp is not None and stamp != self._seen:
            try:
                self._ring, self._seen = self._live(read_ring(self.path)), stamp
                self._told = None
            except BadUsage as error:
                if stamp != self._told:
                    warn(f"WARNING: the keys of before are used on. {error}")
                self._told = stamp
        return self._ring

    def _live(self, ring: KeyRing) -> KeyRing:
        """The ring, with the way to the newest one, for whoever still holds it when keys are rotated."""
        return replace(ring, newest=lambda: self.ring)


def open_keys(environment: Mapping[str, str], now: datetime) -> Keys:
    """The configured keys; if none are, those in home, made on first use.

    Raises:
        BadUsage: what is configured is no key ring, or both variables are set.
    """
    text, file = environment.get(TEXT), environment.get(FILE)
    if text and file:
        raise BadUsage(f"Both {TEXT} and {FILE} are set. Set one of them.")
    if text:
        return Keys(parse_ring(text, TEXT))
    if file:
        return Keys(read_ring(Path(file)), Path(file))
    path = home() / "keys" / "service.json"
    if not path.exists():
        try:
            make_ring(path, now)
        except BadUsage:
            if not path.exists():  # another that started in the same moment may have made it
                raise
    return Keys(read_ring(path), path, made_here=True)


def read_ring(path: Path) -> KeyRing:
    """The ring in a file.

    Raises:
        BadUsage: there is no such file, others may read it, or it holds none.
    """
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage(f"The key file {path} cannot be read ({type(error).__name__}). Check {FILE}.") from None
    if mode & 0o077:
        raise BadUsage(f"Others may read the key file {path}. Close it: chmod 600 {path}")
    return parse_ring(text, str(path))


def make_ring(path: Path, now: datetime) -> KeyRing:
    """Make a ring and write it to a new file that only its owner may read; its public half is believed here.

    Raises:
        BadUsage: the file is there already, or cannot be written.
    """
    ring = new_ring(now)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = _written(path, ring)
        try:
            os.link(written, path)  # whole at once, and never in the place of another
        finally:
            written.unlink()
        _enrol(ring)
    except OSError as error:
        raise BadUsage(f"The key file {path} cannot be made ({error.strerror}). Name another place.") from None
    return ring


def change_ring(path: Path, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
    """Put a changed ring in the place of the one in a file, whole or not at all; the ring as it is now.

    Two who change it at once do so one after the other: a key that went lost would shut for ever what it wrapped.
    """
    with (path.parent / f".{path.name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        ring = change(read_ring(path))
        _written(path, ring).replace(path)
    return ring


def _written(path: Path, ring: KeyRing) -> Path:
    """The ring on disk, in a file for its owner alone beside its place."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w") as file:
        file.write(ring.dumped())
        file.flush()
        os.fsync(file.fileno())
    return Path(temporary)


def _enrol(ring: KeyRing) -> None:
    """Put the public half where this machine looks for services that it believes."""
    folder = trusted_services()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = (folder / "service.pem").exists()
    name = f"service-{ring.current.id}.pem" if taken else "service.pem"
    (folder / name).write_bytes(ring.public_pem)


def _stamp(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
