"""`audit replay`: an old answer comes out again bit for bit, or it is said why it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from data_contracts.errors import NotFound
from data_contracts.site_offer import SiteOffers
from service.__main__ import main
from service.app import create_app
from service.audit.replay import replay
from service.audit.root_keeper import RootKeeper
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.storage.store import Store
from service.utc import utc_now

URL = "/v1/recommendations"
OFFERS = SiteOffers.model_validate(
    {
        "sites": [
            {
                "site": "North",
                "as_of": "2026-01-31",
                "therapies": {"CBT": {"available": True, "wait_weeks": [6, 10], "note": None}},
            }
        ]
    }
)
CHANGES: dict[str, dict[str, Any]] = {
    "ranked": {},
    "unknown values": {"age": None, "phq9_item9": None},
    "refused": {"cssrs_q4": "yes"},
    "no consent": {"decision_support_consent": "no"},
    "consent unknown": {"decision_support_consent": None},
    "out of range": {"phq9_week0": 26.9, "sex": "m"},
}


@pytest.fixture
def client(served: ServedPolicy, store: Store) -> Iterator[Any]:
    from fastapi.testclient import TestClient

    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    with TestClient(create_app(Collaborators(lambda: served, store, contacts, offers=OFFERS))) as made:
        yield made


@pytest.mark.parametrize("case", CHANGES)
@pytest.mark.parametrize("rest", [{}, {"site": "North"}, {"preferences": {"symptom_relief": 2, "time": 1}}])
def test_bit_for_bit(
    client: Any, store: Store, policy_folder: Path, profile: dict[str, Any], case: str, rest: dict[str, Any]
) -> None:
    """From the sealed inputs, the kept surroundings and the policy, every byte of every kind of answer comes again."""
    profile["values"] |= CHANGES[case]
    where = client.post(URL, json=profile | rest).headers["location"]
    row = store.get(where.rpartition("/")[2])
    found = replay(store, row, policy_folder)
    assert found.same
    assert found.differs == ()


def test_another_answer_is_told(client: Any, store: Store, policy_folder: Path, profile: dict[str, Any]) -> None:
    """If what is kept as surroundings gives another answer, the parts that differ are named, and no value."""
    profile["values"] |= {"cssrs_q4": "yes"}
    where = client.post(URL, json=profile).headers["location"]
    row = store.get(where.rpartition("/")[2])
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE surroundings SET content = replace(content, '+00 000 000', '1')"))
    found = replay(store, row, policy_folder)
    assert (found.same, found.differs) == (False, ("contacts",))


def test_the_command(
    client: Any,
    store: Store,
    policy_folder: Path,
    profile: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    home: Path,
) -> None:
    """By command: from a folder or the cache of old policies; without either it says where to look; then "erased"."""
    name = client.post(URL, json=profile).headers["location"].rpartition("/")[2]
    assert main(["audit", "replay", name, "--policy", str(policy_folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["same"] is True
    assert main(["audit", "replay", name]) == 3
    assert "--policy" in capsys.readouterr().err
    cached = home / "cache" / "tiny" / told["policy_manifest_sha256"]
    cached.parent.mkdir(parents=True)
    policy_folder.rename(cached)
    assert main(["audit", "replay", name]) == 0
    assert main(["erase", "--patient", profile["patient_id"], "--by", "Dr A"]) == 0
    assert main(["audit", "replay", name]) == 5
    assert "Erased" in capsys.readouterr().err
    with RootKeeper(store, home / "audit-roots", 3600, utc_now):
        assert main(["audit", "verify"]) == 0


def test_answers_without_surroundings_say_so(store: Store, served: ServedPolicy) -> None:
    """An answer from before surroundings were kept is not guessed at."""
    from datetime import UTC, datetime
    from uuid import uuid4

    from service.audit.actor import LOCAL_ACTOR
    from service.audit.entry import Entry
    from service.storage.answers import StoredRecommendation

    now = datetime.now(UTC)
    item = StoredRecommendation(uuid4(), now, "P-1", served.source.manifest_sha256, "{}", b"{}")
    store.add(item, Entry("recommendation", LOCAL_ACTOR, now))
    with pytest.raises(NotFound, match="before"):
        replay(store, store.get(str(item.id)), None)
