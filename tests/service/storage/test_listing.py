"""Whom the first page lists: each patient once, by the newest answer, however often others were asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from service.access.principal import LOCAL
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.storage import listing
from service.storage.answers import StoredRecommendation
from service.storage.listing import newest_of_each
from service.storage.store import Store

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
ENTRY = Entry("recommendation", LOCAL_ACTOR, AT)


def listed(store: Store, limit: int, treated: frozenset[str] | None = None) -> list[tuple[str, str]]:
    with store.reading() as connection:
        found = newest_of_each(connection, store.ring, LOCAL.organisation, limit, treated=treated)
    return [(one.patient_id, one.id) for one in found]


def test_nobody_is_crowded_out(any_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One patient with far more answers than are read at once hides no other; the newest answer of each is shown."""
    monkeypatch.setattr(listing, "BATCH", 3)
    digest, made = "c" * 64, {}
    any_store.keep_policy(digest, {"manifest.json": b"{}"}, ENTRY)
    patients = ["P-2", "P-3", "P-3", *["P-1"] * 20]
    for minute, patient in enumerate(patients):
        item: Any = StoredRecommendation(uuid4(), AT + timedelta(minutes=minute), patient, digest, "{}", b"x")
        any_store.add(item, ENTRY)
        made[patient] = item
    newest = [(patient, str(made[patient].id)) for patient in ("P-1", "P-3", "P-2")]
    assert listed(any_store, 3) == newest
    assert listed(any_store, 2) == newest[:2]
    person = any_store.get(newest[2][1]).person
    assert listed(any_store, 1, frozenset({str(person)})) == newest[2:]
    assert listed(any_store, 5, frozenset()) == []
