"""`equipoise audit replay ID --patients TABLE`: makes a past table again from the same input, bit for bit."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from data_contracts.errors import BadInput, NotFound, Problem, Tampered
from data_contracts.rule import RuleSet
from data_contracts.site_offer import SiteOffers
from engine.policy_files import load_policy
from service.audit.actor import OPERATOR
from service.audit.entry import Entry
from service.audit.replay import Replayed, policy_folder
from service.batch import decide, with_consent
from service.batch_ledger import Ledger, with_ledger
from service.console import tell
from service.needs import needs_of
from service.patient_table import PATIENT_ID, ids_of, read_cohort
from service.policy_source import PolicySource, verified
from service.served_policy import ServedPolicy
from service.storage.consents import newest_statements
from service.storage.schema import AUDIT
from service.storage.store import Store
from service.table_record import Written, table_hash
from service.utc import utc_now
from service.version import VERSION

ELSEWHERE = "as recorded elsewhere"


def replay_table(store: Store, batch: str, patients: Path, policy: Path | None, *, as_json: bool) -> int:
    """Make it again, compare, tell.

    Args:
        store: of the service.
        batch: what the audit calls the table.
        patients: the table that was asked about, byte for byte.
        policy: folder of its policy; None looks in the cache.
        as_json: for a machine.

    Raises:
        NotFound: no such table is remembered, or its policy is not in the cache.
        BadInput: it is another table of patients than was asked about.
        Tampered: another answer comes out.
    """
    found = replayed(store, batch, patients, policy)
    told: dict[str, str | int] = {"what": "replay", "batch": batch}
    store.note(Entry("read", OPERATOR, utc_now(), detail=told))
    if as_json:
        tell(found.model_dump_json())
    if not found.same:
        made = f"made by version {found.made_by}, again by {found.computed_by}"
        erased = "Of patients who were erased since, the ledger tells nothing any more."
        raise Tampered(f"Another table comes out ({made}): {', '.join(found.differs)}. {erased}")
    if not as_json:
        tell(f"The same bytes come out again, by policy {found.policy_manifest_sha256[:8]}….")
    return 0


def replayed(store: Store, batch: str, patients: Path, policy: Path | None) -> Replayed:
    """Make a table again from the same input, with rules, offers, day and ledger of then."""
    told = _told(store, batch)
    detail = told["detail"]
    kept = json.loads(store.surroundings(detail["surroundings"]))
    again = _made(store, told, kept, patients, policy)
    ring = store.ring
    hashes = {"answered": table_hash(ring, again.answered), "outcomes": table_hash(ring, again.outcomes)}
    differs = tuple(name for name, found in hashes.items() if found != detail[name])
    return Replayed(
        id=batch,
        same=not differs,
        made_by=kept["version"],
        computed_by=VERSION,
        policy_manifest_sha256=detail["manifest_sha256"],
        differs=differs,
    )


def _told(store: Store, batch: str) -> Any:
    """The audit's record of a table."""
    query = select(AUDIT.c.content).where(AUDIT.c.content.contains('"kind":"table"'))
    with store.reading() as connection:
        for content in connection.execute(query.order_by(AUDIT.c.seq.desc())).scalars():
            if (told := json.loads(content))["detail"]["batch"] == batch:
                return told
    raise NotFound("No table of this id is remembered. equipoise recommend --json tells it as batch.")


def _made(store: Store, told: Any, kept: Any, patients: Path, policy: Path | None) -> Written:
    from data_contracts.tables import read_table

    detail = told["detail"]
    table = read_table(patients, text=(PATIENT_ID,))
    if table_hash(store.ring, patients.read_bytes()) != detail["asked"]:
        step = "Give the very file that was asked about, byte for byte."
        raise BadInput([Problem(patients.name, "the table that was asked about", "another file", step)])
    source = verified(PolicySource(policy_folder(detail["manifest_sha256"], policy), None, detail["manifest_sha256"]))
    served = ServedPolicy(load_policy(source.files), RuleSet.model_validate(kept["rules"]), source)
    needs = needs_of(served.policy.manifest, served.rules)
    table = with_consent(table, needs, ELSEWHERE if detail["consent_elsewhere"] else None)
    table, _ = with_ledger(table, needs, ids_of(table), _ledger(store, told))
    offers = SiteOffers.model_validate(kept["offers"]) if kept["offers"] else None
    found = decide(read_cohort(table, needs), served, date.fromisoformat(detail["day"]), offers)
    return Written.of(found.table, found.outcomes, detail["ending"])


def _ledger(store: Store, told: Any) -> Ledger:
    """What the ledger of consents said when the table was made."""
    organisation, position = told["organisation"], told["detail"]["consents"]
    who = OPERATOR.principal.model_copy(update={"organisation": organisation})
    with store.reading() as connection:
        said, _ = newest_statements(connection, "decision_support", organisation, until=position)
    return Ledger(store, replace(OPERATOR, principal=who), said, position)
