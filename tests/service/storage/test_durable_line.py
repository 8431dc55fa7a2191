"""Lines beside the database: whole or not at all, and each by itself whatever stood before."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_contracts.errors import NotReady
from service.storage.durable_line import append_line
from service.storage.erased import FILE, erased_persons, note_erased
from service.storage.key_ring import new_ring
from service.storage.keys import make_ring
from service.trusted_keys import load_trusted_services

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file grows beyond so many bytes, as on a full disk: what is written is cut there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    """A line for which there is no room is an error, and the next one stands by itself."""
    path = tmp_path / "lines"
    append_line(path, "first")
    with room_for(10), pytest.raises(OSError, match="No space"):
        append_line(path, "second")
    append_line(path, "third")
    assert path.read_text() == "first\nthird\n"


def test_after_an_unfinished_line(tmp_path: Path) -> None:
    """What a power cut left unfinished spoils no line that comes after it."""
    path = tmp_path / "lines"
    path.write_text("first\nsec")
    append_line(path, "third")
    assert path.read_text() == "first\nsec\nthird\n"


def test_nobody_is_erased_without_a_note(tmp_path: Path, home: Path) -> None:
    """A note that does not fit is told as not made; one that was made is read, whatever stands before it."""
    ring = make_ring(home / "keys.json", NOW)
    with room_for(100), pytest.raises(NotReady, match="nobody was erased"):
        note_erased(tmp_path, "p-1", NOW, ring)
    (tmp_path / FILE).write_text('{"erased": "cut o')
    note_erased(tmp_path, "p-2", NOW, ring)
    note_erased(tmp_path, "p-3", NOW, new_ring(NOW))
    assert erased_persons(tmp_path, load_trusted_services()) == (["p-2"], 2)
