"""`equipoise audit replay`: computes a past answer again, from what is kept, and compares it bit for bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from data_contracts.errors import NotFound, Tampered
from data_contracts.places import home
from data_contracts.profile import PatientProfile
from data_contracts.rule import RuleSet
from data_contracts.site_offer import SiteOffers
from engine.policy_files import load_policy
from engine.recommend import recommend
from service.audit.actor import OPERATOR
from service.audit.reading import reading
from service.console import tell
from service.contact import Contact
from service.policy_source import PolicySource, verified
from service.record import RecommendationRecord, contacts_for
from service.storage.answers import StoredRecommendation
from service.storage.store import Store
from service.utc import utc_now
from service.version import VERSION


class Replayed(BaseModel):
    """What came of computing an answer again.

    Attributes:
        id: of the recommendation, or what the audit calls a table of them.
        same: whether every byte agrees.
        made_by, computed_by: versions of Equipoise, then and now.
        policy_manifest_sha256: the policy that answered.
        differs: names of the answer's parts, or of the tables, that differ.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    same: bool
    made_by: str
    computed_by: str
    policy_manifest_sha256: str
    differs: tuple[str, ...] = ()


def audit_replay(store: Store, recommendation_id: str, policy: Path | None, *, as_json: bool) -> int:
    """Compute again, compare, tell.

    Raises:
        Erased: the person's key was destroyed, and with it what was asked and answered.
        NotFound: no such recommendation, or its policy is not in the cache.
        Tampered: another answer comes out.
    """
    row = store.get(recommendation_id)
    found = replay(store, row, policy)
    store.note(reading(row, OPERATOR, utc_now(), "replay"))
    if as_json:
        tell(found.model_dump_json())
    if not found.same:
        told = f"made by version {found.made_by}, computed again by {found.computed_by}"
        raise Tampered(f"Another answer comes out ({told}). It differs in: {', '.join(found.differs)}.")
    if not as_json:
        tell(f"The same {len(row.response)} bytes come out again, by policy {row.policy_manifest_sha256[:8]}….")
    return 0


def replay(store: Store, row: StoredRecommendation, policy: Path | None) -> Replayed:
    """Compute an answer again from its stored inputs, surroundings and policy.

    Args:
        store: where the surroundings are kept.
        row: the answer.
        policy: folder of its policy; None looks in the cache, which keeps old policies by their hash.
    """
    if row.surroundings is None:
        raise NotFound("This answer was made before what it came from was kept; it cannot be computed again.")
    kept = json.loads(store.surroundings(row.surroundings.sha256))
    record = RecommendationRecord.model_validate_json(row.response)
    again = _computed(row, record, kept, policy_folder(row.policy_manifest_sha256, policy))
    same = again == row.response
    return Replayed(
        id=str(row.id),
        same=same,
        made_by=kept["version"],
        computed_by=VERSION,
        policy_manifest_sha256=row.policy_manifest_sha256,
        differs=() if same else _differences(json.loads(row.response), json.loads(again)),
    )


def _computed(row: StoredRecommendation, record: RecommendationRecord, kept: dict[str, Any], folder: Path) -> bytes:
    source = verified(PolicySource(folder, None, row.policy_manifest_sha256))
    profile = PatientProfile.model_validate_json(row.request)
    rules = RuleSet.model_validate(kept["rules"])
    offers = SiteOffers.model_validate(kept["offers"]) if kept["offers"] else None
    contacts = tuple(Contact.model_validate(one) for one in kept["contacts"])
    answer = recommend(profile, load_policy(source.files), rules, record.created_at.date(), offers)
    made = RecommendationRecord(
        id=row.id,
        created_at=record.created_at,
        state="draft",
        policy_manifest_sha256=row.policy_manifest_sha256,
        contacts=contacts_for(answer, contacts),
        recommendation=answer,
    )
    return made.model_dump_json().encode()


def policy_folder(sha256: str, given: Path | None) -> Path:
    """Where a policy lies: the folder that was named, or the cache's.

    Raises:
        NotFound: none was named, and the cache has it no more.
    """
    if given is not None:
        return given
    for folder in sorted((home() / "cache").glob(f"*/{sha256}")):
        return folder
    step = "Name its folder with --policy DIR; the registry still has it."
    raise NotFound(f"The policy {sha256[:8]}… that answered is not in the cache. {step}")


def _differences(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    """Names of parts, never their values."""
    parts = {**before, **before.pop("recommendation", {})}, {**after, **after.pop("recommendation", {})}
    names = sorted(parts[0].keys() | parts[1].keys())
    return tuple(name for name in names if parts[0].get(name) != parts[1].get(name)) or ("the order of its bytes",)
